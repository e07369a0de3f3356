from odoo import api, models
from odoo.exceptions import UserError

from .. import const
from ..tools.posting import get_posting


class AccountPartialReconcile(models.Model):
    """Keep the record of applications true, whoever reconciles or unreconciles."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Record what decided that a credit pays an invoice."""
        partials = super().create(vals_list)
        # The record is kept whoever reconciles; nobody may write it directly.
        self.env["account.credit.application"].sudo()._record(
            partials.sudo(), get_posting(self.env).decision
        )
        return partials

    def unlink(self):
        """Record that credits no longer pay invoices, and give back stored value."""
        applications_sudo = self.env["account.credit.application"]._find_of(self.ids)
        applications_sudo._set_unapplied()
        result = super().unlink()
        for name in const.SOURCES:
            self.env[name].sudo()._give_back(applications_sudo)  # As in `create`.
        return result

    # -------------------------------------------------------------------------
    # KEEP WHAT A CREDIT LOST TO ANOTHER ACCOUNT RECONCILED
    # -------------------------------------------------------------------------

    def _is_credit_move(self):
        """Tell whether this took of a credit what was moved to another account."""
        self.ensure_one()
        # Whoever unreconciles need not see credit batches.
        batch_sudo = self.debit_move_id.move_id.sudo().credit_batch_id
        return batch_sudo.correction == "move"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_move(self):
        """Refuse to undo half of a move: the credit would be there twice."""
        for partial in self:
            if partial._is_credit_move():
                raise UserError(
                    self.env._(
                        "%(move)s moved this credit to another account. Move the "
                        "credit back instead.",
                        move=partial.debit_move_id.move_id.name,
                    )
                )
