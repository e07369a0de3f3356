from datetime import date, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import format_date

from odoo.addons.account_credit_posting.tools.card_code import (
    ALPHABET,
    LENGTH,
    create_code,
    normalize_code,
)

from ..models.stored_value import stored_value_changes
from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueSetUp(StoredValueCommon):
    """What each company gets."""

    def test_company_with_a_chart_gets_all(self):
        company = self._create_company(name="Lakeside")
        accounts = (
            company.gift_card_liability_account_id
            | company.prepayment_liability_account_id
            | company.promotional_liability_account_id
            | company.gift_card_promotion_account_id
            | company.breakage_account_id
        ).with_company(company)
        self.assertEqual(len(accounts), 5)
        self.assertEqual(
            accounts.mapped("account_type"),
            [*["liability_current"] * 3, "income", "income_other"],
        )
        self.assertEqual(len(set(accounts.mapped("code"))), 5)
        self.assertEqual(company.stored_value_journal_id.type, "general")
        self.assertEqual(company.stored_value_journal_id.code, "STVAL")

    def test_liabilities_never_share_an_account(self):
        # README says: "Money paid in, money held in advance and value given away never
        # share a liability account"
        with self.assertRaises(ValidationError):
            self.company.prepayment_liability_account_id = self.sold

    def test_account_in_use_is_not_deleted(self):
        with self.assertRaises(UserError):
            self.sold.unlink()
        with self.assertRaises(UserError):
            self.company.stored_value_journal_id.unlink()


