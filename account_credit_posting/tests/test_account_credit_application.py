from freezegun import freeze_time

from odoo import api, fields
from odoo.fields import Command
from odoo.tests import tagged

from ..tools.posting import without_rework
from .common_application import AccountCreditApplicationCommon


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
        rounding = self._create_cash_rounding()
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
class TestApplyCreditsBesideOthers(AccountCreditApplicationCommon):
    """What is left out of Odoo's work changes nothing for anybody else."""

    def test_invoices_log_what_pays_them_where_the_company_wants_it(self):
        self.company.credit_application_policy = "manual"
        for is_logged in (False, True):
            self.company.credit_application_log = is_logged
            invoice = self._create_invoice(self.account, 10)
            line = self._post_line(10)
            self.env.cr.flush()
            before = invoice.message_ids
            # Tests track nothing by default.
            invoice.with_env(self.env(context={})).apply_account_credits()
            self.env.cr.flush()
            self.assertPays(line, [(invoice, 10)])
            messages = invoice.message_ids - before
            self.assertEqual(
                messages.tracking_value_ids.field_id.mapped("name"),
                ["payment_state"] * is_logged,
            )

    def test_all_overrides_are_called_with_nothing_left_out(self):
        overridden = (
            ("account.move", "_post"),
            ("account.move", "create"),
            ("account.move", "write"),
            ("account.move", "_invoice_paid_hook"),
            ("account.move.line", "create"),
            ("account.move.line", "_reconcile_plan"),
            ("account.partial.reconcile", "create"),
        )
        calls = {method: [] for method in overridden}
        for method in overridden:
            self._count_calls(calls, *method)
        invoice = self._create_invoice(self.account, 10)
        line = self._post_line(10)
        self.assertPays(line, [(invoice, 10)])
        self.assertEqual([method for method in calls if not calls[method]], [])
        [hooked] = [
            moves
            for moves in calls["account.move", "_invoice_paid_hook"]
            if invoice in moves
        ]
        self.assertFalse(hooked.env.context.get("mail_notrack"))
        self.assertFalse(hooked.env.context.get("skip_invoice_sync"))

    def _count_calls(self, calls, model, method):
        """Override a method as another addon would, and keep what it is called on."""
        model_class = self.env.registry[model]
        inherited = getattr(model_class, method)

        @api.model_create_multi
        def create(records, vals_list):
            calls[model, method].append(records)
            return inherited(records, vals_list)

        def override(records, *args, **kwargs):
            calls[model, method].append(records)
            return inherited(records, *args, **kwargs)

        self.patch(model_class, method, create if method == "create" else override)

    def test_where_reconciling_makes_entries_nothing_is_left_out(self):
        def get_left_out(items, **options):
            context = without_rework(items, **options).env.context
            return [
                key
                for key in ("mail_notrack", "skip_invoice_sync")
                if context.get(key) and not items.env.context.get(key)
            ]

        invoice = self._create_invoice(self.account, 10)
        item = invoice.with_env(self.env(context={})).line_ids
        item = item.filtered("date_maturity")
        self.assertEqual(get_left_out(item), ["mail_notrack", "skip_invoice_sync"])
        self.assertEqual(get_left_out(item, is_logged=True), ["skip_invoice_sync"])
        self.company.tax_exigibility = True
        self.assertEqual(get_left_out(item), ["mail_notrack"])
        self.company.tax_exigibility = False
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        foreign = self._create_invoice(self.account, 10, currency_id=euro.id)
        both = item + foreign.line_ids.filtered("date_maturity")
        self.assertEqual(get_left_out(both), ["mail_notrack"])
