from odoo import api, models

from .account_credit_application_engine import Decision


class AccountPartialReconcile(models.Model):
    """Keep the record of applications true, whoever reconciles or unreconciles."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Record what decided that a credit pays an invoice."""
        partials = super().create(vals_list)
        decision = self.env.context.get("credit_decision")
        # The record is kept whoever reconciles; nobody may write it directly.
        self.env["account.credit.application"].sudo()._record(
            partials.sudo(), decision if isinstance(decision, Decision) else None
        )
        return partials

    def unlink(self):
        """Record that credits no longer pay invoices, and give back stored value."""
        # As in `create`.
        applications_sudo = self.env["account.credit.application"].sudo()
        if self:
            applications_sudo = applications_sudo.search(
                [("partial_id", "in", self.ids)]
            )
            applications_sudo._set_unapplied()
        result = super().unlink()
        applications_sudo._return_stored_value()
        return result
