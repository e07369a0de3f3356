from odoo import fields
from odoo.fields import Command

from .common import AccountCreditCommon

PAST = fields.Datetime.to_datetime("2024-03-20 08:00:00")


class ApprovalCommon(AccountCreditCommon):
    """A company whose batches wait above 100.00, with two administrators."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_approval_amount = 100
        cls.chief = cls._create_user("chief", "account.group_account_manager")

    def _prepare(self, amounts, user=None, **vals):
        """Create a draft batch as a user does, the clerk by default.

        :param amounts: of the first accounts, or ``{account: amount}``
        """
        if isinstance(amounts, list):
            amounts = dict(zip(self.accounts, amounts, strict=False))
        return self.batches.with_user(user or self.clerk).create(
            {
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": amount})
                    for account, amount in amounts.items()
                ],
                **vals,
            }
        )

    def _wait(self, amounts=None, user=None, **vals):
        """Return a batch that waits for approval."""
        batch = self._prepare(amounts or [60, 60], user, **vals)
        batch.action_post()
        self.assertWaits(batch)
        return batch

    def _run(self, name):
        """Run a scheduled action."""
        with self.enter_registry_test_mode():
            self.env.ref(f"account_credit_posting.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def _own(self, user, account=None):
        """Make an account that of a user."""
        user.partner_id.parent_id = account or self.account

    def _approve_in_part(self):
        """Return an approved batch of which the second line failed."""
        batch = self._wait()
        self.accounts[1].active = False
        batch.with_user(self.manager).action_approve()
        self.accounts[1].active = True
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])
        return batch

    def assertWaits(self, batch):
        self.assertEqual(batch.state, "to_approve")
        self.assertFalse(batch.line_ids.filtered(lambda line: line.state == "posted"))
        self.assertFalse(batch.approved_by_id)
        self.assertLedgerSound(batch)

    def assertPosted(self, batch):
        self.assertEqual(set(batch.line_ids.mapped("state")), {"posted"})
        self.assertEqual(batch.state, "done")
        self.assertLedgerSound(batch)
