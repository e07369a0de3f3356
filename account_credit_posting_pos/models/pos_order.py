from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

from odoo.addons.account_credit_posting.models.application import waiting_documents
from odoo.addons.account_credit_posting.models.stored_value import account_gift_card
from odoo.addons.account_credit_posting.tools.days import get_today

from . import till_sale


class PosOrder(models.Model):
    """Sell gift cards at the till, and take them back."""

    _inherit = "pos.order"

    def action_pos_order_paid(self):
        """Sell a gift card for each unit of a gift card product, or take it back.

        :raise UserError: when a line cannot be a gift card, or a card cannot be taken
            back
        """
        till_sale.check(self)
        till_sale.split(self)
        result = super().action_pos_order_paid()
        till_sale.trade(self)
        return result

    def write(self, vals):
        """Keep gift cards paid for, where the payments of an order change.

        :raise UserError: when they would be paid for later
        """
        result = super().write(vals)
        if "payment_ids" in vals:
            for order in self.filtered(lambda order: order.state == "paid"):
                till_sale.check_paid(order)
        return result

    @api.model
    def _get_invoice_lines_values(self, line_values, pos_line, move_type):
        vals = super()._get_invoice_lines_values(line_values, pos_line, move_type)
        value_sudo = pos_line._get_gift_card()
        return {**vals, "stored_value_id": value_sudo.id} if value_sudo else vals

    def _generate_pos_order_invoice(self):
        till_sale.check_invoiced(self)
        # What was paid at the till pays the invoice first. Then it is printed, as it is
        # paid.
        is_printed = self.env.context.get("generate_pdf", True)
        with waiting_documents.hold(self.with_context(generate_pdf=False)) as held:
            invoice = super(PosOrder, held)._generate_pos_order_invoice()
        invoice = waiting_documents.leave(invoice, self)
        invoice = invoice.with_context(generate_pdf=is_printed)
        if is_printed:
            invoice.with_context(skip_invoice_sync=True)._generate_and_send()
        return invoice

    # -------------------------------------------------------------------------
    # THE CODES
    # -------------------------------------------------------------------------

    def tell_gift_card_codes(self):
        """Return the gift cards that these orders sold, with codes told only now.

        A code is told once: for the receipt. Later it shows its last digits alone.

        :return: ``[{"uuid", "name", "amount", "expiry_date", "is_active", "code",
            "is_told"}]``: uuid of the order line, amount in the currency of the order,
            date as the user writes it, whether the card can be used, and whether the
            code is whole
        :raise AccessError: when the user does not work at the till
        """
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise AccessError(self.env._("Codes are only shown at the till."))
        self.check_access("read")
        return [
            {
                "uuid": value_sudo.pos_line_id.uuid,
                "name": value_sudo.name,
                "amount": value_sudo.initial_amount,
                "expiry_date": format_date(self.env, value_sudo.expiry_date),
                "is_active": value_sudo.state == "active",
                **self._tell_code(value_sudo),
            }
            for value_sudo in self._get_sold_cards()
        ]

    def _get_sold_cards(self):
        """Return the gift cards that these orders sold, as far as there are still.

        With all rights.
        """
        return self.sudo().lines.gift_card_ids.filtered(
            lambda value: value.state in ("active", "blocked")
        )

    @api.model
    def _tell_code(self, value_sudo):
        card = account_gift_card.GiftCard(value_sudo)
        if value_sudo.code_last4 or value_sudo.send_date:
            return {"code": card.get_shown_code(), "is_told": False}
        value_sudo._lock()
        return {"code": card.set_new_code(), "is_told": True}

    def action_send_receipt(self, email, ticket_image, basic_image):
        """Email the receipt, and the gift cards of an order that was not printed.

        The cards go by an email of their own as soon as they can be used, with codes
        that are made then.
        """
        result = super().action_send_receipt(email, ticket_image, basic_image)
        for order in self.filtered(lambda order: not order.nb_print):
            for value_sudo in order._get_sold_cards().filtered(
                lambda value: not value.sent_date
            ):
                account_gift_card.GiftCard(value_sudo).schedule(
                    email, get_today(value_sudo.company_id)
                )
                account_gift_card.trigger_sending(self.env)
        return result
