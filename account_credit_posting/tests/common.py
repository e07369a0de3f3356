from unittest.mock import patch
from zlib import crc32

from odoo import fields
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.models.assetsbundle import AssetsBundle
from odoo.addons.base.tests.common import BaseCommon

from ..models.proof.credit_checks import CREDIT_CHECKS
from ..models.proof.stored_value_checks import STORED_VALUE_CHECKS
from . import kept_set_up


class AccountCreditCommon(AccountTestInvoicingCommon):
    """A company with a chart, ten accounts, credit items and one user per right.

    Made by each class, unless the database keeps it (:mod:`.kept_set_up`).
    """

    #: Checks of the ledger that do not hold after these tests, by their codes.
    not_proven = ()
    #: What :meth:`setup_other_company` returned when the set-up was made to be kept.
    kept_other_company = None

    @classmethod
    def setUpClass(cls):
        kept = kept_set_up.read()
        if kept:
            # What comes after it in the order of classes opens the transaction.
            super(BaseCommon, cls).setUpClass()
            kept_set_up.take(cls, kept)
        else:
            super().setUpClass()
            cls._set_up_credits()
        # What tests roll back leaves pages that PostgreSQL has counted as empty: for a
        # table that it believes to have one row, it joins 200 invoices and their
        # payments (``_compute_reconciled_payment_ids``) by minutes of nested loops.
        cls.env.cr.execute("SET LOCAL enable_nestloop = off")
        for kind in ("js", "css"):
            build = kept_set_up.build_once(kind)
            cls.startClassPatcher(patch.object(AssetsBundle, kind, build))
        cls.batches = cls.env["account.credit.batch"]
        cls.runs = cls.env["account.credit.run"]

    @classmethod
    def _set_up_credits(cls):
        cls.company = cls.env.company
        # What a new database begins with: tests name their own.
        cls.env["product.product"].search(
            [("is_credit_item", "=", True)]
        ).active = False
        cls.receivable = cls.company_data["default_account_receivable"]
        cls.credit_account = cls.company._get_credit_account()
        cls.journal = cls.company._get_credit_journal()
        cls.accounts = cls.env["res.partner"].create(
            [{"name": f"Family {number}"} for number in range(10)]
        )
        cls.account = cls.accounts[0]
        cls.item = cls._create_credit_item("Goodwill")
        cls.clerk = cls._create_user("clerk", "account.group_account_invoice")
        cls.manager = cls._create_user("manager", "account.group_account_manager")
        cls.accountant = cls._create_user("reader", "account.group_account_readonly")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.assertTiesOut)

    @classmethod
    def setup_other_company(cls, **kwargs):
        """Return the data of a second company, which is kept as the first one is."""
        kept = cls.kept_other_company
        if not kept:
            return super().setup_other_company(**kwargs)
        if kwargs or kept["company"] in cls.env.user.company_ids:
            return super().setup_other_company(**{"name": "company_3", **kwargs})
        cls.env.user.company_ids += kept["company"]
        return kept

    @classmethod
    def _create_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login=f"credit_{login}",
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _create_credit_item(cls, name, **vals):
        return cls.env["product.product"].create(
            {"name": name, "is_credit_item": True, **vals}
        )

    @classmethod
    def _create_batch(cls, amounts=None, **vals):
        """Create a draft batch.

        :param amounts: ``{account: amount}``; 10.00 for the first account by default
        """
        amounts = amounts or {cls.account: 10}
        return cls.batches.create(
            {
                "credit_item_id": cls.item.id,
                "date": fields.Date.to_date("2024-03-15"),
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": amount})
                    for account, amount in amounts.items()
                ],
                **vals,
            }
        )

    @classmethod
    def _create_cash_rounding(cls, **vals):
        """Create a rounding to five cents by a line of its own."""
        return cls.env["account.cash.rounding"].create(
            {
                "name": "Five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": cls.company_data["default_account_revenue"].id,
                "loss_account_id": cls.company_data["default_account_expense"].id,
                **vals,
            }
        )

    @classmethod
    def _create_invoice(cls, account, amount, **vals):
        """Post an untaxed invoice."""
        invoice = cls.env["account.move"].create(
            {**cls._prepare_invoice_vals(account, amount), **vals}
        )
        invoice.action_post()
        return invoice

    @classmethod
    def _prepare_invoice_vals(cls, account, amount, tax_ids=()):
        """Prepare an invoice of one line."""
        return {
            "move_type": "out_invoice",
            "partner_id": account.id,
            "invoice_date": "2024-03-01",
            "invoice_line_ids": [
                Command.create(
                    {"name": "Tuition", "price_unit": amount, "tax_ids": tax_ids}
                )
            ],
        }

    @classmethod
    def _create_payment(cls, amount, account=None, **vals):
        """Post a payment of an account that no invoice takes."""
        payment = cls.env["account.payment"].create(
            {
                "partner_id": (account or cls.account).id,
                "amount": amount,
                "date": "2024-03-05",
                "journal_id": cls.company_data["default_journal_bank"].id,
                **vals,
            }
        )
        payment.action_post()
        return payment

    def _post_line(self, amount=10, account=None, **vals):
        """Post a batch with one line and return that line."""
        batch = self._create_batch({account or self.account: amount}, **vals)
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "posted", batch.line_ids.error)
        self.assertLedgerSound(batch)
        return batch.line_ids

    def assertItems(self, move, expected):
        """Assert all journal items of an entry.

        :param expected: ``[(account, balance, amount in currency)]``, debit positive,
            in any order
        """
        self.assertCountEqual(
            [
                (line.account_id.code, line.balance, line.amount_currency)
                for line in move.line_ids
            ],
            [(account.code, *amounts) for account, *amounts in expected],
        )

    def assertLedgerSound(self, batch):
        """Assert what holds for every batch, whatever became of its lines."""
        self.assertCommittable()
        batch.invalidate_recordset()
        pending = batch.line_ids.filtered(lambda line: line.state == "pending")
        self.assertEqual(
            len(pending)
            + batch.posted_count
            + batch.failed_count
            + batch.reversed_count,
            len(batch.line_ids),
        )
        for line in batch.line_ids:
            move = line.move_id
            is_posted = line.state in ("posted", "reversed")
            self.assertEqual(bool(move) or line.is_promised, is_posted)
            self.assertEqual(bool(line.error), line.state == "failed")
            if not move:
                continue
            if batch.document_form == "entry":
                self.assertItemSound(line)
                continue
            self.assertRecordValues(
                move,
                [
                    {
                        "state": "posted",
                        "move_type": "out_refund",
                        "credit_line_id": line.id,
                        "commercial_partner_id": line.partner_id.id,
                        "currency_id": line.currency_id.id,
                        "company_id": batch.company_id.id,
                        "date": batch.date,
                        "invoice_date": batch.date,
                        "invoice_origin": batch.name,
                    }
                ],
            )
            company_currency = batch.company_id.currency_id
            self.assertTrue(
                company_currency.is_zero(sum(move.line_ids.mapped("balance")))
            )
            self.assertEqual(move.line_ids.partner_id, line.partner_id)
        linked = self.env["account.move"].search(
            [
                "|",
                ("credit_line_id", "in", batch.line_ids.ids),
                ("credit_batch_id", "=", batch.id),
            ]
        )
        self.assertEqual(set(linked), set(batch.line_ids.move_id))
        for entry in linked.filtered("credit_batch_id"):
            self.assertEntrySound(entry)

    def assertItemSound(self, line):
        """Assert the receivable item of a line within an entry for many accounts."""
        batch = line.batch_id
        self.assertRecordValues(
            line.move_line_id,
            [
                {
                    "move_id": line.move_id.id,
                    "partner_id": line.partner_id.id,
                    "currency_id": line.currency_id.id,
                    "amount_currency": -line.amount,
                    "date_maturity": batch.date,
                    "account_type": "asset_receivable",
                    "credit_line_ids": line.ids,
                }
            ],
        )
        self.assertEqual(line.debit_line_id.move_id, line.move_id)
        self.assertEqual(line.debit_line_id.currency_id, line.currency_id)

    def assertEntrySound(self, entry):
        """Assert an entry for many accounts: each item is that of its credit lines."""
        batch = entry.credit_batch_id
        lines = batch.line_ids.filtered(lambda line: line.move_id == entry)
        self.assertRecordValues(
            entry,
            [
                {
                    "state": "posted",
                    "move_type": "entry",
                    "credit_line_id": False,
                    "company_id": batch.company_id.id,
                    "date": batch.date,
                    "ref": batch.name,
                }
            ],
        )
        self.assertEqual(entry.journal_id.type, "general")
        self.assertEqual(entry.line_ids, lines.move_line_id | lines.debit_line_id)
        company_currency = batch.company_id.currency_id
        self.assertTrue(company_currency.is_zero(sum(entry.line_ids.mapped("balance"))))
        for debit, of_debit in lines.grouped("debit_line_id").items():
            for name, currency in (
                ("balance", company_currency),
                ("amount_currency", debit.currency_id),
            ):
                credited = sum(of_debit.move_line_id.mapped(name))
                self.assertEqual(currency.compare_amounts(debit[name], -credited), 0)

    def assertShows(self, shown, *texts):
        """Assert that texts are shown, in plain text or HTML; all spaces are spaces.

        :param shown: what the user sees
        """
        shown = str(shown).replace("&nbsp;", " ").replace("\N{NO-BREAK SPACE}", " ")
        for text in texts:
            self.assertIn(text, shown)

    def assertCommittable(self):
        """Assert that the database would let this transaction end."""
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")

    def assertTiesOut(self):
        """Assert that what is proven of the ledger holds, at the end of every test."""
        self.assertCommittable()
        unbooked = self.env["account.credit.proof"]._get_unbooked_query()
        for check in (*CREDIT_CHECKS, *STORED_VALUE_CHECKS):
            if check.code in self.not_proven:
                continue
            self._execute_prepared(check.get_failed_query(unbooked))
            self.assertEqual(self.env.cr.fetchall(), [], check.code)

    def _execute_prepared(self, query):
        """Execute a query that PostgreSQL plans once for all tests of a connection.

        To plan the checks takes ten times as long as to find that all is sound.
        """
        cr = self.env.cr
        name = f"check_{crc32(query.encode())}"
        cr.execute("SELECT 1 FROM pg_prepared_statements WHERE name = %s", [name])
        if not cr.fetchone():
            cr.execute(SQL("PREPARE %s AS %s", SQL.identifier(name), SQL(query)))
        cr.execute(SQL("EXECUTE %s", SQL.identifier(name)))
