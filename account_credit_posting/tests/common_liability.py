from datetime import date

from odoo import fields
from odoo.fields import Command

from ..models.report.liability_period import FLOWS
from .common_stored_value import StoredValueCommon

FIGURES = (
    *("opening", *FLOWS, "closing", "ledger", "difference"),
    "revenue_from_opening",
)
BEFORE = date(2024, 3, 14)
ISSUED = date(2024, 3, 15)


class LiabilityCommon(StoredValueCommon):
    """Issue on one day of 2024; what happens to it is dated today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.product = cls.env["product.product"].create(
            {"name": "Studio Card", "is_gift_card": True}
        )

    def _issue_on(self, day, amount, value_type="gift_card", funding="payment", **vals):
        vals.setdefault("journal_id", self.bank.id if funding == "payment" else None)
        answer = self.values.with_user(vals.pop("user", self.clerk)).issue(
            value_type,
            vals.pop("account", self.account).id,
            amount,
            funding,
            date=fields.Date.to_string(day),
            **vals,
        )
        self.code = answer["code"]
        return self.values.browse(answer["id"])

    def _use(self, value, amount, **vals):
        """Pay an invoice of the account; return it."""
        invoice = self._create_invoice(value.partner_id, amount, **vals)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        return invoice

    def _sell(self, amount, day=ISSUED, discount=0):
        """Sell a gift card on an invoice, and return it; it is not paid yet."""
        invoice = self._create_invoice(
            self.account,
            0,
            invoice_date=day,
            invoice_line_ids=[
                Command.create(
                    {
                        "product_id": self.product.id,
                        "price_unit": amount,
                        "discount": discount,
                    }
                )
            ],
        )
        return invoice.sold_value_ids

    def _show(self, first=BEFORE, last=None, user=None, companies=None, **vals):
        reports = self.env["account.liability.report"].with_user(
            user or self.accountant
        )
        if companies:
            vals["company_ids"] = [Command.set(companies.ids)]
            reports = reports.with_context(allowed_company_ids=companies.ids)
        report = reports.create(
            {"date_from": first, "date_to": last or self.today, **vals}
        )
        report.action_show()
        return report

    def assertShown(self, report, expected):
        """Assert all figures of all lines.

        :param expected: ``{(level, name): {figure: amount}}``, those that are not zero;
            the ledger is what the closing is, and there is no difference
        """
        shown = {}
        for line in report.line_ids:
            figures = {name: line[name] for name in FIGURES if line[name]}
            if line.level != "part":
                self.assertEqual(figures.pop("ledger", 0), line.closing, line.name)
            shown[line.level, line.name] = figures
        self.assertEqual(shown, expected)
        self.assertTrue(report.is_tied)
