from odoo import fields, models
from odoo.tools import SQL

from ..breakage.account_breakage_estimate import BOOKED, CONTRA_ACCOUNTS
from ..stored_value.account_stored_value_movement import IS_TILL_USE, PRODUCTS
from .liability_period import CONTEXT, FLOWS, KINDS, REVENUE_FLOWS, figure, read_period

#: What says of a stored value which kind of liability it is.
KIND = SQL(
    """CASE WHEN value.funding = 'promotion' THEN 'given'
            WHEN value.value_type = 'prepayment' THEN 'prepayment'
            WHEN value.id IS NOT NULL THEN 'sold' END"""
)

#: What nobody paid for of a card sold below its face is given away.
IS_GIVEN = SQL("(line.account_id = value.given_account_id) IS TRUE")

#: The kind of a journal item, which may be that of an expected breakage, too.
ITEM_KIND = SQL(
    """CASE WHEN value.id IS NULL THEN estimate.kind
            WHEN %s THEN 'given'
            ELSE %s END""",
    IS_GIVEN,
    KIND,
)

#: What moved value was before, back to what was issued: ``id``, ``root_id``.
ROOTS = SQL(
    """(
        WITH RECURSIVE moved AS (
            SELECT target.id, origin.id AS root_id
              FROM account_stored_value target
              JOIN account_stored_value origin ON origin.id = target.origin_id
             WHERE origin.origin_id IS NULL
         UNION ALL
            SELECT target.id, moved.root_id
              FROM account_stored_value target
              JOIN moved ON moved.id = target.origin_id
        )
        SELECT id, MIN(root_id) AS root_id FROM moved GROUP BY id
    )"""
)

#: What an item does, by its event. One entry of a till sells, uses and takes back.
FLOW = SQL(
    """CASE
       WHEN estimate.move_id IS NOT NULL THEN 'estimated'
       WHEN value.id IS NULL THEN NULL
       WHEN %(is_till_use)s THEN 'used'
       WHEN move.stored_value_event = 'issue' AND line.amount_currency > 0
       THEN 'voided'
       WHEN move.stored_value_event = 'issue'
            AND %(is_given)s
       THEN 'given'
       WHEN move.stored_value_event = 'issue'
       THEN CASE value.funding WHEN 'opening' THEN 'taken_over'
                               WHEN 'promotion' THEN 'given'
                               ELSE 'sold' END
       WHEN move.stored_value_event = 'use' THEN 'used'
       WHEN move.stored_value_event = 'undo' THEN 'undone'
       WHEN move.stored_value_event = 'adjust'
       THEN CASE WHEN line.amount_currency < 0 THEN 'raised' ELSE 'lowered' END
       WHEN move.stored_value_event IN ('move', 'redeem')
       THEN CASE WHEN line.amount_currency < 0 THEN 'moved_in' ELSE 'moved_out' END
       WHEN move.stored_value_event = 'refund' THEN 'refunded'
       WHEN move.stored_value_event = 'expire' THEN 'expired'
       WHEN move.stored_value_event = 'hand' AND %(is_given)s THEN 'voided'
       WHEN move.stored_value_event = 'hand' THEN 'handed'
       WHEN move.stored_value_event = 'void' THEN 'voided'
       END""",
    is_till_use=IS_TILL_USE,
    is_given=IS_GIVEN,
)


def _flow(string, explanation):
    return figure(string, explanation, depends_context=CONTEXT)


