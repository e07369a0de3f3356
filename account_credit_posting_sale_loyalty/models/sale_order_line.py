from odoo import api, models

from odoo.addons.account_credit_posting_loyalty.models import card_ledger, flow

#: What says how much a line uses of which card.
USED_FIELDS = frozenset(
    (
        *("points_cost", "price_unit", "product_uom_qty", "discount"),
        *("coupon_id", "reward_id", "tax_ids"),
    )
)


class SaleOrderLine(models.Model):
    """Know what a line uses of a card that is kept in the ledger."""

    _inherit = "sale.order.line"

    def _pays_from_ledger(self):
        """Tell whether this pays with a card that is kept in the ledger."""
        self.ensure_one()
        return card_ledger.is_used_by(self)

    def _get_unbooked_amount(self):
        """Return what this has of its card, and no invoice has booked yet.

        In the currency of the order, which is that of the card; 0 where it is not
        confirmed.
        """
        self.ensure_one()
        if self.state != "sale" or not self._pays_from_ledger():
            return 0
        booked_sudo = self.sudo().invoice_lines.filtered(
            lambda item: item.parent_state == "posted"
        )
        booked = sum(booked_sudo.mapped("amount_currency"))
        return max(0, self.currency_id.round(-self.price_total - booked))

    @api.model_create_multi
    def create(self, vals_list):
        """Use no more of a card than there is, on an order that is confirmed.

        :raise UserError: when a card has less left
        """
        lines = super(SaleOrderLine, flow.with_flow(self)).create(vals_list)
        lines = lines.with_env(self.env)
        lines._check_covered()
        return lines

    def write(self, vals):
        """Use no more of a card than there is, on an order that is confirmed.

        :raise UserError: when a card has less left
        """
        if not USED_FIELDS & vals.keys():
            return super().write(vals)
        result = super(SaleOrderLine, flow.with_flow(self)).write(vals)
        self._check_covered()
        return result

    def unlink(self):
        """Give back what was reserved of cards."""
        return super(SaleOrderLine, flow.with_flow(self)).unlink()

    def _check_covered(self):
        lines = self.filtered(
            lambda line: line.state == "sale" and line._pays_from_ledger()
        )
        card_ledger.check_covered(lines.sudo().coupon_id)

    def _prepare_invoice_line(self, **optional_values):
        vals = super()._prepare_invoice_line(**optional_values)
        value_sudo = self.sudo().coupon_id.stored_value_ids
        if value_sudo and self._pays_from_ledger():
            # Posting the invoice draws on it.
            vals["account_id"] = value_sudo.liability_account_id.id
        return vals
