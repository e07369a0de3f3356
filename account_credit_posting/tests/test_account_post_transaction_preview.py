from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common_application import AccountCreditApplicationCommon


class PreviewMixin:
    """Create transactions at their set-up, and compare preview and result."""

    def _create_transaction(self, amounts, invoices=None, **vals):
        """Create a transaction at its set-up.

        :param amounts: ``{account: amount}``
        :param invoices: ``{account: invoice to pay first}``
        """
        invoices = invoices or {}
        return self.env["account.post.transaction"].create(
            {
                "step": "setup",
                "company_id": self.company.id,
                "credit_item_id": self.item.id,
                "date": fields.Date.to_date("2024-03-15"),
                "line_ids": [
                    Command.create(
                        {
                            "partner_id": account.id,
                            "amount": amount,
                            "invoice_id": invoices.get(account, account).id
                            if account in invoices
                            else False,
                        }
                    )
                    for account, amount in amounts.items()
                ],
                **vals,
            }
        )

    def assertPreviewHolds(self, transaction):
        """Post, and assert that the ledger says what the preview said."""
        preview = transaction.preview
        transaction.action_post()
        lines = {line.partner_id.id: line for line in transaction.batch_id.line_ids}
        self.assertEqual(
            [row["account_id"] for row in preview["accounts"]], list(lines)
        )
        for row in preview["accounts"]:
            line = lines[row["account_id"]]
            self.assertEqual(row["skipped"], line.error)
            self.assertEqual(row["currency_id"], line.currency_id.id)
            if row["skipped"]:
                self.assertFalse(row["pays"])
                continue
            self.assertAlmostEqual(row["credit"], line.move_id.amount_total)
            self.assertAlmostEqual(row["left"], line.move_id.amount_residual)
            applied = line.move_id.used_application_ids.filtered("partial_id")
            self.assertEqual(
                [(pay["invoice_id"], pay["amount"]) for pay in row["pays"]],
                [(item.invoice_id.id, item.amount) for item in applied.sorted("id")],
            )
            self.assertEqual(
                bool(row["blocked"]), bool(line.move_id.account_credit_error)
            )
        items = transaction.batch_id.line_ids.move_id.line_ids
        self.assertCountEqual(
            [
                (row["account_id"], row["debit"], row["credit"])
                for row in preview["entry"]
            ],
            [
                (
                    account.id,
                    self.company.currency_id.round(
                        max(sum(lines.mapped("balance")), 0)
                    ),
                    self.company.currency_id.round(
                        max(-sum(lines.mapped("balance")), 0)
                    ),
                )
                for account, lines in items.grouped("account_id").items()
            ],
        )
        return preview


