from odoo import models

#: Category O of EN 16931, and why: a multi-purpose voucher is no supply until it is
#: used (directive 2006/112/EC, article 30b); a credit without taxes lowers no price.
NO_SALE_VALS = {
    "amount": 0,
    "amount_type": "percent",
    "type_tax_use": "sale",
    "price_include_override": "tax_excluded",
    "is_no_sale": True,
    "sequence": 1000,
    "ubl_cii_tax_category_code": "O",
    "ubl_cii_tax_exemption_reason_code": "VATEX-EU-O",
}

#: What addons of a country want to know beside that: ``{country: {field: value}}``.
COUNTRY_VALS = {
    "IT": {
        "l10n_it_exempt_reason": "N2.2",
        "invoice_legal_notes": "Art. 6-quater DPR 633/1972",
    },
    # MyInvois has codes of its own: not applicable.
    "MY": {
        "l10n_my_tax_type": "06",
        "ubl_cii_tax_category_code": False,
        "ubl_cii_tax_exemption_reason_code": False,
    },
}

#: Outside the area of EN 16931: ``{country: the field of its addon that asks for it}``.
OTHER_COUNTRIES = {"MY": "l10n_my_tax_type"}


class ResCompany(models.Model):
    """Companies of countries whose electronic invoices name a tax on each line."""

    _inherit = "res.company"

    def _say_what_is_no_sale(self):
        """Put the tax of what is no sale on credit items and gift cards without one."""
        for company in self:
            products = self.env["product.template"].with_context(active_test=False)
            products.search(
                [
                    ("company_id", "in", (False, company.id)),
                    "|",
                    ("is_credit_item", "=", True),
                    "&",
                    ("is_gift_card", "=", True),
                    ("voucher_kind", "=", "multi"),
                ]
            )._say_what_is_no_sale(company)

    def _get_no_sale_tax(self):
        """Return the tax of what is no sale; it is created when it is first needed.

        :return: ``account.tax``; none where the company has no chart, or is of a
            country outside the area of EN 16931 whose addons ask for none
        """
        self.ensure_one()
        root = self.root_id
        country = root.account_fiscal_country_id
        # What is no sale is not for the user to decide: it follows from the product.
        taxes_sudo = self.env["account.tax"].sudo()
        asks = (
            country in self.env.ref("base.europe").country_ids
            or OTHER_COUNTRIES.get(country.code) in taxes_sudo._fields
        )
        if not root.chart_template or not asks:
            return taxes_sudo
        taxes_sudo = taxes_sudo.with_company(root).with_context(active_test=False)
        tax_sudo = taxes_sudo.search(
            [
                ("company_id", "=", root.id),
                ("country_id", "=", country.id),
                ("is_no_sale", "=", True),
            ],
            limit=1,
        )
        country_vals = {
            name: value
            for name, value in COUNTRY_VALS.get(country.code, {}).items()
            if name in taxes_sudo._fields
        }
        if tax_sudo:
            # It may be archived, or older than the addon that asks for more.
            missing = {
                name: value
                for name, value in {"active": True, **country_vals}.items()
                if value and not tax_sudo[name]
            }
            if missing:
                tax_sudo.write(missing)
            return tax_sudo
        return taxes_sudo.create(
            {
                **NO_SALE_VALS,
                **country_vals,
                "name": self.env._("Not a Sale"),
                "description": self.env._("Not a sale: outside the scope of VAT"),
                "invoice_label": "0%",
                "company_id": root.id,
                "country_id": country.id,
                "tax_group_id": root._find_no_sale_group().id,
            }
        )

    def _find_no_sale_group(self):
        """Return the group of the company's taxes of 0 %, or one of its own."""
        self.ensure_one()
        groups_sudo = self.env["account.tax.group"].sudo()  # As the tax.
        free_sudo = (
            self.env["account.tax"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.id),
                    ("type_tax_use", "=", "sale"),
                    ("amount", "=", 0),
                    ("amount_type", "=", "percent"),
                    ("country_id", "=", self.account_fiscal_country_id.id),
                ],
                limit=1,
            )
        )
        return free_sudo.tax_group_id or groups_sudo.create(
            {
                "name": "0%",
                "company_id": self.id,
                "country_id": self.account_fiscal_country_id.id,
            }
        )
