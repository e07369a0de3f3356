from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command, Domain
from odoo.tests import tagged

from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common import AccountCreditCommon

LISTED = "odoo.addons.account_credit_posting.const.LISTED"

ROWS = {"fields": {"partner_id": {}, "amount": {}}, "limit": 2}


@tagged("post_install", "-at_install")
class TestAccountPostTransactionMany(AccountCreditCommon):
    """Many accounts: by one statement, as each of them alone; few in the browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.transactions = cls.env["account.post.transaction"].with_user(cls.clerk)
        cls.euro = cls.setup_other_currency("EUR", rates=[("2024-01-01", 2)])
        cls.abroad = cls.accounts[1]
        cls.abroad.property_account_receivable_id = cls.receivable.copy(
            {"currency_id": cls.euro.id}
        )

    def _prepare(self, accounts, amount=10):
        """Return a transaction at its set-up, complete."""
        action = self.transactions._get_open_action(partners=accounts)
        transaction = self.transactions.browse(action["res_id"])
        transaction.step = "amounts"
        transaction.amount_for_all = amount
        transaction.action_set_all()
        transaction.step = "setup"
        transaction.date = fields.Date.to_date("2024-03-15")
        transaction.credit_item_id = self.item
        return transaction

    # -------------------------------------------------------------------------
    # STATEMENTS
    # -------------------------------------------------------------------------

    def test_lines_are_as_if_each_was_created_alone(self):
        many = self._prepare(self.accounts[:3])
        alone = self.env["account.post.transaction"].create({})
        alone.line_ids = [
            Command.create({"partner_id": account.id}) for account in self.accounts[:3]
        ]
        names = ["partner_id", "contact_id", "invoice_id", "currency_id"]
        self.assertEqual(
            [line.read(names, load=None)[0] | {"id": 0} for line in many.line_ids],
            [line.read(names, load=None)[0] | {"id": 0} for line in alone.line_ids],
        )
        self.assertEqual(many.create_uid, self.clerk)

    def test_credit_lines_are_as_if_each_was_created_alone(self):
        transaction = self._prepare(self.accounts[:3])
        many = self.env["account.credit.batch"].create(
            transaction._prepare_batch_vals()
        )
        TransactionLines(transaction).transfer(many)
        alone = self._create_batch(
            dict.fromkeys(self.accounts[:3], 10), public_comment=False
        )
        names = [
            name
            for name, field in alone.line_ids._fields.items()
            if field.store and name not in ("id", "batch_id", *models_log_columns())
        ]
        self.assertIn("amount_company", names)
        self.assertEqual(
            [line.read(names, load=None)[0] | {"id": 0} for line in many.line_ids],
            [line.read(names, load=None)[0] | {"id": 0} for line in alone.line_ids],
        )
        self.assertEqual(many.line_ids.mapped("amount_company"), [10, 5, 10])
        self.assertEqual(many.amount_total, 25)
        self.assertEqual(many.line_count, 3)

    def test_posts_in_the_currency_of_each_account(self):
        transaction = self._prepare(self.accounts[:2])
        transaction.action_post()
        lines = transaction.batch_id.line_ids
        self.assertEqual(lines.mapped("state"), ["posted", "posted"])
        self.assertItems(
            lines[0].move_id,
            [(self.credit_account, 10, 10), (self.receivable, -10, -10)],
        )
        self.assertItems(
            lines[1].move_id,
            [
                (self.credit_account, 5, 10),
                (self.abroad.property_account_receivable_id, -5, -10),
            ],
        )
        self.assertLedgerSound(transaction.batch_id)

    def test_set_all_rounds_in_each_currency(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 100)])
        self.accounts[2].property_account_receivable_id = self.receivable.copy(
            {"currency_id": yen.id}
        )
        transaction = self._prepare(self.accounts[:3], amount=10.456)
        self.assertEqual(transaction.line_ids.mapped("amount"), [10.46, 10.46, 10])

    def test_other_classification_gives_the_accounts_its_currencies(self):
        other = self._create_company_in_euro()
        invoice = self._create_invoice(self.accounts[2], 30)
        transaction = self._prepare(self.accounts[:3])
        transaction.line_ids[2].invoice_id = invoice
        self.clerk.company_ids += other
        transaction.with_company(other).company_id = other
        self.assertEqual(
            transaction.line_ids.mapped(lambda line: line.currency_id.name),
            ["EUR", "EUR", "USD"],
        )

    def _create_company_in_euro(self):
        return self._create_company(name="Academy", currency_id=self.euro.id)

    def test_lists_of_accounts_show_as_many(self):
        # Odoo takes the limit of the last one for all lists of a field.
        view = self.transactions.get_view(view_type="form")
        lists = etree.fromstring(view["arch"]).xpath("//field[@name='line_ids']/*")
        self.assertEqual(len(lists), 4)
        self.assertEqual({shown.get("limit") for shown in lists}, {"80"})

    def test_filled_accounts_are_counted(self):
        transaction = self._prepare(self.accounts[:3], amount=0)
        self.assertEqual(transaction.filled_text, "0 of 3 filled")
        first, second, _third = transaction.line_ids
        first.amount = 5
        self.assertEqual(transaction.filled_text, "1 of 3 filled")
        values = {
            "line_ids": [
                Command.update(second.id, {"amount": 7}),
                Command.delete(first.id),
            ]
        }
        answer = transaction.onchange(
            values, ["line_ids"], {"line_ids": {}, "filled_text": {}}
        )
        self.assertEqual(answer["value"]["filled_text"], "1 of 2 filled")

    def test_clear_all(self):
        transaction = self._prepare(self.accounts)
        transaction.step = "accounts"
        transaction.action_clear()
        self.assertFalse(transaction.line_ids)
        self.assertEqual(transaction.line_count, 0)

    def test_statements_ask_for_the_right(self):
        transaction = self._prepare(self.accounts)
        thief = self._create_user("thief", "account.group_account_invoice")
        for change in (
            lambda lines: TransactionLines(lines).set_amounts(1000),
            lambda lines: TransactionLines(lines).delete(),
            lambda lines: TransactionLines(lines).update_currencies(),
            lambda lines: TransactionLines(lines).insert([(self.accounts[9].id, 1)]),
            lambda lines: lines._find_lines(Domain.TRUE),
            lambda lines: lines.action_import(),
            lambda lines: lines.action_view_lines(),
        ):
            with self.assertRaises(AccessError):
                change(transaction.with_user(thief))
        self.assertEqual(set(transaction.line_ids.mapped("amount")), {10.0})

    # -------------------------------------------------------------------------
    # LONG LISTS
    # -------------------------------------------------------------------------

    def test_form_gets_the_first_rows_those_without_an_amount_first(self):
        transaction = self._prepare(self.accounts)
        transaction.line_ids[8].amount = 0
        [values] = transaction.web_read({"line_ids": ROWS, "step": {}})
        ids = [row["id"] for row in values["line_ids"]]
        self.assertEqual(ids, transaction.line_ids.ids)
        with patch(LISTED, 4):
            [values] = transaction.web_read({"line_ids": ROWS, "step": {}})
        lines = transaction.line_ids
        self.assertEqual(
            values["line_ids"],
            [
                {"id": lines[8].id, "partner_id": self.accounts[8].id, "amount": 0},
                {"id": lines[0].id, "partner_id": self.account.id, "amount": 10},
                # Beyond the page.
                {"id": lines[1].id},
                {"id": lines[2].id},
            ],
        )
        self.assertEqual(values["step"], "setup")

    def test_form_gets_the_rows_in_the_order_it_asks_for(self):
        transaction = self._prepare(self.accounts)
        with patch(LISTED, 4):
            [values] = transaction.web_read({"line_ids": ROWS | {"order": "id desc"}})
        self.assertEqual(
            [row["id"] for row in values["line_ids"]],
            transaction.line_ids.ids[:5:-1],
        )

    def test_result_gets_those_that_failed_first(self):
        self.accounts[7].active = False
        transaction = self._prepare(self.accounts - self.accounts[7])
        self.accounts[5].active = False
        transaction.action_post()
        for record, name in (
            (transaction, "batch_line_ids"),
            (transaction.batch_id, "line_ids"),
        ):
            with patch(LISTED, 3):
                [values] = record.web_read({name: {"fields": {"state": {}}}})
            self.assertEqual(
                [row["state"] for row in values[name]], ["failed", "posted", "posted"]
            )

    def test_transaction_without_a_batch_has_no_results(self):
        transaction = self._prepare(self.accounts)
        [values] = transaction.web_read({"batch_line_ids": ROWS})
        self.assertEqual(values["batch_line_ids"], [])

    def test_lists_show_all(self):
        transaction = self._prepare(self.accounts)
        action = transaction.action_view_lines()
        lines = self.env[action["res_model"]].with_user(self.clerk)
        self.assertEqual(lines.search(action["domain"]), transaction.line_ids)
        transaction.action_post()
        action = transaction.batch_id.action_view_lines()
        lines = self.env[action["res_model"]].with_user(self.clerk)
        self.assertEqual(lines.search(action["domain"]), transaction.batch_id.line_ids)

    def test_preview_is_of_the_first_accounts_and_says_so(self):
        transaction = self._prepare(self.accounts)
        self.assertIs(transaction.preview["sample"], False)
        transaction.invalidate_recordset()
        with patch(
            "odoo.addons.account_credit_posting.const.PREVIEWED",
            3,
        ):
            self.assertEqual(transaction.preview["sample"], 3)
        self.assertEqual(transaction.preview["posted_count"], 3)


def models_log_columns():
    """Return the columns that say who wrote a row, and when."""
    return ("create_uid", "create_date", "write_uid", "write_date")
