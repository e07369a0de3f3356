from odoo import fields, models


class AccountAccount(models.Model):
    """Let expressions of MIS Builder find the contra accounts."""

    _inherit = "account.account"

    has_expected_breakage = fields.Boolean(
        compute="_compute_has_expected_breakage",
        search="_search_has_expected_breakage",
        help="Expected breakage is or was posted on it: it reduces the liability of "
        "gift cards and prepayments.",
    )

    def _compute_has_expected_breakage(self):
        contra = self._get_contra_accounts()
        for account in self:
            account.has_expected_breakage = account in contra

    def _search_has_expected_breakage(self, operator, _value):
        if operator != "in":
            return NotImplemented
        return [("id", "in", self._get_contra_accounts().ids)]

    def _get_contra_accounts(self):
        # Which accounts these are is no secret, and no right to estimates is needed.
        return self.env["account.breakage.estimate"].sudo()._get_contra_accounts()
