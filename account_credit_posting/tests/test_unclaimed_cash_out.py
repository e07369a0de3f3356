from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon

BEFORE, SINCE = "2026-03-31", "2026-04-02"


@tagged("post_install", "-at_install")
class TestUnclaimedCashOut(StoredValueCommon):
    """The law of the owner's state lets the holder ask for cash, from a day on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dues = cls.env["account.unclaimed.due"]
        cls.paid_out = (
            cls.env["account.payment"]
            .new({"company_id": cls.company.id})
            ._get_outstanding_account("outbound")
        )

    def _live_in(self, number):
        """Let the account live in a state of the US."""
        state = self.env.ref(f"base.state_us_{number}")
        self.account.write({"country_id": state.country_id.id, "state_id": state.id})
        return state

    def _may(self, value, day):
        """Tell whether a card may be paid out on a day."""
        with freeze_time(f"{day} 15:00:00"):
            value.invalidate_recordset()
            self.dues.invalidate_model()
            return value.may_cash_out

    def _leave(self, amount, left):
        """Issue a card and use all but so much of it."""
        value = self._issue(amount)
        if amount > left:
            invoice = self._create_invoice(self.account, amount - left)
            value.with_user(self.clerk).apply_to_invoice(invoice.id)
        return value

    def test_threshold_of_the_day(self):
        self._live_in(5)
        for left, before, since in (
            (14.99, False, True),
            (15, False, False),
            (10, False, True),
            (9.99, True, True),
        ):
            value = self._issue(left)
            self.assertEqual(value.holder_state_id.code, "CA")
            self.assertEqual(self._may(value, BEFORE), before, left)
            self.assertEqual(self._may(value, "2026-04-01"), since, left)

    def test_thresholds_of_all_states(self):
        cases = {  # {state: [(what is left, whether it may be paid out)]}
            6: [(5, True), (5.01, False)],  # Colorado: this amount, too
            7: [(2.99, True), (3, False)],  # Connecticut
            20: [(4.99, True), (5, False)],  # Maine
            34: [(5, True), (5.01, False)],  # Massachusetts: this amount, too
            21: [(4.99, True), (5, False)],  # Montana
            25: [(4.99, True), (5, False)],  # New Jersey
            32: [(4.99, True), (5, False)],  # Oregon
            40: [(0.99, True), (1, False)],  # Rhode Island
            44: [(2.49, True), (2.5, False)],  # Texas
            46: [(0.99, True), (1, False)],  # Vermont
            48: [(4.99, True), (5, False)],  # Washington
            27: [(4.99, True), (5, False)],  # New York
            10: [(0.01, False)],  # Florida has no such rule
        }
        for number, amounts in cases.items():
            state = self._live_in(number)
            for left, expected in amounts:
                value = self._issue(left)
                self.assertEqual(
                    self._may(value, SINCE), expected, f"{state.name} {left}"
                )

    def test_first_days(self):
        cases = {  # {state: its first day, and the day before}
            6: ("2010-08-11", "2010-08-10"),  # Colorado
            7: ("2016-10-01", "2016-09-30"),  # Connecticut
            25: ("2012-09-01", "2012-08-31"),  # New Jersey
            27: ("2022-12-10", "2022-12-09"),  # New York
            44: ("2015-09-01", "2015-08-31"),  # Texas
        }
        for number, (first, before) in cases.items():
            state = self._live_in(number)
            value = self._issue(1)
            self.assertTrue(self._may(value, first), state.name)
            self.assertFalse(self._may(value, before), state.name)

    def test_massachusetts_also_once_most_is_used(self):
        self._live_in(34)
        self.assertTrue(self._may(self._leave(100, 10), SINCE))
        self.assertFalse(self._may(self._leave(100, 10.01), SINCE))

    def test_entry(self):
        self._live_in(5)
        value = self._leave(60, 14.99)
        with freeze_time(f"{SINCE} 15:00:00"):
            dialog = (
                self.env["account.stored.value.change"]
                .with_user(self.clerk)
                .create(
                    {
                        "value_id": value.id,
                        "change": "cash_out",
                        "journal_id": self.bank.id,
                    }
                )
            )
            self.assertFalse(dialog.error)
            self.assertEqual(dialog.balance_after, 0)
            dialog.action_confirm()
        self.assertEvents(
            value,
            [
                ("issue", [(self.sold, -60, -60), (self.outstanding, 60, 60)]),
                (
                    "use",
                    [(self.sold, 45.01, 45.01), (self.receivable, -45.01, -45.01)],
                ),
                (
                    "refund",
                    [(self.sold, 14.99, 14.99), (self.paid_out, -14.99, -14.99)],
                ),
            ],
        )
        self.assertEqual((value.balance, value.state), (0, "used"))
        self.assertIn("California", value.message_ids[0].body)
        # A second click.
        with freeze_time(f"{SINCE} 15:00:00"), self.assertRaises(UserError):
            dialog.action_confirm()

    def test_same_key_pays_once(self):
        self._live_in(5)
        value = self._issue(12)
        row = self.dues.with_user(self.clerk).browse(value.id)
        with freeze_time(f"{SINCE} 15:00:00"):
            first = row.cash_out(self.bank.id, idempotency_key="cash 1")
            again = row.cash_out(self.bank.id, idempotency_key="cash 1")
        self.assertEqual(first, again)
        self.assertEqual(len(value.move_line_ids.move_id), 2)

    def test_not_granted(self):
        self._live_in(5)
        value = self._issue(15)
        row = self.dues.with_user(self.clerk).browse(value.id)
        with (
            freeze_time(f"{SINCE} 15:00:00"),
            self.assertRaisesRegex(UserError, "California"),
        ):
            row.cash_out(self.bank.id)

    def test_rights(self):
        self._live_in(5)
        value = self._issue(12)
        poster = self._create_user("poster", "account_credit_posting.group_credit_user")
        for user in (poster, self.accountant):
            row = self.dues.with_user(user).browse(value.id)
            with freeze_time(f"{SINCE} 15:00:00"), self.assertRaises(AccessError):
                row.cash_out(self.bank.id)

    def test_other_company(self):
        other = self.setup_other_company()["company"]
        self._live_in(5)
        value = self._issue(12)
        self.clerk.write({"company_ids": [(4, other.id)]})
        foreign = self.dues.with_user(self.clerk).with_context(
            allowed_company_ids=other.ids
        )
        with freeze_time(f"{SINCE} 15:00:00"), self.assertRaises(AccessError):
            foreign.browse(value.id).cash_out(self.bank.id)
        self.assertFalse(foreign.search([("stored_value_id", "=", value.id)]))

    def test_locked_date(self):
        self._live_in(5)
        value = self._issue(12)
        row = self.dues.with_user(self.clerk).browse(value.id)
        self.company.hard_lock_date = "2026-04-30"
        with (
            freeze_time(f"{SINCE} 15:00:00"),
            self.assertRaisesRegex(UserError, "locked"),
        ):
            row.cash_out(self.bank.id)

    def test_never_what_was_given_blocked_or_in_another_currency(self):
        self._live_in(5)
        given = self._issue(5, funding="promotion")
        prepaid = self._issue(5, "prepayment")
        foreign = self._issue(
            5, currency_id=self.setup_other_currency("EUR", rounding=0.01).id
        )
        blocked = self._issue(5)
        blocked.with_user(self.clerk).action_block("Lost")
        for value in (given, prepaid, foreign, blocked):
            self.assertFalse(self._may(value, SINCE), value.name)

    def test_three_decimals(self):
        currency = self.setup_other_currency("KWD", rounding=0.001)
        self._live_in(5)
        value = self._issue("0.125", currency_id=currency.id)
        rules = self.env["account.unclaimed.rule"]
        rules.create(
            {
                "kind": "cash_out",
                "country_id": self.env.ref("base.us").id,
                "state_id": self.account.state_id.id,
                "company_id": self.company.id,
                "currency_id": currency.id,
                "amount": 0.126,
                "valid_from": "2026-01-01",
            }
        )
        self.assertTrue(self._may(value, SINCE))

    def test_state_is_kept_at_issue(self):
        california = self._live_in(5)
        value = self._issue(12)
        self._live_in(27)
        self.assertEqual(value.holder_state_id, california)
        self.assertTrue(self._may(value, SINCE))
        with self.assertRaises(AccessError):
            value.with_user(self.clerk).holder_state_id = self.account.state_id
        value.with_user(self.manager).holder_state_id = self.account.state_id
        self.assertFalse(self._may(value, SINCE))

    def test_state_of_the_company_without_an_address(self):
        self.account.state_id = False
        self.company.state_id = self.env.ref("base.state_us_5")
        self.assertEqual(self._issue(12).holder_state_id.code, "CA")

    def test_rule_of_the_company_comes_first(self):
        state = self._live_in(5)
        value = self._issue(18)
        rules = self.env["account.unclaimed.rule"].with_user(self.manager)
        rule = rules.create(
            {
                "kind": "cash_out",
                "country_id": state.country_id.id,
                "amount": 20,
                "company_id": self.company.id,
                "valid_from": "2026-01-01",
            }
        )
        self.assertTrue(self._may(value, SINCE))
        rule.valid_to = "2026-03-01"
        self.assertFalse(self._may(value, SINCE))

    def test_who_keeps_rules(self):
        rule = self.env.ref("account_credit_posting.unclaimed_rule_cash_out_ca_2026")
        with self.assertRaises(AccessError):
            rule.with_user(self.clerk).amount = 20
        rule.with_user(self.manager).amount = 20
        with self.assertRaises(ValidationError):
            rule.amount = 0
        with self.assertRaises(ValidationError):
            rule.state_id = self.env.ref("base.state_ca_on")
