from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..models.stored_value import stored_value_expiry
from ..tools.days import get_today
from .common_taxes import TaxedValueCommon


@tagged("post_install", "-at_install")
class TestBreakageTax(TaxedValueCommon):
    """What is left of gift cards that expire is taxed, where a law wants it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"paid_value_expires": True, "breakage_tax_id": cls.tax.id})

    def _expire(self, *args, **vals):
        """Issue a card, let it expire, and return the entry of that."""
        value = self._issue(*args, expiry_date="2024-03-31", **vals)
        stored_value_expiry._expire_today(value.sudo())
        self.assertEqual(value.state, "expired")
        return self._get_expiry(value)

    def _get_expiry(self, value):
        moves = value.move_line_ids.move_id.sorted("id")
        self.assertEqual(moves[-1].stored_value_event, "expire")
        return moves[-1]

    def test_income_and_tax(self):
        """Dr liability 100, Cr income 82.64, Cr tax 17.36 with its tags."""
        move = self._expire(100)
        self.assertEqual(move.date, get_today(self.company))
        self.assertTaxed(
            move,
            [
                (self.sold, 100, [], False, []),
                (self.breakage, -82.64, ["VAT 21"], False, ["VAT 21 base"]),
                (self.vat, -17.36, [], "VAT 21", ["VAT 21 tax"]),
            ],
        )
        self.assertEqual(self._sum_tags("VAT 21 base"), -82.64)
        self.assertEqual(self._sum_tags("VAT 21 tax"), -17.36)

    def test_tax_that_is_included_in_prices(self):
        self.company.breakage_tax_id = self._create_tax(
            10, price_include_override="tax_included"
        )
        self.assertCountEqual(
            self._expire(110).line_ids.mapped("balance"), [110, -100, -10]
        )

    def test_none_by_default(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertFalse(company.breakage_tax_id)
        self.company.breakage_tax_id = False
        self.assertItems(
            self._expire(100), [(self.sold, 100, 100), (self.breakage, -100, -100)]
        )

    def test_given_away_is_not_taxed(self):
        self.assertItems(
            self._expire(100, funding="promotion"),
            [(self.given, 100, 100), (self.breakage, -100, -100)],
        )

    def test_prepayment_is_not_taxed(self):
        self.assertItems(
            self._expire(100, "prepayment"),
            [(self.prepaid, 100, 100), (self.breakage, -100, -100)],
        )

    def test_what_comes_back_expires_again_with_its_tax(self):
        value = self._issue(100, expiry_date="2024-03-31")
        invoice = self._create_invoice(self.account, 60)
        value.expiry_date = False
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        value.with_user(self.manager).expiry_date = "2024-03-31"
        stored_value_expiry._expire_today(value.sudo())
        self.assertCountEqual(
            self._get_expiry(value).line_ids.mapped("balance"), [40, -33.06, -6.94]
        )
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual((value.state, value.balance), ("active", 60))
        stored_value_expiry._expire_today(value.sudo())
        self.assertCountEqual(
            self._get_expiry(value).line_ids.mapped("balance"), [60, -49.59, -10.41]
        )
        self.assertAlmostEqual(self._sum_tags("VAT 21 tax"), -17.35)

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR")
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"name": "2024-01-01", "rate": 3, "currency_id": currency.id}
        )
        move = self._expire(100, currency_id=currency.id)
        self.assertItems(
            move,
            [
                (self.sold, 33.33, 100),
                (self.breakage, -27.55, -82.64),
                (self.vat, -5.78, -17.36),
            ],
        )

    def test_currencies_without_and_with_three_decimals(self):
        for rounding, code, amounts in (
            (1, "JPY", [-83, -17]),
            (0.001, "KWD", [-82.645, -17.355]),
        ):
            with self.subTest(code):
                currency = self.setup_other_currency(code, rounding=rounding)
                currency.rate_ids.unlink()
                self.env["res.currency.rate"].create(
                    {"name": "2024-01-01", "rate": 1, "currency_id": currency.id}
                )
                move = self._expire(100, currency_id=currency.id)
                self.assertCountEqual(
                    move.line_ids.mapped("amount_currency"), [100, *amounts]
                )

    def test_tax_lock_date(self):
        value = self._issue(100, expiry_date="2024-03-31")
        self.company.tax_lock_date = get_today(self.company)
        with self.assertRaisesRegex(UserError, "is locked"):
            stored_value_expiry._expire_today(value.sudo())
        self.company.breakage_tax_id = False
        stored_value_expiry._expire_today(value.sudo())
        self.assertEqual(value.state, "expired")

    def test_estimate_has_no_tax(self):
        value = self._issue(100)
        estimate = self.env["account.breakage.estimate"].create(
            {"issue_date": value.issue_date, "unused_amount": 100}
        )
        estimate.action_post()
        self.assertFalse(estimate.move_id.line_ids.tax_ids)
        self.assertFalse(estimate.move_id.line_ids.tax_tag_ids)

    def test_set_in_the_settings(self):
        with Form(self.env["res.config.settings"]) as form:
            self.assertEqual(form.breakage_tax_id, self.tax)
            form.breakage_tax_id = self.tax.browse()
        form.record.execute()
        self.assertFalse(self.company.breakage_tax_id)
