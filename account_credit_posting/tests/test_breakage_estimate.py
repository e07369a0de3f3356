from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import BaseCase, tagged

from ..models.breakage.breakage_formula import (
    Cohort,
    allocate,
    find_proportional,
    find_remote,
)
from .common_liability import ISSUED, LiabilityCommon
from .test_tours import TourCommon


@tagged("post_install", "-at_install")
class TestBreakageFormula(BaseCase):
    """The published examples, and what expiry takes to income by itself."""

    def assertSeries(self, sold, steps):
        """Assert balances and entries: ``[(used, share, balance, entry)]``."""
        before = 0.0
        for used, share, balance, entry in steps:
            found = round(find_proportional(Cohort(sold, used), sold * share / 100), 2)
            self.assertEqual(found, balance)
            self.assertAlmostEqual(found - before, entry, 2)
            before = found

    def test_examples_of_the_standards(self):
        self.assertSeries(1000, [(540, 10, 60, 60)])
        self.assertSeries(1000, [(90, 10, 10, 10), (900, 10, 100, 90)])

    def test_estimate_that_changes(self):
        self.assertSeries(
            10000,
            [
                (2700, 10, 300, 300),
                (5400, 10, 600, 300),
                (6900, 8, 600, 0),
                (8280, 5, 435.79, -164.21),
                (9500, 5, 500, 64.21),
            ],
        )

    def test_what_is_allocated(self):
        first = round(allocate(9000, 4500, 9700))
        self.assertEqual(first, 4175)
        self.assertEqual(int(allocate(9000, 8500, 9900)) - first, 3552)
        self.assertEqual(round(allocate(9000, 8500, 9200)) - first, 4140)

    def test_state_takes_a_part(self):
        """Of 1,000 expect 100 unused and 100 for a state: 800 are to be used."""
        self.assertEqual(find_proportional(Cohort(1000, 400), 100, 100), 50)

    def test_expired_is_not_income_twice(self):
        self.assertEqual(find_proportional(Cohort(1000, 450), 100), 50)
        self.assertEqual(find_proportional(Cohort(1000, 450, 80), 100), 10)
        self.assertEqual(find_proportional(Cohort(1000, 450, 100), 100), 0)
        self.assertEqual(find_proportional(Cohort(1000, 450, 550), 100), 0)

    def test_never_more_than_is_left(self):
        self.assertEqual(find_proportional(Cohort(1000, 950), 100), 50)
        self.assertEqual(find_proportional(Cohort(1000, 890, handed=90), 100), 20)
        self.assertEqual(find_proportional(Cohort(0, 0), 0), 0)

    def test_remote(self):
        self.assertEqual(find_remote(Cohort(1000, 400)), 0)
        self.assertEqual(find_remote(Cohort(1000, 400, 0, 70)), 70)


