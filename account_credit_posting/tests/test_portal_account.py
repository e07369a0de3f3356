from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.billing.customer_page import CustomerPage
from .common_portal import SECRET, PortalCommon

PAGES = ("/my/credits", "/my/credits/all", "/my/credits/held")


#: Fails where something of a page is wider than a phone.
WIDE = """
    const { clientWidth } = document.getElementById("wrapwrap");
    const wide = [...document.querySelectorAll("#wrap *")].filter(
        (el) => el.getBoundingClientRect().right > clientWidth
    );
    if (window.innerWidth === 390 && !wide.length) {
        console.log("test successful");
    } else {
        console.error(wide.map((el) => el.outerHTML).join());
    }
"""


@tagged("post_install", "-at_install")
class TestPortalAccount(PortalCommon):
    """My Account Balance: what customers see of the own account, from the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_application_policy = "manual"

    def _post_secret(self, amount=50, **vals):
        return self._post_line(
            amount,
            public_comment="The snow day",
            private_comment=f"{SECRET} in private",
            **vals,
        )

    # -------------------------------------------------------------------------
    # WHAT IT SAYS
    # -------------------------------------------------------------------------

    def test_empty(self):
        page = self._see("/my/credits")
        text = self._read(page)
        for sentence in (
            *("Nothing is due.", "There is no open credit."),
            "There is no gift card or prepayment to use.",
        ):
            self.assertIn(sentence, text)
        for name in ("credits", "gift_cards", "prepayments", "due_now"):
            [tile] = self._read_all(page, name)
            self.assertIn("$ 0.00", tile)
        self.assertFalse(self._read_all(page, "next_due"))
        for path in PAGES[1:]:
            self.assertIn("There is nothing here.", self._read(self._see(path)))

    def test_open_credit_and_what_it_paid(self):
        line = self._post_secret(expiry_date="2044-05-06")
        invoice = self._create_invoice(self.account, 20)
        invoice.apply_account_credits()
        page = self._see("/my/credits")
        [credit] = self._read_all(page, "credit")
        self.assertEqual(
            credit,
            f"Goodwill Open Credit $ 50.00 Left: $ 30.00 03/15/2024 · "
            f"{line.move_id.name} · Expires on 05/06/2044 The snow day "
            f"Paid {invoice.name} $ 20.00",
        )
        self.assertIn("$ 30.00", self._read_all(page, "credits")[0])
        [link] = page.xpath("//*[@name='payment']//a/@href")
        self.assertEqual(link, f"/my/invoices/{invoice.id}")
        self.assertEqual(self._get(link).status_code, 200)

    def test_figures_are_those_of_the_office(self):
        self._post_secret()
        self._issue(40)
        self._issue(15, value_type="prepayment")
        today = fields.Date.context_today(self.account)
        late = self._create_invoice(
            self.account,
            100,
            invoice_date_due=fields.Date.subtract(today, days=10),
            invoice_payment_term_id=False,
        )
        later = self._create_invoice(
            self.account,
            70,
            invoice_date_due=fields.Date.add(today, days=10),
            invoice_payment_term_id=False,
        )
        page = self._see("/my/credits")
        office = self.account.with_user(self.clerk)
        for name, amount in (
            ("credits", office.account_credit_balance),
            ("gift_cards", office.gift_card_balance),
            ("prepayments", office.prepayment_balance),
            ("due_now", office.amount_due_now),
            ("due_now", office.amount_overdue),
            ("next_due", office.next_due_amount),
        ):
            self.assertTrue(amount, name)
            [tile] = self._read_all(page, name)
            self.assertIn(f"$ {amount:.2f}", tile)
        first, second = self._read_all(page, "due")
        self.assertIn(late.name, first)
        self.assertIn("$ 100.00", first)
        self.assertIn(later.name, second)

    def test_reversed_is_called_reversed(self):
        self._post_secret().action_reverse(reason=f"{SECRET} reason")
        self.assertFalse(self._read_all(self._see("/my/credits"), "credit"))
        [credit] = self._read_all(self._see("/my/credits/all"), "credit")
        self.assertIn("Goodwill Reversed $ 50.00 Left: $ 0.00", credit)

    def test_credit_within_an_entry_for_many(self):
        batch = self._create_batch(
            {self.account: 10, self.accounts[1]: 20}, document_form="entry"
        )
        batch.action_post()
        [credit] = self._read_all(self._see("/my/credits"), "credit")
        self.assertIn("Open Credit $ 10.00", credit)
        self.assertNotIn("20.00", credit)

    def test_history_of_a_prepayment(self):
        value = self._issue(100, value_type="prepayment", memo=f"{SECRET} memo")
        invoice = self._create_invoice(self.account, 30)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        value.with_user(self.manager).adjust(110, f"{SECRET} reason")
        [row] = self._see("/my/credits").xpath("//a[@name='held']")
        self.assertIn(f"Prepayment {value.name} Active $ 80.00", self._read(row))
        page = self._see(row.get("href"))
        movements = [self._read(part) for part in page.xpath("//div[@name='movement']")]
        today = fields.Date.context_today(self.account).strftime("%m/%d/%Y")
        self.assertEqual(
            movements,
            [
                f"Corrected {today} $ 10.00 Left: $ 80.00",
                f"Used {today} · {invoice.name} $ -30.00 Left: $ 70.00",
                "Issued 03/15/2024 $ 100.00 Left: $ 100.00",
            ],
        )

    def test_card_that_waits_for_payment_or_is_used(self):
        value = self._issue(100)
        value.with_user(self.clerk).action_block(f"{SECRET} reason")
        [row] = self._read_all(self._see("/my/credits"), "held")
        self.assertIn("Blocked $ 100.00", row)
        value.with_user(self.manager).action_unblock()
        value.with_user(self.manager).refund(100, self.bank.id)
        self.assertFalse(self._read_all(self._see("/my/credits"), "held"))
        [row] = self._read_all(self._see("/my/credits/held?filterby=past"), "held")
        self.assertIn("Used $ 0.00", row)

    def test_a_draft_is_not_there(self):
        draft = self.values.with_user(self.clerk).create(
            {
                "value_type": "prepayment",
                "partner_id": self.account.id,
                "initial_amount": 10,
                "funding": "payment",
                "journal_id": self.bank.id,
            }
        )
        self._create_batch(public_comment="Not yet")
        for path in PAGES:
            text = self._get(path).text
            self.assertNotIn(draft.name, text)
            self.assertNotIn("Not yet", text)
        self.assertEqual(self._get(f"/my/credits/held/{draft.id}").url[-3:], "/my")

    def test_foreign_currency(self):
        foreign = self.setup_other_currency("EUR")
        self._issue(33, currency_id=foreign.id)
        [row] = self._read_all(self._see("/my/credits"), "held")
        self.assertIn("33.00 €", row)

    # -------------------------------------------------------------------------
    # THE WAY THERE, AND LISTS
    # -------------------------------------------------------------------------

    def test_entry_in_the_portal(self):
        self._post_secret()
        self._issue(10)
        [link] = self._see("/my").xpath("//a[@href='/my/credits']")
        self.assertIn("Account Balance", self._read(link))
        counters = {"counters": ["account_credit_count"]}
        answer = self.make_jsonrpc_request("/my/counters", counters)
        self.assertEqual(answer, {"account_credit_count": 2})
        [crumb] = self._read_all(
            self._see("/my/credits/all"), "account_balance_breadcrumb"
        )
        self.assertEqual(crumb, "Account Balance")

    def test_pages_sorting_and_filters(self):
        for amount in (1, 2, 3):
            self._post_line(amount)
        self._post_line(4).action_reverse(reason="Wrong")

        def see(path):
            with patch.object(CustomerPortal, "_items_per_page", 2):
                rows = self._read_all(self._see(path), "credit")
            return [row.split("$ ")[1].split()[0] for row in rows]

        base = "/my/credits/all"
        self.assertEqual(see(base), ["4.00", "3.00"])
        self.assertEqual(see(f"{base}/page/2"), ["2.00", "1.00"])
        self.assertEqual(see(f"{base}?sortby=oldest"), ["1.00", "2.00"])
        self.assertEqual(see(f"{base}?filterby=reversed"), ["4.00"])
        self.assertEqual(see(f"{base}?filterby=used"), [])
        self.assertEqual(see(f"{base}/page/2?filterby=open"), ["1.00"])

    # -------------------------------------------------------------------------
    # WHO SEES WHAT
    # -------------------------------------------------------------------------

    def test_all_members_or_the_payer(self):
        self._post_secret()
        for user in (self.payer, self.member):
            [credit] = self._read_all(self._see("/my/credits", user), "credit")
            self.assertIn("The snow day", credit)
        self.company.credit_portal_access = "payer"
        [credit] = self._read_all(self._see("/my/credits", self.payer), "credit")
        self.assertIn("The snow day", credit)
        # README says: "A member who is not the payer sees nothing of it then, and
        # redeems nothing for it: never"
        value = self._issue(20, account=self.accounts[2])
        for path in (*PAGES, "/my/credits/statement", "/my/credits/redeem"):
            response = self._get(path, self.member)
            self.assertEqual(response.url[-3:], "/my", path)
            self.assertNotIn("Account Balance", response.text)
        self._send("/my/credits/redeem", self.member, code=self.code)
        self.assertEqual(value.balance, 20)

    def test_nothing_of_another_account(self):
        line = self._post_secret()
        value = self._issue(100)
        self._create_invoice(self.account, 30)
        names = (
            *(self.account.name, line.move_id.name, value.name),
            *("The snow day", "$ 50.00", "$\xa050.00", "$ 100.00", "$\xa0100.00"),
        )
        # README says: "Nobody sees anything of another account"
        for path in (
            *PAGES,
            f"/my/credits?partner_id={self.account.id}&account_id={self.account.id}",
            f"/my/credits/all?partner_id={self.account.id}&filterby=all",
            f"/my/credits/held/{value.id}",
            f"/my/credits/held/{value.id}/page/1?access_token=x",
            f"/my/credits/statement?partner_id={self.account.id}&date_from=2024-01-01",
        ):
            text = self._get(path, self.stranger).text
            for name in names:
                self.assertNotIn(name, text, path)

    def test_public_logs_in_first(self):
        value = self._issue(100)
        for path in (
            *PAGES,
            *("/my/credits/statement", "/my/credits/redeem"),
            f"/my/credits/held/{value.id}",
        ):
            response = self._get(path, False)
            self.assertIn("/web/login", response.url)
            self.assertNotIn(value.name, response.text)

    def test_what_the_office_alone_may_know(self):
        enrollee = self.env["res.partner"].create(
            {"name": f"{SECRET} enrollee", "parent_id": self.account.id}
        )
        line = self._post_secret()
        line.with_user(self.manager).change_labels({"contact_id": enrollee.id})
        value = self._issue(
            100,
            memo=f"{SECRET} memo",
            recipient_name=f"{SECRET} recipient",
            recipient_email="vermilion@example.com",
            sender_name=f"{SECRET} sender",
            message=f"{SECRET} message",
        )
        value.message_post(body=f"{SECRET} note")
        self.account.message_post(body=f"{SECRET} note")
        code, last4 = self.code, value.code_last4
        texts = [
            self._get(path).text
            for path in (
                *(*PAGES, f"/my/credits/held/{value.id}"),
                "/my/credits/statement?date_from=2024-01-01",
            )
        ]
        # README says: "The private comment, the code of a card, its memo, and the names
        # of sender, recipient and enrollee are never there"
        for text in texts:
            for secret in (SECRET.lower(), code.lower(), last4.lower() + "<"):
                self.assertNotIn(secret, text.lower())

    def test_tampered_addresses(self):
        self._post_secret()
        value = self._issue(100)
        for path in (
            *(f"{page}/page/{number}" for page in PAGES[1:] for number in (0, 99)),
            f"/my/credits/all/page/{2**70}",
            "/my/credits/all?sortby=id%3Bdrop&filterby=__class__",
            "/my/credits/all?sortby=&filterby=&page=x",
            "/my/credits/held?sortby=partner_id&filterby=draft",
            f"/my/credits/held/{value.id}/page/{2**70}",
        ):
            self.assertEqual(self._get(path).status_code, 200, path)
        for value_id in (-1, 0, 2**31, 2**70, value.id + 1000):
            response = self._get(f"/my/credits/held/{value_id}")
            self.assertEqual(response.url[-3:], "/my")

    def test_another_company(self):
        other = self.setup_other_company()["company"]
        self.env["account.move"].create(
            {
                **self._prepare_invoice_vals(self.account, 77),
                "company_id": other.id,
            }
        ).action_post()
        self.assertNotIn("77.00", self._get("/my/credits").text)
        self.payer.company_ids += other
        page = self._see("/my/credits")
        self.assertEqual(len(self._read_all(page, "due_now")), 2)
        self.assertIn("77.00", self._read_all(page, "due")[0])
        # Each company decides for itself.
        self.member.company_ids += other
        other.credit_portal_access = "payer"
        self.assertNotIn("77.00", self._get("/my/credits", self.member).text)

    def test_an_employee_sees_the_own_account_alone(self):
        self._post_secret()
        self.assertNotIn("The snow day", self._get("/my/credits", self.clerk).text)
        self.clerk.partner_id.parent_id = self.account
        page = self._see("/my/credits", self.clerk)
        self.assertEqual(len(self._read_all(page, "credit")), 1)
        # Whoever issues cards redeems none for the own account.
        self.assertFalse(self._read_all(page, "redeem"))

    # -------------------------------------------------------------------------
    # STATEMENT
    # -------------------------------------------------------------------------

    def _print_as_office(self, **vals):
        statement = (
            self.env["account.billing.statement"]
            .with_user(self.clerk)
            .create({"partner_id": self.account.id, **vals})
        )
        report = statement.action_print()["report_name"]
        reports = self.env["ir.actions.report"].with_user(self.clerk)
        content, _kind = reports._render_qweb_html(report, statement.ids)
        return self._read(html.fromstring(content).xpath("//div[@class='page']")[0])

    def test_statement_is_that_of_the_office(self):
        self._create_invoice(self.account, 100)
        self._create_payment(20)
        self._post_secret(30)
        self._issue(50)
        days = {"date_from": "2024-03-10", "date_to": "2024-03-31"}
        for user in (self.payer, self.member):
            path = "/my/credits/statement?date_from=2024-03-10&date_to=2024-03-31"
            response = self._get(path, user)
            self.assertEqual(response.headers["Cache-Control"], "no-store")
            [page] = html.fromstring(response.content).xpath("//div[@class='page']")
            # README says: "as the office prints it"
            self.assertEqual(self._read(page), self._print_as_office(**days))
        self.assertIn("The snow day", self._read(page))

    def test_statement_is_a_pdf(self):
        reports = type(self.env["ir.actions.report"])
        with (
            patch.object(reports, "get_wkhtmltopdf_state", lambda _self: "ok"),
            patch.object(
                reports, "_render_qweb_pdf", lambda *_args, **_kwargs: (b"%PDF", "pdf")
            ),
        ):
            response = self._get(
                "/my/credits/statement?date_from=2024-03-01&date_to=2024-03-31"
            )
        self.assertEqual(response.content, b"%PDF")
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertIn(
            "Account%20Statement%202024-03-31.pdf",
            response.headers["Content-Disposition"],
        )

    def test_statement_of_no_period(self):
        for query, sentence in (
            ("date_from=2024-03-31&date_to=2024-03-01", "ends before it begins"),
            ("date_from=yesterday", "is not a valid date"),
            ("date_to=99999-01-01", "is not a valid date"),
            (f"company_id={2**70}", "Choose a company from the list."),
            ("company_id=x", "Choose a company from the list."),
        ):
            page = self._see(f"/my/credits/statement?{query}")
            [alert] = page.xpath("//div[hasclass('alert-danger')]")
            self.assertIn(sentence, self._read(alert), query)

    # -------------------------------------------------------------------------
    # QUERIES
    # -------------------------------------------------------------------------

    def _count_queries(self, path):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        return self.env.cr.sql_log_count - before

    def _post_more(self, count, value):
        """Post credits and invoices that they pay, and movements of a value."""
        batch = self._create_batch({self.account: 1})
        batch.line_ids = [
            Command.create({"partner_id": self.account.id, "amount": 2})
            for _number in range(count - 1)
        ]
        batch.action_post()
        invoices = self.env["account.move"].create(
            [self._prepare_invoice_vals(self.account, 1) for _number in range(count)]
        )
        invoices.action_post()
        invoices.apply_account_credits()
        for number in range(count):
            value.with_user(self.manager).adjust(200 + number + count, "More")

    def test_queries_do_not_grow_with_the_account(self):
        value = self._issue(100, value_type="prepayment")
        self._create_invoice(self.account, 5000)
        self._post_more(5, value)
        self._login(self.payer)
        paths = (
            *PAGES,
            f"/my/credits/held/{value.id}",
            "/my/credits/statement?date_from=2024-01-01",
        )
        for path in paths:
            self.url_open(path)  # What is asked for once in a process.
        few = {path: self._count_queries(path) for path in paths}
        self._post_more(40, value)
        many = {path: self._count_queries(path) for path in paths}
        for path in paths:
            self.assertLessEqual(many[path], few[path] + 2, path)
        self.assertLess(max(many.values()), 120, many)
        # Copies of what it owes: 10,000 movements. The statement lists them all.
        self.env.cr.execute(
            """
            INSERT INTO account_move_line
            SELECT copy.*
              FROM account_move_line line, generate_series(1, 250) AS serial,
                   jsonb_populate_record(line, jsonb_build_object(
                       'id', nextval('account_move_line_id_seq'),
                       'sequence', serial
                   )) AS copy
              JOIN account_account account ON account.id = copy.account_id
             WHERE line.partner_id = %s AND line.parent_state = 'posted'
               AND account.account_type = 'asset_receivable' AND line.balance > 0
            """,
            [self.account.id],
        )
        self.assertGreater(self.env.cr.rowcount, 10_000)
        for path in paths[:-1]:
            self.assertLessEqual(self._count_queries(path), few[path] + 2, path)

    # -------------------------------------------------------------------------
    # PRIVACY
    # -------------------------------------------------------------------------

    def test_anonymized_account_keeps_its_ledger(self):
        self._post_secret()
        value = self._issue(100, recipient_name="Maya", sender_name="Noah")
        items = self.env["account.move.line"].search(
            [("partner_id", "=", self.account.id)]
        )
        before = items.read(["balance", "name", "move_name"])
        self.account.write({"name": "Anonymous", "email": False, "phone": False})
        value.with_user(self.manager).write(
            {"recipient_name": False, "sender_name": False, "message": False}
        )
        self.env.flush_all()
        self.assertEqual(items.read(["balance", "name", "move_name"]), before)
        self.assertEqual(value.balance, 100)
        self.assertIn("Anonymous", self._read(self._see("/my/credits")))
        with self.assertRaisesRegex(UserError, "Family|Anonymous"):
            self.account.active = False

    # -------------------------------------------------------------------------
    # THE READING ITSELF
    # -------------------------------------------------------------------------

    def test_no_account_is_named_from_outside(self):
        own = CustomerPage(self.env(user=self.stranger.id))
        self.assertEqual(own.account_sudo, self.accounts[1])
        value = self._issue(100)
        for value_id in (value.id, str(value.id), None, True, [value.id], 2**31):
            self.assertFalse(own.find_held(value_id))
        public = CustomerPage(self.env(user=self.env.ref("base.public_user").id))
        self.assertFalse(public.companies)


@tagged("post_install", "-at_install")
class TestPortalPhone(PortalCommon):
    """The pages on a phone: 390 px wide."""

    browser_size = "390x844"

    def test_no_page_is_wider_than_a_phone(self):
        self.company.gift_card_public_check = True
        invoice = self._create_invoice(self.account, 12345.67)
        self._post_line(12345.67, public_comment="Nowordisaslongasthis" * 5)
        value = self._issue(23456.78)
        value.with_user(self.clerk).apply_to_invoice(
            self._create_invoice(self.account, 10).id
        )
        self.assertEqual(invoice.payment_state, "paid")
        for path in (
            *("/my", *PAGES, f"/my/credits/held/{value.id}"),
            *("/my/credits/redeem", "/gift-card"),
        ):
            self.browser_js(path, WIDE, login=self.payer.login)
