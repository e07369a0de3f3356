import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountCreditLine(AccountCreditCommon):
    """What a line accepts, why it fails, and that a posted one is a fact."""

    # -------------------------------------------------------------------------
    # FAULTS
    # -------------------------------------------------------------------------

    def assertFailsAlone(self, batch, account, text):
        """Assert that the account's line failed, and that the other one is posted."""
        batch.action_post()
        line = batch.line_ids.filtered(lambda line: line.partner_id == account)
        self.assertEqual(line.state, "failed")
        self.assertIn(text, line.error)
        self.assertIn(account.display_name, line.error)
        self.assertEqual((batch.line_ids - line).state, "posted")
        self.assertLedgerSound(batch)
        return line

    def _create_pair(self, **vals):
        """Create a batch with the first account and a second one without fault."""
        return self._create_batch({self.account: 10, self.accounts[1]: 10}, **vals)

    def test_archived_account_fails_until_unarchived(self):
        self.account.active = False
        batch = self._create_pair()
        self.assertFailsAlone(batch, self.account, "is archived. Unarchive")
        self.account.active = True
        batch.action_retry()
        self.assertEqual(batch.state, "done")
        self.assertLedgerSound(batch)

    def test_account_of_another_company_fails(self):
        other = self.setup_other_company()["company"]
        batch = self._create_pair()
        self.account.company_id = other
        self.assertFailsAlone(batch, self.account, f"is an account of {other.name}")

    def test_account_that_became_an_enrollee_fails(self):
        batch = self._create_pair()
        self.env.flush_all()
        # Odoo's `write` takes the line along, see `res.partner`; others need not.
        self.env.cr.execute(
            SQL(
                "UPDATE res_partner SET parent_id = %(parent)s, "
                "commercial_partner_id = %(parent)s WHERE id = %(account)s",
                parent=self.accounts[5].id,
                account=self.account.id,
            )
        )
        self.env.invalidate_all()
        self.assertFailsAlone(batch, self.account, "belongs to the account Family 5")

    def test_account_without_receivable_fails(self):
        own = self.copy_account(self.receivable)
        self.account.property_account_receivable_id = own
        own.active = False
        self.assertFailsAlone(
            self._create_pair(), self.account, "no receivable account in use"
        )

    def test_amount_that_is_not_above_zero_fails(self):
        for amount in (0, -5, 0.001):
            batch = self._create_batch({self.account: amount, self.accounts[1]: 10})
            self.assertFailsAlone(batch, self.account, "Enter an amount above zero")

    def test_archived_item_fails_every_line(self):
        batch = self._create_pair()
        self.item.active = False
        batch.action_post()
        self.assertEqual(batch.line_ids.mapped("state"), ["failed", "failed"])
        self.assertIn("Unarchive the credit item", batch.line_ids[0].error)
        self.assertIn("Family 0", batch.line_ids[0].error)
        self.item.active = True
        batch.action_retry()
        self.assertEqual(batch.state, "done")

    def test_item_that_is_no_credit_item_fails(self):
        batch = self._create_pair(credit_item_id=self.product_a.id)
        batch.action_post()
        self.assertEqual(batch.failed_count, 2)
        self.assertIn("is not a credit item", batch.line_ids[0].error)

    def test_locked_date_fails_instead_of_moving(self):
        for lock in ("sale_lock_date", "fiscalyear_lock_date"):
            self.company[lock] = "2024-03-31"
            batch = self._create_pair()
            batch.action_post()
            self.assertEqual(batch.failed_count, 2)
            self.assertIn("03/15/2024 is locked", batch.line_ids[0].error)
            # Nothing is posted yet, so the date may still change.
            batch.date = "2024-04-01"
            batch.action_retry()
            self.assertEqual(batch.state, "done")
            self.assertEqual(batch.line_ids.move_id.mapped("date"), [batch.date] * 2)
            self.company[lock] = False

    def test_tax_lock_date_concerns_taxed_items_only(self):
        self.company.tax_lock_date = "2024-03-31"
        untaxed = self._create_pair()
        untaxed.action_post()
        self.assertEqual(untaxed.state, "done")
        self.item.taxes_id = self.tax_sale_a
        taxed = self._create_pair()
        taxed.action_post()
        self.assertEqual(taxed.failed_count, 2)

    def test_currency_without_rate_fails(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-06-01", 2.0)])
        batch = self._create_pair()
        batch.line_ids[0].currency_id = euro
        self.assertFailsAlone(
            batch, self.account, "EUR has no exchange rate on 03/15/2024"
        )

    def test_archived_currency_fails(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        batch = self._create_pair()
        batch.line_ids[0].currency_id = euro
        euro.active = False
        self.assertFailsAlone(batch, self.account, "EUR is archived")

    def test_invoice_of_another_account_or_currency_fails(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        foreign = self._create_invoice(self.accounts[3], 10)
        in_euro = self._create_invoice(self.account, 10, currency_id=euro.id)
        for invoice, currency, text in (
            (foreign, self.company.currency_id, "is not a posted invoice"),
            (in_euro, self.company.currency_id, "is in EUR and the credit in USD"),
        ):
            batch = self._create_pair()
            batch.line_ids[0].write(
                {"invoice_id": invoice.id, "currency_id": currency.id}
            )
            self.assertFailsAlone(batch, self.account, text)

    def test_currency_follows_the_invoice(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._create_invoice(self.account, 10, currency_id=euro.id)
        batch = self._create_batch({self.account: 10})
        batch.line_ids.invoice_id = invoice
        self.assertEqual(batch.line_ids.currency_id, euro)

    def test_currency_follows_the_receivable_account(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        own = self.copy_account(self.receivable, {"currency_id": euro.id})
        self.account.property_account_receivable_id = own
        line = self._post_line(10)
        self.assertEqual(line.currency_id, euro)
        self.assertItems(
            line.move_id, [(self.credit_account, 5.0, 10.0), (own, -5.0, -10.0)]
        )

    # -------------------------------------------------------------------------
    # ENROLLEES
    # -------------------------------------------------------------------------

    def test_enrollee_leads_to_the_account_and_stays_a_label(self):
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        line = self._post_line(10, account=child)
        self.assertRecordValues(
            line, [{"partner_id": self.account.id, "contact_id": child.id}]
        )
        self.assertEqual(line.move_id.partner_id, self.account)

    def test_two_enrollees_of_one_account_get_two_credits(self):
        children = self.env["res.partner"].create(
            [{"name": name, "parent_id": self.account.id} for name in ("Anna", "Ben")]
        )
        batch = self._create_batch({children[0]: 10, children[1]: 20})
        batch.action_post()
        self.assertEqual(batch.line_ids.partner_id, self.account)
        self.assertEqual(len(batch.line_ids.move_id), 2)
        self.assertLedgerSound(batch)

    # -------------------------------------------------------------------------
    # FACTS
    # -------------------------------------------------------------------------

    def test_posted_line_is_not_changed_or_deleted_by_anybody(self):
        # README says: "no write, no deletion, no reset to draft, for nobody"
        line = self._post_line()
        for user in (self.clerk, self.manager, self.env.ref("base.user_root")):
            mine = line.with_user(user)
            for vals in (
                {"amount": 1},
                {"partner_id": self.accounts[1].id},
                {"contact_id": False},
            ):
                with self.assertRaisesRegex(UserError, "cannot be changed"):
                    mine.write(vals)
            with self.assertRaises(UserError):
                mine.unlink()

    def test_results_are_written_by_posting_alone(self):
        line = self._create_batch().line_ids
        entry = self._create_invoice(self.account, 10)
        for vals in ({"state": "posted"}, {"error": "x"}, {"move_id": entry.id}):
            with self.assertRaises(AccessError):
                line.write(vals)
            with self.assertRaises(AccessError):
                line.with_context(credit_posting=True).write(vals)
        with self.assertRaises(AccessError):
            line.create(
                {
                    "batch_id": line.batch_id.id,
                    "partner_id": self.account.id,
                    "amount": 1,
                    "state": "posted",
                    "move_id": entry.id,
                }
            )

    def test_failed_line_can_be_mended_but_not_deleted(self):
        batch = self._create_batch({self.account: 0, self.accounts[1]: 1})
        batch.action_post()
        failed = batch.line_ids.filtered(lambda line: line.state == "failed")
        with self.assertRaisesRegex(UserError, "accounts for each of its lines"):
            failed.unlink()
        failed.amount = 5
        batch.action_retry()
        self.assertEqual(batch.state, "done")
        self.assertLedgerSound(batch)

    def test_line_cannot_be_moved_to_another_batch_after_posting(self):
        line = self._post_line()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            line.batch_id = self._create_batch()

    def test_credit_note_stays_posted(self):
        move = self._post_line().move_id
        for name in ("button_draft", "button_cancel"):
            with self.assertRaisesRegex(UserError, "cannot be reset"):
                getattr(move, name)()
        for state in ("draft", "cancel"):
            with self.assertRaisesRegex(UserError, "cannot be reset"):
                move.write({"state": state})
        with self.assertRaises(UserError):
            move.unlink()

    def test_credit_note_does_not_offer_to_be_reset(self):
        line = self._post_line()
        self.assertFalse(line.move_id.show_reset_to_draft_button)
        invoice = self._create_invoice(self.account, 10)
        self.assertTrue(invoice.show_reset_to_draft_button)

    def test_other_entries_can_still_be_reset(self):
        invoice = self._create_invoice(self.account, 10)
        invoice.button_draft()
        self.assertEqual(invoice.state, "draft")

    def test_entry_is_linked_by_posting_alone(self):
        line = self._create_batch().line_ids
        invoice = self._create_invoice(self.account, 10)
        with self.assertRaises(AccessError):
            invoice.credit_line_id = line
        with self.assertRaises(AccessError):
            self.env["account.move"].create(
                {"move_type": "out_refund", "credit_line_id": line.id}
            )

    def test_copy_and_reversal_of_a_credit_note_have_no_line(self):
        move = self._post_line().move_id
        self.assertFalse(move.copy().credit_line_id)
        self.assertFalse(move._reverse_moves([{}]).credit_line_id)

    # -------------------------------------------------------------------------
    # DATABASE
    # -------------------------------------------------------------------------

    def assertDatabaseRefuses(self, query, error=psycopg2.IntegrityError):
        """Assert that not even SQL can do this, at the latest at the end."""
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(error),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query)
            self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_database_keeps_line_and_entry_one_to_one(self):
        first, second = self._post_line(), self._post_line()
        pending = self._create_batch().line_ids
        for query in (
            # Two lines, one entry.
            SQL(
                "UPDATE account_credit_line SET move_id = %s WHERE id = %s",
                first.move_id.id,
                second.id,
            ),
            # Two entries, one line.
            SQL(
                "UPDATE account_move SET credit_line_id = %s WHERE id = %s",
                first.id,
                second.move_id.id,
            ),
            # An entry that names a line which names none.
            SQL(
                "UPDATE account_move SET credit_line_id = %s WHERE id = %s",
                pending.id,
                first.move_id.id,
            ),
            # A posted line without an entry, and the reverse.
            SQL(
                "UPDATE account_credit_line SET move_id = NULL WHERE id = %s", first.id
            ),
            SQL(
                "UPDATE account_credit_line SET state = 'posted' WHERE id = %s",
                pending.id,
            ),
            SQL(
                "UPDATE account_credit_line SET state = 'failed' WHERE id = %s",
                first.id,
            ),
            # A posted line without an amount, or an account.
            SQL("UPDATE account_credit_line SET amount = 0 WHERE id = %s", first.id),
            SQL(
                "UPDATE account_credit_line SET partner_id = NULL WHERE id = %s",
                first.id,
            ),
            SQL("DELETE FROM account_move WHERE id = %s", first.move_id.id),
        ):
            self.assertDatabaseRefuses(query)

    def test_account_with_credits_cannot_be_deleted(self):
        self._post_line()
        self.assertDatabaseRefuses(
            SQL("DELETE FROM res_partner WHERE id = %s", self.account.id)
        )

    def test_lines_are_created_with_their_batch_by_command(self):
        batch = self.batches.create(
            {
                "credit_item_id": self.item.id,
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": 1})
                ],
            }
        )
        self.assertEqual(batch.line_ids.company_id, self.company)