@tagged("post_install", "-at_install")
class TestBreakageEstimate(LiabilityCommon):
    """Estimates of a cohort, and the entries that follow one another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contra = cls.company.breakage_contra_account_id
        cls.keeper = cls._create_user("keeper", "account.group_account_user")
        cls.estimates = cls.env["account.breakage.estimate"]

    def _estimate(self, user=None, **vals):
        return self.estimates.with_user(user or self.keeper).create(
            {"issue_date": ISSUED, "unused_share": 10, **vals}
        )

    def _use_on(self, value, amount):
        value.with_user(self.clerk).apply_to_invoice(
            self._create_invoice(value.partner_id, amount).id
        )

    def test_entry_follows_use(self):
        card = self._issue_on(ISSUED, 1000)
        self._issue_on(ISSUED, 500, funding="promotion", user=self.manager)
        self._use(card, 540)
        estimate = self._estimate()
        self.assertRecordValues(
            estimate,
            [
                {
                    "sold": 1000,
                    "used": 540,
                    "expected": 900,
                    "breakage": 60,
                    "booked": 0,
                    "amount": 60,
                }
            ],
        )
        estimate.action_post()
        self.assertItems(
            estimate.move_id, [(self.contra, 60, 60), (self.breakage, -60, -60)]
        )
        self.assertEqual(estimate.move_id.state, "posted")
        self.assertEqual(estimate.posted_by_id, self.keeper)
        self.assertEqual(card.balance, 460)
        estimate.action_post()  # The second click.
        following = self._estimate()
        self.assertEqual(following.booked, 60)
        self.assertEqual(following.amount, 0)
        following.action_post()
        self.assertFalse(following.move_id)
        # A lower estimate takes income back.
        lower = self._estimate(unused_share=5)
        lower.action_post()
        self.assertEqual(lower.breakage, 28.42)
        self.assertItems(
            lower.move_id,
            [(self.contra, -31.58, -31.58), (self.breakage, 31.58, 31.58)],
        )
        self.assertTiesOut()

    def test_reversal_is_followed(self):
        self._use(self._issue_on(ISSUED, 1000), 540)
        estimate = self._estimate()
        estimate.action_post()
        estimate.move_id.sudo()._reverse_moves(
            [{"date": fields.Date.today()}], cancel=True
        )
        self.assertEqual(self._estimate().booked, 0)
        self.assertEqual(self._estimate().amount, 60)

    def test_what_moves_stays_in_its_cohort(self):
        card = self._issue_on(ISSUED, 1000)
        card.with_user(self.manager).move_to(self.accounts[1].id, 400)
        self._use(card, 270)
        self.assertEqual(self._estimate().sold, 1000)
        self.assertEqual(self._estimate().breakage, 30)

    def test_posted_stays(self):
        self._use(self._issue_on(ISSUED, 1000), 540)
        estimate = self._estimate()
        estimate.action_post()
        for change in (
            lambda: estimate.write({"unused_share": 20}),
            estimate.unlink,
            estimate.action_compute,
        ):
            with self.assertRaisesRegex(UserError, "is posted and cannot be changed"):
                change()
        with self.assertRaises(AccessError):
            estimate.write({"breakage": 1})
        with self.assertRaisesRegex(UserError, "is already posted"):
            self._estimate(date=fields.Date.subtract(self.today, days=1)).action_post()

    def test_refused(self):
        self._use(self._issue_on(ISSUED, 1000), 540)
        with self.assertRaises(AccessError):
            self._estimate(user=self.clerk)
        estimate = self._estimate()
        with self.assertRaises(AccessError):
            estimate.with_user(self.clerk).action_post()
        with self.assertRaisesRegex(ValidationError, "the same gift cards"):
            self._estimate(period="month")
        self.company.fiscalyear_lock_date = self.today
        with self.assertRaisesRegex(UserError, "is locked"):
            estimate.action_post()
        self.company.fiscalyear_lock_date = False
        self.company.breakage_contra_account_id = False
        with self.assertRaisesRegex(UserError, "no account for expected breakage"):
            estimate.action_post()

    def test_expiry_is_corrected_by_the_next_estimate(self):
        self.company.paid_value_expires = True
        self._use(self._issue_on(ISSUED, 1000), 450)
        self._issue_on(ISSUED, 80, expiry_date="2024-12-31")
        estimate = self._estimate(unused_amount=108)
        estimate.action_post()
        self.assertRecordValues(
            estimate, [{"sold": 1080, "expected": 972, "breakage": 50}]
        )
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_credit_posting.ir_cron_expire_stored_value"
            ).method_direct_trigger()
        self.env.invalidate_all()
        following = self._estimate(unused_amount=108)
        # Of 28 that are still to stay unused; 80 are income by their own entry.
        self.assertRecordValues(
            following, [{"expired": 80, "breakage": 12.96, "amount": -37.04}]
        )
        self.assertTiesOut()

    def test_remote_method(self):
        # README says: "takes what nobody has used for so many months"
        self._issue_on(ISSUED, 70)
        used = self._issue_on(ISSUED, 30)
        self._use(used, 10)
        self.assertEqual(self._estimate(method="remote").breakage, 0)
        estimate = self._estimate(method="remote", remote_months=12)
        estimate.action_post()
        self.assertItems(
            estimate.move_id, [(self.contra, 70, 70), (self.breakage, -70, -70)]
        )

    def test_other_company(self):
        other = self._create_company(name="Lakeside")
        with self.assertRaises(AccessError):
            self._estimate(company_id=other.id)
        self._issue_on(ISSUED, 100)
        estimate = self.estimates.create(
            {"company_id": other.id, "issue_date": ISSUED, "unused_share": 10}
        )
        self.assertEqual(estimate.sold, 0)
        with self.assertRaises(AccessError):
            estimate.with_user(self.keeper).action_post()

    def test_each_product_is_a_cohort(self):
        other = self.env["product.product"].create(
            {"name": "Party Card", "is_gift_card": True}
        )
        paid = self._sell(1000)
        self._create_payment(1000)
        paid.invoice_id.js_assign_outstanding_line(
            self.env["account.move.line"]
            .search(
                [
                    ("account_id", "=", self.receivable.id),
                    ("partner_id", "=", self.account.id),
                    ("amount_residual", "<", 0),
                ]
            )
            .id
        )
        self._issue_on(ISSUED, 500)
        self._use(paid, 540)
        estimate = self._estimate(product_id=self.product.id)
        self.assertRecordValues(
            estimate, [{"sold": 1000, "used": 540, "breakage": 60, "amount": 60}]
        )
        self.assertIn("Studio Card", estimate.display_name)
        estimate.action_post()
        # Nothing of another product, and no cohort that holds both.
        self.assertEqual(self._estimate(product_id=other.id).sold, 0)
        self.assertEqual(self._estimate(product_id=self.product.id).booked, 60)
        with self.assertRaisesRegex(ValidationError, "the same product"):
            self._estimate()

    def test_other_currency_counts_in_that_of_the_company(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.5), ("2024-06-01", 0.8)]
        )
        card = self._issue_on(ISSUED, 100, currency_id=euro.id)
        self._use(card, 54, currency_id=euro.id)
        estimate = self._estimate()
        estimate.action_post()
        # Used at the rate of the issue, as its entry is.
        self.assertRecordValues(
            estimate, [{"sold": 200, "used": 108, "expected": 180, "breakage": 12}]
        )
        self.assertItems(
            estimate.move_id, [(self.contra, 12, 12), (self.breakage, -12, -12)]
        )

    def test_currency_without_and_with_three_decimals(self):
        self._use(self._issue_on(ISSUED, 1000), 541)
        self.assertEqual(self._estimate(unused_share=11).breakage, 66.87)
        for rounding, places, breakage in ((1, 0, 67), (0.001, 3, 66.865)):
            with self.subTest(rounding), self.env.cr.savepoint() as savepoint:
                # As a currency that is so from the beginning on.
                self.env.flush_all()
                self.env.cr.execute(
                    "UPDATE res_currency SET rounding = %s, decimal_places = %s"
                    " WHERE id = %s",
                    (rounding, places, self.company.currency_id.id),
                )
                self.env.invalidate_all()
                estimate = self._estimate(unused_share=11)
                estimate.action_post()
                self.assertItems(
                    estimate.move_id,
                    [
                        (self.contra, breakage, breakage),
                        (self.breakage, -breakage, -breakage),
                    ],
                )
                savepoint.rollback()
            self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestStoredValueCurve(LiabilityCommon):
    """Which share of a cohort is used, by age: the evidence of an estimate."""

    def _read(self, domain, groups=("cohort", "age"), user=None):
        """Return ``{(group, …): (used, share)}``, without what is zero."""
        curves = self.env["account.stored.value.curve"].with_user(
            user or self.accountant
        )
        rows = curves._read_group(
            [("company_id", "=", self.company.id), *domain],
            groups,
            ["used:sum", "used_share:sum"],
        )
        return {
            tuple(row[:-2]): (row[-2], round(row[-1], 4)) for row in rows if row[-2]
        }

    def test_shares_of_cohorts(self):
        age = (self.today.year - 2024) * 12 + self.today.month - 3
        age -= self.today.day < ISSUED.day
        card = self._issue_on(ISSUED, 80)
        self._issue_on(fields.Date.add(ISSUED, months=1), 120)
        self._issue_on(ISSUED, 50, "prepayment")
        self._use(card, 20)
        whole = [("kind", "=", "sold"), ("is_by_product", "=", False)]
        for period, cohort, share in (
            ("year", "2024", 10),
            ("quarter", "2024 Q1", 25),
            ("month", "2024-03", 25),
        ):
            self.assertEqual(
                self._read([*whole, ("period", "=", period)]),
                {(cohort, age): (20, share)},
            )
        # What was refunded was not sold; what was undone is not used.
        card.with_user(self.manager).refund(40, self.bank.id)
        self.assertEqual(
            self._read([*whole, ("period", "=", "month")]),
            {("2024-03", age): (20, 50)},
        )
        self.env["account.credit.application"].search(
            [("stored_value_id", "=", card.id)]
        ).with_user(self.clerk).action_unapply()
        self.assertEqual(self._read([*whole, ("period", "=", "month")]), {})

    def test_shares_of_products(self):
        self._issue_on(ISSUED, 60)
        self._sell(60)
        card = self._issue_on(ISSUED, 40)
        self._use(card, 25)
        each = [("is_by_product", "=", True), ("period", "=", "year")]
        empty = self.env["product.product"]
        self.assertEqual(self._read(each, ["product_id"]), {(empty,): (25, 25)})
        whole = [("is_by_product", "=", False), ("period", "=", "year")]
        self.assertEqual(self._read(whole, ["cohort"]), {("2024",): (25, 15.625)})

    def test_who_may_read_it(self):
        for user in (self.clerk, self._create_user("guest", "base.group_portal")):
            with self.assertRaises(AccessError):
                self._read([], user=user)
        other = self._create_company(name="Lakeside")
        self._use(self._issue_on(ISSUED, 100), 25)
        curves = self.env["account.stored.value.curve"].with_user(self.accountant)
        self.assertTrue(curves.search([]))
        self.assertFalse(curves.search([("company_id", "=", other.id)]))


@tagged("post_install", "-at_install")
class TestBreakageTour(LiabilityCommon, TourCommon):
    """An accountant looks at the evidence, estimates, and books the entry."""

    def test_accountant_books_expected_breakage(self):
        self._use(self._issue_on(ISSUED, 1000), 540)
        keeper = self._create_user("keeper", "account.group_account_user")
        self.start_tour(
            "/odoo/action-account_credit_posting.account_breakage_estimate_action/new",
            "account_breakage_estimate",
            login=keeper.login,
        )
        estimate = self.env["account.breakage.estimate"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(estimate.state, "posted")
        self.assertItems(
            estimate.move_id,
            [
                (self.company.breakage_contra_account_id, 60, 60),
                (self.breakage, -60, -60),
            ],
        )
