import runpy
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import HttpCase, tagged
from odoo.tools import file_path, mute_logger
from odoo.tools.misc import hmac

from odoo.addons.mail.tests.common import MailCase

from .. import const
from ..const import ATTEMPTS, CODE_KEYS
from ..models.stored_value.account_gift_card import GiftCard
from ..tools.card_code import compute_check_character, normalize_code
from .common_stored_value import StoredValueCommon

#: A code that could be one.
WRONG = "A" * 15 + compute_check_character("A" * 15)


@tagged("post_install", "-at_install")
class TestGiftCardAttempts(StoredValueCommon):
    """After ten wrong codes in a row there is a pause, right or wrong."""

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()

    def _guess(self, code=WRONG, user=None):
        # Not `assertRaises`: Odoo's takes back what was written before the error.
        try:
            self.values.with_user(user or self.clerk).balance_of(code)
        except UserError as refusal:
            return str(refusal)
        return self.fail("The code should be refused")

    def test_pause_after_ten_wrong_codes(self):
        value = self._issue(100)
        code = self.code
        with freeze_time("2024-03-15 10:00:00"):
            for _number in range(ATTEMPTS):
                self.assertIn("no gift card", self._guess())
            self.assertIn("Too many", self._guess())
            # The right code tells nothing either, in whatever way it is used.
            self.assertIn("Too many", self._guess(code))
            with self.assertRaisesRegex(UserError, "Too many"):
                self.values.with_user(self.clerk).redeem(code, self.accounts[1].id)
        with freeze_time("2024-03-15 10:14:59"):
            self.assertIn("Too many", self._guess(code))
        with freeze_time("2024-03-15 10:15:01"):
            answer = self.values.with_user(self.clerk).balance_of(code)
            self.assertEqual(answer["balance"], 100)
        self.assertEqual(value.balance, 100)

    def test_another_user_goes_on(self):
        self._issue(100)
        for _number in range(ATTEMPTS):
            self._guess()
        answer = self.values.with_user(self.manager).balance_of(self.code)
        self.assertEqual(answer["balance"], 100)

    def test_in_a_row(self):
        self._issue(100)
        for _number in range(2):
            for _other in range(ATTEMPTS - 1):
                self._guess()
            self.values.with_user(self.clerk).balance_of(self.code)
        self.assertIn("no gift card", self._guess())

    def test_typing_error_costs_no_attempt(self):
        self._issue(100)
        other = "B" if self.code[0] == "A" else "A"
        for code in (other + self.code[1:], self.code[:-1], "", "x" * 10**6):
            for _number in range(ATTEMPTS):
                self.assertIn("no gift card", self._guess(code))
        answer = self.values.with_user(self.clerk).balance_of(self.code)
        self.assertEqual(answer["balance"], 100)

    def test_one_user_does_not_close_an_office(self):
        self._issue(100)
        attempts = self.env["account.stored.value.attempt"]
        third = self._create_user("third", "account.group_account_invoice")
        with (
            patch.object(type(attempts), "_get_address", lambda _self: "address 10 "),
            patch.object(const, "ADDRESS_ATTEMPTS", ATTEMPTS + 5),
        ):
            for _number in range(2):
                for _other in range(ATTEMPTS - 1):
                    self._guess()
                self.values.with_user(self.clerk).balance_of(self.code)
            # What one user has tried counts ten at most for all of them.
            for _number in range(5):
                self.values.with_user(third).balance_of(self.code)
                self.assertIn("no gift card", self._guess(user=self.manager))
            for user in (self.clerk, self.manager, third):
                self.assertIn("Too many", self._guess(self.code, user))

    def test_nobody_reads_or_deletes_attempts(self):
        self._guess()
        attempts = self.env["account.stored.value.attempt"]
        self.assertTrue(attempts.sudo().search([]))
        for user in (self.clerk, self.manager, self.accountant):
            with self.assertRaises(AccessError):
                attempts.with_user(user).search([])


