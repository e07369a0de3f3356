from odoo import api, models
from odoo.tools import float_compare

from odoo.addons.account_credit_posting.models.stored_value import gift_card_sale


class SaleOrderLine(models.Model):
    """Let an order have gift cards or a down payment, wherever either is made."""

    _inherit = "sale.order.line"

    @api.constrains("product_id", "is_downpayment", "order_id")
    def _check_gift_cards_without_down_payment(self):
        orders = self.order_id.filtered(
            lambda order: any(line.is_downpayment for line in order.order_line)
        )
        orders._check_gift_cards_without_down_payment()

    @api.constrains(
        "product_id", "product_uom_qty", "price_unit", "discount", "tax_ids"
    )
    def _check_gift_cards(self):
        # Where nothing is left of a line, none is sold.
        for line in self.filtered(
            lambda line: line.product_id.is_gift_card and line.product_uom_qty
        ):
            problem = gift_card_sale.find_problem(
                line, line.product_uom_qty, line.tax_ids
            )
            gift_card_sale.refuse_line(line, line.name, problem)

    def _compute_discount(self):
        result = super()._compute_discount()
        # The price of the pricelist is what the card is worth.
        self.filtered("product_id.is_gift_card").discount = 0
        return result

    def _get_display_price_ignore_combo(self):
        if self.product_id.is_gift_card:
            return self._get_pricelist_price()
        return super()._get_display_price_ignore_combo()

    def _has_unbilled_gift_cards(self):
        """Tell whether this sells more gift cards than its invoices do."""
        self.ensure_one()
        # Invoices are not everybody's to read.
        invoiced_sudo = self.sudo().invoice_lines.filtered(
            lambda line: (
                line.parent_state != "cancel"
                and line.move_id.move_type == "out_invoice"
            )
        )
        return (
            float_compare(
                self.product_uom_qty,
                sum(invoiced_sudo.mapped("quantity")),
                precision_digits=6,
            )
            > 0
        )
