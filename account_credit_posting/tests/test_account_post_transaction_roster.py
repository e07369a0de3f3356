import time

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, TransactionCase, tagged

from .. import const
from ..wizard.post_transaction.similar_names import SimilarNames
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
            self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"])
        )

    def _paste(self, *rows):
        """Return the roster with these rows pasted into it."""
        roster = self._open()
        roster.text = "\n".join(rows)
        return roster

    def _find(self, *rows):
        """Return whom pasted rows mean: the ids of contacts, or None for a doubt."""
        roster = self._paste(*rows)
        ready, problems, _doubled, _doubts = roster._evaluate()
        self.assertEqual(len(ready) + len(problems), len(rows), problems)
        return [row.contact_id for row in ready.values()]

    def assertMeans(self, text, contact):
        """Assert that a row means one contact, or none."""
        self.assertEqual(self._find(text), contact.ids if contact else [], text)

    def _get_amounts(self):
        return [
            (line.partner_id, line.contact_id, line.amount)
            for line in self.transaction.line_ids
        ]


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

    def test_nothing_goes_on_before_continue(self):
        roster = self._paste("Jane Doe", "", "  ", "Nobody at all")
        self.assertEqual(roster.report["ready"], "1 account can be added.")
        self.assertEqual(
            [(row["row"], row["value"]) for row in roster.report["problems"]],
            [(4, "Nobody at all")],
        )
        self.assertFalse(self.transaction.line_ids)
        roster.action_continue()
        self.assertEqual(self._get_amounts(), [(self.does, self.jane, 0)])
        self.assertEqual(
            self.transaction.notice,
            "1 account added. Rows not added: 4 (Nobody at all).",
        )
        # Further names are added where the clerk is.
        self.assertEqual(self.transaction.step, "accounts")
        self.assertFalse(self._open().text)

    def test_two_columns_of_a_spreadsheet(self):
        self.accounts[2].ref = "R-2"
        expected = [
            (self.does, self.jane, 1234.5),
            (self.roes, self.env["res.partner"], 20),
            (self.accounts[2], self.env["res.partner"], 7.25),
        ]
        for separator, name in (
            ("\t", "tab"),
            (";", "semicolon"),
            ("|", "bar"),
            ("   ", "spaces"),
            ("\N{NO-BREAK SPACE} ", "spaces"),
        ):
            for header in (("Name", "Amount"), ()):
                rows = [
                    ("Jane Doe", "1,234.50"),
                    ("Family 1", "20"),
                    ("r-2", "$ 7.25"),
                ]
                rows = [header, *rows] if header else rows
                with self.subTest(separator=separator, header=header):
                    TransactionLines(self.transaction).delete()
                    self.transaction.step = "accounts"
                    roster = self._paste(*map(separator.join, rows))
                    self.assertEqual(roster.separator, name)
                    self.assertEqual(roster.has_header, bool(header))
                    roster.action_continue()
                    self.assertEqual(self._get_amounts(), expected)
                    self.assertEqual(self.transaction.step, "amounts")

    def test_names_and_mails_of_a_spreadsheet(self):
        for separator in ("\t", ";", "    "):
            roster = self._paste(
                separator.join(("anna SMALL", "does@example.com")),
                separator.join(("Whoever", "j@example.com")),
            )
            self.assertEqual(
                [column["role"] for column in roster.columns], ["account", "account"]
            )
            ready, problems, _doubled, _doubts = roster._evaluate()
            self.assertEqual(list(ready), self.does.ids)
            self.assertFalse(problems)

    def test_a_comma_separates_where_the_clerk_says_so(self):
        roster = self._paste("Jane Doe,10.50", "Family 1,7.00")
        self.assertEqual(roster.separator, "none")
        roster.separator = "comma"
        roster.action_continue()
        self.assertEqual([line.amount for line in self.transaction.line_ids], [10.5, 7])

    def test_a_quotation_mark_swallows_nothing(self):
        roster = self._paste('"Jane Doe\t10', "Family 1\t20")
        self.assertEqual(
            [row.amount for row in roster._evaluate().ready.values()], [10, 20]
        )

    def test_an_amount_of_two_readings_is_asked_about(self):
        roster = self._paste("Jane Doe\t1,500")
        self.assertIs(roster.decimal_separator, False)
        self.assertIn(
            "1,500 can be read as 1,500.00 or as 1.50", roster.report["question"]
        )
        with self.assertRaisesRegex(UserError, "Choose the decimal separator"):
            roster.action_continue()
        self.assertFalse(self.transaction.line_ids)
        roster.decimal_separator = ","
        roster.action_continue()
        self.assertEqual(self._get_amounts(), [(self.does, self.jane, 1.5)])

    def test_bad_amounts_are_not_added(self):
        roster = self._paste(
            "Jane Doe\t-5", "Family 1\t1.005", "Family 2\tmuch", "Family 3\t4.25"
        )
        self.assertEqual(
            [(row["row"], row["value"]) for row in roster.report["problems"]],
            [(1, "-5"), (2, "1.005"), (3, "much")],
        )
        roster.action_continue()
        self.assertEqual(
            self._get_amounts(), [(self.accounts[3], self.env["res.partner"], 4.25)]
        )

    def test_a_misspelt_name_is_offered_and_never_guessed(self):
        roster = self._paste("Jnae Doe\t10", "Fammily 1\t20", "Xylophone\t30")
        first, second = roster.report["doubts"]
        self.assertEqual((first["value"], first["amount"]), ("Jnae Doe", "10"))
        self.assertEqual(first["candidates"][0]["id"], self.jane.id)
        self.assertEqual(first["candidates"][0]["detail"], "j@example.com")
        self.assertIs(first["chosen"], False)
        self.assertIn(self.roes.id, [one["id"] for one in second["candidates"]])
        self.assertIn("2 of the rows are doubtful", roster.report["doubtful"])
        self.assertEqual([row["row"] for row in roster.report["problems"]], [3])
        with self.assertRaisesRegex(
            UserError, "select a contact for the doubtful rows"
        ):
            roster.action_continue()
        # A click on what is offered, and on nothing else.
        for wrong in (self.accounts[5].id, "x", True, [self.jane.id], None):
            roster.choices = {"1": wrong}
            self.assertFalse(roster._evaluate().ready, wrong)
        for wrong in (5, "x", [self.jane.id], {1: {}}):
            roster.choices = wrong
            self.assertFalse(roster._evaluate().ready, wrong)
        roster.choices = {"1": self.jane.id}
        self.assertEqual(roster.report["doubts"][0]["chosen"], self.jane.id)
        self.assertIn("1 of the rows are doubtful", roster.report["doubtful"])
        roster.action_continue()
        self.assertEqual(self._get_amounts(), [(self.does, self.jane, 10)])
        self.assertEqual(
            self.transaction.notice,
            "1 account added. Rows not added: 2 (Fammily 1), 3 (Xylophone).",
        )

    def test_a_click_counts_for_the_text_that_was_seen(self):
        roster = self._paste("Jnae Doe\t10")
        roster.choices = {"1": self.jane.id}
        roster.text = "Jnae Doe\t10\nJane Do\t20"
        self.assertFalse(roster.choices)
        self.assertFalse(roster._evaluate().ready)

    def test_of_two_accounts_with_one_name_the_clerk_clicks_one(self):
        roster = self._paste("Anna Small\t5", "Small, Anna\t6", "Jane Doe\t7")
        first, second = roster.report["doubts"]
        for doubt in (first, second):
            self.assertEqual(
                {one["id"] for one in doubt["candidates"]},
                {self.anna.id, self.other_anna.id},
            )
        details = {one["detail"] for one in first["candidates"]}
        self.assertEqual(len(details), 2)
        roster.choices = {"2": self.other_anna.id}
        roster.action_continue()
        self.assertEqual(
            self._get_amounts(),
            [(self.roes, self.other_anna, 6), (self.does, self.jane, 7)],
        )
        self.assertIn("1 (Anna Small)", self.transaction.notice)

    def test_several_contacts_of_one_account_leave_no_doubt(self):
        self.anna.email = "does@example.com"
        self.assertMeans("does@example.com", self.does)

    def test_a_repeated_row_adds_its_account_once(self):
        self._paste("Jane Doe", "Jane Doe", "j@example.com").action_continue()
        self.assertEqual(self.transaction.line_ids.partner_id, self.does)
        self._paste("Jane Doe").action_continue()
        self.assertEqual(len(self.transaction.line_ids), 1)
        self.assertEqual(
            self.transaction.notice,
            "0 accounts added. Listed once, as already there: 1 account.",
        )

    def test_amounts_of_a_repeated_account_are_asked_about(self):
        roster = self._paste("Jane Doe\t10", "does@example.com\t5")
        with self.assertRaisesRegex(UserError, "Choose what to do with its amounts"):
            roster.action_continue()
        roster.duplicates = "sum"
        roster.action_continue()
        self.assertEqual(self._get_amounts(), [(self.does, self.jane, 15)])

    def test_nothing_typed_is_lost(self):
        roster = self._open()
        for text in (False, "", " \n\t\n"):
            roster.text = text
            self.assertFalse(roster.report)
            with self.assertRaisesRegex(UserError, "Paste the names"):
                roster.action_continue()
        roster = self._paste("Nobody at all", "No One")
        with self.assertRaises(UserError):
            roster.action_continue()
        self.assertEqual(self._open().text, "Nobody at all\nNo One")

    def test_archived_and_foreign_contacts_are_not_found(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.jane.active = False
        self.does.active = False
        self.roes.write({"name": "Roe Family", "company_id": other.id})
        self.env["res.partner"].create({"name": "Foreign", "company_id": other.id})
        self.clerk.company_ids += other
        roster = self._paste(
            "Jane Doe\t1", "Roe Family\t2", "Foreign\t3", "Foriegn\t4", "Jnae Doe\t5"
        )
        self.assertFalse(roster._evaluate().ready)
        self.assertFalse(roster.report["doubts"])
        reasons = [row["reason"] for row in roster.report["problems"]]
        for reason, expected in zip(
            reasons,
            (
                "Doe Family is archived",
                "Roe Family belongs to another company",
                "Foreign belongs to another company",
                "No contact has this name",
                "No contact has this name",
            ),
            strict=True,
        ):
            self.assertIn(expected, reason)
        # What a client says does not count either.
        roster.choices = {"1": self.jane.id, "2": self.roes.id}
        self.assertFalse(roster._evaluate().ready)

    def test_a_contact_archived_after_the_click_is_not_added(self):
        roster = self._paste("Jnae Doe\t10", "Family 2\t20")
        roster.choices = {"1": self.jane.id}
        self.does.active = False
        roster.action_continue()
        self.assertEqual(self.transaction.line_ids.partner_id, self.accounts[2])

    def test_who_may_not(self):
        roster = self._paste("Jane Doe")
        employee = self._create_user("employee", "base.group_user")
        other = self._create_user("other_clerk", "account.group_account_invoice")
        for user in (employee, self.accountant, other):
            with self.assertRaises(AccessError):
                roster.with_user(user).action_continue()
            with self.assertRaises(AccessError):
                self.transaction.with_user(user).action_open_roster()
            with self.assertRaises(AccessError):
                roster.with_user(user).read(["text"])
            with self.assertRaises(AccessError):
                roster.with_user(user).read(["report"])
        # There is no roster of one's own for the transaction of somebody else.
        with self.assertRaises(AccessError):
            roster.with_user(other).create(
                {
                    "transaction_id": self.transaction.id,
                    "is_pasted": True,
                    "text": "Jane Doe",
                }
            )
        self.assertFalse(self.transaction.line_ids)

    def test_only_in_the_step_accounts(self):
        roster = self._paste("Jane Doe")
        self.transaction.step = "amounts"
        for action in (self.transaction.action_open_roster, roster.action_continue):
            with self.assertRaises(UserError):
                action()

    def test_five_thousand_rows_cost_as_many_queries_as_twenty(self):
        count = 5000
        self.env["res.partner"].create(
            [
                {"name": f"Pupil {number:04}", "email": f"p{number}@example.com"}
                for number in range(count)
            ]
        )
        queries = []
        for size in (20, count):
            TransactionLines(self.transaction).delete()
            self.transaction.step = "accounts"
            # Some of them are misspelt, some are email addresses.
            text = "\n".join(
                f"Puipl {number:04}\t{number + 1}"
                if number % 20 == 7
                else f"p{number}@example.com\t{number + 1}"
                if number % 2
                else f"Pupil {number:04}\t{number + 1}"
                for number in range(size)
            )
            self.env.flush_all()
            self.env.invalidate_all()
            start, began = self.env.cr.sql_log_count, time.monotonic()
            roster = self._open()
            roster.text = text
            doubts = roster.report["doubts"]
            self.assertEqual(len(doubts), size // 20)
            roster.choices = {
                str(doubt["row"]): doubt["candidates"][0]["id"] for doubt in doubts
            }
            roster.action_continue()
            self.env.flush_all()
            queries.append(self.env.cr.sql_log_count - start)
            self.assertLess(time.monotonic() - began, 15)
            self.assertEqual(self.transaction.line_count, size)
            self.assertEqual(
                sum(self.transaction.line_ids.mapped("amount")), size * (size + 1) / 2
            )
        few, many = queries
        # Ids go into a statement by the thousand.
        self.assertLessEqual(many - few, 20, queries)
        self.assertLess(many, 200)


@tagged("post_install", "-at_install")
class TestSimilarNames(TransactionCase):
    """Which names are nearly what somebody wrote."""

    def _find(self, text, *names):
        [found] = SimilarNames([(name, name) for name in names]).find([text])
        return found

    def test_order_case_and_accents_do_not_count(self):
        for text in ("Jane Doe", "DOE, jane", "doe  j\u00e1ne", "Jane Do", "Jnae Doe"):
            self.assertEqual(
                self._find(text, "Jane Doe", "John Smith", "Ann"), ["Jane Doe"], text
            )

    def test_the_best_come_first_and_few_of_them(self):
        names = [f"Pupil {number:03}" for number in range(1000)]
        found = self._find("Puipl 123", *names)
        self.assertEqual(found[0], "Pupil 123")
        self.assertLessEqual(len(found), const.SIMILAR_LISTED)

    def test_what_is_not_similar_is_not_found(self):
        for text in ("", "%", "42", "Xylophone", "J", "Smith", "\u4e2d\u6587"):
            self.assertFalse(self._find(text, "Jane Doe", "John Doe", "Ann Lee"), text)
        self.assertFalse(self._find("Jane Doe"))

    def test_two_of_one_name_are_both_found(self):
        [found] = SimilarNames([(1, "Jane Doe"), (2, "Doe Jane")]).find(["Jane Do"])
        self.assertEqual(found, [1, 2])


@tagged("post_install", "-at_install")
class TestRosterTour(RosterCommon, HttpCase):
    """The dialog in a browser."""

    def test_paste_a_roster(self):
        self.accounts[3].ref = "R-3"
        self.start_tour(
            f"/odoo/post-transaction/{self.transaction.id}",
            "post_transaction_roster",
            login=self.clerk.login,
        )
        self.assertEqual(
            self._get_amounts(),
            [
                (self.does, self.jane, 12.5),
                (self.roes, self.other_anna, 20),
                (self.accounts[2], self.env["res.partner"], 7),
                (self.accounts[3], self.env["res.partner"], 8),
            ],
        )