@tagged("post_install", "-at_install")
class TestStoredValueEvents(StoredValueCommon):
    """Each event of the table, to the last journal item."""

    def test_gift_card_sold_for_cash(self):
        value = self._issue(100)
        self.assertEvents(
            value,
            [("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)])],
        )
        self.assertRecordValues(
            value,
            [
                {
                    "state": "active",
                    "balance": 100,
                    "initial_amount": 100,
                    "funding": "payment",
                    "issue_date": date(2024, 3, 15),
                    "funding_account_id": self.outstanding.id,
                    "partner_id": self.account.id,
                }
            ],
        )
        payment = self.env["account.payment"].search(
            [("stored_value_id", "=", value.id)]
        )
        self.assertEqual(payment.move_id.state, "posted")
        self.assertEqual(payment.memo, value.name)

    def test_prepayment_received(self):
        value = self._issue(80, "prepayment")
        self.assertFalse(self.code)
        self.assertEvents(
            value,
            [("issue", [(self.outstanding, 80, 80), (self.prepaid, -80, -80)])],
        )

    def test_bank_line_reconciles_with_the_payment(self):
        value = self._issue(80, "prepayment")
        payment = self.env["account.payment"].search(
            [("stored_value_id", "=", value.id)]
        )
        bank_line = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank.id, "amount": 80, "payment_ref": "Family 0"}
        )
        _liquidity, suspense, _other = bank_line._seek_for_lines()
        suspense.account_id = self.outstanding
        lines = suspense + payment.move_id.line_ids.filtered(
            lambda line: line.account_id == self.outstanding
        )
        lines.reconcile()
        self.assertTrue(all(lines.mapped("reconciled")))
        self.assertTrue(payment.is_matched)
        with self.assertRaisesRegex(UserError, "on a bank statement"):
            value.with_user(self.manager).action_void("Mistake")

    def test_gift_card_given_away(self):
        value = self._issue(25, funding="promotion")
        self.assertEvents(
            value, [("issue", [(self.promotion, 25, 25), (self.given, -25, -25)])]
        )

    def test_prepayment_is_never_given_away(self):
        with self.assertRaises(UserError):
            self._issue(25, "prepayment", funding="promotion")

    def test_opening_balance(self):
        value = self._issue(
            60,
            funding="opening",
            user=self.manager,
            opening_account_id=self.opening.id,
        )
        self.assertEvents(
            value, [("issue", [(self.opening, 60, 60), (self.sold, -60, -60)])]
        )

    def test_money_on_the_account_becomes_a_prepayment(self):
        payments = self._create_payment(30) | self._create_payment(50)
        value = self._issue(60, "prepayment", funding="reclass")
        self.assertEvents(
            value, [("issue", [(self.receivable, 60, 60), (self.prepaid, -60, -60)])]
        )
        residuals = payments.move_id.line_ids.filtered(
            lambda line: line.account_id == self.receivable
        ).mapped("amount_residual")
        self.assertEqual(residuals, [0, -20])

    def test_a_credit_never_becomes_stored_value(self):
        # README says: "they never become a gift card, nor the other way round."
        self.company.credit_application_policy = "manual"
        self._post_line(100)
        with self.assertRaisesRegex(UserError, "Credits are not money"):
            self._issue(60, "prepayment", funding="reclass")
        # Nor the other way round: the held money is no credit that pays by the rule.
        self._issue(60, "prepayment")
        invoice = self._create_invoice(self.account, 500)
        self.account.apply_account_credits()
        self.assertEqual(invoice.amount_residual, 400)

    def test_foreign_currency_leaves_nothing_behind(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.83), ("2024-06-01", 0.91)]
        )
        value = self._issue(99.99, currency_id=euro.id)
        self.assertEqual(value.balance, 99.99)
        with freeze_time("2024-06-10"):
            value.with_user(self.manager).adjust(120, "Wrong amount")
            value.with_user(self.manager).move_to(self.accounts[1].id, 33.33)
            value.with_user(self.manager).move_to(self.accounts[2].id)
        self.assertEqual(value.balance, 0)
        self.assertEqual(value.state, "used")
        self.assertAlmostEqual(sum(value.move_line_ids.mapped("balance")), 0)
        self.assertTiesOut()

    def test_administrator_raises_and_lowers(self):
        value = self._issue(100)
        with freeze_time("2024-04-02"):
            value.with_user(self.manager).adjust(110, "Typing error")
            value.with_user(self.manager).adjust(40, "Typing error")
        self.assertEvents(
            value,
            [
                ("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)]),
                ("adjust", [(self.outstanding, 10, 10), (self.sold, -10, -10)]),
                ("adjust", [(self.outstanding, -70, -70), (self.sold, 70, 70)]),
            ],
        )
        self.assertEqual((value.initial_amount, value.balance), (40, 40))
        self.assertEqual(
            value.move_line_ids.sorted("id")[1:].mapped("date"), [date(2024, 4, 2)] * 2
        )

    def test_never_lowered_below_what_is_used(self):
        value = self._issue(100)
        value.with_user(self.manager).move_to(self.accounts[1].id, 70)
        with self.assertRaisesRegex(UserError, "already used"):
            value.with_user(self.manager).adjust(60, "Too much")
        self.assertEqual(value.balance, 30)

    def test_moved_to_another_account(self):
        self.company.paid_value_expires = True
        value = self._issue(100, expiry_date="2099-12-31")
        target = self.values.browse(
            value.with_user(self.manager).move_to(self.accounts[1].id, 40)
        )
        items = [(self.sold, 40, 40), (self.sold, -40, -40)]
        self.assertEvents(target, [("move", items)])
        self.assertEqual(value.balance, 60)
        self.assertRecordValues(
            target,
            [
                {
                    "balance": 40,
                    "partner_id": self.accounts[1].id,
                    "origin_id": value.id,
                    "funding": "payment",
                    "state": "active",
                    "expiry_date": date(2099, 12, 31),
                }
            ],
        )
        move = target.move_line_ids.move_id
        self.assertEqual(
            move.line_ids.mapped("partner_id"), self.account | self.accounts[1]
        )

    def test_cap_of_the_account_that_gets_it(self):
        self.company.credit_open_cap = 100
        target = self.accounts[1]
        self._issue(60, account=target, funding="promotion")
        given = self._issue(50, funding="promotion")
        code = self.code
        for take in (
            lambda: given.with_user(self.manager).move_to(target.id),
            lambda: self.values.with_user(self.clerk).redeem(code, target.id),
        ):
            with (
                self.assertRaisesRegex(UserError, r"110\.00 of open credits"),
                self.env.cr.savepoint(),
            ):
                take()
        self.assertEqual((given.state, given.balance), ("active", 50))
        new_id = given.with_user(self.manager).move_to(target.id, 40)
        self.assertEvents(
            self.values.browse(new_id),
            [("move", [(self.given, 40, 40), (self.given, -40, -40)])],
        )
        # Money that somebody paid is not given away.
        paid = self._issue(500)
        new_id = paid.with_user(self.manager).move_to(target.id)
        self.assertEqual(self.values.browse(new_id).balance, 500)

    def test_no_overdraft(self):
        value = self._issue(100)
        for amount in (100.01, 0, -5):
            with self.assertRaises(UserError):
                value.with_user(self.manager).move_to(self.accounts[1].id, amount)
            with self.assertRaises(UserError):
                value.with_user(self.manager).refund(amount, self.bank.id)
        self.assertEqual(value.balance, 100)

    def test_refund(self):
        value = self._issue(100)
        outgoing = (
            self.env["account.payment"]
            .new({"company_id": self.company.id})
            ._get_outstanding_account("outbound")
        )
        value.with_user(self.manager).refund(30, self.bank.id)
        self.assertEvents(
            value,
            [
                ("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)]),
                ("refund", [(self.sold, 30, 30), (outgoing, -30, -30)]),
            ],
        )
        value.with_user(self.manager).refund(70, self.bank.id)
        self.assertEqual((value.balance, value.state), (0, "used"))

    def test_what_was_given_away_is_not_refunded(self):
        value = self._issue(25, funding="promotion")
        with self.assertRaisesRegex(UserError, "given away"):
            value.with_user(self.manager).refund(5, self.bank.id)

    def test_expiry(self):
        value = self._issue(25, funding="promotion")
        stored_value_changes.expire(value, date(2024, 9, 1))
        self.assertEvents(
            value,
            [
                ("issue", [(self.promotion, 25, 25), (self.given, -25, -25)]),
                ("expire", [(self.given, 25, 25), (self.breakage, -25, -25)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (0, "expired"))

    def test_paid_value_expires_only_where_the_company_says_so(self):
        # README says: "Value that was paid for never expires, unless the settings say
        # so"
        value = self._issue(25)
        with self.assertRaisesRegex(UserError, "does not expire"):
            stored_value_changes.expire(value, date(2024, 9, 1))
        self.company.paid_value_expires = True
        stored_value_changes.expire(value, date(2024, 9, 1))
        self.assertEqual(value.balance, 0)

    def test_void_of_a_mistake(self):
        value = self._issue(100)
        value.with_user(self.manager).action_void("Wrong family")
        self.assertEvents(
            value,
            [
                ("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)]),
                ("void", [(self.outstanding, -100, -100), (self.sold, 100, 100)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (0, "void"))

    def test_void_of_the_rest_of_a_card_given_away(self):
        value = self._issue(25, funding="promotion")
        value.with_user(self.manager).move_to(self.accounts[1].id, 10)
        value.with_user(self.manager).action_void("Left the school")
        self.assertItems(
            value.move_line_ids.move_id.sorted("id")[-1],
            [(self.given, 15, 15), (self.promotion, -15, -15)],
        )
        self.assertEqual((value.balance, value.state), (0, "void"))
        self.assertTiesOut()

    def test_what_comes_back_to_a_voided_card_goes_where_the_rest_went(self):
        value = self._issue(25, funding="promotion")
        invoice = self._create_invoice(self.account, 10)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        value.with_user(self.manager).action_void("Stolen")
        invoice.button_cancel()
        self.assertEvents(
            value,
            [
                ("issue", [(self.promotion, 25, 25), (self.given, -25, -25)]),
                ("use", [(self.given, 10, 10), (self.receivable, -10, -10)]),
                ("void", [(self.given, 15, 15), (self.promotion, -15, -15)]),
                ("undo", [(self.given, -10, -10), (self.receivable, 10, 10)]),
                ("void", [(self.given, 10, 10), (self.promotion, -10, -10)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (0, "void"))

    def test_state_follows_from_the_one_before(self):
        value = self._issue(25, funding="promotion")
        value.with_user(self.manager).action_void("Mistake")
        for state in ("draft", "active", "used", "expired"):
            with self.assertRaises(ValueError):
                value._update_state(state)
        self.assertEqual(value.state, "void")

    def test_paid_value_used_in_part_is_not_voided(self):
        # README says: "Value that was paid for and used is never deleted"
        value = self._issue(100)
        value.with_user(self.manager).move_to(self.accounts[1].id, 10)
        with self.assertRaisesRegex(UserError, "never deleted"):
            value.with_user(self.manager).action_void("Mistake")
        self.assertEqual(value.balance, 90)

    def test_block_and_unblock(self):
        value = self._issue(100)
        value.with_user(self.clerk).action_block("Wrong email")
        self.assertEqual((value.state, value.balance), ("blocked", 100))
        with self.assertRaises(UserError):
            value.with_user(self.manager).move_to(self.accounts[1].id)
        with self.assertRaises(UserError):
            self.values.with_user(self.clerk).redeem(self.code, self.accounts[1].id)
        value.with_user(self.manager).action_unblock()
        self.assertEqual(value.state, "active")
        self.assertEqual(len(value.move_line_ids), 1)

    def test_locked_date(self):
        value = self._issue(100)
        self.company.fiscalyear_lock_date = fields.Date.context_today(value)
        with self.assertRaisesRegex(UserError, "locked"):
            value.with_user(self.manager).adjust(50, "Mistake")
        self.assertEqual(value.balance, 100)

    def test_nothing_is_dated_otherwise_than_it_says(self):
        value = self._issue(100)
        invoice = self._create_invoice(self.account, 30)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        managers = value.with_user(self.manager)
        issued = self.values.search_count([])
        # The month of the issue, and today.
        self.company.fiscalyear_lock_date = fields.Date.today()
        today = format_date(self.env, fields.Date.today())
        for day, call in (
            ("03/15/2024", lambda: self._issue(100)),
            ("03/15/2024", lambda: self._issue(100, "prepayment")),
            ("03/15/2024", lambda: self._issue(100, funding="promotion")),
            (today, lambda: managers.refund(10, self.bank.id)),
            (today, lambda: managers.move_to(self.accounts[1].id)),
            (today, lambda: invoice.with_user(self.clerk).unapply_account_credits()),
        ):
            with (
                self.assertRaisesRegex(UserError, f"the date {day} is locked"),
                self.env.cr.savepoint(),
            ):
                call()
        self.assertEqual((value.balance, invoice.amount_residual), (70, 0))
        self.assertEqual(self.values.search_count([]), issued)
        self.company.fiscalyear_lock_date = fields.Date.today() - timedelta(days=1)
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual(value.move_line_ids.sorted("id")[-1].date, fields.Date.today())

    def test_void_of_a_mistake_on_a_locked_day(self):
        value = self._issue(100)
        self.company.fiscalyear_lock_date = fields.Date.today()
        with self.assertRaisesRegex(UserError, "is locked"):
            value.with_user(self.manager).action_void("Mistake")


@tagged("post_install", "-at_install")
class TestStoredValueBalances(StoredValueCommon):
    """On the account, from the ledger."""

    def test_balances_of_an_account(self):
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        self._issue(100)
        self._issue(25, funding="promotion")
        self._issue(80, "prepayment", account=child)
        self._issue(7, account=self.accounts[1])
        for partner in (self.account, child):
            self.assertRecordValues(
                partner.with_user(self.clerk),
                [{"gift_card_balance": 125, "prepayment_balance": 80}],
            )
        self.assertEqual(self.account.account_credit_balance, 0)
        employee = self._create_user("employee", "base.group_user")
        with self.assertRaises(AccessError):
            self.account.with_user(employee).read(["gift_card_balance"])

    def test_balances_of_another_company(self):
        self._issue(100)
        other = self.setup_other_company()["company"]
        self.assertEqual(self.account.with_company(other).gift_card_balance, 0)


@tagged("post_install", "-at_install")
class TestStoredValueUse(StoredValueCommon):
    """Paying invoices, through the code that applies credits."""

    def test_gift_card_pays_an_invoice(self):
        value = self._issue(100)
        invoice = self._create_invoice(self.account, 60)
        self.assertEqual(invoice.amount_residual, 60, "not by itself")
        paid = value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(paid, 60)
        self.assertEvents(
            value,
            [
                ("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)]),
                ("use", [(self.sold, 60, 60), (self.receivable, -60, -60)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (40, "active"))
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (0, "paid"))
        self.assertEqual(invoice.account_credit_amount, 60)
        self.assertRecordValues(
            invoice.credit_application_ids,
            [
                {
                    "stored_value_id": value.id,
                    "amount": 60,
                    "origin": "user",
                    "state": "applied",
                }
            ],
        )
        [content] = invoice.invoice_payments_widget["content"]
        self.assertEqual(content["credit_label"], value.name)

    def test_part_of_it(self):
        value = self._issue(100)
        invoice = self._create_invoice(self.account, 60)
        value.with_user(self.clerk).apply_to_invoice(invoice.id, 25)
        self.assertEqual((value.balance, invoice.amount_residual), (75, 35))

    def test_used_up(self):
        value = self._issue(50)
        invoice = self._create_invoice(self.account, 60)
        self.assertEqual(value.with_user(self.clerk).apply_to_invoice(invoice.id), 50)
        self.assertEqual((value.balance, value.state), (0, "used"))
        with self.assertRaisesRegex(UserError, "Nothing was paid"):
            value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(invoice.amount_residual, 10)

    def test_cancelled_invoice_gives_it_back(self):
        value = self._issue(60)
        invoice = self._create_invoice(self.account, 60)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(value.state, "used")
        invoice.button_cancel()
        self.assertEvents(
            value,
            [
                ("issue", [(self.outstanding, 60, 60), (self.sold, -60, -60)]),
                ("use", [(self.sold, 60, 60), (self.receivable, -60, -60)]),
                ("undo", [(self.sold, -60, -60), (self.receivable, 60, 60)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (60, "active"))
        self.assertFalse(
            value.move_line_ids.move_id.line_ids.filtered(
                lambda line: line.account_id == self.receivable and not line.reconciled
            )
        )

    def test_unapplied_and_kept_apart(self):
        self.company.auto_apply_gift_cards = True
        value = self._issue(60)
        invoice = self._create_invoice(self.account, 60)
        self.assertEqual(value.balance, 0)
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual((value.balance, invoice.amount_residual), (60, 60))
        self._create_invoice(self.accounts[1], 5)
        other = self._create_invoice(self.account, 10)
        self.assertEqual((value.balance, other.amount_residual), (50, 0))
        self.assertEqual(invoice.amount_residual, 60)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual((value.balance, invoice.amount_residual), (0, 10))
        self.assertTiesOut()

    def test_daily_run_finds_accounts_with_stored_value_alone(self):
        self.company.write(
            {
                "credit_application_policy": "due",
                "credit_application_days": 7,
                "auto_apply_prepayments": True,
            }
        )
        value = self._issue(40, "prepayment")
        card = self._issue(40)
        with freeze_time("2024-03-20"):
            invoice = self._create_invoice(
                self.account,
                60,
                invoice_date_due="2024-04-30",
                invoice_payment_term_id=False,
            )
        for day, left in (("2024-04-22", 60), ("2024-04-23", 20), ("2024-04-24", 20)):
            with freeze_time(day), self.enter_registry_test_mode():
                self.env.ref(
                    "account_credit_posting.ir_cron_apply_credits"
                ).method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(invoice.amount_residual, left)
        self.assertEqual((value.balance, card.balance), (0, 40))

    def test_order_credits_then_prepayments_then_gift_cards(self):
        self.company.paid_value_expires = True
        self.company.write(
            {
                "auto_apply_gift_cards": True,
                "auto_apply_prepayments": True,
                "credit_application_policy": "manual",
            }
        )
        late = self._issue(10, expiry_date="2099-12-31")
        given = self._issue(10, funding="promotion", expiry_date="2099-06-30")
        soon = self._issue(10, expiry_date="2099-06-30")
        prepaid = self._issue(10, "prepayment")
        credit = self._post_line(10)
        self.company.credit_application_policy = "posted"
        invoice = self._create_invoice(self.account, 45)
        applications = invoice.credit_application_ids.sorted("id")
        self.assertEqual(
            [item.stored_value_id or item.credit_move_id for item in applications],
            [credit.move_id, prepaid, given, soon, late],
        )
        self.assertEqual(late.balance, 5)
        self.assertTiesOut()

    def test_not_of_another_account_currency_or_state(self):
        value = self._issue(60).with_user(self.clerk)
        other = self._create_invoice(self.accounts[1], 60)
        euro = self.setup_other_currency("EUR")
        foreign = self._create_invoice(self.account, 60, currency_id=euro.id)
        draft = self.env["account.move"].create(
            self._prepare_invoice_vals(self.account, 60)
        )
        for invoice in (other, foreign, draft):
            with self.assertRaises(UserError):
                value.apply_to_invoice(invoice.id)
        mine = self._create_invoice(self.account, 60)
        value.action_block("Lost")
        with self.assertRaises(UserError):
            value.apply_to_invoice(mine.id)
        with self.assertRaises(AccessError):
            value.with_user(self.accountant).apply_to_invoice(mine.id)
        self.assertEqual(value.balance, 60)

    def test_foreign_value_at_another_rate(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.5), ("2024-03-10", 0.8)]
        )
        value = self._issue(100, currency_id=euro.id)
        invoice = self._create_invoice(
            self.account, 60, currency_id=euro.id, invoice_date="2024-02-01"
        )
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(invoice.amount_residual, 0)
        use = value.move_line_ids.move_id.sorted("id")[-1]
        self.assertItems(use, [(self.sold, 75, 60), (self.receivable, -75, -60)])
        difference = invoice.credit_application_ids.partial_id.exchange_move_id
        self.assertEqual(sum(difference.line_ids.mapped("balance")), 0)
        self.assertEqual(abs(difference.line_ids[0].balance), 45)
        self.assertTiesOut()


@tagged("post_install", "-at_install")
class TestStoredValueCodes(StoredValueCommon):
    """Codes are told once, and found by whoever types them."""

    def test_code_is_nowhere(self):
        value = self._issue(100)
        code = self.code.replace("-", "")
        self.assertEqual(len(code), LENGTH)
        self.assertEqual(value.code_last4, code[-4:])
        self.assertNotIn(code, str(value.sudo().read()))
        self.assertNotIn(code, str(value.message_ids.mapped("body")))
        self.env.cr.execute(
            "SELECT 1 FROM account_stored_value WHERE code_hash ILIKE %s",
            [f"%{code}%"],
        )
        self.assertFalse(self.env.cr.fetchone())

    def test_redeem_moves_the_value_once(self):
        value = self._issue(100)
        answer = self.values.with_user(self.clerk).redeem(
            self.code.lower().replace("-", " "), self.accounts[1].id
        )
        target = self.values.browse(answer["id"])
        self.assertEqual(answer["balance"], 100)
        self.assertEqual(target.partner_id, self.accounts[1])
        self.assertEqual((value.balance, value.state), (0, "used"))
        self.assertEqual(target.move_line_ids.move_id.stored_value_event, "redeem")
        with self.assertRaisesRegex(UserError, "no gift card"):
            self.values.with_user(self.clerk).redeem(self.code, self.accounts[2].id)
        self.assertTiesOut()

    def test_every_wrong_code_gets_the_same_answer(self):
        self._issue(100)
        good = self.code
        blocked = self._issue(100)
        blocked_code = self.code
        blocked.action_block("Lost")
        other_end = "0" if good[-1] != "0" else "1"
        answers = set()
        for code in ("", "x", good[:-1] + other_end, blocked_code, create_code(), None):
            with self.assertRaises(UserError) as caught:
                self.values.with_user(self.clerk).balance_of(code)
            answers.add(str(caught.exception))
        self.assertEqual(len(answers), 1)
        answer = self.values.with_user(self.clerk).balance_of(good)
        self.assertEqual(answer["balance"], 100)

    def test_new_code_replaces_the_old_one(self):
        value = self._issue(100)
        old = self.code
        new = value.with_user(self.manager).action_new_code()
        with self.assertRaises(UserError):
            self.values.with_user(self.clerk).balance_of(old)
        self.assertEqual(
            self.values.with_user(self.clerk).balance_of(new)["balance"], 100
        )
        self.assertEqual(len(value.move_line_ids), 1)

    def test_expired_card_is_not_found(self):
        self.company.paid_value_expires = True
        self._issue(100, expiry_date="2024-12-31")
        with freeze_time("2025-01-01"), self.assertRaises(UserError):
            self.values.with_user(self.clerk).balance_of(self.code)

    def test_check_character_finds_typing_errors(self):
        for _ in range(50):
            code = create_code()
            self.assertEqual(normalize_code(code), code)
            for position in range(LENGTH):
                wrong = ALPHABET[(ALPHABET.index(code[position]) + 7) % 32]
                self.assertFalse(
                    normalize_code(code[:position] + wrong + code[position + 1 :])
                )

    def test_letters_that_look_alike(self):
        code = next(
            code for code in iter(create_code, None) if "0" in code and "1" in code
        )
        self.assertEqual(normalize_code(code.replace("0", "O").replace("1", "l")), code)

    def test_what_stands_between_letters_and_digits_does_not_matter(self):
        code = create_code()
        groups = [code[start : start + 4] for start in range(0, 16, 4)]
        marks = "\u2010\u2013\u2014\u2212\u00a0\u2003\u200b\u200d\ufeff\u00ad\u00b7"
        for mark in f" -._\n{marks}":
            self.assertEqual(normalize_code(mark + mark.join(groups)), code, repr(mark))
        # As some keyboards and documents write them.
        wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
        self.assertEqual(normalize_code(wide), code)
        self.assertEqual(normalize_code(code.lower()), code)
        for text in (None, 5, [code, code], "A" * 10**6):
            self.assertEqual(normalize_code(text), "")


@tagged("post_install", "-at_install")
class TestStoredValueRights(StoredValueCommon):
    """In the model, whatever the screens show."""

    def test_clerk_does_not_correct(self):
        value = self._issue(100).with_user(self.clerk)
        for call in (
            lambda: value.adjust(50, "Mine"),
            lambda: value.move_to(self.accounts[1].id),
            lambda: value.refund(5, self.bank.id),
            lambda: value.action_void("Mine"),
            value.action_new_code,
            lambda: value.write({"expiry_date": "2099-01-01"}),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(value.balance, 100)

    def test_accountant_reads_and_changes_nothing(self):
        value = self._issue(100).with_user(self.accountant)
        self.assertEqual(value.balance, 100)
        for call in (
            lambda: value.adjust(50, "Mine"),
            lambda: value.action_block("Mine"),
            lambda: value.redeem(self.code, self.account.id),
            lambda: value.balance_of(self.code),
            lambda: value.write({"memo": "Mine"}),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_others_see_nothing(self):
        value = self._issue(100)
        for group in ("base.group_user", "base.group_portal"):
            user = self._create_user(group, group)
            with self.assertRaises(AccessError):
                value.with_user(user).read(["balance"])
            with self.assertRaises(AccessError):
                self.values.with_user(user).balance_of(self.code)
            with self.assertRaises(AccessError):
                self.values.with_user(user).issue(
                    "gift_card", self.account.id, 5, "promotion"
                )

    def test_facts_are_written_by_events_alone(self):
        value = self._issue(100)
        for user in (self.clerk, self.manager):
            for vals in (
                {"state": "active"},
                {"initial_amount": 5000},
                {"partner_id": self.accounts[1].id},
                {"code_hash": "x"},
                {"currency_id": self.env.ref("base.EUR").id},
            ):
                with self.assertRaises(AccessError):
                    value.with_user(user).write(vals)
            # An AccessError is a UserError.
            with self.assertRaises(UserError):
                value.with_user(user).unlink()
            with self.assertRaises(AccessError):
                self.values.with_user(user).with_context(
                    stored_value_event=True
                ).create(
                    {
                        "value_type": "gift_card",
                        "partner_id": self.account.id,
                        "funding": "payment",
                        "initial_amount": 5,
                        "state": "active",
                    }
                )

    def test_defaults_say_nothing_that_did_not_happen(self):
        forged = {
            "state": "active",
            "liability_account_id": self.sold.id,
            "invoice_id": self._create_invoice(self.account, 60).id,
            "awaits_payment": True,
            "origin_id": self._issue(100).id,
            "code_last4": "0000",
            "awaits_hand_over": True,
            "send_error": "x",
            "sent_date": "2024-03-15 10:00:00",
            "reminder_date": "2024-03-15",
            "movement_count": 7,
            "requested_by_id": self.manager.id,
            "tax_policy": "reduce",
            "voucher_kind": "single",
            "voucher_tax_id": self.company_data["default_tax_sale"].id,
            "given_amount": 20,
            "given_account_id": self.given.id,
        }
        # Each fact of the model is among them.
        writers = self.values._get_writers()
        facts = {name for name, named in writers.items() if "draft" not in named}
        self.assertEqual(facts - {"name", "code_hash"}, set(forged))
        vals = {
            "value_type": "gift_card",
            "partner_id": self.account.id,
            "funding": "promotion",
            "initial_amount": 5,
        }
        names = ["value_type", "partner_id/.id", "funding", "initial_amount"]
        row = ["Gift Card", str(self.account.id), "Given away", "5"]
        values = self.values.with_user(self.clerk)
        for name, forgery in forged.items():
            with self.subTest(name):
                # A default of the user, and one in the context.
                self.env["ir.default"].set(values._name, name, forgery)
                defaulted = values.with_context(**{f"default_{name}": forgery})
                created = defaulted.create(vals)
                loaded = defaulted.load(names, [row])
                self.assertFalse(loaded["messages"])
                for value in (*created.sudo(), *self.values.browse(loaded["ids"])):
                    expected = {"state": "draft", "voucher_kind": "multi"}
                    self.assertEqual(value[name] or False, expected.get(name, False))
                with self.assertRaises(AccessError):
                    values.create({**vals, name: forgery})
                path = f"{name}/.id" if values._fields[name].relational else name
                loaded = values.load([*names, path], [[*row, str(forgery)]])
                self.assertFalse(loaded["ids"])
                self.assertIn("only written by its events", str(loaded["messages"]))
        # What nobody may see, nobody may send either.
        self.env["ir.default"].set(values._name, "code_hash", "x")
        self.assertFalse(values.create(vals).sudo().code_hash)
        with self.assertRaises(AccessError):
            values.with_context(default_code_hash="x").create(vals)

    def test_nobody_books_on_the_liability(self):
        # README says: "nothing else posts there, however it is posted"
        value = self._issue(100)
        other = self.company_data["default_account_revenue"]
        for stored_value in (False, value.id):
            move = self.env["account.move"].create(
                {
                    "move_type": "entry",
                    "date": "2024-03-15",
                    "line_ids": [
                        Command.create(
                            {
                                "account_id": self.sold.id,
                                "partner_id": self.account.id,
                                "stored_value_id": stored_value,
                                "debit": 100,
                            }
                        ),
                        Command.create({"account_id": other.id, "credit": 100}),
                    ],
                }
            )
            with self.assertRaisesRegex(UserError, "hold the money"):
                move.action_post()

    def test_posted_events_stay(self):
        value = self._issue(100)
        move = value.move_line_ids.move_id
        for change in (
            move.button_draft,
            move.button_cancel,
            move.unlink,
            lambda: move.write({"stored_value_event": False}),
            lambda: value.move_line_ids.write({"stored_value_id": False}),
            lambda: value.move_line_ids.write({"debit": 1}),
            lambda: move.origin_payment_id.action_draft(),
            lambda: move.origin_payment_id.unlink(),
            lambda: move._reverse_moves(cancel=True),
        ):
            # An AccessError is a UserError.
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        self.assertEqual(value.balance, 100)
        self.assertTiesOut()

    def test_card_of_another_company(self):
        other = self.setup_other_company()["company"]
        value = self._issue(100)
        foreigner = self._create_user("foreigner", "account.group_account_manager")
        foreigner.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            value.with_user(foreigner).read(["balance"])
        with self.assertRaises(AccessError):
            value.with_user(foreigner).adjust(5, "Mine")
        with self.assertRaises(UserError):
            self.values.with_user(foreigner).redeem(self.code, self.account.id)
        with self.assertRaises(UserError):
            self.values.with_user(foreigner).issue(
                "gift_card", self.account.id, 5, "promotion", company_id=self.company.id
            )
        self.accounts[1].company_id = other
        for funding in ("payment", "promotion"):
            with self.assertRaises(UserError):
                self._issue(5, funding=funding, account=self.accounts[1])

    def test_amounts_are_never_rounded(self):
        # README says: "fails, it is never rounded"
        value = self._issue(100).with_user(self.manager)
        invoice = self._create_invoice(self.account, 60)
        moves = self.env["account.move"].search([])
        for amount in (10.005, "10.005", "1e2", 1e300, float("nan"), True, [1], "ten"):
            for call in (
                lambda amount: self._issue(amount),
                lambda amount: value.apply_to_invoice(invoice.id, amount),
                lambda amount: value.adjust(amount, "Typing error"),
                lambda amount: value.move_to(self.accounts[1].id, amount),
                lambda amount: value.refund(amount, self.bank.id),
            ):
                with self.assertRaisesRegex(
                    UserError, "not a valid amount|more precise"
                ):
                    call(amount)
        with self.assertRaisesRegex(UserError, "the highest amount allowed"):
            self._issue("999999999999999.99")
        self.assertEqual(self.env["account.move"].search([]), moves)
        self.assertEqual(value.apply_to_invoice(invoice.id, "10.05"), 10.05)
        self.assertEqual(value.balance, 89.95)

    def test_reason_is_asked(self):
        value = self._issue(100)
        for call in (
            lambda: value.adjust(50, " "),
            lambda: value.action_block(""),
            lambda: value.action_void(None),
        ):
            with self.assertRaisesRegex(UserError, "Enter a reason"):
                call()
