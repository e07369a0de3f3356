from odoo import api, models


class ProductTemplate(models.Model):
    """Credit items and gift cards without taxes say so on electronic invoices."""

    _inherit = "product.template"

    @api.model_create_multi
    def create(self, vals_list):
        """Give new ones the tax of what is no sale."""
        products = super().create(vals_list)
        products._say_what_is_no_sale_everywhere()
        return products

    def write(self, vals):
        """Let the tax of what is no sale follow the other taxes."""
        result = super().write(vals)
        if not vals.keys().isdisjoint(
            ("is_credit_item", "is_gift_card", "voucher_kind", "taxes_id", "company_id")
        ):
            self._say_what_is_no_sale_everywhere()
        return result

    def _say_what_is_no_sale_everywhere(self):
        # A single-purpose voucher is a sale with its tax.
        marked = self.filtered(
            lambda item: (
                item.is_credit_item
                or (item.is_gift_card and item.voucher_kind == "multi")
            )
        )
        if not marked:
            return
        # Each company has a tax of its own on a product that they share.
        for company_sudo in self.env["res.company"].sudo().search([]):
            own = marked.filtered_domain(
                [("company_id", "in", (False, company_sudo.id))]
            )
            if own:
                own._say_what_is_no_sale(company_sudo)

    def _say_what_is_no_sale(self, company):
        """Put the tax of what is no sale on these where they have no other tax.

        :param company: whose tax; branches use that of their parent
        """
        tax_sudo = company._get_no_sale_tax()
        if not tax_sudo:
            return
        # Whoever creates an item need not see the taxes of all companies.
        for product_sudo in self.sudo():
            own_sudo = product_sudo.taxes_id.filtered(
                lambda tax: tax.company_id == tax_sudo.company_id
            )
            chosen_sudo = own_sudo.filtered(lambda tax: not tax.is_no_sale)
            # That of another country goes, too, where the company has moved.
            right_sudo = chosen_sudo or tax_sudo
            if own_sudo != right_sudo:
                product_sudo.taxes_id = product_sudo.taxes_id - own_sudo + right_sudo
            if tax_sudo.country_code == "MY":
                product_sudo._classify_for_malaysia()

    def _classify_for_malaysia(self):
        """Say what it is, where nobody has: MyInvois refuses a line without it."""
        name = "l10n_my_edi_classification_code"
        if name in self._fields and not self[name]:
            # Vouchers, gift cards, loyalty points; else others.
            self[name] = "044" if self.is_gift_card else "022"
