from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class ProductTemplate(models.Model):
    """Credit items: products that say why a credit is given, and are never sold."""

    _inherit = "product.template"

    is_credit_item = fields.Boolean(
        string="Credit Item",
        index="btree_not_null",
        help="Posted as a credit to customer accounts: its ledger account and its "
        "taxes are debited. It is no product that you sell or buy.",
    )

    @api.constrains("is_credit_item", "sale_ok", "purchase_ok")
    def _check_credit_item_is_not_traded(self):
        for item in self:
            if item.is_credit_item and (item.sale_ok or item.purchase_ok):
                raise ValidationError(
                    self.env._(
                        "%(item)s is a credit item, so it can be neither sold nor "
                        "purchased. Create a product for that.",
                        item=item.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Make credit items services without price and without default taxes."""
        default = self.env.context.get("default_is_credit_item")
        for vals in vals_list:
            if vals.get("is_credit_item", default):
                vals.update(self._prepare_credit_item_vals(vals))
        templates = super().create(vals_list)
        for template, vals in zip(templates, vals_list, strict=True):
            if template.is_credit_item:
                # Odoo has added the default taxes of the other companies.
                template.sudo().write(
                    {
                        "taxes_id": vals["taxes_id"] or [fields.Command.clear()],
                        "supplier_taxes_id": [fields.Command.clear()],
                    }
                )
        return templates

    def write(self, vals):
        """Keep what is posted a credit item.

        :raise UserError: when an item changes its nature after it was posted
        """
        if "is_credit_item" in vals:
            changed = self.filtered(
                lambda item: item.is_credit_item != bool(vals["is_credit_item"])
            )
            changed._check_never_posted()
        return super().write(vals)

    @api.model
    def _prepare_credit_item_vals(self, vals):
        """Prepare what makes a product a credit item.

        :param vals: values for ``create``; name, account and taxes stay as they are
        """
        return {
            "is_credit_item": True,
            "type": "service",
            "sale_ok": False,
            "purchase_ok": False,
            "list_price": 0,
            "taxes_id": vals.get("taxes_id") or [],
            "supplier_taxes_id": [],
        }

    def _check_never_posted(self):
        # Posted in whatever company: the item is shared by all of them.
        lines_sudo = self.env["account.move.line"].sudo()
        posted = lines_sudo.search(
            [
                ("product_id.product_tmpl_id", "in", self.ids),
                ("parent_state", "=", "posted"),
            ],
            limit=1,
        )
        if posted:
            raise UserError(
                self.env._(
                    "%(item)s was posted already, so it stays what it is. Archive it "
                    "and create another one.",
                    item=posted.product_id.display_name,
                )
            )

    def _get_product_accounts(self):
        accounts = super()._get_product_accounts()
        if self.is_credit_item:
            company = self.company_id or self.env.company
            accounts["income"] = (
                self.property_account_income_id
                or company._get_credit_account()
                or accounts["income"]
            )
        return accounts
