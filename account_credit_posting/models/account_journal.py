from odoo import api, models
from odoo.exceptions import UserError


class AccountJournal(models.Model):
    """Keep the journal that credits are posted in."""

    _inherit = "account.journal"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_journal(self):
        # See account.account: the same rule, for the same reason.
        company_sudo = (
            self.env["res.company"]
            .sudo()
            .with_context(active_test=False)
            .search([("credit_journal_id", "in", self.ids)], limit=1)
        )
        if company_sudo:
            raise UserError(
                self.env._(
                    "%(journal)s cannot be deleted: the credits of %(company)s are "
                    "posted in it. Choose another journal in the settings first.",
                    journal=company_sudo.credit_journal_id.display_name,
                    company=company_sudo.name,
                )
            )
