from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import AccountCreditCommon

DATE = fields.Date.to_date("2024-04-10")


@tagged("post_install", "-at_install")
class TestAccountCreditMove(AccountCreditCommon):
    """Open credit goes from one account to another by one entry, and lives on there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.misc = cls.company._get_credit_entry_journal()
        cls.sibling = cls.accounts[1]

    def _move(self, line, amount=None, account=None):
        moved = line.with_user(self.manager).move_to(
            (account or self.sibling).id, amount, DATE, "Divorce"
        )
        for batch in (line | moved).batch_id:
            self.assertLedgerSound(batch)
        return moved.with_user(self.env.user)

    def _get_balances(self):
        accounts = self.account + self.sibling
        accounts.invalidate_recordset()
        return accounts.mapped("account_credit_balance")

    # -------------------------------------------------------------------------
    # ENTRIES
    # -------------------------------------------------------------------------

    def test_credit_named_twice_is_moved_once(self):
        first, second = self._post_line(60), self._post_line(40)
        twice = first.browse([first.id, first.id, second.id])
        moved = self._move(twice, 100)
        self.assertEqual(moved.mapped("amount"), [60, 40])
        self.assertEqual((first | second).mapped("amount_open"), [0, 0])
        for line in moved:
            self.assertItems(
                line.move_id,
                [
                    (self.receivable, line.amount, line.amount),
                    (self.receivable, -line.amount, -line.amount),
                ],
            )
        self.assertEqual(self._get_balances(), [0, 100])

    def test_part_of_a_credit_is_moved_as_one_document(self):
        line = self._post_line(50, expiry_date="2031-12-31", public_comment="For Ann")
        moved = self._move(line, 20)
        entry = moved.move_id
        self.assertItems(
            entry, [(self.receivable, 20, 20), (self.receivable, -20, -20)]
        )
        self.assertRecordValues(
            entry.line_ids.sorted("id"),
            [
                {"partner_id": self.account.id, "reconciled": True},
                {"partner_id": self.sibling.id, "reconciled": False},
            ],
        )
        self.assertRecordValues(
            entry,
            [
                {
                    "move_type": "entry",
                    "journal_id": self.misc.id,
                    "date": DATE,
                    "state": "posted",
                }
            ],
        )
        self.assertRecordValues(
            moved,
            [
                {
                    "moved_from_id": line.id,
                    "partner_id": self.sibling.id,
                    "credit_item_id": self.item.id,
                    "expiry_date": line.expiry_date,
                    "public_comment": False,
                    "state": "posted",
                    "amount_open": 20,
                }
            ],
        )
        self.assertRecordValues(
            moved.batch_id, [{"state": "done", "correction": "move"}]
        )
        self.assertRecordValues(
            line, [{"state": "posted", "amount_open": 30, "amount_applied": 0}]
        )
        partial = line.move_line_id.matched_debit_ids
        self.assertEqual(partial.debit_move_id, moved.debit_line_id)
        self.assertEqual(partial.amount, 20)
        self.assertEqual(self._get_balances(), [30, 20])
        for batch in line.batch_id | moved.batch_id:
            self.assertIn("Divorce", batch.message_ids[0].body)
        for item in entry.line_ids:
            self.assertNotIn("Family", item.name)

    def test_moved_credit_pays_invoices_of_the_other_account(self):
        invoice = self._create_invoice(self.sibling, 15)
        line = self._post_line(50)
        moved = self._move(line)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(moved.amount_applied, 15)
        self.assertEqual(moved.amount_open, 35)
        self.assertEqual(line.amount_open, 0)
        self.assertEqual(line.state, "posted")

    def test_invoices_of_the_first_account_get_nothing_in_between(self):
        line = self._post_line(50)
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 40)
        self.company.credit_application_policy = "posted"
        self._move(line)
        self.assertEqual(invoice.amount_residual, 40)
        self.assertEqual(self._get_balances(), [0, 50])

    def test_used_credit_moves_what_is_open_only(self):
        self._create_invoice(self.account, 20)
        line = self._post_line(50)
        with self.assertRaisesRegex(UserError, "only .*30.00 is open"):
            self._move(line, 31)
        self._move(line)
        self.assertEqual(self._get_balances(), [0, 30])
        with self.assertRaisesRegex(UserError, "has no open amount"):
            self._move(line)

    def test_several_credits_are_moved_first_ones_first(self):
        lines = self._post_line(50) + self._post_line(30)
        moved = self._move(lines, 60)
        self.assertEqual(moved.mapped("amount"), [50, 10])
        self.assertEqual(moved.moved_from_id, lines)
        self.assertEqual(len(moved.move_id), 2)
        self.assertEqual(self._get_balances(), [20, 60])

    def test_moved_back_it_is_a_credit_of_the_first_account_again(self):
        line = self._post_line(50)
        moved = self._move(line)
        back = self._move(moved, None, self.account)
        self.assertEqual(back.moved_from_id, moved)
        self.assertEqual(self._get_balances(), [50, 0])
        # Deleted, it takes back what the first entry gave.
        back.action_reverse("all", DATE)
        self.assertItems(
            back.move_id.reversal_move_ids,
            [(self.credit_account, -50, -50), (self.receivable, 50, 50)],
        )
        self.assertEqual(back.state, "reversed")
        self.assertEqual(self._get_balances(), [0, 0])

    def test_credit_of_an_entry_is_moved_and_deleted(self):
        batch = self._create_batch(
            {self.account: 50, self.accounts[2]: 60}, document_form="entry"
        )
        batch.action_post()
        moved = self._move(batch.line_ids[0], 20)
        self.assertEqual(batch.line_ids.mapped("amount_open"), [30, 60])
        moved.batch_id.action_reverse("all", DATE)
        self.assertItems(
            moved.move_id.reversal_move_ids,
            [(self.credit_account, -20, -20), (self.receivable, 20, 20)],
        )
        self.assertEqual(moved.batch_id.state, "reversed")
        self.assertEqual(self._get_balances(), [30, 0])

    def test_taxed_credit_is_moved_and_its_taxes_come_back_when_deleted(self):
        self.item.taxes_id = self.company_data["default_tax_sale"]
        tax_account = self.company_data["default_account_tax_sale"]
        line = self._post_line(100)
        moved = self._move(line, 23)
        self.assertItems(
            moved.move_id, [(self.receivable, 23, 23), (self.receivable, -23, -23)]
        )
        moved.action_reverse("all", DATE)
        self.assertItems(
            moved.move_id.reversal_move_ids,
            [
                (self.credit_account, -20, -20),
                (tax_account, -3, -3),
                (self.receivable, 23, 23),
            ],
        )
        self.assertEqual(self._get_balances(), [92, 0])

    # -------------------------------------------------------------------------
    # UNDO
    # -------------------------------------------------------------------------

    def test_undo_of_the_first_credit_leaves_what_was_moved(self):
        line = self._post_line(50)
        moved = self._move(line, 20)
        line.action_reverse("all", DATE)
        self.assertItems(
            line.move_id.reversal_move_ids,
            [(self.credit_account, -30, -30), (self.receivable, 30, 30)],
        )
        self.assertEqual(line.state, "posted")
        self.assertIn(moved.batch_id.name, line.reversal_error)
        self.assertEqual(self._get_balances(), [0, 20])
        with self.assertRaisesRegex(UserError, "reverse it there, or move it back"):
            line.action_reverse("all", DATE)
        with self.assertRaisesRegex(UserError, "reverse it there, or move it back"):
            line.replace(10, date=DATE, reason="Wrong")

    def test_half_of_a_move_cannot_be_undone(self):
        line = self._post_line(50)
        moved = self._move(line, 20)
        partial = line.move_line_id.matched_debit_ids
        for act in (
            partial.unlink,
            moved.debit_line_id.remove_move_reconcile,
            lambda: moved.move_id._reverse_moves(cancel=True),
            moved.move_id.button_draft,
        ):
            with self.assertRaises(UserError):
                act()
        self.assertEqual(self._get_balances(), [30, 20])

    def test_moved_credit_is_replaced(self):
        line = self._post_line(50)
        moved = self._move(line, 20)
        replacement = moved.replace(15, date=DATE, reason="Wrong")
        self.assertEqual(replacement.partner_id, self.sibling)
        self.assertEqual(moved.state, "reversed")
        self.assertEqual(self._get_balances(), [30, 15])

    # -------------------------------------------------------------------------
    # CURRENCIES
    # -------------------------------------------------------------------------

    def test_foreign_currencies_of_any_precision(self):
        for code, rounding, amount, part, balance in (
            ("EUR", 0.01, 50.01, 33.33, 16.67),
            ("JPY", 1, 51, 33, 16.5),
            ("KWD", 0.001, 50.001, 33.333, 16.67),
        ):
            with self.subTest(code):
                currency = self.setup_other_currency(
                    code,
                    rounding=rounding,
                    rates=[("2024-01-01", 2), ("2024-04-01", 4)],
                )
                batch = self._create_batch(
                    line_ids=[
                        Command.create(
                            {
                                "partner_id": self.account.id,
                                "currency_id": currency.id,
                                "amount": amount,
                            }
                        )
                    ]
                )
                batch.action_post()
                line = batch.line_ids
                moved = self._move(line, part)
                # At the rate of the credit, not of the day.
                self.assertItems(
                    moved.move_id,
                    [
                        (self.receivable, balance, part),
                        (self.receivable, -balance, -part),
                    ],
                )
                self.assertEqual(moved.currency_id, currency)
                self.assertFalse(
                    currency.compare_amounts(line.amount_open, amount - part)
                )
                self._move(line)
                item = line.move_line_id
                self.assertTrue(item.reconciled)
                self.assertEqual(item.amount_residual, 0)
                self.assertFalse(item.matched_debit_ids.exchange_move_id)

    # -------------------------------------------------------------------------
    # REFUSALS
    # -------------------------------------------------------------------------

    def test_only_administrators_move(self):
        batch = self._create_batch()
        batch.with_user(self.clerk).action_post()
        for user in (self.clerk, self.accountant):
            with self.assertRaises(AccessError):
                batch.line_ids.with_user(user).move_to(self.sibling.id, reason="Mine")
        self.assertEqual(batch.line_ids.amount_open, 10)

    def test_faults_are_refused(self):
        # README says: "nobody moves a credit to their own account."
        line = self._post_line(50)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": other.id}
        )
        archived = self.env["res.partner"].create({"name": "Gone", "active": False})
        own = self.manager.partner_id
        for account, amount, message in (
            (self.account, 10, "an account other than"),
            (foreign, 10, "of another company"),
            (archived, 10, "is archived"),
            (own, 10, "your own account"),
            (self.sibling, 0, "above zero"),
            (self.sibling, -10, "above zero"),
            (self.sibling, 50.01, "is open"),
        ):
            with self.assertRaisesRegex(UserError, message):
                self._move(line, amount, account)
        with self.assertRaisesRegex(UserError, "Enter a reason"):
            line.move_to(self.sibling.id, 10, DATE)
        self.assertEqual(line.amount_open, 50)
        self.assertFalse(line.moved_line_ids)

    def test_cap_of_the_other_account_holds(self):
        self.company.credit_open_cap = 60
        line = self._post_line(50)
        self._post_line(30, self.sibling)
        with self.assertRaises(UserError) as refusal:
            self._move(line, 40)
        self.assertIn("most that an account may have", str(refusal.exception))
        self._move(line, 30)
        self.assertEqual(self._get_balances(), [20, 60])

    def test_locked_date_is_refused(self):
        line = self._post_line(50)
        self.company.fiscalyear_lock_date = "2024-04-30"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._move(line, 10)
        self.assertEqual(line.amount_open, 50)

    def test_reversed_credit_is_refused(self):
        line = self._post_line(50)
        line.action_reverse("all", DATE)
        with self.assertRaisesRegex(UserError, "already reversed"):
            self._move(line, 10)

    def test_two_currencies_are_refused(self):
        lines = self._post_line(50)
        batch = self._create_batch()
        batch.line_ids.currency_id = self.setup_other_currency("EUR")
        batch.action_post()
        with self.assertRaisesRegex(UserError, "one currency at a time"):
            self._move(lines + batch.line_ids)

    def test_enrollee_stands_for_the_account(self):
        enrollee = self.env["res.partner"].create(
            {"name": "Ben", "parent_id": self.sibling.id}
        )
        moved = self._move(self._post_line(50), 20, enrollee)
        self.assertEqual(moved.partner_id, self.sibling)

    # -------------------------------------------------------------------------
    # DIALOG
    # -------------------------------------------------------------------------

    def test_dialog_shows_the_entry_and_moves(self):
        lines = self._post_line(50) + self._post_line(30)
        action = lines.with_user(self.manager).with_context(change="move")
        action = action.action_change()
        dialog = self.env[action["res_model"]].with_user(self.manager)
        form = Form(dialog.with_context(**action["context"]))
        self.assertEqual(form.amount, 80)
        form.partner_id = self.sibling
        form.amount = 81
        self.assertIn("is open", form.error)
        form.amount = 60
        self.assertFalse(form.error)
        self.assertIn("Family 1", form.preview)
        form.date = DATE
        form.reason = "Divorce"
        form.save().action_confirm()
        self.assertEqual(self._get_balances(), [20, 60])
