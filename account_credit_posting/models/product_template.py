from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import BOOKINGS, TAX_POLICIES
from .stored_value import gift_card_sale
from .vat.account_credit_vat import TREATMENTS
from .voucher.voucher_tax import KINDS, find_tax_problem

#: What makes a product a credit item, unless its creator says otherwise.
CREDIT_ITEM_VALS = {
    "type": "service",
    "sale_ok": False,
    "purchase_ok": False,
    "list_price": 0,
    "taxes_id": [],
    "supplier_taxes_id": [],
}


#: What makes a product a gift card, unless its creator says otherwise.
GIFT_CARD_VALS = {"type": "service", "taxes_id": []}


class ProductTemplate(models.Model):
    """Credit items: products that say why a credit is given, and are never sold."""

    _inherit = "product.template"

    is_credit_item = fields.Boolean(
        string="Credit Item",
        help="Posted as a credit to customer accounts: its ledger account is debited, "
        "and its taxes with it. It is not a product that you sell or buy.",
    )
    is_gift_card = fields.Boolean(
        string="Gift Card",
        help="Sold on an invoice, it posts a liability and no revenue. Each unit "
        "becomes a gift card, which can be used once the invoice is paid.",
    )
    voucher_kind = fields.Selection(
        selection=KINDS,
        string="Voucher",
        required=True,
        default="multi",
        help="Multi-purpose: the tax is not known yet because the gift card can pay "
        "for anything; tax is due when it is used. Single-purpose: the tax rate and "
        "the country are known; tax is due when it is sold, and not again when it is "
        "used. A card keeps the kind that it was issued with.",
    )
    credit_vat_treatment = fields.Selection(
        selection=TREATMENTS,
        string="VAT",
        help="Price reduction: VAT goes down, by the taxes of the invoice that a "
        "credit names, or by those of the item. Compensation: outside VAT, and so "
        "without taxes. If empty, the taxes of the item decide, whatever the taxes of "
        "the invoice.",
    )
    credit_booking = fields.Selection(
        selection=BOOKINGS,
        string="Booked",
        required=True,
        default="given",
        help="When given: each credit is posted at once. When used, for promotions: "
        "nothing is posted until the credit pays an invoice, and then only that part; "
        "what expires unused is never posted. Credits keep the way in which they were "
        "given.",
    )
    gift_card_tax_policy = fields.Selection(
        selection=TAX_POLICIES,
        string="Tax of Discounts Given",
        help="The effect of cards of this product, as far as they were given away, on "
        "the tax of the invoices that they pay. Empty: as in the settings.",
    )
    credit_account_placeholder = fields.Char(
        compute="_compute_credit_account_placeholder",
        help="The ledger account that is debited when the credit item has none.",
    )

    _is_credit_item_idx = models.Index("(id) WHERE is_credit_item")

    @api.model
    def default_get(self, fields):
        """Give a new credit item the defaults of credit items, not of sold products."""
        defaults = super().default_get(fields)
        if self.env.context.get("default_is_credit_item"):
            defaults.update(
                (name, value)
                for name, value in self._get_credit_item_defaults().items()
                if name in fields
            )
        return defaults

    @api.model
    def _get_credit_item_defaults(self):
        """Return what makes a product a credit item, where the context is silent."""
        return {
            name: value
            for name, value in CREDIT_ITEM_VALS.items()
            if f"default_{name}" not in self.env.context
        }

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_credit_account_placeholder(self):
        for item in self:
            company = item.company_id or self.env.company
            account = company._get_credit_account()
            item.credit_account_placeholder = account.display_name or ""

    @api.constrains("is_credit_item", "sale_ok", "purchase_ok", "type")
    def _check_credit_item_is_not_traded(self):
        for item in self:
            if item.is_credit_item and (
                item.sale_ok or item.purchase_ok or item.type != "service"
            ):
                raise ValidationError(
                    self.env._(
                        "%(item)s is a credit item, so it is a service that is neither "
                        "sold nor purchased. Create another product for that.",
                        item=item.display_name,
                    )
                )

    @api.constrains(
        "is_gift_card", "is_credit_item", "type", "taxes_id", "voucher_kind"
    )
    def _check_gift_card_is_value(self):
        for product in self.filtered("is_gift_card"):
            # Each company may have its own.
            taxes_sudo = product.sudo().taxes_id.grouped("company_id").values()
            is_single = product.voucher_kind == "single"
            if is_single:
                product._check_single_purpose(taxes_sudo)
            is_taxed = not is_single and not all(
                map(gift_card_sale.is_untaxed, taxes_sudo)
            )
            if product.is_credit_item or product.type != "service" or is_taxed:
                raise ValidationError(
                    self.env._(
                        "%(product)s is a gift card: it must be a service without "
                        "taxes and not a credit item. What it pays for is taxed "
                        "later.",
                        product=product.display_name,
                    )
                )

    def _check_single_purpose(self, taxes_of_companies):
        """Check that a single-purpose voucher has its tax.

        :param taxes_of_companies: ``account.tax`` records, those of each company apart
        :raise ValidationError: when there is none, or one that cannot be used
        """
        for taxes in taxes_of_companies or [self.env["account.tax"]]:
            if problem := find_tax_problem(taxes):
                raise ValidationError(
                    self.env._(
                        "%(product)s is a single-purpose voucher: %(problem)s. Change "
                        "its sales taxes.",
                        product=self.display_name,
                        problem=problem,
                    )
                )

    @api.constrains("credit_vat_treatment", "is_credit_item", "taxes_id")
    def _check_compensation_is_untaxed(self):
        form = self.env["account.credit.form"]
        for item in self.filtered("is_credit_item"):
            # Each company may have its own.
            taxes_sudo = item.sudo().taxes_id.flatten_taxes_hierarchy()
            if item.credit_vat_treatment == "compensation" and not all(
                map(form._books_nothing, taxes_sudo)
            ):
                raise ValidationError(
                    self.env._(
                        "%(item)s is a compensation, which is outside VAT, but has "
                        "taxes. Remove the taxes, or choose Price Reduction.",
                        item=item.display_name,
                    )
                )

    @api.constrains("credit_booking", "credit_vat_treatment", "taxes_id")
    def _check_booked_when_used(self):
        form = self.env["account.credit.form"]
        for item in self.filtered(lambda item: item.credit_booking == "used"):
            taxes_sudo = item.sudo().taxes_id.flatten_taxes_hierarchy()
            if not item.is_credit_item or (
                item.credit_vat_treatment != "price_reduction"
                and not all(map(form._books_nothing, taxes_sudo))
            ):
                raise ValidationError(
                    self.env._(
                        "%(item)s is booked when used, so it must be a credit item "
                        "without taxes, or a Price Reduction, which lowers the taxes "
                        "of the invoice. Remove the taxes, or choose Price Reduction "
                        "under VAT.",
                        item=item.display_name,
                    )
                )

    @api.onchange("is_gift_card", "voucher_kind")
    def _onchange_is_gift_card(self):
        if not self.is_gift_card:
            return
        self.type = "service"
        if self.voucher_kind == "multi":
            self.taxes_id = False
        elif not self.taxes_id:
            company = self.company_id or self.env.company
            self.taxes_id = company.account_sale_tax_id

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Make credit items services without a price and without default taxes."""
        return super().create(self._complete_credit_item_vals(vals_list))

    def write(self, vals):
        """Keep credit items, gift cards and other products apart once in the ledger.

        :raise UserError: when a product that has journal items changes its nature
        """
        for name in {"is_credit_item", "is_gift_card"} & vals.keys():
            self.filtered(
                lambda item, name=name: item[name] != bool(vals[name])
            )._check_not_in_ledger()
        return super().write(vals)

    @api.model
    def _complete_credit_item_vals(self, vals_list):
        """Complete those of the values for ``create`` that are of credit items.

        And those of gift cards, too: services, and without taxes where they are
        multi-purpose.

        :param vals_list: values of products of any kind
        :return: the same, in the same order; the given ones are not changed
        """
        default = self.env.context.get("default_is_credit_item")
        item_defaults = self._get_credit_item_defaults()
        return [
            {**item_defaults, **vals}
            if vals.get("is_credit_item", default) and not vals.get("product_tmpl_id")
            else {**self._get_gift_card_defaults(vals), **vals}
            if vals.get("is_gift_card") and not vals.get("product_tmpl_id")
            else vals
            for vals in vals_list
        ]

    @api.model
    def _get_gift_card_defaults(self, vals):
        """Return what makes a product a gift card, where the values are silent."""
        if vals.get("voucher_kind") == "single":
            # Its tax is that of sold products.
            return {"type": GIFT_CARD_VALS["type"]}
        return GIFT_CARD_VALS

    def _check_not_in_ledger(self):
        # In whatever company: all of them share the product.
        items_sudo = self.env["account.move.line"].sudo()
        used = items_sudo.search(
            [("product_id.product_tmpl_id", "in", self.ids)], limit=1
        )
        if used:
            raise UserError(
                self.env._(
                    "%(item)s has journal items, so this cannot be changed. Archive "
                    "it and create another one.",
                    item=used.product_id.display_name,
                )
            )

    # -------------------------------------------------------------------------
    # ACCOUNTS AND TAXES
    # -------------------------------------------------------------------------

    def _get_product_accounts(self):
        accounts = super()._get_product_accounts()
        if self.is_credit_item:
            company = self.company_id or self.env.company
            # The account of the product category is one of sold products.
            accounts["income"] = (
                self.property_account_income_id
                or company._get_credit_account()
                or accounts["income"]
            )
        elif self.is_gift_card:
            company = self.company_id or self.env.company
            accounts["income"] = (
                company._get_liability_account("gift_card", "invoice")
                or accounts["income"]
            )
        return accounts

    def _force_default_sale_tax(self, companies):
        sold = self.filtered(
            lambda product: (
                not product.is_credit_item
                and not (product.is_gift_card and product.voucher_kind == "multi")
            )
        )
        return super(ProductTemplate, sold)._force_default_sale_tax(companies)

    def _force_default_purchase_tax(self, companies):
        bought = self.filtered(lambda product: not product.is_credit_item)
        return super(ProductTemplate, bought)._force_default_purchase_tax(companies)
