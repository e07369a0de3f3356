import runpy
from contextlib import contextmanager

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import SQL, file_path

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestPartnerStoredValue(StoredValueCommon):
    """What becomes of money held for an account that changes."""

    def test_account_with_a_balance_is_not_archived(self):
        # README says: "An account that money is held for is neither archived nor
        # deleted"
        value = self._issue(50)
        with self.assertRaisesRegex(UserError, "50.00 left"):
            self.account.action_archive()
        # Nor by an administrator.
        with self.assertRaises(UserError):
            self.account.with_user(self.manager).sudo().unlink()
        value.with_user(self.manager).refund(50, self.bank.id)
        self.account.action_archive()
        self.assertFalse(self.account.active)

    def test_who_cannot_see_it_cannot_archive_either(self):
        self._issue(50)
        user = self._create_user("desk", "base.group_partner_manager")
        with self.assertRaisesRegex(UserError, "50.00 left"):
            self.account.with_user(user).action_archive()

    def test_account_is_not_deleted(self):
        self._issue(50)
        with self.assertRaises(UserError):
            self.account.unlink()

    def test_merged_accounts_keep_the_money(self):
        value = self._issue(50)
        target = self.accounts[1]
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (target | self.account).ids, target
        )
        self.env.invalidate_all()
        self.assertEqual(value.partner_id, target)
        self.assertEqual(value.move_line_ids.partner_id, target)
        self.assertEqual(target.gift_card_balance, 50)
        invoice = self._create_invoice(target, 20)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(value.balance, 30)

    # -------------------------------------------------------------------------
    # AN ACCOUNT BECOMES A CONTACT OF ANOTHER ONE, AND LEAVES IT
    # -------------------------------------------------------------------------

    def _hold(self):
        """Let the account have a card, an open credit and one that paid in part."""
        self.value = self._issue(50)
        self.invoice = self._create_invoice(self.account, 30)
        self.line = self._post_line(45)
        self.entry_line = self._post_line(7, document_form="entry")
        self.pending = self._create_batch({self.account: 3}).line_ids
        self.assertEqual((self.line.amount_open, self.invoice.amount_residual), (15, 0))
        lines = self.line | self.entry_line
        return self.value.move_line_ids | lines.move_line_id | self.invoice.line_ids

    @contextmanager
    def assertRefused(self, sentence):
        with (
            self.assertRaisesRegex(UserError, sentence),
            self.env.cr.savepoint(),
        ):
            yield

    def assertHeldBy(self, items, target):
        """Assert that items and records are those of an account, and that they pay."""
        self.assertEqual(items.partner_id, target)
        lines = self.line | self.entry_line | self.pending
        self.assertEqual(self.value.partner_id | lines.partner_id, target)
        self.assertEqual(self.line.application_ids.partner_id, target)
        self.assertEqual(self.line.application_ids.state, "applied")
        self.env.invalidate_all()
        self.assertEqual(self.value.movement_ids.partner_id, target)
        self.assertEqual(
            (target.gift_card_balance, target.account_credit_balance), (50, 22)
        )
        self.assertTiesOut()
        # What is posted can be undone, and pays again.
        self.invoice.button_draft()
        self.assertEqual(self.line.amount_open, 45)
        self.invoice.action_post()
        self.assertEqual((self.line.amount_open, self.invoice.amount_residual), (15, 0))
        invoice = self._create_invoice(target, 40)
        self.assertEqual(invoice.amount_residual, 18)
        self.value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual((self.value.balance, invoice.amount_residual), (32, 0))
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual(self.value.balance, 50)
        self.pending.batch_id.action_post()
        self.assertEqual(self.pending.state, "posted", self.pending.error)
        self.line.batch_id.action_reverse()
        self.assertEqual((self.line.state, self.line.amount_open), ("reversed", 0))
        self.assertEqual(
            self.line.move_id.reversal_move_ids.line_ids.partner_id, target
        )

    def test_all_that_an_account_has_follows_it_to_its_parent(self):
        items = self._hold()
        family = self.accounts[1]
        desk = self._create_user("desk", "base.group_user,base.group_partner_manager")
        self.account.with_user(desk).parent_id = family
        self.assertEqual(self.line.contact_id, self.account)
        self.assertIn(family.name, self.value.message_ids[0].body)
        self.assertHeldBy(items, family)

    def test_all_that_a_company_has_follows_it_when_it_is_a_person(self):
        self.account.write({"is_company": True, "parent_id": self.accounts[1].id})
        items = self._hold()
        self.assertEqual(items.partner_id, self.account)
        self.account.is_company = False
        self.assertHeldBy(items, self.accounts[1])

    def test_what_was_posted_stays_when_a_contact_becomes_an_account(self):
        for vals in ({"parent_id": False}, {"is_company": True}):
            with self.subTest(vals), self.env.cr.savepoint() as savepoint:
                items = self._hold()
                self.account.parent_id = self.accounts[1]
                self.account.write(vals)
                self.assertEqual(self.account.gift_card_balance, 0)
                self.assertHeldBy(items, self.accounts[1])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_contacts_below_an_account_that_follows_have_is_found(self):
        child = self.env["res.partner"].create(
            {"name": "Child", "parent_id": self.account.id}
        )
        items = self._hold()
        self.account.parent_id = self.accounts[1]
        self.assertEqual(child.commercial_partner_id, self.accounts[1])
        credit = self._post_line(5, child)
        self.assertEqual(credit.partner_id, self.accounts[1])
        credit.batch_id.action_reverse()
        self.assertHeldBy(items, self.accounts[1])

    def test_what_was_posted_is_reversed_where_it_is(self):
        self.item.taxes_id = self.company_data["default_tax_sale"]
        line = self._post_line(10)
        product = self.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True}
        )
        sale = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "price_unit": 40})
                ],
            }
        )
        sale.action_post()
        family = self.accounts[1]
        self.account.parent_id = family
        self.account.parent_id = False
        line.batch_id.action_reverse()
        reversal = line.move_id.reversal_move_ids
        self.assertEqual(reversal.line_ids.partner_id, family)
        self.assertEqual((line.state, line.amount_open), ("reversed", 0))
        note = sale._reverse_moves(
            [{"date": "2024-03-02", "invoice_date": "2024-03-02"}], cancel=True
        )
        self.assertEqual(note.line_ids.partner_id, family)
        self.assertEqual(sale.sold_value_ids.mapped("state"), ["void"])
        self.assertEqual(sale.sold_value_ids.partner_id, family)

    def test_update_mends_what_did_not_follow(self):
        items = self._hold()
        undone = self._post_line(9, self.accounts[2])
        undone.batch_id.action_reverse()
        undone.move_id.reversal_move_ids.button_cancel()
        self.account.parent_id = self.accounts[1]
        # As it was before this was looked after.
        self.env.flush_all()
        for table in (
            "account_credit_line",
            "account_credit_application",
            "account_stored_value",
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET partner_id = %s WHERE partner_id = %s",
                    SQL.identifier(table),
                    self.account.id,
                    self.accounts[1].id,
                )
            )
        for record in (undone, undone.batch_id):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET state = 'reversed' WHERE id = %s",
                    SQL.identifier(record._table),
                    record.id,
                )
            )
        self.env.invalidate_all()
        path = file_path(
            "account_credit_posting/migrations/19.0.2.1.0/post-odd-orders.py"
        )
        runpy.run_path(path)["migrate"](self.env.cr, "19.0.2.0.0")
        self.assertEqual((undone.state, undone.batch_id.state), ("posted", "done"))
        self.assertLedgerSound(undone.batch_id)
        self.assertHeldBy(items, self.accounts[1])

    def test_account_does_not_follow_to_another_company(self):
        other = self._create_company(name="Lakeside")
        value = self._issue(50)
        family = self.accounts[1]
        family.company_id = other
        with self.assertRefused("cannot belong to another company"):
            self.account.company_id = other
        with self.assertRaises(UserError):
            self.account.parent_id = family
        self.assertEqual(self.account.commercial_partner_id, self.account)
        value.with_user(self.manager).refund(50, self.bank.id)
        line = self._post_line(5)
        with self.assertRefused("cannot belong to another company"):
            self.account.company_id = other
        line.batch_id.action_reverse()
        self.account.company_id = other
        self.assertEqual(value.partner_id, self.account)

    def test_nobody_takes_what_others_have_to_the_own_account(self):
        self._issue(50)
        desk = self._create_user("desk", "base.group_user,base.group_partner_manager")
        with self.assertRefused("your own account"):
            self.account.with_user(desk).parent_id = desk.partner_id
        self.accounts[1].with_user(desk).parent_id = desk.partner_id

    def test_locked_month_does_not_keep_what_an_account_has(self):
        items = self._hold()
        self.company.fiscalyear_lock_date = "2024-03-31"
        self.account.parent_id = self.accounts[1]
        self.company.fiscalyear_lock_date = False
        self.assertHeldBy(items, self.accounts[1])

    def test_branch_uses_the_accounts_of_its_company(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        # Odoo gives a branch its chart of accounts when the transaction ends.
        self.env.cr.precommit.run()
        (self.clerk | self.env.user).company_ids = [Command.link(branch.id)]
        answer = (
            self.values.with_user(self.clerk)
            .with_company(branch)
            .issue("gift_card", self.account.id, 40, "promotion")
        )
        value = self.values.browse(answer["id"])
        self.assertEqual(value.company_id, branch)
        self.assertEqual(value.liability_account_id, self.given)
        self.assertEqual(value.move_line_ids.company_id, branch)
        invoice = (
            self.env["account.move"]
            .with_company(branch)
            .create(self._prepare_invoice_vals(self.account, 25))
        )
        invoice.action_post()
        self.assertEqual(invoice.company_id, branch)
        value.with_user(self.clerk).with_company(branch).apply_to_invoice(invoice.id)
        self.assertEqual((value.balance, invoice.amount_residual), (15, 0))
        # The invoice of the company itself is another company's.
        invoice = self._create_invoice(self.account, 25)
        with self.assertRaises(UserError):
            value.with_user(self.clerk).apply_to_invoice(invoice.id)

    def test_screens_ask_for_the_right(self):
        user = self._create_user("desk", "base.group_partner_manager")
        for name in (
            "action_new_stored_value",
            "action_redeem_code",
            "action_use_stored_value",
        ):
            with self.assertRaises(AccessError):
                getattr(self.account.with_user(user), name)()

    def test_new_record_starts_from_what_is_likely(self):
        self.company.write({"gift_card_validity_months": 12})
        action = (
            self.account.with_user(self.clerk)
            .with_context(value_type="gift_card")
            .action_new_stored_value()
        )
        draft = self.values.with_user(self.clerk).with_context(**action["context"])
        draft = draft.create({"initial_amount": 30})
        draft._onchange_funding()
        self.assertEqual(draft.journal_id.type, "cash")
        self.assertFalse(draft.expiry_date)
        draft.funding = "promotion"
        draft._onchange_funding()
        self.assertFalse(draft.journal_id)
        self.assertTrue(draft.expiry_date)
        action = draft.action_issue()
        self.assertEqual(action["tag"], "account_credit_posting.card_code")
        self.assertEqual(
            self.values.with_user(self.clerk).balance_of(action["params"]["code"])[
                "balance"
            ],
            30,
        )

    def test_card_of_post_transaction_has_one_of_the_designs(self):
        action = self.account.with_user(self.clerk).action_post_transaction()
        transaction = self.env[action["res_model"]].with_user(self.clerk)
        transaction = transaction.browse(action["res_id"])
        transaction.transaction_type = "gift_card"
        page = transaction.action_next()
        [(view_id, _type)] = page["views"]
        dialog = Form(
            self.values.with_user(self.clerk).with_context(**page["context"]),
            view=view_id,
        )
        self.assertEqual(dialog.design, "classic")
        dialog.initial_amount = 30
        dialog.design = "thanks"
        card = dialog.save()
        card.action_issue()
        self.assertEqual(
            (card.partner_id, card.balance, card.design), (self.account, 30, "thanks")
        )

    def test_draft_can_be_deleted_and_issued_once(self):
        draft = self.values.with_user(self.clerk).create(
            {
                "value_type": "prepayment",
                "partner_id": self.account.id,
                "funding": "payment",
                "initial_amount": 10,
            }
        )
        with self.assertRaisesRegex(UserError, "journal"):
            draft.action_issue()
        draft.journal_id = self.bank
        draft.action_issue()
        with self.assertRaises(UserError):
            draft.action_issue()
        with self.assertRaises(UserError):
            draft.unlink()
        draft.copy().unlink()
