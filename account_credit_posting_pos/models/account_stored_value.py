from odoo import fields, models
from odoo.exceptions import UserError


class AccountStoredValue(models.Model):
    """Know the order at the till that sold a gift card."""

    _inherit = "account.stored.value"

    pos_line_id = fields.Many2one(
        comodel_name="pos.order.line",
        string="Sold at the Till by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The line of the order that sold it; one for each card.",
        written_by="event",
    )
    # Whoever sees stored value need not see the orders of tills.
    pos_order_name = fields.Char(
        related="pos_line_id.order_id.name", string="Sold at the Till"
    )
    pos_session_name = fields.Char(
        related="pos_line_id.order_id.session_id.name", string="Session"
    )

    _pos_line_id_unique = models.UniqueIndex(
        "(pos_line_id) WHERE pos_line_id IS NOT NULL",
        "A line of an order sells one gift card only.",
    )

    def _is_booked(self):
        """Tell whether its sale is in the ledger already."""
        self.ensure_one()
        return any(
            item.parent_state == "posted" and item.amount_currency < 0
            for item in self.move_line_ids
        )

    def _prepare_change(self, change, amount, account, journal):
        if change == "void":
            self._check_not_of_till()
        return super()._prepare_change(change, amount, account, journal)

    def action_void(self, reason, idempotency_key=None):
        """Leave it to the till to take back what it sold.

        :param str reason: kept on the entry and in the log
        :return: True
        :raise UserError: for what was sold at the till
        """
        self._check_not_of_till()
        return super().action_void(reason, idempotency_key=idempotency_key)

    def _check_not_of_till(self):
        # An invoice is reversed by a credit note, wherever it was made.
        for value in self.filtered(
            lambda value: value.pos_line_id and not value.invoice_id
        ):
            raise UserError(
                self.env._(
                    "%(name)s was sold at the till by %(order)s. Refund that order "
                    "there, or refund what is left on this page.",
                    name=value.name,
                    order=value.pos_order_name,
                )
            )

    def action_unblock(self):
        """Let a blocked record be used again.

        :return: True
        :raise UserError: when the session that sold it is not closed yet
        """
        for value in self.filtered(
            lambda value: value.awaits_payment and not value.invoice_id
        ):
            raise UserError(
                self.env._(
                    "%(name)s is active as soon as %(session)s is closed.",
                    name=value.name,
                    session=value.pos_session_name,
                )
            )
        return super().action_unblock()
