from odoo import models


class AccountChartTemplate(models.AbstractModel):
    """Give a company what credits need as soon as it has a chart of accounts."""

    _inherit = "account.chart.template"

    def _post_load_data(self, template_code, company, template_data):
        super()._post_load_data(template_code, company, template_data)
        (company or self.env.company)._create_credit_accounting()
