from ast import literal_eval

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..controllers.results import CreditResults
from ..wizard.post_transaction.transaction_again import TransactionAgain
from .common_portal_invoice import PortalInvoiceCommon
from .common_promise import PromisedCreditCommon

DAY = "2024-03-20"


@tagged("post_install", "-at_install")
@freeze_time(DAY)
class TestPromisedCreditScreens(PromisedCreditCommon):
    """What the office sees of credits that are booked when used."""

    def _create_transaction(self, *amounts, **vals):
        lines = zip(self.accounts, amounts, strict=False)
        return (
            self.env["account.post.transaction"]
            .with_user(self.clerk)
            .create(
                {
                    "step": "setup",
                    "company_id": self.company.id,
                    "credit_item_id": self.promotion.id,
                    "date": DAY,
                    "line_ids": [
                        Command.create({"partner_id": account.id, "amount": amount})
                        for account, amount in lines
                    ],
                    **vals,
                }
            )
        )

    def test_preview_says_that_nothing_is_booked_now(self):
        invoice = self._create_invoice(self.account, 6)
        transaction = self._create_transaction(10, 10)
        preview = transaction.preview
        self.assertEqual(
            preview["vat"],
            [
                "No entry now: each part of these credits is posted when it pays an "
                "invoice."
            ],
        )
        self.assertEqual(preview["entry"], [])
        self.assertEqual(
            [
                (row["credit"], [pay["name"] for pay in row["pays"]], row["left"])
                for row in preview["accounts"]
            ],
            [(10, [invoice.name], 4), (10, [], 10)],
        )
        [total] = preview["totals"]
        self.assertEqual((total["credit"], total["pays"], total["left"]), (20, 6, 14))
        transaction.action_post()
        first, second = transaction.batch_id.line_ids.sorted("id")
        self.assertPromise(first, 6, 4)
        self.assertPromise(second, 0, 10)
        self.assertEqual(
            transaction.result_text,
            "$ 20.00 promised to 2 accounts. $ 6.00 of it paid invoices.".replace(
                "$ ", "$\N{NO-BREAK SPACE}"
            ),
        )

    def test_parts_are_not_what_the_user_has_posted_last(self):
        transaction = self._create_transaction(10)
        transaction.action_post()
        invoice = self.env["account.move"].with_user(self.clerk)
        invoice.create(self._prepare_invoice_vals(self.account, 6)).action_post()
        draws = transaction.batch_id.line_ids.draw_ids.batch_id
        self.assertEqual(draws.create_uid, self.clerk)
        again = TransactionAgain(self._create_transaction(10))
        self.assertEqual(again.find_batch(), transaction.batch_id)
        # Nor do lists count both.
        given = transaction.batch_id
        for one, part in ((given, draws), (given.line_ids, draws.line_ids)):
            name = one._name.replace(".", "_")
            action = self.env.ref(f"account_credit_posting.{name}_action")
            shown = self.env[one._name].search(literal_eval(action.domain))
            self.assertIn(one, shown)
            self.assertNotIn(part, shown)

    def test_billing_page_lists_them_apart(self):
        line = self._promise(10, expiry_date=fields.Date.to_date("2024-06-30"))
        self._create_invoice(self.account, 6)
        account = self.account.with_user(self.accountant)
        self.assertEqual(account.promised_credit_line_ids, line)
        self.assertFalse(account.open_credit_line_ids)
        self.assertEqual(account.account_credit_balance, 0)
        with freeze_time("2024-07-01"):
            self.env.invalidate_all()
            self.assertFalse(account.promised_credit_line_ids)

    def test_export_says_what_is_used(self):
        line = self._promise(10)
        self._create_invoice(self.account, 6)
        row = CreditResults()._get_row(line)
        self.assertEqual(row[4:7], [10, 6, 4])

    def test_batch_opens_the_entries_of_the_parts(self):
        line = self._promise(10)
        self._create_invoice(self.account, 6)
        action = line.batch_id.with_user(self.accountant).action_view_moves()
        moves = self.env["account.move"].search(action["domain"])
        self.assertEqual(moves, line.draw_ids.move_id)

    def test_item_says_when_it_is_booked(self):
        view = "account_credit_posting.product_credit_item_view_form"
        items = self.env["product.product"].with_user(self.manager)
        items = items.with_context(default_is_credit_item=True)
        with Form(items, view) as form:
            form.name = "Spring"
            form.credit_booking = "used"
        item = form.record
        self.assertTrue(item.is_credit_item)
        batch = self._create_batch(credit_item_id=item.id)
        self.assertEqual(batch.credit_booking, "used")

    def test_dialog_says_what_is_taken_back(self):
        line = self._promise(10).with_user(self.manager)
        invoice = self._create_invoice(self.account, 6)
        reversals = self.env["account.credit.correction.reverse"]
        prepared = reversals._prepare(line.sudo(), "all")
        self.assertCountEqual(
            [(item.account, item.amount) for item in prepared["items"]],
            [(self.receivable, 6), (self.credit_account, -6)],
        )
        self.assertEqual(
            [name for name, *_rest in prepared["invoices"]], [invoice.name]
        )
        self.assertEqual(reversals._prepare(line.sudo(), "unused")["items"], [])

    def test_trash_takes_back_what_is_unused(self):
        line = self._promise(10).with_user(self.manager)
        self._create_invoice(self.account, 6)
        action = line.with_context(change="delete").action_change()
        dialog = self.env[action["res_model"]].with_user(self.manager)
        form = Form(dialog.with_context(**action["context"]))
        form.mode = "unused"
        self.assertFalse(form.error)
        form.reason = "Over"
        form.save().action_confirm()
        self.assertPromise(line.sudo(), 6, 0)

    def test_reminder_of_what_expires(self):
        self.company.expiry_reminder_days = 14
        line = self._promise(10, expiry_date=fields.Date.to_date("2024-03-30"))
        used = self._promise(
            10, self.accounts[1], expiry_date=fields.Date.to_date("2024-03-30")
        )
        self._create_invoice(self.accounts[1], 50)
        mails = self.env["account.billing.mail"]
        mails._begin_reminders(self.company)
        found = mails.search([("kind", "=", "expiry")])
        self.assertEqual(found.partner_id, self.account)
        self.assertEqual(found._get_expiring_lines(), line)
        self.assertEqual(used.amount_open, 0)


