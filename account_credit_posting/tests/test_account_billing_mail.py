from datetime import date
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, ConcurrencyError
from odoo.tests import Form, tagged
from odoo.tools import html2plaintext, mute_logger

from .. import const
from ..models.billing import account_billing_mail
from ..tools.posting import with_posting
from .common_stored_value import StoredValueCommon

SECRET = "Agreed in private"


class BillingMailCommon(StoredValueCommon):
    """Two accounts with an address, and what the scheduled action does on a day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.told = cls.accounts[:2]
        for number, account in enumerate(cls.told):
            account.email = f"family{number}@example.com"
        cls.company.credit_tz = "UTC"
        cls.mails = cls.env["account.billing.mail"]

    def _run(self, day):
        """Do what the scheduled action does on a day; return the emails it wrote."""
        known = self._find()
        cron = self.env.ref("account_credit_posting.ir_cron_send_billing_mails")
        with freeze_time(day), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        return self._find() - known

    def _find(self):
        return self.env["mail.mail"].search(
            [("model", "=", "account.billing.mail")], order="id"
        )

    def _read(self, mail):
        return " ".join(html2plaintext(mail.body_html).split())


@tagged("post_install", "-at_install")
class TestStatementMail(BillingMailCommon):
    """The statement of a month, once, on the first day of the next one."""

    def setUp(self):
        super().setUp()
        self._switch_on("2024-03-02")
        self._post_line(
            30, public_comment="The snow day", private_comment=SECRET
        )  # On 15 March, for the first account.

    def _switch_on(self, day):
        with freeze_time(day):
            self.company.credit_statement_mails = True
            self.company.flush_recordset()

    def test_off_by_default(self):
        other = self.setup_other_company()["company"]
        self.assertFalse(other.credit_statement_mails)
        self.company.credit_statement_mails = False
        self.assertFalse(self._run("2024-04-01"))

    def test_first_day_of_the_month(self):
        self.assertFalse(self._run("2024-03-31 23:30:00"))
        mail = self._run("2024-04-01 00:30:00")
        self.assertEqual(mail.recipient_ids, self.account)
        self.assertEqual(mail.subject, "Your account statement of March 2024")
        self.assertIn("/my/credits", str(mail.body_html))
        self.assertRecordValues(
            self.mails.search([("company_id", "=", self.company.id)]),
            [
                {
                    "kind": "statement",
                    "partner_id": self.account.id,
                    "date": date(2024, 3, 1),
                    "error": False,
                    "mail_state": "outgoing",
                }
            ],
        )

    def test_day_is_that_of_the_company(self):
        self.company.credit_tz = "America/Los_Angeles"
        self.assertFalse(self._run("2024-04-01 06:59:00"))
        self.assertEqual(len(self._run("2024-04-01 07:01:00")), 1)

    def test_statement_of_that_month_is_attached(self):
        self._post_line(44, date="2024-02-10")
        self._post_line(55, date="2024-04-01")
        [attachment] = self._run("2024-04-01").attachment_ids
        self.assertTrue(attachment.name.startswith("Account Statement 2024-03-31."))
        if attachment.name.endswith("html"):
            text = html2plaintext(attachment.raw.decode())
            self.assertIn("The snow day", text)
            self.assertIn("30.00", text)
            self.assertNotIn("55.00", text)
            self.assertNotIn(SECRET, text)

    def test_never_twice_for_a_month(self):
        # README says: "Nobody gets one twice"
        self.assertEqual(len(self._run("2024-04-01")), 1)
        self.assertFalse(self._run("2024-04-01 12:00:00"))
        self.assertFalse(self._run("2024-04-02"))
        # Booked later, for that month.
        self._post_line(5, date="2024-03-20", account=self.accounts[1])
        self.assertFalse(self._run("2024-04-03"))
        # The database says so, too.
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
        ):
            with_posting(self.mails.sudo(), "notifying").create(
                {
                    "kind": "statement",
                    "company_id": self.company.id,
                    "partner_id": self.account.id,
                    "date": "2024-03-01",
                }
            )

    def test_each_month_with_movements(self):
        self._run("2024-04-01")
        self._post_line(5, date="2024-04-20", account=self.accounts[1])
        mail = self._run("2024-05-01")
        self.assertEqual(mail.recipient_ids, self.accounts[1])
        self.assertFalse(self._run("2024-06-01"))

    def test_day_that_was_missed_is_made_up_for(self):
        self.assertEqual(len(self._run("2024-04-09")), 1)
        self.assertEqual(self.company.credit_statement_month, date(2024, 3, 1))

    def test_months_before_it_was_switched_on_are_not_sent(self):
        self.company.credit_statement_mails = False
        self._switch_on("2024-04-02")
        self.assertFalse(self._run("2024-04-02"))

    def test_worker_that_dies_leaves_the_rest_to_the_next(self):
        """What was committed is written, and is not written again."""
        for account in self.accounts[1:3]:
            account.email = "family@example.com"
            self._post_line(5, account=account)
        write = account_billing_mail.AccountBillingMail._write_mails
        calls = []

        def die(mails):
            if calls:
                write(mails)
                raise ConcurrencyError
            calls.append(mails)
            return write(mails)

        with (
            patch.object(const, "CHUNK_MAILS", 1),
            patch.object(self.registry["account.billing.mail"], "_write_mails", die),
        ):
            written = self._run("2024-04-01")
        self.assertEqual(len(written), 1)
        rest = self._run("2024-04-01")
        self.assertEqual(
            (written | rest).recipient_ids, self.account | self.accounts[1:3]
        )
        self.assertEqual(len(rest), 2)

    def test_archived_accounts_get_none(self):
        self.account.active = False
        self.assertFalse(self._run("2024-04-01"))

    def test_other_companies_send_none(self):
        other = self.setup_other_company()["company"]
        self._create_invoice(self.accounts[1], 10, company_id=other.id)
        mail = self._run("2024-04-01")
        self.assertEqual(mail.recipient_ids, self.account)

    # -------------------------------------------------------------------------
    # WHO CANNOT BE REACHED
    # -------------------------------------------------------------------------

    def test_account_without_address_is_told_to_the_office(self):
        self.account.email = "no address"
        self.assertFalse(self._run("2024-04-01"))
        [row] = self.mails.search([("company_id", "=", self.company.id)])
        mine = row.with_user(self.clerk)
        self.assertIn("no valid email address", mine.error)
        self.account.email = "mended@example.com"
        mine.action_send_again()
        self.assertEqual(self._run("2024-04-02").recipient_ids, self.account)
        self.assertFalse(row.error)

    def test_what_the_mail_server_refused_is_sent_again(self):
        mail = self._run("2024-04-01")
        mail.write({"state": "exception", "failure_reason": "Unknown user"})
        [row] = self.mails.search(
            [("mail_state", "=", "exception"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(row.with_user(self.clerk).failure_reason, "Unknown user")
        row.with_user(self.clerk).action_send_again()
        self.assertEqual(mail.state, "cancel")
        self.assertEqual(len(self._run("2024-04-02")), 1)

    def test_what_was_delivered_is_not_sent_again(self):
        mail = self._run("2024-04-01")
        [row] = self.mails.search([("company_id", "=", self.company.id)])
        action = row.with_user(self.clerk).action_send_again()
        self.assertIn("Nobody gets one twice", action["params"]["message"])
        mail.sudo().unlink()  # As Odoo does when it is sent.
        row.with_user(self.clerk).action_send_again()
        self.assertFalse(self._run("2024-04-02"))

    def test_one_that_cannot_be_written_does_not_stop_the_others(self):
        self._post_line(5, account=self.accounts[1])
        print_one = account_billing_mail.AccountBillingMail._print_statement

        def print_some(mail):
            if mail.partner_id == self.account:
                raise ValueError("No such thing")
            return print_one(mail)

        with (
            patch.object(
                self.registry["account.billing.mail"], "_print_statement", print_some
            ),
            self.assertLogs(account_billing_mail.__name__, "ERROR"),
        ):
            mail = self._run("2024-04-01")
        self.assertEqual(mail.recipient_ids, self.accounts[1])
        [row] = self.mails.search([("error", "!=", False)])
        self.assertIn("ValueError", row.error)

    # -------------------------------------------------------------------------
    # RIGHTS
    # -------------------------------------------------------------------------

    def test_office_reads_them_and_nobody_writes_them(self):
        self._run("2024-04-01")
        [row] = self.mails.search([("company_id", "=", self.company.id)])
        for name, value in (("date", "2024-05-01"), ("written_date", False)):
            with self.assertRaises(AccessError):
                row.write({name: value})
        with self.assertRaises(AccessError):
            row.with_user(self.clerk).write({"error": "x"})

    def test_company_says_so_in_the_settings(self):
        settings = Form(self.env["res.config.settings"])
        settings.credit_statement_mails = False
        settings.save().execute()
        self.assertFalse(self.company.credit_statement_mails)


@tagged("post_install", "-at_install")
class TestCreditExpiryMail(BillingMailCommon):
    """A credit that expires soon is told of once, while something of it is left."""

    def setUp(self):
        super().setUp()
        self.company.expiry_reminder_days = 10
        self.line = self._post_line(
            30,
            expiry_date="2024-06-30",
            public_comment="The snow day",
            private_comment=SECRET,
        )

    def test_told_once_so_many_days_before(self):
        self.assertFalse(self._run("2024-06-19"))
        mail = self._run("2024-06-20")
        self.assertEqual(mail.recipient_ids, self.account)
        self.assertIn("expires on 06/30/2024", mail.subject)
        text = self._read(mail)
        self.assertIn("30.00", text)
        self.assertIn(self.line.move_id.name, text)
        self.assertIn("/my/credits", str(mail.body_html))
        self.assertNotIn(SECRET, text)
        self.assertFalse(self._run("2024-06-21"))
        self.assertFalse(self._run("2024-06-30"))

    def _use(self, amount):
        with freeze_time("2024-06-25"):
            self._create_invoice(self.account, amount)

    def test_used_up_is_not_told(self):
        self._use(30)
        self.assertFalse(self._run("2024-06-25"))
        self.assertFalse(self.mails.search([]))

    def test_rest_is_told(self):
        self._use(18)
        self.assertIn("12.00", self._read(self._run("2024-06-25")))

    def test_used_up_before_it_is_written(self):
        with freeze_time("2024-06-25"):
            self.mails._begin_reminders(self.company)
        self._use(30)
        self.assertFalse(self._run("2024-06-25"))
        self.assertFalse(self.mails.search([]))

    def test_expired_or_reversed_is_not_told(self):
        self.assertFalse(self._run("2024-07-01"))
        self.line.batch_id.action_reverse()
        self.assertFalse(self._run("2024-06-25"))

    def test_never_where_the_company_gives_no_notice(self):
        self.company.expiry_reminder_days = 0
        self.assertFalse(self._run("2024-06-29"))

    def test_all_credits_of_a_day_are_told_in_one(self):
        self._post_line(5, expiry_date="2024-06-30")
        mail = self._run("2024-06-25")
        self.assertEqual(len(mail), 1)
        text = self._read(mail)
        self.assertIn("30.00", text)
        self.assertIn("5.00", text)

    def test_later_credit_of_the_same_day_is_told_as_well(self):
        self._run("2024-06-25")
        self._post_line(5, expiry_date="2024-06-30")
        self.assertEqual(len(self._run("2024-06-26")), 1)
        self.assertFalse(self._run("2024-06-27"))

    def test_account_without_address_is_told_to_the_office(self):
        self.account.email = False
        self.assertFalse(self._run("2024-06-25"))
        [row] = self.mails.search([("error", "!=", False)])
        self.assertEqual((row.kind, row.batch_id), ("expiry", self.line.batch_id))

    def test_foreign_currency(self):
        currency = self.setup_other_currency("JPY", rates=[("2024-01-01", 100)])
        batch = self._create_batch(
            {self.account: 700}, currency_id=currency.id, expiry_date="2024-06-29"
        )
        batch.action_post()
        mail = self._run("2024-06-20").filtered(lambda one: "700" in self._read(one))
        self.assertEqual(len(mail), 1)
