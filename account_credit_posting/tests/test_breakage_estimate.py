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
            with self.assertRaisesRegex(UserError, "is posted and stays"):
                change()
        with self.assertRaises(AccessError):
            estimate.write({"breakage": 1})
        with self.assertRaisesRegex(UserError, "is posted already"):
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
