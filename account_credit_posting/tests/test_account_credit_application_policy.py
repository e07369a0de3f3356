from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .. import const
from .common_application import AccountCreditApplicationCommon
from .test_account_post_transaction_preview import PreviewMixin


@tagged("post_install", "-at_install")
class TestPolicy(PreviewMixin, AccountCreditApplicationCommon):
    """When credits pay by themselves."""

    def test_demo_story(self):
        today = fields.Date.to_date("2024-03-15")
        self.company.write(
            {"credit_application_policy": "due", "credit_application_days": 7}
        )
        with freeze_time(today):
            overdue = self._create_invoice(
                self.account, 100, invoice_date_due="2024-02-24"
            )
            next_month = self._create_invoice(
                self.account, 100, invoice_date_due="2024-04-14"
            )
            line = self._post_line(150)
            self._run_cron()
        self.assertPays(line, [(overdue, 100)])
        with freeze_time("2024-04-06"):
            self._run_cron()
        self.assertPays(line, [(overdue, 100)])
        with freeze_time("2024-04-07"):
            self._run_cron()
        self.assertPays(line, [(overdue, 100), (next_month, 50)])
        self.assertRest({next_month: (50, "partial")})
        self.assertEqual(
            line.move_id.used_application_ids.sorted("id").mapped("origin"),
            ["credit", "cron"],
        )

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_credit_posting.ir_cron_apply_credits"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def test_due_is_by_the_day_of_the_company(self):
        self.company.write(
            {
                "credit_application_policy": "due",
                "credit_application_days": 0,
                "credit_tz": "America/Los_Angeles",
            }
        )
        line = self._post_line(30)
        with freeze_time("2024-03-20"):
            invoice = self._create_invoice(
                self.account, 10, invoice_date_due="2024-03-22"
            )
        with freeze_time("2024-03-22 06:59:00"):
            self._run_cron()
        self.assertPays(line, [])
        with freeze_time("2024-03-22 07:01:00"):
            self._run_cron()
        self.assertPays(line, [(invoice, 10)])

    def test_due_pays_new_invoice_only_when_due(self):
        self.company.credit_application_policy = "due"
        line = self._post_line(30)
        with freeze_time("2024-03-15"):
            far = self._create_invoice(self.account, 10, invoice_date_due="2024-03-23")
            near = self._create_invoice(self.account, 10, invoice_date_due="2024-03-22")
        self.assertPays(line, [(near, 10)])
        self.assertRest({far: (10, "not_paid")})

    def test_due_pays_named_invoice_at_once(self):
        self.company.credit_application_policy = "due"
        with freeze_time("2024-03-15"):
            far = self._create_invoice(self.account, 10, invoice_date_due="2024-06-01")
            batch = self._create_batch()
            batch.line_ids.invoice_id = far
            batch.action_post()
        self.assertPays(batch.line_ids, [(far, 10)])

    # -------------------------------------------------------------------------
    # CREDITS DATED AHEAD
    # -------------------------------------------------------------------------

    def test_credit_dated_ahead_pays_from_its_day_on(self):
        ahead = fields.Date.today() + timedelta(days=20)
        for policy in ("posted", "manual"):
            self.company.credit_application_policy = policy
            account = self.accounts[4 if policy == "posted" else 5]
            invoice = self._create_invoice(account, 30)
            named = self._create_invoice(account, 8, invoice_date_due="2024-06-01")
            transaction = self._create_transaction(
                {account: 10}, {account: named}, date=ahead
            )
            self.assertPreviewHolds(transaction)
            line = transaction.batch_id.line_ids
            for day in (fields.Date.today(), ahead - timedelta(days=1)):
                with freeze_time(day):
                    self._run_cron()
                    self.assertFalse(invoice.has_open_account_credit)
                    invoice.with_user(self.clerk).apply_account_credits()
                self.assertPays(line, [])
            with freeze_time(ahead):
                self._run_cron()
            expected = [(named, 8)] + [(invoice, 2)] * (policy == "posted")
            self.assertPays(line, expected)

    def test_credit_dated_ahead_pays_an_invoice_of_the_same_day(self):
        ahead = fields.Date.today() + timedelta(days=20)
        line = self._post_line(10, date=ahead)
        before = self._create_invoice(
            self.account, 5, invoice_date=ahead - timedelta(days=1)
        )
        same = self._create_invoice(self.account, 5, invoice_date=ahead)
        self.assertPays(line, [(same, 5)])
        self.assertRest({before: (5, "not_paid")})

    def test_credit_dated_ahead_counts_for_the_cap_as_it_is(self):
        self.company.credit_open_cap = 15
        self._create_invoice(self.account, 100)
        ahead = fields.Date.today() + timedelta(days=20)
        batch = self._create_batch({self.account: 20}, date=ahead)
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "failed")
        self.assertIn("open credit", batch.line_ids.error)
        self.assertEqual(self._post_line(20).state, "posted")

    def test_manual_pays_only_when_asked(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(10)
        self._create_invoice(self.account, 5)
        self._run_cron()
        self.assertPays(line, [])
        self.assertTrue(invoice.has_open_account_credit)
        applications = invoice.with_user(self.clerk).apply_account_credits()
        self.assertRecordValues(
            applications,
            [
                {
                    "rule": "due_date",
                    "origin": "user",
                    "amount": 10,
                    "create_uid": self.clerk.id,
                }
            ],
        )
        self.assertPays(line, [(invoice, 10)])

    def test_manual_pays_the_named_invoice(self):
        self.company.credit_application_policy = "manual"
        other = self._create_invoice(self.account, 5, invoice_date_due="2024-01-01")
        named = self._create_invoice(self.account, 5)
        batch = self._create_batch()
        batch.line_ids.invoice_id = named
        batch.action_post()
        self.assertPays(batch.line_ids, [(named, 5)])
        self.assertRest({other: (5, "not_paid")})

    def test_apply_on_account_and_on_selection(self):
        self.company.credit_application_policy = "manual"
        accounts = self.accounts[:2]
        invoices = [self._create_invoice(account, 30) for account in accounts]
        self._create_batch(dict.fromkeys(accounts, 10)).action_post()
        action = accounts.with_user(self.clerk).action_apply_account_credits()
        self.assertEqual([invoice.amount_residual for invoice in invoices], [20, 20])
        self.assertIn("20.00", action["params"]["message"])
        action = accounts.with_user(self.clerk).action_apply_account_credits()
        self.assertIn("No open credit", action["params"]["message"])

    def test_cron_finds_only_accounts_with_both_sides(self):
        self.company.credit_application_policy = "manual"
        both, credit_only, invoice_only = self.accounts[:3]
        self._create_batch({both: 10, credit_only: 10}).action_post()
        self._create_invoice(both, 5)
        self._create_invoice(invoice_only, 5)
        self.company.credit_application_policy = "posted"
        engine = self.env["account.credit.application"]
        self.assertEqual(
            engine._get_engine(self.company, "cron").find_accounts(), both.ids
        )

    def test_cron_goes_on_after_its_time_is_up(self):
        self.company.credit_application_policy = "manual"
        accounts = self.accounts[:3]
        invoices = [self._create_invoice(account, 10) for account in accounts]
        self._create_batch(dict.fromkeys(accounts, 10)).action_post()
        self.company.credit_application_policy = "posted"
        self.patch(const, "CHUNK_ACCOUNTS", 1)
        steps = []
        self.patch(
            self.env.registry["ir.cron"],
            "_commit_progress",
            lambda self, processed=0, *, remaining=None: (
                steps.append((processed, remaining)) or 2 - len(steps)
            ),
        )
        engine = self.env["account.credit.application"]
        engine._cron_apply()
        self.assertEqual(steps, [(0, 3), (1, 2)])
        self.assertEqual(
            sorted(invoice.amount_residual for invoice in invoices), [0, 10, 10]
        )
        steps.clear()
        engine._cron_apply()
        self.assertEqual(steps, [(0, 2), (1, 1)])

    def test_credit_left_open_asks_for_another_look(self):
        cron = self.env.ref("account_credit_posting.ir_cron_apply_credits")
        trigger = self.env["ir.cron.trigger"]
        before = trigger.search_count([("cron_id", "=", cron.id)])
        self._create_invoice(self.account, 10)
        self._post_line(10)
        self.assertEqual(trigger.search_count([("cron_id", "=", cron.id)]), before)
        self._post_line(10)
        self.assertEqual(trigger.search_count([("cron_id", "=", cron.id)]), before + 1)
