from odoo import api, models
from odoo.fields import Domain

from ..charts import PLACES

#: How charts that are not in our table call what customers have paid in advance, the
#: closest first; in English, which Odoo loads charts in.
ADVANCES = (
    ("customer", "advance"),
    ("client", "advance"),
    ("customer", "prepayment"),
    ("customer", "deposit"),
    ("advance", "received"),
    ("payment", "received"),
    ("unearned", ""),
    ("deferred", "revenue"),
    ("deferred", "income"),
    ("contract", "liabilit"),
)


class AccountChartTemplate(models.AbstractModel):
    """Give a company what credits need as soon as it has a chart of accounts."""

    _inherit = "account.chart.template"

    def _post_load_data(self, template_code, company, template_data):
        result = super()._post_load_data(template_code, company, template_data)
        (company or self.env.company)._create_credit_accounting()
        return result

    def _get_demo_exception_product_template_xml_ids(self):
        return [
            *super()._get_demo_exception_product_template_xml_ids(),
            *self._get_credit_item_xml_ids("product.template"),
        ]

    def _get_demo_exception_product_variant_xml_ids(self):
        return [
            *super()._get_demo_exception_product_variant_xml_ids(),
            *self._get_credit_item_xml_ids("product.product"),
        ]

    def _get_credit_item_xml_ids(self, model_name):
        """Return the external ids of the credit items and gift cards.

        Odoo's demo data sets the default taxes on all other products that have one.
        """
        items = self.env[model_name].with_context(active_test=False)
        domain = ["|", ("is_credit_item", "=", True), ("is_gift_card", "=", True)]
        xml_ids = items.search(domain)._get_external_ids()
        return [xml_id for of_item in xml_ids.values() for xml_id in of_item]

    # -------------------------------------------------------------------------
    # WHERE IN ITS CHART THE LEDGER ACCOUNTS OF A COMPANY BELONG
    # -------------------------------------------------------------------------

    @api.model
    def _find_credit_place(self, company, purpose):
        """Find the ledger account that a new one of ours is like, and follows.

        That of our table of charts, else the one that Odoo itself uses for the same:
        never just the first one of its type.

        :param company: a ``res.company`` with a chart of accounts
        :param purpose: a field of ``charts.Places``
        :return: ``(account.account, code to begin with)``; an empty one where the chart
            has no place for it
        """
        company = company.with_company(company)  # Its codes are its own.
        template = self.with_company(company)
        for chart in template._get_parent_template(company.chart_template):
            if chart in PLACES:
                place = getattr(PLACES[chart], purpose)
                if account := template._find_credit_account(place.xml_id):
                    return account, place.code or account.code
        account = getattr(template, f"_find_{purpose}_account")(company)
        return account, account.code

    @api.model
    def _find_credit_account(self, xml_id):
        """Return the account of the company's chart with an external id, if there."""
        account = self.ref(xml_id, raise_if_not_found=False)
        return account or self.env["account.account"]

    @api.model
    def _find_advances_account(self, company):
        """Return Odoo's account for down payments of orders, or deferred revenue.

        Else the one that the chart calls so; an empty one where there is none.
        """
        accounts = self.env["account.account"]
        if "downpayment_account_id" in company and company.downpayment_account_id:
            return company.downpayment_account_id
        data = self._get_chart_template_data(company.chart_template)
        for vals, name in (
            (data["template_data"], "downpayment_account_id"),
            (data["res.company"].get(company.id, {}), "deferred_revenue_account_id"),
        ):
            if vals.get(name) and (account := self._find_credit_account(vals[name])):
                return account
        domain = Domain(accounts._check_company_domain(company)) & Domain(
            "account_type", "=", "liability_current"
        )
        liabilities = accounts.with_context(lang="en_US").search(domain)
        for words in ADVANCES:
            for account in liabilities:
                if all(word in account.name.lower() for word in words):
                    return account.with_env(self.env)
        return accounts

    @api.model
    def _find_discounts_account(self, company):
        """Return the account that sales are booked on, which discounts follow."""
        return company.income_account_id

    @api.model
    def _find_breakage_account(self, company):
        """Return Odoo's account for gains beside the sales, else that of sales."""
        gains = company.default_cash_difference_income_account_id
        is_income = gains.internal_group == "income"
        return gains if is_income else company.income_account_id
