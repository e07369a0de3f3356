from odoo.fields import Command
from odoo.tests import tagged

from .common_payment import PaymentProviderCommon


@tagged("post_install", "-at_install")
class TestSavedCard(PaymentProviderCommon):
    """A saved card is charged for what credits leave of an invoice."""

    #: Not due yet: nothing pays it by itself.
    invoice_vals = {"invoice_date_due": "2099-01-01"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_application_policy = "due"
        cls.company.credit_application_days = 0
        cls.token = cls._create_token(cls.payer)

    def _charge(self, amount=100, token=None, invoice=None):
        """Charge the card as other addons do, without the customer."""
        token = token or self.token
        tx = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": token.provider_id.id,
                    "payment_method_id": token.payment_method_id.id,
                    "token_id": token.id,
                    "operation": "offline",
                    "amount": amount,
                    "currency_id": self.invoice.currency_id.id,
                    "partner_id": token.partner_id.id,
                    "invoice_ids": [Command.set((invoice or self.invoice).ids)],
                }
            )
        )
        tx._charge_with_token()
        tx._post_process()
        return tx

    def test_credits_come_first(self):
        self.assertNothingUsed()
        tx = self._charge()
        self.assertEqual((tx.state, tx.amount, tx.payment_id.amount), ("done", 70, 70))
        self.assertUsed({self.credit: 30})
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertItems(
            tx.payment_id.move_id,
            [
                (tx.payment_id.outstanding_account_id, 70, 70),
                (self.receivable, -70, -70),
            ],
        )
        self.assertEqual(self.invoice.credit_application_ids.origin, "charge")

    def test_as_the_company_lets_them(self):
        self.company.auto_apply_prepayments = True
        self.company.auto_apply_gift_cards = True
        tx = self._charge()
        # Nothing is left to charge.
        self.assertEqual((tx.state, tx.payment_id), ("cancel", tx.payment_id.browse()))
        self.assertUsed({self.credit: 30, self.prepayment: 40, self.card: 30})
        self.assertEqual(self.invoice.payment_state, "paid")

    def test_by_hand_alone(self):
        self.company.credit_application_policy = "manual"
        tx = self._charge()
        self.assertEqual((tx.state, tx.amount), ("done", 100))
        self.assertUsed({})

    def test_charge_fails(self):
        tx = self._charge(token=self._create_token(self.payer, "error"))
        self.assertEqual((tx.state, tx.amount), ("error", 70))
        self.assertUsed({self.credit: 30})
        self.assertEqual(self.invoice.amount_residual, 70)
        # The next try charges what is left.
        tx = self._charge(70)
        self.assertEqual((tx.state, tx.amount), ("done", 70))
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_part_of_an_invoice(self):
        tx = self._charge(20)
        self.assertEqual((tx.state, tx.amount), ("done", 20))
        self.assertUsed({self.credit: 30})
        self.assertEqual(self.invoice.amount_residual, 50)

    def _register(self):
        line = self.provider.journal_id.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == self.provider
        )
        self.payer.partner_id = self.account
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=self.invoice.ids)
            .create(
                {
                    "payment_method_line_id": line.id,
                    "payment_token_id": self.token.id,
                }
            )
        )
        self.assertEqual(register.amount, 100)
        return register._create_payments()

    def test_register_payment(self):
        [payment] = self._register()
        tx = payment.payment_transaction_id
        self.assertEqual((payment.amount, tx.amount, tx.state), (70, 70, "done"))
        self.assertUsed({self.credit: 30})
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertItems(
            payment.move_id,
            [
                (payment.outstanding_account_id, 70, 70),
                (self.receivable, -70, -70),
            ],
        )

    def test_register_payment_of_nothing(self):
        self.company.auto_apply_gift_cards = True
        self._issue(10)
        [payment] = self._register()
        self.assertEqual(payment.state, "canceled")
        self.assertEqual(payment.payment_transaction_id.state, "cancel")
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(sum(self.invoice.credit_application_ids.mapped("amount")), 100)
        self.assertFalse(
            payment.move_id.line_ids.filtered(
                lambda item: item.parent_state == "posted"
            )
        )
