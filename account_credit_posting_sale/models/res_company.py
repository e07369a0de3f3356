from odoo import fields, models

from ..const import PROVIDER_CODE


class ResCompany(models.Model):
    """Whether customers may pay orders with what is on their account."""

    _inherit = "res.company"

    portal_pay_orders = fields.Boolean(
        string="Customers Pay Orders",
        compute="_compute_portal_pay_orders",
        inverse="_inverse_portal_pay_orders",
        compute_sudo=True,
        help="Customers can pay orders with their account balance: the payment "
        "provider Account Balance is enabled.",
    )

    def _compute_portal_pay_orders(self):
        enabled = self._find_balance_providers().filtered(
            lambda provider: provider.state == "enabled" and provider.is_published
        )
        for company in self:
            company.portal_pay_orders = company in enabled.company_id

    def _inverse_portal_pay_orders(self):
        for company in self:
            providers = company._find_balance_providers()
            if company.portal_pay_orders:
                providers = providers[:1] or company._create_balance_provider()
                providers.write({"state": "enabled", "is_published": True})
            else:
                providers.write({"state": "disabled", "is_published": False})

    def _find_balance_providers(self):
        return self.env["payment.provider"].search(
            [("company_id", "in", self.ids), ("code", "=", PROVIDER_CODE)]
        )

    def _create_balance_provider(self):
        """Create the provider of a company that has none yet, such as a branch."""
        self.ensure_one()
        # That of another company is the one to copy, as Odoo does for new companies.
        main_sudo = self.env.ref(
            "account_credit_posting_sale.payment_provider_balance"
        ).sudo()
        return main_sudo.copy({"company_id": self.id, "name": main_sudo.name}).sudo(
            self.env.su
        )
