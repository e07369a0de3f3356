from odoo import api, models
from odoo.exceptions import UserError


class AccountAccount(models.Model):
    """Keep the ledger account that credits are booked to."""

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
            .search([("credit_account_id", "in", self.ids)], limit=1)
        )
        if company_sudo:
            raise UserError(
                self.env._(
                    "%(account)s cannot be deleted: the credits of %(company)s are "
                    "booked to it. Choose another account in the settings first.",
                    account=company_sudo.credit_account_id.display_name,
                    company=company_sudo.name,
                )
            )