@tagged("post_install", "-at_install")
class TestPreview(PreviewMixin, AccountCreditApplicationCommon):
    """What the preview says is what posting does, to the cent."""

    def test_plain(self):
        first, second, nothing = self.accounts[:3]
        overdue = self._create_invoice(first, 100, invoice_date_due="2024-02-20")
        later = self._create_invoice(first, 100, invoice_date_due="2024-04-20")
        self._create_invoice(second, 500)
        transaction = self._create_transaction({first: 150, second: 20, nothing: 5})
        preview = self.assertPreviewHolds(transaction)
        self.assertEqual(
            preview["accounts"][0]["pays"],
            [
                {
                    "invoice_id": overdue.id,
                    "name": overdue.name,
                    "date_due": "2024-02-20",
                    "amount": 100,
                },
                {
                    "invoice_id": later.id,
                    "name": later.name,
                    "date_due": "2024-04-20",
                    "amount": 50,
                },
            ],
        )
        self.assertEqual(
            preview["totals"],
            [
                {
                    "currency_id": self.company.currency_id.id,
                    "charge": 0,
                    "credit": 175,
                    "pays": 170,
                    "left": 5,
                }
            ],
        )
        self.assertEqual((preview["posted_count"], preview["skipped_count"]), (3, 0))

    def test_nothing_is_posted_by_it(self):
        self._create_invoice(self.account, 100)
        counts = [
            self.env[model].search_count([])
            for model in ("account.move", "account.credit.batch", "account.credit.line")
        ]
        transaction = self._create_transaction({self.account: 10})
        self.assertTrue(transaction.preview)
        self.env.flush_all()
        self.assertEqual(
            counts,
            [
                self.env[model].search_count([])
                for model in (
                    "account.move",
                    "account.credit.batch",
                    "account.credit.line",
                )
            ],
        )

    def test_skipped_account(self):
        self._create_invoice(self.account, 100)
        transaction = self._create_transaction({self.account: 10, self.accounts[1]: 10})
        self.account.active = False
        transaction.invalidate_recordset(["preview"])
        preview = self.assertPreviewHolds(transaction)
        self.assertEqual((preview["posted_count"], preview["skipped_count"]), (1, 1))

    def test_locked_date(self):
        self.company.fiscalyear_lock_date = "2024-03-31"
        transaction = self._create_transaction({self.account: 10})
        preview = self.assertPreviewHolds(transaction)
        self.assertEqual(preview["entry"], [])

    def test_named_invoice_and_older_credit(self):
        self.company.credit_application_policy = "manual"
        self._post_line(30)
        overdue = self._create_invoice(self.account, 100, invoice_date_due="2024-02-20")
        named = self._create_invoice(self.account, 100, invoice_date_due="2024-04-20")
        for policy in ("manual", "due", "posted"):
            self.company.credit_application_policy = policy
            preview = self.assertPreviewHolds(
                self._create_transaction({self.account: 40}, {self.account: named})
            )
            self.assertEqual(preview["accounts"][0]["pays"][0]["invoice_id"], named.id)
        self.assertTrue(overdue.account_credit_amount)

    def test_what_expires_pays_before_older_credits(self):
        for account, expiry, paid in (
            (self.accounts[0], False, [10]),
            (self.accounts[1], "2099-12-31", [30]),
        ):
            self.company.credit_application_policy = "manual"
            self._post_line(30, account=account)
            self._create_invoice(account, 40, invoice_date_due="2024-02-20")
            self.company.credit_application_policy = "posted"
            preview = self.assertPreviewHolds(
                self._create_transaction({account: 30}, expiry_date=expiry)
            )
            [row] = preview["accounts"]
            self.assertEqual([pay["amount"] for pay in row["pays"]], paid)
            self.assertEqual([pay["amount"] for pay in row["also"]], [40 - paid[0]])

    def test_taxes_on_top_and_included(self):
        tax = self.company_data["default_tax_sale"].copy({"name": "Seven", "amount": 7})
        for price_include in ("tax_excluded", "tax_included"):
            tax.price_include_override = price_include
            item = self._create_credit_item(
                price_include, taxes_id=[Command.set(tax.ids)]
            )
            self._create_invoice(self.account, 8)
            self.assertPreviewHolds(
                self._create_transaction(
                    {self.account: 9.99, self.accounts[1]: 0.07},
                    credit_item_id=item.id,
                )
            )

    def test_foreign_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        self.env["res.currency.rate"].create(
            {
                "name": "2024-01-01",
                "currency_id": euro.id,
                "company_id": self.company.id,
                "rate": 0.83,
            }
        )
        invoice = self._create_invoice(self.account, 100, currency_id=euro.id)
        self._create_invoice(self.account, 50)
        preview = self.assertPreviewHolds(
            self._create_transaction({self.account: 33.33}, {self.account: invoice})
        )
        self.assertEqual(preview["accounts"][0]["currency_id"], euro.id)

    def test_other_receivable_account(self):
        self._create_invoice(self.account, 30)
        self.account.property_account_receivable_id = self.receivable.copy()
        preview = self.assertPreviewHolds(self._create_transaction({self.account: 10}))
        self.assertTrue(preview["accounts"][0]["blocked"])

    def test_only_at_the_set_up(self):
        transaction = self._create_transaction({self.account: 10}, step="amounts")
        self.assertFalse(transaction.preview)
        transaction.write({"step": "setup", "credit_item_id": False})
        self.assertFalse(transaction.preview)

    def test_clerk_sees_own_only(self):
        plain_clerk = self._create_user(
            "plain", "account_credit_posting.group_credit_user"
        )
        invoice = self._create_invoice(self.account, 30)
        transaction = self._create_transaction({self.account: 10})
        with self.assertRaises(AccessError):
            transaction.with_user(plain_clerk).read(["preview"])
        own = (
            transaction.with_user(plain_clerk)
            .sudo()
            .copy(
                {
                    "step": "setup",
                    "line_ids": [
                        Command.create({"partner_id": self.account.id, "amount": 4})
                    ],
                }
            )
        )
        self.assertEqual(own.create_uid, plain_clerk)
        self.env.invalidate_all()
        preview = own.sudo(False).preview
        self.assertEqual(preview["accounts"][0]["pays"][0]["invoice_id"], invoice.id)

    def test_nothing_of_another_company(self):
        other = self.setup_other_company()["company"]
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        with self.assertRaises(AccessError):
            transactions.create({"company_id": other.id})
        transaction = transactions.create({"step": "setup"})
        with self.assertRaises(AccessError):
            transaction.company_id = other
        transaction.sudo().write(
            {
                "company_id": other.id,
                "credit_item_id": self.item.id,
                "line_ids": [Command.create({"partner_id": self.account.id})],
            }
        )
        self.assertFalse(transaction.preview)

    def test_queries_do_not_grow_with_accounts(self):
        def count_queries(accounts):
            transaction = self._create_transaction(dict.fromkeys(accounts, 10))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(transaction.preview["posted_count"], len(accounts))
            return self.env.cr.sql_log_count - before

        for account in self.accounts:
            self._create_invoice(account, 30)
        few = count_queries(self.accounts[:2])
        self.assertLess(count_queries(self.accounts) - few, 4)


