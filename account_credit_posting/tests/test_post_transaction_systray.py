from odoo.tests import HttpCase, tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestPostTransactionSystray(AccountCreditCommon, HttpCase):
    """The plus button, the hotkey and the command, from anywhere."""

    def test_clerk_opens_a_transaction_from_anywhere(self):
        self.start_tour("/odoo", "post_transaction_anywhere", login=self.clerk.login)

    def test_account_of_the_page_is_filled_in(self):
        self.start_tour(
            f"/odoo/res.partner/{self.account.id}",
            "post_transaction_of_a_contact",
            login=self.clerk.login,
        )

    def test_other_users_find_no_way(self):
        # Odoo's read-only accountants see batches, and post nothing.
        employee = self._create_user("employee", "base.group_user")
        for user in (employee, self.accountant):
            self.start_tour(
                f"/odoo/res.partner/{self.account.id}",
                "post_transaction_nowhere",
                login=user.login,
            )
        transactions = self.env["account.post.transaction"]
        users = employee | self.accountant
        self.assertFalse(transactions.search([("create_uid", "in", users.ids)]))
