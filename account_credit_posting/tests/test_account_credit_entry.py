from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountCreditEntry(AccountCreditCommon):
    """What a posted credit is in the ledger, to the last journal item."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax_account = cls.company_data["default_account_tax_sale"]
        cls.tax = cls.env["account.tax"].create(
            {"name": "10% on top", "amount": 10, "company_id": cls.company.id}
        )
        cls.tax_included = cls.tax.copy(
            {"name": "10% included", "price_include_override": "tax_included"}
        )
        for tax in cls.tax + cls.tax_included:
            tax.refund_repartition_line_ids.filtered(
                lambda part: part.repartition_type == "tax"
            ).account_id = cls.tax_account

    def test_untaxed_credit_debits_item_and_credits_receivable(self):
        move = self._post_line(10).move_id
        self.assertItems(
            move,
            [(self.credit_account, 10.0, 10.0), (self.receivable, -10.0, -10.0)],
        )
        self.assertRecordValues(
            move,
            [
                {
                    "journal_id": self.journal.id,
                    "amount_total": 10,
                    "amount_residual": 10,
                }
            ],
        )

    def test_credit_is_due_at_once_whatever_the_payment_term(self):
        self.account.property_payment_term_id = self.pay_terms_b
        move = self._post_line(10).move_id
        self.assertItems(
            move,
            [(self.credit_account, 10.0, 10.0), (self.receivable, -10.0, -10.0)],
        )
        self.assertEqual(move.invoice_date_due, move.date)

    def test_item_with_own_ledger_account_debits_it(self):
        own = self.copy_account(self.company_data["default_account_revenue"])
        self.item.property_account_income_id = own
        move = self._post_line(10).move_id
        self.assertItems(move, [(own, 10.0, 10.0), (self.receivable, -10.0, -10.0)])

    def test_tax_on_top_is_lowered_besides_the_amount(self):
        self.item.taxes_id = self.tax
        move = self._post_line(100).move_id
        self.assertItems(
            move,
            [
                (self.credit_account, 100.0, 100.0),
                (self.tax_account, 10.0, 10.0),
                (self.receivable, -110.0, -110.0),
            ],
        )

    def test_included_tax_is_lowered_within_the_amount(self):
        self.item.taxes_id = self.tax_included
        move = self._post_line(110).move_id
        self.assertItems(
            move,
            [
                (self.credit_account, 100.0, 100.0),
                (self.tax_account, 10.0, 10.0),
                (self.receivable, -110.0, -110.0),
            ],
        )

    def test_default_tax_of_the_ledger_account_does_not_apply(self):
        self.credit_account.tax_ids = self.tax
        move = self._post_line(100).move_id
        self.assertItems(
            move,
            [(self.credit_account, 100.0, 100.0), (self.receivable, -100.0, -100.0)],
        )

    def test_fiscal_position_maps_accounts(self):
        other_income = self.copy_account(self.credit_account)
        other_receivable = self.copy_account(self.receivable)
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create(
                        {"account_src_id": source.id, "account_dest_id": target.id}
                    )
                    for source, target in (
                        (self.credit_account, other_income),
                        (self.receivable, other_receivable),
                    )
                ],
            }
        )
        self.account.property_account_position_id = position
        move = self._post_line(10).move_id
        self.assertItems(
            move, [(other_income, 10.0, 10.0), (other_receivable, -10.0, -10.0)]
        )
        self.assertEqual(move.fiscal_position_id, position)

    def test_fiscal_position_maps_taxes(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        half = self.tax.copy({"name": "5% abroad", "amount": 5})
        half.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.tax.ids)],
            }
        )
        self.item.taxes_id = self.tax
        self.account.property_account_position_id = position
        move = self._post_line(100).move_id
        self.assertItems(
            move,
            [
                (self.credit_account, 100.0, 100.0),
                (self.tax_account, 5.0, 5.0),
                (self.receivable, -105.0, -105.0),
            ],
        )

    def _post_in_currency(self, currency, amount):
        batch = self._create_batch()
        batch.line_ids.write({"currency_id": currency.id, "amount": amount})
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "posted", batch.line_ids.error)
        self.assertLedgerSound(batch)
        return batch.line_ids.move_id

    def test_foreign_currency_is_converted_at_the_rate_of_the_date(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 3.0), ("2024-04-01", 2.0)]
        )
        move = self._post_in_currency(euro, 100)
        # 100 / 3, rounded to the cent of the company.
        self.assertItems(
            move,
            [(self.credit_account, 33.33, 100.0), (self.receivable, -33.33, -100.0)],
        )

    def test_currency_without_decimals(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150.0)])
        self.assertEqual(yen.decimal_places, 0)
        move = self._post_in_currency(yen, 1000)
        self.assertItems(
            move,
            [(self.credit_account, 6.67, 1000.0), (self.receivable, -6.67, -1000.0)],
        )

    def test_currency_with_three_decimals(self):
        dinar = self.setup_other_currency(
            "KWD", rates=[("2024-01-01", 0.3)], rounding=0.001
        )
        self.assertEqual(dinar.decimal_places, 3)
        move = self._post_in_currency(dinar, 10.005)
        self.assertItems(
            move,
            [(self.credit_account, 33.35, 10.005), (self.receivable, -33.35, -10.005)],
        )

    def _create_mandatory_plan(self, name="Studio", **vals):
        """Create a plan that invoices have to distribute, and return an account."""
        plan = self.env["account.analytic.plan"].create(
            {
                "name": name,
                "applicability_ids": [
                    Command.create(
                        {
                            "business_domain": "invoice",
                            "applicability": "mandatory",
                            **vals,
                        }
                    )
                ],
            }
        )
        return self.env["account.analytic.account"].create(
            {"name": "East", "plan_id": plan.id}
        )

    def test_mandatory_analytic_plan_is_asked_for(self):
        """In each form, whoever posts, and over the API, too."""
        east = self._create_mandatory_plan()
        api = self.batches.with_user(self.clerk)
        lines = [{"account_id": self.account.id, "amount": "10"}]
        [line] = api.post_credits(self.item.id, lines)["lines"]
        self.assertEqual(line["state"], "failed")
        self.assertIn(
            "Goodwill needs an analytic distribution of 100 % in Studio. Choose one",
            line["error"],
        )
        for document_form in ("credit_note", "entry"):
            for distribution, state in (
                (False, "failed"),
                ({str(east.id): 60}, "failed"),
                ({str(east.id): 100}, "posted"),
            ):
                batch = self._create_batch(
                    document_form=document_form, analytic_distribution=distribution
                )
                batch.with_user(self.clerk).action_post()
                self.assertEqual(batch.line_ids.state, state)
                self.assertLedgerSound(batch)
        self.assertEqual(
            batch.line_ids.debit_line_id.analytic_distribution, {str(east.id): 100}
        )

    def test_mandatory_analytic_plan_is_found_by_the_models_of_odoo(self):
        east = self._create_mandatory_plan()
        model = self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.account.id,
                "analytic_distribution": {str(east.id): 100},
            }
        )
        amounts = dict.fromkeys(self.accounts[:2], 10)
        batch = self._create_batch(amounts)
        batch.action_post()
        found, missing = batch.line_ids
        self.assertEqual(missing.state, "failed")
        self.assertIn("Studio", missing.error)
        self.assertEqual(found.state, "posted", found.error)
        items = found.move_id.line_ids.filtered("analytic_distribution")
        self.assertEqual(items.account_id, self.credit_account)
        # What an entry for many debits is of no account.
        batch = self._create_batch(amounts, document_form="entry")
        batch.action_post()
        self.assertEqual(batch.line_ids.mapped("state"), ["failed"] * 2)
        model.write({"partner_id": False, "product_id": self.item.id})
        batch.action_retry()
        self.assertEqual(batch.line_ids.mapped("state"), ["posted"] * 2)
        items = batch.line_ids.move_id.line_ids.filtered("analytic_distribution")
        self.assertEqual(items, batch.line_ids.debit_line_id)

    def test_plan_that_is_mandatory_elsewhere_is_not_asked_for(self):
        other = self.setup_other_company()["company"]
        self._create_mandatory_plan(company_id=other.id)
        self._create_mandatory_plan("Bills", business_domain="bill")
        self._create_mandatory_plan("Taxes", account_prefix="999")
        self._post_line(10)

    def test_mandatory_analytic_plan_of_the_invoice_beside_a_credit(self):
        tuition = self.env["product.product"].create(
            {
                "name": "Tuition",
                "taxes_id": False,
                "categ_id": self.env["product.category"].create({"name": "Lessons"}).id,
            }
        )
        east = self._create_mandatory_plan(product_categ_id=tuition.categ_id.id)
        line_vals = {"partner_id": self.account.id, "amount": 10, "charge_amount": 50}
        for distribution, state in ((False, "failed"), ({str(east.id): 100}, "posted")):
            batch = self._create_batch(
                charge_item_id=tuition.id,
                line_ids=[Command.create(line_vals)],
                analytic_distribution=distribution,
            )
            batch.action_post()
            self.assertEqual(batch.line_ids.state, state, batch.line_ids.error)

    def test_analytic_distribution_is_posted(self):
        plan = self.env["account.analytic.plan"].create({"name": "Studio"})
        east, west = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("East", "West")]
        )
        distribution = {str(east.id): 60, str(west.id): 40}
        move = self._post_line(10, analytic_distribution=distribution).move_id
        item_line = move.invoice_line_ids
        self.assertEqual(item_line.analytic_distribution, distribution)
        self.assertRecordValues(
            item_line.analytic_line_ids.sorted("amount"),
            [{"amount": -6.0}, {"amount": -4.0}],
        )

    def test_comments_public_on_the_document_private_nowhere(self):
        move = self._post_line(
            10, public_comment="The snow day", private_comment="Father called angrily"
        ).move_id
        self.assertEqual(move.invoice_line_ids.name, "Goodwill\nThe snow day")
        texts = [str(value) for value in move.sudo().read()[0].values()]
        texts += [
            str(value) for line in move.line_ids for value in line.read()[0].values()
        ]
        texts += move.message_ids.mapped("body")
        self.assertFalse([text for text in texts if "Father" in text])

    def test_second_company_posts_in_its_own_ledger(self):
        other = self.setup_other_company()["company"]
        batch = self.batches.with_company(other).create(
            {
                "company_id": other.id,
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": 10})
                ],
            }
        )
        batch.action_post()
        self.assertLedgerSound(batch)
        move = batch.line_ids.move_id
        receivable = self.account.with_company(other).property_account_receivable_id
        self.assertEqual(move.journal_id.company_id, other)
        self.assertNotEqual(other._get_credit_account(), self.credit_account)
        self.assertRecordValues(
            move.line_ids.with_company(other).sorted("balance"),
            [
                {"account_id": receivable.id, "balance": -10},
                {"account_id": other._get_credit_account().id, "balance": 10},
            ],
        )

    def test_branch_posts_with_the_accounts_of_its_company(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        # Odoo gives a branch its chart of accounts when the transaction ends.
        self.env.cr.precommit.run()
        self.env.user.company_ids += branch
        batch = self.batches.with_context(allowed_company_ids=branch.ids).create(
            {
                "company_id": branch.id,
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": 10})
                ],
            }
        )
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "posted", batch.line_ids.error)
        self.assertLedgerSound(batch)
        move = batch.line_ids.move_id
        self.assertEqual(move.journal_id, self.journal)
        self.assertItems(
            move.with_company(self.company),
            [(self.credit_account, 10.0, 10.0), (self.receivable, -10.0, -10.0)],
        )

    def test_numbers_are_one_block_in_line_order(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        batch.action_post()
        self.assertEqual(
            batch.line_ids.sorted("id").move_id.mapped("name"),
            [f"{self.journal.code}/2024/{number:05}" for number in range(1, 11)],
        )
        self.assertFalse(any(batch.line_ids.move_id.mapped("made_sequence_gap")))

    def test_sales_journal_can_be_the_credit_journal(self):
        sales = self.company_data["default_journal_sale"]
        self.company.credit_journal_id = sales
        move = self._post_line(10).move_id
        self.assertEqual(move.journal_id, sales)
        self.assertTrue(move.name.startswith(f"R{sales.code}/2024/"))

    def test_untaxed_entry_equals_the_one_odoo_derives(self):
        """The entry given complete differs in nothing from the one Odoo computes."""
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.7)])
        self.accounts[1].property_account_position_id = self.fiscal_pos_a
        for account, currency in (
            (self.account, self.company.currency_id),
            (self.account, euro),
            (self.accounts[1], euro),
        ):
            entries = []
            for is_taxed in (False, True):
                # An item that counts as taxed is left to Odoo, whatever its taxes.
                with patch.object(
                    type(self.env["account.credit.form.note"]),
                    "_is_taxed",
                    lambda form, company, item, answer=is_taxed: answer,
                ):
                    entries.append(self._post_for(account, currency))
            given, derived = entries
            self.assertEqual(given, derived)

    def _post_for(self, account, currency):
        """Post 12.34 and return all values of the entry but ids and numbers."""
        batch = self._create_batch({account: 12.34}, public_comment="Sorry")
        batch.line_ids.currency_id = currency
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "posted", batch.line_ids.error)
        move = batch.line_ids.move_id
        ignored = {
            "account.move": {
                *("id", "name", "credit_line_id", "invoice_origin", "line_ids"),
                *("display_name", "sequence_number", "invoice_line_ids"),
                *("create_date", "write_date", "message_ids", "access_token"),
                *("payment_reference", "highest_name", "journal_line_ids"),
            },
            "account.move.line": {
                *("id", "move_id", "move_name", "display_name", "parent_id"),
                *("create_date", "write_date", "name", "cumulated_balance"),
                "credit_line_ids",
                *("term_key", "epd_key", "epd_needed", "discount_allocation_key"),
            },
        }
        result = []
        for record in (move, *move.line_ids.sorted("balance")):
            stored = [
                name
                for name, field in record._fields.items()
                if field.store and name not in ignored[record._name]
            ]
            result.append(record.read(stored, load=None)[0] | {"id": None})
        return result
