from odoo.tests import tagged

from .common_balance import BalanceCommon


@tagged("post_install", "-at_install")
class TestOrderTour(BalanceCommon):
    """A customer pays an order with the account, in the browser."""

    def test_pay_order(self):
        order = self._quote((self.lesson, 4))
        self.start_tour(
            order.get_portal_url(), "account_balance_order", login=self.payer.login
        )
        tx = self._find(order)
        self.assertPaid(order, tx, {self.credit: 50, self.prepayment: 30})
        self.assertLeft(0, 10, 60)
