from odoo.fields import Command, Domain

from .common_stored_value import StoredValueCommon


class TaxedValueCommon(StoredValueCommon):
    """Taxes with tags of their own, and invoices with these."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls._create_tax(21)
        cls.vat = cls.tax.invoice_repartition_line_ids.account_id

    @classmethod
    def _create_tax(cls, rate, **vals):
        """Create a sale tax with an account of its own and a tag for each line."""
        name = f"VAT {rate} {vals.get('name', '')}".strip()
        account = cls.env["account.account"].create(
            {
                "name": name,
                "code": f"VAT{cls.env['account.tax'].search_count([])}",
                "account_type": "liability_current",
            }
        )
        country = cls.company.account_fiscal_country_id
        tags = cls.env["account.account.tag"].create(
            [
                {
                    "name": f"{name} {kind}",
                    "applicability": "taxes",
                    "country_id": country.id,
                }
                for kind in ("base", "tax", "base back", "tax back")
            ]
        )

        def repartition(base, tax):
            return [
                Command.create(
                    {
                        "repartition_type": "base",
                        "tag_ids": [Command.set(base.ids)],
                    }
                ),
                Command.create(
                    {
                        "repartition_type": "tax",
                        "account_id": account.id,
                        "tag_ids": [Command.set(tax.ids)],
                    }
                ),
            ]

        return cls.env["account.tax"].create(
            {
                "amount": rate,
                "type_tax_use": "sale",
                "country_id": country.id,
                "invoice_repartition_line_ids": repartition(tags[0], tags[1]),
                "refund_repartition_line_ids": repartition(tags[2], tags[3]),
                **vals,
                "name": name,
            }
        )

    def _bill(self, *lines, **vals):
        """Post an invoice of lines: ``(price, taxes)``."""
        return self._create_invoice(
            self.account,
            0,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": "Course",
                        "price_unit": price,
                        "tax_ids": [Command.set(taxes.ids)],
                    }
                )
                for price, taxes in lines
            ],
            **vals,
        )

    def assertTaxed(self, move, expected):
        """Assert all items of an entry with their taxes and tags.

        :param expected: ``[(account, amount, taxes, tax, tags)]``
        """
        self.assertCountEqual(
            [
                (
                    item.account_id.code,
                    item.amount_currency,
                    item.tax_ids.mapped("name"),
                    item.tax_line_id.name,
                    item.tax_tag_ids.mapped("name"),
                )
                for item in move.line_ids
            ],
            [(account.code, *values) for account, *values in expected],
        )

    def _sum_tags(self, name):
        """Return the sum of a line of the tax report."""
        lines = self.env["account.move.line"]
        items = lines.search(
            lines._get_tax_exigible_domain()
            & Domain("tax_tag_ids.name", "=", name)
            & Domain("parent_state", "=", "posted")
        )
        return self.company.currency_id.round(sum(items.mapped("balance")))
