from odoo import models


class AccountMoveLine(models.Model):
    """Keep credits apart from invoices that a user unreconciled in a list of items."""

    _inherit = "account.move.line"

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
