from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import AccountCreditCommon


class TestSinglePurposeProduct(AccountCreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.templates = cls.env["product.template"]

    def _create_product(self, **vals):
        return self.templates.create({"name": "Voucher", "is_gift_card": True, **vals})

    def test_gift_card_is_multi_purpose_and_untaxed(self):
        product = self._create_product()
        self.assertEqual(product.voucher_kind, "multi")
        self.assertFalse(product.taxes_id)
        with self.assertRaisesRegex(ValidationError, "a service without taxes"):
            product.taxes_id = self.tax

    def test_single_purpose_has_the_tax_of_sold_products(self):
        product = self._create_product(voucher_kind="single")
        self.assertIn(self.tax, product.taxes_id)
        self.assertEqual(product.type, "service")

    def test_single_purpose_has_one_tax_that_charges(self):
        other = self.tax.copy({"name": "Another"})
        zero = self.tax.copy({"name": "Zero", "amount": 0})
        fixed = self.tax.copy({"name": "Fixed", "amount_type": "fixed"})
        later = self.tax.copy({"name": "Later"})
        waiting = self.company_data["default_account_receivable"].copy()
        later.write(
            {
                "cash_basis_transition_account_id": waiting.id,
                "tax_exigibility": "on_payment",
            }
        )
        shared = self.tax.copy({"name": "Without an account"})
        shared.invoice_repartition_line_ids.account_id = False
        for taxes, problem in (
            (self.tax.browse(), "it has one tax"),
            (self.tax + other, "it has one tax"),
            (zero, "its tax charges something"),
            (fixed, "its tax is a percentage"),
            (later, "its tax is due when it is sold"),
            (shared, "ledger accounts of its own"),
        ):
            with (
                self.subTest(taxes=taxes.mapped("name")),
                self.assertRaisesRegex(ValidationError, f"single-purpose.*{problem}"),
            ):
                self._create_product(
                    voucher_kind="single", taxes_id=[Command.set(taxes.ids)]
                )

    def test_form_proposes_the_tax_and_takes_it_away(self):
        with Form(self.templates, "product.product_template_form_view") as form:
            form.name = "Voucher"
            form.is_gift_card = True
            self.assertFalse(form.taxes_id)
            form.voucher_kind = "single"
            self.assertEqual(form.taxes_id[:], self.tax)
            form.voucher_kind = "multi"
            self.assertFalse(form.taxes_id)
            form.voucher_kind = "single"
        self.assertEqual(form.record.taxes_id, self.tax)
