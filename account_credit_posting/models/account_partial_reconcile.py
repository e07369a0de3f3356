from odoo import api, models
from odoo.exceptions import UserError

from .. import const
from ..tools.posting import get_posting, is_written_by
from .promise import promise_drawing


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
        promise_drawing.give_back(applications_sudo)
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

    def _is_credit_reversal(self):
        """Tell whether this took of a credit what an entry takes back."""
        self.ensure_one()
        reversed_move = self.debit_move_id.move_id.reversed_entry_id
        # Whoever unreconciles need not see credits.
        return reversed_move == self.credit_move_id.move_id and bool(
            self.credit_move_id.sudo().credit_line_ids
        )

    def _is_credit_expiry(self):
        """Tell whether this took of a credit what was left when it expired."""
        self.ensure_one()
        return self._is_credit_reversal() and (
            "expire" in self.debit_move_id.move_id._get_correction_kinds()
        )

    def _is_credit_extension(self):
        """Tell whether this joins the expiry of a credit and what undid it."""
        self.ensure_one()
        extension = self.credit_move_id.move_id
        return (
            extension.reversed_entry_id == self.debit_move_id.move_id
            and "extend" in extension._get_correction_kinds()
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_move(self):
        """Refuse to undo half of a move or of a reversal: the credit would be back.

        :raise UserError: then
        """
        if is_written_by(self.env, "correcting"):
            return
        for partial in self:
            if partial._is_credit_extension():
                raise UserError(
                    self.env._(
                        "%(move)s reopened a credit that had expired: both stay "
                        "reconciled.",
                        move=partial.credit_move_id.move_id.name,
                    )
                )
            reversal = partial.debit_move_id.move_id
            if reversal.state == "posted" and partial._is_credit_reversal():
                raise UserError(
                    self.env._(
                        "%(move)s reverses the credit %(credit)s: both stay "
                        "reconciled. Post a new credit instead.",
                        move=reversal.name,
                        credit=partial.credit_move_id.move_id.name,
                    )
                )
            if partial._is_credit_move():
                raise UserError(
                    self.env._(
                        "%(move)s moved this credit to another account. Move the "
                        "credit back instead.",
                        move=partial.debit_move_id.move_id.name,
                    )
                )
