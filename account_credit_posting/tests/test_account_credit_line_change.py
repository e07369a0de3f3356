from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import AccountCreditCommon

DATE = fields.Date.to_date("2024-04-10")


@tagged("post_install", "-at_install")
class TestAccountCreditLineChange(AccountCreditCommon):
    """Edit and delete of a posted credit: reversed and posted anew, each once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enrollee = cls.env["res.partner"].create(
            {"name": "Ann", "parent_id": cls.account.id}
        )

    def _replace(self, line, *args, user=None):
        """Replace a credit on a fixed date, for a fixed reason."""
        args = [*args, None, None][:3]
        line = line.with_user(user or self.manager)
        replacement = line.replace(*args, DATE, "Typing error")
        self.assertLedgerSound(line.batch_id)
        self.assertLedgerSound(replacement.batch_id)
        return replacement.with_user(self.env.user)

    def _get_used(self, line):
        """Return ``[(invoice, amount, rule)]`` of what a credit pays."""
        applications = line.application_ids or line.move_id.used_application_ids
        applied = applications.filtered(lambda item: item.state == "applied")
        return [
            (item.invoice_id, item.amount, item.rule) for item in applied.sorted("id")
        ]

    # -------------------------------------------------------------------------
    # LABELS
    # -------------------------------------------------------------------------

    def test_comments_and_enrollee_change_without_an_entry_and_are_tracked(self):
        # README says: "A printed document stays as it was printed."
        batch = self._create_batch(
            public_comment="Old text", private_comment="Old secret"
        )
        batch.with_user(self.clerk).action_post()
        line = batch.line_ids
        printed = line.move_id.invoice_line_ids.name
        entries = self.env["account.move"].search_count([])
        line.with_user(self.clerk).change_labels(
            {
                "public_comment": "New <b>text</b>",
                "private_comment": "New secret",
                "contact_id": self.enrollee.id,
            }
        )
        self.assertRecordValues(
            line,
            [
                {
                    "public_comment": "New <b>text</b>",
                    "private_comment": "New secret",
                    "contact_id": self.enrollee.id,
                    "state": "posted",
                }
            ],
        )
        self.assertEqual(batch.public_comment, "Old text")
        self.assertEqual(line.move_id.invoice_line_ids.name, printed)
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        message = batch.message_ids[0]
        self.assertEqual(message.author_id, self.clerk.partner_id)
        self.assertIn("Old text → New &lt;b&gt;text&lt;/b&gt;", message.body)
        self.assertIn("Private comment changed.", message.body)
        self.assertIn("Ann", message.body)
        self.assertNotIn("secret", "".join(batch.message_ids.mapped("body")))
        self.assertFalse(line.move_id.message_ids.filtered("body"))

    def test_a_comment_can_be_emptied_and_found(self):
        batch = self._create_batch(public_comment="Old text")
        batch.action_post()
        line = batch.line_ids
        found = self.env["account.credit.line"].search(
            [("public_comment", "ilike", "old text")]
        )
        self.assertEqual(found, line)
        line.change_labels({"public_comment": False})
        self.assertFalse(line.public_comment)
        self.assertFalse(found.search([("public_comment", "ilike", "old text")]))

    def test_same_labels_leave_no_trace(self):
        line = self._post_line(public_comment="Old text")
        messages = line.batch_id.message_ids
        line.change_labels({"public_comment": "Old text", "contact_id": False})
        self.assertFalse(line.has_own_comments)
        self.assertEqual(line.batch_id.message_ids, messages)

    def test_labels_are_changed_by_the_author_or_an_administrator_only(self):
        line = self._post_line()
        for user in (self.clerk, self.accountant):
            with self.assertRaises(AccessError):
                line.with_user(user).change_labels({"public_comment": "Mine"})
        line.with_user(self.manager).change_labels({"public_comment": "Mine"})
        self.assertEqual(line.public_comment, "Mine")

    def test_labels_cannot_be_written_past_the_method(self):
        line = self._post_line().with_user(self.manager)
        for vals in (
            {"own_public_comment": "Mine"},
            {"has_own_comments": True},
            {"replaces_id": line.id},
            {"moved_from_id": line.id},
        ):
            with self.assertRaises(AccessError):
                line.write(vals)
        with self.assertRaisesRegex(UserError, "it is posted as"):
            line.write({"contact_id": self.enrollee.id})
        with self.assertRaisesRegex(UserError, "amount cannot be changed"):
            line.change_labels({"amount": 20})
        with self.assertRaisesRegex(UserError, "must be a contact of Family 0"):
            line.change_labels({"contact_id": self.accounts[1].id})

    # -------------------------------------------------------------------------
    # AMOUNT
    # -------------------------------------------------------------------------

    def test_lower_amount_pays_the_same_invoices_as_far_as_it_goes(self):
        first = self._create_invoice(self.account, 20)
        second = self._create_invoice(self.account, 100, invoice_date="2024-03-02")
        line = self._post_line(50)
        self.assertEqual(
            self._get_used(line), [(first, 20, "due_date"), (second, 30, "due_date")]
        )
        replacement = self._replace(line, 40)
        self.assertRecordValues(
            line, [{"state": "reversed", "replaced_by_id": replacement.id}]
        )
        self.assertRecordValues(
            replacement,
            [
                {
                    "state": "posted",
                    "amount": 40,
                    "replaces_id": line.id,
                    "partner_id": self.account.id,
                    "date": DATE,
                    "amount_open": 0,
                }
            ],
        )
        self.assertEqual(
            self._get_used(replacement),
            [(first, 20, "due_date"), (second, 20, "due_date")],
        )
        self.assertEqual((first + second).mapped("amount_residual"), [0, 80])
        reversal = line.move_id.reversal_move_ids
        self.assertItems(
            reversal,
            [(self.credit_account, -50, -50), (self.receivable, 50, 50)],
        )
        self.assertItems(
            replacement.move_id,
            [(self.credit_account, 40, 40), (self.receivable, -40, -40)],
        )
        self.assertEqual((reversal + replacement.move_id).mapped("date"), [DATE] * 2)
        receivable = line.move_line_id
        self.assertEqual(receivable.matched_debit_ids.debit_move_id.move_id, reversal)
        for batch in line.batch_id | replacement.batch_id:
            self.assertIn("Typing error", batch.message_ids[0].body)
        self.assertEqual(line.batch_id.state, "reversed")
        self.assertRecordValues(
            replacement.batch_id, [{"state": "done", "correction": "replace"}]
        )

    def test_higher_amount_pays_no_more_than_before_where_nobody_asks(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(20)
        self.company.credit_application_policy = "manual"
        replacement = self._replace(line, 35)
        self.assertEqual(self._get_used(replacement), [(invoice, 20, "due_date")])
        self.assertEqual(replacement.amount_open, 15)
        self.assertEqual(invoice.amount_residual, 80)

    def test_higher_amount_pays_on_by_the_rule(self):
        invoice = self._create_invoice(self.account, 100)
        replacement = self._replace(self._post_line(20), 35)
        self.assertEqual(replacement.amount_open, 0)
        self.assertEqual(invoice.amount_residual, 65)

    def test_other_credits_get_nothing_of_what_is_carried_over(self):
        invoice = self._create_invoice(self.account, 20)
        line = self._post_line(20)
        other = self._post_line(30)
        replacement = self._replace(line, 25)
        self.assertEqual(self._get_used(replacement), [(invoice, 20, "due_date")])
        self.assertEqual(other.amount_open, 30)

    def test_entry_form_is_replaced_in_entry_form(self):
        self._create_invoice(self.accounts[1], 15)
        batch = self._create_batch(
            {self.account: 50, self.accounts[1]: 60}, document_form="entry"
        )
        batch.action_post()
        line = batch.line_ids[1]
        replacement = self._replace(line, 10)
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "reversed"])
        self.assertEqual(batch.state, "done")
        self.assertItems(
            replacement.move_id,
            [(self.credit_account, 10, 10), (self.receivable, -10, -10)],
        )
        self.assertEqual(replacement.move_id.move_type, "entry")
        self.assertEqual(replacement.amount_applied, 10)
        self.assertItems(
            line.move_id.reversal_move_ids,
            [(self.credit_account, -60, -60), (self.receivable, 60, 60)],
        )

    # -------------------------------------------------------------------------
    # ITEM AND ACCOUNT
    # -------------------------------------------------------------------------

    def test_taxed_item_instead_takes_taxes_along(self):
        line = self._post_line(100)
        tax_account = self.company_data["default_account_tax_sale"]
        taxed = self._create_credit_item(
            "Taxed", taxes_id=self.company_data["default_tax_sale"].ids
        )
        replacement = self._replace(line, None, taxed.id)
        self.assertItems(
            replacement.move_id,
            [
                (self.credit_account, 100, 100),
                (tax_account, 15, 15),
                (self.receivable, -115, -115),
            ],
        )
        again = self._replace(replacement, None, self.item.id)
        self.assertItems(
            replacement.move_id.reversal_move_ids,
            [
                (self.credit_account, -100, -100),
                (tax_account, -15, -15),
                (self.receivable, 115, 115),
            ],
        )
        self.assertEqual(replacement.move_id.reversal_move_ids.move_type, "out_invoice")
        self.assertEqual(again.move_amount_total, 100)
        self.assertEqual(self.account.account_credit_balance, 100)

    def test_taxed_item_in_an_entry_becomes_a_credit_note(self):
        line = self._post_line(10, document_form="entry")
        taxed = self._create_credit_item(
            "Taxed", taxes_id=self.company_data["default_tax_sale"].ids
        )
        replacement = self._replace(line, None, taxed.id)
        self.assertEqual(replacement.move_id.move_type, "out_refund")

    def test_other_account_gets_all_and_pays_nothing_of_the_first(self):
        invoice = self._create_invoice(self.account, 20)
        line = self._post_line(50)
        replacement = self._replace(line, None, None, self.accounts[1].id)
        self.assertEqual(invoice.amount_residual, 20)
        self.assertRecordValues(
            replacement,
            [
                {
                    "partner_id": self.accounts[1].id,
                    "contact_id": False,
                    "amount_open": 50,
                }
            ],
        )
        self.assertFalse(self._get_used(replacement))
        self.assertEqual(self.account.account_credit_balance, 0)

    # -------------------------------------------------------------------------
    # CURRENCIES
    # -------------------------------------------------------------------------

    def test_foreign_currencies_of_any_precision(self):
        for code, rounding, amount, lower in (
            ("EUR", 0.01, 50.01, 33.33),
            ("JPY", 1, 50, 33),
            ("KWD", 0.001, 50.001, 33.333),
        ):
            with self.subTest(code):
                currency = self.setup_other_currency(
                    code, rounding=rounding, rates=[("2024-01-01", 2)]
                )
                account = self.env["res.partner"].create({"name": code})
                invoice = self._create_invoice(account, 20, currency_id=currency.id)
                batch = self._create_batch(
                    line_ids=[
                        Command.create(
                            {
                                "partner_id": account.id,
                                "currency_id": currency.id,
                                "amount": amount,
                            }
                        )
                    ]
                )
                batch.action_post()
                line = batch.line_ids
                self.assertEqual(line.amount_applied, 20)
                replacement = self._replace(line, lower)
                self.assertEqual(replacement.currency_id, currency)
                self.assertEqual(replacement.amount_applied, 20)
                self.assertEqual(
                    currency.compare_amounts(replacement.amount_open, lower - 20), 0
                )
                self.assertEqual(invoice.amount_residual, 0)
                own = self.company.currency_id
                balance = own.round(lower / 2)
                self.assertItems(
                    replacement.move_id,
                    [
                        (self.credit_account, balance, lower),
                        (self.receivable, -balance, -lower),
                    ],
                )
                reversed_items = line.move_id.reversal_move_ids.line_ids
                self.assertEqual(
                    currency.compare_amounts(
                        sum(
                            reversed_items.filtered("reconciled").mapped(
                                "amount_currency"
                            )
                        ),
                        amount,
                    ),
                    0,
                )
                self.assertFalse(
                    (
                        line.move_id + replacement.move_id
                    ).line_ids.matched_debit_ids.exchange_move_id
                )

    # -------------------------------------------------------------------------
    # REFUSALS
    # -------------------------------------------------------------------------

    def test_only_administrators_replace_and_delete(self):
        batch = self._create_batch()
        batch.with_user(self.clerk).action_post()
        for user in (self.clerk, self.accountant):
            line = batch.line_ids.with_user(user)
            with self.assertRaises(AccessError):
                line.replace(20, reason="Mine")
            with self.assertRaises(AccessError):
                line.action_reverse("all", reason="Mine")
        self.assertEqual(batch.line_ids.state, "posted")

    def test_second_replacement_finds_the_first(self):
        line = self._post_line(50)
        self._replace(line, 40)
        with self.assertRaisesRegex(UserError, "already reversed"):
            line.replace(30, reason="Again")
        self.assertEqual(len(line.replacement_ids), 1)
        self.assertEqual(self.account.account_credit_balance, 40)

    def test_faults_are_refused_and_leave_the_credit_posted(self):
        line = self._post_line(50)
        for args, message in (
            ((50,), "Nothing is changed"),
            ((0,), "above zero"),
            ((-5,), "above zero"),
        ):
            with self.assertRaisesRegex(UserError, message):
                line.replace(*args, date=DATE, reason="Wrong")
        # What was done before the new credit is refused is undone.
        archived = self._create_credit_item("Old", active=False)
        with self.assertRaises(UserError) as refusal:
            line.replace(20, archived.id, date=DATE, reason="Wrong")
        self.assertIn("is archived", str(refusal.exception))
        with self.assertRaisesRegex(UserError, "Enter a reason"):
            line.replace(20, date=DATE, reason=" ")
        with self.assertRaisesRegex(UserError, "choose that day or a later one"):
            line.replace(20, date="2024-03-14", reason="Too early")
        self.assertEqual(line.state, "posted")
        self.assertEqual(line.amount_open, 50)
        self.assertFalse(line.move_id.reversal_move_ids)

    def test_more_than_the_limit_is_refused_and_leaves_the_credit_posted(self):
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(50)
        self.company.credit_approval_amount = 100
        with (
            self.assertRaisesRegex(UserError, "waits for approval"),
            self.env.cr.savepoint(),
        ):
            line.with_user(self.manager).replace(101, None, None, DATE, "More")
        self.env.invalidate_all()
        self.assertEqual((line.state, line.amount_open), ("posted", 20))
        self.assertFalse(line.replaced_by_id)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._replace(line, 100).amount, 100)

    def test_locked_date_is_refused(self):
        line = self._post_line(50)
        self.company.fiscalyear_lock_date = "2024-04-30"
        for act in (
            lambda: line.replace(20, date=DATE, reason="Locked"),
            lambda: line.action_reverse("all", DATE, "Locked"),
        ):
            with self.assertRaisesRegex(UserError, "is locked"):
                act()
        self.assertEqual(line.state, "posted")

    def test_nobody_replaces_a_credit_to_their_own_account(self):
        line = self._post_line(50)
        own = self.manager.partner_id.commercial_partner_id
        with self.assertRaisesRegex(UserError, "your own account"):
            line.with_user(self.manager).replace(
                account_id=own.id, date=DATE, reason="Mine"
            )

    def test_account_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": other.id}
        )
        line = self._post_line(50)
        with self.assertRaises(UserError) as refusal:
            line.replace(account_id=foreign.id, date=DATE, reason="Wrong")
        self.assertIn("is an account of Elsewhere", str(refusal.exception))
        self.assertEqual(line.state, "posted")

    def test_credit_of_another_company_is_out_of_reach(self):
        other = self.setup_other_company()["company"]
        line = self._post_line(50)
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "stranger",
                "company_id": other.id,
                "company_ids": other.ids,
                "group_ids": self.manager.group_ids.ids,
            }
        )
        for act in (
            lambda: line.with_user(stranger).replace(20, reason="Mine"),
            lambda: line.with_user(stranger).action_reverse("all"),
            lambda: line.with_user(stranger).change_labels({"public_comment": "Mine"}),
            lambda: line.with_user(stranger).move_to(self.accounts[1].id, reason="?"),
        ):
            line.invalidate_recordset()
            with self.assertRaises(AccessError):
                act()

    # -------------------------------------------------------------------------
    # DELETE
    # -------------------------------------------------------------------------

    def test_delete_takes_back_the_unused_rest_of_one_line(self):
        # README says: "None of them changes or deletes what was posted."
        invoice = self._create_invoice(self.account, 20)
        batch = self._create_batch(dict.fromkeys(self.accounts[:2], 50))
        batch.action_post()
        line, other = batch.line_ids
        posted = [(self.credit_account, 50, 50), (self.receivable, -50, -50)]
        self.assertItems(line.move_id, posted)
        line.with_user(self.manager).action_reverse("unused", DATE, "Wrong class")
        self.assertItems(line.move_id, posted)
        self.assertItems(
            line.move_id.reversal_move_ids,
            [(self.credit_account, -30, -30), (self.receivable, 30, 30)],
        )
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "posted"])
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 50])
        self.assertEqual(invoice.amount_residual, 0)
        self.assertFalse(other.move_id.reversal_move_ids)
        self.assertFalse(any(batch.line_ids.mapped("is_to_reverse")))
        self.assertIn("Wrong class", batch.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "are used"):
            line.action_reverse("unused", DATE)
        self.assertLedgerSound(batch)

    def test_delete_of_all_opens_the_invoice_and_the_batch_follows(self):
        invoice = self._create_invoice(self.account, 20)
        batch = self._create_batch(dict.fromkeys(self.accounts[:2], 50))
        batch.action_post()
        line, other = batch.line_ids
        line.action_reverse("all", DATE)
        self.assertEqual(batch.line_ids.mapped("state"), ["reversed", "posted"])
        self.assertEqual(batch.state, "done")
        self.assertEqual(invoice.amount_residual, 20)
        with self.assertRaisesRegex(UserError, "already reversed"):
            line.action_reverse("all", DATE)
        other.action_reverse("all", DATE)
        self.assertEqual(batch.state, "reversed")
        self.assertLedgerSound(batch)

    def test_delete_is_done_at_once_in_a_large_batch_and_waits_for_workers(self):
        batch = self._create_batch(dict.fromkeys(self.accounts[:2], 50))
        batch.action_post()
        self.company.credit_background_lines = 1
        batch.line_ids[0].action_reverse("all", DATE)
        self.assertEqual(batch.line_ids.mapped("state"), ["reversed", "posted"])
        batch.action_reverse("all", DATE)
        self.assertEqual(batch.state, "queued")
        with self.assertRaisesRegex(UserError, "is being processed"):
            batch.line_ids[1].action_reverse("all", DATE)
        batch.action_cancel_pending()

    # -------------------------------------------------------------------------
    # DIALOG
    # -------------------------------------------------------------------------

    def _open(self, line, change, user=None):
        action = line.with_user(user or self.manager)
        action = action.with_context(change=change).action_change()
        dialog = self.env[action["res_model"]].with_user(user or self.manager)
        return Form(dialog.with_context(**action["context"]))

    def test_dialog_shows_before_and_after_and_does_it(self):
        invoice = self._create_invoice(self.account, 20)
        line = self._post_line(50)
        form = self._open(line, "edit")
        self.assertFalse(form.preview)
        form.amount = 15
        form.date = DATE
        self.assertTrue(form.is_replacing)
        for text in (invoice.name, "$\xa050.00", "$\xa015.00", "Goodwill"):
            self.assertIn(text, form.preview)
        form.reason = "Typing error"
        form.public_comment = "Corrected"
        form.save().action_confirm()
        replacement = line.replaced_by_id
        self.assertRecordValues(
            replacement, [{"amount": 15, "public_comment": "Corrected"}]
        )
        self.assertEqual(invoice.amount_residual, 5)

    def test_dialog_lets_the_author_change_labels_only(self):
        batch = self._create_batch()
        batch.with_user(self.clerk).action_post()
        form = self._open(batch.line_ids, "edit", self.clerk)
        form.public_comment = "Mine"
        form.contact_id = self.enrollee
        dialog = form.save()
        dialog.action_confirm()
        self.assertEqual(batch.line_ids.public_comment, "Mine")
        self.assertEqual(batch.line_ids.contact_id, self.enrollee)
        dialog.amount = 500
        with self.assertRaises(AccessError):
            dialog.action_confirm()
        self.assertEqual(batch.line_ids.amount_open, 10)

    def test_dialog_says_what_stands_in_the_way(self):
        self._create_invoice(self.account, 50)
        line = self._post_line(50)
        form = self._open(line, "delete")
        form.date = DATE
        self.assertIn("fully used", form.error)
        form.mode = "all"
        self.assertFalse(form.error)
        self.assertIn("$\xa050.00", form.preview)
        form.reason = "Wrong"
        form.save().action_confirm()
        self.assertEqual(line.state, "reversed")

    def test_dialogs_belong_to_whoever_opened_them(self):
        form = self._open(self._post_line(50), "edit")
        dialog = form.save()
        with self.assertRaises(AccessError):
            dialog.with_user(self.clerk).read(["amount"])
        with self.assertRaises(AccessError):
            self.env["account.credit.line.change"].with_user(self.accountant).create(
                {"line_id": dialog.line_id.id, "change": "edit"}
            )
