from odoo.tests import HttpCase, tagged

from .common_till import TillCommon


@tagged("post_install", "-at_install")
class TestTillTours(TillCommon, HttpCase):
    """A cashier sells and takes back gift cards in the browser."""

    def _start_tour(self, tour):
        url = f"/pos/ui/{self.config.id}"
        self.start_tour(url, tour, login=self.cashier.login)
        self.env.invalidate_all()
        return self.pos_session.order_ids.lines.gift_card_ids.sorted("id")

    def test_sell_see_the_code_and_take_back(self):
        cards = self._start_tour("gift_card_till")
        self.assertEqual(sorted(cards.mapped("state")), ["blocked", "void"])
        self.assertTrue(all(cards.mapped("code_last4")))
        self.assertItems(
            self._close(),
            [
                *[(self.sold, -50, -50)] * 2,
                (self.sold, 50, 50),
                (self.till, 50, 50),
            ],
        )
        self.assertEqual(sorted(cards.mapped("balance")), [0, 50])

    def test_e_mail_instead_of_print(self):
        card = self._start_tour("gift_card_till_mail")
        self.assertEqual(card.recipient_email, "ann@example.com")
        self.assertTrue(card.send_date)

    def test_sell_and_close_the_session(self):
        card = self._start_tour("gift_card_till_close")
        session = self.pos_session
        self.assertEqual(session.state, "closed")
        self.assertItems(
            session.move_id,
            [
                (self.sold, -50, -50),
                (self.revenue, -20, -20),
                (self.till, 70, 70),
            ],
        )
        self.assertEqual((card.state, card.balance), ("active", 50))
        self.assertTrue(card.code_last4)
        self.assertTiesOut()
