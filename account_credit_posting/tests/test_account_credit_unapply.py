from odoo.tests import tagged

from .common_application import AccountCreditApplicationCommon


@tagged("post_install", "-at_install")
class TestUnapply(AccountCreditApplicationCommon):
    """Undone and redone."""

    def test_unapply_frees_the_credit_and_keeps_both_apart(self):
        # README says: "no entry is deleted, the credit is free"
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        entries = self.env["account.move"].search_count([])
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        self.assertPays(line, [])
        self.assertRest({invoice: (100, "not_paid"), line.move_id: (40, "not_paid")})
        self.assertRecordValues(
            invoice.credit_application_ids,
            [
                {
                    "state": "unapplied",
                    "is_pinned": True,
                    "amount": 40,
                    "unapplied_by_id": self.clerk.id,
                }
            ],
        )
        other = self._create_invoice(self.account, 10)
        self.assertPays(line, [(other, 10)])
        self.assertRest({invoice: (100, "not_paid")})

    def test_unpin_lets_the_rule_put_it_back(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        line.move_id.unapply_account_credits()
        self._post_line(1)
        self.assertPays(line, [])
        undone = line.move_id.used_application_ids
        undone.with_user(self.clerk).action_unpin()
        self._post_line(1)
        self.assertPays(line, [(invoice, 40)])
        self.assertFalse(undone.is_pinned)
        self.assertEqual(undone.state, "unapplied")

    def test_pin_again(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        line.move_id.unapply_account_credits()
        undone = line.move_id.used_application_ids
        undone.action_unpin()
        undone.with_user(self.clerk).action_pin()
        self._post_line(1)
        self.assertPays(line, [])
        self.assertEqual(invoice.account_credit_amount, 1)

    def test_apply_now_on_the_invoice_puts_it_back(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        invoice.unapply_account_credits()
        self.account.apply_account_credits()
        self.assertPays(line, [])
        invoice.apply_account_credits()
        self.assertPays(line, [(invoice, 40)])
        # Whoever puts it back no longer keeps both apart.
        invoice.button_draft()
        invoice.action_post()
        self.assertPays(line, [(invoice, 40)])

    def test_unreconcile_of_odoo_keeps_both_apart(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        partial = line.move_id.used_application_ids.partial_id
        invoice.js_remove_outstanding_partial(partial.id)
        self.assertRecordValues(
            line.move_id.used_application_ids,
            [{"state": "unapplied", "is_pinned": True}],
        )
        invoice.js_assign_outstanding_line(self._receivable_of(line.move_id).id)
        self.assertEqual(invoice.account_credit_amount, 40)
        self.env["account.move.line"].with_context(
            active_ids=self._receivable_of(invoice).ids
        ).action_unreconcile_match_entries()
        self.assertEqual(
            line.move_id.used_application_ids.sorted("id").mapped("is_pinned"),
            [False, True],
        )

    def _receivable_of(self, move):
        return move.line_ids.filtered(lambda item: item.account_id == self.receivable)

    def test_reconciled_by_hand_is_explained(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40)
        invoice.with_user(self.clerk).js_assign_outstanding_line(
            self._receivable_of(line.move_id).id
        )
        self.assertRecordValues(
            invoice.credit_application_ids,
            [
                {
                    "rule": "hand",
                    "origin": "user",
                    "amount": 40,
                    "create_uid": self.clerk.id,
                    "state": "applied",
                }
            ],
        )
        self.assertIn(self.clerk.name, invoice.credit_application_ids.decision)

    def test_reset_invoice_frees_its_credit_for_the_next(self):
        first = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        second = self._create_invoice(self.account, 30)
        first.button_draft()
        self.assertPays(line, [(second, 30)])
        self.assertRest({second: (0, "paid")})
        self.assertRecordValues(
            first.credit_application_ids, [{"state": "unapplied", "is_pinned": False}]
        )
        self.assertEqual(second.credit_application_ids.origin, "freed")
        first.action_post()
        self.assertRest({first: (30, "not_paid")})

    def test_reset_and_posted_again_is_paid_again(self):
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        invoice.button_draft()
        self.assertPays(line, [])
        invoice.invoice_line_ids.price_unit = 20
        invoice.action_post()
        self.assertPays(line, [(invoice, 20)])

    def test_cancelled_invoice_frees_its_credit(self):
        first = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        second = self._create_invoice(self.account, 50)
        first.button_cancel()
        self.assertEqual(first.state, "cancel")
        self.assertPays(line, [(second, 30)])

    def test_manual_policy_leaves_a_freed_credit_open(self):
        first = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        self.company.credit_application_policy = "manual"
        self._create_invoice(self.account, 50)
        first.button_cancel()
        self.assertPays(line, [])

    def test_reversed_invoice_frees_its_credit(self):
        for method in ("reverse_moves", "modify_moves"):
            with self.subTest(method=method):
                account = self.env["res.partner"].create({"name": method})
                first = self._create_invoice(account, 30)
                line = self._post_line(30, account=account)
                second = self._create_invoice(account, 50)
                wizard = (
                    self.env["account.move.reversal"]
                    .with_context(active_model="account.move", active_ids=first.ids)
                    .create({"journal_id": first.journal_id.id, "date": "2024-03-20"})
                )
                getattr(wizard, method)()
                refund = first.reversal_move_ids.filtered(
                    lambda move: move.move_type == "out_refund"
                )
                if refund.state == "draft":
                    refund.action_post()
                self.assertPays(line, [(second, 30)])
                self.assertRest(
                    {
                        first: (0, "reversed"),
                        refund: (0, "paid"),
                        second: (20, "partial"),
                    }
                )

    def test_reversed_credit_opens_its_invoice_for_the_next_credit(self):
        invoice = self._create_invoice(self.account, 30)
        first = self._post_line(30)
        second = self._post_line(30)
        self.assertPays(second, [])
        first.batch_id.action_reverse()
        self.assertEqual(first.state, "reversed")
        self.assertPays(second, [(invoice, 30)])
        self.assertRest({invoice: (0, "paid")})

    def test_credit_reversed_on_its_own_screen_opens_its_invoice(self):
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=line.move_id.ids)
            .create({"journal_id": line.move_id.journal_id.id, "date": "2024-03-20"})
        )
        wizard.reverse_moves()
        reversal = line.move_id.reversal_move_ids
        self.assertEqual(reversal.state, "draft")
        self.assertPays(line, [(invoice, 30)])
        reversal.action_post()
        self.assertEqual(line.state, "reversed")
        self.assertRest({invoice: (30, "not_paid"), reversal: (0, "paid")})
        self.assertRecordValues(
            invoice.credit_application_ids, [{"state": "unapplied", "is_pinned": False}]
        )
        self.assertFalse(invoice._get_reconciled_amls())

    def test_draft_invoice_is_not_paid(self):
        draft = self.env["account.move"].create(
            self._prepare_invoice_vals(self.account, 30)
        )
        line = self._post_line(30)
        self.assertPays(line, [])
        self.assertFalse(draft.apply_account_credits())
