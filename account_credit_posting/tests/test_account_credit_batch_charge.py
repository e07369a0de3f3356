from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountCreditBatchCharge(AccountCreditCommon):
    """An invoice for each account, and a credit beside it that pays it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.tax_account = cls.company_data["default_account_tax_sale"]
        cls.tuition = cls.env["product.product"].create(
            {"name": "Tuition", "taxes_id": [], "list_price": 999}
        )

    def _create_charge_batch(self, amounts, **vals):
        """Create a draft batch.

        :param amounts: ``{account: (invoiced, credited)}``
        """
        return self.batches.create(
            {
                "charge_item_id": self.tuition.id,
                "credit_item_id": self.item.id,
                "date": fields.Date.to_date("2024-03-15"),
                "line_ids": [
                    Command.create(
                        {
                            "partner_id": account.id,
                            "charge_amount": charge,
                            "amount": credit,
                        }
                    )
                    for account, (charge, credit) in amounts.items()
                ],
                **vals,
            }
        )

    def _post(self, amounts, **vals):
        batch = self._create_charge_batch(amounts, **vals)
        batch.with_user(self.clerk).action_post()
        return batch

    # -------------------------------------------------------------------------
    # ENTRIES
    # -------------------------------------------------------------------------

    def test_invoice_with_credit(self):
        batch = self._post({self.account: (100, 30)}, public_comment="Spring term")
        line = batch.line_ids
        self.assertEqual((batch.state, line.state), ("done", "posted"), line.error)
        invoice, credit = line.charge_move_id, line.move_id
        self.assertItems(
            invoice, [(self.receivable, 100, 100), (self.revenue, -100, -100)]
        )
        self.assertItems(
            credit, [(self.credit_account, 30, 30), (self.receivable, -30, -30)]
        )
        self.assertEqual(invoice.move_type, "out_invoice")
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(invoice.invoice_line_ids.name, "Tuition\nSpring term")
        self.assertEqual(invoice.amount_residual, 70)
        self.assertEqual(credit.amount_residual, 0)
        application = credit.used_application_ids
        self.assertEqual(application.invoice_id, invoice)
        self.assertEqual(application.rule, "named")
        self.assertEqual(batch.charge_total, 100)
        self.assertEqual(batch.amount_total, 30)

    def test_invoice_alone(self):
        batch = self._post({self.account: (100, 0)}, credit_item_id=False)
        line = batch.line_ids
        self.assertEqual((batch.state, line.state), ("done", "posted"), line.error)
        self.assertFalse(line.move_id)
        self.assertEqual(line.charge_move_id.amount_residual, 100)
        self.assertEqual(batch.amount_total, 0)

    def test_some_with_and_some_without_a_credit(self):
        batch = self._post({self.accounts[0]: (100, 30), self.accounts[1]: (50, 0)})
        self.assertEqual(batch.state, "done")
        self.assertEqual(
            batch.line_ids.charge_move_id.mapped("amount_residual"), [70, 50]
        )
        self.assertEqual(len(batch.line_ids.move_id), 1)

    def test_own_credit_comes_before_older_ones(self):
        older = self._post_line(80)
        line = self._post({self.account: (100, 30)}).line_ids
        self.assertEqual(line.move_id.amount_residual, 0)
        self.assertEqual(line.charge_move_id.amount_residual, 0)
        self.assertEqual(older.move_id.amount_residual, 10)

    def test_older_credit_pays_an_invoice_alone(self):
        older = self._post_line(80)
        line = self._post({self.account: (100, 0)}, credit_item_id=False).line_ids
        self.assertEqual(line.charge_move_id.amount_residual, 20)
        self.assertEqual(older.move_id.amount_residual, 0)

    def test_credit_pays_its_invoice_whatever_the_policy(self):
        self.company.credit_application_policy = "manual"
        older = self._post_line(80)
        line = self._post({self.account: (100, 30)}).line_ids
        self.assertEqual(line.charge_move_id.amount_residual, 70)
        self.assertEqual(older.move_id.amount_residual, 80)

    def test_rest_of_the_credit_stays_on_the_account(self):
        line = self._post({self.account: (100, 130)}).line_ids
        self.assertEqual(line.charge_move_id.payment_state, "paid")
        self.assertEqual(line.move_id.amount_residual, 30)

    def test_taxed_item(self):
        self.tuition.taxes_id = self.company_data["default_tax_sale"]
        line = self._post({self.account: (100, 30)}).line_ids
        self.assertItems(
            line.charge_move_id,
            [
                (self.receivable, 115, 115),
                (self.revenue, -100, -100),
                (self.tax_account, -15, -15),
            ],
        )
        self.assertEqual(line.charge_move_id.amount_residual, 85)

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        batch = self._create_charge_batch({self.account: (100, 30)})
        batch.line_ids.currency_id = currency
        batch.action_post()
        line = batch.line_ids
        self.assertItems(
            line.charge_move_id,
            [(self.receivable, 50, 100), (self.revenue, -50, -100)],
        )
        self.assertEqual(line.charge_move_id.amount_residual, 70)
        self.assertEqual(batch.charge_total, 50)

    def test_due_date_and_terms(self):
        due = fields.Date.to_date("2024-04-30")
        line = self._post({self.account: (100, 0)}, invoice_date_due=due).line_ids
        self.assertEqual(line.charge_move_id.invoice_date_due, due)
        terms = self.env.ref("account.account_payment_term_30days")
        line = self._post(
            {self.account: (100, 0)}, invoice_payment_term_id=terms.id
        ).line_ids
        self.assertEqual(
            line.charge_move_id.invoice_date_due, fields.Date.to_date("2024-04-14")
        )

    def test_two_hundred_accounts(self):
        accounts = self.env["res.partner"].create(
            [{"name": f"Household {number}"} for number in range(200)]
        )
        batch = self._post(dict.fromkeys(accounts, (100, 25)))
        lines = batch.line_ids
        self.assertEqual(batch.state, "done")
        self.assertEqual(len(lines.charge_move_id), 200)
        self.assertEqual(len(lines.move_id), 200)
        for line in lines:
            self.assertEqual(
                line.move_id.used_application_ids.invoice_id, line.charge_move_id
            )
            self.assertEqual(line.charge_move_id.partner_id, line.partner_id)
            self.assertEqual(line.charge_move_id.amount_residual, 75)

    # -------------------------------------------------------------------------
    # ALL OR NOTHING
    # -------------------------------------------------------------------------

    def test_line_whose_credit_is_refused_gets_no_invoice(self):
        # README says: "an account gets both documents or neither."
        bad, good = self.accounts[:2]

        def refuse(moves, *_args, **_kwargs):
            if any(m.move_type == "out_refund" and m.partner_id == bad for m in moves):
                raise UserError(self.env._("No credit for this one"))
            return post(moves, *_args, **_kwargs)

        post = self.env.registry["account.move"]._post
        self.patch(self.env.registry["account.move"], "_post", refuse)
        batch = self._post({bad: (100, 30), good: (100, 30)})
        failed, posted = batch.line_ids
        self.assertEqual(batch.state, "partial")
        self.assertEqual((failed.state, posted.state), ("failed", "posted"))
        self.assertIn("No credit for this one", failed.error)
        self.assertFalse(failed.charge_move_id)
        self.assertFalse(failed.invoice_id)
        self.assertFalse(self.env["account.move"].search([("partner_id", "=", bad.id)]))

    def test_second_click_posts_nothing(self):
        batch = self._post({self.account: (100, 30)})
        batch.action_post()
        batch.action_retry()
        self.assertEqual(
            self.env["account.move"].search_count(
                [("partner_id", "=", self.account.id)]
            ),
            2,
        )

    def test_amounts_are_checked(self):
        batch = self._post(
            {
                self.accounts[0]: (0, 30),
                self.accounts[1]: (-1, 0),
                self.accounts[2]: (100, -1),
                self.accounts[3]: (100, 0),
            }
        )
        self.assertEqual(
            batch.line_ids.mapped("state"), ["failed", "failed", "failed", "posted"]
        )

    def test_locked_date(self):
        self.company.fiscalyear_lock_date = fields.Date.to_date("2024-12-31")
        batch = self._post({self.account: (100, 30)})
        self.assertEqual(batch.line_ids.state, "failed")
        self.assertIn("locked", batch.line_ids.error)
        self.assertFalse(batch.line_ids.charge_move_id)

    def test_credit_without_an_item(self):
        batch = self._post({self.account: (100, 30)}, credit_item_id=False)
        self.assertEqual(batch.line_ids.state, "failed")
        self.assertIn("Choose a credit item", batch.line_ids.error)

    def test_items_that_cannot_be_invoiced(self):
        with self.assertRaisesRegex(UserError, "cannot be invoiced"):
            self._post({self.account: (100, 30)}, charge_item_id=self.item.id)

    def test_no_entry_for_many_accounts(self):
        with self.assertRaisesRegex(UserError, "credit notes"):
            self._post({self.account: (100, 30)}, document_form="entry")

    def test_results_are_written_by_posting_alone(self):
        batch = self._post({self.account: (100, 30)})
        other = self._create_invoice(self.account, 10)
        with self.assertRaises(AccessError):
            batch.line_ids.with_user(self.manager).charge_move_id = other
        with self.assertRaises(UserError):
            batch.with_user(self.manager).charge_item_id = self.tuition.copy()
        with self.assertRaises(UserError):
            batch.line_ids.with_user(self.manager).charge_amount = 1

    def test_reader_may_not_post(self):
        batch = self._create_charge_batch({self.account: (100, 30)})
        with self.assertRaises(AccessError):
            batch.with_user(self.accountant).action_post()

    def test_credits_above_the_limit_wait_with_their_invoices(self):
        self.company.credit_approval_amount = 100
        # What is charged is no gift: it does not count.
        self.assertEqual(self._post({self.account: (500, 100)}).state, "done")
        batch = self._post({self.account: (500, 101)})
        self.assertEqual((batch.state, batch.posted_count), ("to_approve", 0))
        self.assertFalse(batch.line_ids.charge_move_id)
        batch.with_user(self.manager).action_approve()
        self.assertEqual((batch.state, batch.posted_count), ("done", 1))
        self.assertEqual(batch.line_ids.charge_move_id.amount_residual, 399)

    def test_own_invoice_counts_before_the_cap(self):
        self.company.credit_open_cap = 20
        batch = self._post({self.accounts[0]: (100, 100), self.accounts[1]: (50, 80)})
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])
        self.assertFalse(batch.line_ids[1].charge_move_id)

    def test_reversal_takes_back_the_credit(self):
        batch = self._post({self.accounts[0]: (100, 30), self.accounts[1]: (50, 0)})
        batch.with_user(self.manager).action_reverse()
        self.assertEqual(batch.line_ids.mapped("state"), ["reversed", "posted"])
        self.assertEqual(
            batch.line_ids.charge_move_id.mapped("amount_residual"), [100, 50]
        )
