from odoo.tests import HttpCase, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestMoneyTours(StoredValueCommon, HttpCase):
    """Payment and Refund in a browser, from Post Transaction of an account."""

    def _start_tour(self, user, tour):
        transactions = self.env["account.post.transaction"].with_user(user)
        action = transactions._get_open_action(partners=self.account)
        self.start_tour(
            f"/odoo/account.post.transaction/{action['res_id']}",
            tour,
            login=user.login,
        )

    def test_payment_with_a_prepayment(self):
        invoice = self._create_invoice(self.account, 50)
        self._start_tour(self.clerk, "post_payment")
        payment = self.env["account.payment"].search(
            [("partner_id", "=", self.account.id)]
        )
        self.assertRecordValues(
            payment,
            [{"amount": 80, "memo": "Cheque 17", "create_uid": self.clerk.id}],
        )
        self.assertItems(
            payment.move_id,
            [(self.outstanding, 80, 80), (self.receivable, -80, -80)],
        )
        self.assertEqual(invoice.amount_residual, 0)
        value = self.values.search([("partner_id", "=", self.account.id)])
        self.assertEvents(
            value,
            [("issue", [(self.receivable, 30, 30), (self.prepaid, -30, -30)])],
        )

    def test_refund_of_a_prepayment(self):
        value = self._issue(100, "prepayment")
        self._post_line(10)
        self._start_tour(self.manager, "post_refund")
        self.assertEqual(value.balance, 75)
        payment = self.env["account.payment"].search(
            [("stored_value_id", "=", value.id), ("payment_type", "=", "outbound")]
        )
        outstanding = payment._get_outstanding_account("outbound")
        self.assertItems(
            payment.move_id,
            [(self.prepaid, 25, 25), (outstanding, -25, -25)],
        )