class AccountStoredValueLiability(models.Model):
    """The liability of gift cards and prepayments, as a roll-forward of its items.

    A view of the ledger: each posted item that names a stored value, or that is on an
    account which holds some, or on the contra account of expected breakage. The context
    names the period (``liability_period``), and each item stands in the column of what
    it did in it, so that columns add up by whatever they are grouped by. Opening and
    all that happened make the closing.
    """

    _name = "account.stored.value.liability"
    _description = "Liability of Gift Cards & Prepayments"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "label"
    # What is to be in the database before the view is read.
    _depends = {
        "account.account": ["holds_stored_value"],
        "account.breakage.estimate": [
            "contra_account_id",
            "date_from",
            "kind",
            "move_id",
            "product_id",
        ],
        "account.move": ["move_type", "reversed_entry_id", "stored_value_event"],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "balance",
            "company_currency_id",
            "company_id",
            "currency_id",
            "date",
            "move_id",
            "name",
            "parent_state",
            "partner_id",
            "product_id",
            "stored_value_id",
        ],
        "account.stored.value": [
            "funding",
            "given_account_id",
            "issue_date",
            "origin_id",
            "state",
            "value_type",
        ],
        "res.company": ["breakage_contra_account_id"],
    }

    id = fields.Id(help="That of the journal item.")
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        readonly=True,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer Account",
        readonly=True,
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    account_id = fields.Many2one(
        comodel_name="account.account",
        string="Liability Account",
        readonly=True,
    )
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    shown_currency_id = fields.Many2one(
        comodel_name="res.currency",
        string="Currency of the Amounts",
        readonly=True,
        depends_context=CONTEXT,
    )
    kind = fields.Selection(
        selection=KINDS,
        readonly=True,
    )
    issue_date = fields.Date(
        string="Issued On",
        readonly=True,
        help="The date of its first issue: it does not change when the gift card is "
        "moved or redeemed.",
    )
    product_id = fields.Many2one(
        comodel_name="product.product",
        readonly=True,
        help="The product that it was sold as.",
    )
    date = fields.Date(readonly=True)
    flow = fields.Selection(
        selection=[
            ("sold", "Sold or Received"),
            ("taken_over", "Taken Over"),
            ("given", "Given Away"),
            ("used", "Used on Invoices"),
            ("undone", "Use Undone"),
            ("refunded", "Refunded"),
            ("moved_in", "Moved In"),
            ("moved_out", "Moved Out"),
            ("raised", "Corrected Up"),
            ("lowered", "Corrected Down"),
            ("voided", "Taken Back"),
            ("expired", "Expired"),
            ("estimated", "Expected Breakage"),
            ("handed", "Handed to a State"),
        ],
        string="What Happened",
        readonly=True,
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Journal Entry",
        readonly=True,
    )
    label = fields.Char(readonly=True)
    amount = _flow("Amount", "Above zero when more is owed to customers.")
    opening = _flow("Opening", "The amount owed before the first day of the period.")
    sold = _flow(
        "Sold or Received", "Money that was received, or was already on the account."
    )
    taken_over = _flow("Taken Over", "Opening balances of another system.")
    given = _flow("Given Away", "Issued without receiving money.")
    used = _flow("Used on Invoices", "The amounts that paid invoices.")
    undone = _flow("Use Undone", "Taken back from invoices.")
    refunded = _flow("Refunded", "Money paid back to the customer.")
    moved_in = _flow("Moved In", "Moved or redeemed, to another account.")
    moved_out = _flow("Moved Out", "Moved or redeemed, from an account.")
    raised = _flow("Corrected Up", "Increases of the amount issued.")
    lowered = _flow("Corrected Down", "Decreases of the amount issued.")
    voided = _flow(
        "Taken Back",
        "Sales that a credit note took back, mistakes, and the rest of cards given "
        "away.",
    )
    expired = _flow("Expired", "Breakage that was taken to income.")
    estimated = _flow(
        "Expected Breakage",
        "Income from expected breakage; the gift cards still hold the money.",
    )
    handed = _flow("Handed to a State", "Unclaimed, and now owed to a state.")
    closing = _flow("Closing", "The amount owed at the end of the last day.")
    ledger = _flow(
        "General Ledger", "The balance of the liability accounts at the end of it."
    )
    difference = _flow("Difference", "Closing less general ledger: nothing.")
    revenue_from_opening = _flow(
        "Revenue from Opening",
        "The amount used on invoices or expired in the period that was owed at its "
        "opening (IFRS 15.116): for each gift card or prepayment, the opening "
        "balance is used first.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT item.*,
                   %(flows)s,
                   CASE WHEN is_known THEN amount ELSE 0 END AS closing,
                   CASE WHEN is_held THEN amount ELSE 0 END AS ledger,
                   CASE WHEN is_known = is_held THEN 0
                        WHEN is_held THEN -amount ELSE amount END AS difference,
                   LEAST(
                       GREATEST(SUM(revenue) OVER run, 0), SUM(opening) OVER family
                   ) - LEAST(
                       GREATEST(SUM(revenue) OVER run - revenue, 0),
                       SUM(opening) OVER family
                   ) AS revenue_from_opening
              FROM (%(items)s) AS item
            WINDOW family AS (PARTITION BY company_id, account_id, kind, root_id),
                   run AS (
                       PARTITION BY company_id, account_id, kind, root_id
                           ORDER BY date, id
                   )
            """,
            flows=SQL(", ").join(
                SQL(
                    "CASE WHEN is_in_period AND flow = %s THEN amount ELSE 0 END AS %s",
                    flow,
                    SQL.identifier(flow),
                )
                for flow in FLOWS
            ),
            items=self._get_items_query(),
        )

    def _get_items_query(self):
        """Return each item until the end of the period, and what is known of it."""
        period = read_period(self.env)
        before = SQL("FALSE")
        if period.first:
            before = SQL("line.date < %s", period.first)
        until = SQL("line.date <= %s", period.last) if period.last else SQL("TRUE")
        shown, amount = SQL("line.company_currency_id"), SQL("-line.balance")
        if period.in_currency:
            shown, amount = SQL("line.currency_id"), SQL("-line.amount_currency")
        # What a report does not ask for, PostgreSQL does not join.
        return SQL(
            """
            SELECT line.id,
                   line.stored_value_id,
                   line.partner_id,
                   line.company_id,
                   line.account_id,
                   line.currency_id,
                   %(shown)s AS shown_currency_id,
                   line.date,
                   line.move_id,
                   line.name AS label,
                   %(kind)s AS kind,
                   %(flow)s AS flow,
                   %(amount)s AS amount,
                   NOT (%(before)s) AS is_in_period,
                   CASE WHEN %(before)s AND %(is_known)s
                        THEN %(amount)s ELSE 0 END AS opening,
                   CASE WHEN NOT (%(before)s) AND %(flow)s IN %(revenue_flows)s
                        THEN -(%(amount)s) ELSE 0 END AS revenue,
                   %(is_known)s AS is_known,
                   COALESCE(account.holds_stored_value, FALSE)
                       OR line.account_id = ANY (ARRAY(%(contra_accounts)s)) AS is_held,
                   COALESCE(moved.root_id, value.id) AS root_id,
                   COALESCE(root.issue_date, value.issue_date, estimate.date_from)
                       AS issue_date,
                   COALESCE(product.product_id, estimate.product_id) AS product_id
              FROM account_move_line line
         LEFT JOIN account_stored_value value ON value.id = line.stored_value_id
         LEFT JOIN account_move move ON move.id = line.move_id
         LEFT JOIN account_account account ON account.id = line.account_id
         LEFT JOIN %(estimates)s estimate
                ON estimate.move_id = line.move_id
               AND estimate.account_id = line.account_id
         LEFT JOIN %(roots)s moved ON moved.id = value.id
         LEFT JOIN account_stored_value root ON root.id = moved.root_id
         LEFT JOIN %(products)s product
                ON product.stored_value_id = COALESCE(moved.root_id, value.id)
             WHERE line.parent_state = 'posted'
               AND %(until)s
               AND (
                   -- The tax of a single-purpose voucher is no liability of ours.
                   (line.stored_value_id IS NOT NULL
                    AND line.tax_repartition_line_id IS NULL)
                   OR line.account_id = ANY (
                       ARRAY(
                           SELECT id FROM account_account WHERE holds_stored_value
                            UNION %(contra_accounts)s
                       )
                   )
               )
            """,
            shown=shown,
            kind=ITEM_KIND,
            flow=FLOW,
            is_known=SQL("(value.id IS NOT NULL OR estimate.move_id IS NOT NULL)"),
            estimates=BOOKED,
            contra_accounts=CONTRA_ACCOUNTS,
            amount=amount,
            before=before,
            revenue_flows=REVENUE_FLOWS,
            roots=ROOTS,
            products=PRODUCTS,
            until=until,
        )
