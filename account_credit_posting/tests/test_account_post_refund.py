from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestPostRefund(StoredValueCommon):
    """Money back: of payments, credits and stored value, never more than is open."""

    def _open(self, user=None, account=None, **vals):
        pages = self.env["account.post.refund"].with_user(user or self.manager)
        return pages.create(
            {
                "partner_id": (account or self.account).id,
                "journal_id": self.bank.id,
                "reason": "Moved away",
                **vals,
            }
        )

    def _forge(self, page, **vals):
        """Let the page say something else of its line, as a client could send it."""
        [line_vals] = page.line_ids.copy_data(vals)
        with self.assertRaises(AccessError):
            page.line_ids.write(vals)
        page.line_ids = [Command.clear(), Command.create(line_vals)]

    def assertRefund(self, payment, amount, ledger):
        """Assert the payment and all items of its entry."""
        self.assertRecordValues(
            payment,
            [
                {
                    "payment_type": "outbound",
                    "partner_type": "customer",
                    "partner_id": self.account.id,
                    "amount": amount,
                    "journal_id": self.bank.id,
                }
            ],
        )
        outstanding = payment._get_outstanding_account("outbound")
        self.assertEqual(payment.move_id.state, "posted")
        self.assertItems(
            payment.move_id,
            [(ledger, amount, amount), (outstanding, -amount, -amount)],
        )

    def test_open_credit(self):
        line = self._post_line(30)
        page = self._open()
        self.assertRecordValues(
            page.line_ids,
            [
                {
                    "kind": "credit",
                    "name": line.move_id.name,
                    "amount_open": 30,
                    "amount": 30,
                }
            ],
        )
        page.line_ids.amount = 12
        page.action_post()
        payment = page.payment_ids
        self.assertRefund(payment, 12, self.receivable)
        self.assertEqual(payment.memo, f"Refund of {line.move_id.name}")
        self.assertEqual(line.move_id.amount_residual, 18)
        self.assertEqual((line.amount_open, line.amount_applied), (18, 0))
        for record in (payment, line.move_id):
            [note] = record.message_ids.filtered(lambda msg: "away" in (msg.body or ""))
            self.assertTrue(note.subtype_id.internal)
        self.assertShows(page.result, "$ 12.00 refunded to Family 0")

    def test_credit_within_an_entry_for_many(self):
        batch = self._create_batch(
            {self.account: 30, self.accounts[1]: 40}, document_form="entry"
        )
        batch.action_post()
        page = self._open()
        page.action_post()
        self.assertRefund(page.payment_ids, 30, self.receivable)
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 40])

    def test_open_payment(self):
        paid = self._create_payment(90)
        self._create_invoice(self.account, 50)
        self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.account.id),
                ("account_id", "=", self.receivable.id),
            ]
        ).reconcile()
        page = self._open(user=self.clerk)
        self.assertRecordValues(
            page.line_ids, [{"kind": "payment", "amount_open": 40, "amount": 40}]
        )
        page.action_post()
        self.assertRefund(page.sudo().payment_ids, 40, self.receivable)
        self.assertTrue(paid.is_reconciled)

    def test_prepayment(self):
        value = self._issue(100, "prepayment")
        page = self._open()
        page.line_ids.amount = 60
        page.action_post()
        self.assertRefund(page.payment_ids, 60, self.prepaid)
        self.assertEqual((value.balance, value.state), (40, "active"))
        self.assertTrue(value.message_ids.filtered(lambda m: "away" in (m.body or "")))

    def test_several_at_once(self):
        line = self._post_line(30)
        value = self._issue(100, "prepayment")
        self._create_payment(20)
        page = self._open()
        self.assertEqual(
            page.line_ids.mapped("kind"), ["payment", "credit", "prepayment"]
        )
        self.assertEqual(sum(page.line_ids.mapped("amount")), 0)
        with self.assertRaisesRegex(UserError, "at least one"):
            page.action_post()
        for wanted, row in zip((20, 0, 5), page.line_ids, strict=True):
            row.amount = wanted
        self.assertShows(page.total, "$ 25.00")
        page.action_post()
        self.assertEqual(page.payment_ids.mapped("amount"), [20, 5])
        self.assertEqual((line.amount_open, value.balance), (30, 95))

    def test_never_more_than_is_open(self):
        # README says: "Never more than the open amount is paid back"
        self._post_line(30)
        page = self._open()
        for amount in (30.01, -1):
            page.line_ids.amount = amount
            with self.assertRaisesRegex(UserError, "30.00 open"):
                page.action_post()
        # What the page says does not count.
        self._forge(page, amount_open=1000, amount=1000)
        with self.assertRaisesRegex(UserError, "30.00 open"):
            page.action_post()

    def test_several_lines_of_one_source_are_added_up(self):
        self._post_line(30)
        page = self._open()
        [line] = page.line_ids
        line.sudo().copy()
        page.line_ids.amount = 16
        with self.assertRaisesRegex(UserError, "30.00 open"):
            page.action_post()
        self.assertFalse(page.payment_ids)

    def test_used_meanwhile(self):
        line = self._post_line(30)
        page = self._open()
        self._create_invoice(self.account, 30)
        self.assertEqual(line.amount_open, 0)
        with self.assertRaisesRegex(UserError, "no longer open"):
            page.action_post()

    def test_item_of_another_account(self):
        self._post_line(30)
        other = self._post_line(40, self.accounts[1])
        page = self._open()
        item = other.move_id.line_ids.filtered(
            lambda item: item.account_id == self.receivable
        )
        self._forge(page, item_id=item.id)
        with self.assertRaisesRegex(UserError, "no longer open"):
            page.action_post()

    def test_clerk_refunds_payments_only(self):
        self._post_line(30)
        self._issue(100, "prepayment")
        self.assertFalse(self._open(user=self.clerk).line_ids)
        payment = self._create_payment(20)
        page = self._open(user=self.clerk)
        self.assertEqual(page.line_ids.kind, "payment")
        self.assertFalse(page.is_manager)
        # A page of an administrator does not help either.
        item = self.env["account.move.line"].search(
            [("move_id.credit_line_id", "!=", False), ("credit", ">", 0)], limit=1
        )
        self._forge(page, item_id=item.id)
        with self.assertRaisesRegex(UserError, "no longer open"):
            page.action_post()
        self.assertFalse(payment.is_reconciled)

    def test_given_away_is_no_money(self):
        self._issue(100, funding="promotion")
        self.assertFalse(self._open().line_ids)

    def test_reason(self):
        self._post_line(30)
        for reason in (False, "  "):
            with self.assertRaisesRegex(UserError, "Enter a reason"):
                self._open(reason=reason).action_post()

    def test_own_account(self):
        # README says: "nobody refunds their own account."
        self._post_line(30)
        self.manager.partner_id.parent_id = self.account
        with self.assertRaisesRegex(UserError, "your own account"):
            self._open().action_post()

    def test_locked_date(self):
        self._post_line(30)
        self.company.fiscalyear_lock_date = "2099-12-31"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._open().action_post()

    def test_second_click(self):
        self._post_line(30)
        page = self._open()
        page.action_post()
        payment = page.payment_ids
        page.action_post()
        self.assertEqual(page.payment_ids, payment)

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        self._create_payment(30, currency_id=currency.id)
        page = self._open()
        self.assertEqual(page.line_ids.currency_id, currency)
        page.action_post()
        outstanding = page.payment_ids._get_outstanding_account("outbound")
        items = page.payment_ids.move_id.line_ids
        self.assertEqual(
            {line.account_id: line.amount_currency for line in items},
            {self.receivable: 30, outstanding: -30},
        )

    def test_undoing_a_refunded_credit(self):
        line = self._post_line(30)
        page = self._open()
        page.line_ids.amount = 30
        page.action_post()
        with self.assertRaises(UserError):
            line.action_reverse("unused", "2024-03-20", "Mistake")
        self.assertEqual(line.state, "posted")

    def test_form(self):
        self._post_line(30)
        self._create_payment(20)
        with Form(self.env["account.post.refund"].with_user(self.manager)) as form:
            form.partner_id = self.account
            self.assertEqual(len(form.line_ids), 2)
            with form.line_ids.edit(1) as row:
                row.amount = 10
            form.reason = "Asked"
            self.assertShows(form.total, "$ 10.00")
        form.record.action_post()
        self.assertEqual(form.record.payment_ids.amount, 10)

    def test_rights(self):
        with self.assertRaises(AccessError):
            self._open(user=self.accountant)
        self._post_line(10)
        page = self._open()
        lines = page.line_ids
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            page.with_user(self.clerk).read(["reason"])
        with self.assertRaises(AccessError):
            lines.with_user(self.clerk).read(["amount"])
