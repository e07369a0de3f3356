from odoo import models


class AccountChartTemplate(models.AbstractModel):
    """Companies get the tax of what is no sale with their chart."""

    _inherit = "account.chart.template"

    def _post_load_data(self, template_code, company, template_data):
        result = super()._post_load_data(template_code, company, template_data)
        company._say_what_is_no_sale()
        return result
