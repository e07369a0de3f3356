from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common_stored_value import StoredValueCommon

LONG = "Featherstonehaugh-Cholmondeley-Marjoribanks Family of Upper Wolverhampton"


@tagged("post_install", "-at_install")
class TestToursPhone(StoredValueCommon, HttpCase):
    """Billing and results on a phone: cards, which fit."""

    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write({"name": LONG, "customer_rank": 1})
        transactions = cls.env["account.post.transaction"].with_user(cls.clerk)
        cls.transaction = transactions.create(
            {
                "credit_item_id": cls.item.id,
                "step": "setup",
                "line_ids": [
                    Command.create({"partner_id": cls.account.id, "amount": 10})
                ],
            }
        )
        cls.transaction.action_post()

    def test_billing_as_cards(self):
        self.start_tour(
            "/odoo/billing", "account_billing_phone", login=self.clerk.login
        )

    def _apply(self):
        """Let the credit pay a part of an invoice; another one is paid in full."""
        invoice = self._create_invoice(self.account, 100)
        self.assertEqual(invoice.amount_residual, 90)
        paid = self._create_invoice(self.account, 20)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({})._create_payments()

    def test_invoices_as_cards(self):
        self._apply()
        action = self.account.with_user(self.clerk).action_view_billing()
        self.start_tour(
            f"/odoo/billing/{action['res_id']}",
            "account_billing_invoices_phone",
            login=self.clerk.login,
        )

    def test_history_as_cards(self):
        self._apply()
        action = self.account.with_user(self.clerk).action_view_billing()
        self.start_tour(
            f"/odoo/billing/{action['res_id']}",
            "account_billing_history_phone",
            login=self.clerk.login,
        )

    def test_credits_posted_newest_first(self):
        self._post_line(20, date="2024-03-10")
        self.start_tour(
            "/odoo/credits-posted",
            "account_credits_posted_phone",
            login=self.clerk.login,
        )

    def test_credits_applied_as_cards(self):
        self._apply()
        self.start_tour(
            "/odoo/action-account_credit_posting.account_credit_application_action",
            "account_credits_applied_phone",
            login=self.clerk.login,
        )

    def test_gift_cards_as_cards(self):
        self._issue(80)
        self.start_tour(
            "/odoo/action-account_credit_posting.account_stored_value_action",
            "account_stored_value_phone",
            login=self.clerk.login,
        )

    def test_use_of_a_card(self):
        self._issue(80)
        self._create_invoice(self.account, 100)
        action = self.account.with_user(self.clerk).action_view_billing()
        self.start_tour(
            f"/odoo/billing/{action['res_id']}",
            "account_stored_value_use_phone",
            login=self.clerk.login,
        )

    def test_result_rows(self):
        self.start_tour(
            f"/odoo/account.post.transaction/{self.transaction.id}",
            "account_credit_result_phone",
            login=self.clerk.login,
        )

    def test_reader_sees_cards_without_buttons(self):
        views = {
            user: self.env["res.partner"]
            .with_user(user)
            .get_view(
                self.env.ref("account_credit_posting.res_partner_view_form_billing").id
            )["arch"]
            for user in (self.clerk, self.accountant)
        }
        self.assertIn("open_credit_line_ids", views[self.accountant])
        self.assertIn("'change': 'edit'", views[self.clerk])
        self.assertNotIn("'change': 'edit'", views[self.accountant])
        self.assertNotIn("'change': 'move'", views[self.clerk])
