from odoo.tests import HttpCase, tagged

from .common_liability import LiabilityCommon


@tagged("post_install", "-at_install")
class TestUnclaimedTours(LiabilityCommon, HttpCase):
    """Unclaimed property and cash-out in a browser, from the list to the payment."""

    def _live_in(self, number):
        """Let the account live in a state of the US."""
        state = self.env.ref(f"base.state_us_{number}")
        self.account.write({"country_id": state.country_id.id, "state_id": state.id})
        return state

    def _get_paid_out(self, journal):
        """Return the account that money from a journal waits on."""
        payments = self.env["account.payment"]
        payment = payments.new(
            {"company_id": self.company.id, "journal_id": journal.id}
        )
        return payment._get_outstanding_account("outbound")

    def test_what_is_due_is_handed_over_and_paid(self):
        state = self._owe_to_a_state()
        self._live_in(5)
        exempt = self._issue(50)
        self._live_in(8)
        value = self._issue(30)
        office = self.env["res.partner"].create(
            {"name": "Office of Unclaimed Property"}
        )
        self.start_tour(
            "/odoo/action-account_credit_posting.account_unclaimed_due_action",
            "account_unclaimed_property",
            login=self.manager.login,
        )
        self.assertEqual(exempt.state, "active")
        self.assertEqual((value.state, value.balance), ("handed", 0))
        self.assertEvents(
            value,
            [
                ("issue", [(self.sold, -30, -30), (self.outstanding, 30, 30)]),
                ("hand", [(self.sold, 30, 30), (self.payable, -30, -30)]),
            ],
        )
        row = self.env["account.unclaimed.property"].search(
            [("stored_value_id", "=", value.id)]
        )
        self.assertEqual((row.state, row.state_id), ("remitted", state))
        payment = self.env["account.payment"].search([("partner_id", "=", office.id)])
        self.assertItems(
            payment.move_id,
            [(self.payable, 30, 30), (self._get_paid_out(self.bank), -30, -30)],
        )

    def test_what_is_left_is_paid_out(self):
        self._live_in(6)
        value = self._issue(5)
        self.start_tour(
            f"/odoo/account.stored.value/{value.id}",
            "gift_card_cash_out",
            login=self.clerk.login,
        )
        cash = self.company_data["default_journal_cash"]
        self.assertEvents(
            value,
            [
                ("issue", [(self.sold, -5, -5), (self.outstanding, 5, 5)]),
                ("refund", [(self.sold, 5, 5), (self._get_paid_out(cash), -5, -5)]),
            ],
        )
        self.assertIn("Colorado", "".join(map(str, value.message_ids.mapped("body"))))
