from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common import AccountCreditCommon


class RosterCommon(AccountCreditCommon):
    """Two families with a member each, and a transaction in its step accounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.does, cls.roes = cls.accounts[:2]
        cls.does.write({"name": "Doe Family", "email": "Home <Does@Example.com>"})
        cls.jane, cls.anna, cls.other_anna = cls.env["res.partner"].create(
            [
                {
                    "name": "Jane Doe",
                    "parent_id": cls.does.id,
                    "email": "j@example.com",
                },
                {"name": "Anna Small", "parent_id": cls.does.id},
                {"name": "anna SMALL", "parent_id": cls.roes.id},
            ]
        )
        cls.transaction = (
            cls.env["account.post.transaction"]
            .with_user(cls.clerk)
            .create({"step": "accounts"})
        )

    def _open(self):
        action = self.transaction.action_open_roster()
        return (
            self.env["account.post.transaction.roster"]
            .with_user(self.clerk)
            .browse(action["res_id"])
        )

    def _check(self, *texts):
        """Paste these lines and check them."""
        roster = self._open()
        roster.text = "\n".join(texts)
        roster.action_check()
        return roster

    def assertMeans(self, text, contact):
        """Assert that a line means one contact, or none."""
        roster = self._check(text)
        self.assertEqual(
            (roster.line_ids.mapped("state"), roster.line_ids.contact_id),
            (["ready" if contact else "missing"], contact or self.env["res.partner"]),
            text,
        )


@tagged("post_install", "-at_install")
class TestAccountPostTransactionRoster(RosterCommon):
    """What a pasted class roster means, shown before anything goes on."""

    def test_an_address_or_a_name_is_matched_exactly(self):
        for text in (
            *("j@example.com", " J@EXAMPLE.com ", "Whoever <j@example.com>"),
            *("Jane Doe", "jane  DOE", "Doe, Jane", "DOE,jane", "Jane\tDoe"),
            "Jane Doe <new@example.com>",
        ):
            self.assertMeans(text, self.jane)
        self.assertMeans("does@example.com", self.does)
        for text in ("Jane", "Jan Doe", "Jane Doe Jr", "Jane, Doe", "x@example.com"):
            self.assertMeans(text, None)
        for text in ("%", "_", "Jane%", "@", ",", "j@example.com' OR '1'='1"):
            self.assertMeans(text, None)

    def test_nothing_goes_on_before_add(self):
        roster = self._check("Jane Doe", "", "  ", "Nobody")
        self.assertEqual(
            (roster.ready_count, roster.doubtful_count, roster.missing_count), (1, 0, 1)
        )
        self.assertFalse(self.transaction.line_ids)
        roster.action_add()
        line = self.transaction.line_ids
        self.assertEqual((line.partner_id, line.contact_id), (self.does, self.jane))
        self.assertIn("Nobody", self.transaction.notice)
        self.assertFalse(self._open().text)

    def test_of_several_that_fit_the_clerk_chooses_one_or_none(self):
        roster = self._check("Anna Small", "Small, Anna", "Jane Doe")
        first, second, ready = roster.line_ids
        self.assertEqual(first.state, "doubtful")
        self.assertFalse(first.contact_id)
        self.assertEqual(first.candidate_ids, self.anna | self.other_anna)
        self.assertEqual(ready.contact_id, self.jane)
        with self.assertRaises(UserError):
            first.contact_id = self.accounts[5]
        second.contact_id = self.other_anna
        roster.action_add()
        self.assertEqual(self.transaction.line_ids.partner_id, self.does | self.roes)
        self.assertIn("Anna Small", self.transaction.notice)

    def test_several_contacts_of_one_account_leave_no_doubt(self):
        self.anna.email = "does@example.com"
        self.assertMeans("does@example.com", self.does)

    def test_a_repeated_line_adds_its_account_once(self):
        self._check("Jane Doe", "Jane Doe", "j@example.com").action_add()
        self.assertEqual(self.transaction.line_ids.partner_id, self.does)
        self._check("Jane Doe").action_add()
        self.assertEqual(len(self.transaction.line_ids), 1)

    def test_nothing_typed_is_lost(self):
        roster = self._open()
        for text in (False, "", " \n\t\n"):
            roster.text = text
            with self.assertRaises(UserError):
                roster.action_check()
        roster = self._check("Nobody", "No One")
        with self.assertRaises(UserError):
            roster.action_add()
        self.assertEqual(self._open().text, "Nobody\nNo One")
        roster.action_back()
        self.assertEqual((roster.text, roster.is_checked), ("Nobody\nNo One", False))

    def test_archived_and_foreign_contacts_are_not_found(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.jane.active = False
        self.roes.write({"name": "Roe Family", "company_id": other.id})
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": other.id}
        )
        self.clerk.company_ids += other
        for text in ("Jane Doe", "Roe Family", foreign.name):
            self.assertMeans(text, None)

    def test_who_may_not(self):
        roster = self._check("Jane Doe")
        employee = self._create_user("employee", "base.group_user")
        other = self._create_user("other_clerk", "account.group_account_invoice")
        for user in (employee, self.accountant, other):
            for action in ("action_check", "action_add", "action_back"):
                with self.assertRaises(AccessError):
                    getattr(roster.with_user(user), action)()
            with self.assertRaises(AccessError):
                self.transaction.with_user(user).action_open_roster()
            with self.assertRaises(AccessError):
                roster.with_user(user).read(["text"])
            with self.assertRaises(AccessError):
                roster.line_ids.with_user(user).read(["text"])
        # There is no roster of one's own for the transaction of somebody else.
        with self.assertRaises(AccessError):
            roster.with_user(other).create(
                {"transaction_id": self.transaction.id, "text": "Jane Doe"}
            )
        self.assertFalse(self.transaction.line_ids)

    def test_only_in_the_step_accounts(self):
        roster = self._check("Jane Doe")
        self.transaction.step = "amounts"
        for action in (self.transaction.action_open_roster, roster.action_add):
            with self.assertRaises(UserError):
                action()

    def test_two_thousand_lines_cost_as_many_queries_as_twenty(self):
        count = 2000
        contacts = self.env["res.partner"].create(
            [
                {"name": f"Pupil {number}", "email": f"p{number}@example.com"}
                for number in range(count)
            ]
        )
        self.assertEqual(len(contacts), count)
        queries = []
        for size in (20, count):
            TransactionLines(self.transaction).delete()
            roster = self._open()
            roster.text = "\n".join(
                f"p{number}@example.com" if number % 2 else f"Pupil {number}"
                for number in range(size)
            )
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            roster.action_check()
            roster.action_add()
            self.env.flush_all()
            queries.append(self.env.cr.sql_log_count - start)
            self.assertEqual(self.transaction.line_count, size)
        few, many = queries
        # Ids go into a statement by the thousand.
        self.assertLessEqual(many - few, 10, queries)
        self.assertLess(many, 150)


@tagged("post_install", "-at_install")
class TestRosterTour(RosterCommon, HttpCase):
    """The dialog in a browser."""

    def test_paste_a_roster(self):
        self.start_tour(
            f"/odoo/post-transaction/{self.transaction.id}",
            "post_transaction_roster",
            login=self.clerk.login,
        )
        self.assertEqual(
            self.transaction.line_ids.contact_id, self.jane | self.other_anna
        )
