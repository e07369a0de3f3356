from odoo.fields import Command

from odoo.addons.account_credit_posting_sale.tests import common_cards_online


class ShopCommon(common_cards_online.CardsOnlineCommon):
    """A website that sells gift cards, and customers who pay by the demo provider."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].get_current_website()
        cls.website.company_id = cls.company
        cls.method = cls.env.ref("payment_demo.payment_method_demo")
        cls.provider = cls.env["payment.provider"].create(
            {
                "name": "Demo",
                "code": "demo",
                "company_id": cls.company.id,
                "state": "test",
                "is_published": True,
                "payment_method_ids": [Command.set(cls.method.ids)],
                "inline_form_view_id": cls.env.ref("payment_demo.inline_form").id,
            }
        )
        cls.provider.journal_id = cls.company_data["default_journal_bank"]
        # Other products of the company have a tax that is shown in the price.
        cls.company.account_sale_tax_id = cls.tax_sale_a
        cls.website.show_line_subtotals_tax_selection = "tax_included"
        # Nothing has to be delivered.
        cls.book.type = "service"
        (cls.card | cls.book).website_published = True

    def _put_in_cart(self, *lines, **vals):
        """Return a cart of the account.

        :param lines: ``(product, quantity)``
        """
        return self._quote(*lines, state="draft", website_id=self.website.id, **vals)

    def _check_out(self, cart, **vals):
        """Begin to pay a cart by the demo provider."""
        cart._check_cart_is_ready_to_be_paid()
        return self.env["payment.transaction"].create(
            {
                "amount": cart.amount_total,
                "currency_id": cart.currency_id.id,
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "operation": "online_direct",
                "partner_id": cart.partner_invoice_id.id,
                "reference": f"Shop {next(self.numbers)}",
                "sale_order_ids": [Command.set(cart.ids)],
                **vals,
            }
        )

    def _answer(self, transaction, state):
        """Let the provider tell what became of a payment, and Odoo look at it."""
        data = {"reference": transaction.reference, "simulated_state": state}
        self.env["payment.transaction"]._process("demo", data)
        self._process(transaction)

    def _process(self, transaction):
        """Let Odoo look at a payment, its source, and what was captured of it."""
        transactions = transaction.source_transaction_id | transaction
        (transactions | transaction.child_transaction_ids)._post_process()
