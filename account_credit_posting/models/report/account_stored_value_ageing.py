from odoo import fields, models
from odoo.tools import SQL

from .account_stored_value_liability import IS_GIVEN, KIND, ROOTS
from .liability_period import CONTEXT, KINDS, figure, get_last_day, read_period

#: Ages in months: ``(from, key)``, the oldest first. The keys sort as the ages do.
AGES = ((36, "36"), (24, "24"), (12, "12"), (3, "03"), (0, "00"))

#: When it expires, in days after the day of the report.
SOON, LATER = 30, 90


def _get_age(date, day):
    """Return the SQL of how old something is.

    :param date: of that
    :param day: of the report
    """
    cases = [
        SQL("WHEN %s <= %s - %s * INTERVAL '1 month' THEN %s", date, day, months, key)
        for months, key in AGES
        if months
    ]
    return SQL("CASE %s ELSE %s END", SQL(" ").join(cases), AGES[-1][1])


class AccountStoredValueAgeing(models.Model):
    """What customers have left at the end of a day: by age, and by when it expires.

    A view of the ledger: gift cards and prepayments by their posted items, credits by
    their item and what was reconciled with it. A card sold below its face is two rows:
    what was paid, and what nobody paid for. The context names the day
    (``liability_period``), today by default.
    """

    _name = "account.stored.value.ageing"
    _description = "Ageing of Gift Cards, Prepayments & Credits"
    _auto = False
    _order = "issue_date, id"
    _rec_name = "name"
    # What is to be in the database before the view is read.
    _depends = {
        "account.credit.batch": ["expiry_date", "name"],
        "account.credit.line": ["batch_id", "move_line_id"],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "balance",
            "company_currency_id",
            "company_id",
            "currency_id",
            "date",
            "parent_state",
            "partner_id",
            "stored_value_id",
        ],
        "account.partial.reconcile": [
            "amount",
            "credit_amount_currency",
            "credit_move_id",
            "debit_amount_currency",
            "debit_move_id",
            "max_date",
        ],
        "account.stored.value": [
            "company_id",
            "currency_id",
            "expiry_date",
            "funding",
            "given_account_id",
            "issue_date",
            "name",
            "origin_id",
            "partner_id",
            "value_type",
        ],
        "res.company": ["currency_id", "expiry_grace_days", "paid_value_expires"],
    }

    id = fields.Id(
        help="That of a gift card or prepayment times three, one more for what of it "
        "nobody paid for; that of a credit times three, and two more."
    )
    name = fields.Char(string="Number", readonly=True)
    kind = fields.Selection(
        selection=[*KINDS, ("credit", "Credits")],
        readonly=True,
    )
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        readonly=True,
    )
    credit_line_id = fields.Many2one(
        comodel_name="account.credit.line",
        string="Credit",
        readonly=True,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer Account",
        readonly=True,
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    shown_currency_id = fields.Many2one(
        comodel_name="res.currency",
        string="Currency of the Amounts",
        readonly=True,
        depends_context=CONTEXT,
    )
    issue_date = fields.Date(
        string="Issued On",
        readonly=True,
        help="The date of its first issue: it does not change when the gift card is "
        "moved or redeemed.",
    )
    activity_date = fields.Date(
        string="Last Activity",
        readonly=True,
        depends_context=CONTEXT,
        help="The day of the last entry or use.",
    )
    last_day = fields.Date(
        string="Last Day of Use",
        readonly=True,
        help="The expiry date and the grace period, as currently set; empty if it "
        "does not expire.",
    )
    issue_age = fields.Selection(
        selection=lambda self: self._selection_age(),
        string="Age",
        readonly=True,
        depends_context=CONTEXT,
        help="Since it was issued first.",
    )
    activity_age = fields.Selection(
        selection=lambda self: self._selection_age(),
        string="Time without Activity",
        readonly=True,
        depends_context=CONTEXT,
    )
    expires_in = fields.Selection(
        selection=[
            ("0", "Past its last day"),
            ("1", "Next 30 days"),
            ("2", "31 to 90 days"),
            ("3", "Later"),
            ("4", "Never"),
        ],
        string="Expires",
        readonly=True,
        depends_context=CONTEXT,
    )
    amount = figure("Left", "The amount owed to the customer.", depends_context=CONTEXT)
    expires_30 = figure(
        "Expires in 30 Days",
        "The balance that expires if it is not used.",
        depends_context=CONTEXT,
    )
    expires_90 = figure(
        "Expires in 90 Days",
        "The balance that expires if it is not used, the next 30 days included.",
        depends_context=CONTEXT,
    )

    def _selection_age(self):
        return [
            ("00", self.env._("Under 3 months")),
            ("03", self.env._("3 to 12 months")),
            ("12", self.env._("12 to 24 months")),
            ("24", self.env._("24 to 36 months")),
            ("36", self.env._("36 months and more")),
        ]

    @property
    def _table_query(self):
        day = get_last_day(self.env)
        soon = SQL(
            "last_day BETWEEN %(day)s AND %(day)s + %(days)s", day=day, days=SOON
        )
        later = SQL(
            "last_day BETWEEN %(day)s AND %(day)s + %(days)s", day=day, days=LATER
        )
        return SQL(
            """
            SELECT held.*,
                   %(issue_age)s AS issue_age,
                   %(activity_age)s AS activity_age,
                   CASE WHEN last_day IS NULL THEN '4'
                        WHEN last_day < %(day)s THEN '0'
                        WHEN %(soon)s THEN '1'
                        WHEN %(later)s THEN '2'
                        ELSE '3' END AS expires_in,
                   CASE WHEN %(soon)s THEN amount ELSE 0 END AS expires_30,
                   CASE WHEN %(later)s THEN amount ELSE 0 END AS expires_90
              FROM (%(values)s UNION ALL %(credits)s) AS held
             WHERE amount != 0
            """,
            issue_age=_get_age(SQL("issue_date"), day),
            activity_age=_get_age(SQL("activity_date"), day),
            day=day,
            soon=soon,
            later=later,
            values=self._get_values_query(day),
            credits=self._get_credits_query(day),
        )

    def _get_values_query(self, day):
        """Return what is left of gift cards and prepayments at the end of a day."""
        in_currency = read_period(self.env).in_currency
        return SQL(
            """
            SELECT 3 * value.id + item.is_given::integer AS id,
                   value.name,
                   CASE WHEN item.is_given THEN 'given' ELSE %(kind)s END AS kind,
                   value.id AS stored_value_id,
                   NULL::integer AS credit_line_id,
                   value.partner_id,
                   value.company_id,
                   value.currency_id,
                   %(shown)s AS shown_currency_id,
                   COALESCE(root.issue_date, value.issue_date) AS issue_date,
                   item.activity_date,
                   CASE WHEN value.funding = 'promotion' OR company.paid_value_expires
                        THEN value.expiry_date
                             + COALESCE(company.expiry_grace_days, 0)
                        END AS last_day,
                   item.amount
              FROM (
                   SELECT line.stored_value_id,
                          %(is_given)s AS is_given,
                          -- What happens to a part of a card happens to the card.
                          MAX(MAX(line.date)) OVER (PARTITION BY line.stored_value_id)
                              AS activity_date,
                          SUM(%(amount)s) AS amount
                     FROM account_move_line line
                     JOIN account_stored_value value
                       ON value.id = line.stored_value_id
                    WHERE line.parent_state = 'posted'
                      -- What is owed to the state is on no liability account of ours.
                      AND line.tax_repartition_line_id IS NULL
                      AND line.date <= %(day)s
                 GROUP BY line.stored_value_id, is_given
                   ) item
              JOIN account_stored_value value ON value.id = item.stored_value_id
              JOIN res_company company ON company.id = value.company_id
         LEFT JOIN %(roots)s moved ON moved.id = value.id
         LEFT JOIN account_stored_value root ON root.id = moved.root_id
            """,
            kind=KIND,
            is_given=IS_GIVEN,
            shown=SQL("value.currency_id" if in_currency else "company.currency_id"),
            amount=SQL("-line.amount_currency" if in_currency else "-line.balance"),
            roots=ROOTS,
            day=day,
        )

    def _get_credits_query(self, day):
        """Return what is open of credits at the end of a day.

        Of what is reconciled now: reconciling that was undone is not in the ledger.
        """
        in_currency = read_period(self.env).in_currency
        return SQL(
            """
            SELECT 3 * credit.id + 2 AS id,
                   batch.name,
                   'credit' AS kind,
                   NULL::integer AS stored_value_id,
                   credit.id AS credit_line_id,
                   item.partner_id,
                   item.company_id,
                   item.currency_id,
                   %(shown)s AS shown_currency_id,
                   item.date AS issue_date,
                   GREATEST(item.date, used.activity_date) AS activity_date,
                   batch.expiry_date AS last_day,
                   %(amount)s - COALESCE(used.amount, 0) AS amount
              FROM account_credit_line credit
              JOIN account_credit_batch batch ON batch.id = credit.batch_id
              JOIN account_move_line item ON item.id = credit.move_line_id
         LEFT JOIN (
                   SELECT item_id,
                          MAX(max_date) AS activity_date,
                          SUM(amount) AS amount
                     FROM (
                          SELECT credit_move_id AS item_id,
                                 max_date,
                                 %(credited)s AS amount
                            FROM account_partial_reconcile
                            JOIN account_credit_line
                              ON move_line_id = credit_move_id
                       UNION ALL
                          SELECT debit_move_id, max_date, -%(debited)s
                            FROM account_partial_reconcile
                            JOIN account_credit_line
                              ON move_line_id = debit_move_id
                          ) partial
                    WHERE max_date <= %(day)s
                 GROUP BY item_id
                   ) used ON used.item_id = item.id
             WHERE item.parent_state = 'posted'
               AND item.date <= %(day)s
            """,
            shown=SQL(
                "item.currency_id" if in_currency else "item.company_currency_id"
            ),
            amount=SQL("-item.amount_currency" if in_currency else "-item.balance"),
            credited=SQL(
                "credit_amount_currency"
                if in_currency
                else "account_partial_reconcile.amount"
            ),
            debited=SQL(
                "debit_amount_currency"
                if in_currency
                else "account_partial_reconcile.amount"
            ),
            day=day,
        )
