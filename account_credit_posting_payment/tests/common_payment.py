from odoo.fields import Command

from odoo.addons.account_credit_posting.tests.common_portal_invoice import (
    PortalInvoiceCommon,
)


class PaymentProviderCommon(PortalInvoiceCommon):
    """A company that takes payments by Odoo's demo provider."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        demo = cls.env.ref("payment.payment_provider_demo").sudo()
        cls.method = cls.env.ref("payment_demo.payment_method_demo").sudo()
        cls.method.active = True
        cls.provider = demo.copy(
            {"company_id": cls.company.id, "state": "test", "is_published": True}
        )
        cls.provider.payment_method_ids = [Command.set(cls.method.ids)]
        cls.provider.journal_id = cls.company_data["default_journal_bank"]

    @classmethod
    def _create_token(cls, user, state="done"):
        """Save a card of a customer that the demo provider charges so."""
        return (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.method.id,
                    "payment_details": "1234",
                    "partner_id": user.partner_id.id,
                    "provider_ref": "demo",
                    "demo_simulated_state": state,
                }
            )
        )

    def _find_transactions(self, invoice=None):
        self.env.invalidate_all()
        return (invoice or self.invoice).sudo().transaction_ids.sorted("id")
