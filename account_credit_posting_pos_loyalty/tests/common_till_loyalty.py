from uuid import uuid4

# As modules: their tests would else be found here as well.
from odoo.addons.account_credit_posting_loyalty.tests.common_loyalty import (
    LoyaltyCommon,
)
from odoo.addons.account_credit_posting_pos.tests.common_till import TillCommon


class TillLoyaltyCommon(TillCommon, LoyaltyCommon):
    """A till that sells and uses cards of programs in the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.card_product | cls.top_up_product).available_in_pos = True
        # Programs of the database itself are no concern of these tills.
        programs = cls.env["loyalty.program"].search([])
        (programs - cls.program - cls.wallets).active = False
        (cls.program | cls.wallets).is_in_ledger = True
        cls.program.pos_report_print_id = cls.env.ref("loyalty.report_gift_card")

    def _get_sold_card(self, product=None, amount=50, account=None):
        """Return a card, or wallet, that was sold and paid on an invoice."""
        product = product or self.card_product
        product.list_price = amount
        invoice = self._sell(product, account=account)
        self._pay(invoice)
        return invoice.sold_value_ids.loyalty_card_id

    def _prepare_use(self, card, amount, **vals):
        """Prepare the line of an order that pays with a card, as the till does."""
        reward = card.program_id.reward_ids
        return {
            "product": reward.discount_line_product_id,
            "qty": 1,
            "price_unit": -amount,
            "is_reward_line": True,
            "reward_id": reward.id,
            "coupon_id": card.id,
            "points_cost": amount,
            "reward_identifier_code": str(uuid4()),
            **vals,
        }

    def _use(self, card, amount, *lines, **vals):
        """Let a card pay a part of an order; then as the till does afterwards."""
        order = self._order(
            *(lines or [(self.book, 5)]), self._prepare_use(card, amount), **vals
        )
        self._confirm(
            order,
            {
                card.id: {
                    "points": -amount,
                    "program_id": card.program_id.id,
                    "coupon_id": card.id,
                    "barcode": False,
                }
            },
        )
        return order

    def _confirm(self, order, coupon_data):
        """Let the till tell what an order did with cards."""
        return order.with_user(self.cashier).confirm_coupon_programs(
            {str(key): data for key, data in coupon_data.items()}
        )

    def _sell_at_till(self, product, *codes, **vals):
        """Sell cards of these codes, or a top-up without one."""
        order = self._order((product, max(1, len(codes))), **vals)
        program = self.env["loyalty.program"]._find_program_of(product, self.company)
        self._confirm(
            order,
            {
                -number: {
                    "points": product.list_price,
                    "program_id": program.id,
                    "coupon_id": -number,
                    "code": code,
                    "partner_id": order.partner_id.id,
                }
                for number, code in enumerate(codes or [False], 1)
            },
        )
        return order
