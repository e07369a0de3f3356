from odoo import fields, models
from odoo.tools import SQL

from ..stored_value.account_stored_value_movement import PRODUCTS
from .liability_period import CONTEXT, KINDS


def _amount(string, explanation):
    return fields.Monetary(
        string=string,
        help=explanation,
        currency_field="company_currency_id",
        readonly=True,
    )


class AccountCreditDashboard(models.Model):
    """What was given, sold and used, what is held and what expires, for plots.

    A view of the ledger, in company currency: the flows of gift cards and prepayments,
    what is left of them and of credits today, and credits as they were posted and
    applied. Each row is of one of these.
    """

    _name = "account.credit.dashboard"
    _description = "Dashboard of Credits & Gift Cards"
    _auto = False
    _order = "date desc, id desc"
    # What is to be in the database before the view is read.
    _depends = {
        "account.credit.application": [
            "amount",
            "credit_line_id",
            "partial_id",
            "state",
        ],
        "account.credit.batch": ["credit_item_id", "draws_of_id"],
        "account.credit.line": ["batch_id", "move_line_id", "partner_id", "state"],
        "account.move": ["stored_value_event"],
        "account.partial.reconcile": ["amount", "max_date"],
        "account.stored.value.ageing": ["amount", "expires_90"],
        "account.stored.value.liability": ["amount", "flow"],
    }

    kind = fields.Selection(
        selection=[*KINDS, ("credit", "Credits")],
        readonly=True,
    )
    product_id = fields.Many2one(
        comodel_name="product.product",
        string="Item",
        readonly=True,
        help="The credit item, or the product that a gift card was sold as.",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer Account",
        readonly=True,
    )
    tag_ids = fields.Many2many(
        related="partner_id.category_id",
        string="Tags",
        help="Of the account; an account with several tags is in each of them.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Staff",
        readonly=True,
        help="The user who gave, sold or used it.",
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    company_currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    date = fields.Date(
        readonly=True,
        help="Of the entry; of what is held, the day on which it was issued.",
    )
    given = _amount("Given", "Credits, and gift cards that were given away.")
    sold = _amount("Sold", "Gift cards and prepayments that were paid for.")
    used = _amount("Used", "The amounts used to pay invoices, less what was undone.")
    held = _amount("Held", "The amounts left to customers today.")
    expiring = _amount("Expiring", "The balance that expires in the next 90 days.")

    @property
    def _table_query(self):
        # Of all time, until today, whatever period another report is about.
        env = self.with_context(**dict.fromkeys(CONTEXT)).env
        return SQL(
            """
            SELECT 4 * flow.id AS id,
                   flow.kind,
                   flow.product_id,
                   flow.partner_id,
                   move.create_uid AS user_id,
                   flow.company_id,
                   flow.shown_currency_id AS company_currency_id,
                   flow.date,
                   CASE WHEN flow.flow = 'given' THEN flow.amount ELSE 0 END AS given,
                   CASE WHEN flow.flow IN ('sold', 'taken_over')
                        THEN flow.amount ELSE 0 END AS sold,
                   CASE WHEN flow.flow IN ('used', 'undone')
                        THEN -flow.amount ELSE 0 END AS used,
                   0.0 AS held,
                   0.0 AS expiring
              FROM (%(flows)s) AS flow
              JOIN account_move move ON move.id = flow.move_id
             WHERE flow.flow IN ('given', 'sold', 'taken_over', 'used', 'undone')
         UNION ALL
            SELECT 4 * age.id + 1,
                   age.kind,
                   COALESCE(batch.credit_item_id, product.product_id),
                   age.partner_id,
                   COALESCE(batch.create_uid, value.requested_by_id, value.create_uid),
                   age.company_id,
                   age.shown_currency_id,
                   age.issue_date,
                   0.0, 0.0, 0.0,
                   age.amount,
                   age.expires_90
              FROM (%(ages)s) AS age
         LEFT JOIN account_stored_value value ON value.id = age.stored_value_id
         LEFT JOIN account_credit_line credit ON credit.id = age.credit_line_id
         LEFT JOIN account_credit_batch batch ON batch.id = credit.batch_id
         LEFT JOIN %(products)s product ON product.stored_value_id = value.id
         UNION ALL
            SELECT 4 * credit.id + 2,
                   'credit',
                   batch.credit_item_id,
                   item.partner_id,
                   COALESCE(given.create_uid, batch.create_uid),
                   item.company_id,
                   item.company_currency_id,
                   item.date,
                   -item.balance,
                   0.0, 0.0, 0.0, 0.0
              FROM account_credit_line credit
              JOIN account_credit_batch batch ON batch.id = credit.batch_id
         LEFT JOIN account_credit_batch given ON given.id = batch.draws_of_id
              JOIN account_move_line item ON item.id = credit.move_line_id
             WHERE credit.state = 'posted' AND item.parent_state = 'posted'
         UNION ALL
            SELECT 4 * application.id + 3,
                   'credit',
                   batch.credit_item_id,
                   application.partner_id,
                   application.create_uid,
                   application.company_id,
                   company.currency_id,
                   partial.max_date,
                   0.0, 0.0,
                   partial.amount,
                   0.0, 0.0
              FROM account_credit_application application
              JOIN account_credit_line credit ON credit.id = application.credit_line_id
              JOIN account_credit_batch batch ON batch.id = credit.batch_id
              JOIN account_partial_reconcile partial
                ON partial.id = application.partial_id
              JOIN res_company company ON company.id = application.company_id
             WHERE application.state = 'applied'
            """,
            flows=env["account.stored.value.liability"]._get_items_query(),
            products=PRODUCTS,
            ages=env["account.stored.value.ageing"]._table_query,
        )
