from odoo import models


class AccountMove(models.Model):
    """Know whether an online payment of an invoice is under way."""

    _inherit = "account.move"

    def _is_open_for_customer(self):
        return super()._is_open_for_customer() and not self._is_payment_under_way()

    def _is_payment_under_way(self):
        """Tell whether money is on its way that is not on the invoice yet.

        A bank transfer that was only announced is none, as Odoo sees it.
        """
        # Customers may pay without the right to read transactions.
        return any(
            tx_sudo.state in ("pending", "authorized")
            and tx_sudo.provider_code not in ("none", "custom")
            or tx_sudo.state == "done"
            and not tx_sudo.is_post_processed
            for tx_sudo in self.sudo().transaction_ids
        )
