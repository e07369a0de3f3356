from odoo import api, models

#: Gift cards that an open session has sold, or taken back: it books them on closing.
UNBOOKED = """
    SELECT value.id
      FROM account_stored_value value
      JOIN pos_order_line line
        ON value.pos_line_id IN (line.id, line.refunded_orderline_id)
      JOIN pos_order till_order ON till_order.id = line.order_id
      JOIN pos_session session ON session.id = till_order.session_id
     WHERE session.state <> 'closed'
"""


class AccountCreditProof(models.Model):
    """Know that a till books its sales when its session is closed."""

    _inherit = "account.credit.proof"

    @api.model
    def _get_unbooked_query(self):
        return " UNION ALL ".join((super()._get_unbooked_query(), UNBOOKED))
