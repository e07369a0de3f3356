from odoo.tests import tagged

from odoo.addons.account_credit_posting.tests.test_portal_account import WIDE

from .common_payment import PaymentProviderCommon
from .common_top_up import CARD, TopUpCommon


class PayTour(PaymentProviderCommon):
    """A customer pays half by card and half with a provider, in the browser."""

    def _pay(self):
        card = self._issue(50)
        self.start_tour(
            f"/my/invoices/{self.invoice.id}",
            "account_credit_pay_half",
            login=self.payer.login,
        )
        self.env.invalidate_all()
        [tx] = self._find_transactions()
        self.assertEqual((tx.amount, tx.account_credit_state), (50, "used"))
        self.assertUsed({self.card: 50})
        self.assertEqual(card.balance, 50)
        self.assertEqual(self.invoice.amount_residual, 0)


@tagged("post_install", "-at_install")
class TestPayTour(PayTour):
    browser_size = "1366x768"

    def test_pay_half_and_half(self):
        self._pay()


@tagged("post_install", "-at_install")
class TestPayTourPhone(PayTour):
    browser_size = "390x844"

    def test_pay_half_and_half(self):
        self._pay()


class TopUpTour(TopUpCommon):
    """A customer tops up, and buys a card for somebody, in the browser."""

    def _top_up(self):
        self.start_tour("/my/credits", "account_credit_top_up", login=self.payer.login)
        [top_up] = self._find()
        self.assertIssued(top_up, 50, value_type="prepayment")

    def _buy_card(self):
        self.start_tour(
            "/my/credits", "account_credit_buy_card", login=self.payer.login
        )
        [top_up] = self._find()
        self.assertIssued(
            top_up, 35, recipient_email="maya@example.com", design="birthday"
        )


@tagged("post_install", "-at_install")
class TestTopUpTour(TopUpTour):
    browser_size = "1366x768"

    def test_top_up(self):
        self._top_up()

    def test_buy_card(self):
        self._buy_card()


@tagged("post_install", "-at_install")
class TestTopUpTourPhone(TopUpTour):
    browser_size = "390x844"

    def test_top_up(self):
        self._top_up()

    def test_buy_card(self):
        self._buy_card()

    def test_no_page_is_wider_than_a_phone(self):
        top_up = self._choose(**{**CARD, "message": "Dance " * 80})
        for path in (
            "/my/credits",
            "/my/credits/top-up?kind=prepayment",
            "/my/credits/top-up?kind=gift_card",
            f"/my/credits/top-up/{top_up.id}",
        ):
            self.browser_js(path, WIDE, login=self.payer.login)
