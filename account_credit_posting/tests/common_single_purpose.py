from odoo.fields import Command

from .common_stored_value import StoredValueCommon


class SinglePurposeCommon(StoredValueCommon):
    """A single-purpose voucher at 21 %, whose tax has tags, and what reports say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tags = {
            name: cls.env["account.account.tag"].create(
                {
                    "name": name,
                    "applicability": "taxes",
                    "country_id": cls.company.account_fiscal_country_id.id,
                }
            )
            for name in ("base", "tax", "base credited", "tax credited")
        }
        cls.other_account = cls.accounts[1]
        cls.paid_back = (
            cls.env["account.payment"]
            .new({"company_id": cls.company.id})
            ._get_outstanding_account("outbound")
        )
        cls.vat = cls.company_data["default_account_tax_sale"]
        cls.tax = cls.env["account.tax"].create(
            {
                "name": "VAT 21%",
                "amount": 21,
                "price_include_override": "tax_included",
                "invoice_repartition_line_ids": cls._prepare_shares(""),
                "refund_repartition_line_ids": cls._prepare_shares(" credited"),
            }
        )
        cls.product = cls.env["product.product"].create(
            {
                "name": "Massage",
                "is_gift_card": True,
                "voucher_kind": "single",
                "taxes_id": [Command.set(cls.tax.ids)],
                "list_price": 121,
            }
        )

    @classmethod
    def _prepare_shares(cls, kind):
        return [
            Command.create(
                {
                    "repartition_type": "base",
                    "tag_ids": [Command.set(cls.tags[f"base{kind}"].ids)],
                }
            ),
            Command.create(
                {
                    "repartition_type": "tax",
                    "account_id": cls.vat.id,
                    "tag_ids": [Command.set(cls.tags[f"tax{kind}"].ids)],
                }
            ),
        ]

    def _sell_voucher(self, amount=121, **vals):
        return self._issue(amount, product_id=self.product.id, **vals)

    def _invoice(self, amount=121, account=None):
        """Return an invoice of so much, with the tax in it."""
        return self._create_invoice(
            account or self.account,
            amount,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": "Massage",
                        "price_unit": amount,
                        "tax_ids": [Command.set(self.tax.ids)],
                    }
                )
            ],
        )

    def assertTaxed(self, value, expected):
        """Assert every entry of a voucher, to the last item and tag.

        :param expected: ``[(event, [(account, balance, amount, tags, taxes)])]``, where
            tags are names and ``taxes`` says what the item is to the tax: "base",
            "tax" or nothing
        """
        self.assertEvents(
            value,
            [
                (event, [(account, *amounts[:2]) for account, *amounts in items])
                for event, items in expected
            ],
        )
        moves = value.move_line_ids.move_id.sorted("id")
        for move, (event, items) in zip(moves, expected, strict=True):
            self.assertCountEqual(
                [
                    (
                        line.account_id.code,
                        line.balance,
                        line.tax_tag_ids.mapped("name"),
                        "tax"
                        if line.tax_repartition_line_id
                        else "base"
                        if line.tax_ids
                        else "",
                    )
                    for line in move.line_ids
                ],
                [
                    (account.code, balance, tags.split(), kind)
                    for account, balance, _amount, tags, kind in items
                ],
                event,
            )

    def _get_report(self):
        """Return what a tax report says: the balance of all posted items by tag."""
        self.env.flush_all()
        sums = {}
        items = self.env["account.move.line"].search(
            [
                ("tax_tag_ids", "in", [tag.id for tag in self.tags.values()]),
                ("parent_state", "=", "posted"),
            ]
        )
        for item in items:
            for tag in item.tax_tag_ids:
                sums[tag.name] = sums.get(tag.name, 0) - item.balance
        return {
            name: round(total, 2) for name, total in sums.items() if round(total, 2)
        }

    def _get_parts(self, value):
        """Return what is left of a voucher: the net and the tax."""
        items = value.move_line_ids.filtered(lambda item: item.parent_state == "posted")
        taxes = items.filtered("tax_repartition_line_id")
        return tuple(
            value.currency_id.round(-sum(part.mapped("amount_currency")))
            for part in (items - taxes, taxes)
        )
