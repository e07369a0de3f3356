from odoo import models

from odoo.addons.account_credit_posting.tools.days import get_today

#: Of a transaction by which a customer pays an order online, or has paid it.
PAID_ONLINE = ("pending", "authorized", "done")


class AccountMoveLine(models.Model):
    """Let the gift cards of an order that is paid online be emailed to its buyer."""

    _inherit = "account.move.line"

    def _create_gift_card(self):
        value = super()._create_gift_card()
        # Whoever invoices an order need not see how it was paid.
        orders_sudo = self.sudo().sale_line_ids.order_id
        states = orders_sudo.transaction_ids.mapped("state")
        buyer_sudo = orders_sudo.partner_id[:1]
        # A code that is told already stays as it is.
        if (
            buyer_sudo.email
            and not value.code_last4
            and not value.send_date
            and any(state in PAID_ONLINE for state in states)
        ):
            # It leaves when it is active: once it is paid.
            value._write_guarded(
                {
                    "recipient_email": buyer_sudo.email,
                    "send_date": get_today(value.company_id),
                }
            )
        return value
