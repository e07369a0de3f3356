from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestPartnerStoredValue(StoredValueCommon):
    """What becomes of money held for an account that changes."""

    def test_account_with_a_balance_is_not_archived(self):
        value = self._issue(50)
        with self.assertRaisesRegex(UserError, "50.00 left"):
            self.account.action_archive()
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
