from odoo import api, fields, models
from odoo.tools import SQL

#: The product that each stored value was sold as: ``stored_value_id``, ``product_id``.
PRODUCTS = SQL(
    """(
        SELECT stored_value_id, MIN(product_id) AS product_id
          FROM (
               SELECT stored_value_id, product_id
                 FROM account_move_line
                WHERE stored_value_id IS NOT NULL AND product_id IS NOT NULL
            UNION ALL
               SELECT id, product_id
                 FROM account_stored_value
                WHERE product_id IS NOT NULL
               ) AS sold
      GROUP BY stored_value_id
    )"""
)

#: Whether an item is not the tax of a single-purpose voucher: that belongs to the one
#: on the liability account beside it.
IS_HELD = SQL("line.tax_repartition_line_id IS NULL")


def sum_with_tax(column):
    """Return what an item is with the tax of the single-purpose voucher that it names.

    :param str column: of the item, which is ``line``
    """
    return SQL(
        """(line.%(column)s + CASE WHEN EXISTS (
            SELECT FROM account_stored_value voucher
             WHERE voucher.id = line.stored_value_id
               AND voucher.voucher_kind = 'single'
        ) THEN COALESCE((
            SELECT SUM(tax.%(column)s)
              FROM account_move_line tax
             WHERE tax.move_id = line.move_id
               AND tax.stored_value_id = line.stored_value_id
               AND tax.tax_repartition_line_id IS NOT NULL
               -- Once, where several items of an entry name it.
               AND line.id = (
                   SELECT MIN(held.id)
                     FROM account_move_line held
                    WHERE held.move_id = line.move_id
                      AND held.stored_value_id = line.stored_value_id
                      AND held.tax_repartition_line_id IS NULL
               )
        ), 0) ELSE 0 END)""",
        column=SQL.identifier(column),
    )


#: Whether an item is a use of ``value`` that the entry of a till's session books along
#: with what it sells. What is taken back there is void, and so is its record.
IS_TILL_USE = SQL(
    """(move.stored_value_event IN ('issue', 'void')
        AND move.move_type = 'entry'
        AND line.amount_currency > 0
        AND value.state <> 'void')"""
)


class AccountStoredValueMovement(models.Model):
    """The history of gift cards and prepayments: their posted lines, and nothing else.

    A view of the ledger. What is left after each line is the balance without the lines
    that follow it, so that the last page of a long history needs no other.
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
            # With the names of its own field, which are translated.
            self.env["account.move"]
            ._fields["stored_value_event"]
            ._description_selection(self.env)
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
        compute="_compute_balance_after",
        string="Balance",
        help="The balance after it.",
    )

    @api.depends("stored_value_id", "date")
    def _compute_balance_after(self):
        self.env["account.move.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, later
                  FROM (
                       SELECT line.id,
                              -- Without its own.
                              COALESCE(SUM(-%(amount)s) OVER (
                                  PARTITION BY line.stored_value_id
                                  ORDER BY line.date DESC, line.id DESC
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                              ), 0) AS later
                         FROM (SELECT DISTINCT ON (stored_value_id)
                                      stored_value_id, date, id
                                 FROM account_move_line
                                WHERE id IN %(ids)s
                             ORDER BY stored_value_id, date, id) AS oldest
                         JOIN account_move_line line
                           ON line.stored_value_id = oldest.stored_value_id
                          AND (line.date, line.id) >= (oldest.date, oldest.id)
                        WHERE line.parent_state = 'posted' AND %(is_held)s
                       ) AS summed
                 WHERE id IN %(ids)s
                """,
                amount=sum_with_tax("amount_currency"),
                is_held=IS_HELD,
                ids=tuple(self.ids) or (None,),
            )
        )
        later = dict(rows)
        for movement in self:
            movement.balance_after = movement.stored_value_id.balance - later.get(
                movement.id, 0
            )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT line.id,
                   value.id AS stored_value_id,
                   value.partner_id,
                   value.company_id,
                   value.currency_id,
                   value.value_type,
                   line.date,
                   -- One entry of a till sells some, uses some and takes some back.
                   CASE WHEN %(is_till_use)s THEN 'use'
                        WHEN move.stored_value_event = 'issue'
                             AND line.amount_currency > 0 THEN 'void'
                        ELSE move.stored_value_event
                   END AS event,
                   line.name AS label,
                   move.id AS move_id,
                   -- Asked for where it is shown: most of a history is counted only.
                   COALESCE(
                       (SELECT application.invoice_id
                          FROM account_credit_application application
                         WHERE application.stored_value_id = value.id
                           AND application.credit_move_id
                               IN (move.id, move.reversed_entry_id)
                         LIMIT 1),
                       CASE WHEN move.move_type = 'out_invoice' THEN move.id END
                   ) AS invoice_id,
                   move.create_uid AS user_id,
                   -%(amount)s AS amount
              FROM account_move_line line
              JOIN account_stored_value value ON value.id = line.stored_value_id
              JOIN account_move move ON move.id = line.move_id
             WHERE line.parent_state = 'posted' AND %(is_held)s
            """,
            is_till_use=IS_TILL_USE,
            amount=sum_with_tax("amount_currency"),
            is_held=IS_HELD,
        )
