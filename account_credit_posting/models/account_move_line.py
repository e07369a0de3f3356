from odoo import fields, models
from odoo.exceptions import AccessError

from ..const import BILLING_GROUPS
from .account_credit_line import POSTING


class AccountMoveLine(models.Model):
    """Know the stored value of a line, and keep credits apart where a user says so."""

    _inherit = "account.move.line"

    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The gift card or prepayment whose money this line holds or uses.",
    )

    def write(self, vals):
        """Keep the stored value of a line.

        :raise AccessError: when it would change after the line was created
        """
        if (
            "stored_value_id" in vals
            and self.env.context.get("stored_value_event") is not POSTING
        ):
            raise AccessError(
                self.env._("The stored value of a journal item never changes.")
            )
        return super().write(vals)

    def action_unreconcile_match_entries(self):
        """Keep credits apart from invoices when a user unreconciles both."""
        lines = self.browse(self.env.context.get("active_ids"))._all_reconciled_lines()
        partials = lines.matched_debit_ids | lines.matched_credit_ids
        # A note beside what Odoo lets this user do.
        applications_sudo = self.env["account.credit.application"].sudo()
        applications_sudo = applications_sudo.search(
            [("partial_id", "in", partials.ids)]
        )
        result = super().action_unreconcile_match_entries()
        applications_sudo.is_pinned = True
        return result
