from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueChange(StoredValueCommon):
    """The dialogs of pencil and trash: the entry that is shown is the one posted."""

    def _open(self, value, change, user=None, **vals):
        action = (
            value.with_user(user or self.manager)
            .with_context(change=change)
            .action_change()
        )
        dialogs = self.env["account.stored.value.change"].with_user(
            user or self.manager
        )
        return dialogs.with_context(**action["context"]).create(vals)

    def assertPreviewIsPosted(self, dialog):
        """Confirm, and assert that the newest entry is the one shown before."""
        value = dialog.value_id.sudo()
        planned = value._prepare_change(
            dialog.change,
            dialog.amount,
            dialog.partner_id.sudo(),
            dialog.journal_id.sudo(),
        )
        after = dialog.balance_after
        for item in planned:
            name = item.account.with_user(self.manager).display_name
            self.assertIn(name, dialog.entry)
        before = value.move_line_ids.move_id
        dialog.action_confirm()
        self.env.invalidate_all()
        move = value.move_line_ids.move_id - before
        self.assertCountEqual(
            [
                (
                    line.account_id,
                    line.partner_id,
                    line.amount_currency,
                    line.balance,
                )
                for line in move.line_ids
            ],
            [item[:4] for item in planned],
        )
        self.assertEqual(value.balance, after)

    def test_correct(self):
        value = self._issue(100)
        for amount in (110, 35.5):
            dialog = self._open(value, "adjust", amount=amount, reason="Typing error")
            self.assertPreviewIsPosted(dialog)

    def test_correct_details_alone_posts_nothing(self):
        value = self._issue(100)
        dialog = self._open(value, "adjust", memo="Paid by June", recipient_name="Maya")
        self.assertFalse(dialog.entry)
        dialog.action_confirm()
        self.assertEqual((value.memo, value.recipient_name), ("Paid by June", "Maya"))
        self.assertEqual(len(value.move_line_ids), 1)

    def test_correct_asks_for_the_reason_of_an_amount(self):
        value = self._issue(100)
        with self.assertRaisesRegex(UserError, "Enter a reason"):
            self._open(value, "adjust", amount=90).action_confirm()
        self.assertEqual(value.balance, 100)

    def test_void(self):
        for funding in ("payment", "promotion"):
            value = self._issue(40, funding=funding)
            self.assertPreviewIsPosted(self._open(value, "void", reason="Mistake"))
            self.assertEqual(value.state, "void")

    def test_void_of_the_rest_of_a_card_given_away(self):
        value = self._issue(40, funding="promotion")
        invoice = self._create_invoice(self.account, 15)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertPreviewIsPosted(self._open(value, "void", reason="Moved away"))

    def test_void_that_cannot_be_says_why(self):
        value = self._issue(40)
        invoice = self._create_invoice(self.account, 15)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        dialog = self._open(value, "void", reason="Mistake")
        self.assertIn("never deleted", dialog.error)
        self.assertFalse(dialog.entry)
        with self.assertRaisesRegex(UserError, "never deleted"):
            dialog.action_confirm()

    def test_move(self):
        value = self._issue(100)
        dialog = self._open(value, "move", amount=40, partner_id=self.accounts[1].id)
        self.assertPreviewIsPosted(dialog)

    def test_refund(self):
        value = self._issue(100)
        dialog = self._open(value, "refund", amount=40, journal_id=self.bank.id)
        self.assertPreviewIsPosted(dialog)

    def test_money_goes_out_where_it_came_in(self):
        cash = self.company_data["default_journal_cash"]
        value = self._issue(100, journal_id=cash.id)
        dialog = self._open(value, "refund")
        self.assertEqual((dialog.amount, dialog.journal_id), (100, cash))
        given = self._issue(100, funding="promotion", user=self.manager)
        self.assertEqual(self._open(given, "refund").journal_id, self.bank)

    def test_refund_from_the_account_of_the_payment_method(self):
        cash = self.bank.default_account_id
        self.bank.outbound_payment_method_line_ids.payment_account_id = cash
        value = self._issue(100)
        dialog = self._open(value, "refund", amount=40, journal_id=self.bank.id)
        self.assertPreviewIsPosted(dialog)
        move = value.move_line_ids.move_id.sorted("id")[-1]
        self.assertItems(move, [(self.sold, 40, 40), (cash, -40, -40)])

    def test_block(self):
        value = self._issue(100)
        dialog = self._open(value, "block", self.clerk, reason="Lost")
        dialog.action_confirm()
        self.assertEqual(value.state, "blocked")

    def test_send_shows_the_mail_without_a_code(self):
        self.account.email = "family@example.com"
        value = self._issue(100)
        dialog = self._open(value, "send")
        self.assertEqual(dialog.recipient_email, "family@example.com")
        self.assertIn("••••-••••-••••-••••", dialog.preview)
        self.assertNotIn(self.code[-4:], dialog.preview)
        dialog.action_confirm()
        self.assertTrue(value.send_date)

    def test_clerk_corrects_nothing(self):
        value = self._issue(100)
        for change, vals in (
            ("adjust", {"amount": 500, "reason": "Greed"}),
            ("adjust", {"memo": "Mine"}),
            ("void", {"reason": "Greed"}),
            ("move", {"amount": 40, "partner_id": self.accounts[1].id}),
            ("refund", {"amount": 40, "journal_id": self.bank.id}),
            ("send", {"recipient_email": "thief@example.com"}),
        ):
            with self.subTest(change), self.assertRaises(AccessError):
                self._open(value, change, self.clerk, **vals).action_confirm()
        with self.assertRaises(AccessError):
            self._open(value, "adjust", self.accountant, amount=1)
        self.assertEqual(value.balance, 100)


