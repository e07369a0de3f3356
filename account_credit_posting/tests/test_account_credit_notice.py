from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import const
from ..models.notice import account_credit_notice as notice
from ..tools.posting import with_posting
from .common import AccountCreditCommon


class NoticeCommon(AccountCreditCommon):
    """Three accounts with an address, and what the scheduled action does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.notified = cls.accounts[:3]
        for number, account in enumerate(cls.notified):
            account.email = f"family{number}@example.com"
        cls.template = cls.env.ref("account_credit_posting.mail_template_credit_posted")
        cls.secret = "Agreed in private"

    def _post(self, accounts=None, user=None, **vals):
        """Post a batch of 10.00 for each account; by default those with an address."""
        batch = self._create_batch(
            dict.fromkeys(self.notified if accounts is None else accounts, 10),
            public_comment="The snow day",
            private_comment=self.secret,
            **vals,
        )
        batch.with_user(user or self.clerk).action_post()
        return batch

    def _run(self):
        """Do what the scheduled action does."""
        cron = self.env.ref("account_credit_posting.ir_cron_notify_customers")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _find_mails(self, batch):
        return self.env["mail.mail"].search(
            [
                ("model", "=", "account.credit.line"),
                ("res_id", "in", batch.line_ids.ids),
            ],
            order="id",
        )

    def assertTold(self, batch, accounts):
        """Assert that these accounts got one email each, and nobody else."""
        mails = self._find_mails(batch)
        self.assertEqual(mails.mapped("recipient_ids"), accounts)
        self.assertEqual(len(mails), len(accounts))
        for line in batch.line_ids:
            self.assertEqual(bool(line.notified_date), line.partner_id in accounts)


@tagged("post_install", "-at_install")
class TestAccountCreditNotice(NoticeCommon):
    """One email for each account of a batch, on request, exactly once."""

    # -------------------------------------------------------------------------
    # WHO IS TOLD
    # -------------------------------------------------------------------------

    def test_nobody_is_told_who_was_not_to_be(self):
        batch = self._post()
        self._run()
        self.assertTold(batch, self.env["res.partner"])
        self.assertFalse(batch.is_notifying)

    def test_the_box_of_the_batch(self):
        batch = self._post(notify_customers=True)
        self.assertFalse(self._find_mails(batch))
        self.assertTrue(batch.is_notifying)
        self._run()
        self.assertTold(batch, self.notified)
        self.assertRecordValues(
            batch,
            [
                {
                    "is_notifying": False,
                    "notified_count": 3,
                    "notice_failed_count": 0,
                    "to_notify_count": 0,
                    "undelivered_count": 0,
                }
            ],
        )

    def test_the_box_of_post_transaction(self):
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        for is_notifying in (True, False):
            transaction = transactions.create(
                {
                    "step": "setup",
                    "credit_item_id": self.item.id,
                    "notify_customers": is_notifying,
                    "line_ids": [
                        Command.create({"partner_id": account.id, "amount": 10})
                        for account in self.notified
                    ],
                }
            )
            transaction.action_post()
            self._run()
            batch = transaction.batch_id.sudo()
            self.assertTold(batch, self.notified if is_notifying else self.notified[:0])

    def test_the_button_of_a_posted_batch(self):
        batch = self._post()
        mine = batch.with_user(self.clerk)
        action = mine.action_open_notify()
        self.assertFalse(self._find_mails(batch))
        dialog = (
            self.env[action["res_model"]]
            .with_user(self.clerk)
            .create({"batch_id": batch.id})
        )
        self.assertEqual((dialog.to_notify_count, dialog.no_address_count), (3, 0))
        self.assertEqual(dialog.recipient, "family0@example.com")
        self.assertIn("The snow day", dialog.body)
        self.assertNotIn(self.secret, dialog.body + dialog.subject)
        dialog.action_confirm()
        self._run()
        self.assertTold(batch, self.notified)

    def test_nobody_is_told_twice(self):
        # README says: "sends one email for each account and batch, exactly once"
        batch = self._post(notify_customers=True)
        self._run()
        self._run()
        with self.assertRaises(UserError):
            batch.with_user(self.clerk).action_notify()
        # Even where the request is there again.
        self.env["account.credit.notice"]._begin(batch)
        self._run()
        self.assertTold(batch, self.notified)

    def test_an_account_with_two_lines_gets_one_mail(self):
        batch = self._create_batch(notify_customers=True)
        batch.line_ids = [
            Command.create({"partner_id": self.account.id, "amount": 20}),
            Command.create({"partner_id": self.notified[1].id, "amount": 30}),
        ]
        batch.action_post()
        self._run()
        self.assertTold(batch, self.notified[:2])
        body = self._find_mails(batch)[0].body_html
        for line in batch.line_ids[:2]:
            self.assertIn(line.move_name, body)

    def test_what_is_posted_later_is_told_by_another_mail(self):
        batch = self._create_batch(notify_customers=True)
        batch.line_ids = [Command.create({"partner_id": self.account.id, "amount": 0})]
        batch.action_post()
        first, late = batch.line_ids.sorted("id")
        self.assertEqual((first.state, late.state), ("posted", "failed"))
        self._run()
        self.assertEqual((batch.notified_count, batch.to_notify_count), (1, 0))
        late.amount = 20
        batch.action_retry()
        self._run()
        self.assertEqual((batch.notified_count, batch.to_notify_count), (2, 0))
        mails = self._find_mails(batch)
        self.assertEqual(mails.mapped("res_id"), [first.id, late.id])
        self.assertNotIn(first.move_name, mails[1].body_html)
        self.assertEqual(batch.notice_ids.line_ids, first | late)

    def test_each_account_waits_for_one_mail(self):
        batch = self._post(self.notified[0], notify_customers=True)
        notices = batch.notice_ids
        notices._begin(batch)
        self.assertEqual(batch.notice_ids, notices)
        vals = {"batch_id": batch.id, "partner_id": notices.partner_id.id}
        with (
            self.assertRaises(UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            with_posting(notices.sudo(), "notifying").create(vals)

    def test_what_is_reversed_before_is_not_told(self):
        batch = self._post(notify_customers=True)
        line = batch.line_ids[0]
        line.with_user(self.manager).action_reverse("all", reason="Wrong")
        self._run()
        self.assertTold(batch, self.notified[1:])
        self.assertEqual(batch.notice_ids.partner_id, self.notified[1:])

    def test_lines_without_an_address_say_so(self):
        self.notified[1].email = False
        self.notified[2].email = "nonsense"
        batch = self._post(notify_customers=True)
        self._run()
        self.assertTold(batch, self.notified[0])
        for line in batch.line_ids[1:]:
            self.assertIn("no valid email address", line.notice_error)
        self.assertEqual((batch.notified_count, batch.notice_failed_count), (1, 2))
        self.notified[1].email = "late@example.com"
        self._run()
        self.assertTold(batch, self.notified[0])
        batch.with_user(self.clerk).action_notify()
        self._run()
        self.assertTold(batch, self.notified[:2])
        self.assertEqual((batch.notified_count, batch.notice_failed_count), (2, 1))

    def test_failed_and_reversed_lines_are_not_told(self):
        self._create_invoice(self.notified[0], 10)
        self.notified[1].active = False
        batch = self._post(notify_customers=True)
        self.assertEqual(batch.state, "partial")
        # What was used stays.
        batch.with_user(self.manager).action_reverse(mode="unused")
        self.assertEqual(
            batch.line_ids.mapped("state"), ["posted", "failed", "reversed"]
        )
        self._run()
        self.assertTold(batch, self.notified[0])
        # Posted in the end, it is told in the end.
        self.notified[1].active = True
        batch.with_user(self.clerk).action_retry()
        self._run()
        self.assertTold(batch, self.notified[:2])

    def test_a_batch_that_is_not_posted_is_not_told(self):
        self.company.credit_background_lines = 1
        draft = self._create_batch(notify_customers=True)
        queued = self._post(notify_customers=True)
        self.assertEqual(queued.state, "queued")
        self._run()
        for batch in (draft, queued):
            with self.assertRaises(UserError):
                batch.with_user(self.clerk).action_notify()
            self.assertTold(batch, self.notified[:0])
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_credit_posting.ir_cron_post_credits_1"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self._run()
        self.assertTold(queued, self.notified)

    # -------------------------------------------------------------------------
    # WHAT IS TOLD
    # -------------------------------------------------------------------------

    def test_comment_amount_what_it_paid_and_what_is_left(self):
        invoice = self._create_invoice(self.account, 4)
        batch = self._post(
            self.account, notify_customers=True, expiry_date="2030-12-31"
        )
        self._run()
        body = self._find_mails(batch).body_html
        for text in ("The snow day", "10.00", invoice.name, "4.00", "6.00"):
            self.assertIn(text, body)
        self.assertIn(batch.line_ids.move_name, body)

    def test_comment_cannot_inject_markup(self):
        batch = self._create_batch(
            notify_customers=True, public_comment="<script>alert(1)</script>{{ 7 * 7 }}"
        )
        batch.action_post()
        self._run()
        body = self._find_mails(batch).body_html
        self.assertNotIn("<script>", body)
        self.assertIn("{{ 7 * 7 }}", body)

    def test_each_in_its_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.notified[1].lang = "fr_FR"
        self.template.with_context(lang="fr_FR").subject = "Un avoir"
        batch = self._post(notify_customers=True)
        self._run()
        subjects = self._find_mails(batch).mapped("subject")
        self.assertEqual(subjects[1], "Un avoir")
        self.assertNotIn("Un avoir", (subjects[0], subjects[2]))

    def test_entry_for_many_accounts(self):
        self.item.taxes_id = False
        batch = self._post(notify_customers=True, document_form="entry")
        self._run()
        self.assertTold(batch, self.notified)
        self.assertIn("10.00", self._find_mails(batch)[0].body_html)

    def test_nothing_private_leaves_the_office(self):
        # README says: "The email contains neither the private comment nor internal
        # attachments."
        portal = new_test_user(
            self.env, login="credit_portal", groups="base.group_portal"
        )
        batch = self._create_batch(
            dict.fromkeys(self.notified | portal.partner_id.commercial_partner_id, 10),
            notify_customers=True,
            public_comment="The snow day",
            private_comment=self.secret,
        )
        stranger = new_test_user(
            self.env, login="credit_stranger", groups="base.group_portal"
        )
        batch.message_subscribe(stranger.partner_id.ids)
        last = self.env["mail.message"].search([], order="id desc", limit=1).id or 0
        batch.with_user(self.clerk).action_post()
        self._run()
        messages = self.env["mail.message"].search([("id", ">", last)])
        mails = self.env["mail.mail"].search([("mail_message_id", "in", messages.ids)])
        self.assertTrue(mails)
        for record in messages | mails.mail_message_id:
            texts = [record.body, record.subject, record.preview, record.record_name]
            self.assertNotIn(self.secret, " ".join(filter(None, texts)))
        for mail in mails:
            self.assertNotIn(self.secret, f"{mail.body_html} {mail.headers}")
        # Who follows the batch gets nothing, neither mail nor notification.
        self.assertNotIn(stranger.partner_id, mails.recipient_ids)
        self.assertNotIn(stranger.partner_id, messages.notified_partner_ids)
        for reader in (stranger, portal):
            with self.assertRaises(AccessError):
                mails.mail_message_id.with_user(reader).read(["body"])

    # -------------------------------------------------------------------------
    # WHAT GOES WRONG
    # -------------------------------------------------------------------------

    def test_one_that_cannot_be_written_does_not_stop_the_others(self):
        templates = self.env.registry["mail.template"]
        send = templates.send_mail_batch
        batch = self._post(notify_customers=True)
        invalid = batch.line_ids[1].id

        def send_some(template, res_ids, **options):
            if invalid in res_ids:
                raise ValueError("No such thing")
            return send(template, res_ids, **options)

        with (
            patch.object(templates, "send_mail_batch", send_some),
            self.assertLogs(notice.__name__, "ERROR"),
        ):
            self._run()
        self.assertTold(batch, self.notified[0] | self.notified[2])
        self.assertIn("ValueError", batch.line_ids[1].notice_error)
        batch.with_user(self.clerk).action_notify()
        self._run()
        self.assertTold(batch, self.notified[0] | self.notified[2] | self.notified[1])

    def test_one_that_is_not_delivered_is_counted(self):
        batch = self._post(notify_customers=True)
        self._run()
        self._find_mails(batch)[1].state = "exception"
        batch.invalidate_recordset()
        counts = batch.with_user(self.clerk)
        self.assertEqual((counts.notified_count, counts.undelivered_count), (3, 1))

    def test_what_the_mail_server_refused_is_told_again(self):
        batch = self._post(notify_customers=True)
        self._run()
        mails = self._find_mails(batch)
        refused = mails[1]
        line = self.env["account.credit.line"].browse(refused.res_id)
        refused.state = "exception"
        line.partner_id.email = "mended@example.com"
        batch.invalidate_recordset()
        counts = batch.with_user(self.clerk)
        self.assertEqual((counts.to_notify_count, counts.undelivered_count), (1, 1))
        dialogs = self.env["account.credit.batch.notify"].with_user(self.clerk)
        dialog = dialogs.create({"batch_id": batch.id})
        self.assertEqual(dialog.recipient, "mended@example.com")
        dialog.action_confirm()
        self._run()
        new = self._find_mails(batch) - mails
        self.assertEqual((new.res_id, refused.state), (line.id, "cancel"))
        self.assertIn("mended@example.com", str(new.recipient_ids.mapped("email")))
        batch.invalidate_recordset()
        counts = batch.with_user(self.clerk)
        self.assertEqual(
            (counts.notified_count, counts.to_notify_count, counts.undelivered_count),
            (3, 0, 0),
        )
        with self.assertRaisesRegex(UserError, "Nobody is notified twice"):
            counts.action_notify()

    def test_what_was_reversed_is_not_told_again(self):
        batch = self._post(notify_customers=True)
        self._run()
        self._find_mails(batch).state = "exception"
        batch.action_reverse()
        batch.invalidate_recordset()
        self.assertEqual((batch.to_notify_count, batch.undelivered_count), (0, 3))

    def test_in_chunks(self):
        self.accounts.email = "family@example.com"
        batch = self._post(self.accounts, notify_customers=True)
        sizes = []
        write_mails = notice.AccountCreditNotice._write_mails

        def count(lines):
            sizes.append(len(lines))
            return write_mails(lines)

        with (
            patch.object(const, "CHUNK_MAILS", 4),
            patch.object(
                self.env.registry["account.credit.notice"], "_write_mails", count
            ),
        ):
            self._run()
        self.assertEqual(sizes, [4, 4, 2])
        self.assertTold(batch, self.accounts)

    # -------------------------------------------------------------------------
    # RIGHTS
    # -------------------------------------------------------------------------

    def test_who_may_not(self):
        batch = self._post()
        other = self.env["res.company"].create({"name": "Other"})
        abroad = self._create_user("abroad", "account.group_account_invoice")
        abroad.write({"company_id": other.id, "company_ids": [Command.set(other.ids)]})
        employee = self._create_user("employee", "base.group_user")
        for user in (employee, self.accountant, abroad):
            mine = batch.with_user(user)
            for action in (mine.action_notify, mine.action_open_notify):
                with self.assertRaises(AccessError):
                    action()
            with self.assertRaises(AccessError):
                dialog = self.env["account.credit.batch.notify"].with_user(user)
                dialog.create({"batch_id": batch.id}).action_confirm()
        with self.assertRaises(AccessError):
            dialog = self.env["account.credit.batch.notify"].with_user(abroad)
            dialog.create({"batch_id": batch.id}).read(["body", "recipient"])
        self._run()
        self.assertTold(batch, self.notified[:0])

    def test_stamps_are_written_by_telling_alone(self):
        batch = self._post()
        yesterday = fields.Datetime.now() - timedelta(days=1)
        self.env["account.credit.notice"]._begin(batch)
        notice_sudo = batch.notice_ids[0].with_user(self.manager).sudo()
        for change in (
            lambda: notice_sudo.write({"notified_date": yesterday}),
            lambda: notice_sudo.sudo(False).unlink(),
            lambda: batch.line_ids.with_user(self.clerk).write({"notice_id": False}),
            lambda: batch.line_ids.with_user(self.clerk).write(
                {"notified_date": yesterday}
            ),
            lambda: batch.line_ids.with_user(self.manager).write({"notice_error": "x"}),
            lambda: batch.with_user(self.manager).write({"is_notifying": True}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_a_copy_tells_nobody(self):
        batch = self._post(notify_customers=True)
        self._run()
        copy = batch.copy()
        self.assertFalse(copy.notify_customers or copy.is_notifying)
        self.assertFalse(any(copy.line_ids.mapped("notified_date")))


@tagged("post_install", "-at_install")
class TestNoticeTours(NoticeCommon, HttpCase):
    """The box in the set-up, and the button of a posted batch, in a browser."""

    def test_box_in_the_set_up(self):
        transaction = (
            self.env["account.post.transaction"]
            .with_user(self.clerk)
            .create(
                {
                    "step": "setup",
                    "credit_item_id": self.item.id,
                    "line_ids": [
                        Command.create({"partner_id": account.id, "amount": 10})
                        for account in self.notified
                    ],
                }
            )
        )
        self.start_tour(
            f"/odoo/post-transaction/{transaction.id}",
            "account_credit_notice",
            login=self.clerk.login,
        )
        self._run()
        self.assertTold(transaction.batch_id, self.notified)

    def test_button_of_a_posted_batch(self):
        self.notified[1].email = False
        batch = self._post()
        self.start_tour(
            f"/odoo/account.credit.batch/{batch.id}",
            "account_credit_notify_batch",
            login=self.clerk.login,
        )
        self._run()
        self.assertTold(batch, self.notified[0] | self.notified[2])
        self.assertEqual(batch.notice_failed_count, 1)