@tagged("post_install", "-at_install")
class TestUnusual(PreviewMixin, AccountCreditApplicationCommon):
    """A credit far above what the account owes and usually gets is worth a look."""

    def _get_limits(self, amounts, **vals):
        """Return what is usual for the accounts of a new transaction."""
        return self._create_transaction(amounts, **vals).line_ids.mapped("usual_limit")

    def _get_unusual(self, transaction):
        return [bool(row["unusual"]) for row in transaction.preview["accounts"]]

    def test_nothing_to_compare_with(self):
        transaction = self._create_transaction({self.account: 1250})
        self.assertEqual(transaction.line_ids.usual_limit, 0)
        self.assertEqual(self._get_unusual(transaction), [False])

    def test_what_is_owed(self):
        self._create_invoice(self.account, 40)
        self.assertEqual(self._get_limits({self.account: 10}), [120])
        for amount, is_unusual in ((120, False), (120.01, True)):
            transaction = self._create_transaction({self.account: amount})
            self.assertEqual(self._get_unusual(transaction), [is_unusual])

    def test_what_the_account_usually_gets_and_others(self):
        self.company.credit_application_policy = "manual"
        today = fields.Date.today()
        self._post_line(50, account=self.accounts[0], date=today)
        self._post_line(10, account=self.accounts[1], date=today)
        # Too long ago, and taken back: neither is usual.
        self._post_line(900, account=self.accounts[1])
        taken_back = self._post_line(900, account=self.accounts[1], date=today)
        taken_back.action_reverse(reason="A slip")
        self._create_invoice(self.accounts[1], 15)
        self.assertEqual(
            self._get_limits(dict.fromkeys(self.accounts[:3], 10)), [150, 45, 90]
        )

    def test_in_the_currency_of_the_account(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2)])
        self.account.property_account_receivable_id = self.receivable.copy(
            {"currency_id": euro.id}
        )
        self._create_invoice(self.accounts[1], 40)
        self._post_line(10, account=self.accounts[1], date=fields.Date.today())
        # Three times ten dollars on average, in euro: the account has nothing itself.
        transaction = self._create_transaction({self.account: 60.01})
        self.assertEqual(transaction.line_ids.currency_id, euro)
        self.assertEqual(transaction.line_ids.usual_limit, 60)
        self.assertEqual(self._get_unusual(transaction), [True])

    def test_of_an_invoice_the_credit_beside_it_counts(self):
        tuition = self.env["product.product"].create({"name": "Tuition"})
        self._create_invoice(self.account, 40)
        for credit, is_unusual in ((30, False), (500, True)):
            transaction = self._create_transaction(
                {self.account: 1000},
                transaction_type="invoice",
                charge_item_id=tuition.id,
                is_credit_posted=True,
            )
            transaction.line_ids.credit_amount = credit
            self.assertEqual(self._get_unusual(transaction), [is_unusual])

    def test_clerk_is_told_without_seeing_the_ledger(self):
        self._create_invoice(self.account, 40)
        transactions = self.env["account.post.transaction"].with_user(
            self._create_user("poster", "account_credit_posting.group_credit_user")
        )
        action = transactions._get_open_action(partners=self.account)
        transaction = transactions.browse(action["res_id"])
        self.assertEqual(transaction.line_ids.usual_limit, 120)