@tagged("post_install", "-at_install")
class TestStoredValueHistory(StoredValueCommon):
    """The history: the ledger, line by line."""

    def test_events_in_order_with_what_was_left(self):
        value = self._issue(100)
        invoice = self._create_invoice(self.account, 60)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        value.with_user(self.manager).adjust(110, "Ten more")
        invoice.with_user(self.clerk).button_draft()
        self.env.flush_all()
        history = self.env["account.stored.value.movement"].with_user(self.accountant)
        self.assertRecordValues(
            history.search([("partner_id", "=", self.account.id)], order="id"),
            [
                {
                    "event": "issue",
                    "amount": 100,
                    "balance_after": 100,
                    "invoice_id": False,
                    "user_id": self.clerk.id,
                },
                {
                    "event": "use",
                    "amount": -60,
                    "balance_after": 40,
                    "invoice_id": invoice.id,
                    "user_id": self.clerk.id,
                },
                {
                    "event": "adjust",
                    "amount": 10,
                    "balance_after": 50,
                    "invoice_id": False,
                    "user_id": self.manager.id,
                },
                {
                    "event": "undo",
                    "amount": 60,
                    "balance_after": 110,
                    "invoice_id": invoice.id,
                    "user_id": self.clerk.id,
                },
            ],
        )

    def test_what_was_left_is_said_of_any_part_of_a_history(self):
        values = self._issue(100) + self._issue(30, "prepayment")
        for number, day in enumerate(("2024-03-20", "2024-03-17", "2024-03-17")):
            invoice = self._create_invoice(
                self.account, 10 + number, invoice_date=day, date=day
            )
            values[0].with_user(self.clerk).apply_to_invoice(invoice.id)
        values[1].with_user(self.manager).adjust(45, "Typing error")
        self.env.flush_all()
        history = self.env["account.stored.value.movement"].with_user(self.accountant)
        whole = history.search([("stored_value_id", "in", values.ids)])
        self.assertEqual(len(whole), 6)
        left = dict.fromkeys(values, 0)
        expected = {}  # {movement: what was left}
        for movement in whole.sorted(lambda movement: (movement.date, movement.id)):
            left[movement.stored_value_id] += movement.amount
            expected[movement] = left[movement.stored_value_id]
        self.assertEqual({value: value.balance for value in values}, left)
        for start in range(len(whole)):
            for end in range(start + 1, len(whole) + 1):
                part = whole[start:end]
                self.env.invalidate_all()
                with self.assertQueryCount(6, flush=False):
                    shown = part.mapped("balance_after")
                self.assertEqual(shown, [expected[movement] for movement in part])

    def test_not_of_another_company(self):
        company = self._create_company(name="Other")
        self.values.with_company(company).issue(
            "gift_card", self.account.id, 50, "promotion"
        )
        self.env.flush_all()
        history = self.env["account.stored.value.movement"]
        self.assertEqual(len(history.search([("company_id", "=", company.id)])), 1)
        self.assertFalse(history.with_user(self.accountant).search([]))

    def test_nobody_else_sees_it(self):
        user = self._create_user("desk", "base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.env["account.stored.value.movement"].with_user(user).search([])

    def test_action_of_the_account(self):
        self._issue(100)
        self._issue(50, "prepayment")
        action = (
            self.account.with_user(self.clerk)
            .with_context(value_type="prepayment")
            .action_view_stored_value_history()
        )
        self.assertEqual(action["domain"], [("partner_id", "=", self.account.id)])
        self.assertTrue(action["context"]["search_default_prepayment"])
