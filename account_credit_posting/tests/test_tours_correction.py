from odoo.tests import tagged

from .test_tours import TourCommon


@tagged("post_install", "-at_install")
class TestCorrectionTours(TourCommon):
    """Pencil, arrows and trash of a credit that paid 30.00 and has 20.00 left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_invoice(cls.account, 30)
        cls.batch = cls._create_batch({cls.account: 50}, public_comment="The snow day")
        cls.batch.with_user(cls.clerk).action_post()
        cls.line = cls.batch.line_ids

    def _start(self, tour, user):
        self.start_tour(f"/odoo/res.partner/{self.account.id}", tour, login=user.login)

    def test_clerk_edits_the_comment(self):
        entries = self.env["account.move"].search_count([])
        self._start("account_credit_edit", self.clerk)
        self.assertEqual(self.line.public_comment, "The second snow day")
        self.assertEqual(self.env["account.move"].search_count([]), entries)

    def test_administrator_replaces_and_moves(self):
        self._start("account_credit_replace_and_move", self.manager)
        replacement = self.line.replaced_by_id
        self.assertEqual((self.line.state, self.line.amount_open), ("reversed", 0))
        self.assertEqual((replacement.amount, replacement.amount_open), (40, 0))
        self.assertEqual(self.invoice.amount_residual, 0)
        company = self.company
        self.assertEqual(
            self.accounts[:2]._get_open_credits(company), {self.accounts[1].id: 10}
        )
        for batch in self.batches.search([]):
            self.assertLedgerSound(batch)

    def test_administrator_deletes(self):
        self._start("account_credit_delete", self.manager)
        self.assertEqual(self.line.state, "reversed")
        self.assertEqual(self.invoice.amount_residual, 30)
        self.assertFalse(self.account._get_open_credits(self.company))
        self.assertLedgerSound(self.batch)

    def test_administrator_extends_what_has_expired(self):
        batch = self._create_batch({self.accounts[2]: 25}, expiry_date="2024-06-30")
        batch.action_post()
        self.env["account.credit.correction.expire"]._expire(batch.line_ids, None)
        self.assertEqual(batch.line_ids.amount_open, 0)
        self.start_tour(
            f"/odoo/account.credit.batch/{batch.id}",
            "account_credit_extend",
            login=self.manager.login,
        )
        self.assertEqual(batch.line_ids.amount_open, 25)
        self.assertEqual(batch.line_ids.expiry_date.year, 2099)
        self.assertLedgerSound(batch)

    def test_accountant_reads(self):
        self._start("account_credit_read_only", self.accountant)
        self.assertEqual(self.line.amount_open, 20)


@tagged("post_install", "-at_install")
class TestApprovalTours(TourCommon):
    """A clerk asks for more than the limit, and an administrator approves."""

    def test_batch_over_the_limit(self):
        self.company.credit_approval_amount = 100
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:3])
        transaction = transactions.browse(action["res_id"])
        transaction.step = "amounts"
        transaction.amount_for_all = 50
        transaction.action_set_all()
        transaction.step = "setup"
        transaction.credit_item_id = self.item
        self.start_tour(
            f"/odoo/account.post.transaction/{transaction.id}",
            "account_credit_ask_for_approval",
            login=self.clerk.login,
        )
        batch = transaction.batch_id
        self.assertEqual((batch.state, batch.posted_count), ("to_approve", 0))
        self.start_tour(
            "/odoo/credits-to-approve",
            "account_credit_approve",
            login=self.manager.login,
        )
        self.assertEqual((batch.state, batch.posted_count), ("done", 3))
        self.assertEqual(batch.approved_by_id, self.manager)
        self.assertLedgerSound(batch)
