from odoo import models


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
