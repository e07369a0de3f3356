from datetime import date, timedelta

from odoo import fields
from odoo.tests import tagged

from .common_liability import ISSUED, LiabilityCommon


@tagged("post_install", "-at_install")
class TestStoredValueAgeing(LiabilityCommon):
    """What is left of gift cards, prepayments and credits: its age, when it expires."""

    def _read(self, day=None, groupby="kind", figure="amount", user=None, **context):
        """Return what is left at the end of a day: ``{group: amount}``."""
        ageing = self.env["account.stored.value.ageing"].with_user(
            user or self.accountant
        )
        rows = ageing.with_context(
            liability_to=day and fields.Date.to_string(day), **context
        )._read_group([], [groupby], [f"{figure}:sum"])
        return {group: amount for group, amount in rows if amount}

    def test_ages_of_issue(self):
        for number, day in enumerate(
            [
                date(2024, 3, 31),
                date(2024, 1, 1),
                date(2023, 12, 31),
                date(2023, 4, 1),
                date(2023, 3, 31),
                date(2022, 3, 31),
                date(2021, 3, 31),
                date(2021, 4, 1),
            ]
        ):
            self._issue_on(day, 2**number)
        self.assertEqual(
            self._read(date(2024, 3, 31), "issue_age"),
            {"00": 1 + 2, "03": 4 + 8, "12": 16, "24": 32 + 128, "36": 64},
        )

    def test_age_is_that_of_what_was_issued_first(self):
        self._issue_on(date(2022, 1, 1), 100)
        answer = self.values.with_user(self.clerk).redeem(
            self.code, self.accounts[1].id
        )
        self.assertEqual(self._read(groupby="issue_age"), {"36": 100})
        self.assertEqual(self._read(groupby="activity_age"), {"00": 100})
        row = self.env["account.stored.value.ageing"].search([])
        self.assertRecordValues(
            row,
            [
                {
                    "name": answer["name"],
                    "partner_id": self.accounts[1].id,
                    "stored_value_id": answer["id"],
                    "issue_date": date(2022, 1, 1),
                    "activity_date": self.today,
                    "amount": 100,
                }
            ],
        )

    def test_any_past_day(self):
        value = self._issue_on(ISSUED, 100)
        self._use(value, 100)
        before = ISSUED - timedelta(days=1)
        yesterday = self.today - timedelta(days=1)
        self.assertEqual(self._read(before), {})
        self.assertEqual(self._read(ISSUED), {"sold": 100})
        self.assertEqual(self._read(yesterday), {"sold": 100})
        self.assertEqual(self._read(), {})

    def test_what_expires_soon(self):
        today = self.today
        self.company.expiry_grace_days = 5
        for number, days in enumerate([-6, -5, 25, 26, 85, 86]):
            self._issue_on(
                ISSUED,
                2**number,
                funding="promotion",
                expiry_date=fields.Date.to_string(today + timedelta(days=days)),
            )
        self._issue_on(ISSUED, 64)
        expected = {"0": 1, "1": 2 + 4, "2": 8 + 16, "3": 32, "4": 64}
        self.assertEqual(self._read(groupby="expires_in"), expected)
        self.assertEqual(self._read(figure="expires_30"), {"given": 6})
        self.assertEqual(self._read(figure="expires_90"), {"given": 30})

    def test_what_was_paid_for_expires_where_the_company_says_so(self):
        self.company.paid_value_expires = True
        day = self.today + timedelta(days=10)
        self._issue_on(ISSUED, 100, expiry_date=fields.Date.to_string(day))
        self.assertEqual(self._read(figure="expires_30"), {"sold": 100})
        self.company.paid_value_expires = False
        self.assertEqual(self._read(figure="expires_30"), {})

    def test_credits(self):
        line = self._post_line(40, expiry_date=self.today + timedelta(days=20))
        entry = self._post_line(
            25, self.accounts[1], document_form="entry", date=date(2024, 3, 20)
        )
        invoice = self._create_invoice(
            self.account, 30, invoice_date=self.today, invoice_payment_term_id=False
        )
        invoice.with_user(self.clerk).apply_account_credits()
        self.assertEqual(line.amount_open, 10)
        yesterday = self.today - timedelta(days=1)
        self.assertEqual(self._read(date(2024, 3, 14)), {})
        self.assertEqual(self._read(date(2024, 3, 15)), {"credit": 40})
        self.assertEqual(self._read(yesterday), {"credit": 65})
        self.assertEqual(self._read(), {"credit": 35})
        self.assertEqual(self._read(groupby="activity_age"), {"00": 10, "24": 25})
        self.assertEqual(self._read(groupby="issue_age"), {"24": 35})
        self.assertEqual(self._read(figure="expires_30"), {"credit": 10})
        rows = self.env["account.stored.value.ageing"].search([], order="id")
        self.assertEqual(rows.credit_line_id, line | entry)
        self.assertEqual(rows.mapped("name"), (line | entry).batch_id.mapped("name"))

    def test_reversed_credit_is_not_left(self):
        line = self._post_line(40)
        line.with_user(self.manager).action_reverse(reason="Mistake")
        self.assertEqual(self._read(), {})
        self.assertEqual(self._read(ISSUED), {"credit": 40})

    def test_it_is_what_the_ledger_and_the_report_say(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        value = self._issue_on(ISSUED, 100, currency_id=euro.id)
        self._issue_on(ISSUED, 80, "prepayment")
        self._issue_on(ISSUED, 50, funding="promotion")
        self._use(value, 25, currency_id=euro.id)
        report = self._show()
        ageing = self._read()
        lines = report.line_ids.filtered("kind")
        self.assertEqual(
            ageing,
            dict(zip(lines.mapped("kind"), lines.mapped("closing"), strict=True)),
        )
        self.assertEqual(ageing, {"sold": 150, "prepayment": 80, "given": 50})
        self.assertEqual(self._read(liability_in_currency=True)["sold"], 75)
        action = report.action_ageing()
        rows = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(
            sum(rows.search(action["domain"]).mapped("amount")),
            sum(lines.mapped("closing")),
        )

    def test_part_that_nobody_paid_for_is_given_away(self):
        value = self._sell(100, discount=20)
        self.assertEqual(self._read(ISSUED), {"sold": 80, "given": 20})
        report = self._show(last=ISSUED)
        lines = report.line_ids.filtered("kind")
        self.assertEqual(
            self._read(ISSUED),
            dict(zip(lines.mapped("kind"), lines.mapped("closing"), strict=True)),
        )
        rows = self.env["account.stored.value.ageing"].search([])
        self.assertEqual(rows.stored_value_id, value)
        self.assertEqual(sorted(rows.mapped("amount")), [20, 80])
        # What happens to one part of a card is an activity of the whole.
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=value.invoice_id.ids
        ).create({})._create_payments()
        value.with_user(self.manager).refund(80, self.bank.id)
        self.assertEqual(self._read(), {"given": 20})
        self.assertEqual(self._read(groupby="activity_age"), {"00": 20})
        self.assertEqual(self._read(groupby="issue_age"), {"24": 20})
        self.company.paid_value_expires = True
        value.expiry_date = self.today + timedelta(days=10)
        self.assertEqual(self._read(figure="expires_30"), {"given": 20})

    def test_ageing_of_the_report_is_of_its_last_day(self):
        value = self._issue_on(ISSUED, 100)
        self._use(value, 30)
        action = self._show(last=ISSUED).action_ageing()
        rows = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(rows.search(action["domain"]).amount, 100)

    def test_of_one_kind(self):
        self._issue_on(ISSUED, 100)
        self._post_line(40, date=ISSUED)
        action = self._show(kind="sold").action_ageing()
        rows = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(rows.search(action["domain"]).mapped("kind"), ["sold"])
