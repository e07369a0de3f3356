from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_promise import PromisedCreditCommon

DAY = "2024-03-20"


@tagged("post_install", "-at_install")
@freeze_time(DAY)
class TestPromisedCredit(PromisedCreditCommon):
    """Credits that are booked when they are used."""

    def test_nothing_is_posted_when_it_is_given(self):
        before = self.env["account.move"].search_count([])
        line = self._promise(10)
        self.assertPromise(line, 0, 10)
        self.assertEqual(line.batch_id.state, "done")
        self.assertEqual(self.env["account.move"].search_count([]), before)
        self.assertEqual(self.account.account_credit_balance, 0)

    def test_each_invoice_uses_a_part(self):
        line = self._promise(10)
        first = self._create_invoice(self.account, 6)
        self.assertPromise(line, 6, 4)
        self.assertRest({first: (0, "paid")})
        second = self._create_invoice(self.account, 100)
        self.assertPromise(line, 10, 0)
        self.assertRest({second: (96, "partial")})
        six, four = line.draw_ids.sorted("id")
        for draw, amount in ((six, 6), (four, 4)):
            self.assertItems(
                draw.move_id,
                [
                    (self.credit_account, amount, amount),
                    (self.receivable, -amount, -amount),
                ],
            )
            self.assertEqual(draw.move_id.move_type, "out_refund")
            self.assertEqual(draw.move_id.date, fields.Date.to_date(DAY))
            self.assertEqual(draw.batch_id.draws_of_id, line.batch_id)
        self.assertPays(six, [(first, 6)])
        self.assertPays(four, [(second, 4)])
        third = self._create_invoice(self.account, 5)
        self.assertRest({third: (5, "not_paid")})

    def test_open_invoice_is_paid_when_it_is_given(self):
        invoice = self._create_invoice(self.account, 6)
        line = self._promise(10)
        self.assertPromise(line, 6, 4)
        self.assertRest({invoice: (0, "paid")})

    def test_parts_of_many_accounts_are_one_entry(self):
        batch = self._create_batch(
            dict.fromkeys(self.accounts, 10),
            credit_item_id=self.promotion.id,
            document_form="entry",
        )
        batch.action_post()
        self.assertLedgerSound(batch)
        invoices = self.env["account.move"].create(
            [self._prepare_invoice_vals(account, 6) for account in self.accounts]
        )
        invoices.action_post()
        self.assertEqual(set(invoices.mapped("payment_state")), {"paid"})
        entry = batch.line_ids.draw_ids.move_id
        self.assertEqual(len(entry), 1)
        self.assertItems(
            entry,
            [
                (self.credit_account, 60, 60),
                *[(self.receivable, -6, -6)] * len(self.accounts),
            ],
        )
        for line in batch.line_ids:
            self.assertPromise(line, 6, 4)

    def test_unapplied_part_is_reversed_and_can_be_used_again(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        draw = line.draw_ids
        invoice.credit_application_ids.action_unapply()
        self.assertPromise(line, 0, 10)
        self.assertEqual(draw.state, "reversed")
        self.assertRest({invoice: (6, "not_paid"), draw.move_id: (0, "reversed")})
        reversal = draw.move_line_id.matched_debit_ids.debit_move_id.move_id
        self.assertItems(
            reversal, [(self.credit_account, -6, -6), (self.receivable, 6, 6)]
        )
        # Both are kept apart, until somebody asks.
        other = self._create_invoice(self.account, 3)
        self.assertPromise(line, 3, 7)
        self.assertRest({invoice: (6, "not_paid"), other: (0, "paid")})
        invoice.apply_account_credits()
        self.assertPromise(line, 9, 1)
        self.assertRest({invoice: (0, "paid")})

    def test_invoice_that_is_reset_gives_it_back(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        other = self._create_invoice(self.account, 50)
        self.assertPromise(line, 10, 0)
        invoice.button_draft()
        # The other invoice takes what is free.
        self.assertPromise(line, 10, 0)
        self.assertRest({other: (40, "partial")})
        invoice.button_cancel()
        other.button_cancel()
        self.assertPromise(line, 0, 10)

    def test_invoice_that_is_reversed_gives_it_back(self):
        for form in ("credit_note", "entry"):
            line = self._promise(10, document_form=form)
            invoice = self._create_invoice(self.account, 6)
            self.assertPromise(line, 6, 4)
            invoice._reverse_moves(cancel=True)
            self.assertPromise(line, 0, 10)
            self.assertRest({invoice: (0, "reversed")})
            line.batch_id.action_reverse()

    def test_unreconciled_by_hand_gives_it_back(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        invoice.js_remove_outstanding_partial(
            invoice.credit_application_ids.partial_id.id
        )
        self.assertPromise(line, 0, 10)
        self.assertRest({invoice: (6, "not_paid")})

    def test_part_that_is_reversed_opens_it_again(self):
        for form in ("credit_note", "entry"):
            line = self._promise(10, document_form=form)
            invoice = self._create_invoice(self.account, 6)
            draw = line.draw_ids
            self.assertPromise(line, 6, 4)
            draw.move_id.with_user(self.manager)._reverse_moves(cancel=True)
            self.assertEqual(draw.state, "reversed")
            self.assertRest({invoice: (6, "not_paid")})
            self.assertPromise(line, 0, 10)
            line.batch_id.action_reverse()
            invoice.button_cancel()

    def test_batch_of_parts_is_reversed(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        line.draw_ids.batch_id.with_user(self.manager).action_reverse()
        # By itself, it does not pay the same invoice again.
        self.assertPromise(line, 0, 10)
        self.assertRest({invoice: (6, "not_paid")})
        self._create_invoice(self.account, 3)
        self.assertPromise(line, 3, 7)
        invoice.apply_account_credits()
        self.assertPromise(line, 9, 1)

    def test_unused_is_taken_back(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        line.batch_id.with_user(self.manager).action_reverse(mode="unused")
        self.assertPromise(line, 6, 0)
        self.assertRest({invoice: (0, "paid")})
        self.assertRest({self._create_invoice(self.account, 5): (5, "not_paid")})
        with self.assertRaisesRegex(UserError, "All credits of"):
            line.batch_id.with_user(self.manager).action_reverse(mode="unused")

    def test_all_is_taken_back(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        draw = line.draw_ids
        line.batch_id.with_user(self.manager).action_reverse(mode="all")
        self.assertPromise(line, 0, 0, "reversed")
        self.assertEqual(line.batch_id.state, "reversed")
        self.assertEqual(draw.state, "reversed")
        self.assertRest({invoice: (6, "not_paid")})

    def test_line_is_taken_back(self):
        line = self._promise(10)
        line.with_user(self.manager).action_reverse(mode="all", reason="Wrong account")
        self.assertPromise(line, 0, 0, "reversed")

    def test_clerk_undoes_it(self):
        self.company.credit_undo_minutes = 10
        batch = self._create_batch(credit_item_id=self.promotion.id).with_user(
            self.clerk
        )
        batch = batch.copy()
        batch.action_post()
        self.env["account.credit.undo"].with_user(self.clerk)._undo(batch)
        self.assertPromise(batch.line_ids, 0, 0, "reversed")

    def test_expired_promise_pays_nothing_until_it_is_extended(self):
        line = self._promise(10, expiry_date=fields.Date.to_date("2024-03-25"))
        with freeze_time("2024-03-26"):
            before = self.env["account.move"].search_count([])
            self._run_cron("expire_credits")
            self.assertEqual(self.env["account.move"].search_count([]), before)
            invoice = self._create_invoice(self.account, 6)
            self.assertPromise(line, 0, 0)
            self.assertRest({invoice: (6, "not_paid")})
            line.batch_id.with_user(self.manager).action_extend(
                "2024-04-30", "Goodwill"
            )
            self.assertPromise(line, 6, 4)
            self.assertRest({invoice: (0, "paid")})

    def test_dated_ahead_pays_from_its_day_on(self):
        invoice = self._create_invoice(self.account, 6)
        batch = self._create_batch(
            credit_item_id=self.promotion.id, date=fields.Date.to_date("2099-04-01")
        )
        batch.line_ids.invoice_id = invoice
        batch.action_post()
        line = batch.line_ids
        self._run_cron("apply_credits")
        self.assertPromise(line, 0, 10)
        with freeze_time("2099-04-01"):
            self._run_cron("apply_credits")
            self.assertPromise(line, 6, 4)
        self.assertEqual(invoice.credit_application_ids.rule, "named")
        self.assertEqual(line.draw_ids.date, line.date)

    def test_policy_due(self):
        self.company.write(
            {"credit_application_policy": "due", "credit_application_days": 3}
        )
        invoice = self._create_invoice(self.account, 6, invoice_date_due="2024-04-10")
        line = self._promise(10)
        self.assertPromise(line, 0, 10)
        with freeze_time("2024-04-07"):
            self._run_cron("apply_credits")
        self.assertPromise(line, 6, 4)
        self.assertEqual(invoice.credit_application_ids.origin, "cron")

    def test_policy_manual(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 6)
        named = self._create_invoice(self.account, 3)
        line = self._promise(10)
        self.assertPromise(line, 0, 10)
        batch = self._create_batch(credit_item_id=self.promotion.id)
        batch.line_ids.invoice_id = named
        batch.action_post()
        self.assertPromise(batch.line_ids, 3, 7)
        self.assertRest({invoice: (6, "not_paid"), named: (0, "paid")})
        self.assertTrue(invoice.with_user(self.clerk).has_open_account_credit)
        invoice.with_user(self.clerk).apply_account_credits()
        self.assertRest({invoice: (0, "paid")})
        self.assertPromise(line, 6, 4)

    def test_locked_day_leaves_the_invoice_open(self):
        line = self._promise(10)
        self.company.fiscalyear_lock_date = DAY
        invoice = self._create_invoice(self.account, 6, invoice_date="2024-03-21")
        self.assertPromise(line, 0, 10)
        self.assertRest({invoice: (6, "not_paid")})
        self.assertShows(invoice.account_credit_error, "could not pay", "is locked")
        self.assertFalse(line.draw_ids)

    def test_foreign_currency(self):
        for name, rate, digits in (("KWD", 0.25, 3), ("JPY", 100, 0)):
            currency = self.env["res.currency"].with_context(active_test=False)
            currency = currency.search([("name", "=", name)])
            currency.write({"active": True, "rounding": 10**-digits})
            self.env["res.currency.rate"].create(
                {"currency_id": currency.id, "name": "2024-01-01", "rate": rate}
            )
            amount, part = (10.125, 6.001) if digits else (1000, 601)
            batch = self._create_batch(credit_item_id=self.promotion.id)
            batch.line_ids.write({"currency_id": currency.id, "amount": amount})
            batch.action_post()
            line = batch.line_ids
            invoice = self._create_invoice(
                self.account, part, currency_id=currency.id, invoice_date=DAY
            )
            self.assertRest({invoice: (0, "paid")})
            self.assertPromise(line, part, currency.round(amount - part))
            balance = self.company.currency_id.round(part / rate)
            self.assertItems(
                line.draw_ids.move_id,
                [
                    (self.credit_account, balance, part),
                    (self.receivable, -balance, -part),
                ],
            )
            line.batch_id.action_reverse()

    def test_workers_give_it(self):
        self.company.credit_background_lines = 1
        invoice = self._create_invoice(self.account, 6)
        batch = self._create_batch(
            dict.fromkeys(self.accounts, 10), credit_item_id=self.promotion.id
        )
        batch.with_user(self.clerk).action_post()
        self.assertEqual(batch.state, "queued")
        self._run_cron("post_credits_1")
        self.assertEqual(batch.state, "done")
        self.assertRest({invoice: (0, "paid")})
        first, *others = batch.line_ids.sorted("id")
        self.assertPromise(first, 6, 4)
        for line in others:
            self.assertPromise(line, 0, 10)

    def test_second_click_gives_it_once(self):
        batch = self._create_batch(credit_item_id=self.promotion.id)
        batch.with_user(self.clerk).action_post()
        batch.with_user(self.clerk).action_post()
        self.assertPromise(batch.line_ids, 0, 10)
        self._create_invoice(self.account, 50)
        batch.with_user(self.clerk).action_post()
        self.assertPromise(batch.line_ids, 10, 0)

    def test_call_is_answered_once(self):
        def call():
            return self.batches.with_user(self.clerk).post_credits(
                self.promotion.id,
                [{"account_id": self.account.id, "amount": "10.00"}],
                date=DAY,
                idempotency_key="spring",
            )

        answer = call()
        self.assertEqual(call(), answer)
        self.assertEqual(answer["lines"][0]["state"], "posted")
        self.assertFalse(answer["lines"][0]["move_id"])
        batch = self.batches.browse(answer["batch_id"])
        self.assertPromise(batch.line_ids, 0, 10)

    def test_approved_and_counted_once(self):
        self.company.write({"credit_approval_amount": 5, "credit_open_cap": 12})
        batch = self._create_batch(credit_item_id=self.promotion.id)
        batch.with_user(self.clerk).action_post()
        self.assertEqual(batch.state, "to_approve")
        batch.with_user(self.manager).action_approve()
        self.assertPromise(batch.line_ids, 0, 10)
        # What is promised counts.
        other = self._create_batch({self.account: 3})
        other.with_user(self.manager).action_post()
        self.assertEqual(other.line_ids.state, "failed")
        self.assertShows(other.line_ids.error, "12.00 is the most")
        # Neither waits when it is used.
        invoice = self.env["account.move"].with_user(self.clerk)
        invoice = invoice.create(self._prepare_invoice_vals(self.account, 8))
        invoice.action_post()
        self.assertPromise(batch.line_ids, 8, 2)

    def test_no_right_to_change_what_was_given(self):
        line = self._promise(10)
        for user in (self.accountant, self.clerk, self.manager):
            for vals in (
                {"amount_taken_back": 5},
                {"is_promised": False},
                {"drawn_from_id": line.id},
            ):
                with self.assertRaises(AccessError):
                    line.with_user(user).write(vals)
            with self.assertRaises(UserError):
                line.with_user(user).unlink()

    def test_other_company_uses_nothing(self):
        line = self._promise(10)
        other = self.setup_other_company()["company"]
        invoice = self.env["account.move"].with_company(other)
        invoice = invoice.create(self._prepare_invoice_vals(self.account, 6))
        invoice.action_post()
        self.assertRest({invoice: (6, "not_paid")})
        self.assertPromise(line, 0, 10)

    def test_follows_its_account(self):
        parent = self.env["res.partner"].create({"name": "Parent", "is_company": True})
        line = self._promise(10)
        self._create_invoice(self.account, 6)
        self.account.parent_id = parent
        self.assertEqual(line.partner_id, parent)
        self.assertPromise(line, 6, 4)
        self._create_invoice(parent, 9)
        self.assertPromise(line, 10, 0)

    def test_follows_its_account_when_contacts_are_merged(self):
        target = self.accounts[1]
        line = self._promise(10)
        self._create_invoice(self.account, 6)
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.account | target).ids, target)
        line.invalidate_recordset()
        self.assertEqual(line.partner_id, target)
        self.assertPromise(line, 6, 4)
        self._create_invoice(target, 9)
        self.assertPromise(line, 10, 0)

    def test_item_that_changes_later_changes_nothing(self):
        line = self._promise(10)
        given = self._post_line(5, self.accounts[1])
        self.promotion.credit_booking = "given"
        self.item.credit_booking = "used"
        self._create_invoice(self.account, 6)
        self.assertPromise(line, 6, 4)
        self.assertFalse(given.is_promised)
        self.assertTrue(given.move_id)
        self._post_line(5, self.accounts[2], credit_item_id=self.promotion.id)

    def test_taxed_item_must_be_a_price_reduction(self):
        tax = self.company_data["default_tax_sale"]
        with self.assertRaisesRegex(ValidationError, "choose Price Reduction"):
            self.promotion.taxes_id = tax
        self.promotion.write(
            {"credit_vat_treatment": "price_reduction", "taxes_id": tax}
        )
        batch = self._create_batch(
            credit_item_id=self.promotion.id, use_invoice_taxes=False
        )
        with self.assertRaisesRegex(UserError, "Choose Taxes of the Invoice"):
            batch.action_post()
        with self.assertRaisesRegex(ValidationError, "must be a credit item"):
            self.company_data["product_product"] = self.env["product.product"].create(
                {"name": "Sold", "credit_booking": "used"}
            )

    def test_item_that_is_taxed_later_credits_no_more(self):
        line = self._promise(10)
        self.promotion.credit_booking = "given"
        self.promotion.taxes_id = self.company_data["default_tax_sale"]
        invoice = self._create_invoice(self.account, 6)
        self.assertPromise(line, 0, 10)
        self.assertShows(invoice.account_credit_error, "remove the taxes of the item")
        self.promotion.taxes_id = False
        invoice.apply_account_credits()
        self.assertPromise(line, 6, 4)

    def test_not_with_an_invoice(self):
        product = self.env["product.product"].create({"name": "Course"})
        batch = self._create_batch(
            credit_item_id=self.promotion.id, charge_item_id=product.id
        )
        batch.line_ids.charge_amount = 50
        with self.assertRaisesRegex(UserError, "cannot be posted with an invoice"):
            batch.action_post()

    def test_neither_replaced_nor_moved(self):
        line = self._promise(10).with_user(self.manager)
        self._create_invoice(self.account, 6)
        for credit, reason in (
            (line, "is promised"),
            (line.draw_ids, "is the used part"),
        ):
            with self.assertRaisesRegex(UserError, reason):
                credit.replace(amount=5, reason="A typo")
            with self.assertRaisesRegex(UserError, reason):
                credit.move_to(self.accounts[1].id, reason="A sibling")

    def test_uses_in_the_order_of_expiry(self):
        late = self._promise(10)
        soon = self._promise(10, expiry_date=fields.Date.to_date("2024-06-01"))
        self.company.credit_application_policy = "manual"
        booked = self._post_line(10, expiry_date=fields.Date.to_date("2024-09-01"))
        self.company.credit_application_policy = "posted"
        self._create_invoice(self.account, 23)
        self.assertPromise(soon, 10, 0)
        self.assertPays(booked, [(booked.application_ids.invoice_id, 10)])
        self.assertPromise(late, 3, 7)


@tagged("post_install", "-at_install")
@freeze_time(DAY)
class TestPromisedCreditTaxes(PromisedCreditCommon):
    """Price reductions: the taxes of the invoice, and no others."""

    def test_lowers_the_taxes_of_each_invoice(self):
        country = self.company.account_fiscal_country_id
        vat = self.company_data["default_account_tax_sale"]
        tags = self.env["account.account.tag"].create(
            [
                {"name": name, "applicability": "taxes", "country_id": country.id}
                for name in ("base", "tax", "base back", "tax back")
            ]
        )
        tax = self.env["account.tax"].create(
            {
                "name": "21%",
                "amount": 21,
                "type_tax_use": "sale",
                "country_id": country.id,
                **{
                    f"{document}_repartition_line_ids": [
                        Command.create(
                            {
                                "repartition_type": kind,
                                "account_id": kind == "tax" and vat.id,
                                "tag_ids": [Command.set(tag.ids)],
                            }
                        )
                        for kind, tag in zip(("base", "tax"), own, strict=True)
                    ]
                    for document, own in (("invoice", tags[:2]), ("refund", tags[2:]))
                },
            }
        )
        self.promotion.credit_vat_treatment = "price_reduction"
        # The form for many is for what has no taxes.
        line = self._promise(36.3, document_form="entry")
        invoices = [
            self._create_invoice(
                self.account,
                0,
                invoice_line_ids=[
                    Command.create(
                        {"name": "Course", "price_unit": 20, "tax_ids": tax.ids}
                    )
                ],
            )
            for _number in range(2)
        ]
        self.assertPromise(line, 36.3, 0)
        self.assertRest({invoices[0]: (0, "paid"), invoices[1]: (12.1, "partial")})
        for draw, invoice, net, lowered in zip(
            line.draw_ids.sorted("id"), invoices, (20, 10), (4.2, 2.1), strict=True
        ):
            self.assertEqual(draw.invoice_id, invoice)
            self.assertCountEqual(
                [
                    (item.account_id, item.balance, item.tax_tag_ids.mapped("name"))
                    for item in draw.move_id.line_ids
                ],
                [
                    (self.credit_account, net, ["base back"]),
                    (vat, lowered, ["tax back"]),
                    (self.receivable, -net - lowered, []),
                ],
            )
        # A promise that names the invoice lowers nothing by itself.
        batch = self._create_batch(credit_item_id=self.promotion.id)
        batch.line_ids.write({"amount": 100, "invoice_id": invoices[1].id})
        batch.action_post()
        self.assertPromise(batch.line_ids, 12.1, 87.9)
        self.assertRest({invoices[1]: (0, "paid")})
        # Unapplied, the tax is back, on a document of its own.
        draw = line.draw_ids.sorted("id")[0]
        invoices[0].credit_application_ids.action_unapply()
        reversal = draw.move_line_id.matched_debit_ids.debit_move_id.move_id
        self.assertItems(
            reversal,
            [
                (self.credit_account, -20, -20),
                (vat, -4.2, -4.2),
                (self.receivable, 24.2, 24.2),
            ],
        )
        self.assertEqual(reversal.reversed_entry_id, draw.move_id)


@tagged("post_install", "-at_install")
@freeze_time(DAY)
class TestPromisedCreditWall(PromisedCreditCommon):
    """What the database refuses, whatever code asks for it."""

    def assertRefused(self, query, *params):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(Exception, "promised credit"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query, params)
            self.assertCommittable()

    def test_promise_stays_as_it_was_given(self):
        line = self._promise(10)
        self._create_invoice(self.account, 6)
        draw = line.draw_ids
        other = self._promise(10, self.accounts[1])
        table = "UPDATE account_credit_line SET"
        currency = self.env.ref("base.EUR")
        for column, value, credit in (
            ("amount", 20, line),
            ("amount_taken_back", 5, line),
            ("amount_taken_back", -1, other),
            ("currency_id", currency.id, other),
            ("partner_id", self.accounts[2].id, line),
            ("drawn_from_id", other.id, draw),
            ("drawn_from_id", None, draw),
        ):
            with self.subTest(column=column):
                self.assertRefused(
                    f"{table} {column} = %s WHERE id = %s", value, credit.id
                )
        self.assertRefused("DELETE FROM account_credit_line WHERE id = %s", other.id)

    def test_no_more_is_used_than_was_promised(self):
        line = self._promise(10)
        draw = self._post_line(8)
        self.assertRefused(
            "UPDATE account_credit_line SET drawn_from_id = %s WHERE id = %s",
            line.id,
            draw.id,
        )
