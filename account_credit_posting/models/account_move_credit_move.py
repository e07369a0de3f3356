from odoo import api, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """The journal entry that moves a credit: it is undone by moving the credit back."""

    # One file per concern.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """Refuse to reverse the move of a credit.

        :raise UserError: then, with what to do instead
        """
        # The rule holds for users who cannot see credit batches, too.
        for move_sudo in self.sudo():
            if move_sudo.credit_batch_id.correction == "move":
                raise UserError(
                    self.env._(
                        "%(move)s moves a credit from one account to another. Move the "
                        "credit back instead.",
                        move=move_sudo.name,
                    )
                )
        return super()._reverse_moves(default_values_list, cancel)


class AccountPartialReconcile(models.Model):
    """Keep what a credit lost to another account reconciled."""

    # One file per concern.
    _inherit = "account.partial.reconcile"  # pylint: disable=consider-merging-classes-inherited

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
