from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_tours import TourCommon


@tagged("post_install", "-at_install")
class TestPostCreditPage(TourCommon):
    """A credit for one account on one page, from its invoice or its billing page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.transactions = cls.env["account.post.transaction"].with_user(cls.clerk)
        cls.view = cls.env.ref(
            "account_credit_posting.account_post_transaction_view_form_one"
        )

    def _get_action(self, records, user=None):
        records = records.with_user(user or self.clerk).with_context(one_page=True)
        if records._name == "account.move":
            return records.action_post_credit()
        return records.action_post_transaction()

    def _open(self, records, **vals):
        """Return the transaction of the page, with what is typed into it."""
        action = self._get_action(records)
        self.assertEqual(action["views"], [(self.view.id, "form")])
        transaction = self.transactions.browse(action["res_id"])
        transaction.write(vals)
        return transaction.with_context(one_page=True)

    def _post_as_clerk(self, amount, item=None, account=None):
        batch = self.batches.with_user(self.clerk).create(
            {
                "credit_item_id": (item or self.item).id,
                "line_ids": [
                    Command.create(
                        {"partner_id": (account or self.account).id, "amount": amount}
                    )
                ],
            }
        )
        batch.action_post()
        self.assertEqual(batch.state, "done")

    # -------------------------------------------------------------------------
    # WHERE IT OPENS, AND WITH WHAT
    # -------------------------------------------------------------------------

    def test_one_account_opens_one_page(self):
        invoice = self._create_invoice(self.account, 40)
        for records, paid in ((invoice, invoice), (self.account, invoice[:0])):
            transaction = self._open(records)
            self.assertEqual(transaction.step, "setup")
            self.assertRecordValues(
                transaction.line_ids,
                [
                    {
                        "partner_id": self.account.id,
                        "invoice_id": paid.id,
                        "amount_due": 40,
                    }
                ],
            )

    def test_others_open_the_five_steps(self):
        archived = self.accounts[3]
        archived.active = False
        for accounts in (self.accounts[:2], self.accounts[:0], archived):
            action = self._get_action(accounts)
            self.assertNotEqual(action.get("target"), "new")
            transaction = self.transactions.browse(action["res_id"])
            self.assertEqual(transaction.step, "type")
        # The list says *Post Transaction*: what is posted is still to be chosen.
        action = self.account.with_user(self.clerk).action_post_transaction()
        self.assertNotEqual(action.get("target"), "new")

    def test_item_of_last_time_is_proposed_else_the_only_one(self):
        self.assertEqual(self._open(self.account).credit_item_id, self.item)
        other = self._create_credit_item("Missed Class")
        self.assertFalse(self._open(self.account).credit_item_id)
        self._post_as_clerk(5, other)
        self.assertEqual(self._open(self.account).credit_item_id, other)
        # What a colleague posts is the colleague's habit.
        self._post_line(5)
        self.assertEqual(self._open(self.account).credit_item_id, other)
        other.active = False
        self.assertEqual(self._open(self.account).credit_item_id, self.item)

    def test_item_of_another_company_is_not_proposed(self):
        other = self.setup_other_company()["company"]
        self._post_as_clerk(5)
        self.item.company_id = other
        self.assertFalse(self._open(self.account).credit_item_id)

    # -------------------------------------------------------------------------
    # WHAT IS TYPED IS LOOKED AT BEFORE IT IS POSTED
    # -------------------------------------------------------------------------

    def test_preview_and_warnings_follow_the_amount(self):
        invoice = self._create_invoice(self.account, 40)
        self._post_as_clerk(15)
        self.company.credit_approval_line_amount = 100
        with Form(self._open(invoice), self.view) as form:
            form.amount_for_all = 15
            [row] = form.preview["accounts"]
            self.assertEqual((row["credit"], row["left"]), (15, 0))
            self.assertEqual(row["pays"][0]["name"], invoice.name)
            self.assertFalse(row["unusual"])
            self.assertIn("got the same amount for Goodwill", form.repeated_warning)
            self.assertFalse(form.approval_warning)
            form.amount_for_all = 1500
            [row] = form.preview["accounts"]
            self.assertEqual((row["credit"], row["left"]), (1500, 1475))
            self.assertTrue(row["unusual"])
            self.assertFalse(form.repeated_warning)
            self.assertIn("waits for an administrator", form.approval_warning)

    def test_what_is_missing_is_said(self):
        transaction = self._open(self.account)
        with self.assertRaisesRegex(UserError, "amount above zero for Family 0"):
            transaction.action_post()
        transaction.amount_for_all = -5
        with self.assertRaisesRegex(UserError, "amount above zero for Family 0"):
            transaction.action_post()
        transaction.write({"amount_for_all": 5, "credit_item_id": False})
        with self.assertRaisesRegex(UserError, "Choose a credit item"):
            transaction.action_post()
        self.assertFalse(transaction.batch_id)

    # -------------------------------------------------------------------------
    # POST
    # -------------------------------------------------------------------------

    def test_post_says_the_result_and_links_to_the_document(self):
        invoice = self._create_invoice(self.account, 40)
        transaction = self._open(
            invoice,
            amount_for_all=15,
            public_comment="The snow day",
            private_comment="Agreed by phone",
        )
        action = transaction.action_post()
        self.assertPosted({self.account: 15})
        line = transaction.batch_id.line_ids
        self.assertEqual(line.invoice_id, invoice)
        self.assertEqual(invoice.amount_residual, 25)
        params = action["params"]
        self.assertEqual(
            params["message"],
            "$\N{NO-BREAK SPACE}15.00 credited to 1 account. "
            "$\N{NO-BREAK SPACE}15.00 of it paid invoices. %s",
        )
        self.assertEqual(
            params["links"],
            [
                {
                    "label": line.move_name,
                    "url": f"/odoo/account.move/{line.move_id.id}",
                }
            ],
        )
        # A second click says it again.
        self.assertEqual(transaction.action_post(), action)
        self.assertEqual(self._get_batch(), transaction.batch_id)

    def test_expiry_date_is_that_of_the_credit(self):
        transaction = self._open(self.account)
        with Form(transaction, self.view) as form:
            form.amount_for_all = 15
            form.expiry_date = "2099-06-30"
            [row] = form.preview["accounts"]
            self.assertEqual((row["credit"], row["left"]), (15, 15))
        transaction.action_post()
        line = transaction.batch_id.line_ids
        self.assertEqual((line.state, line.amount), ("posted", 15))
        self.assertEqual(line.expiry_date, date(2099, 6, 30))

    def test_amount_is_of_the_currency_of_the_invoice(self):
        for code, rounding, typed, posted in (
            ("JPY", 1, 15.4, 15),
            ("KWD", 0.001, 1.234, 1.234),
        ):
            currency = self.setup_other_currency(code, rounding=rounding)
            invoice = self._create_invoice(self.account, 40, currency_id=currency.id)
            transaction = self._open(invoice, amount_for_all=typed)
            [row] = transaction.preview["accounts"]
            self.assertEqual(row["currency_id"], currency.id)
            self.assertAlmostEqual(row["credit"], posted)
            transaction.action_post()
            line = transaction.batch_id.line_ids
            self.assertRecordValues(
                line, [{"currency_id": currency.id, "amount": posted}]
            )
            self.assertAlmostEqual(invoice.amount_residual, 40 - posted)

    def test_failure_leads_to_the_result(self):
        transaction = self._open(self.account, amount_for_all=15)
        self.company.sudo().fiscalyear_lock_date = transaction.date
        action = transaction.action_post()
        self.assertEqual(
            (action["res_model"], action["res_id"], action["context"]),
            ("account.post.transaction", transaction.id, {}),
        )
        self.assertNotEqual(action.get("target"), "new")
        self.assertEqual((transaction.step, transaction.failed_count), ("result", 1))
        self.assertTrue(transaction.batch_id.line_ids.error)

    def test_approval_leads_to_the_result(self):
        self.company.credit_approval_line_amount = 10
        transaction = self._open(self.account, amount_for_all=15)
        action = transaction.action_post()
        self.assertEqual(action["res_id"], transaction.id)
        self.assertEqual(transaction.batch_id.state, "to_approve")
        self.assertFalse(transaction.batch_id.line_ids.move_id)

    def test_several_accounts_go_on_with_what_was_typed(self):
        invoice = self._create_invoice(self.account, 40)
        transaction = self._open(
            invoice,
            amount_for_all=15,
            public_comment="The snow day",
            private_comment="Agreed by phone",
        )
        action = transaction.action_open_steps()
        self.assertNotEqual(action.get("target"), "new")
        self.assertEqual(
            (action["res_id"], transaction.step), (transaction.id, "accounts")
        )
        transaction = transaction.with_context(one_page=False)
        transaction.add_partner_id = self.accounts[1]
        for _step in ("amounts", "setup"):
            transaction.action_next()
        self.assertIs(transaction.action_post(), True)
        self.assertPosted({self.account: 15, self.accounts[1]: 15})

    def test_others_may_not_open_it(self):
        invoice = self._create_invoice(self.account, 40)
        transaction = self._open(invoice, amount_for_all=15)
        with self.assertRaises(AccessError):
            self._get_action(invoice, self.accountant)
        for user in (self.accountant, self.manager):
            for name in ("action_post", "action_open_steps"):
                with self.assertRaises(AccessError):
                    getattr(transaction.with_user(user), name)()
        self.assertFalse(transaction.batch_id)

    # -------------------------------------------------------------------------
    # COUNTED
    # -------------------------------------------------------------------------

    def test_tour_from_an_invoice_in_two_clicks(self):
        self._create_credit_item("Missed Class")
        self._post_as_clerk(5, account=self.accounts[1])
        invoice = self._create_invoice(self.account, 40)
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "post_credit_page_invoice",
            login=self.clerk.login,
        )
        line = self._get_batch()[0].line_ids
        self.assertRecordValues(
            line,
            [
                {
                    "partner_id": self.account.id,
                    "invoice_id": invoice.id,
                    "amount": 15,
                    "state": "posted",
                }
            ],
        )
        self.assertItems(
            line.move_id,
            [(self.credit_account, 15, 15), (self.receivable, -15, -15)],
        )
        self.assertEqual(invoice.amount_residual, 25)

    def test_tour_by_keyboard_from_the_billing_page(self):
        self._create_credit_item("Missed Class")
        self.start_tour(
            f"/odoo/billing/{self.account.id}",
            "post_credit_page_keyboard",
            login=self.clerk.login,
        )
        line = self._get_batch().line_ids
        self.assertEqual((line.amount, line.state), (12.5, "posted"))
        self.assertEqual(line.batch_id.credit_item_id.name, "Missed Class")

    def test_tour_asks_for_an_item_and_comes_back(self):
        self._create_credit_item("Missed Class")
        invoice = self._create_invoice(self.account, 40)
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "post_credit_page_item_request",
            login=self.clerk.login,
        )
        self.assertFalse(self._get_batch())
        asked = self.env["product.product"].with_context(active_test=False)
        self.assertTrue(asked.search([("name", "=", "Snow Day")]).activity_ids)

    def test_item_request_opens_no_transaction_of_somebody_else(self):
        transaction = self._open(self.account)
        request = self.env["account.credit.item.request"].with_user(self.manager)
        with self.assertRaises(AccessError):
            request.create(
                {"name": "Snow Day", "transaction_id": transaction.id}
            ).action_ask()
        request = request.with_user(self.clerk).create(
            {"name": "Snow Day", "transaction_id": transaction.id}
        )
        self.assertEqual(
            request.action_ask()["params"]["next"]["res_id"], transaction.id
        )

    def test_tour_of_a_currency_with_three_decimals(self):
        currency = self.setup_other_currency("KWD", rounding=0.001)
        invoice = self._create_invoice(self.account, 40, currency_id=currency.id)
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "post_credit_page_decimals",
            login=self.clerk.login,
        )
        self.assertRecordValues(
            self._get_batch().line_ids,
            [{"amount": 1.234, "currency_id": currency.id, "invoice_id": invoice.id}],
        )

    def test_tour_to_several_accounts(self):
        invoice = self._create_invoice(self.account, 40)
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "post_credit_page_several",
            login=self.clerk.login,
        )
        self.assertPosted({self.account: 15, self.accounts[1]: 15})
        self.assertEqual(invoice.amount_residual, 25)


@tagged("post_install", "-at_install")
class TestPostCreditPagePhone(TourCommon):
    """The same page on a phone."""

    browser_size = "390x844"
    touch_enabled = True

    def test_tour_from_an_invoice(self):
        invoice = self._create_invoice(self.account, 40)
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "post_credit_page_phone",
            login=self.clerk.login,
        )
        self.assertPosted({self.account: 15})
        self.assertEqual(invoice.amount_residual, 25)
