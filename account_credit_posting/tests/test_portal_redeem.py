import logging
from unittest.mock import patch

from freezegun import freeze_time
from lxml import html

from odoo import http
from odoo.exceptions import UserError
from odoo.tests import JsonRpcException, tagged

from .. import const
from ..const import ATTEMPTS
from ..models.stored_value.account_gift_card import hash_code
from ..tools.card_code import compute_check_character
from .common_portal import PortalCommon

#: A code that could be one.
WRONG = "A" * 15 + compute_check_character("A" * 15)
REDEEM = "/my/credits/redeem"
CHECK = "/gift-card"


class CodeCommon(PortalCommon):
    """Codes that customers and visitors type."""

    def setUp(self):
        super().setUp()
        # Another account bought the card.
        self.card = self._issue(100, account=self.accounts[2])

    def _refuse(self, code, user=None, path=REDEEM):
        """Return why a code is refused."""
        return self._read_error(self._send(path, user, code=code))

    def _get_notes(self):
        return self.account.message_ids.filtered(
            lambda message: "refused" in (message.body or "")
        )


@tagged("post_install", "-at_install")
class TestPortalRedeem(CodeCommon):
    """A customer puts what is on a card on the own account."""

    def test_redeem(self):
        code = "  " + self.code.lower().replace("-", ".")
        response = self._send(REDEEM, self.member, code=code)
        value = self.values.search([("origin_id", "=", self.card.id)])
        self.assertIn(f"/my/credits/held/{value.id}", response.url)
        page = html.fromstring(response.text)
        self.assertIn("is now on your account", self._read(page))
        [movement] = self._read_all(page, "movement")
        self.assertRegex(movement, r"^Redeemed [0-9/]+ \$ 100.00 Left: \$ 100.00$")
        self.assertNotIn(self.accounts[2].name, response.text)
        self.assertNotIn(self.card.name, response.text)
        self.assertEqual(value.partner_id, self.account)
        self.assertEqual((value.balance, self.card.balance), (100, 0))
        # Who did it is kept for the office.
        entry = value.move_line_ids.move_id
        self.assertEqual(entry.create_uid, self.member)
        self.assertItems(entry, [(self.sold, 100, 100), (self.sold, -100, -100)])
        self.assertEqual(
            sorted(
                (line.partner_id.id, line.balance, line.stored_value_id.id)
                for line in entry.line_ids
            ),
            sorted(
                [
                    (self.accounts[2].id, 100, self.card.id),
                    (self.account.id, -100, value.id),
                ]
            ),
        )
        # A second click, or another tab.
        self.assertIn("no gift card", self._refuse(code, self.member))
        self.assertEqual(self.account.with_user(self.clerk).gift_card_balance, 100)

    def test_nobody_says_for_which_account(self):
        self._send(
            REDEEM,
            code=self.code,
            account_id=self.accounts[3].id,
            partner_id=self.accounts[3].id,
            amount="1000000",
        )
        value = self.values.search([("origin_id", "=", self.card.id)])
        self.assertEqual((value.partner_id, value.balance), (self.account, 100))

    def test_every_wrong_code_gets_the_same_answer(self):
        blocked = self._issue(30, account=self.accounts[2])
        blocked_code = self.code
        blocked.with_user(self.clerk).action_block("Lost")
        used = self._issue(30, account=self.accounts[2])
        used_code = self.code
        used.with_user(self.manager).refund(30, self.bank.id)
        gift = self._issue(
            30,
            account=self.accounts[2],
            funding="promotion",
            expiry_date="2024-03-20",
        )
        codes = ("", "x", WRONG, blocked_code, used_code, self.code)
        # README says: "Every wrong code gets the same answer: never a hint"
        self.assertEqual(len({self._refuse(code) for code in codes}), 1)
        self.assertEqual((blocked.balance, gift.balance), (30, 30))

    def test_pause(self):
        code = self.code
        with freeze_time("2024-03-15 10:00:00"):
            for _number in range(ATTEMPTS):
                self.assertIn("no gift card", self._refuse(WRONG))
            self.assertIn("Too many", self._refuse(code))
            # Somebody else of the same account, and of another one, go on.
            self.assertIn("no gift card", self._refuse(WRONG, self.member))
            self.assertIn("no gift card", self._refuse(WRONG, self.stranger))
            # The office sees what was refused, and no more of it during a pause.
            self.assertEqual(len(self._get_notes()), ATTEMPTS + 1)
            self.assertNotIn(WRONG, "".join(self._get_notes().mapped("body")))
            self.assertEqual(
                self._get_notes().author_id,
                self.payer.partner_id | self.member.partner_id,
            )
        with freeze_time("2024-03-15 10:15:01"):
            self._send(REDEEM, code=code)
        self.assertEqual(self.card.balance, 0)

    def test_right_codes_end_no_count_of_a_customer(self):
        code = self.code
        self._issue(10, account=self.accounts[2])
        for _number in range(ATTEMPTS - 1):
            self._refuse(WRONG)
        self._send(REDEEM, code=self.code)
        self._refuse(WRONG)
        self.assertIn("Too many", self._refuse(code))

    def test_own_card_is_there_already(self):
        card = self._issue(40)
        self.assertIn(f"{card.name} already belongs to", self._refuse(self.code))
        self.assertEqual(card.balance, 40)

    def test_card_of_another_company(self):
        self.card.company_id.credit_portal_access = "payer"
        # Nothing of the company is shown to the member: its cards are none.
        self._send(REDEEM, self.member, code=self.code)
        self.assertEqual(self.card.balance, 100)

    def test_employee_redeems_nothing(self):
        self.clerk.partner_id.parent_id = self.account
        response = self._send(REDEEM, self.clerk, code=self.code)
        self.assertEqual(response.url[-3:], "/my")
        self.assertEqual(self.card.balance, 100)

    def test_code_is_in_the_body_alone(self):
        code = self.code
        self._login(self.payer)
        self.assertEqual(self.url_open(f"{REDEEM}?code={code}").status_code, 200)
        token = http.Request.csrf_token(self)
        response = self.url_open(
            f"{REDEEM}?code={code}", data={"csrf_token": token, "code": ""}
        )
        self.assertIn("no gift card", self._read_error(response))
        self.assertEqual(self.card.balance, 100)

    def test_not_without_a_token_or_a_login(self):
        self._login(self.payer)
        response = self.url_open(REDEEM, data={"code": self.code})
        self.assertEqual(response.status_code, 400)
        response = self._send(REDEEM, False, code=self.code)
        self.assertIn("/web/login", response.url)
        self.assertNotIn(self.code, response.url)
        self.assertEqual(self.card.balance, 100)

    def test_no_way_around_the_page(self):
        self._login(self.payer)
        for method, args in (
            ("redeem", [self.code, self.account.id]),
            ("balance_of", [self.code]),
        ):
            with self.assertRaises(JsonRpcException):
                self.make_jsonrpc_request(
                    "/web/dataset/call_kw",
                    {
                        "model": "account.stored.value",
                        "method": method,
                        "args": args,
                        "kwargs": {},
                    },
                )
        self.assertEqual(self.card.balance, 100)

    def test_captcha_is_asked(self):
        self.company.gift_card_public_check = True
        asked = []

        def verify(_self, action):
            asked.append(action)
            raise UserError(action)

        routing = type(self.env["ir.http"])
        with patch.object(routing, "_verify_request_recaptcha_token", verify):
            self._send(REDEEM, code=self.code)
            self._send(CHECK, False, code=self.code)
            self._get(REDEEM)
        self.assertEqual(asked, ["gift_card_redeem", "gift_card_balance"])
        self.assertEqual(self.card.balance, 100)
        # Odoo's scripts find the forms by it.
        for path, name in ((REDEEM, asked[0]), (CHECK, asked[1])):
            self.assertTrue(self._see(path).xpath(f"//form[@data-captcha='{name}']"))


