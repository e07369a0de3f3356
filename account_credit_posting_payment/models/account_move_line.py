from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

#: How long Odoo tries to book a payment that was made online.
BOOKING_TIME = timedelta(days=4)


class AccountMoveLine(models.Model):
    """Know which invoices were paid online, though the payment is not booked yet."""

    _inherit = "account.move.line"

    @api.model
    def _get_awaited_domain(self):
        transactions = Domain(
            [
                ("state", "=", "done"),
                ("operation", "!=", "validation"),
                ("payment_id", "=", False),
                ("is_post_processed", "=", False),
                ("last_state_change", ">=", fields.Datetime.now() - BOOKING_TIME),
            ]
        )
        return super()._get_awaited_domain() | Domain(
            "move_id.transaction_ids", "any", transactions
        )
