from odoo import fields, models
from odoo.tools import SQL

from .liability_period import CONTEXT, KINDS

#: What a cohort is called, by its period: formats of PostgreSQL.
COHORTS = (("year", "YYYY"), ("quarter", 'YYYY "Q"Q'), ("month", "YYYY-MM"))

#: What counts as sold, as for expected breakage: what is refunded or taken back does
#: not.
SOLD_FLOWS = (
    *("sold", "taken_over", "given", "raised", "lowered", "voided", "refunded"),
)


class AccountStoredValueCurve(models.Model):
    """How much of what was issued together is used, by age: the evidence of estimates.

    A view of the ledger, in company currency, for plots that add up from one month of
    age to the next. Each item is in it for each length of cohort, and once with its
    product and once without; a filter chooses one of these.
    """

    _name = "account.stored.value.curve"
    _description = "Redemption Curves"
    _auto = False
    _order = "cohort, age, id"
    _rec_name = "cohort"
    _depends = {"account.stored.value.liability": ["amount", "flow"]}

    kind = fields.Selection(
        selection=KINDS,
        readonly=True,
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    company_currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    period = fields.Selection(
        selection=[("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        string="Issued in One",
        readonly=True,
    )
    is_by_product = fields.Boolean(string="Each Product", readonly=True)
    product_id = fields.Many2one(comodel_name="product.product", readonly=True)
    cohort = fields.Char(
        string="Issued In",
        readonly=True,
        help="Gift cards that were moved or redeemed keep their first date of issue.",
    )
    age = fields.Integer(
        string="Age in Months",
        readonly=True,
        aggregator=None,
        help="Full months from the day of issue to the day of use.",
    )
    used = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="The amounts used to pay invoices, less what was undone.",
    )
    used_share = fields.Float(
        string="Used (%)",
        readonly=True,
        aggregator="sum",
        help="Of all that was issued together, and neither refunded nor taken back.",
    )

    @property
    def _table_query(self):
        # Of all time, until today, whatever period another report is about.
        env = self.with_context(**dict.fromkeys(CONTEXT)).env
        return SQL(
            """
            SELECT id,
                   kind,
                   company_id,
                   company_currency_id,
                   period,
                   is_by_product,
                   product_id,
                   cohort,
                   age,
                   used,
                   COALESCE(used * 100 / NULLIF(SUM(sold) OVER cohort, 0), 0)
                       AS used_share
              FROM (
                   SELECT 6 * item.id + choice.number AS id,
                          item.kind,
                          item.company_id,
                          item.shown_currency_id AS company_currency_id,
                          choice.period,
                          choice.is_by_product,
                          CASE WHEN choice.is_by_product THEN item.product_id END
                              AS product_id,
                          TO_CHAR(item.issue_date, choice.format) AS cohort,
                          (EXTRACT(YEAR FROM AGE(item.date, item.issue_date)) * 12
                           + EXTRACT(MONTH FROM AGE(item.date, item.issue_date))
                          )::integer AS age,
                          CASE WHEN item.flow IN ('used', 'undone')
                               THEN -item.amount ELSE 0 END AS used,
                          CASE WHEN item.flow IN %(sold_flows)s
                               THEN item.amount ELSE 0 END AS sold
                     FROM (%(items)s) AS item
               CROSS JOIN (VALUES %(choices)s)
                       AS choice (number, period, format, is_by_product)
                    WHERE item.flow IN ('used', 'undone')
                       OR item.flow IN %(sold_flows)s
                   ) AS item
            WINDOW cohort AS (
                PARTITION BY company_id, kind, period, is_by_product, product_id, cohort
            )
            """,
            items=env["account.stored.value.liability"]._get_items_query(),
            sold_flows=SOLD_FLOWS,
            choices=SQL(", ").join(
                SQL("(%s, %s, %s, %s)", 3 * is_by_product + number, *cohort, by_product)
                for number, cohort in enumerate(COHORTS)
                for is_by_product, by_product in enumerate((False, True))
            ),
        )
