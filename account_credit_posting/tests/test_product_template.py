from ast import literal_eval

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestProductTemplate(AccountCreditCommon):
    """Credit items: their defaults, their accounts, their distance from products."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = cls.env["product.product"]
        cls.templates = cls.env["product.template"]
        cls.sale_tax = cls.company.account_sale_tax_id
        cls.other_company = cls.setup_other_company()["company"]

    def assertIsCreditItem(self, product, taxes=None):
        """Assert what sets a credit item apart from a sold product."""
        self.assertRecordValues(
            product,
            [
                {
                    "is_credit_item": True,
                    "type": "service",
                    "sale_ok": False,
                    "purchase_ok": False,
                    "list_price": 0,
                    "taxes_id": (taxes or self.env["account.tax"]).ids,
                    "supplier_taxes_id": [],
                }
            ],
        )

    # -------------------------------------------------------------------------
    # DEFAULTS
    # -------------------------------------------------------------------------

    def test_sold_product_has_default_taxes(self):
        """The other side of the tests below: there are taxes that could creep in."""
        product = self.products.create({"name": "Tuition"})
        self.assertIn(self.sale_tax, product.taxes_id)
        self.assertIn(self.other_company.account_sale_tax_id, product.taxes_id)
        self.assertTrue(product.sale_ok)

    def test_created_credit_item_has_no_taxes(self):
        for model in (self.products, self.templates):
            item = model.create({"name": "Goodwill", "is_credit_item": True})
            self.assertIsCreditItem(item)

    def test_quickly_created_credit_item_has_no_taxes(self):
        for model in (self.products, self.templates):
            quick = model.with_context(default_is_credit_item=True)
            item = model.browse(quick.name_create("Goodwill")[0])
            self.assertIsCreditItem(item)

    def test_new_credit_item_of_the_screen_has_no_taxes(self):
        view = "account_credit_posting.product_credit_item_view_form"
        with Form(
            self.products.with_context(default_is_credit_item=True), view
        ) as form:
            form.name = "Goodwill"
            self.assertFalse(form.taxes_id[:])
        self.assertIsCreditItem(form.record)

    def test_given_tax_stays(self):
        taxes = {"taxes_id": [Command.set(self.sale_tax.ids)]}
        item = self._create_credit_item("Leotard returned", **taxes)
        self.assertIsCreditItem(item, self.sale_tax)
        quick = self.products.with_context(
            default_is_credit_item=True, default_taxes_id=self.sale_tax.ids
        )
        item = self.products.browse(quick.name_create("Shoes returned")[0])
        self.assertIsCreditItem(item, self.sale_tax)

    def test_credit_items_and_products_are_created_together(self):
        item, product = self.products.create(
            [{"name": "Goodwill", "is_credit_item": True}, {"name": "Tuition"}]
        )
        self.assertIsCreditItem(item)
        self.assertFalse(product.is_credit_item)
        self.assertTrue(product.taxes_id)

    def test_values_of_the_caller_are_not_changed(self):
        vals = {"name": "Goodwill", "is_credit_item": True}
        self.templates.create([vals])
        self.assertEqual(vals, {"name": "Goodwill", "is_credit_item": True})

    def test_chart_of_a_new_company_sets_no_taxes(self):
        taxed = self._create_credit_item(
            "Leotard returned", taxes_id=[Command.set(self.sale_tax.ids)]
        )
        product = self.products.create({"name": "Tuition"})
        company = self._create_company(name="Lakeside")
        self.assertTrue(company.account_sale_tax_id)
        self.assertIn(company.account_sale_tax_id, product.taxes_id)
        self.assertEqual(taxed.taxes_id, self.sale_tax)
        self.assertFalse(self.item.taxes_id)

    def test_copy_is_a_credit_item(self):
        self.assertIsCreditItem(self.products.browse(self.item.id).copy())

    def test_demo_data_sets_no_taxes_on_credit_items(self):
        charts = self.env["account.chart.template"]
        self.env["ir.model.data"].create(
            [
                {
                    "module": "test",
                    "name": f"goodwill_{record._table}",
                    "model": record._name,
                    "res_id": record.id,
                }
                for record in (self.item, self.item.product_tmpl_id)
            ]
        )
        self.assertIn(
            "test.goodwill_product_product",
            charts._get_demo_exception_product_variant_xml_ids(),
        )
        self.assertIn(
            "test.goodwill_product_template",
            charts._get_demo_exception_product_template_xml_ids(),
        )

    # -------------------------------------------------------------------------
    # KEPT APART FROM OTHER PRODUCTS
    # -------------------------------------------------------------------------

    def test_credit_item_is_not_among_the_sold_or_purchased(self):
        for move_type, found in (
            ("out_invoice", "sale_ok"),
            ("in_invoice", "purchase_ok"),
        ):
            move = self.env["account.move"].new({"move_type": move_type})
            catalog = self.products.search(move._get_product_catalog_domain())
            self.assertNotIn(self.item, catalog)
            self.assertNotIn(self.item, self.products.search([(found, "=", True)]))
            self.assertIn(self.product_a, catalog)

    def test_sold_product_is_not_among_the_credit_items(self):
        action = self.env.ref("account_credit_posting.product_credit_item_action")
        items = self.env[action.res_model].search(literal_eval(action.domain))
        self.assertIn(self.item, items)
        self.assertNotIn(self.product_a, items)

    def test_credit_item_cannot_be_traded(self):
        for vals in ({"sale_ok": True}, {"purchase_ok": True}, {"type": "consu"}):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.item.write(vals)
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self._create_credit_item("Tuition", **vals)

    def test_posted_credit_item_stays_one(self):
        self._post_line()
        with self.assertRaisesRegex(UserError, "Goodwill has journal items"):
            self.item.is_credit_item = False
        # Writing what it is already changes nothing, and an unused one may change.
        self.item.write({"is_credit_item": True, "name": "Kindness"})
        unused = self._create_credit_item("Sibling Discount")
        unused.is_credit_item = False
        self.assertFalse(unused.is_credit_item)

    def test_invoiced_product_cannot_become_a_credit_item(self):
        vals = {
            "is_credit_item": True,
            "type": "service",
            "sale_ok": False,
            "purchase_ok": False,
        }
        self._create_invoice(
            self.account,
            50,
            invoice_line_ids=[Command.create({"product_id": self.product_a.id})],
        )
        with self.assertRaisesRegex(UserError, "has journal items"):
            self.product_a.product_tmpl_id.write(vals)
        self.product_b.product_tmpl_id.write(vals)
        self.assertTrue(self.product_b.is_credit_item)

    # -------------------------------------------------------------------------
    # LEDGER ACCOUNT
    # -------------------------------------------------------------------------

    def test_own_account_comes_first(self):
        own = self.company_data["default_account_expense"]
        self.item.property_account_income_id = own
        self.assertEqual(self.item._get_product_accounts()["income"], own)

    def test_account_of_the_company_comes_before_that_of_the_category(self):
        self.item.categ_id = self.product_category
        self.product_category.property_account_income_categ_id = self.company_data[
            "default_account_revenue"
        ]
        self.assertEqual(
            self.item._get_product_accounts()["income"], self.credit_account
        )

    def test_account_of_the_category_is_the_last_resort(self):
        self.item.categ_id = self.product_category
        self.company.credit_account_id = False
        self.assertEqual(
            self.item._get_product_accounts()["income"],
            self.company_data["default_account_revenue"],
        )

    def test_each_company_has_its_own_account(self):
        other_account = self.other_company.credit_account_id
        self.assertNotEqual(other_account, self.credit_account)
        of_other = self.item.with_company(self.other_company)
        self.item.property_account_income_id = self.company_data[
            "default_account_revenue"
        ]
        self.assertEqual(of_other._get_product_accounts()["income"], other_account)
        item = self._create_credit_item("Local", company_id=self.other_company.id)
        self.assertEqual(item._get_product_accounts()["income"], other_account)

    def test_sold_products_keep_their_account(self):
        self.assertEqual(
            self.product_a._get_product_accounts()["income"],
            self.company_data["default_account_revenue"],
        )

    def test_screen_shows_the_default_account(self):
        view = "account_credit_posting.product_credit_item_view_form"
        name = self.credit_account.display_name
        new = Form(self.products.with_context(default_is_credit_item=True), view)
        self.assertEqual(new.credit_account_placeholder, name)
        self.assertEqual(Form(self.item, view).credit_account_placeholder, name)

    # -------------------------------------------------------------------------
    # RIGHTS
    # -------------------------------------------------------------------------

    def test_manager_keeps_credit_items(self):
        view = "account_credit_posting.product_credit_item_view_form"
        products = self.products.with_user(self.manager)
        with Form(products.with_context(default_is_credit_item=True), view) as form:
            form.name = "Missed Class"
            form.property_account_income_id = self.credit_account
            form.taxes_id.add(self.sale_tax)
        self.assertIsCreditItem(form.record.sudo(), self.sale_tax)
        form.record.active = False
        with self.assertRaises(AccessError):
            form.record.unlink()

    def test_clerk_only_reads_credit_items(self):
        item = self.item.with_user(self.clerk)
        self.assertEqual(item.name, "Goodwill")
        with self.assertRaises(AccessError):
            item.name = "Mine"
        with self.assertRaises(AccessError):
            self.products.with_user(self.clerk).create(
                {"name": "Mine", "is_credit_item": True}
            )