@tagged("post_install", "-at_install")
class TestGiftCardAttemptsConnection(StoredValueCommon):
    """Attempts are on a connection of their own, in all that is done with them."""

    def test_no_transaction_waits_for_itself(self):
        attempts = self.env["account.stored.value.attempt"].with_user(self.clerk)
        self.addCleanup(attempts._record_right)
        attempts._record_wrong()
        attempts._check_pause()
        attempts._record_right()
        attempts._record_wrong()
        self.env.cr.execute(
            "SELECT COUNT(*) FROM pg_locks WHERE pid = pg_backend_pid()"
            " AND relation = 'account_stored_value_attempt'::regclass"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        for _number in range(ATTEMPTS - 1):
            attempts._record_wrong()
        with self.assertRaisesRegex(UserError, "Too many"):
            attempts._check_pause()


@tagged("post_install", "-at_install")
class TestGiftCardKey(StoredValueCommon):
    """The key of the codes survives what becomes of the database."""

    def _get_balance(self, code):
        return self.values.with_user(self.clerk).balance_of(code)["balance"]

    def test_copy_of_the_database_knows_the_codes(self):
        self._issue(100)
        self.env["ir.config_parameter"].set_param("database.secret", "that of a copy")
        self.assertEqual(self._get_balance(self.code), 100)

    def test_new_key_leaves_the_codes_valid(self):
        first, code = self._issue(100), self.code
        old_hash = first.sudo().code_hash
        self.env["res.config.settings"].create({}).action_rotate_code_key()
        self._issue(50)
        self.assertEqual(self._get_balance(code), 100)
        self.assertEqual(self._get_balance(self.code), 50)
        GiftCard(first.with_user(self.clerk)).check_code(code)
        # A code that is made now has the new key.
        parameters = self.env["ir.config_parameter"]
        new, _old = parameters.get_param(CODE_KEYS).split()[:2]
        parameters.set_param(CODE_KEYS, new)
        self.assertEqual(self._get_balance(self.code), 50)
        self.assertEqual(first.sudo().code_hash, old_hash)
        with self.assertRaises(UserError):
            self._get_balance(code)

    def test_new_key_is_for_administrators_of_the_system(self):
        for user in (self.clerk, self.manager):
            with self.assertRaises(AccessError):
                self.env["res.config.settings"].with_user(user).action_rotate_code_key()

    def test_codes_of_an_older_release_stay_valid(self):
        value = self._issue(100)
        parameters = self.env["ir.config_parameter"]
        parameters.set_param(CODE_KEYS, False)
        value._write_guarded(
            {
                "code_hash": hmac(
                    self.env(su=True),
                    "account.stored.value",
                    normalize_code(self.code),
                )
            }
        )
        path = file_path("account_credit_posting/migrations/19.0.2.1.0/post-codes.py")
        runpy.run_path(path)["migrate"](self.env.cr, "19.0.2.0.0")
        parameters.set_param("database.secret", "that of a copy")
        self.assertEqual(self._get_balance(self.code), 100)
        self.assertEqual(len(parameters.get_param(CODE_KEYS).split()), 2)


@tagged("post_install", "-at_install")
class TestGiftCardLog(StoredValueCommon):
    """No code in the log, not even where Odoo logs each call."""

    def test_arguments_are_not_logged(self):
        self._issue(100)
        values = self.values.with_user(self.clerk)
        with self.assertLogs("odoo.service.model", "DEBUG") as logs:
            call_kw(values, "balance_of", [self.code], {})
            call_kw(values, "balance_of", [], {"code": self.code})
            call_kw(values, "redeem", [self.code, self.accounts[1].id], {})
            call_kw(values, "search_count", [[("memo", "=", "shown")]], {})
        output = "".join(logs.output)
        self.assertNotIn(self.code, output)
        self.assertIn("balance_of", output)
        self.assertIn("shown", output)


@tagged("post_install", "-at_install")
class TestGiftCardByEmail(StoredValueCommon, MailCase):
    """The card leaves with a new code, which is nowhere else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.email = "family@example.com"

    def _send(self, day="2024-03-15"):
        with freeze_time(day), self.mock_mail_gateway(mail_unlink_sent=True):
            self._run_cron()
        return self._mails

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_credit_posting.ir_cron_send_gift_cards"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def _find_code(self, mail):
        import re

        [code] = set(re.findall(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", mail["body"]))
        return code

    def test_sent_now_with_a_code_that_works(self):
        value = self._issue(100, sender_name="Grandma", message="Dance!")
        printed = self.code
        value.with_user(self.manager).send_card("maya@example.com")
        [mail] = self._send(value.send_date)
        self.assertEqual(mail["email_to"], ["maya@example.com"])
        self.assertIn("Grandma", mail["body"])
        self.assertIn("Dance!", mail["body"])
        self.assertIn("100.00", mail["body"])
        code = self._find_code(mail)
        self.assertNotEqual(code, printed)
        with self.assertRaises(UserError):
            self.values.with_user(self.clerk).balance_of(printed)
        self.assertEqual(
            self.values.with_user(self.clerk).balance_of(code)["balance"], 100
        )
        self.assertTrue(value.sent_date)
        self.assertFalse(value.send_date)

    def test_designs(self):
        """Each design has its own head, printed and in the email."""
        reports = self.env["ir.actions.report"].sudo()
        heads = {"classic": "GIFT CARD", "birthday": "HAPPY", "thanks": "THANK YOU"}
        self.assertEqual(list(heads), [name for name, _label in const.CARD_DESIGNS])
        for design, head in heads.items():
            value = self._issue(100, design=design, send_date="2024-03-15")
            [mail] = self._send()
            card, _type = reports._render_qweb_html(
                "account_credit_posting.action_report_gift_card", value.ids
            )
            for text in (mail["body"], card.decode()):
                shown = {name for name, other in heads.items() if other in text}
                self.assertEqual(shown, {"classic", design})
                self.assertIn(head, text)
        self.assertEqual(self._issue(100).design, "classic")
        with self.assertRaisesRegex(UserError, "design"):
            self._issue(100, design="other")

    def test_administrator_changes_the_design(self):
        value = self._issue(100)
        with self.assertRaises(AccessError):
            value.with_user(self.clerk).write({"design": "thanks"})
        dialogs = self.env["account.stored.value.change"].with_user(self.manager)
        dialog = dialogs.with_context(
            default_value_id=value.id, default_change="adjust"
        ).create({"reason": "For her birthday", "design": "birthday"})
        dialog.action_confirm()
        self.assertEqual(value.design, "birthday")

    def test_code_stays_nowhere(self):
        value = self._issue(100, send_date="2024-03-15")
        [mail] = self._send()
        code = self._find_code(mail)
        self.assertNowhere(code)
        self.assertEqual(value.code_last4, code[-4:])

    def assertNowhere(self, code):
        """Assert that no text of mails, cards and entries has a code."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' "
            "AND data_type IN ('text', 'character varying', 'jsonb') "
            "AND (table_name LIKE 'mail%' OR table_name LIKE 'account_stored%' "
            "OR table_name IN ('ir_attachment', 'account_move', 'account_move_line',"
            " 'account_payment', 'ir_logging'))"
        )
        from odoo.tools import SQL

        for table, column in self.env.cr.fetchall():
            for text in (code, code.replace("-", "")):
                self.env.cr.execute(
                    SQL(
                        "SELECT COUNT(*) FROM %(table)s WHERE %(column)s::text LIKE "
                        "%(text)s",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                        text=f"%{text}%",
                    )
                )
                self.assertEqual(self.env.cr.fetchone(), (0,), (table, column))

    def test_code_that_is_shown_is_emailed_once(self):
        value = self._issue(100)
        card = GiftCard(value.with_user(self.clerk))
        with self.mock_mail_gateway(mail_unlink_sent=True):
            card.send_shown(self.code, " Maya <Maya@Example.com> ", "Dance!")
            [mail] = self._mails
            self.assertEqual(mail["email_to"], ["maya@example.com"])
            self.assertIn("Dance!", mail["body"])
            # The card that was printed stays valid: it has the same code.
            self.assertEqual(self._find_code(mail), self.code)
            self.assertRecordValues(
                value,
                [
                    {
                        "recipient_email": "maya@example.com",
                        "message": "Dance!",
                        "awaits_hand_over": False,
                        "send_error": False,
                    }
                ],
            )
            self.assertTrue(value.sent_date)
            for user in (self.clerk, self.manager):
                with self.assertRaisesRegex(UserError, "maya@example.com with this"):
                    GiftCard(value.with_user(user)).send_shown(self.code, "b@b.com")
            self.assertEqual(len(self._mails), 1)
        self.assertNowhere(self.code)
        # Another code is given by administrators, and is emailed once, too.
        with self.assertRaises(AccessError):
            value.with_user(self.clerk).action_show_new_code()
        code = value.with_user(self.manager).action_show_new_code()["params"]["code"]
        self.assertFalse(value.sent_date)
        with self.mock_mail_gateway(mail_unlink_sent=True):
            with self.assertRaisesRegex(UserError, "no longer the code"):
                card.send_shown(self.code, "b@example.com")
            GiftCard(value.with_user(self.manager)).send_shown(code, "b@example.com")
            # Whoever has the old one is told.
            self.assertIn(
                value.name,
                self.env["mail.mail"]
                .search([("email_to", "=", "maya@example.com")])[:1]
                .subject,
            )
            self.assertEqual(self._find_code(self._mails[-1]), code)

    def test_code_that_is_shown_is_not_emailed(self):
        value = self._issue(100)
        card = GiftCard(value.with_user(self.clerk))
        with self.mock_mail_gateway():
            for address in ("", None, "maya", "a@example.com, b@example.com"):
                with self.assertRaisesRegex(UserError, "not an email address"):
                    card.send_shown(self.code, address)
            with self.assertRaisesRegex(UserError, "no longer the code"):
                card.send_shown(WRONG, "maya@example.com")
            value.with_user(self.clerk).action_block("Lost")
            with self.assertRaisesRegex(UserError, "blocked"):
                card.send_shown(self.code, "maya@example.com")
            value.with_user(self.manager).action_unblock()
        with (
            self.mock_mail_gateway(),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ):
            self.send_email_mocked.side_effect = OSError("The mailbox is full")
            with (
                self.assertRaisesRegex(UserError, "not sent: The mailbox is full"),
                self.env.cr.savepoint(),
            ):
                card.send_shown(self.code, "maya@example.com")
        self.assertFalse(value.sent_date)
        self.assertFalse(value.recipient_email)
        self.assertNowhere(self.code)

    def test_sent_on_its_day(self):
        value = self._issue(100, send_date="2024-12-24")
        self.assertFalse(self.code)
        self.assertFalse(value.code_last4)
        self.assertFalse(self._send("2024-12-23"))
        [mail] = self._send("2024-12-24")
        self.assertEqual(mail["email_to"], ["family@example.com"])
        self.assertFalse(self._send("2024-12-25"))

    def test_not_before_it_is_active(self):
        value = self._issue(100, send_date="2024-03-20")
        value.with_user(self.clerk).action_block("Wrong family")
        self.assertFalse(self._send("2024-03-20"))
        value.with_user(self.manager).action_unblock()
        self.assertEqual(len(self._send("2024-03-21")), 1)

    def test_failure_is_told_and_tried_again(self):
        value, other = self._issue(100), self._issue(50)
        with freeze_time("2024-03-15"):
            (value | other).with_user(self.manager).send_card()
        last4 = value.code_last4
        value._write_guarded({"recipient_email": "broken@example.com"})

        def refuse(_server, message, *_args, **_kwargs):
            if "broken" in str(message["To"]):
                raise OSError("The mailbox is full")
            return message["Message-Id"]

        with (
            freeze_time("2024-03-15"),
            self.mock_mail_gateway(),
            mute_logger("odoo.addons.mail.models.mail_mail"),
            mute_logger("odoo.addons.account_credit_posting"),
        ):
            self.send_email_mocked.side_effect = refuse
            self._run_cron()
        self.assertTrue(value.send_error)
        # Nothing of the refused attempt is left.
        self.assertEqual(value.code_last4, last4)
        self.assertFalse(value.sent_date)
        self.assertTrue(other.sent_date)
        self.assertEqual(len(self._send()), 1)
        self.assertFalse(value.send_error)
        self.assertTrue(value.sent_date)

    def test_first_code_is_the_clerks_every_other_the_administrators(self):
        value = self._issue(100)
        for call in (
            lambda card: card.action_new_code(),
            lambda card: card.action_show_new_code(),
            lambda card: card.send_card("thief@example.com"),
        ):
            with self.assertRaises(AccessError):
                call(value.with_user(self.clerk))
        value.with_user(self.manager).action_new_code()

    # -------------------------------------------------------------------------
    # PRINTED ONCE MORE
    # -------------------------------------------------------------------------

    def _issue_on_screen(self):
        """Return a card that the clerk issued with the button, and its code."""
        card = self.values.with_user(self.clerk).create(
            {
                "value_type": "gift_card",
                "partner_id": self.account.id,
                "initial_amount": 100,
                "funding": "payment",
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        return card, card.action_issue()["params"]

    def assertWorth(self, code, amount):
        """Assert what a code is worth; None where it is worth nothing."""
        values = self.values.with_user(self.clerk)
        if amount is None:
            with self.assertRaises(UserError):
                values.balance_of(code)
        else:
            self.assertEqual(values.balance_of(code)["balance"], amount)

    def test_issuer_prints_once_more_with_a_new_code(self):
        card, shown = self._issue_on_screen()
        self.assertTrue(shown["awaits_hand_over"])
        old, name = card.code_last4, self.clerk.name
        again = card.action_show_new_code()["params"]
        self.assertFalse(again["awaits_hand_over"])
        self.assertWorth(shown["code"], None)
        self.assertWorth(again["code"], 100)
        log = " ".join(card.message_ids.mapped("body"))
        self.assertIn(f"The code that ends in {old} was shown to {name}", log)
        self.assertIn(
            f"given a new code by {name}: it ends in {card.code_last4}, and "
            f"the one that ends in {old} is void",
            log,
        )
        for code in (shown["code"], again["code"]):
            self.assertNotIn(code, log)
        # Once more, and no more.
        with self.assertRaises(AccessError):
            card.action_show_new_code()
        self.assertWorth(again["code"], 100)

    def test_handed_over_card_is_for_administrators(self):
        card, shown = self._issue_on_screen()
        card.action_hand_over()
        card.action_hand_over()
        self.assertFalse(card.awaits_hand_over)
        log = card.message_ids.mapped("body")
        self.assertEqual(
            len([body for body in log if f"handed over by {self.clerk.name}" in body]),
            1,
        )
        with self.assertRaises(AccessError):
            card.action_show_new_code()
        self.assertWorth(shown["code"], 100)
        card.with_user(self.manager).action_show_new_code()
        self.assertWorth(shown["code"], None)

    def test_nobody_else_prints_once_more(self):
        card, _shown = self._issue_on_screen()
        other = self._create_user("other", "account_credit_posting.group_credit_user")
        with self.assertRaises(AccessError):
            card.with_user(other).action_show_new_code()
        # Neither by another way, nor to another address.
        for call in (card.action_new_code, lambda: card.send_card("me@example.com")):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            card.awaits_hand_over = True

    def test_card_that_is_used_is_not_printed_once_more(self):
        card, _shown = self._issue_on_screen()
        invoice = self._create_invoice(self.account, 30)
        card.apply_to_invoice(invoice.id)
        with self.assertRaises(AccessError):
            card.action_show_new_code()

    def test_code_of_the_api_is_in_the_hands_of_the_caller(self):
        card = self._issue(100)
        self.assertFalse(card.awaits_hand_over)

    def test_clerk_gives_no_code_to_what_was_redeemed(self):
        self._issue(100)
        values = self.values.with_user(self.clerk)
        redeemed = values.browse(values.redeem(self.code, self.accounts[1].id)["id"])
        with self.assertRaises(AccessError):
            redeemed.action_new_code()
        self.assertTrue(redeemed.with_user(self.manager).action_new_code())

    def test_no_address(self):
        value = self._issue(100, account=self.accounts[1])
        with self.assertRaisesRegex(UserError, "no email address"):
            value.with_user(self.manager).send_card()

    def test_prepayments_are_not_sent(self):
        value = self._issue(100, "prepayment")
        with self.assertRaises(UserError):
            value.with_user(self.clerk).send_card()


@tagged("post_install", "-at_install")
class TestGiftCardPrint(StoredValueCommon, HttpCase):
    """The printed card, for whoever has just got its code."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in (cls.clerk, cls.accountant):
            user.password = f"{user.login} password"

    def _print(self, user, value_id, code):
        self.authenticate(user.login, f"{user.login} password")
        return self.url_open(
            "/account_credit_posting/card",
            data={
                "value_id": value_id,
                "code": code,
                "csrf_token": self.csrf_token(),
            },
        )

    def csrf_token(self):
        from odoo import http

        return http.Request.csrf_token(self)

    def _get_card(self, value, code):
        """Render as the controller does, whether there is wkhtmltopdf or not."""
        reports = self.env["ir.actions.report"].with_context(card_code=code)
        content, _type = reports._render_qweb_html(
            "account_credit_posting.action_report_gift_card", value.ids
        )
        return content.decode()

    def test_card_shows_the_code_to_who_has_it(self):
        value = self._issue(100, recipient_name="Maya", message="Dance!")
        card = self._get_card(value, self.code)
        for text in (self.code, "100.00", "Maya", "Dance!", value.name):
            self.assertIn(text, card)

    def test_report_without_the_code_tells_the_last_four(self):
        value = self._issue(100)
        card = self._get_card(value, None)
        self.assertNotIn(self.code, card)
        self.assertIn(f"••••-{self.code[-4:]}", card)

    def test_wrong_code_prints_nothing(self):
        value, other = self._issue(100), self._issue(50)
        for code in ("", self.code, "AAAA-AAAA-AAAA-AAAA"):
            with self.assertRaises(UserError):
                GiftCard(value.with_user(self.clerk)).render(code)
        GiftCard(other.with_user(self.clerk)).check_code(self.code)

    def test_request(self):
        value = self._issue(100)
        response = self._print(self.clerk, value.id, self.code)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        response = self._print(self.clerk, value.id, "AAAA-AAAA-AAAA-AAAA")
        self.assertEqual(response.status_code, 403)
        response = self._print(self.accountant, value.id, self.code)
        self.assertIn(response.status_code, (403, 404))
        for value_id in (2**30, 2**40, "abc", "", "-1"):
            response = self._print(self.clerk, value_id, self.code)
            self.assertEqual(response.status_code, 404, value_id)
        response = self.url_open(f"/account_credit_posting/batch/{2**40}/results.xlsx")
        self.assertEqual(response.status_code, 404)
