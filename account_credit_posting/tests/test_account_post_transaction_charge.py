from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountPostTransactionCharge(AccountCreditCommon):
    """The type Invoice of Post Transaction, with the box Post Credit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.transactions = cls.env["account.post.transaction"].with_user(cls.clerk)
        cls.tuition = cls.env["product.product"].create(
            {"name": "Tuition", "taxes_id": []}
        )

    def _begin(self, partners):
        """Return a transaction of the type Invoice where its amounts are asked for."""
        action = self.transactions._get_open_action(partners=partners)
        transaction = self.transactions.browse(action["res_id"])
        transaction.transaction_type = "invoice"
        transaction.action_next()
        transaction.action_next()
        return transaction

    def _prepare(self, amounts):
        """Return a transaction of the type Invoice at its set-up.

        :param amounts: ``{account: amount of the invoice}``
        """
        transaction = self._begin(self.env["res.partner"].union(*amounts))
        transaction.charge_item_id = self.tuition
        for line in transaction.line_ids:
            line.amount = amounts[line.partner_id]
        transaction.action_next()
        return transaction

    def test_invoice_with_credit(self):
        transaction = self._prepare({self.accounts[0]: 100, self.accounts[1]: 200})
        with Form(transaction) as form:
            form.is_credit_posted = True
            form.credit_item_id = self.item
            form.credit_amount_for_all = 30
        transaction.action_set_all_credits()
        transaction.line_ids[1].credit_amount = 40
        self.assertIn("70", transaction.credit_total)
        preview = transaction.preview
        self.assertTrue(preview["has_charges"])
        self.assertEqual(
            [
                (row["charge"], row["credit"], row["left"])
                for row in preview["accounts"]
            ],
            [(100, 30, 0), (200, 40, 0)],
        )
        self.assertEqual(
            [[pay["amount"] for pay in row["pays"]] for row in preview["accounts"]],
            [[30], [40]],
        )
        transaction.action_post()
        lines = transaction.batch_id.line_ids
        self.assertEqual(lines.mapped("state"), ["posted", "posted"])
        self.assertEqual(lines.mapped("charge_amount"), [100, 200])
        self.assertEqual(lines.mapped("amount"), [30, 40])
        self.assertEqual(lines.charge_move_id.mapped("amount_residual"), [70, 160])
        self.assertIn("300", transaction.result_text)
        self.assertIn("70", transaction.result_text)

    def _type_credit(self, amount):
        """Return a transaction whose credit for all was typed, and not set."""
        transaction = self._prepare({self.accounts[0]: 100, self.accounts[1]: 200})
        transaction.write(
            {
                "charge_item_id": self.tuition.id,
                "is_credit_posted": True,
                "credit_item_id": self.item.id,
                "credit_amount_for_all": amount,
            }
        )
        return transaction

    def test_post_takes_the_typed_credit_for_all_as_shown_before(self):
        self.company.credit_approval_amount = 59
        transaction = self._type_credit(30)
        self.assertIn("60", transaction.credit_total)
        self.assertIn("$ 60.00", self._plain(transaction.approval_warning))
        self.assertEqual(
            [row["credit"] for row in transaction.preview["accounts"]], [30, 30]
        )
        self.company.credit_approval_amount = 0
        transaction.action_post()
        lines = transaction.batch_id.line_ids
        self.assertEqual(lines.mapped("state"), ["posted", "posted"])
        self.assertEqual(lines.mapped("amount"), [30, 30])
        self.assertEqual(lines.charge_move_id.mapped("amount_residual"), [70, 170])

    @staticmethod
    def _plain(text):
        return text.replace("\N{NO-BREAK SPACE}", " ")

    def test_post_asks_which_credits_are_meant(self):
        transaction = self._type_credit(30)
        transaction.line_ids[1].credit_amount = 40
        self.assertIn("40", transaction.credit_total)
        self.assertEqual(
            [row["credit"] for row in transaction.preview["accounts"]], [0, 40]
        )
        with self.assertRaisesRegex(
            UserError, "30.00 was entered in Set all credits to but not applied"
        ):
            transaction.action_post()
        self.assertFalse(transaction.batch_id)

    def test_typed_credit_counts_for_nothing_without_the_box(self):
        transaction = self._type_credit(30)
        transaction.is_credit_posted = False
        self.assertEqual(
            [row["credit"] for row in transaction.preview["accounts"]], [0, 0]
        )
        transaction.action_post()
        self.assertEqual(transaction.batch_id.line_ids.mapped("amount"), [0, 0])

    def test_preview_books_what_is_posted(self):
        self.tuition.taxes_id = self.company_data["default_tax_sale"]
        transaction = self._prepare({self.account: 100})
        transaction.write(
            {
                "charge_item_id": self.tuition.id,
                "is_credit_posted": True,
                "credit_item_id": self.item.id,
                "invoice_payment_term_id": self.env.ref(
                    "account.account_payment_term_30days"
                ).id,
            }
        )
        transaction.line_ids.credit_amount = 30
        shown = {
            row["account_id"]: row["debit"] - row["credit"]
            for row in transaction.preview["entry"]
        }
        transaction.action_post()
        line = transaction.batch_id.line_ids
        booked = {}
        for item in (line.charge_move_id + line.move_id).line_ids:
            account = item.account_id.id
            booked[account] = booked.get(account, 0) + item.balance
        self.assertEqual(shown, booked)

    def _create_tax(self, amount, **vals):
        tax = self.company_data["default_tax_sale"]
        number = self.env["account.tax"].search_count([])
        return tax.copy({"name": f"Tax {number}", "amount": amount, **vals})

    def _get_tax_sets(self):
        """Return taxes as they occur: included, on top, on each other, shared."""
        included = {"price_include_override": "tax_included"}
        on_top = {"price_include_override": "tax_excluded"}
        compound = {"include_base_amount": True}
        shared = self._create_tax(20, **included)
        for lines in (
            shared.invoice_repartition_line_ids,
            shared.refund_repartition_line_ids,
        ):
            part = lines.filtered(lambda line: line.repartition_type == "tax")
            part.factor_percent = 33.3
            part.copy({"factor_percent": 66.7, "account_id": self.credit_account.id})
        both = self._create_tax(20, **on_top) + self._create_tax(5.5, **on_top)
        return {
            "included": self._create_tax(20, **included),
            "on top": self._create_tax(20, **on_top),
            "two included": self._create_tax(20, **included)
            + self._create_tax(5.5, **included),
            "two on top": both,
            "on top of each other": self._create_tax(5.5, **on_top, **compound)
            + self._create_tax(20, sequence=9, **on_top),
            "included in each other": self._create_tax(5.5, **included, **compound)
            + self._create_tax(20, sequence=9, **included),
            "fixed, then included": self._create_tax(
                0.35, amount_type="fixed", **included, **compound
            )
            + self._create_tax(20, sequence=9, **included),
            "of what is paid": self._create_tax(20, amount_type="division", **included),
            "group": self._create_tax(
                0, amount_type="group", children_tax_ids=both.ids
            ),
            "shared": shared,
        }

    def _describe(self, vals):
        """Return what counts of a journal item."""
        return (
            vals["account_id"],
            vals["display_type"],
            vals["currency_id"],
            round(vals["amount_currency"], 6),
            round(vals["balance"], 6),
            vals.get("tax_repartition_line_id") or False,
        )

    def assertBookedAsShown(self, items, move):
        """Assert each journal item of an entry: what was shown, and nothing else."""
        booked = [
            {
                "account_id": line.account_id.id,
                "display_type": line.display_type,
                "currency_id": line.currency_id.id,
                "amount_currency": line.amount_currency,
                "balance": line.balance,
                "tax_repartition_line_id": line.tax_repartition_line_id.id,
            }
            for line in move.line_ids
        ]
        self.assertCountEqual(
            map(self._describe, items.all), map(self._describe, booked)
        )
        self.assertAlmostEqual(items.total, move.amount_total)

    def test_items_are_shown_to_the_cent_whatever_the_taxes(self):
        amounts = (13.77, 0.07, 9.99, 21.53, 33.33, 100)
        accounts = self.accounts[: len(amounts)]
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.83)])
        for name, taxes in self._get_tax_sets().items():
            self.tuition.taxes_id = taxes
            item = self._create_credit_item(name, taxes_id=taxes.ids)
            for method in ("round_per_line", "round_globally"):
                self.company.tax_calculation_rounding_method = method
                batch = self.batches.create(
                    {
                        "date": "2024-03-15",
                        "credit_item_id": item.id,
                        "charge_item_id": self.tuition.id,
                        "line_ids": [
                            Command.create(
                                {
                                    "partner_id": account.id,
                                    "amount": amount,
                                    "charge_amount": amount + 1,
                                    "currency_id": currency.id,
                                }
                            )
                            for account, amount in zip(accounts, amounts, strict=True)
                            for currency in (self.company.currency_id, euro)
                        ],
                    }
                )
                lines = batch.line_ids
                form = lines._get_form()
                credits, charges = form._get_items(lines), form._get_charges(lines)
                batch.action_post()
                for line in lines:
                    with self.subTest(
                        taxes=name,
                        method=method,
                        amount=line.amount,
                        currency=line.currency_id.name,
                    ):
                        self.assertEqual(line.state, "posted", line.error)
                        self.assertBookedAsShown(credits[line], line.move_id)
                        self.assertBookedAsShown(charges[line], line.charge_move_id)

    def test_older_credits_in_the_preview(self):
        self._post_line(50)
        transaction = self._prepare({self.account: 100})
        transaction.charge_item_id = self.tuition
        [row] = transaction.preview["accounts"]
        self.assertEqual([other["amount"] for other in row["also"]], [50])
        self.assertEqual(row["credit"], 0)

    def test_expiry_date_is_of_the_credits(self):
        expiry = fields.Date.to_date("2099-06-30")
        for is_credit_posted in (True, False):
            transaction = self._type_credit(30)
            transaction.write(
                {"is_credit_posted": is_credit_posted, "expiry_date": expiry}
            )
            transaction.action_post()
            batch, expected = transaction.batch_id, is_credit_posted and expiry
            self.assertEqual((batch.state, batch.expiry_date), ("done", expected))

    def test_box_not_ticked_posts_no_credit(self):
        transaction = self._prepare({self.account: 100})
        transaction.charge_item_id = self.tuition
        transaction.credit_item_id = self.item
        transaction.line_ids.credit_amount = 30
        transaction.action_post()
        line = transaction.batch_id.line_ids
        self.assertEqual(line.state, "posted", line.error)
        self.assertFalse(line.move_id)
        self.assertFalse(transaction.batch_id.credit_item_id)
        self.assertEqual(line.charge_move_id.amount_residual, 100)

    def test_what_is_missing_is_said_and_nothing_lost(self):
        transaction = self._begin(self.account)
        transaction.line_ids.amount = 100
        for action in (transaction.action_next, transaction.action_post):
            with self.assertRaisesRegex(UserError, "Choose an item"):
                action()
        self.assertEqual(transaction.step, "amounts")
        transaction.charge_item_id = self.tuition
        transaction.action_next()
        transaction.is_credit_posted = True
        with self.assertRaisesRegex(UserError, "amount for the credits"):
            transaction.action_post()
        transaction.line_ids.credit_amount = 30
        with self.assertRaisesRegex(UserError, "Choose a credit item"):
            transaction.action_post()
        transaction.credit_item_id = self.item
        transaction.line_ids.credit_amount = -1
        with self.assertRaisesRegex(UserError, "below zero"):
            transaction.action_post()
        transaction.line_ids.credit_amount = 30
        transaction.invoice_date_due = "2020-01-01"
        with self.assertRaisesRegex(UserError, "due date"):
            transaction.action_post()
        transaction.invoice_date_due = False
        self.assertEqual(transaction.line_ids.amount, 100)
        transaction.action_post()
        self.assertEqual(transaction.batch_id.state, "done")

    # -------------------------------------------------------------------------
    # THE PRICE OF THE ITEM
    # -------------------------------------------------------------------------

    def _get_amounts(self, transaction):
        return transaction.line_ids.sorted("id").mapped("amount")

    def test_price_of_the_item_is_proposed(self):
        self.tuition.lst_price = 120
        transaction = self._begin(self.accounts[:3])
        transaction.line_ids[1].amount = 45
        with Form(transaction) as form:
            form.charge_item_id = self.tuition
        self.assertEqual(self._get_amounts(transaction), [120, 45, 120])
        self.assertIn("285", transaction.total)
        # Another item, another price; what was typed stays.
        camp = self.env["product.product"].create({"name": "Camp", "lst_price": 80})
        transaction.charge_item_id = camp
        self.assertEqual(self._get_amounts(transaction), [80, 45, 80])
        transaction.charge_item_id = False
        self.assertEqual(self._get_amounts(transaction), [0, 45, 0])
        transaction.charge_item_id = camp
        # The amounts are the clerk's: nothing changes those that are typed.
        transaction.line_ids[0].amount = 7
        transaction.action_next()
        self.assertEqual(self._get_amounts(transaction), [7, 45, 80])
        transaction.action_post()
        lines = transaction.batch_id.line_ids
        self.assertEqual(lines.charge_move_id.mapped("amount_untaxed"), [7, 45, 80])

    def test_accounts_that_are_added_later_have_the_price(self):
        self.tuition.lst_price = 120
        transaction = self._begin(self.accounts[0])
        transaction.charge_item_id = self.tuition
        transaction.action_back()
        transaction.add_partner_id = self.accounts[1]
        self.assertEqual(self._get_amounts(transaction), [120, 0])
        transaction.action_next()
        self.assertEqual(self._get_amounts(transaction), [120, 120])
        transaction.line_ids[1].amount = 0
        transaction.write({"public_comment": "Spring"})
        self.assertEqual(self._get_amounts(transaction), [120, 0])

    def test_price_is_not_left_for_a_credit(self):
        self.tuition.lst_price = 120
        transaction = self._begin(self.accounts[:2])
        transaction.charge_item_id = self.tuition
        transaction.line_ids[1].amount = 45
        transaction.transaction_type = "credit"
        self.assertEqual(self._get_amounts(transaction), [0, 45])
        with self.assertRaisesRegex(UserError, "no amount above zero"):
            transaction.action_next()

    def test_price_is_in_the_currency_of_each_account(self):
        yen = self.setup_other_currency("JPY", rates=[("2016-01-01", 150.0)])
        self.accounts[1].property_account_receivable_id = self.receivable.copy(
            {"currency_id": yen.id}
        )
        self.tuition.lst_price = 12.57
        transaction = self._begin(self.accounts[:2])
        transaction.charge_item_id = self.tuition
        self.assertEqual(self._get_amounts(transaction), [12.57, 1886])

    def test_without_a_price_nothing_is_proposed(self):
        for price in (0, -5):
            self.tuition.lst_price = price
            transaction = self._begin(self.account)
            transaction.charge_item_id = self.tuition
            self.assertEqual(self._get_amounts(transaction), [0])

    def test_who_may_not(self):
        transaction = self._begin(self.account)
        other = self._create_user("other_clerk", "account.group_account_invoice")
        for user in (self.accountant, other):
            with self.assertRaises(AccessError):
                transaction.with_user(user).write({"charge_item_id": self.tuition.id})
        academy = self._create_company(name="Academy")
        foreign = self.env["product.product"].create(
            {"name": "Camp", "company_id": academy.id}
        )
        with self.assertRaises(UserError):
            transaction.write({"charge_item_id": foreign.id})
        self.assertEqual(self._get_amounts(transaction), [0])

    def test_five_thousand_prices_cost_as_many_queries_as_two(self):
        self.tuition.lst_price = 120
        pupils = self.env["res.partner"].create(
            [{"name": f"Pupil {number}"} for number in range(5000)]
        )
        queries = []
        for accounts in (pupils[:2], pupils):
            transaction = self._begin(accounts)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            transaction.charge_item_id = self.tuition
            queries.append(self.env.cr.sql_log_count - start)
            self.assertIn(f"{120 * len(accounts):,}.00", transaction.total)
        self.assertLessEqual(queries[1], queries[0], queries)

    # -------------------------------------------------------------------------
    # THE SAME TOTAL EVERYWHERE
    # -------------------------------------------------------------------------

    def test_result_and_batch_show_the_same_total_and_both_counts(self):
        self.tuition.taxes_id = self.company_data["default_tax_sale"]
        transaction = self._prepare(
            {self.accounts[0]: 100, self.accounts[1]: 200, self.accounts[2]: 50}
        )
        transaction.write({"is_credit_posted": True, "credit_item_id": self.item.id})
        transaction.line_ids[0].credit_amount = 30
        [totals] = transaction.preview["totals"]
        self.assertEqual(totals["charge"], 402.5)
        transaction.action_post()
        batch = transaction.batch_id
        self.assertIn(
            "$ 402.50 invoiced to 3 accounts, $ 350.00 before taxes. "
            "$ 30.00 credited to 1 account.",
            self._plain(transaction.result_text),
        )
        self.assertEqual(batch.line_ids.mapped("charge_total"), [115, 230, 57.5])
        for user in (self.clerk, self.accountant, self.manager):
            seen = batch.with_user(user)
            seen.invalidate_recordset()
            self.assertEqual(seen.charge_total, 402.5)
            self.assertEqual((seen.charge_count, seen.credit_count), (3, 1))
        batch.with_user(self.manager).action_reverse()
        self.assertEqual((batch.charge_count, batch.credit_count), (3, 1))
        self.assertEqual(batch.charge_total, 402.5)

    def test_accounts_that_are_not_invoiced_are_in_no_total(self):
        transaction = self._prepare({self.accounts[0]: 100, self.accounts[1]: 200})
        self.accounts[1].active = False
        transaction.action_post()
        batch = transaction.batch_id
        self.assertEqual((batch.posted_count, batch.failed_count), (1, 1))
        self.assertEqual((batch.charge_count, batch.credit_count), (1, 0))
        self.assertEqual(batch.charge_total, 100)
        self.assertIn(
            "$ 100.00 invoiced to 1 account. 1 account could not be invoiced.",
            self._plain(transaction.result_text),
        )
        self.accounts[1].active = True
        transaction.action_retry()
        self.assertEqual((batch.charge_count, batch.charge_total), (2, 300))
        self.assertEqual(
            self._plain(transaction.result_text), "$ 300.00 invoiced to 2 accounts."
        )
