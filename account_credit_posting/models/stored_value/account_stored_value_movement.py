from odoo import fields, models
from odoo.tools import SQL


class AccountStoredValueMovement(models.Model):
    """The history of gift cards and prepayments: their posted lines, and nothing else.

    A view of the ledger. What is left after each line is the sum of the lines up to it.
    """

    _name = "account.stored.value.movement"
    _description = "History of Gift Cards and Prepayments"
    _auto = False
    _order = "date desc, id desc"

    id = fields.Id(help="That of the journal item.")
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        readonly=True,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        readonly=True,
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    value_type = fields.Selection(
        selection=[("gift_card", "Gift Card"), ("prepayment", "Prepayment")],
        string="Type",
        readonly=True,
    )
    state = fields.Selection(related="stored_value_id.state")
    date = fields.Date(readonly=True)
    event = fields.Selection(
        selection=lambda self: (
            self.env["account.move"]._fields["stored_value_event"].selection
        ),
        readonly=True,
    )
    label = fields.Char(readonly=True)
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Journal Entry",
        readonly=True,
    )
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        readonly=True,
        help="The invoice that was paid, or that sold the gift card.",
    )
    user_id = fields.Many2one(comodel_name="res.users", readonly=True)
    amount = fields.Monetary(
        readonly=True,
        help="Above zero when the customer is owed more.",
    )
    balance_after = fields.Monetary(
        string="Balance",
        readonly=True,
        aggregator=None,
        help="What was left after it.",
    )

    @property
    def _table_query(self):
        # The window is one stored value with all that is the same in it, so that a
        # search for one account does not sum up all others.
        return SQL(
            """
            SELECT line.id,
                   value.id AS stored_value_id,
                   value.partner_id,
                   value.company_id,
                   value.currency_id,
                   value.value_type,
                   line.date,
                   -- One entry of a till may sell some and take others back.
                   CASE WHEN move.stored_value_event = 'issue'
                             AND line.amount_currency > 0 THEN 'void'
                        ELSE move.stored_value_event
                   END AS event,
                   line.name AS label,
                   move.id AS move_id,
                   COALESCE(
                       application.invoice_id,
                       CASE WHEN move.move_type = 'out_invoice' THEN move.id END
                   ) AS invoice_id,
                   move.create_uid AS user_id,
                   -line.amount_currency AS amount,
                   SUM(-line.amount_currency) OVER (
                       PARTITION BY value.id, value.partner_id, value.company_id
                       ORDER BY line.date, line.id
                   ) AS balance_after
              FROM account_move_line line
              JOIN account_stored_value value ON value.id = line.stored_value_id
              JOIN account_move move ON move.id = line.move_id
              LEFT JOIN LATERAL (
                   SELECT invoice_id
                     FROM account_credit_application
                    WHERE stored_value_id = value.id
                      AND credit_move_id IN (move.id, move.reversed_entry_id)
                    LIMIT 1
                   ) application ON TRUE
             WHERE line.parent_state = 'posted'
            """
        )
