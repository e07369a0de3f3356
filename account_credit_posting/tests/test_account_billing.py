from ast import literal_eval
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestAccountBilling(StoredValueCommon):
    """The billing page: each figure comes from the ledger, however long it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.account)
        cls.page = cls.account.with_user(cls.clerk)

    def _invoice_due(self, amount, days, account=None):
        """Post an invoice that is due so many days from today."""
        day = self.today + timedelta(days=min(days, 0))
        return self._create_invoice(
            account or self.account,
            amount,
            invoice_date=day,
            invoice_payment_term_id=False,
            invoice_date_due=self.today + timedelta(days=days),
        )

    def _get_movements(self, account=None):
        return (
            self.env["account.billing.movement"]
            .with_user(self.clerk)
            .search([("partner_id", "=", (account or self.account).id)])
        )

    # -------------------------------------------------------------------------
    # FIGURES
    # -------------------------------------------------------------------------

    def test_dues(self):
        self._invoice_due(100, -10)
        self._invoice_due(50, 0)
        self._invoice_due(30, 5)
        self._invoice_due(20, 9)
        self._invoice_due(1000, -10, self.accounts[1])
        self.assertRecordValues(
            self.page,
            [
                {
                    "amount_due_now": 150,
                    "amount_overdue": 100,
                    "next_due_date": self.today + timedelta(days=5),
                    "next_due_amount": 30,
                }
            ],
        )

    def test_dues_of_an_account_without_invoices(self):
        self.assertRecordValues(
            self.page,
            [
                {
                    "amount_due_now": 0,
                    "amount_overdue": 0,
                    "next_due_date": False,
                    "next_due_amount": 0,
                }
            ],
        )

    def test_enrollee_shows_the_figures_of_its_account(self):
        self._invoice_due(100, -10)
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        self.assertEqual(child.with_user(self.clerk).amount_overdue, 100)

    def test_sections(self):
        current = self._invoice_due(100, -10)
        paid = self._invoice_due(40, -5)
        self._create_payment(40)
        (
            paid.line_ids
            + self.env["account.payment"]
            .search([("partner_id", "=", self.account.id)])
            .move_id.line_ids
        ).filtered(lambda item: item.account_type == "asset_receivable").reconcile()
        draft = self.env["account.move"].create(
            self._prepare_invoice_vals(self.account, 10)
        )
        ahead = self._create_invoice(
            self.account, 20, invoice_date=self.today + timedelta(days=30)
        )
        self.assertEqual(self.page.current_invoice_ids, current)
        self.assertEqual(self.page.paid_invoice_ids, paid)
        self.assertEqual(self.page.future_invoice_ids, draft + ahead)
        for section, invoices in (
            ("current", current),
            ("paid", paid),
            ("future", draft + ahead),
        ):
            action = self.page.with_context(section=section).action_view_section()
            self.assertEqual(
                self.env["account.move"].search(action["domain"]), invoices.sorted()
            )

    # -------------------------------------------------------------------------
    # HISTORY
    # -------------------------------------------------------------------------

    def test_running_balance_ties_to_the_ledger(self):
        self._invoice_due(100, -10)
        self._post_line(30)
        self._create_payment(20)
        value = self._issue(50)
        value.with_user(self.clerk).apply_to_invoice(
            self.page.current_invoice_ids[0].id, 10
        )
        movements = self._get_movements().sorted(lambda row: (row.date, row.id))
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.account.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
            ]
        )
        self.assertEqual(movements[-1].balance_due, sum(items.mapped("balance")))
        self.assertEqual(movements[-1].balance_held, value.balance)
        due = held = 0
        for movement in movements:
            due += movement.amount_due
            held += movement.amount_held
            self.assertEqual(movement.balance_due, due)
            self.assertEqual(movement.balance_held, held)

    def test_events(self):
        self._invoice_due(100, -10)
        line = self._post_line(30)
        self._create_payment(20)
        line.batch_id.with_user(self.manager).action_reverse()
        events = self._get_movements().mapped("event")
        self.assertCountEqual(events, ["invoice", "credit", "payment", "credit_back"])

    def test_comments(self):
        self._post_line(30, public_comment="Snow day", private_comment="By phone")
        [movement] = self._get_movements()
        self.assertEqual(movement.public_comment, "Snow day")
        self.assertEqual(movement.private_comment, "By phone")
        self.assertEqual(movement.user_id, self.env.user)

    def test_credit_within_an_entry_for_many(self):
        self._create_batch(
            {self.accounts[0]: 10, self.accounts[1]: 20},
            document_form="entry",
            public_comment="Snow day",
        ).action_post()
        for account, amount in zip(self.accounts[:2], (-10, -20), strict=True):
            [movement] = self._get_movements(account)
            self.assertEqual(movement.event, "credit")
            self.assertEqual(movement.amount_due, amount)
            self.assertEqual(movement.credit_line_id.partner_id, account)

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        self._create_invoice(self.account, 100, currency_id=currency.id)
        [movement] = self._get_movements()
        self.assertEqual(movement.amount_currency, 100)
        self.assertEqual(movement.amount_due, 50)

    def test_other_company(self):
        other = self.setup_other_company()["company"]
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    **self._prepare_invoice_vals(self.account, 70),
                    "company_id": other.id,
                }
            )
        )
        invoice.action_post()
        self._invoice_due(100, -10)
        self.assertEqual(self.page.amount_overdue, 100)
        self.assertEqual(self._get_movements().mapped("amount_due"), [100])

    # -------------------------------------------------------------------------
    # QUERIES
    # -------------------------------------------------------------------------

    def _count_queries(self):
        """Return how many queries the page of the account takes."""
        view = self.env.ref("account_credit_posting.res_partner_view_form_billing")
        arch = self.page.get_views([(view.id, "form")])["views"]["form"]
        self.assertIn("billing_movement_ids", arch["arch"])
        names = ["date", "event", "public_comment", "balance_due", "move_id"]
        invoice = ["name", "invoice_date", "invoice_date_due", "amount_residual"]
        specification = {
            **{
                name: {}
                for name in (
                    "name",
                    "email",
                    "amount_due_now",
                    "amount_overdue",
                    "next_due_date",
                    "account_credit_balance",
                    "gift_card_balance",
                    "prepayment_balance",
                )
            },
            **{
                name: {"fields": {field: {} for field in invoice}, "limit": 40}
                for name in (
                    "current_invoice_ids",
                    "paid_invoice_ids",
                    "future_invoice_ids",
                )
            },
            "billing_movement_ids": {
                "fields": {name: {} for name in names},
                "limit": 40,
            },
        }
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        [values] = self.page.web_read(specification)
        self.assertLessEqual(len(values["billing_movement_ids"]), 40)
        return self.env.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_history(self):
        self._create_batch({self.account: 1}, public_comment="First").action_post()
        for _number in range(50):
            self._invoice_due(100, -10)
            self._create_payment(1)
        self._count_queries()  # What is asked for once in a process.
        few = self._count_queries()
        # Copies of these; ``make bench`` opens a page with 10,000.
        self.not_proven = ("items",)
        self.env.cr.execute(
            """
            INSERT INTO account_move_line
            SELECT copy.*
              FROM account_move_line line, generate_series(1, 10) AS serial,
                   jsonb_populate_record(line, jsonb_build_object(
                       'id', nextval('account_move_line_id_seq'),
                       'sequence', serial
                   )) AS copy
             WHERE line.partner_id = %s AND line.parent_state = 'posted'
            """,
            [self.account.id],
        )
        self.assertGreater(self.env.cr.rowcount, 1000)
        self.assertEqual(self._count_queries(), few)

    # -------------------------------------------------------------------------
    # STATEMENT
    # -------------------------------------------------------------------------

    def _create_statement(self, **vals):
        return (
            self.env["account.billing.statement"]
            .with_user(self.clerk)
            .create(
                {
                    "partner_id": self.account.id,
                    "date_from": "2024-03-10",
                    "date_to": "2024-03-31",
                    **vals,
                }
            )
        )

    def test_statement(self):
        self._create_invoice(self.account, 100)
        self._create_payment(20)
        self._post_line(30, public_comment="Snow day", private_comment="By phone")
        statement = self._create_statement()
        [section] = statement._get_sections()
        self.assertEqual(section["opening"], 80)
        self.assertEqual(section["closing"], 50)
        [row] = section["rows"]
        self.assertEqual((row["amount"], row["balance"]), (-30, 50))
        self.assertEqual(row["comment"], "Snow day")
        report = self.env["ir.actions.report"].with_user(self.clerk)
        html, _kind = report._render_qweb_html(
            "account_credit_posting.report_billing_statement", statement.ids
        )
        text = html.decode()
        self.assertIn("Snow day", text)
        self.assertNotIn("By phone", text)
        self.assertEqual(statement.action_print()["type"], "ir.actions.report")

    def test_statement_with_stored_value(self):
        self._issue(50)
        statement = self._create_statement()
        sections = statement._get_sections()
        self.assertEqual(sections[-1]["closing"], 50)

    def test_statement_that_ends_before_it_begins(self):
        with self.assertRaises(UserError):
            self._create_statement(date_to="2024-01-01")

    # -------------------------------------------------------------------------
    # RIGHTS
    # -------------------------------------------------------------------------

    def test_reader_sees_all_and_posts_nothing(self):
        self._invoice_due(100, -10)
        page = self.account.with_user(self.accountant)
        self.assertEqual(page.amount_overdue, 100)
        self.assertTrue(page.billing_movement_ids)
        self.assertEqual(page.action_view_billing()["res_id"], self.account.id)
        with self.assertRaises(AccessError):
            page.action_post_transaction()

    def test_others_see_nothing(self):
        self._invoice_due(100, -10)
        employee = new_test_user(self.env, "billing_employee", groups="base.group_user")
        portal = new_test_user(
            self.env,
            "billing_portal",
            groups="base.group_portal",
            partner_id=self.account.id,
        )
        for user in (employee, portal):
            page = self.account.with_user(user)
            for method in (
                "action_view_billing",
                "action_view_movements",
                "action_view_section",
                "action_print_statement",
            ):
                with self.assertRaises(AccessError):
                    getattr(page, method)()
            with self.assertRaises(AccessError):
                page.read(["amount_overdue"])
            with self.assertRaises(AccessError):
                self.env["account.billing.movement"].with_user(user).search([])
            with self.assertRaises(AccessError):
                self.env["account.billing.statement"].with_user(user).create(
                    {"partner_id": self.account.id}
                )

    def test_statement_of_somebody_else(self):
        statement = self._create_statement()
        with self.assertRaises(AccessError):
            statement.with_user(self.accountant).action_print()

    def test_history_cannot_be_written(self):
        self._invoice_due(100, -10)
        with self.assertRaises(AccessError):
            self._get_movements().with_user(self.manager).write({"label": "x"})
        with self.assertRaises(AccessError):
            self._get_movements().with_user(self.manager).unlink()

    def test_list_of_accounts(self):
        self.account.customer_rank = 1
        child = self.env["res.partner"].create(
            {"name": "Anna Billing", "parent_id": self.account.id, "customer_rank": 1}
        )
        action = self.env.ref("account_credit_posting.res_partner_action_billing")
        domain = Domain(literal_eval(action.domain))
        found = (
            self.env["res.partner"]
            .with_user(self.clerk)
            .search(domain & Domain("id", "in", (self.account + child).ids))
        )
        self.assertEqual(found, self.account)
