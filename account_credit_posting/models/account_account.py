from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_list

from ..const import STORED_VALUE_ACCOUNTS


class AccountAccount(models.Model):
    """Keep the ledger accounts that credits and stored value are booked to."""

    _inherit = "account.account"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_account(self):
        # Companies that the user cannot see, and archived ones, count too. A key with
        # "restrict" would say it as well, but it would also stop Odoo from replacing a
        # chart of accounts that is not in use yet.
        company_sudo = (
            self.env["res.company"]
            .sudo()
            .with_context(active_test=False)
            .search(
                Domain.OR(
                    Domain(name, "in", self.ids)
                    for name in ("credit_account_id", *STORED_VALUE_ACCOUNTS)
                ),
                limit=1,
            )
        )
        if company_sudo:
            raise UserError(
                self.env._(
                    "%(accounts)s cannot be deleted: the credits, gift cards or "
                    "prepayments of %(company)s are booked there. Choose another "
                    "account in the settings first.",
                    accounts=format_list(self.env, self.mapped("display_name")),
                    company=company_sudo.name,
                )
            )
