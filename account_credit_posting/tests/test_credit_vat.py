from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models.vat.invoice_taxes import get_invoiced, get_total, sum_price
from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestCreditVat(AccountCreditCommon):
    """What credits do to VAT: price reductions, and compensations."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax_21 = cls._create_tax(21)
        cls.tax_6 = cls._create_tax(6)
        cls.reduction = cls._create_credit_item(
            "Discount", credit_vat_treatment="price_reduction"
        )

    @classmethod
    def _create_tax(cls, rate, **vals):
        """Create a tax with an account, and a tag for each of its four amounts."""
        country = cls.company.account_fiscal_country_id
        vat_account = cls.company_data["default_account_tax_sale"]
        tags = {
            (document, kind): cls.env["account.account.tag"].create(
                {
                    "name": f"{document} {kind} {rate}",
                    "applicability": "taxes",
                    "country_id": country.id,
                }
            )
            for document in ("invoice", "refund")
            for kind in ("base", "tax")
        }
        return cls.env["account.tax"].create(
            {
                "name": f"{rate}%",
                "amount": rate,
                "type_tax_use": "sale",
                "country_id": country.id,
                **{
                    f"{document}_repartition_line_ids": [
                        Command.create(
                            {
                                "repartition_type": kind,
                                "account_id": kind == "tax" and vat_account.id,
                                "tag_ids": [Command.set(tags[document, kind].ids)],
                            }
                        )
                        for kind in ("base", "tax")
                    ]
                    for document in ("invoice", "refund")
                },
                **vals,
            }
        )

    def _invoice(self, *lines, account=None, **vals):
        """Post an invoice of prices with their taxes."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (account or self.account).id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Tuition",
                            "price_unit": price,
                            "tax_ids": [Command.set(tax.ids)],
                        }
                    )
                    for price, tax in lines
                ],
                **vals,
            }
        )
        invoice.action_post()
        return invoice

    def _credit(self, invoice, amount, *, user=None, **vals):
        """Post a credit that names an invoice."""
        batch = self._create_batch(
            **{
                "credit_item_id": self.reduction.id,
                "line_ids": [
                    Command.create(
                        {
                            "partner_id": invoice.commercial_partner_id.id,
                            "invoice_id": invoice.id,
                            "amount": amount,
                        }
                    )
                ],
                **vals,
            }
        )
        batch.with_user(user or self.clerk).action_post()
        return batch.line_ids

    def assertTagged(self, move, expected):
        """Assert all items of a document: account, balance, in currency, tags."""
        self.assertCommittable()
        self.assertCountEqual(
            [
                (
                    item.account_id.code,
                    item.balance,
                    item.amount_currency,
                    item.tax_tag_ids.mapped("name"),
                )
                for item in move.line_ids
            ],
            [
                (account.code, balance, amount, list(tags))
                for account, balance, amount, *tags in expected
            ],
        )

    @property
    def vat_account(self):
        return self.company_data["default_account_tax_sale"]

    # -------------------------------------------------------------------------
    # PRICE REDUCTION: THE TAXES OF THE INVOICE
    # -------------------------------------------------------------------------

    def test_the_tax_of_the_invoice_goes_down(self):
        """Of a credit of 100, 17.36 are VAT of 21 %."""
        invoice = self._invoice((200, self.tax_21))
        line = self._credit(invoice, 100)
        self.assertEqual(line.state, "posted", line.error)
        self.assertLedgerSound(line.batch_id)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 82.64, 82.64, "refund base 21"),
                (self.vat_account, 17.36, 17.36, "refund tax 21"),
                (self.receivable, -100, -100),
            ],
        )
        self.assertEqual(line.move_id.amount_total, 100)
        self.assertEqual(line.move_id.tax_totals["tax_amount_currency"], 17.36)
        self.assertEqual(invoice.amount_residual, 142)

    def test_each_rate_in_proportion(self):
        invoice = self._invoice(
            (100, self.tax_21), (50, self.tax_6), (26, self.env["account.tax"])
        )
        self.assertEqual(invoice.amount_total, 200)
        line = self._credit(invoice, 50)
        self.assertEqual(line.state, "posted", line.error)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 25, 25, "refund base 21"),
                (self.credit_account, 12.5, 12.5, "refund base 6"),
                (self.credit_account, 6.5, 6.5),
                (self.vat_account, 5.25, 5.25, "refund tax 21"),
                (self.vat_account, 0.75, 0.75, "refund tax 6"),
                (self.receivable, -50, -50),
            ],
        )

    def test_all_of_an_invoice_is_its_mirror(self):
        invoice = self._invoice((33.33, self.tax_21), (0.07, self.tax_6))
        line = self._credit(invoice, invoice.amount_total)
        self.assertEqual(line.state, "posted", line.error)
        self.assertEqual(line.move_id.amount_tax, invoice.amount_tax)
        self.assertEqual(line.move_id.amount_untaxed, invoice.amount_untaxed)
        self.assertEqual(invoice.payment_state, "paid")

    def test_many_lower_the_taxes_as_one(self):
        """Of 12.15, VAT is 2.11; of each fifth of it, it would be 0.42."""
        invoice = self._invoice((100, self.tax_21))
        lines = self._credit(
            invoice,
            2.43,
            line_ids=[
                Command.create(
                    {
                        "partner_id": self.account.id,
                        "invoice_id": invoice.id,
                        "amount": 2.43,
                    }
                )
                for _number in range(3)
            ],
        )
        lines += self._credit(invoice, 2.43) + self._credit(invoice, 2.43)
        self.assertEqual(lines.mapped("state"), ["posted"] * 5, lines.mapped("error"))
        self.assertEqual(
            lines.move_id.mapped("amount_tax"), [0.42, 0.42, 0.43, 0.42, 0.42]
        )
        self.assertEqual(lines.move_id.mapped("amount_total"), [2.43] * 5)
        rest = self._credit(invoice, 108.85)
        notes = (lines + rest).move_id
        self.assertEqual(self._sum(notes, "amount_tax"), 21)
        self.assertEqual(self._sum(notes, "amount_untaxed"), 100)

    def test_cents_of_several_rates(self):
        """No part of a credit is below zero, and all come to the invoice."""
        included = self._create_tax(19, price_include_override="tax_included")
        invoice = self._invoice(
            (0.05, self.tax_21), (0.04, self.tax_6), (0.03, included)
        )
        count = round(invoice.amount_total * 100)
        lines = self.env["account.credit.line"].union(
            *(self._credit(invoice, 0.01) for _number in range(count))
        )
        self.assertEqual(set(lines.mapped("state")), {"posted"}, lines.mapped("error"))
        notes = lines.move_id
        self.assertEqual(set(notes.mapped("amount_total")), {0.01})
        others = self._get_others(notes)
        self.assertFalse(
            others.filtered(lambda item: item.balance < 0).mapped("balance")
        )
        self.assertEqual(invoice.payment_state, "paid")

    def _get_others(self, notes):
        return notes.line_ids.filtered(lambda item: item.display_type != "payment_term")

    def _sum(self, notes, name="amount_tax"):
        return self.company.currency_id.round(sum(notes.mapped(name)))

    def test_taxes_that_prices_include(self):
        included = self._create_tax(19, price_include_override="tax_included")
        line = self._credit(self._invoice((119, included)), 50)
        self.assertEqual(line.state, "posted", line.error)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 42.02, 42.02, "refund base 19"),
                (self.vat_account, 7.98, 7.98, "refund tax 19"),
                (self.receivable, -50, -50),
            ],
        )

    def test_foreign_currency(self):
        """At the rate of the credit's own day: 1 € is 2 USD, and then 4 USD."""
        currency = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.5), ("2024-03-10", 0.25)]
        )
        invoice = self._invoice((200, self.tax_21), currency_id=currency.id)
        line = self._credit(invoice, 100)
        self.assertEqual(line.state, "posted", line.error)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 330.58, 82.64, "refund base 21"),
                (self.vat_account, 69.42, 17.36, "refund tax 21"),
                (self.receivable, -400, -100),
            ],
        )

    def test_without_decimals_and_with_three(self):
        for name, amount, items in (
            ("JPY", 100, (83, 17)),
            ("KWD", 0.1, (0.083, 0.017)),
        ):
            currency = self.env.ref(f"base.{name}")
            currency.active = True
            self.env["res.currency.rate"].create(
                {"name": "2024-01-01", "rate": 1, "currency_id": currency.id}
            )
            invoice = self._invoice((1000, self.tax_21), currency_id=currency.id)
            line = self._credit(invoice, amount)
            self.assertEqual(line.state, "posted", line.error)
            self.assertEqual(
                line.move_id.line_ids.sorted("id").mapped("amount_currency"),
                [*items, -amount],
            )

    def test_without_an_invoice_the_tax_of_the_item(self):
        self.reduction.taxes_id = self.tax_6
        line = self._post_line(100, credit_item_id=self.reduction.id)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 100, 100, "refund base 6"),
                (self.vat_account, 6, 6, "refund tax 6"),
                (self.receivable, -106, -106),
            ],
        )

    def test_taken_off_the_tax_of_the_item(self):
        self.reduction.taxes_id = self.tax_6
        invoice = self._invoice((200, self.tax_21))
        line = self._credit(invoice, 100, use_invoice_taxes=False)
        self.assertEqual(line.state, "posted", line.error)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 100, 100, "refund base 6"),
                (self.vat_account, 6, 6, "refund tax 6"),
                (self.receivable, -106, -106),
            ],
        )

    def test_gift_cards_of_the_invoice_are_left_out(self):
        card = self.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "taxes_id": False}
        )
        invoice = self._invoice(
            (100, self.tax_21),
            invoice_line_ids=[
                Command.create(
                    {
                        "name": "Tuition",
                        "price_unit": 100,
                        "tax_ids": [Command.set(self.tax_21.ids)],
                    }
                ),
                Command.create({"product_id": card.id, "price_unit": 50}),
            ],
        )
        self.assertEqual(invoice.amount_total, 171)
        line = self._credit(invoice, 60.5)
        self.assertEqual(line.move_id.amount_tax, 10.5)
        self.assertIn(
            "A credit of $ 70.00 cannot lower the price",
            self._credit(invoice, 70).error.replace("\N{NO-BREAK SPACE}", " "),
        )

    def test_price_is_what_the_taxes_of_the_invoice_come_to(self):
        """The items of an invoice say what Odoo's tax engine would compute again."""
        included = self._create_tax(
            12, name="12", price_include_override="tax_included"
        )
        none = self.env["account.tax"]
        card = self.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 50}
        )
        for rounding in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = rounding
            invoice = self._invoice(
                (10.05, self.tax_21),
                (10.05, self.tax_21),
                (33.33, self.tax_6),
                (7.77, included),
                (0.01, self.tax_21 | self.tax_6),
                (-5, none),
            )
            with_card = self._invoice((0.03, self.tax_21), (19.99, included))
            with_card.button_draft()
            with_card.invoice_line_ids = [Command.create({"product_id": card.id})]
            with_card.action_post()
            for move in (invoice, with_card):
                with self.subTest(rounding, move=move.name):
                    self.assertTrue(sum_price(move))
                    self.assertAlmostEqual(
                        sum_price(move), get_total(get_invoiced(move)), 6
                    )
            self.assertEqual(sum_price(with_card), with_card.amount_total - 50)

    def test_no_more_than_the_invoice(self):
        invoice = self._invoice((100, self.tax_21))
        self.assertEqual(self._credit(invoice, 100).state, "posted")
        line = self._credit(invoice, 21.01)
        self.assertEqual(line.state, "failed")
        self.assertShows(line.error, "$ 21.00 is left of it")
        line.amount = 21
        line.batch_id.with_user(self.clerk).action_retry()
        self.assertEqual(line.state, "posted", line.error)
        self.assertEqual(invoice.payment_state, "paid")

    def test_locked_tax_date(self):
        invoice = self._invoice((100, self.tax_21))
        self.company.tax_lock_date = "2024-03-31"
        line = self._credit(invoice, 50)
        self.assertShows(line.error, "is locked")

    def test_a_second_click_posts_nothing(self):
        line = self._credit(self._invoice((100, self.tax_21)), 50)
        move = line.move_id
        line.batch_id.with_user(self.clerk).action_post()
        self.assertEqual(line.move_id, move)
        self.assertEqual(move.amount_tax, 8.68)

    def test_stays_as_it_was_decided(self):
        # README says: "What was posted stays as it was decided, also when the item
        # changes."
        line = self._credit(self._invoice((100, self.tax_21)), 50)
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            line.batch_id.use_invoice_taxes = False
        self.reduction.credit_vat_treatment = "compensation"
        self.assertTrue(line.batch_id.use_invoice_taxes)

    def test_many_in_one_entry_have_no_taxes(self):
        # README says: "a credit that lowers them is a credit note, never a part of one
        # entry for many accounts"
        line = self._credit(
            self._invoice((100, self.tax_21)), 50, document_form="entry"
        )
        self.assertIn("taxes need a credit note for each account", line.error)
        batch = line.batch_id
        line = self._credit(
            self._invoice((100, self.env["account.tax"])), 50, document_form="entry"
        )
        self.assertEqual(line.state, "posted", line.error)
        self.assertTagged(
            line.move_id,
            [(self.credit_account, 50, 50), (self.receivable, -50, -50)],
        )
        batch.document_form = "credit_note"
        batch.with_user(self.clerk).action_retry()
        self.assertEqual(batch.line_ids.move_id.amount_tax, 8.68)

    def test_with_and_without_an_invoice_in_one_batch(self):
        invoice = self._invoice((100, self.tax_21))
        batch = self._create_batch(
            credit_item_id=self.reduction.id,
            line_ids=[
                Command.create(
                    {
                        "partner_id": account.id,
                        "invoice_id": invoice.id if account == self.account else False,
                        "amount": 50,
                    }
                )
                for account in self.accounts[:2]
            ],
        )
        batch.with_user(self.clerk).action_post()
        self.assertLedgerSound(batch)
        self.assertEqual(batch.line_ids.move_id.mapped("amount_tax"), [8.68, 0])
        self.assertEqual(batch.line_ids.move_id.mapped("amount_total"), [50, 50])

    # -------------------------------------------------------------------------
    # TAKEN BACK, REPLACED
    # -------------------------------------------------------------------------

    def test_taken_back_the_tax_comes_back(self):
        line = self._credit(self._invoice((200, self.tax_21)), 100)
        line.batch_id.with_user(self.manager).action_reverse("all")
        self.assertEqual(line.state, "reversed", line.reversal_error)
        reversal = line.move_id.reversal_move_ids
        self.assertEqual(
            sorted(reversal.line_ids.mapped("balance")), [-82.64, -17.36, 100]
        )
        self.assertEqual(
            self._credit(line.invoice_id, 242).state, "posted", "all is left again"
        )

    def test_what_is_unused_is_taken_back_in_proportion(self):
        invoice = self._invoice((200, self.tax_21))
        self._create_payment(192)
        payment = self.env["account.payment"].search([], limit=1, order="id desc")
        (payment.move_id + invoice).line_ids.filtered(
            lambda item: item.account_id == self.receivable
        ).reconcile()
        self.assertEqual(invoice.amount_residual, 50)
        line = self._credit(invoice, 100)
        self.assertEqual(line.amount_open, 50)
        line.batch_id.with_user(self.manager).action_reverse("unused")
        entry = line.move_id.reversal_move_ids
        self.assertTagged(
            entry,
            [
                (self.credit_account, -41.32, -41.32, "refund base 21"),
                (self.vat_account, -8.68, -8.68, "refund tax 21"),
                (self.receivable, 50, 50),
            ],
        )
        # 192 of the invoice are left, for which another credit lowers the taxes.
        over = self._credit(invoice, 192.01)
        self.assertShows(over.error, "$ 192.00 is left of it")
        again = self._credit(invoice, 192)
        self.assertEqual((again.state, again.move_id.amount_tax), ("posted", 33.32))

    def test_what_has_expired_is_left_again(self):
        invoice = self._invoice((200, self.tax_21))
        line = self._credit(invoice, 242, expiry_date="2024-06-30")
        self.env["account.credit.correction.expire"]._expire(line.sudo(), None)
        self.assertEqual((line.amount_open, line.state), (0, "posted"))
        [entry] = line.correction_ids.move_id
        self.assertTagged(
            entry,
            [
                (self.credit_account, -200, -200, "refund base 21"),
                (self.vat_account, -42, -42, "refund tax 21"),
                (self.receivable, 242, 242),
            ],
        )
        again = self._credit(invoice, 242)
        self.assertEqual(again.state, "posted", again.error)

    def test_expired_one_is_not_open_again_where_others_lowered_the_price(self):
        invoice = self._invoice((200, self.tax_21))
        line = self._credit(invoice, 242, expiry_date="2024-06-30")
        self.env["account.credit.correction.expire"]._expire(line.sudo(), None)
        self.assertEqual(self._credit(invoice, 0.01).state, "posted")
        with (
            self.assertRaisesRegex(UserError, "charges .*242.00, .* by .*242.01"),
            self.env.cr.savepoint(),
        ):
            line.with_user(self.manager).extend("2099-12-31", "Long illness")
        self.assertEqual((line.amount_open, str(line.expiry_date)), (0, "2024-06-30"))

    def test_replaced_by_one_of_the_same_invoice(self):
        line = self._credit(self._invoice((100, self.tax_21)), 100)
        line.with_user(self.manager).replace(amount=60.5, reason="Too much")
        new = line.replaced_by_id
        self.assertEqual(
            (new.move_id.amount_tax, new.move_id.amount_total), (10.5, 60.5)
        )
        self.assertEqual(new.invoice_id, line.invoice_id)

    # -------------------------------------------------------------------------
    # COMPENSATION, AND ITEMS THAT SAY NOTHING
    # -------------------------------------------------------------------------

    def test_compensation_has_no_taxes(self):
        with self.assertRaisesRegex(ValidationError, "Remove the taxes, or choose"):
            self._create_credit_item(
                "Nuisance",
                credit_vat_treatment="compensation",
                taxes_id=[Command.set(self.tax_21.ids)],
            )
        item = self._create_credit_item("Damage", credit_vat_treatment="compensation")
        with self.assertRaisesRegex(ValidationError, "outside VAT"):
            item.taxes_id = self.tax_21
        with Form(item, "account_credit_posting.product_credit_item_view_form") as form:
            form.credit_vat_treatment = "price_reduction"
            form.taxes_id.add(self.tax_21)
        with Form(item, "account_credit_posting.product_credit_item_view_form") as form:
            form.credit_vat_treatment = "compensation"
        self.assertFalse(item.taxes_id)

    def test_compensation_leaves_vat_alone(self):
        self.credit_account.tax_ids = self.tax_21
        item = self._create_credit_item("Damage", credit_vat_treatment="compensation")
        for form in ("credit_note", "entry"):
            line = self._credit(
                self._invoice((100, self.tax_21)),
                100,
                credit_item_id=item.id,
                document_form=form,
            )
            self.assertEqual(line.state, "posted", line.error)
            self.assertTagged(
                line.move_id,
                [(self.credit_account, 100, 100), (self.receivable, -100, -100)],
            )
        line = self._credit(
            line.invoice_id, 10, credit_item_id=item.id, use_invoice_taxes=True
        )
        self.assertIn("Damage is a compensation and outside VAT", line.error)

    def test_items_that_say_nothing_are_what_their_taxes_say(self):
        self.assertFalse(self.item.credit_vat_treatment)
        invoice = self._invoice((200, self.tax_21))
        line = self._credit(invoice, 10, credit_item_id=self.item.id)
        self.assertTagged(
            line.move_id,
            [(self.credit_account, 10, 10), (self.receivable, -10, -10)],
        )
        self.item.taxes_id = self.tax_6
        line = self._credit(invoice, 10, credit_item_id=self.item.id)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 10, 10, "refund base 6"),
                (self.vat_account, 0.6, 0.6, "refund tax 6"),
                (self.receivable, -10.6, -10.6),
            ],
        )

    # -------------------------------------------------------------------------
    # WHO POSTS
    # -------------------------------------------------------------------------

    def test_a_clerk_uses_what_others_decide(self):
        with self.assertRaises(Exception) as refused:
            self.reduction.with_user(self.clerk).credit_vat_treatment = False
        self.assertEqual(type(refused.exception).__name__, "AccessError")
        answer = self.batches.with_user(self.clerk).post_credits(
            self.reduction.id,
            [
                {
                    "account_id": self.account.id,
                    "amount": "100",
                    "invoice_id": self._invoice((200, self.tax_21)).id,
                }
            ],
            date="2024-03-15",
        )
        [row] = answer["lines"]
        self.assertEqual(row["state"], "posted", row["error"])
        move = self.env["account.move"].browse(row["move_id"])
        self.assertEqual((move.amount_tax, move.amount_total), (17.36, 100))

    def test_who_may_only_post_credits(self):
        poster = self._create_user("poster", "account_credit_posting.group_credit_user")
        line = self._credit(self._invoice((200, self.tax_21)), 100, user=poster)
        self.assertEqual(line.state, "posted", line.error)
        self.assertEqual(line.move_id.amount_tax, 17.36)

    # -------------------------------------------------------------------------
    # WHAT IS SAID BEFORE
    # -------------------------------------------------------------------------

    def _open(self, invoices, item, amount=100, user=None):
        transactions = self.env["account.post.transaction"].with_user(
            user or self.clerk
        )
        action = transactions._get_open_action(invoices=invoices)
        transaction = transactions.browse(action["res_id"])
        transaction.line_ids.amount = amount
        transaction.write(
            {"step": "setup", "credit_item_id": item.id, "date": "2024-03-15"}
        )
        return transaction

    def test_preview_says_what_vat_does(self):
        invoice = self._invoice((100, self.tax_21), (50, self.tax_6))
        damage = self._create_credit_item("Damage", credit_vat_treatment="compensation")
        for item, note, sentence in (
            (
                self.reduction,
                "the amounts include them",
                "VAT goes down by $ 12.07 (21 %) and $ 1.72 (6 %).",
            ),
            (
                damage,
                "Damage is a compensation: outside VAT.",
                "Outside VAT: no change.",
            ),
        ):
            transaction = self._open(invoice, item)
            self.assertIn(note, transaction.tax_note)
            [said] = transaction.preview["vat"]
            self.assertShows(said, sentence)
        self.assertEqual(transaction.preview["accounts"][0]["credit"], 100)

    def test_one_page_offers_the_taxes_of_the_invoice(self):
        invoice = self._invoice((200, self.tax_21))
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(invoices=invoice)
        transaction = transactions.browse(action["res_id"])
        view = "account_credit_posting.account_post_transaction_view_form_one"
        transaction.step = "setup"
        with Form(transaction, view) as form:
            form.amount_for_all = 100
            form.credit_item_id = self.reduction
            self.assertTrue(form.use_invoice_taxes)
            self.assertShows(*form.preview["vat"], "$ 17.36 (21 %)")
            form.use_invoice_taxes = False
            self.assertShows(*form.preview["vat"], "Outside VAT: no change.")
            form.use_invoice_taxes = True
        transaction.action_post()
        self.assertEqual(transaction.batch_id.line_ids.move_id.amount_tax, 17.36)

    def test_invoice_and_credit(self):
        """What is shown before is what is posted: items, and VAT."""
        lesson = self.env["product.product"].create(
            {"name": "Lesson", "taxes_id": [Command.set(self.tax_21.ids)]}
        )
        batch = self._create_batch(
            credit_item_id=self.reduction.id,
            charge_item_id=lesson.id,
            line_ids=[
                Command.create(
                    {"partner_id": self.account.id, "charge_amount": 200, "amount": 100}
                )
            ],
        )
        line = batch.line_ids
        form = line._get_form()
        shown = form._get_items(line)[line]
        batch.with_user(self.clerk).action_post()
        self.assertEqual(line.state, "posted", line.error)
        self.assertTagged(
            line.move_id,
            [
                (self.credit_account, 82.64, 82.64, "refund base 21"),
                (self.vat_account, 17.36, 17.36, "refund tax 21"),
                (self.receivable, -100, -100),
            ],
        )
        self.assertCountEqual(
            [round(vals["balance"], 2) for vals in shown.all], [82.64, 17.36, -100]
        )
        self.assertEqual(line.charge_move_id.amount_residual, 142)