@tagged("post_install", "-at_install")
class TestPromisedCreditPortal(PortalInvoiceCommon):
    """What the customer sees and does."""

    def test_customer_sees_and_uses_it(self):
        promotion = self._create_credit_item("10 off", credit_booking="used")
        line = self._post_line(
            10,
            credit_item_id=promotion.id,
            expiry_date=fields.Date.to_date("2099-12-31"),
        )
        page = self._read(self._see("/my/credits"))
        for text in ("10 off", "12/31/2099", line.batch_id.name):
            self.assertIn(text, page)
        form = {f"use_p{line.id}": "6"}
        self._login(self.payer)
        review = self.url_open(self.url, params=form)
        self.assertEqual(review.status_code, 200)
        self.assertIn("10 off", review.text)
        self._send(self.url, **form)
        self.env.invalidate_all()
        self.assertEqual(self.invoice.amount_residual, 94)
        self.assertEqual((line.amount_applied, line.amount_open), (6, 4))
        self.assertEqual(line.draw_ids.application_ids.origin, "customer")
        # No more than is left, and not by a stranger.
        self._send(self.url, **form)
        self._send(self.url, self.stranger, **{f"use_p{line.id}": "4"})
        self.env.invalidate_all()
        self.assertEqual(line.amount_open, 4)
        page = self._read(self._see("/my/credits"))
        self.assertIn(self.invoice.name, page)
