from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .. import const
from .common import AccountCreditCommon


class AccountCreditApplicationCommon(AccountCreditCommon):
    """What tests of applications ask again and again."""

    def assertPays(self, credit_line, expected):
        """Assert which invoices a credit pays, and that the ledger says the same.

        :param expected: ``[(invoice, amount)]`` in the order in which they were paid
        """
        applied = credit_line.move_id.used_application_ids.filtered(
            lambda application: application.state == "applied"
        ).sorted("id")
        self.assertEqual([(item.invoice_id, item.amount) for item in applied], expected)
        for item in applied:
            self.assertEqual(item.partial_id.debit_amount_currency, item.amount)
            self.assertEqual(
                item.partial_id.credit_move_id.move_id, credit_line.move_id
            )
            self.assertEqual(item.partial_id.debit_move_id.move_id, item.invoice_id)
        self.assertAlmostEqual(
            credit_line.move_id.amount_residual,
            credit_line.move_id.amount_total - sum(applied.mapped("amount")),
        )

    def assertRest(self, expected):
        """Assert what is left of documents.

        :param expected: ``{move: (residual, payment state)}``
        """
        self.assertEqual(
            {move: (move.amount_residual, move.payment_state) for move in expected},
            expected,
        )


@tagged("post_install", "-at_install")
class TestApplyCredits(AccountCreditApplicationCommon):
    """At once, in order, as a set."""

    def test_credit_pays_earliest_due_invoice_first(self):
        later = self._create_invoice(self.account, 100, invoice_date_due="2024-04-30")
        overdue = self._create_invoice(self.account, 100, invoice_date_due="2024-02-20")
        line = self._post_line(150)
        self.assertPays(line, [(overdue, 100), (later, 50)])
        self.assertRest({overdue: (0, "paid"), later: (50, "partial")})
        self.assertItems(
            line.move_id,
            [(self.credit_account, 150, 150), (self.receivable, -150, -150)],
        )
        self.assertEqual(overdue.account_credit_amount, 100)
        self.assertEqual(later.account_credit_amount, 50)

    def test_rest_pays_next_invoice_when_posted(self):
        first = self._create_invoice(self.account, 100)
        line = self._post_line(150)
        self.assertPays(line, [(first, 100)])
        self.assertEqual(self.account.account_credit_balance, 50)
        second = self._create_invoice(self.account, 80)
        self.assertPays(line, [(first, 100), (second, 50)])
        self.assertRest({second: (30, "partial"), line.move_id: (0, "paid")})
        self.account.invalidate_recordset()
        self.assertEqual(self.account.account_credit_balance, 0)

    def test_named_invoice_comes_before_earlier_due_ones(self):
        overdue = self._create_invoice(self.account, 100, invoice_date_due="2024-02-20")
        named = self._create_invoice(self.account, 100, invoice_date_due="2024-04-30")
        batch = self._create_batch()
        batch.line_ids.write({"amount": 120, "invoice_id": named.id})
        batch.action_post()
        self.assertPays(batch.line_ids, [(named, 100), (overdue, 20)])
        self.assertEqual(
            batch.line_ids.move_id.used_application_ids.sorted("id").mapped("rule"),
            ["named", "due_date"],
        )

    def test_credit_naming_a_paid_invoice_stays_open(self):
        paid = self._create_invoice(self.account, 10)
        self._post_line(10)
        batch = self._create_batch()
        batch.line_ids.invoice_id = paid
        batch.action_post()
        self.assertPays(batch.line_ids, [])
        following = self._create_invoice(self.account, 25)
        self.assertPays(batch.line_ids, [(following, 10)])

    def test_installments_by_their_own_due_dates(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half now, half in June",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": 0}
                    ),
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": 90}
                    ),
                ],
            }
        )
        split = self._create_invoice(self.account, 100, invoice_payment_term_id=term.id)
        between = self._create_invoice(self.account, 30, invoice_date_due="2024-04-15")
        line = self._post_line(90)
        self.assertPays(line, [(split, 50), (between, 30), (split, 10)])
        self.assertEqual(split.account_credit_amount, 60)

    def test_credits_by_expiry_then_oldest(self):
        self.company.credit_application_policy = "manual"
        old = self._post_line(10, date=fields.Date.to_date("2024-01-10"))
        new = self._post_line(10, date=fields.Date.to_date("2024-02-10"))
        expiring = self._post_line(
            10,
            date=fields.Date.to_date("2024-02-20"),
            expiry_date=fields.Date.to_date("2099-01-01"),
        )
        self.company.credit_application_policy = "posted"
        invoice = self._create_invoice(self.account, 25)
        self.assertEqual(
            invoice.credit_application_ids.sorted("id").mapped("credit_move_id"),
            (expiring | old | new).move_id,
        )
        self.assertRest({new.move_id: (5, "partial")})

    def test_expired_credit_pays_nothing(self):
        line = self._post_line(10, expiry_date=fields.Date.to_date("2024-03-20"))
        with freeze_time("2024-03-21"):
            invoice = self._create_invoice(self.account, 10)
        self.assertPays(line, [])
        self.assertRest({invoice: (10, "not_paid")})

    def test_set_of_invoices_is_paid_in_one_pass(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        batch.action_post()
        invoices = self.env["account.move"].create(
            [self._prepare_invoice_vals(account, 30) for account in self.accounts]
        )
        invoices.action_post()
        self.assertEqual(set(invoices.mapped("amount_residual")), {20})

    def test_queries_do_not_grow_with_accounts_without_credits(self):
        def count_queries(accounts):
            invoices = self.env["account.move"].create(
                [self._prepare_invoice_vals(account, 30) for account in accounts]
            )
            self.env.flush_all()
            engine = self.env["account.credit.application"]
            before = self.env.cr.sql_log_count
            engine._apply(accounts, self.company, "invoice", fresh=invoices)
            return self.env.cr.sql_log_count - before

        count_queries(self.accounts[:1])
        self.assertEqual(count_queries(self.accounts[:1]), count_queries(self.accounts))

    def test_queries_grow_slower_than_credits(self):
        def count_queries(accounts):
            batch = self._create_batch(dict.fromkeys(accounts, 10))
            invoices = self.env["account.move"].create(
                [self._prepare_invoice_vals(account, 30) for account in accounts]
            )
            self.company.credit_application_policy = "manual"
            invoices.action_post()
            batch.action_post()
            self.company.credit_application_policy = "posted"
            self.env.flush_all()
            self.env.invalidate_all()
            engine = self.env["account.credit.application"]
            before = self.env.cr.sql_log_count
            engine._apply(accounts, self.company, "cron")
            self.env.flush_all()
            self.assertEqual(set(invoices.mapped("amount_residual")), {20})
            return self.env.cr.sql_log_count - before

        # The application of other accounts costs no query of its own.
        few = count_queries(self.accounts[:2])
        many = count_queries(self.accounts[2:])
        self.assertLess(many - few, 6)

    def test_zero_and_three_decimals(self):
        yen = self.env.ref("base.JPY")
        dinar = self.env.ref("base.KWD")
        (yen | dinar).active = True
        for currency, due, credit in ((yen, 1001, 700), (dinar, 10.125, 4.007)):
            self.env["res.currency.rate"].create(
                {
                    "name": "2024-01-01",
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "rate": 3,
                }
            )
            invoice = self._create_invoice(self.account, due, currency_id=currency.id)
            batch = self._create_batch()
            batch.line_ids.write({"currency_id": currency.id, "amount": credit})
            batch.action_post()
            self.assertPays(batch.line_ids, [(invoice, credit)])
            self.assertAlmostEqual(invoice.amount_residual, due - credit, 6)

    def test_foreign_credit_leaves_exchange_difference(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        self.env["res.currency.rate"].create(
            [
                {
                    "name": day,
                    "currency_id": euro.id,
                    "company_id": self.company.id,
                    "rate": rate,
                }
                for day, rate in (("2024-01-01", 0.5), ("2024-03-10", 0.8))
            ]
        )
        invoice = self._create_invoice(self.account, 100, currency_id=euro.id)
        batch = self._create_batch()
        batch.line_ids.write({"currency_id": euro.id, "amount": 100})
        batch.action_post()
        line = batch.line_ids
        self.assertPays(line, [(invoice, 100)])
        self.assertItems(
            invoice,
            [
                (self.receivable, 200, 100),
                (self.company_data["default_account_revenue"], -200, -100),
            ],
        )
        self.assertItems(
            line.move_id,
            [(self.credit_account, 125, 100), (self.receivable, -125, -100)],
        )
        difference = line.move_id.used_application_ids.partial_id.exchange_move_id
        self.assertItems(
            difference,
            [
                (self.receivable, -75, 0),
                (self.company.expense_currency_exchange_account_id, 75, 0),
            ],
        )
        self.assertRest({invoice: (0, "paid"), line.move_id: (0, "paid")})
        self.assertTrue(
            all(
                (invoice | line.move_id | difference)
                .line_ids.filtered(lambda item: item.account_id == self.receivable)
                .mapped("reconciled")
            )
        )

    def test_other_currency_is_left_to_the_clerk(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        invoice = self._create_invoice(self.account, 100, currency_id=euro.id)
        line = self._post_line(10)
        self.assertPays(line, [])
        invoice.js_assign_outstanding_line(
            line.move_id.line_ids.filtered(
                lambda item: item.account_id == self.receivable
            ).id
        )
        self.assertEqual(line.move_id.used_application_ids.rule, "hand")

    def test_other_company_is_never_paid(self):
        other = self.setup_other_company()["company"]
        self.env.user.company_ids |= other
        self.company.credit_application_policy = "manual"
        line = self._post_line(10)
        self.company.credit_application_policy = "posted"
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(self._prepare_invoice_vals(self.account, 30))
        )
        invoice.action_post()
        self.assertEqual(invoice.company_id, other)
        self.assertPays(line, [])
        self.assertRest({invoice: (30, "not_paid")})

    def test_vendor_documents_are_never_touched(self):
        refund = self.env["account.move"].create(
            {**self._prepare_invoice_vals(self.account, 30), "move_type": "in_refund"}
        )
        self.company.write(
            {"credit_apply_credit_notes": True, "credit_apply_payments": True}
        )
        refund.action_post()
        payment = self._create_payment(20, partner_type="supplier")
        invoice = self._create_invoice(self.account, 30)
        self.assertRest({refund: (30, "not_paid"), invoice: (30, "not_paid")})
        self.assertFalse(payment.is_reconciled)

    def test_disputed_credit_pays_nothing(self):
        lines = self._post_line(10) | self._post_line(10)
        lines[0].move_id.action_toggle_block_payment()
        lines[1].move_id.no_followup = True
        invoice = self._create_invoice(self.account, 30)
        self.assertRest({invoice: (30, "not_paid")})
        lines[1].move_id.no_followup = False
        invoice.apply_account_credits()
        self.assertPays(lines[1], [(invoice, 10)])
        self.assertPays(lines[0], [])

    def test_blocked_invoice_is_not_paid(self):
        invoice = self._create_invoice(self.account, 30)
        invoice.action_toggle_block_payment()
        line = self._post_line(10)
        self.assertPays(line, [])
        self.assertRest({invoice: (30, "blocked")})

    def test_payment_in_process_is_not_paid_twice(self):
        invoice = self._create_invoice(self.account, 30)
        # As with Odoo's full accounting: the payment has no entry before the bank's.
        self.patch(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda move: "in_payment",
        )
        method = self.company_data[
            "default_journal_bank"
        ].inbound_payment_method_line_ids[:1]
        method.payment_account_id = False
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_method_line_id": method.id})._create_payments()
        self.assertRest({invoice: (30, "in_payment")})
        line = self._post_line(10)
        self.assertPays(line, [])

    def test_ordinary_credit_note_pays_only_where_set(self):
        vals = {
            **self._prepare_invoice_vals(self.account, 10),
            "move_type": "out_refund",
        }
        refund = self.env["account.move"].create(vals)
        refund.action_post()
        invoice = self._create_invoice(self.account, 30)
        self.assertRest({invoice: (30, "not_paid")})
        self.company.credit_apply_credit_notes = True
        second = self._create_invoice(self.account, 4)
        self.assertRest(
            {invoice: (20, "partial"), second: (4, "not_paid"), refund: (0, "paid")}
        )
        self.assertRecordValues(
            invoice.credit_application_ids,
            [{"rule": "due_date", "origin": "invoice", "amount": 10}],
        )

    def test_unallocated_payment_pays_only_where_set_and_after_credits(self):
        payment = self._create_payment(20)
        invoice = self._create_invoice(self.account, 5)
        self.assertRest({invoice: (5, "not_paid")})
        self.company.credit_apply_payments = True
        line = self._post_line(10)
        second = self._create_invoice(self.account, 12)
        self.assertPays(line, [(invoice, 5), (second, 5)])
        self.assertRecordValues(
            second.credit_application_ids.sorted("id"),
            [
                {"credit_move_id": line.move_id.id, "amount": 5},
                {"credit_move_id": payment.move_id.id, "amount": 7},
            ],
        )

    def test_new_payment_goes_where_the_clerk_sends_it(self):
        self.company.credit_apply_payments = True
        overdue = self._create_invoice(self.account, 20, invoice_date_due="2024-01-01")
        chosen = self._create_invoice(self.account, 20, invoice_date_due="2024-05-01")
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=chosen.ids
        ).create({})._create_payments()
        self.assertEqual(chosen.amount_residual, 0)
        self.assertRest({overdue: (20, "not_paid")})

    def test_taxed_credit_pays_with_its_tax(self):
        tax = self.company_data["default_tax_sale"]
        tax.amount = 10
        item = self._create_credit_item("Taxed", taxes_id=[Command.set(tax.ids)])
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(50, credit_item_id=item.id)
        self.assertPays(line, [(invoice, 55)])

    def test_early_payment_discount_is_not_given_by_a_credit(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2/10 net 30",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )
        invoice = self._create_invoice(
            self.account, 100, invoice_payment_term_id=term.id
        )
        line = self._post_line(100, date=fields.Date.to_date("2024-03-02"))
        self.assertPays(line, [(invoice, 100)])
        self.assertRest({invoice: (0, "paid")})

    def test_cash_rounding_is_paid_as_rounded(self):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        invoice = self._create_invoice(
            self.account, 99.98, invoice_cash_rounding_id=rounding.id
        )
        line = self._post_line(100)
        self.assertPays(line, [(invoice, 100)])
        self.assertRest({invoice: (0, "paid")})

    def test_hashed_invoice_is_paid(self):
        journal = self.company_data["default_journal_sale"]
        journal.restrict_mode_hash_table = True
        invoice = self._create_invoice(self.account, 10)
        self.assertTrue(invoice.inalterable_hash)
        self.assertPays(self._post_line(10), [(invoice, 10)])

    def test_invoice_in_locked_period_is_paid(self):
        invoice = self._create_invoice(self.account, 10)
        self.company.fiscalyear_lock_date = "2024-03-10"
        line = self._post_line(10)
        self.assertPays(line, [(invoice, 10)])
        self.assertRest({invoice: (0, "paid")})


@tagged("post_install", "-at_install")
class TestPolicy(AccountCreditApplicationCommon):
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
        self.assertEqual(engine._find_accounts_to_apply(self.company), both.ids)

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


@tagged("post_install", "-at_install")
class TestUnapply(AccountCreditApplicationCommon):
    """Undone and redone."""

    def test_unapply_frees_the_credit_and_keeps_both_apart(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        entries = self.env["account.move"].search_count([])
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        self.assertPays(line, [])
        self.assertRest({invoice: (100, "not_paid"), line.move_id: (40, "not_paid")})
        self.assertRecordValues(
            invoice.credit_application_ids,
            [
                {
                    "state": "unapplied",
                    "is_pinned": True,
                    "amount": 40,
                    "unapplied_by_id": self.clerk.id,
                }
            ],
        )
        other = self._create_invoice(self.account, 10)
        self.assertPays(line, [(other, 10)])
        self.assertRest({invoice: (100, "not_paid")})

    def test_unpin_lets_the_rule_put_it_back(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        line.move_id.unapply_account_credits()
        self._post_line(1)
        self.assertPays(line, [])
        undone = line.move_id.used_application_ids
        undone.with_user(self.clerk).action_unpin()
        self._post_line(1)
        self.assertPays(line, [(invoice, 40)])
        self.assertFalse(undone.is_pinned)
        self.assertEqual(undone.state, "unapplied")

    def test_pin_again(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        line.move_id.unapply_account_credits()
        undone = line.move_id.used_application_ids
        undone.action_unpin()
        undone.with_user(self.clerk).action_pin()
        self._post_line(1)
        self.assertPays(line, [])
        self.assertEqual(invoice.account_credit_amount, 1)

    def test_apply_now_on_the_invoice_puts_it_back(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        invoice.unapply_account_credits()
        self.account.apply_account_credits()
        self.assertPays(line, [])
        invoice.apply_account_credits()
        self.assertPays(line, [(invoice, 40)])
        # Whoever puts it back no longer keeps both apart.
        invoice.button_draft()
        invoice.action_post()
        self.assertPays(line, [(invoice, 40)])

    def test_unreconcile_of_odoo_keeps_both_apart(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        partial = line.move_id.used_application_ids.partial_id
        invoice.js_remove_outstanding_partial(partial.id)
        self.assertRecordValues(
            line.move_id.used_application_ids,
            [{"state": "unapplied", "is_pinned": True}],
        )
        invoice.js_assign_outstanding_line(self._receivable_of(line.move_id).id)
        self.assertEqual(invoice.account_credit_amount, 40)
        self.env["account.move.line"].with_context(
            active_ids=self._receivable_of(invoice).ids
        ).action_unreconcile_match_entries()
        self.assertEqual(
            line.move_id.used_application_ids.sorted("id").mapped("is_pinned"),
            [False, True],
        )

    def _receivable_of(self, move):
        return move.line_ids.filtered(lambda item: item.account_id == self.receivable)

    def test_reconciled_by_hand_is_explained(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        invoice.with_user(self.clerk).js_assign_outstanding_line(
            self._receivable_of(line.move_id).id
        )
        self.assertRecordValues(
            invoice.credit_application_ids,
            [
                {
                    "rule": "hand",
                    "origin": "user",
                    "amount": 40,
                    "create_uid": self.clerk.id,
                    "state": "applied",
                }
            ],
        )
        self.assertIn(self.clerk.name, invoice.credit_application_ids.decision)

    def test_reset_invoice_frees_its_credit_for_the_next(self):
        first = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        second = self._create_invoice(self.account, 30)
        first.button_draft()
        self.assertPays(line, [(second, 30)])
        self.assertRest({second: (0, "paid")})
        self.assertRecordValues(
            first.credit_application_ids, [{"state": "unapplied", "is_pinned": False}]
        )
        self.assertEqual(second.credit_application_ids.origin, "freed")
        first.action_post()
        self.assertRest({first: (30, "not_paid")})

    def test_reset_and_posted_again_is_paid_again(self):
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        invoice.button_draft()
        self.assertPays(line, [])
        invoice.invoice_line_ids.price_unit = 20
        invoice.action_post()
        self.assertPays(line, [(invoice, 20)])

    def test_cancelled_invoice_frees_its_credit(self):
        first = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        second = self._create_invoice(self.account, 50)
        first.button_cancel()
        self.assertEqual(first.state, "cancel")
        self.assertPays(line, [(second, 30)])

    def test_manual_policy_leaves_a_freed_credit_open(self):
        first = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        self.company.credit_application_policy = "manual"
        self._create_invoice(self.account, 50)
        first.button_cancel()
        self.assertPays(line, [])

    def test_reversed_invoice_frees_its_credit(self):
        for method in ("reverse_moves", "modify_moves"):
            with self.subTest(method=method):
                account = self.env["res.partner"].create({"name": method})
                first = self._create_invoice(account, 30)
                line = self._post_line(30, account=account)
                second = self._create_invoice(account, 50)
                wizard = (
                    self.env["account.move.reversal"]
                    .with_context(active_model="account.move", active_ids=first.ids)
                    .create({"journal_id": first.journal_id.id, "date": "2024-03-20"})
                )
                getattr(wizard, method)()
                refund = first.reversal_move_ids.filtered(
                    lambda move: move.move_type == "out_refund"
                )
                if refund.state == "draft":
                    refund.action_post()
                self.assertPays(line, [(second, 30)])
                self.assertRest(
                    {
                        first: (0, "reversed"),
                        refund: (0, "paid"),
                        second: (20, "partial"),
                    }
                )

    def test_reversed_credit_opens_its_invoice_for_the_next_credit(self):
        invoice = self._create_invoice(self.account, 30)
        first = self._post_line(30)
        second = self._post_line(30)
        self.assertPays(second, [])
        first.batch_id.action_reverse()
        self.assertEqual(first.state, "reversed")
        self.assertPays(second, [(invoice, 30)])
        self.assertRest({invoice: (0, "paid")})

    def test_credit_reversed_on_its_own_screen_opens_its_invoice(self):
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=line.move_id.ids)
            .create({"journal_id": line.move_id.journal_id.id, "date": "2024-03-20"})
        )
        wizard.reverse_moves()
        reversal = line.move_id.reversal_move_ids
        self.assertEqual(reversal.state, "draft")
        self.assertPays(line, [(invoice, 30)])
        reversal.action_post()
        self.assertEqual(line.state, "reversed")
        self.assertRest({invoice: (30, "not_paid"), reversal: (0, "paid")})
        self.assertRecordValues(
            invoice.credit_application_ids, [{"state": "unapplied", "is_pinned": False}]
        )
        self.assertFalse(invoice._get_reconciled_amls())

    def test_draft_invoice_is_not_paid(self):
        draft = self.env["account.move"].create(
            self._prepare_invoice_vals(self.account, 30)
        )
        line = self._post_line(30)
        self.assertPays(line, [])
        self.assertFalse(draft.apply_account_credits())


@tagged("post_install", "-at_install")
class TestRefusals(AccountCreditApplicationCommon):
    """Where Odoo refuses, the credit stays open, and the reason is shown."""

    def test_other_receivable_account(self):
        other = self.receivable.copy({"name": "Receivable of students"})
        invoice = self._create_invoice(self.account, 30)
        self.account.property_account_receivable_id = other
        line = self._post_line(10)
        self.assertPays(line, [])
        self.assertIn(other.code, invoice.account_credit_error)
        self.assertIn(invoice.name, line.move_id.account_credit_error)
        self.assertRecordValues(
            invoice.credit_application_ids,
            [{"state": "refused", "amount": 10, "partial_id": False}],
        )

    def test_missing_cash_basis_journal(self):
        self.company.tax_exigibility = True
        tax = self.company_data["default_tax_sale"].copy(
            {
                "name": "On payment",
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.company_data[
                    "default_account_tax_sale"
                ]
                .copy({"reconcile": True})
                .id,
            }
        )
        journal = self.company.tax_cash_basis_journal_id
        taxed = self.accounts[0]
        line = self._post_line(10, account=taxed)
        self.company.tax_cash_basis_journal_id = False
        invoices = self.env["account.move"].create(
            [
                self._prepare_invoice_vals(taxed, 30, tax_ids=[Command.set(tax.ids)]),
                self._prepare_invoice_vals(self.accounts[1], 30),
            ]
        )
        good = self._post_line(10, account=self.accounts[1])
        invoices.action_post()
        self.assertEqual(invoices.mapped("state"), ["posted", "posted"])
        self.assertPays(line, [])
        self.assertPays(good, [(invoices[1], 10)])
        self.assertIn("cash basis", invoices[0].account_credit_error)
        # The same is not tried again on the same day, unless somebody asks.
        self.company.tax_cash_basis_journal_id = journal
        self._post_line(1, account=taxed)
        self.assertPays(line, [])
        invoices[0].apply_account_credits()
        self.assertPays(line, [(invoices[0], 10)])
        self.assertFalse(invoices[0].account_credit_error)
        cash_basis = invoices[0].tax_cash_basis_created_move_ids
        self.assertTrue(cash_basis)

    def test_error_of_another_addon_stops_no_invoice(self):
        bad, good = self.accounts[:2]
        lines = {
            account: self._post_line(10, account=account) for account in (bad, good)
        }
        original = self.env.registry["account.partial.reconcile"].create

        def create(model, vals_list):
            partners = (
                model.env["account.move.line"]
                .browse([vals["debit_move_id"] for vals in vals_list])
                .partner_id
            )
            if bad in partners:
                raise ValueError("not this one")
            return original(model, vals_list)

        self.patch(self.env.registry["account.partial.reconcile"], "create", create)
        invoices = self.env["account.move"].create(
            [self._prepare_invoice_vals(account, 30) for account in (bad, good)]
        )
        with self.assertLogs(
            "odoo.addons.account_credit_posting.models.application.application_engine",
            "ERROR",
        ):
            invoices.action_post()
        self.assertPays(lines[bad], [])
        self.assertPays(lines[good], [(invoices[1], 10)])
        self.assertIn("ValueError", invoices[0].account_credit_error)


@tagged("post_install", "-at_install")
class TestApplicationRights(AccountCreditApplicationCommon):
    """In the model, whatever the screens show."""

    def setUp(self):
        super().setUp()
        self.invoice = self._create_invoice(self.account, 100)
        self.line = self._post_line(40)
        self.application = self.invoice.credit_application_ids

    def test_nobody_writes_applications(self):
        for user in (self.clerk, self.manager, self.accountant):
            application = self.application.with_user(user)
            self.assertEqual(application.amount, 40)
            for change in (
                lambda record: record.write({"is_pinned": True}),
                lambda record: record.unlink(),
                lambda record: record.copy(),
            ):
                with self.assertRaises(AccessError):
                    change(application)

    def test_accountant_sees_and_changes_nothing(self):
        for call in (
            self.application.with_user(self.accountant).action_unapply,
            self.application.with_user(self.accountant).action_pin,
            self.application.with_user(self.accountant).action_unpin,
            self.invoice.with_user(self.accountant).apply_account_credits,
            self.invoice.with_user(self.accountant).unapply_account_credits,
            self.account.with_user(self.accountant).apply_account_credits,
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertPays(self.line, [(self.invoice, 40)])

    def test_stranger_sees_nothing(self):
        stranger = self._create_user("stranger", "base.group_user")
        portal = self._create_user("portal", "base.group_portal")
        for user in (stranger, portal):
            with self.assertRaises(AccessError):
                self.application.with_user(user).read(["amount"])
            with self.assertRaises(AccessError):
                self.application.with_user(user).action_unapply()
            with self.assertRaises(AccessError):
                self.account.with_user(user).apply_account_credits()

    def test_other_company_sees_nothing(self):
        other = self.setup_other_company()["company"]
        foreigner = self._create_user("foreigner", "account.group_account_invoice")
        foreigner.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(
            self.env["account.credit.application"].with_user(foreigner).search([])
        )
        with self.assertRaises(AccessError):
            self.application.with_user(foreigner).action_unapply()
        with self.assertRaises(AccessError):
            self.invoice.with_user(foreigner).apply_account_credits()

    def test_context_of_a_caller_decides_nothing(self):
        self.invoice.unapply_account_credits()
        self.company.credit_application_policy = "manual"
        self.invoice.with_context(
            credit_decision={"origin": "cron", "rules": {}}
        ).apply_account_credits()
        self.assertEqual(
            self.invoice.credit_application_ids.filtered("partial_id").origin, "user"
        )

    def test_days_are_not_negative(self):
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            self.company.credit_application_days = -1
            self.env.flush_all()
        self.assertNotIsInstance(caught.exception, UserError)


@tagged("post_install", "-at_install")
class TestShown(AccountCreditApplicationCommon):
    """On the invoice, in print, and on the account."""

    def test_payment_area_names_the_credit(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40, private_comment="Office only")
        [content] = invoice.invoice_payments_widget["content"]
        self.assertEqual(content["credit_label"], self.item.name)
        self.assertFalse(content["is_refund"])
        self.assertEqual(content["amount"], 40)
        self.assertIn("Earliest due", content["credit_decision"])
        self.assertEqual(content["move_id"], line.move_id.id)

    def test_print_has_a_line_per_credit(self):
        invoice = self._create_invoice(self.account, 100)
        self._post_line(40, private_comment="Office only")
        second = self._create_credit_item("Missed Class")
        self._post_line(5, credit_item_id=second.id)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.account_invoices", invoice.ids)[0]
            .decode()
        )
        for text in ("Goodwill", "Missed Class", "40.00", "5.00", "55.00"):
            self.assertIn(text, html)
        self.assertEqual(html.count("credited on"), 2)
        self.assertNotIn("Reversed on", html)
        self.assertNotIn("Office only", html)
        self.assertNotIn("Earliest due", html)

    def test_print_of_a_reversal_is_odoos(self):
        invoice = self._create_invoice(self.account, 100)
        invoice._reverse_moves(cancel=True)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.account_invoices", invoice.ids)[0]
            .decode()
        )
        self.assertIn("Reversed on", html)

    def test_account_lists_open_credits(self):
        invoice = self._create_invoice(self.account, 15)
        lines = self._post_line(10, public_comment="Sorry") | self._post_line(10)
        account = self.account.with_user(self.clerk)
        self.assertRecordValues(
            account.open_credit_line_ids,
            [{"id": lines[1].id, "amount_open": 5, "amount_applied": 5}],
        )
        self.assertEqual(account.account_credit_balance, 5)
        self.assertEqual(account.credit_application_ids.invoice_id, invoice)
        view = account.action_view_billing()["views"][0][0]
        self.assertIn(
            "open_credit_line_ids",
            account.get_view(view, "form")["arch"],
        )
