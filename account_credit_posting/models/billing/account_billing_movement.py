from odoo import api, fields, models
from odoo.tools import SQL

from ..stored_value.account_stored_value_movement import IS_HELD, sum_with_tax


class AccountBillingMovement(models.Model):
    """The transaction history of accounts: each posted item that concerns them.

    A view of the ledger: receivable items (what an account owes) and items of gift
    cards and prepayments (what is held for it). The last running balance is that of
    the ledger.
    """

    _name = "account.billing.movement"
    _description = "Transaction History"
    _auto = False
    _order = "date desc, id desc"
    # What is to be in the database before the view is read.
    _depends = {
        "account.credit.correction": ["kind", "line_id", "move_id"],
        "account.credit.line": [
            "charge_move_id",
            "move_id",
            "move_line_id",
            "partner_id",
        ],
        "account.move": [
            "credit_batch_id",
            "credit_line_id",
            "move_type",
            "origin_payment_id",
            "reversed_entry_id",
            "statement_line_id",
            "stored_value_event",
        ],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "balance",
            "company_id",
            "currency_id",
            "date",
            "date_maturity",
            "move_id",
            "name",
            "parent_state",
            "partner_id",
            "stored_value_id",
        ],
        "res.partner": ["commercial_partner_id"],
    }
    _rec_name = "move_id"

    id = fields.Id(help="That of the journal item.")
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        readonly=True,
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id",
        string="Company Currency",
    )
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    date = fields.Date(readonly=True)
    entered_on = fields.Datetime(readonly=True, help="When the entry was made.")
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="By",
        readonly=True,
    )
    event = fields.Selection(
        selection=lambda self: self._selection_event(),
        string="Type",
        readonly=True,
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Document",
        readonly=True,
    )
    label = fields.Char(readonly=True)
    date_due = fields.Date(string="Due Date", readonly=True)
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        readonly=True,
    )
    credit_line_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
    )
    contact_id = fields.Many2one(related="credit_line_id.contact_id")
    public_comment = fields.Text(related="credit_line_id.public_comment")
    private_comment = fields.Text(related="credit_line_id.private_comment")
    amount_currency = fields.Monetary(
        string="Amount in Currency",
        readonly=True,
        aggregator=None,
        help="The change of what the account owes, or of what is held for it.",
    )
    amount_due = fields.Monetary(
        currency_field="company_currency_id",
        string="Owes",
        readonly=True,
        help="Above zero when the account owes more.",
    )
    amount_held = fields.Monetary(
        currency_field="company_currency_id",
        string="Held",
        readonly=True,
        help="Above zero when more is held for the account on gift cards and "
        "prepayments.",
    )
    balance_due = fields.Monetary(
        compute="_compute_balances",
        currency_field="company_currency_id",
        help="The total that the account owed after it; below zero if it had more "
        "credit than debt.",
    )
    balance_held = fields.Monetary(
        compute="_compute_balances",
        currency_field="company_currency_id",
        string="Held After",
        help="The balance of gift cards and prepayments after it.",
    )

    @api.model
    def _selection_event(self):
        values = self.env["account.move"]._fields["stored_value_event"]
        return [
            ("invoice", self.env._("Invoice")),
            ("credit", self.env._("Credit")),
            ("credit_back", self.env._("Credit Taken Back")),
            ("credit_expired", self.env._("Credit Expired")),
            ("credit_extended", self.env._("Expired Credit Reopened")),
            ("credit_note", self.env._("Credit Note")),
            ("payment", self.env._("Payment")),
            ("refund", self.env._("Refund")),
            ("entry", self.env._("Journal Entry")),
            *(
                (f"value_{event}", self.env._("Gift Card or Prepayment: %s", label))
                for event, label in values._description_selection(self.env)
            ),
        ]

    @api.depends("partner_id", "company_id")
    def _compute_balances(self):
        # Summed up by account, and only those accounts: however long the list is.
        self.env["account.move.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, balance_due, balance_held
                  FROM (
                       SELECT id,
                              SUM(amount_due) OVER run AS balance_due,
                              SUM(amount_held) OVER run AS balance_held
                         FROM (%(movements)s) AS movement
                        WHERE partner_id IN %(accounts)s
                          AND company_id IN %(companies)s
                       WINDOW run AS (
                              PARTITION BY partner_id, company_id ORDER BY date, id
                       )
                       ) AS summed
                 WHERE id IN %(ids)s
                """,
                movements=self._table_query,
                accounts=tuple(self.partner_id.ids) or (None,),
                companies=tuple(self.company_id.ids) or (None,),
                ids=tuple(self.ids) or (None,),
            )
        )
        balances = {id_: sums for id_, *sums in rows}
        for movement in self:
            due, held = balances.get(movement.id, (0, 0))
            movement.balance_due = due
            movement.balance_held = held

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT line.id,
                   contact.commercial_partner_id AS partner_id,
                   line.company_id,
                   line.currency_id,
                   line.date,
                   move.create_date AS entered_on,
                   move.create_uid AS user_id,
                   CASE
                   -- An invoice that a card pays in part is an invoice.
                   WHEN move.stored_value_event IS NOT NULL
                    AND (line.stored_value_id IS NOT NULL
                         OR move.move_type = 'entry'
                         OR move.stored_value_event NOT IN ('use', 'undo'))
                   THEN 'value_' || move.stored_value_event
                   WHEN move.credit_line_id IS NOT NULL
                     OR move.credit_batch_id IS NOT NULL
                   THEN 'credit'
                   WHEN correction.kind = 'expire' THEN 'credit_expired'
                   WHEN correction.kind = 'extend' THEN 'credit_extended'
                   WHEN original.credit_line_id IS NOT NULL
                     OR original.credit_batch_id IS NOT NULL
                   THEN 'credit_back'
                   WHEN move.move_type IN ('out_invoice', 'out_receipt')
                   THEN 'invoice'
                   WHEN move.move_type = 'out_refund'
                   THEN 'credit_note'
                   WHEN move.origin_payment_id IS NOT NULL
                     OR move.statement_line_id IS NOT NULL
                   THEN CASE WHEN line.balance < 0 THEN 'payment' ELSE 'refund' END
                   ELSE 'entry'
                   END AS event,
                   line.move_id,
                   line.name AS label,
                   line.date_maturity AS date_due,
                   line.stored_value_id,
                   credit_line.id AS credit_line_id,
                   CASE WHEN account.account_type = 'asset_receivable'
                        THEN line.amount_currency ELSE -%(held_currency)s
                        END AS amount_currency,
                   CASE WHEN account.account_type = 'asset_receivable'
                        THEN line.balance ELSE 0 END AS amount_due,
                   CASE WHEN account.account_type = 'asset_receivable'
                        THEN 0 ELSE -%(held)s END AS amount_held
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
              JOIN account_move move ON move.id = line.move_id
              JOIN res_partner contact ON contact.id = line.partner_id
         LEFT JOIN account_move original ON original.id = move.reversed_entry_id
         LEFT JOIN LATERAL (
                   SELECT found.kind, found.line_id
                     FROM account_credit_correction found
                     JOIN account_credit_line corrected
                       ON corrected.id = found.line_id
                    WHERE found.move_id = move.id
                      AND corrected.partner_id = contact.commercial_partner_id
                    LIMIT 1
                   ) AS correction ON TRUE
         LEFT JOIN LATERAL (
                   SELECT posted.id
                     FROM account_credit_line posted
                    WHERE posted.move_line_id = line.id
                UNION ALL
                   SELECT correction.line_id
                    WHERE correction.line_id IS NOT NULL
                UNION ALL
                   SELECT reversed.id
                     FROM account_credit_line reversed
                    WHERE reversed.move_id = move.reversed_entry_id
                      AND reversed.partner_id = contact.commercial_partner_id
                UNION ALL
                   SELECT charged.id
                     FROM account_credit_line charged
                    WHERE charged.charge_move_id = move.id
                    LIMIT 1
                   ) AS credit_line ON TRUE
             WHERE line.parent_state = 'posted'
               AND (
                   account.account_type = 'asset_receivable'
                   OR (line.stored_value_id IS NOT NULL AND %(is_held)s)
               )
            """,
            held_currency=sum_with_tax("amount_currency"),
            held=sum_with_tax("balance"),
            is_held=IS_HELD,
        )
