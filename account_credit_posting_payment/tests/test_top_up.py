import re
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from odoo.addons.account_credit_posting.tools.posting import with_posting
from odoo.addons.mail.tests.common import MailCase

from .common_top_up import CARD, TopUpCommon

CODE = re.compile(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}")


@tagged("post_install", "-at_install")
class TestTopUp(TopUpCommon):
    """A customer pays in advance: issued once, by the payment of the transaction."""

    # -------------------------------------------------------------------------
    # ISSUED ONCE
    # -------------------------------------------------------------------------

    def test_one_of_the_amounts(self):
        top_up = self._choose(amount="25.00")
        self.assertNothingIssued()
        processing = self._begin(top_up)
        self.assertEqual(processing["amount"], 25)
        self.assertNothingIssued()
        self._answer(processing)
        answer = self._poll()
        self.assertEqual(answer["state"], "done")
        self.assertEqual(answer["landing_route"], f"/my/credits/top-up/{top_up.id}")
        value = self.assertIssued(top_up, 25, value_type="prepayment")
        page = self._see(f"/my/credits/top-up/{top_up.id}")
        [text] = self._read_all(page, "issued")
        self.assertIn(f"{value.name} is now on your account", text)
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))

    def test_free_amount(self):
        top_up = self._choose(amount="other", other_amount="12.34")
        self._pay(top_up)
        self.assertIssued(top_up, 12.34)

    def test_used_for_an_invoice(self):
        """What was bought is a prepayment like any other."""
        top_up = self._choose(amount="100.00")
        self._pay(top_up)
        value = self.assertIssued(top_up, 100)
        invoice = self._create_invoice(self.account, 60)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual((value.balance, invoice.amount_residual), (40, 0))

    def test_webhooks_repeat(self):
        # README says: "once, whatever the provider repeats"
        top_up = self._choose(amount="50.00")
        processing = self._begin(top_up)
        self._answer(processing)
        self._answer(processing)
        self._poll()
        value = self.assertIssued(top_up, 50)
        for _number in range(2):
            self._answer(processing)
            self._poll()
        tx = top_up.transaction_ids
        tx._post_process()
        tx.is_post_processed = False
        tx._post_process()
        self.assertEqual(self.assertIssued(top_up, 50), value)

    def test_pending_then_done(self):
        top_up = self._choose(amount="50.00")
        tx = self._pay(top_up, "pending")
        self.assertNothingIssued()
        page = self._see(f"/my/credits/top-up/{top_up.id}")
        self.assertEqual(len(self._read_all(page, "pending")), 1)
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))
        # Nothing is paid twice meanwhile.
        with self.assertRaises(JsonRpcException):
            self._begin(top_up)
        tx.action_demo_set_done()
        self.assertNothingIssued()
        tx._post_process()
        self.assertIssued(top_up, 50)

    def test_scheduled_action_issues_for_who_does_not_come_back(self):
        top_up = self._choose(amount="50.00")
        self._answer(self._begin(top_up))
        self.assertNothingIssued()
        self.env.invalidate_all()
        top_up.transaction_ids.with_user(self.env.ref("base.user_root"))._post_process()
        self.assertIssued(top_up, 50)

    def test_failed_then_tried_again(self):
        top_up = self._choose(amount="50.00")
        for state in ("cancel", "error"):
            tx = self._pay(top_up, state)
            # README says: "a payment that fails issues nothing"
            self.assertNothingIssued()
            page = self._see(f"/my/credits/top-up/{top_up.id}")
            self.assertEqual(len(self._read_all(page, "failed")), 1)
            tx._post_process()
            self.assertNothingIssued()
        self._pay(top_up)
        self.assertIssued(top_up, 50)

    def test_two_payments_of_one(self):
        """The second one is money on the account, for the office to pay back."""
        top_up = self._choose(amount="50.00")
        first, second = self._begin(top_up), self._begin(top_up)
        self._answer(first)
        self._poll()
        self._answer(second)
        self.env.invalidate_all()
        top_up.transaction_ids._post_process()
        value = self._find_values()
        self.assertEqual(len(value), 1)
        payments = top_up.transaction_ids.payment_id
        self.assertEqual(payments.stored_value_id, value)
        other = payments.filtered(lambda payment: not payment.stored_value_id)
        self.assertEqual(len(other), 1)
        self.assertItems(
            other.move_id,
            [(other.outstanding_account_id, 50, 50), (self.receivable, -50, -50)],
        )
        with self.assertRaises(JsonRpcException):
            self._begin(top_up)
        self.assertTiesOut()

    def test_captured_by_hand(self):
        self.provider.capture_manually = True
        top_up = self._choose(amount="50.00")
        tx = self._pay(top_up)
        self.assertEqual(tx.state, "authorized")
        self.assertNothingIssued()
        tx._capture()
        (tx | tx.child_transaction_ids)._post_process()
        value = self._find_values()
        self.assertEqual((value.balance, top_up.stored_value_id), (50, value))

    def test_captured_in_part(self):
        """Another amount than what was chosen is the account's: the office decides."""
        self.provider.capture_manually = True
        top_up = self._choose(amount="50.00")
        tx = self._pay(top_up)
        child = tx._capture(20)
        (tx | child)._post_process()
        self.assertFalse(self._find_values())
        self.assertItems(
            child.payment_id.move_id,
            [
                (child.payment_id.outstanding_account_id, 20, 20),
                (self.receivable, -20, -20),
            ],
        )

    def test_account_of_the_provider(self):
        """The money is where the provider's payments are, until they are matched."""
        clearing = self.env["account.account"].create(
            {"name": "Clearing", "code": "CLEAR", "account_type": "asset_current"}
        )
        lines = self.provider.journal_id.inbound_payment_method_line_ids
        own = lines.filtered(lambda line: line.payment_provider_id == self.provider)
        own.payment_account_id = clearing
        top_up = self._choose(amount="50.00")
        self._pay(top_up)
        value = self.assertIssued(top_up, 50)
        self.assertEqual(value.funding_account_id, clearing)

    def test_error_leaves_nothing(self):
        """What cannot be posted is neither issued nor booked, and tried again."""
        top_up = self._choose(amount="50.00")
        self._answer(self._begin(top_up))
        self.env.invalidate_all()
        tx = top_up.transaction_ids
        self.company.prepayment_liability_account_id = False
        with self.assertRaisesRegex(UserError, "liability"), self.cr.savepoint():
            tx._post_process()
        self.assertNothingIssued()
        self.company.prepayment_liability_account_id = self.prepaid
        tx._post_process()
        self.assertIssued(top_up, 50)

    def test_locked_date_is_not_that_of_today(self):
        self.company.fiscalyear_lock_date = self.today - timedelta(days=1)
        top_up = self._choose(amount="50.00")
        self._pay(top_up)
        self.assertIssued(top_up, 50)

    # -------------------------------------------------------------------------
    # PAID BACK BY THE PROVIDER
    # -------------------------------------------------------------------------

    def test_refund(self):
        top_up = self._choose(amount="50.00")
        tx = self._pay(top_up)
        value = self.assertIssued(top_up, 50)
        refund = tx._refund(20)
        refund._post_process()
        self.assertEqual(value.balance, 30)
        account = refund.payment_id.outstanding_account_id
        self.assertEvents(
            value,
            [
                (
                    "issue",
                    [
                        (tx.payment_id.outstanding_account_id, 50, 50),
                        (self.prepaid, -50, -50),
                    ],
                ),
                ("refund", [(account, -20, -20), (self.prepaid, 20, 20)]),
            ],
        )
        refund._post_process()
        self.assertEqual(value.balance, 30)

    def test_no_more_is_refunded_than_is_left(self):
        top_up = self._choose(amount="50.00")
        tx = self._pay(top_up)
        value = self.assertIssued(top_up, 50)
        invoice = self._create_invoice(self.account, 40)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        with self.assertRaisesRegex(UserError, "holds"):
            tx._refund(50)
        self.assertFalse(tx.child_transaction_ids)
        # Refunded at the provider all the same: the account owes it.
        refund = tx._create_child_transaction(50, is_refund=True)
        refund._set_done()
        refund._post_process()
        self.assertEqual(value.balance, 10)
        self.assertItems(
            refund.payment_id.move_id,
            [
                (refund.payment_id.outstanding_account_id, -50, -50),
                (self.receivable, 50, 50),
            ],
        )

    # -------------------------------------------------------------------------
    # WHAT IS NOT OFFERED
    # -------------------------------------------------------------------------

    def test_amounts_that_are_not_offered(self):
        for amount in ("30.00", "-25.00", "0", "", "NaN", "1e2", "25.001", "x"):
            with self.subTest(amount=amount):
                self._refuse(amount=amount)
                self._refuse(amount="other", other_amount=amount and f"9{amount}9")
        for amount in ("9.99", "500.01", "-25", "0", "", "12.345", "1e2"):
            with self.subTest(free=amount):
                self._refuse(amount="other", other_amount=amount)
        self._refuse()
        # Which of the two is meant is not guessed.
        error = self._refuse(amount="25.00", other_amount="12")
        self.assertIn("entered another one", error)
        self.company.top_up_max = 0
        self._refuse(amount="other", other_amount="50")

    def test_switched_off(self):
        self.company.top_up_prepayments = False
        self._send("/my/credits/top-up", kind="prepayment", amount="25.00")
        self._send("/my/credits/top-up", kind="other", amount="25.00")
        self.assertFalse(self._find())
        page = self._see("/my/credits")
        [text] = self._read_all(page, "top_up")
        self.assertNotIn("Top Up", text)
        self.company.top_up_gift_cards = False
        page = self._see("/my/credits")
        self.assertFalse(self._read_all(page, "top_up"))

    def test_first_amount_is_chosen(self):
        page = self._see("/my/credits/top-up?kind=prepayment")
        [chosen] = page.xpath("//input[@name='amount'][@checked]/@value")
        self.assertEqual(chosen, "25.00")
        self.company.top_up_amounts = False
        page = self._see("/my/credits/top-up?kind=prepayment")
        [chosen] = page.xpath("//input[@name='amount'][@checked]/@value")
        self.assertEqual(chosen, "other")

    def test_off_by_default(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertEqual(company._get_top_up_kinds(), [])

    def test_tampered_payment(self):
        """Amount, currency, account and company are those of what was chosen."""
        top_up = self._choose(amount="50.00")
        data = self.setup_other_company()
        foreign = self._create_provider(data["company"], data["default_journal_bank"])
        for kwargs in (
            {"provider_id": foreign.id},
            {"provider_id": self.env.ref("payment.payment_provider_demo").id},
            {"provider_id": None},
            {"currency_id": self.env.ref("base.EUR").id},
            {"partner_id": self.accounts[1].id},
            {"custom_create_values": {"amount": 1}},
            {"reference_prefix": "x"},
        ):
            with self.subTest(kwargs=kwargs), self.assertRaises(JsonRpcException):
                self._begin(top_up, **kwargs)
        self.assertFalse(top_up.transaction_ids)
        processing = self._begin(
            top_up, amount=1, is_validation=True, landing_route="//example.com"
        )
        self.assertEqual(processing["amount"], 50)
        self.env.invalidate_all()
        tx = top_up.transaction_ids
        self.assertRecordValues(
            tx,
            [
                {
                    "amount": 50,
                    "currency_id": self.company.currency_id.id,
                    "partner_id": self.payer.partner_id.id,
                    "operation": "online_direct",
                    "landing_route": f"/my/credits/top-up/{top_up.id}",
                }
            ],
        )

    def test_saved_card_of_somebody_else(self):
        tokens = {
            user: self.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "payment_details": "1234",
                    "partner_id": user.partner_id.id,
                    "provider_ref": "demo",
                    "demo_simulated_state": "done",
                }
            )
            for user in (self.payer, self.stranger)
        }
        top_up = self._choose(amount="50.00")
        with self.assertRaises(JsonRpcException):
            self._begin(top_up, flow="token", token_id=tokens[self.stranger].id)
        self.assertNothingIssued()
        self._begin(top_up, flow="token", token_id=tokens[self.payer].id)
        self._poll()
        self.assertIssued(top_up, 50)

    # -------------------------------------------------------------------------
    # WHOSE IT IS
    # -------------------------------------------------------------------------

    def test_nobody_else_sees_or_pays_it(self):
        # README says: "Nobody but the buyer sees the page of what is bought"
        top_up = self._choose(**CARD)
        # Nor another user of the account: it names a third person.
        for user in (self.stranger, self.member, self.clerk):
            response = self._get(f"/my/credits/top-up/{top_up.id}", user)
            self.assertNotIn("maya@example.com", response.text)
            with self.assertRaises(JsonRpcException):
                self._begin(top_up, user)
        self._get(f"/my/credits/top-up/{top_up.id}", False)
        with self.assertRaises(JsonRpcException), mute_logger("odoo.http"):
            self._begin(top_up, False)
        self.assertFalse(top_up.transaction_ids)
        self._get(f"/my/credits/top-up/{2**31 - 1}")

    def test_member_buys_for_the_account(self):
        top_up = self._choose(self.member, amount="25.00")
        self._pay(top_up, user=self.member)
        self.assertIssued(top_up, 25)

    def test_only_the_payer(self):
        self.company.credit_portal_access = "payer"
        self._send("/my/credits/top-up", self.member, kind="prepayment", amount="25.00")
        self.assertFalse(self._find())

    def test_other_company(self):
        """A company that does not sell to the customer is not asked."""
        company = self.setup_other_company()["company"]
        company.top_up_prepayments = True
        self._send("/my/credits/top-up", company_id=str(company.id), amount="25.00")
        self.assertFalse(self._find())
        self.payer.company_ids |= company
        top_up = self._choose(
            company_id=str(company.id), amount="25.00", kind="prepayment"
        )
        self.assertEqual(top_up.company_id, company)
        # The provider of the first company takes no money of the second.
        with self.assertRaises(JsonRpcException):
            self._begin(top_up)

    def test_written_by_nobody(self):
        top_up = self._choose(amount="25.00")
        for user in (self.payer, self.clerk, self.manager):
            mine = top_up.with_user(user).sudo(False)
            for change in (
                lambda mine=mine: mine.write({"amount": 1000}),
                lambda mine=mine: mine.unlink(),
                lambda mine=mine: mine.copy(),
            ):
                with self.assertRaises(AccessError):
                    change()
        with self.assertRaises(AccessError):
            top_up.sudo().write({"amount": 1000})
        tx = self._pay(top_up)
        with self.assertRaises(AccessError):
            tx.write({"top_up_id": False})

    # -------------------------------------------------------------------------
    # OTHER CURRENCIES, AND SETTINGS
    # -------------------------------------------------------------------------

    def test_currency_of_the_company(self):
        """Without decimals, and with three."""
        for code, amounts, chosen, wrong in (
            ("JPY", "2500 5000", "2500", "2500.5"),
            ("KWD", "7.125 10", "7.125", "7.1251"),
        ):
            with self.subTest(code=code):
                currency = self.env["res.currency"].search(
                    [("name", "=", code), ("active", "in", (True, False))]
                )
                currency.active = True
                data = self.setup_other_company(
                    name=f"Company in {code}", currency_id=currency.id
                )
                company = data["company"]
                company.write({"top_up_prepayments": True, "top_up_amounts": amounts})
                self.payer.company_ids |= company
                provider = self._create_provider(company, data["default_journal_bank"])
                own = {"company_id": str(company.id)}
                self._refuse(amount=wrong, **own)
                top_up = self._choose(amount=chosen, **own)
                self._answer(self._begin(top_up, provider_id=provider.id))
                self._poll()
                self.env.invalidate_all()
                value = top_up.stored_value_id
                self.assertEqual(value.currency_id, currency)
                self.assertEqual(value.balance, float(chosen))

    def test_payment_in_another_currency(self):
        """The transaction is checked again when it is confirmed."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.setup_other_currency("EUR", rates=[("2024-01-01", 2)])
        top_up = self._choose(amount="50.00")
        self._answer(self._begin(top_up))
        self.env.invalidate_all()
        tx = top_up.transaction_ids
        tx.currency_id = euro
        tx._post_process()
        self.assertFalse(self._find_values())
        self.assertEqual(tx.payment_id.destination_account_id, self.receivable)

    def test_settings(self):
        for amounts in ("25 x", "25 -5", "0", "25.001", "12,50"):
            with self.subTest(amounts=amounts), self.assertRaises(ValidationError):
                self.company.top_up_amounts = amounts
        self.company.top_up_amounts = "12.50  75"
        self.assertEqual(self.company._get_top_up_amounts(), [12.5, 75])

    def test_what_nobody_pays_is_forgotten(self):
        paid, unpaid = self._choose(amount="25.00"), self._choose(**CARD)
        self._pay(paid)
        top_ups = self.env["account.top.up"].sudo()
        top_ups._gc_unpaid()
        self.assertTrue(unpaid.exists())
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            top_ups._gc_unpaid()
        self.assertFalse(unpaid.exists())
        self.assertTrue(paid.exists())

    def test_database_issues_it_once(self):
        first, second = self._choose(amount="25.00"), self._choose(amount="25.00")
        self._pay(first)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(Exception) as error,
            self.cr.savepoint(),
        ):
            with_posting(second, "customer").write(
                {"stored_value_id": first.stored_value_id.id}
            )
            self.env.flush_all()
        self.assertIn("stored_value_unique", str(error.exception))


@tagged("post_install", "-at_install")
class TestBuyGiftCard(TopUpCommon, MailCase):
    """A customer buys a gift card for somebody, who gets it by email."""

    def _send_cards(self, day=None):
        """Let cards leave; return the emails."""
        with (
            freeze_time(day or fields.Datetime.now()),
            self.mock_mail_gateway(mail_unlink_sent=True),
            self.enter_registry_test_mode(),
        ):
            self.env.ref(
                "account_credit_posting.ir_cron_send_gift_cards"
            ).method_direct_trigger()
        self.env.invalidate_all()
        return self._mails

    def test_sent_when_it_is_paid(self):
        top_up = self._choose(**CARD)
        self.assertFalse(self._send_cards())
        self._pay(top_up)
        value = self.assertIssued(
            top_up,
            50,
            recipient_name="Maya",
            recipient_email="maya@example.com",
            sender_name="Grandma June",
            message="Keep on dancing!",
            design="birthday",
        )
        [mail] = self._send_cards()
        self.assertEqual(mail["email_to"], ["maya@example.com"])
        for text in ("Maya", "Grandma June", "Keep on dancing!", "BIRTHDAY", "50.00"):
            self.assertIn(text, mail["body"])
        [code] = set(CODE.findall(mail["body"]))
        answer = self.values.with_user(self.clerk).balance_of(code)
        self.assertEqual(answer["balance"], 50)
        self.assertFalse(self._send_cards())
        # The buyer has the card on the account, and never its code.
        page = self._get(f"/my/credits/held/{value.id}").text
        self.assertNotIn(code, page)
        self.assertNotIn(value.code_last4, self._get("/my/credits").text)
        # The recipient redeems it.
        response = self._send("/my/credits/redeem", self.stranger, code=code)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        self.assertEqual(self.accounts[1].gift_card_balance, 50)
        self.assertEqual(value.state, "used")

    def test_sent_on_a_day(self):
        top_up = self._choose(**{**CARD, "send": "date", "send_date": str(self.later)})
        self._pay(top_up)
        value = self.assertIssued(top_up, 50, send_date=self.later)
        self.assertFalse(value.code_last4)
        self.assertFalse(self._send_cards())
        [mail] = self._send_cards(self.later)
        self.assertEqual(mail["email_to"], ["maya@example.com"])

    def test_nothing_leaves_for_a_payment_that_fails(self):
        for state in ("cancel", "error", "pending"):
            self._pay(self._choose(**CARD), state)
            self.assertNothingIssued()
            self.assertFalse(self._send_cards())

    def test_what_is_missing(self):
        yesterday = self.today - timedelta(days=2)
        for change in (
            {"recipient_email": ""},
            {"recipient_email": "no address"},
            {"recipient_email": "a@example.com, b@example.com"},
            {"recipient_name": " "},
            {"recipient_name": "x" * 101},
            {"message": "x" * 501},
            {"design": "other"},
            {"send": "date", "send_date": ""},
            {"send": "date", "send_date": str(yesterday)},
            {"send": "date", "send_date": "2999-01-01"},
            {"send": "date", "send_date": "tomorrow"},
            {"amount": "1.00"},
        ):
            with self.subTest(change=change):
                self._refuse(**{**CARD, **change})

    def test_form_keeps_what_was_typed(self):
        response = self._send("/my/credits/top-up", **{**CARD, "recipient_email": "x"})
        self.assertIn("Keep on dancing!", response.text)
        self.assertIn('value="Maya"', response.text)

    def test_markup_is_text(self):
        top_up = self._choose(**{**CARD, "message": "<b onclick=x>Hello</b>"})
        self.assertNotIn(
            "<b onclick", self._get(f"/my/credits/top-up/{top_up.id}").text
        )
        self._pay(top_up)
        [mail] = self._send_cards()
        self.assertNotIn("<b onclick", mail["body"])

    def test_card_expires_as_the_company_says(self):
        self.company.write(
            {"paid_value_expires": True, "gift_card_validity_months": 12}
        )
        self._pay(self._choose(**CARD))
        value = self._find_values()
        self.assertEqual(
            value.expiry_date, fields.Date.add(value.issue_date, months=12)
        )

    def test_one_error_of_sending_takes_back_nothing(self):
        top_up = self._choose(**CARD)
        self._pay(top_up)
        value = self.assertIssued(top_up, 50)
        templates = self.registry["mail.template"]
        with patch.object(templates, "send_mail", side_effect=OSError("Refused")):
            self._send_cards()
        self.assertEqual(value.send_error, "Refused")
        self.assertEqual(len(self._send_cards()), 1)
