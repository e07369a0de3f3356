import io
import re
from datetime import date, timedelta

import openpyxl

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.stored_value import stored_value_changes
from .common_liability import BEFORE, FIGURES, ISSUED, LiabilityCommon


@tagged("post_install", "-at_install")
class TestLiabilityReport(LiabilityCommon):
    """The roll-forward of gift cards and prepayments, to the figure."""

    # -------------------------------------------------------------------------
    # EVENTS
    # -------------------------------------------------------------------------

    def test_each_way_of_issuing(self):
        self._issue_on(ISSUED, 100)
        self._sell(60)
        self._issue_on(ISSUED, 50, funding="promotion")
        self._issue_on(ISSUED, 80, "prepayment")
        self._create_payment(20)
        self._issue_on(ISSUED, 20, "prepayment", "reclass")
        self._issue_on(
            ISSUED,
            70,
            "prepayment",
            "opening",
            opening_account_id=self.opening.id,
            user=self.manager,
        )
        issued = {
            ("account", "Gift Cards Sold"): {"sold": 160, "closing": 160},
            ("account", "Prepayments"): {
                "sold": 100,
                "taken_over": 70,
                "closing": 170,
            },
            ("account", "Gift Cards Given Away"): {"given": 50, "closing": 50},
            ("total", "Total USD"): {
                "sold": 260,
                "taken_over": 70,
                "given": 50,
                "closing": 380,
            },
        }
        self.assertShown(self._show(), issued)
        self.assertShown(
            self._show(ISSUED + timedelta(days=1)),
            {
                key: {"opening": figures["closing"], "closing": figures["closing"]}
                for key, figures in issued.items()
            },
        )
        self.assertShown(self._show(BEFORE, BEFORE), {})

    def test_use_and_its_undoing(self):
        value = self._issue_on(ISSUED, 100)
        self._use(value, 30)
        undone = self._use(value, 25)
        undone.with_user(self.clerk).unapply_account_credits()
        self.assertShown(
            self._show(),
            {
                ("account", "Gift Cards Sold"): {
                    "sold": 100,
                    "used": -55,
                    "undone": 25,
                    "closing": 70,
                }
            },
        )

    def test_corrections_and_refund(self):
        value = self._issue_on(ISSUED, 100).with_user(self.manager)
        value.adjust(120, "Typing error")
        value.adjust(90, "Typing error")
        value.refund(40, self.bank.id)
        self.assertShown(
            self._show(self.today),
            {
                ("account", "Gift Cards Sold"): {
                    "opening": 100,
                    "raised": 20,
                    "lowered": -30,
                    "refunded": -40,
                    "closing": 50,
                }
            },
        )

    def test_move_and_redemption(self):
        value = self._issue_on(ISSUED, 100)
        code = self.code
        value.with_user(self.manager).move_to(self.accounts[1].id, 15)
        self.values.with_user(self.clerk).redeem(code, self.accounts[2].id)
        self.assertShown(
            self._show(),
            {
                ("account", "Gift Cards Sold"): {
                    "sold": 100,
                    "moved_in": 100,
                    "moved_out": -100,
                    "closing": 100,
                }
            },
        )

    def test_expiry_void_and_credit_note(self):
        expiring = self._issue_on(
            ISSUED, 40, funding="promotion", expiry_date="2024-04-01"
        )
        self._issue_on(ISSUED, 30, funding="promotion").with_user(
            self.manager
        ).action_void("Mistake")
        sold = self._sell(60)
        sold.invoice_id._reverse_moves(
            [{"date": self.today, "invoice_date": self.today}], cancel=True
        )
        stored_value_changes.expire(expiring, self.today)
        self.assertShown(
            self._show(),
            {
                ("account", "Gift Cards Sold"): {"sold": 60, "voided": -60},
                ("account", "Gift Cards Given Away"): {
                    "given": 70,
                    "expired": -40,
                    "voided": -30,
                },
                ("total", "Total USD"): {
                    "sold": 60,
                    "given": 70,
                    "expired": -40,
                    "voided": -90,
                },
            },
        )
        self.assertShown(
            self._show(self.today),
            {
                ("account", "Gift Cards Sold"): {"opening": 60, "voided": -60},
                ("account", "Gift Cards Given Away"): {
                    "opening": 70,
                    "expired": -40,
                    "voided": -30,
                    "revenue_from_opening": 40,
                },
                ("total", "Total USD"): {
                    "opening": 130,
                    "expired": -40,
                    "voided": -90,
                    "revenue_from_opening": 40,
                },
            },
        )

    def test_drafts_and_what_is_dated_ahead_are_not_in_it(self):
        ahead = self.today + timedelta(days=3)
        self._issue_on(ahead, 100)
        self.values.create(
            {
                "value_type": "gift_card",
                "partner_id": self.account.id,
                "funding": "promotion",
                "initial_amount": 10,
            }
        )
        self.assertShown(self._show(), {})
        self.assertShown(
            self._show(last=ahead),
            {("account", "Gift Cards Sold"): {"sold": 100, "closing": 100}},
        )

    # -------------------------------------------------------------------------
    # REVENUE OF WHAT WAS IN THE OPENING BALANCE
    # -------------------------------------------------------------------------

    def _get_revenue(self):
        report = self._show(self.today)
        [line] = report.line_ids.filtered(lambda line: line.level == "account")
        return line.revenue_from_opening

    def test_revenue_is_that_of_the_opening_alone(self):
        old = self._issue_on(ISSUED, 100)
        new = self._issue_on(self.today, 50, account=self.accounts[1])
        self._use(new, 20)
        self.assertEqual(self._get_revenue(), 0)
        self._use(old, 30)
        self.assertEqual(self._get_revenue(), 30)
        back = self._use(old, 25)
        self.assertEqual(self._get_revenue(), 55)
        back.with_user(self.clerk).unapply_account_credits()
        self.assertEqual(self._get_revenue(), 30)

    def test_revenue_is_at_most_the_opening(self):
        value = self._issue_on(ISSUED, 100)
        value.with_user(self.manager).adjust(150, "Typing error")
        self._use(value, 120)
        self.assertEqual(self._get_revenue(), 100)

    def test_revenue_of_what_was_redeemed_is_that_of_its_card(self):
        self._issue_on(ISSUED, 100)
        answer = self.values.with_user(self.clerk).redeem(
            self.code, self.accounts[1].id
        )
        moved_id = (
            self.values.browse(answer["id"])
            .with_user(self.manager)
            .move_to(self.accounts[2].id, 60)
        )
        self._use(self.values.browse(answer["id"]), 15)
        self._use(self.values.browse(moved_id), 45)
        self.assertEqual(self._get_revenue(), 60)

    # -------------------------------------------------------------------------
    # CURRENCIES
    # -------------------------------------------------------------------------

    def test_currencies(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.5), ("2024-06-01", 0.8)]
        )
        dinar = self.setup_other_currency(
            "BHD", rates=[("2024-01-01", 0.4)], rounding=0.001
        )
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150)], rounding=1)
        value = self._issue_on(ISSUED, 100, currency_id=euro.id)
        self._issue_on(ISSUED, "10.005", currency_id=dinar.id)
        self._issue_on(ISSUED, 3000, "prepayment", currency_id=yen.id)
        self._use(value, 25, currency_id=euro.id)
        report = self._show()
        self.assertTrue(report.is_tied)
        self.assertEqual(
            [
                (line.name, line.currency_id.name, line.sold, line.used, line.closing)
                for line in report.line_ids
            ],
            [
                ("Gift Cards Sold", "BHD", 25.01, 0, 25.01),
                ("Gift Cards Sold", "EUR", 200, -50, 150),
                ("Prepayments", "JPY", 20, 0, 20),
                ("Total USD", False, 245.01, -50, 195.01),
            ],
        )
        report = self._show(in_currency=True)
        self.assertTrue(report.is_tied)
        self.assertEqual(
            [
                (line.shown_currency_id.name, line.sold, line.used, line.closing)
                for line in report.line_ids
            ],
            [
                ("BHD", 10.005, 0, 10.005),
                ("EUR", 100, -25, 75),
                ("JPY", 3000, 0, 3000),
            ],
        )
        report = self._show(currency_id=euro.id)
        self.assertShown(
            report,
            {
                ("account", "Gift Cards Sold"): {
                    "sold": 200,
                    "used": -50,
                    "closing": 150,
                }
            },
        )
        self.assertFiguresOpen(self._show(in_currency=True))

    # -------------------------------------------------------------------------
    # COMPANIES
    # -------------------------------------------------------------------------

    def test_companies_and_branches(self):
        other = self.setup_other_company()["company"]
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        companies = self.company | branch | other
        self.clerk.company_ids = self.accountant.company_ids = companies
        self.env.user.company_ids |= companies
        for company, amount in ((self.company, 100), (branch, 30), (other, 7)):
            self.values.with_user(self.clerk).with_context(
                allowed_company_ids=companies.ids
            ).issue(
                "gift_card",
                self.account.id,
                amount,
                "promotion",
                company_id=company.id,
                date=fields.Date.to_string(ISSUED),
            )
        report = self._show(companies=companies)
        self.assertEqual(
            {
                (line.level, line.company_id): (line.closing, line.ledger)
                for line in report.line_ids
            },
            {
                ("account", self.company): (100, 100),
                ("account", branch): (30, 30),
                ("account", other): (7, 7),
                ("total", self.env["res.company"]): (137, 137),
            },
        )
        self.assertTrue(report.is_tied)
        self.assertFiguresOpen(report)
        # A company that the user does not work in now is not in it.
        report = report.with_context(allowed_company_ids=branch.ids)
        report.action_show()
        self.assertShown(
            report, {("account", "Gift Cards Given Away"): {"given": 30, "closing": 30}}
        )

    def test_other_company_is_out_of_reach(self):
        other = self.setup_other_company()["company"]
        reports = self.env["account.liability.report"].with_user(self.accountant)
        with self.assertRaises(AccessError):
            reports.create({"company_ids": [Command.set(other.ids)]})
        self._issue_on(ISSUED, 100)
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account.group_account_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertShown(self._show(user=stranger), {})
        for model in ("account.stored.value.liability", "account.stored.value.ageing"):
            self.assertFalse(self.env[model].with_user(stranger).search([]))
            self.assertTrue(self.env[model].with_user(self.accountant).search([]))

    # -------------------------------------------------------------------------
    # OPTIONS
    # -------------------------------------------------------------------------

    def test_kind(self):
        self._issue_on(ISSUED, 100)
        self._issue_on(ISSUED, 50, funding="promotion")
        self._issue_on(ISSUED, 80, "prepayment")
        for kind, name, figures in (
            ("sold", "Gift Cards Sold", {"sold": 100, "closing": 100}),
            ("given", "Gift Cards Given Away", {"given": 50, "closing": 50}),
            ("prepayment", "Prepayments", {"sold": 80, "closing": 80}),
        ):
            self.assertShown(self._show(kind=kind), {("account", name): figures})

    def test_sold_below_its_face(self):
        """100 for 80: what nobody paid for is given away."""
        invoice = self._create_invoice(
            self.account,
            0,
            invoice_date=ISSUED,
            invoice_line_ids=[
                Command.create(
                    {
                        "product_id": self.product.id,
                        "price_unit": 100,
                        "discount": 20,
                    }
                )
            ],
        )
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        self._issue_on(ISSUED, 50, funding="promotion")
        self._use(invoice.sold_value_ids, 50)
        sold = {
            ("account", "Gift Cards Sold"): {
                "sold": 80,
                "used": -40,
                "closing": 40,
            }
        }
        given = {
            ("account", "Gift Cards Given Away"): {
                "given": 70,
                "used": -10,
                "closing": 60,
            }
        }
        self.assertShown(self._show(kind="sold"), sold)
        self.assertShown(self._show(kind="given"), given)
        report = self._show()
        self.assertEqual(
            {line.name: line.closing for line in report.line_ids[:2]},
            {"Gift Cards Sold": 40, "Gift Cards Given Away": 60},
        )
        self.assertTrue(report.is_tied)

    def test_cohorts_add_up(self):
        self._issue_on(date(2024, 1, 10), 100)
        code = self.code
        self._issue_on(date(2024, 2, 10), 50)
        self._issue_on(date(2024, 5, 10), 30)
        # What is redeemed stays with the month in which it was issued.
        self.values.with_user(self.clerk).redeem(code, self.accounts[1].id)
        moved = {"moved_in": 100, "moved_out": -100}
        total = {"sold": 180, **moved, "closing": 180}
        for grouping, parts in (
            (
                "issue_date:month",
                {
                    "January 2024": {"sold": 100, **moved, "closing": 100},
                    "February 2024": {"sold": 50, "closing": 50},
                    "May 2024": {"sold": 30, "closing": 30},
                },
            ),
            (
                "issue_date:quarter",
                {
                    "Q1 2024": {"sold": 150, **moved, "closing": 150},
                    "Q2 2024": {"sold": 30, "closing": 30},
                },
            ),
            ("issue_date:year", {"2024": total}),
        ):
            report = self._show("2024-01-01", grouping=grouping)
            self.assertShown(
                report,
                {
                    ("account", "Gift Cards Sold"): total,
                    **{
                        ("part", f"Gift Cards Sold: {name}"): figures
                        for name, figures in parts.items()
                    },
                },
            )
            self.assertFiguresOpen(report)

    def test_products(self):
        self._issue_on(ISSUED, 100)
        self._sell(60)
        report = self._show(grouping="product_id")
        self.assertShown(
            report,
            {
                ("account", "Gift Cards Sold"): {"sold": 160, "closing": 160},
                ("part", "Gift Cards Sold: Studio Card"): {"sold": 60, "closing": 60},
                ("part", "Gift Cards Sold: none"): {"sold": 100, "closing": 100},
            },
        )
        self.assertFiguresOpen(report)

    def _expect(self, **vals):
        estimate = self.env["account.breakage.estimate"].create(
            {"issue_date": ISSUED, "unused_share": 10, **vals}
        )
        estimate.action_post()
        return estimate

    def test_expected_breakage_lowers_what_is_carried(self):
        """Its contra account is a line; cards, less contra, are the total."""
        # README says: "each card stays as it is"
        self._use(self._issue_on(ISSUED, 1000), 540)
        self._issue_on(ISSUED, 50, "prepayment")
        self._expect()
        report = self._show(grouping="issue_date:year")
        self.assertShown(
            report,
            {
                ("account", "Gift Cards Sold"): {
                    "sold": 1000,
                    "used": -540,
                    "closing": 460,
                },
                ("part", "Gift Cards Sold: 2024"): {
                    "sold": 1000,
                    "used": -540,
                    "closing": 460,
                },
                ("account", "Expected Breakage"): {"estimated": -60, "closing": -60},
                ("account", "Prepayments"): {"sold": 50, "closing": 50},
                ("part", "Prepayments: 2024"): {"sold": 50, "closing": 50},
                ("total", "Total USD"): {
                    "sold": 1050,
                    "used": -540,
                    "estimated": -60,
                    "closing": 450,
                },
            }
            | {
                ("part", "Gift Cards Sold: 2024"): {
                    "estimated": -60,
                    "closing": -60,
                }
            },
        )

    def test_expected_breakage_is_of_its_kind_and_period(self):
        self._use(self._issue_on(ISSUED, 1000), 540)
        self._issue_on(ISSUED, 50, "prepayment")
        estimate = self._expect()
        contra = {("account", "Expected Breakage"): {"estimated": -60, "closing": -60}}
        card = {
            ("account", "Gift Cards Sold"): {
                "sold": 1000,
                "used": -540,
                "closing": 460,
            }
        }
        total = {
            ("total", "Total USD"): {
                "sold": 1000,
                "used": -540,
                "estimated": -60,
                "closing": 400,
            }
        }
        self.assertShown(self._show(kind="sold"), card | contra | total)
        self.assertShown(
            self._show(kind="prepayment"),
            {("account", "Prepayments"): {"sold": 50, "closing": 50}},
        )
        self.assertFiguresOpen(self._show(kind="sold"))
        # A reversal takes it back.
        estimate.move_id.sudo()._reverse_moves([{"date": self.today}], cancel=True)
        self.assertShown(self._show(kind="sold"), card)

    def test_expected_breakage_of_before_is_in_the_opening(self):
        self._issue_on(ISSUED, 100)
        self._expect(unused_amount=100, date=ISSUED)
        later = fields.Date.add(ISSUED, days=1)
        self.assertShown(
            self._show(later),
            {
                ("account", "Gift Cards Sold"): {"opening": 100, "closing": 100},
                ("account", "Expected Breakage"): {"opening": -100, "closing": -100},
                ("total", "Total USD"): {},
            },
        )

    def test_entry_by_hand_on_the_contra_account_is_a_difference(self):
        contra = self.company.breakage_contra_account_id
        with self.env.cr.savepoint() as savepoint:
            self.env["account.move"].create(
                {
                    "line_ids": [
                        Command.create({"account_id": contra.id, "balance": 7}),
                        Command.create({"account_id": self.breakage.id, "balance": -7}),
                    ]
                }
            ).action_post()
            report = self._show()
            self.assertFalse(report.is_tied)
            self.assertRecordValues(
                report.line_ids,
                [{"name": "Expected Breakage", "ledger": -7, "difference": 7}],
            )
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertTrue(self._show().is_tied)

    def test_figures_are_gone_where_an_option_changes(self):
        self._issue_on(ISSUED, 100)
        report = self._show()
        report.date_to = BEFORE
        self.assertFalse(report.is_shown or report.line_ids or report.is_tied)
        report.action_print()
        self.assertTrue(report.is_shown)
        self.assertFalse(report.line_ids)

    def test_page_opens_with_the_fiscal_year(self):
        self._issue_on(self.today, 100)
        reports = self.env["account.liability.report"].with_user(self.accountant)
        action = reports.action_open()
        report = reports.browse(action["res_id"])
        self.assertEqual(report.date_to, self.today)
        self.assertEqual(report.line_ids.sold, 100)
        year = self.company.compute_fiscalyear_dates(self.today)
        self.assertEqual(report.date_from, year["date_from"])

    def test_period_that_ends_before_it_begins_is_refused(self):
        with self.assertRaisesRegex(UserError, "ends before it begins"):
            self._show(ISSUED, BEFORE)

    def test_context_that_is_no_period_is_refused(self):
        for model in ("account.stored.value.liability", "account.stored.value.ageing"):
            with self.assertRaises(ValidationError):
                self.env[model].with_context(liability_to="1; DROP").search([])

    # -------------------------------------------------------------------------
    # BEHIND THE FIGURES
    # -------------------------------------------------------------------------

    def assertFiguresOpen(self, report):
        """Assert that what each figure opens adds up to it."""
        for line in report.line_ids:
            for name in FIGURES:
                if line.level == "part" and name in ("ledger", "difference"):
                    continue
                action = line.with_context(figure=name).action_open_figure()
                items = self.env[action["res_model"]].with_user(report.env.user)
                items = items.with_context(
                    **action["context"],
                    allowed_company_ids=report.env.companies.ids,
                ).search(action["domain"])
                self.assertAlmostEqual(
                    sum(items.mapped(name)), line[name], msg=f"{line.name}: {name}"
                )
                self.assertNotIn(0, items.mapped(name))

    def test_each_figure_opens_its_cards_and_entries(self):
        value = self._issue_on(ISSUED, 100)
        self._issue_on(ISSUED, 80, "prepayment")
        self._issue_on(ISSUED, 50, funding="promotion")
        self._use(value, 30)
        report = self._show(self.today)
        self.assertFiguresOpen(report)
        line = report.line_ids.filtered(lambda line: line.kind == "sold")
        action = line.with_context(figure="used").action_open_figure()
        self.assertEqual(action["name"], "Gift Cards Sold: Used on Invoices")
        item = (
            self.env[action["res_model"]]
            .with_context(**action["context"])
            .search(action["domain"])
        )
        self.assertRecordValues(
            item,
            [
                {
                    "stored_value_id": value.id,
                    "flow": "used",
                    "amount": -30,
                    "revenue_from_opening": 30,
                    "closing": -30,
                }
            ],
        )
        self.assertEqual(item.move_id.stored_value_event, "use")

    def test_what_is_no_figure_opens_nothing(self):
        self._issue_on(ISSUED, 100)
        line = self._show().line_ids
        for figure in (None, "report_id", "write_uid", ["closing"]):
            with self.assertRaises(ValidationError):
                line.with_context(figure=figure).action_open_figure()

    def test_difference_is_told_and_opens(self):
        self._issue_on(ISSUED, 100)
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                "UPDATE account_account SET holds_stored_value = FALSE WHERE id = %s",
                [self.sold.id],
            )
            self.env.invalidate_all()
            report = self._show()
            self.assertFalse(report.is_tied)
            self.assertRecordValues(
                report.line_ids, [{"closing": 100, "ledger": 0, "difference": 100}]
            )
            self.assertFiguresOpen(report)
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertTrue(self._show().is_tied)

    def test_pivot_has_the_figures_of_the_page(self):
        value = self._issue_on(ISSUED, 100)
        self._use(value, 30)
        report = self._show(self.today)
        action = report.action_pivot()
        [sums] = (
            self.env[action["res_model"]]
            .with_user(self.accountant)
            .with_context(**action["context"])
            ._read_group(action["domain"], [], [f"{name}:sum" for name in FIGURES])
        )
        self.assertEqual(
            dict(zip(FIGURES, sums, strict=True)),
            {name: report.line_ids[name] for name in FIGURES},
        )

    # -------------------------------------------------------------------------
    # RIGHTS
    # -------------------------------------------------------------------------

    def test_who_may_read_it(self):
        self._issue_on(ISSUED, 100)
        credit_manager = new_test_user(
            self.env,
            login="liability_manager",
            groups="account_credit_posting.group_credit_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        for user in (self.accountant, self.manager, credit_manager):
            report = self._show(user=user)
            self.assertEqual(report.line_ids.closing, 100)
            report.line_ids.web_read({"display_name": {}, "company_id": {}})
            self.assertFiguresOpen(report)
            with self.assertRaises(AccessError):
                report.line_ids.write({"closing": 1})
            with self.assertRaises(AccessError):
                report.write({"is_shown": False})
        with self.assertRaises(AccessError):
            self._show(user=self.clerk)
        with self.assertRaises(AccessError):
            report.with_user(self.manager).read(["date_from"])

    # -------------------------------------------------------------------------
    # MANY
    # -------------------------------------------------------------------------

    def test_queries_do_not_grow_with_movements(self):
        value = self._issue_on(ISSUED, 100)
        report = self._show()
        report.action_show()  # What is kept in caches is there from now on.
        for uses in (1, 10):
            for _number in range(uses):
                self._use(value, 2)
                self._issue_on(ISSUED, 5, account=self.accounts[uses % 7])
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(20):
                report.action_show()
                report.flush_recordset()


@tagged("post_install", "-at_install")
class TestLiabilityOnPaper(LiabilityCommon, HttpCase):
    """The spreadsheet and the PDF of the report."""

    def _download(self, report, user=None):
        login = (user or self.accountant).login
        self.authenticate(login, login)
        return self.url_open(report.action_export()["url"])

    def _compute(self, sheet, cell):
        """Return what a cell comes to, by its formula."""
        content = sheet[cell].value
        if not isinstance(content, str):
            return content or 0
        self.assertRegex(content, r"^=[A-Z0-9+\-:(),]+$")

        def add(match):
            rows = sheet[match[1] : match[2]]
            return repr(
                sum(self._compute(sheet, one.coordinate) for row in rows for one in row)
            )

        expression = re.sub(r"SUM\(([A-Z]+\d+):([A-Z]+\d+)\)", add, content[1:])
        rounded = re.fullmatch(r"ROUND\((.+),(\d)\)", expression)
        digits = 2
        if rounded:
            expression, digits = rounded[1], int(rounded[2])
        terms = re.findall(r"([+-]?)([A-Z]+\d+|[\d.]+)", expression)
        total = 0
        for sign, term in terms:
            number = self._compute(sheet, term) if term[0].isalpha() else float(term)
            total += -number if sign == "-" else number
        return round(total, digits)

    def test_formulas_of_the_spreadsheet_add_up(self):
        value = self._issue_on(ISSUED, 100)
        self._issue_on(date(2024, 5, 1), "0.10")
        self._issue_on(date(2024, 6, 1), "0.20")
        self._issue_on(ISSUED, 80, "prepayment")
        self._use(value, 30)
        report = self._show(ISSUED, grouping="issue_date:month")
        response = self._download(report)
        self.assertEqual(response.status_code, 200)
        workbook = openpyxl.load_workbook(io.BytesIO(response.content))
        sheet = workbook.active
        titles = [cell.value for cell in sheet[4]]
        self.assertEqual(
            titles[:5],
            ["Company", "What", "Liability Account", "Currency", "Opening"],
        )
        columns = [name for name, _title in report._get_all_columns()]
        self.assertEqual(len(report.line_ids), 2 + 3 + 1 + 1)
        formulas = 0
        for row, line in enumerate(report.line_ids, start=5):
            self.assertEqual(sheet.cell(row, 2).value, line.name)
            for column, name in enumerate(columns, start=5):
                cell = sheet.cell(row, column)
                if line.level == "part" and name in ("ledger", "difference"):
                    self.assertIsNone(cell.value)
                    continue
                formulas += isinstance(cell.value, str)
                self.assertEqual(
                    self._compute(sheet, cell.coordinate),
                    line[name],
                    f"{line.name}: {name}",
                )
        # Closings, differences, sums of parts, and totals.
        self.assertEqual(formulas, 7 + 3 + 2 * 16 + 17)

    def test_spreadsheet_of_somebody_else_is_out_of_reach(self):
        report = self._show()
        url = report.action_export()["url"]
        for user in (self.clerk, self.manager):
            self.authenticate(user.login, user.login)
            self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate(None, None)
        response = self.url_open(url, allow_redirects=False)
        self.assertEqual(response.status_code, 303)

    def test_paper(self):
        value = self._issue_on(ISSUED, 100)
        self._use(value, 30)
        report = self._show()
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account_credit_posting.report_liability", report.ids
        )
        self.assertShows(
            html.decode().replace("\ufeff", ""),
            "Liability of Gift Cards &amp; Prepayments",
            "Gift Cards Sold",
            "Sold or Received",
            "-30.00",
            "70.00",
            "Closing and general ledger are equal on each line.",
        )
        self.assertNotIn("Refunded", html.decode())
