from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .. import const
from .common import AccountCreditCommon

DATE = fields.Date.to_date("2024-04-10")


@tagged("post_install", "-at_install")
class TestAccountCreditBatchReverse(AccountCreditCommon):
    """Undo: the unused rest or all, each to the last journal item, each once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.misc = cls.company._get_credit_entry_journal()

    def _post_used(self, **vals):
        """Post 50.00 to three accounts: unused, used by 20.00, and used up."""
        self.invoices = self._create_invoice(self.accounts[1], 20)
        self.invoices += self._create_invoice(self.accounts[2], 90)
        batch = self._create_batch(dict.fromkeys(self.accounts[:3], 50), **vals)
        batch.action_post()
        self.assertEqual(batch.line_ids.mapped("amount_open"), [50, 30, 0])
        return batch

    def _get_reversals(self, batch):
        moves = batch.line_ids.move_id.reversal_move_ids
        return moves.sorted("id")

    # -------------------------------------------------------------------------
    # ENTRIES
    # -------------------------------------------------------------------------

    def test_unused_rest_is_taken_back_and_what_was_used_stays(self):
        # README says: "What invoices have used stays, and nothing of them changes."
        batch = self._post_used()
        batch.with_user(self.manager).action_reverse("unused", DATE, "Wrong class")
        self.assertEqual(
            batch.line_ids.mapped("state"), ["reversed", "posted", "posted"]
        )
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0])
        self.assertEqual(batch.line_ids.mapped("amount_applied"), [0, 20, 50])
        self.assertEqual(batch.state, "done")
        self.assertEqual(self.invoices.mapped("amount_residual"), [0, 40])
        whole, rest = self._get_reversals(batch)
        for move, line, amount in (
            (whole, batch.line_ids[0], 50),
            (rest, batch.line_ids[1], 30),
        ):
            self.assertItems(
                move,
                [
                    (self.credit_account, -amount, -amount),
                    (self.receivable, amount, amount),
                ],
            )
            self.assertRecordValues(
                move,
                [
                    {
                        "state": "posted",
                        "move_type": "entry",
                        "date": DATE,
                        "journal_id": self.misc.id,
                        "reversed_entry_id": line.move_id.id,
                        "ref": f"Reversal of: {line.move_id.name}",
                    }
                ],
            )
            receivable = move.line_ids.filtered("reconciled")
            self.assertEqual(receivable.partner_id, line.partner_id)
        self.assertLedgerSound(batch)
        self.assertIn("Wrong class", batch.message_ids[0].body)

    def test_all_is_reversed_and_invoices_are_open_again(self):
        batch = self._post_used()
        applications = batch.line_ids.move_id.used_application_ids
        batch.with_user(self.manager).action_reverse("all", DATE)
        self.assertEqual(set(batch.line_ids.mapped("state")), {"reversed"})
        self.assertEqual(batch.state, "reversed")
        # The button counts what it opens.
        action = batch.action_view_moves()
        moves = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual((len(moves), batch.credit_count), (3, 3))
        self.assertEqual(self.invoices.mapped("amount_residual"), [20, 90])
        self.assertEqual(self.invoices.mapped("payment_state"), ["not_paid"] * 2)
        self.assertEqual(set(applications.mapped("state")), {"unapplied"})
        self.assertEqual(applications.unapplied_by_id, self.manager)
        for move in self._get_reversals(batch):
            self.assertItems(
                move,
                [(self.credit_account, -50, -50), (self.receivable, 50, 50)],
            )
        self.assertEqual(len(self._get_reversals(batch)), 3)
        self.assertLedgerSound(batch)

    def test_all_after_the_rest_reverses_only_what_is_left(self):
        # README says: "Only open amounts are taken back, so nothing is taken back
        # twice."
        batch = self._post_used()
        batch.action_reverse("unused", DATE)
        batch.action_reverse("all", DATE)
        self.assertEqual(batch.state, "reversed")
        self.assertEqual(self.invoices.mapped("amount_residual"), [20, 90])
        partly = batch.line_ids[1].move_id.reversal_move_ids.sorted("id")
        self.assertEqual(partly.mapped("amount_total"), [30, 20])
        self.assertEqual(len(batch.line_ids[0].move_id.reversal_move_ids), 1)
        self.assertLedgerSound(batch)

    def test_freed_rest_is_taken_back_later_and_then_the_credit_is_reversed(self):
        batch = self._post_used()
        batch.action_reverse("unused", DATE)
        self.invoices[0].unapply_account_credits()
        batch.action_reverse("unused", DATE)
        self.assertEqual(batch.line_ids[1].state, "reversed")
        self.assertEqual(batch.line_ids[1].amount_open, 0)
        self.assertLedgerSound(batch)

    def test_second_click_finds_nothing(self):
        batch = self._post_used()
        batch.action_reverse("unused", DATE)
        with self.assertRaisesRegex(UserError, "All credits of .* are used"):
            batch.action_reverse("unused", DATE)
        self.assertEqual(len(self._get_reversals(batch)), 2)

    def test_other_credit_pays_what_is_open_again(self):
        batch = self._post_used()
        other = self._post_line(100, self.accounts[2])
        self.assertEqual(other.amount_open, 60)
        batch.action_reverse("all", DATE)
        self.assertEqual(self.invoices[1].amount_residual, 0)
        self.assertEqual(other.amount_open, 10)

    # -------------------------------------------------------------------------
    # TAXES AND CURRENCIES
    # -------------------------------------------------------------------------

    def _post_taxed(self, amount, paid):
        self.tax = self.company_data["default_tax_sale"]
        self.item.taxes_id = self.tax
        self._create_invoice(self.account, paid)
        return self._post_line(amount)

    def test_taxed_rest_takes_the_taxes_back_in_proportion(self):
        # 10.01 and 15 % are 11.51; 4.00 are used.
        line = self._post_taxed(10.01, 4)
        self.assertEqual(line.move_amount_total, 11.51)
        line.batch_id.action_reverse("unused", DATE)
        tax_account = self.company_data["default_account_tax_sale"]
        # 7.51 of 11.51 of 10.01 is 6.53, the rest is tax.
        move = line.move_id.reversal_move_ids
        self.assertItems(
            move,
            [
                (self.credit_account, -6.53, -6.53),
                (tax_account, -0.98, -0.98),
                (self.receivable, 7.51, 7.51),
            ],
        )
        originals = line.move_id.line_ids
        for item in move.line_ids:
            original = originals.filtered(
                lambda other, item=item: other.account_id == item.account_id
            )
            for name in ("tax_ids", "tax_tag_ids", "tax_repartition_line_id"):
                if original.account_id != self.receivable:
                    self.assertEqual(item[name], original[name])
        self.assertEqual(line.amount_open, 0)

    def test_whole_taxed_credit_is_reversed_by_a_document_with_taxes(self):
        line = self._post_taxed(10, 5)
        line.batch_id.action_reverse("all", DATE)
        move = line.move_id.reversal_move_ids
        self.assertEqual(move.move_type, "out_invoice")
        self.assertEqual((move.date, move.state), (DATE, "posted"))
        self.assertItems(
            move,
            [
                (self.credit_account, -10, -10),
                (self.company_data["default_account_tax_sale"], -1.5, -1.5),
                (self.receivable, 11.5, 11.5),
            ],
        )
        self.assertEqual(line.state, "reversed")

    def test_foreign_currency_is_reversed_at_the_rate_of_the_credit(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 3), ("2024-04-01", 2)]
        )
        self._create_invoice(self.account, 4, currency_id=euro.id)
        batch = self._create_batch({self.account: 10})
        batch.line_ids.currency_id = euro
        batch.action_post()
        self.assertEqual(batch.line_ids.amount_open, 6)
        batch.action_reverse("unused", DATE)
        self.assertItems(
            batch.line_ids.move_id.reversal_move_ids,
            [(self.credit_account, -2, -6), (self.receivable, 2, 6)],
        )
        self.assertFalse(
            batch.line_ids.move_id.line_ids.matched_debit_ids.exchange_move_id
        )

    def test_yen_without_decimals(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150)])
        self._create_invoice(self.account, 333, currency_id=yen.id)
        batch = self._create_batch({self.account: 1000})
        batch.line_ids.currency_id = yen
        batch.action_post()
        batch.action_reverse("unused", DATE)
        # 1,000 were 6.67, 333 of them 2.22: so that nothing is left in dollars.
        self.assertItems(
            batch.line_ids.move_id.reversal_move_ids,
            [(self.credit_account, -4.45, -667), (self.receivable, 4.45, 667)],
        )
        receivable = batch.line_ids.move_line_id
        self.assertEqual(
            (receivable.amount_residual, receivable.amount_residual_currency), (0, 0)
        )

    def test_entry_for_many_accounts(self):
        batch = self._post_used(document_form="entry")
        batch.action_reverse("unused", DATE)
        self.assertEqual(
            batch.line_ids.mapped("state"), ["reversed", "posted", "posted"]
        )
        self.assertItems(
            batch.line_ids.move_id.reversal_move_ids,
            [
                (self.credit_account, -80, -80),
                (self.receivable, 50, 50),
                (self.receivable, 30, 30),
            ],
        )
        batch.action_reverse("all", DATE)
        self.assertEqual(batch.state, "reversed")
        self.assertEqual(self.invoices.mapped("amount_residual"), [20, 90])
        self.assertItems(
            batch.line_ids.move_id.reversal_move_ids.sorted("id")[-1],
            [
                (self.credit_account, -70, -70),
                (self.receivable, 20, 20),
                (self.receivable, 50, 50),
            ],
        )
        self.assertLedgerSound(batch)

    # -------------------------------------------------------------------------
    # REFUSALS
    # -------------------------------------------------------------------------

    def test_storno_turns_the_sign_as_odoo_does(self):
        """What takes a credit back is on its side, with the other sign."""
        self.company.account_storno = True
        for document_form, sides in (
            # A credit note is the storno of an invoice; an entry is that of nothing.
            (
                "credit_note",
                {(self.receivable, -10, 0, True), (self.credit_account, 0, -10, True)},
            ),
            (
                "entry",
                {(self.receivable, 0, 10, False), (self.credit_account, 10, 0, False)},
            ),
        ):
            with self.subTest(document_form):
                batch = self._create_batch(document_form=document_form)
                batch.action_post()
                self.assertEqual(self._get_sides(batch.line_ids.move_id), sides)
                batch.action_reverse("all", DATE)
                turned = {
                    (account, -debit, -credit, not is_storno)
                    for account, debit, credit, is_storno in sides
                }
                self.assertEqual(self._get_sides(self._get_reversals(batch)), turned)
        # Odoo's own, of an entry.
        batch = self._create_batch(document_form="entry")
        batch.action_post()
        by_odoo = batch.line_ids.move_id._reverse_moves(cancel=True)
        self.assertEqual(batch.line_ids.state, "reversed")
        self.assertEqual(self._get_sides(by_odoo), turned)

    def _get_sides(self, move):
        return {
            (item.account_id, item.debit, item.credit, item.is_storno)
            for item in move.line_ids
        }

    def test_locked_date_and_date_before_the_credits(self):
        batch = self._post_used()
        self.company.fiscalyear_lock_date = fields.Date.to_date("2024-04-30")
        with self.assertRaisesRegex(UserError, "is locked"):
            batch.action_reverse("all", DATE)
        with self.assertRaisesRegex(UserError, "that day or a later one"):
            batch.action_reverse("all", fields.Date.to_date("2024-03-14"))
        self.assertFalse(self._get_reversals(batch))
        self.assertFalse(any(batch.line_ids.mapped("is_to_reverse")))

    def test_rights(self):
        batch = self._post_used()
        dialogs = self.env["account.credit.batch.reverse"]
        vals = {"batch_id": batch.id, "reason": "Why not", "mode": "all"}
        for user in (self.clerk, self.accountant):
            for call in (
                lambda user=user: batch.with_user(user).action_reverse("unused"),
                lambda user=user: batch.with_user(user).action_open_reverse(),
                lambda user=user: dialogs.with_user(user).create(vals),
            ):
                with self.assertRaises(AccessError):
                    call()
        dialog = dialogs.with_user(self.manager).create(vals)
        with self.assertRaises(AccessError):
            dialog.with_user(self.clerk).action_confirm()
        for name in ("reversal_mode", "reversal_date", "reversal_count"):
            with self.assertRaises(AccessError):
                batch.with_user(self.manager).write({name: False})
        with self.assertRaises(AccessError):
            batch.line_ids.with_user(self.manager).write({"is_to_reverse": True})
        with self.assertRaisesRegex(UserError, "not a reversal mode"):
            batch.with_user(self.manager).action_reverse("everything")
        self.assertFalse(self._get_reversals(batch))

    def test_batch_of_another_company_is_out_of_reach(self):
        other = self._create_company(name="Lakeside")
        stranger = self._create_user("stranger", "account.group_account_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        batch = self._post_used()
        dialogs = self.env["account.credit.batch.reverse"].with_user(stranger)
        for call in (
            lambda: batch.with_user(stranger).action_reverse(),
            lambda: dialogs.create({"batch_id": batch.id, "reason": "x"}).figures,
        ):
            with self.assertRaises(AccessError):
                call()

    # -------------------------------------------------------------------------
    # UNDO OF A REVERSAL
    # -------------------------------------------------------------------------

    def test_reversal_is_as_posted_as_the_credit(self):
        for form in ("credit_note", "entry"):
            batch = self._create_batch(
                dict.fromkeys(self.accounts[3:5], 50), document_form=form
            )
            batch.action_post()
            batch.action_reverse("all", DATE)
            for reversal in self._get_reversals(batch):
                clerks = reversal.with_user(self.clerk)
                item = clerks.line_ids.filtered("reconciled")[:1]
                self.assertFalse(clerks.show_reset_to_draft_button)
                self.assertTrue(reversal.show_reset_to_draft_button)
                for call in (
                    clerks.button_draft,
                    clerks.button_cancel,
                    lambda clerks=clerks: clerks.write({"state": "cancel"}),
                    item.remove_move_reconcile,
                    item.matched_credit_ids.unlink,
                    # Not for an administrator, either: the credit would be back.
                    item.with_user(self.manager).remove_move_reconcile,
                    lambda move=reversal: move._reverse_moves(cancel=True),
                ):
                    with self.assertRaisesRegex(UserError, "reverses"):
                        call()
            self.assertEqual(batch.state, "reversed")
            self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0])
            self.assertLedgerSound(batch)

    def test_credit_and_batch_follow_when_an_administrator_cancels_the_reversal(self):
        line = self._post_line(50)
        batch = line.batch_id
        batch.action_reverse("all", DATE)
        invoice = self._create_invoice(self.account, 20)
        reversal = line.move_id.reversal_move_ids
        reversal.with_user(self.manager).button_cancel()
        self.assertEqual((line.state, batch.state), ("posted", "done"))
        self.assertEqual((line.amount_open, invoice.amount_residual), (30, 0))
        self.assertEqual(reversal.state, "cancel")
        self.assertIn(reversal.name, batch.message_ids[0].body)
        self.assertLedgerSound(batch)
        # Reverse does again what it says.
        batch.with_user(self.manager).action_reverse("all", DATE)
        self.assertEqual((line.state, batch.state), ("reversed", "reversed"))
        self.assertEqual((line.amount_open, invoice.amount_residual), (0, 20))
        again = line.move_id.reversal_move_ids - reversal
        self.assertItems(
            again, [(self.credit_account, -50, -50), (self.receivable, 50, 50)]
        )
        self.assertLedgerSound(batch)

    def test_reversal_of_a_part_that_is_reset_and_posted_again(self):
        batch = self._post_used()
        batch.action_reverse("unused", DATE)
        whole, rest = self._get_reversals(batch)
        (whole + rest).with_user(self.manager).button_draft()
        self.assertEqual(set(batch.line_ids.mapped("state")), {"posted"})
        self.assertEqual(batch.line_ids.mapped("amount_open"), [50, 30, 0])
        (whole + rest).with_user(self.manager).action_post()
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0])
        self.assertEqual(
            batch.line_ids.mapped("state"), ["reversed", "posted", "posted"]
        )
        self.assertEqual(self.invoices.mapped("amount_residual"), [0, 40])
        self.assertLedgerSound(batch)

    def test_reversal_of_a_replaced_credit_stays(self):
        line = self._post_line(50)
        other = line.with_user(self.manager).replace(amount=40, reason="Typing error")
        reversal = line.move_id.reversal_move_ids
        with self.assertRaisesRegex(UserError, "posted to replace"):
            reversal.with_user(self.manager).button_draft()
        other.with_user(self.manager).action_reverse(reason="Neither")
        reversal.with_user(self.manager).button_draft()
        self.assertEqual((line.state, line.amount_open), ("posted", 50))

    # -------------------------------------------------------------------------
    # BACKGROUND
    # -------------------------------------------------------------------------

    def test_workers_take_back_the_rest_chunk_by_chunk(self):
        batch = self._post_used()
        self.company.credit_background_lines = 1
        batch.with_user(self.manager).action_reverse("unused", DATE)
        self.assertEqual(batch.state, "queued")
        # The used up one is not asked for.
        self.assertEqual(batch.line_ids.mapped("is_to_reverse"), [True, True, False])
        with patch.object(const, "CHUNK_LINES", 1):
            runs = self.runs.sudo()
            runs._find_queued()._start()
            runs._find_queued()._work_chunk()
            self.assertEqual(batch.state, "posting")
            info = batch.progress_info
            self.assertEqual((info["line_count"], info["done"]), (2, 1))
            runs._find_queued()._work_chunk()
        self.assertEqual(batch.state, "done")
        self.assertEqual(len(self._get_reversals(batch)), 2)
        self.assertEqual(self._get_reversals(batch).create_uid, self.manager)
        self.assertFalse(self.runs.sudo()._find_queued())

    # -------------------------------------------------------------------------
    # DIALOG
    # -------------------------------------------------------------------------

    def _open(self, batch):
        action = batch.with_user(self.manager).action_open_reverse()
        dialogs = self.env[action["res_model"]].with_user(self.manager)
        return Form(dialogs.with_context(**action["context"]))

    def test_dialog_shows_what_is_used_and_by_which_invoice(self):
        batch = self._post_used()
        form = self._open(batch)
        self.assertEqual(
            form.figures,
            [
                {
                    "currency_id": self.company.currency_id.id,
                    "credited": "$\xa0150.00",
                    "unused": "$\xa080.00",
                    "used": "$\xa070.00",
                    "has_unused": True,
                    "untouched": 1,
                    "partly": 1,
                    "used_up": 1,
                }
            ],
        )
        self.assertEqual(form.application_count, 2)
        self.assertIn("80.00 is taken back", form.effect)
        form.mode = "all"
        self.assertIn("150.00", form.effect)
        self.assertIn("open again", form.effect)
        form.mode = "unused"
        form.reason = "Wrong class"
        form.date = DATE
        dialog = form.save()
        self.assertEqual(dialog.application_ids.invoice_id, self.invoices)
        dialog.action_confirm()
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0])
        form = self._open(batch)
        self.assertFalse(form.is_possible)
        self.assertIn("All of these credits are used", form.effect)

    def test_dialog_lists_the_first_invoices(self):
        batch = self._post_used()
        with patch(
            "odoo.addons.account_credit_posting.const.INVOICES_LISTED",
            1,
        ):
            form = self._open(batch)
        self.assertEqual((form.application_count, form.more_text), (2, "and 1 more"))

    def test_figures_cost_the_same_for_any_number_of_lines(self):
        counts = []
        for accounts in (self.accounts[:2], self.accounts):
            batch = self._create_batch(dict.fromkeys(accounts, 10))
            batch.action_post()
            dialog = self.env["account.credit.batch.reverse"].create(
                {"batch_id": batch.id, "reason": "Wrong"}
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            dialog.read(["figures", "effect", "application_count"])
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
