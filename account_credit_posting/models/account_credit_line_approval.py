from odoo import api, models
from odoo.exceptions import AccessError, UserError

from .account_credit_line import RESULT_FIELDS

#: What is posted of a line.
CONTENT_FIELDS = {
    "amount",
    "batch_id",
    "charge_amount",
    "currency_id",
    "invoice_id",
    "partner_id",
}

#: What follows from the batch and the amount, and is never given.
DERIVED_FIELDS = {"amount_company", "company_id", "credit_item_id", "date"}


class AccountCreditLine(models.Model):
    """Keep lines as they are while their batch waits for approval or is posted."""

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines, and note on their batches who did.

        What follows from the batch is computed, and nothing is a result yet, whatever
        is a default of a user or a context.
        """
        for vals in vals_list:
            for name in DERIVED_FIELDS:
                vals.pop(name, None)
            for name in RESULT_FIELDS:
                vals.setdefault(name, "pending" if name == "state" else False)
        lines = super().create(vals_list)
        for name in self.default_get(list(DERIVED_FIELDS)):
            self.env.add_to_compute(self._fields[name], lines)
        if not self._is_posting():
            lines.batch_id._mark_changed()
        return lines

    def write(self, vals):
        """Change lines, take an approval of their batches back, and note who did.

        :raise AccessError: when something is written that is computed
        :raise UserError: when a batch waits for approval or is being posted, or a
            line would go to another batch
        """
        if not self._is_posting():
            if DERIVED_FIELDS & vals.keys():
                raise AccessError(self._get_result_guard_message())
            if CONTENT_FIELDS & vals.keys():
                self._check_not_posted()
                for batch in self.batch_id:
                    # Before the lines: whoever posts at this moment skips no line.
                    batch._take()
                    batch._mark_changed()
            if "batch_id" in vals:
                self._check_stays(vals["batch_id"])
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_noted(self):
        for batch in self.batch_id:
            if batch.state == "draft":
                batch._mark_changed()

    def _check_stays(self, batch_id):
        for line in self:
            if line.batch_id.id != batch_id:
                raise UserError(
                    self.env._(
                        "%(line)s belongs to its batch for good. Add the account to "
                        "the other batch instead.",
                        line=line.display_name,
                    )
                )
