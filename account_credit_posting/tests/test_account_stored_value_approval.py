from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueApproval(StoredValueCommon):
    """What is given away has the limits of credits, and a second person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_approval_line_amount = 100
        cls.chief = cls._create_user(
            "chief", "account_credit_posting.group_credit_manager"
        )

    def _own(self, user, account=None):
        """Make an account that of a user."""
        user.partner_id.parent_id = account or self.account

    def _give(self, amount, **vals):
        return self._issue(amount, funding="promotion", **vals)

    def assertWaits(self, value):
        self.assertEqual((value.state, value.balance), ("to_approve", 0))
        self.assertFalse(value.move_line_ids)
        self.assertFalse(value.sudo().code_hash or self.code)

    # -------------------------------------------------------------------------
    # LIMITS
    # -------------------------------------------------------------------------

    def test_gift_within_the_limit_is_issued(self):
        self.assertEqual(self._give(100).state, "active")
        self.assertTrue(self.code)

    def test_gift_above_the_limit_waits_and_is_approved(self):
        value = self._give(100.01)
        self.assertWaits(value)
        self.assertIn(self.chief, value.activity_ids.user_id)
        self.assertNotIn(self.clerk, value.activity_ids.user_id)
        self.assertShows(
            value.message_ids[0].body, "above the limit of $ 100.00", self.chief.name
        )
        value.with_user(self.chief).action_approve()
        self.assertEvents(
            value,
            [
                (
                    "issue",
                    [(self.promotion, 100.01, 100.01), (self.given, -100.01, -100.01)],
                )
            ],
        )
        self.assertEqual(value.state, "active")
        self.assertFalse(value.activity_ids)
        # The code is for whoever issued it.
        self.assertFalse(value.sudo().code_hash)
        code = value.with_user(self.clerk).action_new_code()
        balance = self.values.with_user(self.clerk).balance_of(code)
        self.assertEqual(balance["balance"], 100.01)

    def test_foreign_amount_is_converted(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        self.assertWaits(self._give(51, currency_id=euro.id))
        self.assertEqual(self._give(50, currency_id=euro.id).state, "active")

    def test_gift_for_the_own_account_waits(self):
        self._own(self.clerk)
        value = self._give(1)
        self.assertWaits(value)
        for user, error in (
            (self.clerk, "Only an administrator"),
            (self.accountant, "Only an administrator"),
        ):
            with self.assertRaisesRegex(AccessError, error):
                value.with_user(user).action_approve()
        value.with_user(self.manager).action_approve()
        self.assertEqual((value.state, value.balance), ("active", 1))

    def test_nobody_approves_the_own(self):
        value = self._give(500, user=self.manager)
        self.assertWaits(value)
        with self.assertRaisesRegex(AccessError, "Another administrator"):
            value.with_user(self.manager).action_approve()
        self._own(self.chief)
        with self.assertRaisesRegex(AccessError, "Another administrator"):
            value.with_user(self.chief).action_approve()
        self.assertWaits(value)

    def test_what_waits_is_neither_changed_issued_nor_deleted(self):
        value = self._give(500)
        for user in (self.clerk, self.manager):
            mine = value.with_user(user)
            with self.assertRaises(AccessError):
                mine.initial_amount = 5000
            with self.assertRaises(AccessError):
                mine.partner_id = self.accounts[1]
            with self.assertRaisesRegex(UserError, "to approve"):
                mine.action_issue()
            with self.assertRaisesRegex(UserError, "waiting for approval"):
                mine.sudo().unlink()
        self.assertWaits(value)

    def test_refused_is_a_draft_again(self):
        value = self._give(500)
        with self.assertRaises(AccessError):
            value.with_user(self.clerk).action_refuse("Too much")
        value.with_user(self.chief).action_refuse("Too much")
        self.assertEqual(value.state, "draft")
        self.assertShows(value.message_ids[0].body, "Not approved. Too much")
        value.with_user(self.clerk).initial_amount = 90
        value.with_user(self.clerk).action_issue()
        self.assertEqual((value.state, value.balance), ("active", 90))

    def test_twice_approved_is_issued_once(self):
        value = self._give(500)
        value.with_user(self.chief).action_approve()
        with self.assertRaises(UserError):
            value.with_user(self.chief).action_approve()
        self.assertEqual(value.balance, 500)

    def test_raising_has_the_limits_of_issuing(self):
        for funding in ("promotion", "payment"):
            value = self._issue(50, funding=funding)
            mine = value.with_user(self.manager)
            with self.assertRaisesRegex(UserError, "above the limit"):
                mine.adjust(100.01, "More")
            mine.adjust(100, "More")
            mine.adjust(60, "Less")
            self.assertEqual(value.balance, 60)
        self._own(self.manager)
        with self.assertRaisesRegex(UserError, "the user who issues it"):
            mine.adjust(61, "More")
        mine.adjust(59, "Less")
        self.assertEqual(value.balance, 59)

    def test_cap(self):
        self.company.credit_open_cap = 100
        self._post_line(30)
        first = self._give(50).with_user(self.manager)
        for give in (
            lambda: self._give(20.01),
            lambda: first.adjust(70.01, "More"),
        ):
            with self.assertRaisesRegex(UserError, r"100\.01 of open credits"):
                give()
        self.assertEqual(self._give(20).state, "active")
        # Money that came in is no gift.
        self.assertEqual(self._issue(100).state, "active")
        # A credit, too, finds what is left of gift cards.
        batch = self._create_batch({self.account: 0.01})
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "failed")
        self.assertIn("open credits and gift cards", batch.line_ids.error)
        self.assertFalse(batch.line_ids.move_id)

    def test_cap_of_opening_balances(self):
        self.company.credit_open_cap = 100
        details = {
            "funding": "opening",
            "opening_account_id": self.opening.id,
            "user": self.manager,
        }
        self._give(30)
        self.assertEqual(self._issue(60, **details).state, "active")
        with self.assertRaisesRegex(UserError, r"100\.01 of open credits"):
            self._issue(10.01, **details)
        # It is money of the customer: it takes no room of what is given away.
        self.assertEqual(self._give(70).state, "active")

    def test_value_is_not_moved_to_the_own_account(self):
        # README says: "nobody moves value to their own account."
        self._own(self.manager, self.accounts[1])
        self._own(self.clerk, self.accounts[1])
        value = self._give(50)
        code = self.code
        with self.assertRaisesRegex(UserError, "your own account"):
            value.with_user(self.manager).move_to(self.accounts[1].id)
        with self.assertRaisesRegex(UserError, "your own account"):
            self.values.with_user(self.clerk).redeem(code, self.accounts[1].id)
        self.assertEqual(value.balance, 50)
        # One that somebody paid for neither: the clerk gave its code.
        paid = self._issue(50)
        with self.assertRaisesRegex(UserError, "your own account"):
            self.values.with_user(self.clerk).redeem(self.code, self.accounts[1].id)
        self.assertEqual(paid.balance, 50)
        answer = self.values.with_user(self.chief).redeem(
            self.code, self.accounts[1].id
        )
        self.assertEqual(answer["balance"], 50)

    # -------------------------------------------------------------------------
    # OPENING BALANCES
    # -------------------------------------------------------------------------

    def test_opening_balances_are_for_administrators(self):
        details = {"funding": "opening", "opening_account_id": self.opening.id}
        with self.assertRaisesRegex(AccessError, "Only an administrator"):
            self._issue(60, **details)
        self.assertEqual(self._issue(60, user=self.manager, **details).balance, 60)
        self.assertWaits(self._issue(500, user=self.manager, **details))

    def test_opening_balances_are_on_a_sensible_account(self):
        for name in (
            "default_account_receivable",
            "default_account_payable",
            "default_account_revenue",
            "default_account_assets",
        ):
            with self.assertRaisesRegex(UserError, "a liability or an equity account"):
                self._issue(
                    60,
                    funding="opening",
                    user=self.manager,
                    opening_account_id=self.company_data[name].id,
                )
        self.company.fiscalyear_lock_date = "2024-03-31"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._issue(
                60,
                funding="opening",
                user=self.manager,
                opening_account_id=self.opening.id,
            )

    # -------------------------------------------------------------------------
    # ACCOUNTS
    # -------------------------------------------------------------------------

    def test_archived_account(self):
        self.account.active = False
        for funding in ("payment", "promotion"):
            with self.assertRaisesRegex(UserError, "is archived"):
                self._issue(10, funding=funding)

    def test_account_of_another_company(self):
        self.account.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        for funding in ("payment", "promotion"):
            with self.assertRaisesRegex(UserError, "of another company"):
                self._issue(10, funding=funding, user=self.env.user)

    def test_archived_while_it_waits(self):
        value = self._give(500)
        self.account.active = False
        with self.assertRaisesRegex(UserError, "is archived"):
            value.with_user(self.chief).action_approve()
        self.assertWaits(value)

    # -------------------------------------------------------------------------
    # WHO HAS THE CODE
    # -------------------------------------------------------------------------

    def test_first_code_is_for_whoever_issued_the_card(self):
        other = self._create_user("other", "account_credit_posting.group_credit_user")
        value = self._issue(50, send_date="2099-01-01", recipient_email="m@example.com")
        self.assertFalse(self.code)
        stranger = value.with_user(other)
        for call in (
            stranger.action_new_code,
            stranger.action_show_new_code,
            lambda: stranger.send_card("thief@example.com"),
        ):
            with self.assertRaisesRegex(AccessError, "Only an administrator"):
                call()
        self.assertEqual(value.recipient_email, "m@example.com")
        self.assertFalse(value.sudo().code_hash)
        self.assertTrue(value.with_user(self.clerk).action_new_code())

    def test_new_code_of_a_paid_card_is_told_to_its_recipient(self):
        value = self._issue(50, recipient_email="maya@example.com")
        mails = self.env["mail.mail"].search([])
        code = value.with_user(self.manager).action_new_code()
        [mail] = self.env["mail.mail"].search([]) - mails
        self.assertEqual(mail.email_to, "maya@example.com")
        self.assertShows(mail.body_html, value.name)
        self.assertNotIn(code, mail.body_html)
        log = " ".join(value.message_ids.mapped("body"))
        self.assertShows(log, "given a new code by credit_manager")
        self.assertNotIn(code, log)

    def test_other_address_of_a_paid_card_is_told_to_the_one_before(self):
        value = self._issue(50, recipient_email="maya@example.com")
        mails = self.env["mail.mail"].search([])
        value.with_user(self.manager).send_card("june@example.com", "2099-01-01")
        [mail] = self.env["mail.mail"].search([]) - mails
        self.assertEqual(mail.email_to, "maya@example.com")
        self.assertShows(
            " ".join(value.message_ids.mapped("body")),
            "The card goes to june@example.com instead of maya@example.com",
        )

    def test_address_is_changed_by_an_administrator_who_tells_the_one_before(self):
        value = self._issue(50, recipient_email="maya@example.com")
        for user in (self.clerk, self.manager):
            with self.assertRaises(AccessError):
                value.with_user(user).recipient_email = "june@example.com"
        dialog = self.env["account.stored.value.change"].with_user(self.manager)
        dialog = dialog.with_context(default_value_id=value.id, default_change="adjust")
        mails = self.env["mail.mail"].search([])
        dialog.create({"recipient_email": "june@example.com"}).action_confirm()
        self.assertEqual(value.recipient_email, "june@example.com")
        [mail] = self.env["mail.mail"].search([]) - mails
        self.assertEqual(mail.email_to, "maya@example.com")

    def test_address_of_the_account_is_kept_when_the_card_is_sent(self):
        self.account.email = "family@example.com"
        value = self._issue(50, send_date="2099-01-01")
        self.account.email = "thief@example.com"
        self.assertEqual(value._get_recipient(), "family@example.com")
