from odoo import api, fields, models

from odoo.addons.payment.utils import add_to_report

from ..const import PROVIDER_CODE


class PaymentProvider(models.Model):
    """The customer's own account as a payment provider: it pays orders at once."""

    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[(PROVIDER_CODE, "Account Balance")],
        ondelete={PROVIDER_CODE: "set default"},
    )

    def _get_default_payment_method_codes(self):
        self.ensure_one()
        if self.code != PROVIDER_CODE:
            return super()._get_default_payment_method_codes()
        return {PROVIDER_CODE}

    @api.model
    def _setup_payment_method(self, code):
        # No payment is ever made of it: what is on the account was paid before.
        if code == PROVIDER_CODE:
            return None
        return super()._setup_payment_method(code)

    def _check_existing_payment(self, payment_method):
        return bool(payment_method) and super()._check_existing_payment(payment_method)

    @api.model
    def _get_compatible_providers(
        self,
        company_id,
        partner_id,
        amount,
        *args,
        report=None,
        sale_order_id=None,
        **kwargs,
    ):
        providers = super()._get_compatible_providers(
            company_id,
            partner_id,
            amount,
            *args,
            report=report,
            sale_order_id=sale_order_id,
            **kwargs,
        )
        unusable = providers.filtered(
            lambda provider: (
                provider.code == PROVIDER_CODE
                and not provider._covers(sale_order_id, amount)
            )
        )
        add_to_report(
            report,
            unusable,
            available=False,
            reason=self.env._("not enough account balance"),
        )
        return providers - unusable

    def _find_balance(self, order_id):
        """Return what the user may pay an order with.

        :param order_id: None where something else is paid
        :return: an ``AccountBalance``; None where the user may not pay it so
        """
        self.ensure_one()
        # Whoever pays need not see the order, which a link with a token shows.
        order_sudo = self.env["sale.order"].sudo().browse(order_id).exists()
        if not order_sudo or order_sudo.company_id != self.company_id:
            return None
        return order_sudo._get_balance(self.env.user)

    def _covers(self, order_id, amount):
        """Tell whether the user's account has so much for an order."""
        balance = self._find_balance(order_id)
        return bool(balance) and (
            balance.currency.compare_amounts(balance.get_total(), amount) >= 0
        )

    def _preview_balance(self, order_id, amount):
        """Return what would pay, for the form; see ``AccountBalance.preview``."""
        balance = self._find_balance(order_id)
        return balance.preview(amount) if balance else []
