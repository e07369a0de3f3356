from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestRights(AccountCreditCommon):
    """Who may do what, in the models: no screen is in between."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = cls._create_user("employee", "base.group_user")
        cls.portal = new_test_user(
            cls.env, login="credit_portal", groups="base.group_portal"
        )
        cls.public = cls.env.ref("base.public_user")
        cls.poster = cls._create_user(
            "poster", "account_credit_posting.group_credit_user"
        )

    def _request(self):
        return self.item.id, [{"account_id": self.account.id, "amount": 10}]

    def test_groups_follow_from_those_of_odoo(self):
        user = "account_credit_posting.group_credit_user"
        manager = "account_credit_posting.group_credit_manager"
        self.assertTrue(self.clerk.has_group(user))
        self.assertFalse(self.clerk.has_group(manager))
        self.assertTrue(self.manager.has_group(manager))
        self.assertFalse(self.accountant.has_group(user))

    def test_clerk_posts(self):
        for user in (self.clerk, self.manager, self.poster):
            answer = self.batches.with_user(user).post_credits(*self._request())
            self.assertEqual(answer["state"], "done", answer)
            move = self.env["account.move"].browse(answer["lines"][0]["move_id"])
            self.assertEqual(move.create_uid, user)

    def test_others_cannot_post(self):
        batch = self._create_batch()
        for user in (self.accountant, self.employee, self.portal, self.public):
            with self.assertRaises(AccessError):
                self.batches.with_user(user).post_credits(*self._request())
            for name in (
                *("action_post", "action_retry", "action_cancel", "action_reverse"),
            ):
                with self.assertRaises(AccessError):
                    getattr(batch.with_user(user), name)()
            with self.assertRaises(AccessError):
                self.batches.with_user(user).create({"credit_item_id": self.item.id})
        self.assertEqual(batch.line_ids.state, "pending")

    def test_accountant_reads_and_changes_nothing(self):
        batch = self._post_line(private_comment="For the office").batch_id
        mine = batch.with_user(self.accountant)
        self.assertEqual(
            mine.read(["private_comment"])[0]["private_comment"], "For the office"
        )
        self.assertEqual(mine.line_ids.move_id.name, batch.line_ids.move_id.name)
        draft = self._create_batch().with_user(self.accountant)
        for change in (
            lambda: draft.write({"public_comment": "x"}),
            lambda: draft.line_ids.write({"amount": 1}),
            draft.unlink,
            draft.line_ids.unlink,
        ):
            with self.assertRaises(AccessError):
                change()

    def test_outsiders_read_nothing(self):
        batch = self._post_line().batch_id
        for user in (self.employee, self.portal, self.public):
            for record in (batch, batch.line_ids):
                with self.assertRaises(AccessError):
                    record.with_user(user).read(["display_name"])
                with self.assertRaises(AccessError):
                    record.with_user(user).search([])

    def test_customer_sees_the_credit_note_without_its_line(self):
        line = self._post_line(private_comment="For the office")
        self.portal.partner_id.parent_id = self.account
        line.move_id.message_subscribe(self.portal.partner_id.ids)
        mine = line.move_id.with_user(self.portal)
        self.assertEqual(mine.read(["name"])[0]["name"], line.move_id.name)
        with self.assertRaises(AccessError):
            mine.read(["credit_line_id"])

    def test_clerk_cannot_reverse(self):
        batch = self._post_line().batch_id
        with self.assertRaisesRegex(AccessError, "administrator of credits"):
            batch.with_user(self.clerk).action_reverse()
        batch.with_user(self.manager).action_reverse()
        self.assertEqual(batch.state, "reversed")

    def test_batches_of_another_company_are_out_of_reach(self):
        other = self.setup_other_company()["company"]
        batch = self.batches.create(
            {"company_id": other.id, "credit_item_id": self.item.id}
        )
        mine = batch.with_user(self.clerk)
        self.assertFalse(mine.search([("id", "=", batch.id)]))
        for access in (
            lambda: mine.read(["name"]),
            lambda: mine.write({"public_comment": "x"}),
            mine.action_post,
            mine.unlink,
            lambda: mine.create(
                {"company_id": other.id, "credit_item_id": self.item.id}
            ),
        ):
            with self.assertRaises(AccessError):
                access()
