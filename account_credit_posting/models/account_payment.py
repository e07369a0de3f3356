from odoo import fields, models

from ..const import BILLING_GROUPS
from .stored_value import stored_value_guard, stored_value_posting
from .stored_value.stored_value_events import get_payment_label


class AccountPayment(models.Model):
    """Receive money for a stored value, or pay it back."""

    _name = "account.payment"
    _inherit = ["account.payment", "account.credit.guard"]

    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The gift card or prepayment that this money is held for.",
        written_by="event",
    )

    def write(self, vals):
        """Keep what is posted of payments of stored value.

        :raise UserError: when it would change
        """
        stored_value_guard.check_payments_written(self, vals)
        return super().write(vals)

    def _prepare_move_line_default_vals(
        self, write_off_line_vals=None, force_balance=None
    ):
        vals_list = super()._prepare_move_line_default_vals(
            write_off_line_vals=write_off_line_vals, force_balance=force_balance
        )
        # Whoever posts the payment may not see stored value.
        value_sudo = self.sudo().stored_value_id
        if not value_sudo:
            return vals_list
        label = get_payment_label(
            self.env, self._get_stored_value_event(), self.journal_id
        )
        if value_sudo._is_single_purpose():
            return stored_value_posting.prepare_taxed(self.sudo(), vals_list[0], label)
        for vals in vals_list:
            if vals["account_id"] == value_sudo.liability_account_id.id:
                vals["stored_value_id"] = value_sudo.id
                vals["name"] = label
        return vals_list

    def _generate_journal_entry(
        self, write_off_line_vals=None, force_balance=None, line_ids=None
    ):
        payments = self
        if any(value._is_single_purpose() for value in self.sudo().stored_value_id):
            # Its taxes are given complete: a part of it may be rounded otherwise.
            payments = self.with_context(skip_invoice_sync=True)
        return super(AccountPayment, payments)._generate_journal_entry(
            write_off_line_vals, force_balance, line_ids
        )

    def _generate_move_vals(
        self, write_off_line_vals=None, force_balance=None, line_ids=None
    ):
        vals = super()._generate_move_vals(write_off_line_vals, force_balance, line_ids)
        if self.sudo().stored_value_id:
            vals["stored_value_event"] = self._get_stored_value_event()
        return vals

    def _get_stored_value_event(self):
        return "issue" if self.payment_type == "inbound" else "refund"
