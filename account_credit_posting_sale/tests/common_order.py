from odoo.fields import Command

from odoo.addons.account_credit_posting_payment.tests.common_online import OnlineCommon


class OrderCommon(OnlineCommon):
    """Customers who order, and pay by a page of their order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.env["ir.config_parameter"].set_param("sale.automatic_invoice", False)
        cls.account.email = "buyer@example.com"
        cls.book = cls.env["product.product"].create(
            {
                "name": "Book",
                "list_price": 20,
                "taxes_id": [],
                "invoice_policy": "delivery",
            }
        )

    def _quote(self, *lines, **vals):
        """Send a quotation that is confirmed when it is paid.

        :param lines: ``(product, quantity)``
        """
        return self.env["sale.order"].create(
            {
                "partner_id": self.account.id,
                "require_payment": True,
                "require_signature": False,
                "state": "sent",
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                    for product, quantity in lines
                ],
                **vals,
            }
        )
