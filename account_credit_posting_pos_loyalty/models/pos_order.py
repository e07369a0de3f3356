from odoo import api, models

from odoo.addons.account_credit_posting_loyalty.models import card_ledger, flow

from . import till_cards


class PosOrder(models.Model):
    """Use and sell the cards of loyalty programs that are kept in the ledger."""

    _inherit = "pos.order"

    def _get_ledger_lines(self):
        """Return the lines that pay with a card in the ledger."""
        return self.lines.filtered(lambda line: line._pays_from_ledger())

    def action_pos_order_paid(self):
        """Reserve what an order uses of cards in the ledger.

        Of two tills, or a till and an order, the second finds what the first has left.

        :raise UserError: when a card has less left, or cannot pay this order
        """
        till_cards.check(self)
        result = super().action_pos_order_paid()
        card_ledger.check_covered(self._get_ledger_lines()._get_used_card())
        return result

    def confirm_coupon_programs(self, coupon_data):
        """Let the cards that loyalty makes be the gift cards that this has sold.

        :param dict coupon_data: see there
        :return: see there
        """
        sold = {key: dict(data) for key, data in coupon_data.items()}
        flowing = super(PosOrder, flow.with_flow(self))
        result = flowing.confirm_coupon_programs(coupon_data)
        till_cards.attach(self, sold)
        return result

    def _get_sold_cards(self):
        # Loyalty tells the codes of its cards itself; a top-up has none.
        return (
            super()
            ._get_sold_cards()
            .filtered(
                lambda value: not value.loyalty_card_id and not value.top_up_card_id
            )
        )

    @api.model
    def _get_invoice_lines_values(self, line_values, pos_line, move_type):
        vals = super()._get_invoice_lines_values(line_values, pos_line, move_type)
        value_sudo = pos_line._get_used_card().stored_value_ids
        if not value_sudo:
            return vals
        # Posting the invoice draws on it.
        return {
            **vals,
            "account_id": value_sudo.liability_account_id.id,
            "stored_value_id": value_sudo.id,
        }

    def _generate_pos_order_invoice(self):
        till_cards.check_invoiced(self)
        return super()._generate_pos_order_invoice()
