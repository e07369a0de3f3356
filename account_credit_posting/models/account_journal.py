from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_list

from ..const import MONEY_JOURNALS


class AccountJournal(models.Model):
    """Keep the journals that credits and stored value are posted in."""

    _inherit = "account.journal"

    def _is_for_documents(self):
        """Tell whether a law types and numbers the documents in this journal.

        As in Latin America (``l10n_latam_invoice_document``).
        """
        name = "l10n_latam_use_documents"
        return bool(name in self._fields and self[name])

    @api.model
    def _find_money_journal(self, company):
        """Return the first bank of a company, else its first till.

        It is empty where there is none, or for a user who sees no journals.

        :param company: ``res.company``
        """
        domain = [
            *self._check_company_domain(company),
            ("type", "in", MONEY_JOURNALS),
        ]
        if not self.has_access("read"):
            return self.browse()
        return self.search(domain, order="type, sequence, id", limit=1)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_journal(self):
        # See account.account: the same rule, for the same reason.
        company_sudo = (
            self.env["res.company"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    "|",
                    "|",
                    ("credit_journal_id", "in", self.ids),
                    ("credit_entry_journal_id", "in", self.ids),
                    ("stored_value_journal_id", "in", self.ids),
                ],
                limit=1,
            )
        )
        if company_sudo:
            raise UserError(
                self.env._(
                    "%(journals)s cannot be deleted: the credits, gift cards or "
                    "prepayments of %(company)s are posted there. Choose another "
                    "journal in the settings first.",
                    journals=format_list(self.env, self.mapped("display_name")),
                    company=company_sudo.name,
                )
            )
