from odoo.fields import Command

# As a module: its tests would else be found here as well.
from odoo.addons.account_credit_posting_loyalty.tests.common_loyalty import (
    LoyaltyCommon,
)


class SaleLoyaltyCommon(LoyaltyCommon):
    """Orders that sell and use cards of programs in the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.seller = cls._create_user(
            "seller", "base.group_user,sales_team.group_sale_salesman_all_leads"
        )
        (cls.program | cls.wallets).is_in_ledger = True
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.tax = cls.company_data["default_tax_sale"].copy(
            {"name": "21%", "amount": 21}
        )
        cls.tax_account = cls.tax.invoice_repartition_line_ids.account_id
        cls.book, cls.taxed = cls.env["product.product"].create(
            [
                {
                    "name": name,
                    "list_price": 100,
                    "taxes_id": [Command.set(taxes.ids)],
                    "invoice_policy": "order",
                }
                for name, taxes in (
                    ("Book", cls.env["account.tax"]),
                    ("Taxed", cls.tax),
                )
            ]
        )

    def _order(self, *lines, account=None, **vals):
        """Create a quotation.

        :param lines: ``(product, quantity)``, or values of the line
        """
        return self.env["sale.order"].create(
            {
                "partner_id": (account or self.account).id,
                "order_line": [
                    Command.create(
                        line
                        if isinstance(line, dict)
                        else {"product_id": line[0].id, "product_uom_qty": line[1]}
                    )
                    for line in lines
                ],
                **vals,
            }
        )

    def _sell_on_order(self, product, quantity=1, **vals):
        """Sell cards on an order that is invoiced and paid; return the order."""
        order = self._order((product, quantity), **vals)
        order._update_programs_and_rewards()
        order.action_confirm()
        self._pay(self._invoice(order))
        return order

    def _invoice(self, order):
        """Invoice an order, as its seller; post it."""
        invoice = order.with_user(self.seller)._create_invoices(final=True)
        invoice = invoice.with_env(self.env)
        invoice.action_post()
        return invoice

    def _use(self, order, card):
        """Let a card pay a quotation."""
        if card.program_type == "ewallet":
            order._update_programs_and_rewards()
            rewards = order._get_claimable_rewards()
            order._apply_program_reward(card.program_id.reward_ids, card)
            self.assertIn(card, rewards)
            return
        rewards = order._try_apply_code(card.code)
        self.assertIn(card, rewards)
        order._apply_program_reward(rewards[card], card)

    def _credit(self, invoice, **vals):
        """Reverse an invoice with a credit note, which is posted."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, **vals})
        )
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        return wizard.new_move_ids
