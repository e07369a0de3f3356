from urllib.parse import urlencode

from lxml import html

from odoo.fields import Command
from odoo.tests import tagged

from ..tools.days import get_today
from .common_portal_invoice import PortalInvoiceCommon
from .test_portal_account import WIDE


@tagged("post_install", "-at_install")
class TestPortalInvoice(PortalInvoiceCommon):
    """A customer pays an invoice with what is on the own account."""

    def test_what_is_offered(self):
        page = self._see(f"/my/invoices/{self.invoice.id}")
        rows = self._read_all(page, "balance_source")
        self.assertEqual(len(rows), 3)
        self.assertIn(f"Goodwill {self.credit.move_id.name} Left: $ 30.00", rows[0])
        self.assertIn(f"Prepayment {self.prepayment.name} Left: $ 40.00", rows[1])
        self.assertIn(f"Gift Card {self.card.name}", rows[2])
        # What the rule would take, none of it used yet.
        self.assertEqual(
            page.xpath("//form[@name='balance_choice']//input/@value"),
            ["30.00", "40.00", "30.00"],
        )
        self.assertNothingUsed()

    def test_what_will_happen_is_shown_before(self):
        page = self._review({self.credit: "12.50", self.card: 60})
        self.assertEqual(self._read_all(page, "due"), ["Left to pay $ 100.00"])
        self.assertEqual(
            self._read_all(page, "chosen"),
            [
                f"Goodwill {self.credit.move_id.name} Left afterwards: $ 17.50 "
                "$ -12.50",
                f"Gift Card {self.card.name} Left afterwards: $ 0.00 $ -60.00",
            ],
        )
        self.assertEqual(self._read_all(page, "rest"), ["Still to pay $ 27.50"])
        self.assertNothingUsed()
        form = page.xpath("//form[@name='balance_use']")[0]
        fields = dict(form.form_values())
        del fields["csrf_token"]  # Each log-in has its own.
        response = self._send(form.action, **fields)
        self.assertIn("balance_used", response.url)
        self.assertUsed({self.credit: 12.5, self.card: 60})
        # README says: "What will happen is shown before"
        # A second click, or the Back button: the answer is the same.
        response = self._send(form.action, **fields)
        self.assertIn("balance_used", response.url)
        self.assertUsed({self.credit: 12.5, self.card: 60})

    def test_use_a_part_of_each(self):
        self._use({self.credit: 10, self.prepayment: 20, self.card: "30.01"})
        self.assertUsed({self.credit: 10, self.prepayment: 20, self.card: 30.01})
        self.assertEqual(self.invoice.amount_residual, 39.99)
        self.assertEqual(self.credit.amount_open, 20)
        self.assertEvents(
            self.prepayment,
            [
                ("issue", [(self.outstanding, 40, 40), (self.prepaid, -40, -40)]),
                ("use", [(self.prepaid, 20, 20), (self.receivable, -20, -20)]),
            ],
        )
        self.assertEvents(
            self.card,
            [
                ("issue", [(self.outstanding, 60, 60), (self.sold, -60, -60)]),
                (
                    "use",
                    [(self.sold, 30.01, 30.01), (self.receivable, -30.01, -30.01)],
                ),
            ],
        )
        # The office sees who did it, and that it was the customer.
        applications = self.invoice.credit_application_ids
        self.assertEqual(set(applications.mapped("origin")), {"customer"})
        self.assertEqual(applications.create_uid, self.payer)
        [note] = self.invoice.message_ids.filtered(
            lambda message: "in the portal" in (message.body or "")
        )
        self.assertIn("portal_payer", note.body)
        self.assertTrue(note.is_internal or note.message_type == "notification")

    def test_pay_all(self):
        self._use({self.credit: 30, self.prepayment: 40, self.card: 30})
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.card.balance, 30)
        page = self._see(f"/my/invoices/{self.invoice.id}")
        self.assertFalse(page.xpath("//*[@name='balance_payment']"))
        # There is nothing more to pay: back to the invoice.
        self.assertNotIn("/balance", self._get(self.url).url)

    def test_what_cannot_be_used(self):
        for amounts, part in (
            ({}, "Enter how much"),
            ({self.card: 0}, "Enter how much"),
            ({self.card: -1}, "has $ 60.00 left"),
            ({self.card: "60.01"}, "has $ 60.00 left"),
            ({self.credit: 31}, "has $ 30.00 left"),
            ({self.card: "1.001"}, "more precise"),
            ({self.card: "1e400"}, "not a valid amount"),
            ({self.card: "NaN"}, "not a valid amount"),
            ({self.card: "ten"}, "not a valid amount"),
            ({self.credit: 30, self.prepayment: 40, self.card: "30.01"}, "100.00"),
        ):
            with self.subTest(amounts=amounts):
                error = self._read_error(self._use(amounts))
                self.assertIn(part, error.replace("\xa0", " "))
                self.assertNothingUsed()

    def test_policy_of_the_company(self):
        # README says: "All three are off by default"
        for kind, source in (
            ("credits", self.credit),
            ("prepayments", self.prepayment),
            ("gift_cards", self.card),
        ):
            self.company[f"portal_pay_{kind}"] = False
            self.assertIn("no longer exists", self._read_refusal({source: 10}))
        page = self._see(f"/my/invoices/{self.invoice.id}")
        self.assertFalse(page.xpath("//*[@name='balance_payment']"))
        fresh = self.env["res.company"].create({"name": "Fresh"})
        self.assertFalse(
            fresh.portal_pay_credits
            or fresh.portal_pay_prepayments
            or fresh.portal_pay_gift_cards
        )

    def test_members_as_the_company_decides(self):
        self._use({self.card: 10}, self.member)
        self.assertUsed({self.card: 10})
        self.company.credit_portal_access = "payer"
        page = self._see(f"/my/invoices/{self.invoice.id}", self.member)
        self.assertFalse(page.xpath("//*[@name='balance_payment']"))
        self._use({self.card: 10}, self.member)
        self.assertUsed({self.card: 10})

    def test_nobody_else(self):
        token = self.invoice._portal_ensure_token()
        other = self._create_invoice(self.accounts[1], 50)
        other_card = self._issue(50, account=self.accounts[1])
        for user in (self.stranger, self.clerk, False):
            # README says: "A shared link to an invoice lets nobody use"
            page = self._see(
                f"/my/invoices/{self.invoice.id}?access_token={token}", user
            )
            self.assertFalse(page.xpath("//*[@name='balance_payment']"))
            for form in ({}, {"access_token": token}):
                self._use({self.card: 10}, user, **form)
                self.assertNothingUsed()
        # The own invoice with somebody else's card, and the other way round.
        for invoice, source in ((self.invoice, other_card), (other, self.card)):
            self._use({source: 10}, invoice=invoice)
        self.assertNothingUsed()
        self.assertUsed({}, other)
        self.assertEqual(other_card.balance, 50)
        # A form that another site sends has no token.
        self._login(self.payer)
        response = self.url_open(self.url, data=self._choose({self.card: 10}))
        self.assertEqual(response.status_code, 400)
        # Ids that can be none.
        for number in (0, 2**31, 2**63):
            url = f"/my/invoices/{number}/balance"
            self.assertTrue(self._get(url).url.endswith("/my"))
        self.assertNothingUsed()

    def test_wrong_documents(self):
        refund = self.invoice._reverse_moves([{"invoice_date": "2024-03-10"}])
        draft = self.invoice.copy()
        product = self.env["product.product"].create(
            {"name": "Gift card", "is_gift_card": True}
        )
        vals = self._prepare_invoice_vals(self.account, 20)
        vals["invoice_line_ids"][0][2]["product_id"] = product.id
        sold = self.env["account.move"].create(vals)
        sold.action_post()
        self.assertEqual(sold.stored_value_event, "issue")
        for move in (refund, draft, self.credit.move_id, sold):
            self._use({self.card: 10}, invoice=move)
            self.assertEqual(self.card.balance, 60)

    def test_what_is_not_free(self):
        blocked = self._issue(10)
        blocked.with_user(self.clerk).action_block("Lost")
        expired = self._issue(10, funding="promotion", expiry_date="2024-03-20")
        disputed = self._post_line(5)
        disputed.move_line_id.no_followup = True
        for source in (blocked, expired, disputed):
            self.assertIn("no longer exists", self._read_refusal({source: 1}))
        # What the office took off this invoice stays off it.
        self._use({self.card: 10})
        self.invoice.credit_application_ids.with_user(self.clerk).action_unapply()
        self.assertIn("no longer exists", self._read_refusal({self.card: 10}))

    def test_other_company(self):
        data = self.setup_other_company()
        other = data["company"]
        other.write(
            dict.fromkeys(("portal_pay_credits", "portal_pay_gift_cards"), True)
        )
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    **self._prepare_invoice_vals(self.account, 50),
                    "company_id": other.id,
                }
            )
        )
        invoice.action_post()
        self._use({self.card: 10}, invoice=invoice)
        self.assertUsed({}, invoice)
        self.assertEqual(self.card.balance, 60)

    def test_foreign_currency(self):
        euro = self.env.ref("base.EUR")
        self.setup_other_currency("EUR", rates=[("2024-01-01", 2)])
        invoice = self._create_invoice(self.account, 100, currency_id=euro.id)
        card = self._issue(50, currency_id=euro.id)
        page = self._see(f"/my/invoices/{invoice.id}")
        [row] = self._read_all(page, "balance_source")
        self.assertIn(card.name, row)
        self._use({self.card: 10}, invoice=invoice)
        self.assertUsed({}, invoice)
        self._use({card: "20.50"}, invoice=invoice)
        self.assertUsed({card: 20.5}, invoice)
        self.assertEqual(invoice.amount_residual, 79.5)
        self.assertEvents(
            card,
            [
                ("issue", [(self.outstanding, 25, 50), (self.sold, -25, -50)]),
                (
                    "use",
                    [(self.sold, 10.25, 20.5), (self.receivable, -10.25, -20.5)],
                ),
            ],
        )

    def test_installments(self):
        terms = self.env.ref("account.account_payment_term_advance_60days")
        invoice = self._create_invoice(
            self.account, 100, invoice_payment_term_id=terms.id
        )
        self._use({self.credit: "29.99", self.card: "50"}, invoice=invoice)
        applications = invoice.credit_application_ids
        self.assertEqual(
            sorted(
                (application._get_source()._name, application.amount)
                for application in applications
            ),
            [
                ("account.credit.line", 29.99),
                ("account.stored.value", 0.01),
                ("account.stored.value", 49.99),
            ],
        )
        self.assertEqual(invoice.amount_residual, 20.01)
        self.assertEqual(self.credit.amount_open, 0.01)

    def test_early_payment_discount(self):
        terms = self.env["account.payment.term"].create(
            {
                "name": "2% in 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )
        invoice = self._create_invoice(
            self.account,
            100,
            invoice_date=get_today(self.company),
            invoice_payment_term_id=terms.id,
        )
        page = self._review({self.card: 50}, invoice=invoice)
        self.assertEqual(
            self._read_all(page, "ended"),
            [f"This ends the early payment discount of {invoice.name}."],
        )
        self.assertEqual(self._read_all(page, "rest"), ["Still to pay $ 50.00"])
        page = self._review({self.card: 50})
        self.assertFalse(self._read_all(page, "ended"))

    def test_form_without_a_choice(self):
        page = html.fromstring(self._get(self.url).text)
        self.assertFalse(page.xpath("//*[@name='error']"))
        self.assertEqual(len(page.xpath("//*[@name='balance_source']")), 3)

    def test_queries_do_not_grow_with_the_account(self):
        self._create_invoice(self.account, 5000)
        self._login(self.payer)
        url = f"/my/invoices/{self.invoice.id}"
        fields = {**self._choose({self.credit: 12.5, self.card: 30})}
        paths = (url, f"{self.url}?{urlencode(fields)}")
        for path in paths:
            self.url_open(path)  # What is asked for once in a process.
        few = [self._count_queries(path) for path in paths]
        batch = self._create_batch({self.account: 1})
        batch.line_ids = [
            Command.create({"partner_id": self.account.id, "amount": 2})
            for _number in range(39)
        ]
        batch.action_post()
        # Copies of what it owes: 10,000 movements.
        self.not_proven = ("items",)
        self.env.cr.execute(
            """
            INSERT INTO account_move_line
            SELECT copy.*
              FROM account_move_line line, generate_series(1, 10001) AS serial,
                   jsonb_populate_record(line, jsonb_build_object(
                       'id', nextval('account_move_line_id_seq'),
                       'sequence', serial
                   )) AS copy
              JOIN account_account account ON account.id = copy.account_id
             WHERE line.partner_id = %s AND line.parent_state = 'posted'
               AND account.account_type = 'asset_receivable' AND line.balance = 5000
            """,
            [self.account.id],
        )
        self.assertGreater(self.env.cr.rowcount, 10_000)
        for path, before in zip(paths, few, strict=True):
            self.assertLessEqual(self._count_queries(path), before + 2, path)
        self.assertLess(max(few), 150, few)

    def _count_queries(self, path):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertEqual(self.url_open(path).status_code, 200)
        return self.env.cr.sql_log_count - before


@tagged("post_install", "-at_install")
class TestPortalInvoicePhone(PortalInvoiceCommon):
    """The same on a phone: 390 px wide."""

    browser_size = "390x844"

    def test_no_page_is_wider_than_a_phone(self):
        self._issue("123456.78", memo="Nowordisaslongasthis" * 5)
        chosen = urlencode(self._choose({self.credit: 30, self.card: 60}))
        too_much = urlencode(self._choose({self.card: 61}))
        for path in (
            f"/my/invoices/{self.invoice.id}",
            self.url,
            f"{self.url}?{chosen}",
            f"{self.url}?{too_much}",
        ):
            self.browser_js(path, WIDE, login=self.payer.login)