@tagged("post_install", "-at_install")
class TestPortalTour(CodeCommon):
    """A customer on a phone."""

    browser_size = "390x844"

    def test_see_and_redeem(self):
        self.company.credit_application_policy = "manual"
        self._post_line(5).action_reverse(reason="Wrong family")
        self._post_line(50, public_comment="The snow day")
        self._create_invoice(self.account, 20).apply_account_credits()
        # The tour has the code in writing.
        self.card._write_guarded({"code_hash": hash_code(self.env, "0" * 16)})
        self.start_tour("/my", "account_credit_portal", login=self.member.login)
        value = self.values.search([("origin_id", "=", self.card.id)])
        self.assertEqual((value.partner_id, value.balance), (self.account, 100))


@tagged("post_install", "-at_install")
class TestPublicCheck(CodeCommon):
    """Whoever has a code looks up what is left on the card."""

    def setUp(self):
        super().setUp()
        self.company.gift_card_public_check = True

    def _look_up(self, code, user=False):
        response = self._send(CHECK, user, code=code)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        [answer] = html.fromstring(response.text).xpath(
            "//div[hasclass('alert') and (@role='alert' or @role='status')]"
        )
        return self._read(answer)

    def test_off_by_default(self):
        self.company.gift_card_public_check = False
        self._get(CHECK, False, status=404)
        response = self._send(CHECK, False, code=self.code)
        self.assertEqual(response.status_code, 404)
        self.assertNotIn("100.00", response.text)

    def test_balance(self):
        self.assertIn("Look Up", self._get(CHECK, False).text)
        self.assertEqual(self._look_up(self.code), "Left on this card: $ 100.00")
        self.assertEqual(self._look_up(self.code, self.stranger)[-8:], "$ 100.00")
        self.assertEqual(self.card.balance, 100)

    def test_expiry(self):
        self._issue(
            30,
            funding="promotion",
            expiry_date="2044-05-06",
            account=self.accounts[2],
        )
        self.assertEqual(
            self._look_up(self.code),
            "Left on this card: $ 30.00 · Expires on 05/06/2044",
        )

    def test_nothing_else_is_told(self):
        code, last4 = self.code, self.card.code_last4
        response = self._send(CHECK, False, code=code)
        # README says: "tells whoever has the code what is left and until when, never
        # whose card it is"
        for text in (self.accounts[2].name, self.card.name, code, last4 + "<"):
            self.assertNotIn(text, response.text)

    def test_every_wrong_code_gets_the_same_answer(self):
        self.card.with_user(self.clerk).action_block("Lost")
        answers = {self._look_up(code) for code in (self.code, WRONG, "x", "")}
        self.assertEqual(len(answers), 1)

    def test_card_of_a_company_without_it(self):
        other = self.setup_other_company()["company"]
        other.gift_card_public_check = True
        self.assertEqual(self._look_up(self.code)[-8:], "$ 100.00")
        self.company.gift_card_public_check = False
        self.assertIn("no gift card", self._look_up(self.code))

    def test_code_in_the_address_is_none(self):
        response = self._get(f"{CHECK}?code={self.code}", False)
        self.assertNotIn("100.00", response.text)
        self._login(False)
        response = self.url_open(
            f"{CHECK}?code={self.code}",
            data={"csrf_token": http.Request.csrf_token(self)},
        )
        self.assertIn("no gift card", self._read_error(response))

    def test_code_is_in_no_log(self):
        codes = (self.code, WRONG)
        # README says: "The code is in the body of the request: never in an address or a
        # log"
        with (
            self.assertLogs("odoo", logging.DEBUG) as logs,
            self.assertLogs("werkzeug", logging.DEBUG) as requests,
        ):
            self._send(CHECK, False, code=WRONG)
            self._send(CHECK, False, code=self.code)
            self._send(REDEEM, code=WRONG)
            self._send(REDEEM, code=self.code)
        self.assertEqual(self.card.balance, 0)
        text = "\n".join(logs.output + requests.output)
        self.assertIn("A gift card code was refused, at 127.0.0.1", text)
        for code in codes:
            self.assertNotIn(code, text)

    def test_one_visitor_makes_no_other_wait(self):
        code = self.code
        self._login(False)
        for _number in range(ATTEMPTS):
            token = http.Request.csrf_token(self)
            data = {"csrf_token": token, "code": WRONG}
            self.assertIn(
                "no gift card", self._read_error(self.url_open(CHECK, data=data))
            )
        data = {"csrf_token": http.Request.csrf_token(self), "code": code}
        self.assertIn("Too many", self._read_error(self.url_open(CHECK, data=data)))
        # Another browser at the same address, and users there.
        # README says: "A visitor who guesses codes makes nobody else wait"
        self.assertIn("$ 100.00", self._look_up(code))
        self.assertIn("no gift card", self._refuse(WRONG, self.stranger))

    def test_many_browsers_of_one_address(self):
        with patch.object(const, "ADDRESS_ATTEMPTS", 5):
            for _number in range(5):
                self.assertIn("no gift card", self._look_up(WRONG))
            # Each of them a new browser.
            self.assertIn("Too many", self._look_up(self.code))
            # Users at this address are apart, and visitors at others.
            self.assertIn("no gift card", self._refuse(WRONG, self.stranger))
            self.assertEqual(self._look_up(self.code, self.stranger)[-8:], "$ 100.00")
            attempts = type(self.env["account.stored.value.attempt"])
            with patch.object(attempts, "_get_address", lambda _self: "visitors at 9 "):
                self.assertEqual(self._look_up(self.code)[-8:], "$ 100.00")
