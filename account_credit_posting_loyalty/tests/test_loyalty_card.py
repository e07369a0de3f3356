from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_loyalty import LoyaltyCommon


@tagged("post_install", "-at_install")
class TestLoyaltyCard(LoyaltyCommon):
    """A card in the ledger has the balance that is booked, and no other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.program | cls.wallets).is_in_ledger = True

    def _sell_card(self):
        """Sell a card on an invoice, and have it paid."""
        invoice = self._sell(self.card_product)
        self._pay(invoice)
        return invoice.sold_value_ids.loyalty_card_id

    def test_card_sold_on_an_invoice_can_be_used_once_paid(self):
        invoice = self._sell(self.card_product, 2)
        self.assertItems(
            invoice,
            [*[(self.sold, -50, -50)] * 2, (self.receivable, 100, 100)],
        )
        cards = invoice.sold_value_ids.loyalty_card_id
        self.assertEqual(len(cards), 2)
        self.assertPoints(cards, 0, 0)
        self._pay(invoice)
        self.assertPoints(cards, 50, 50)
        self.assertEqual(cards.program_id, self.program)

    def test_same_card_pays_invoices(self):
        card = self._sell_card()
        values = self.values.with_user(self.clerk)
        self.assertEqual(values.balance_of(card.code)["balance"], 50)
        invoice = self._create_invoice(self.account, 20)
        card.stored_value_ids.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertPoints(card, 30)
        answer = values.redeem(card.code, self.accounts[1].id)
        self.assertEqual(answer["balance"], 30)
        self.assertPoints(card, 0)
        with self.assertRaisesRegex(UserError, "no gift card to use"):
            values.redeem(card.code, self.accounts[1].id)

    def test_wrong_codes_of_loyalty_count(self):
        values = self.values.with_user(self.clerk)
        for _number in range(10):
            with self.assertRaisesRegex(UserError, "no gift card to use"):
                values.balance_of("0440-1234-4567")
        with self.assertRaisesRegex(UserError, "Too many wrong codes"):
            values.balance_of("0440-1234-4567")

    def test_new_code_of_the_card_is_the_code(self):
        card = self._sell_card()
        old, card.code = card.code, "0441-NEW"
        values = self.values.with_user(self.clerk)
        self.assertEqual(values.balance_of("0441-NEW")["balance"], 50)
        with self.assertRaisesRegex(UserError, "no gift card to use"):
            values.balance_of(old)
        for method in ("action_new_code", "action_show_new_code", "send_card"):
            with self.assertRaisesRegex(UserError, "has the code of that card"):
                getattr(card.stored_value_ids.with_user(self.manager), method)()

    def test_blocked_and_expired_cards_have_nothing_to_use(self):
        self.company.paid_value_expires = True
        card = self._sell_card()
        value = card.stored_value_ids.with_user(self.manager)
        value.action_block("lost")
        self.assertPoints(card, 0)
        value.action_unblock()
        self.assertPoints(card, 50)
        value.expiry_date = "2020-01-01"
        self.assertPoints(card, 0)

    def test_points_are_not_written_past_the_ledger(self):
        # README says: "nobody writes it"
        card = self._sell_card().with_user(self.manager)
        cards = self.env["loyalty.card"].with_user(self.manager)
        for points in (60, 0, 49.99):
            with self.assertRaisesRegex(
                UserError, "its balance follows from the posted entries"
            ):
                card.write({"points": points})
        with self.assertRaisesRegex(
            UserError, "its balance follows from the posted entries"
        ):
            cards.create({"program_id": self.program.id, "points": 5})
        with self.assertRaisesRegex(
            UserError, "its balance follows from the posted entries"
        ):
            self.program.with_user(self.manager).coupon_ids = [(0, 0, {"points": 5})]
        for context in ({"loyalty_ledger_flow": True}, {"loyalty_no_mail": True}):
            with self.assertRaisesRegex(
                UserError, "its balance follows from the posted entries"
            ):
                card.with_context(**context).write({"points": 60})
        # A form that sends back what it has read changes nothing.
        card.write({"points": 50})
        self.assertPoints(card, 50)

    def test_dialogs_of_loyalty_write_no_points(self):
        card = self._sell_card()
        dialog = (
            self.env["loyalty.card.update.balance"]
            .with_user(self.manager)
            .create({"card_id": card.id, "new_balance": 70, "description": "Gift"})
        )
        with self.assertRaises(UserError), self.env.cr.savepoint():
            dialog.action_update_card_point()
        self.assertFalse(card.history_ids)
        wizard = (
            self.env["loyalty.generate.wizard"]
            .with_user(self.manager)
            .create(
                {"program_id": self.program.id, "coupon_qty": 2, "points_granted": 5}
            )
        )
        with self.assertRaisesRegex(
            UserError, "its balance follows from the posted entries"
        ):
            wizard.generate_coupons()
        history = self.env["loyalty.history"].with_user(self.manager)
        with self.assertRaisesRegex(UserError, "written by orders"):
            history.create({"card_id": card.id, "description": "x", "issued": 5})

    def test_blank_cards_are_generated_as_before(self):
        cards = self._create_cards(self.program, 0, 0)
        self.assertPoints(cards, 0, 0)

    def test_card_with_money_stays(self):
        card = self._sell_card()
        other = self._create_program("gift_card", self._create_card_product())
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            card.unlink()
        with self.assertRaisesRegex(UserError, "cannot move it to another program"):
            card.program_id = other

    def test_top_ups_join_one_wallet_when_they_are_paid(self):
        first = self._sell(self.top_up_product)
        second = self._sell(self.top_up_product, 2)
        wallet = (first | second).sold_value_ids.top_up_card_id
        self.assertEqual((len(wallet), wallet.partner_id), (1, self.account))
        self.assertPoints(wallet, 0)
        # The second is paid first.
        self._pay(second)
        self.assertPoints(wallet, 60)
        self._pay(first)
        self.assertPoints(wallet, 90)
        value = wallet.stored_value_ids
        self.assertIn(value, second.sold_value_ids)
        self.assertEqual(value.initial_amount, 90)
        moved = first.sold_value_ids
        self.assertEvents(
            moved,
            [
                ("issue", [(self.sold, -30, -30), (self.receivable, 30, 30)]),
                ("move", [(self.sold, 30, 30), (self.sold, -30, -30)]),
            ],
        )
        self.assertEqual((moved.state, moved.balance), ("used", 0))

    def test_wallet_stays_with_its_account(self):
        invoice = self._sell(self.top_up_product)
        self._pay(invoice)
        wallet = invoice.sold_value_ids.loyalty_card_id
        with self.assertRaisesRegex(UserError, "holds money of"):
            wallet.partner_id = self.accounts[1]

    def test_wallets_of_merged_contacts_become_one(self):
        for account in self.accounts[:2]:
            self._pay(self._sell(self.top_up_product, account=account))
        self.env["base.partner.merge.automatic.wizard"]._merge(
            self.accounts[:2].ids, self.accounts[0]
        )
        cards = self.wallets.with_context(active_test=False).coupon_ids
        active = cards.filtered("active")
        self.assertEqual((len(cards), len(active)), (2, 1))
        self.assertPoints(active, 60)
        self.assertPoints(cards - active, 0)
        self.assertEqual(active.partner_id, self.accounts[0])
        self.assertEqual(active.stored_value_ids.partner_id, self.accounts[0])

    def test_card_is_sent_when_it_is_paid(self):
        invoice = self._sell(self.card_product)
        card = invoice.sold_value_ids.loyalty_card_id
        self.assertFalse(invoice.sold_value_ids.sent_date)
        card.partner_id = self.account
        self.account.email = "ann@example.com"
        mails = self.env["mail.mail"]
        before = mails.search([])
        self._pay(invoice)
        sent = mails.search([]) - before
        self.assertEqual(sent.mapped("model"), ["loyalty.card"])
        self.assertIn(card.code, sent.body_html)
