from unittest.mock import MagicMock, patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.account_credit_posting import localizations

from .common import AccountCreditCommon

#: Prices whose taxes are awkward to round.
PRICES = (0.01, 0.07, 9.99, 13.77, 33.33, 100, 1234.56)


@tagged("post_install", "-at_install")
class TestAccountCreditForm(AccountCreditCommon):
    """The items that are shown before are those that are booked, to the cent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tuition = cls.env["product.product"].create({"name": "Tuition"})
        cls.tax = cls.company_data["default_tax_sale"]
        cls.euro = cls.setup_other_currency("EUR", rates=[("2024-01-01", 0.7331)])

    @classmethod
    def _create_tax(cls, amount, **vals):
        number = cls.env["account.tax"].search_count([])
        return cls.tax.copy({"name": f"Tax {number}", "amount": amount, **vals})

    def _describe(self, items):
        """Return what counts of values of journal items, in an order of their own."""
        described = []
        for vals in items:
            currency = self.env["res.currency"].browse(vals["currency_id"])
            described.append(
                (
                    vals["display_type"],
                    vals["account_id"],
                    vals["partner_id"],
                    currency.round(vals["amount_currency"]),
                    self.company.currency_id.round(vals["balance"]),
                    vals["display_type"] == "payment_term"
                    and fields.Date.to_string(vals["date_maturity"]),
                )
            )
        return sorted(described)

    def assertItemsBooked(self, taxes, currency=None, prices=PRICES, **vals):
        """Post an invoice and a credit of each price, and compare with what was shown.

        :param taxes: of both products
        :param currency: of the lines; that of the company by default
        """
        (self.tuition + self.item).taxes_id = [Command.set(taxes.ids)]
        batch = self._create_batch(
            dict(zip(self.accounts, prices, strict=False)),
            charge_item_id=self.tuition.id,
            **vals,
        )
        lines = batch.line_ids.sorted("id")
        for line in lines:
            line.currency_id = currency or self.company.currency_id
            line.charge_amount = line.amount
        form = lines._get_form()
        shown = {
            "move_id": form._get_items(lines),
            "charge_move_id": form._get_charges(lines),
        }
        batch.action_post()
        self.assertEqual(batch.state, "done", lines.mapped("error"))
        for name, documents in shown.items():
            for line in lines:
                self.assertEqual(
                    self._describe(documents[line].all),
                    self._describe(_as_vals(line[name].line_ids)),
                    (name, line.amount),
                )
                self.assertEqual(
                    line.currency_id.compare_amounts(
                        documents[line].total, line[name].amount_total
                    ),
                    0,
                )

    def test_tax_on_top(self):
        self.assertItemsBooked(self._create_tax(20))

    def test_tax_included(self):
        tax = self._create_tax(20, price_include_override="tax_included")
        self.assertItemsBooked(tax)

    def test_no_tax(self):
        self.assertItemsBooked(self.tax.browse())

    def test_rounded_globally(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self.assertItemsBooked(self._create_tax(20))
        self.assertItemsBooked(
            self._create_tax(8.375, price_include_override="tax_included")
        )

    def test_taxes_on_taxes(self):
        first = self._create_tax(7.7, include_base_amount=True, sequence=1)
        second = self._create_tax(5, is_base_affected=True, sequence=2)
        fixed = self._create_tax(0.25, amount_type="fixed", sequence=3)
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            self.assertItemsBooked(first + second + fixed, prices=PRICES[2:])

    def test_group_of_included_taxes(self):
        children = self._create_tax(
            9.3, price_include_override="tax_included", include_base_amount=True
        ) + self._create_tax(2.1, price_include_override="tax_included")
        group = self._create_tax(
            0, amount_type="group", children_tax_ids=[Command.set(children.ids)]
        )
        self.assertItemsBooked(group)

    def test_tax_shared_among_ledger_accounts(self):
        shared = [
            Command.clear(),
            Command.create({"repartition_type": "base"}),
            *(
                Command.create(
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": account.id,
                    }
                )
                for percent, account in (
                    (33, self.company_data["default_account_tax_sale"]),
                    (67, self.env["account.account"]),
                )
            ),
        ]
        tax = self._create_tax(
            17.5,
            invoice_repartition_line_ids=shared,
            refund_repartition_line_ids=shared,
        )
        self.assertItemsBooked(tax)

    def test_cash_basis(self):
        self.company.tax_exigibility = True
        waiting = self.company_data["default_account_tax_sale"].copy()
        waiting.reconcile = True
        tax = self._create_tax(
            20,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=waiting.id,
        )
        self.assertItemsBooked(tax)

    def test_foreign_currency(self):
        included = self._create_tax(20, price_include_override="tax_included")
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for taxes in (self.tax.browse(), included, self._create_tax(7) + self.tax):
                self.assertItemsBooked(taxes, self.euro)

    def test_fiscal_position(self):
        self.fiscal_pos_a.account_ids.unlink()
        other = self._create_tax(3.3, price_include_override="tax_included")
        other.fiscal_position_ids = self.fiscal_pos_a
        other.original_tax_ids = self.tax
        self.assertIn(other, self.fiscal_pos_a.map_tax(self.tax))
        self.accounts.property_account_position_id = self.fiscal_pos_a
        self.assertItemsBooked(self.tax)

    def test_installments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Three",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 33, "nb_days": days}
                    )
                    for days in (0, 30)
                ]
                + [
                    Command.create(
                        {"value": "percent", "value_amount": 34, "nb_days": 30}
                    )
                ],
            }
        )
        tax = self._create_tax(20, price_include_override="tax_included")
        self.assertItemsBooked(tax, prices=PRICES[2:], invoice_payment_term_id=term.id)
        self.assertItemsBooked(
            tax, self.euro, prices=PRICES[2:], invoice_payment_term_id=term.id
        )

    def test_discount_for_early_payment(self):
        for computation in ("included", "excluded", "mixed"):
            term = self.env["account.payment.term"].create(
                {
                    "name": computation,
                    "early_discount": True,
                    "discount_percentage": 3,
                    "early_pay_discount_computation": computation,
                }
            )
            for currency in (None, self.euro):
                self.assertItemsBooked(
                    self._create_tax(20),
                    currency,
                    prices=PRICES[2:],
                    invoice_payment_term_id=term.id,
                )

    def test_due_date(self):
        self.assertItemsBooked(self.tax, invoice_date_due="2024-05-01")

    def test_entry_for_many(self):
        batch = self._create_batch(
            dict(zip(self.accounts, PRICES, strict=False)), document_form="entry"
        )
        lines = batch.line_ids.sorted("id")
        lines[:3].currency_id = self.euro
        shown = lines._get_form()._get_items(lines)
        batch.action_post()
        for line in lines:
            [receivable] = shown[line].receivables
            self.assertRecordValues(
                line.move_line_id,
                [
                    {
                        name: receivable[name]
                        for name in (
                            *("account_id", "partner_id", "currency_id", "name"),
                            *("amount_currency", "balance", "date_maturity"),
                        )
                    }
                ],
            )
        for debit, of_debit in lines.grouped("debit_line_id").items():
            others = [vals for line in of_debit for vals in shown[line].others]
            self.assertEqual(
                {vals["account_id"] for vals in others}, {debit.account_id.id}
            )
            self.assertAlmostEqual(
                sum(vals["balance"] for vals in others), debit.balance
            )

    # -------------------------------------------------------------------------
    # WHERE A LOCALIZATION, OR ANOTHER ADDON, DERIVES MORE
    # -------------------------------------------------------------------------

    def test_localization_that_overrides_gets_documents_of_odoo(self):
        """They are the same where the override changes nothing."""
        found = []
        for overrides in (set(), {("l10n_xx", "account.move", "_get_sync_stack")}):
            amounts = {self.accounts[0]: 13.77, self.accounts[1]: 9.99}
            batch = self._create_batch(amounts)
            batch.line_ids[0].currency_id = self.euro
            with patch.object(localizations, "find_overrides") as find:
                find.return_value = overrides
                shown = batch.line_ids._get_form()._get_items(batch.line_ids)
                batch.action_post()
            for line in batch.line_ids:
                self.assertEqual(
                    self._describe(_as_vals(line.move_id.line_ids)),
                    self._describe(shown[line].all),
                )
            self.assertLedgerSound(batch)
            items = _as_vals(batch.line_ids.move_id.line_ids)
            found.append(self._describe(items))
        self.assertEqual(*found)

    def _find_computed(self, overrides):
        """Post a batch; return its moves, and those whose lines Odoo computed again."""
        moves_class = self.env.registry["account.move"]
        get_stack = moves_class._get_sync_stack
        computed = []

        def compute(moves, container):
            computed.append(moves)
            return get_stack(moves, container)

        batch = self._create_batch()
        with (
            patch.object(localizations, "find_overrides", return_value=overrides),
            patch.object(moves_class, "_get_sync_stack", compute),
        ):
            batch.action_post()
        self.assertLedgerSound(batch)
        return batch.line_ids.move_id, computed

    def test_lines_are_computed_again_on_posting_where_a_localization_does(self):
        for overrides in (set(), {("l10n_xx", "account.move", "_get_sync_stack")}):
            posted, computed = self._find_computed(overrides)
            self.assertEqual(any(posted & moves for moves in computed), bool(overrides))

    def test_localization_that_changes_the_account_is_shown_and_booked(self):
        other = self.company_data["default_account_revenue"]
        overrides = {("l10n_xx", "account.move.line", "_compute_account_id")}

        items_class = self.env.registry["account.move.line"]
        compute_as_odoo = items_class._compute_account_id

        def compute(lines):
            compute_as_odoo(lines)
            for line in lines.filtered(lambda line: line.display_type == "product"):
                line.account_id = other

        for document_form in ("credit_note", "entry"):
            batch = self._create_batch(document_form=document_form)
            with (
                patch.object(localizations, "find_overrides") as find,
                patch.object(items_class, "_compute_account_id", compute),
            ):
                find.return_value = overrides
                [items] = batch.line_ids._get_form()._get_items(batch.line_ids).values()
                batch.action_post()
            self.assertEqual(items.others[0]["account_id"], other.id)
            self.assertFalse(batch.line_ids.error)
            self.assertItems(
                batch.line_ids.move_id, [(other, 10, 10), (self.receivable, -10, -10)]
            )

    def test_addon_that_overrides_counts_everywhere_and_that_of_a_country_there(self):
        def define(addon):
            methods = {"__module__": addon, "_compute_account_id": None}
            return type("AccountMoveLine", (), methods)

        parts = [
            define(f"odoo.addons.{addon}.models.account_move_line")
            for addon in (
                *("account", "stock_account", "account_credit_posting_sale"),
                *("l10n_de", "l10n_us_edi", "l10n_uk"),
                *("l10n_eu_oss", "l10n_latam_base", "discounts_of_another_company"),
            )
        ]
        items = MagicMock()
        type(items).mro = lambda _self=None: parts
        methods = {"account.move.line": ("_compute_account_id", "_compute_tax_ids")}
        for country, wanted in (
            ("US", {"l10n_us_edi"}),
            ("GB", {"l10n_uk"}),
            ("FR", set()),
        ):
            company = MagicMock()
            company.account_fiscal_country_id.code = country
            company.env = {"account.move.line": items}
            self.assertEqual(
                localizations.find_overrides(company, methods),
                {
                    (addon, "account.move.line", "_compute_account_id")
                    for addon in {
                        *wanted,
                        *("l10n_eu_oss", "l10n_latam_base"),
                        "discounts_of_another_company",
                    }
                },
            )


def _as_vals(items):
    """Return journal items as values."""
    return [
        {
            "display_type": item.display_type,
            "account_id": item.account_id.id,
            "partner_id": item.partner_id.id,
            "currency_id": item.currency_id.id,
            "amount_currency": item.amount_currency,
            "balance": item.balance,
            "date_maturity": item.date_maturity,
        }
        for item in items
    ]
