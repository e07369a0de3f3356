from datetime import date

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from ..models.stored_value import stored_value_events
from ..tools.days import get_today
from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueExpiry(StoredValueCommon, MailCase):
    """Until when stored value can be used, reminders, grace and breakage."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.email = "family@example.com"

    def _run_cron(self, day):
        with freeze_time(day), self.mock_mail_gateway(mail_unlink_sent=False):
            with self.enter_registry_test_mode():
                self.env.ref(
                    "account_credit_posting.ir_cron_expire_stored_value"
                ).method_direct_trigger()
            self.env.invalidate_all()

    def test_day_is_that_of_the_company(self):
        self.company.expiry_reminder_days = 10
        vals = {"funding": "promotion", "expiry_date": "2024-06-30"}
        # A day in Los Angeles begins at seven o'clock of UTC, in Tokyo at three in the
        # afternoon of the day before.
        for zone, before, after in (
            ("America/Los_Angeles", "2024-07-01 06:59:00", "2024-07-01 07:01:00"),
            ("Asia/Tokyo", "2024-06-30 14:59:00", "2024-06-30 15:01:00"),
        ):
            self.company.credit_tz = zone
            value = self._issue(25, **vals)
            self._run_cron(before)
            self.assertEqual(value.state, "active", zone)
            self.assertEqual(value.reminder_date, date(2024, 6, 30))
            # Whoever asks: the holder's last day is the company's.
            with freeze_time(before):
                invoice = self._create_invoice(self.account, 5)
                clerks = value.with_user(self.clerk)
                clerks = clerks.with_context(tz="Pacific/Auckland")
                clerks.apply_to_invoice(invoice.id)
            self._run_cron(after)
            self.assertEqual(value.state, "expired", zone)
            self.assertEqual(
                value.move_line_ids.sorted("id").mapped("date"),
                [date(2024, 3, 15), date(2024, 6, 30), date(2024, 7, 1)],
            )

    def test_day_is_that_of_the_contact_or_of_the_company_above(self):
        with freeze_time("2024-06-30 15:01:00"):
            self.assertEqual(get_today(self.company), date(2024, 6, 30))
            self.company.partner_id.tz = "Asia/Tokyo"
            self.assertEqual(get_today(self.company), date(2024, 7, 1))
            self.company.credit_tz = "America/Los_Angeles"
            self.assertEqual(get_today(self.company), date(2024, 6, 30))
            branch = self.env["res.company"].create(
                {"name": "Branch", "parent_id": self.company.id}
            )
            self.assertEqual(get_today(branch), date(2024, 6, 30))

    def test_default_is_that_paid_value_never_expires(self):
        self.company.gift_card_validity_months = 12
        self.assertFalse(self._issue(100).expiry_date)
        with self.assertRaisesRegex(ValidationError, "never expires"):
            self._issue(100, expiry_date="2024-12-31")
        given = self._issue(100, funding="promotion")
        self.assertEqual(given.expiry_date, date(2025, 3, 15))

    def test_company_gives_an_expiry_date(self):
        self.company.write(
            {"gift_card_validity_months": 24, "paid_value_expires": True}
        )
        self.assertEqual(self._issue(100).expiry_date, date(2026, 3, 15))
        self.assertFalse(self._issue(100, "prepayment").expiry_date)

    def test_expires_after_its_last_day(self):
        value = self._issue(25, funding="promotion", expiry_date="2024-06-30")
        self._run_cron("2024-06-30")
        self.assertEqual((value.state, value.balance), ("active", 25))
        self._run_cron("2024-07-01")
        self.assertEvents(
            value,
            [
                ("issue", [(self.promotion, 25, 25), (self.given, -25, -25)]),
                ("expire", [(self.given, 25, 25), (self.breakage, -25, -25)]),
            ],
        )
        self.assertEqual(value.move_line_ids.sorted("id")[-1].date, date(2024, 7, 1))
        self.assertEqual(value.state, "expired")

    def test_grace(self):
        self.company.expiry_grace_days = 10
        value = self._issue(25, funding="promotion", expiry_date="2024-06-30")
        invoice = self._create_invoice(self.account, 5)
        with freeze_time("2024-07-10"):
            value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self._run_cron("2024-07-10")
        self.assertEqual(value.balance, 20)
        self._run_cron("2024-07-11")
        self.assertEqual((value.balance, value.state), (0, "expired"))

    def test_paid_value_stays_when_the_company_changes_its_mind(self):
        self.company.paid_value_expires = True
        value = self._issue(25, expiry_date="2024-06-30")
        self.company.paid_value_expires = False
        self._run_cron("2024-12-01")
        self.assertEqual((value.balance, value.state), (25, "active"))
        moved = value.with_user(self.manager).move_to(self.accounts[1].id)
        self.assertFalse(self.values.browse(moved).expiry_date)

    def test_blocked_expires_and_what_awaits_payment_does_not(self):
        self.company.paid_value_expires = True
        blocked = self._issue(25, funding="promotion", expiry_date="2024-06-30")
        blocked.with_user(self.clerk).action_block("Lost")
        waiting = self._issue(30, expiry_date="2024-06-30")
        waiting._update_state("blocked", awaits_payment=True)
        self._run_cron("2024-07-01")
        self.assertEqual((blocked.state, waiting.state), ("expired", "blocked"))

    def test_one_that_cannot_expire_stops_no_other(self):
        values = self.values.browse()
        for _number in range(3):
            values += self._issue(25, funding="promotion", expiry_date="2024-06-30")
        expire = stored_value_events.expire

        def refuse(value, day, days):
            if value == values[1]:
                raise ValueError("Another module refuses it")
            return expire(value, day, days)

        self.patch(stored_value_events, "expire", refuse)
        with self.assertLogs("odoo.addons.account_credit_posting", "WARNING") as logs:
            self._run_cron("2024-07-01")
        self.assertEqual(values.mapped("state"), ["expired", "active", "expired"])
        self.assertIn(values[1].name, "".join(logs.output))

    def test_reminded_once_without_the_code(self):
        self.company.expiry_reminder_days = 30
        value = self._issue(25, funding="promotion", expiry_date="2024-06-30")
        self._run_cron("2024-05-30")
        self.assertFalse(value.reminder_date)
        self._run_cron("2024-05-31")
        self.assertEqual(value.reminder_date, date(2024, 5, 31))
        [mail] = self._new_mails
        self.assertEqual(mail.email_to, "family@example.com")
        self.assertIn("25.00", mail.body_html)
        self.assertNotIn(value.code_last4, mail.body_html)
        self._run_cron("2024-06-01")
        self.assertFalse(self._new_mails)

    def test_no_reminder_where_there_is_none(self):
        self.company.expiry_reminder_days = 0
        value = self._issue(25, funding="promotion", expiry_date="2024-06-30")
        self._run_cron("2024-06-15")
        self.assertFalse(value.reminder_date)
