from odoo import models

from odoo.addons.account_credit_posting.models.application import waiting_documents


class PaymentTransaction(models.Model):
    """Let what a customer paid online pay its invoice before credits do."""

    _inherit = "payment.transaction"

    def _post_process(self):
        # Draft invoices are posted first, then paid.
        with waiting_documents.hold(self) as held:
            result = super(PaymentTransaction, held)._post_process()
            # Credits have waited for the payment of those that were posted before.
            waiting_documents.wait(held.filtered("payment_id").invoice_ids)
        return result

    def _create_payment(self, **extra_create_values):
        with waiting_documents.hold(self) as held:
            payment = super(PaymentTransaction, held)._create_payment(
                **extra_create_values
            )
        return waiting_documents.leave(payment, self)
