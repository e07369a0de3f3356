from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import AccountCreditCommon

DATE = fields.Date.to_date("2024-04-10")


@tagged("post_install", "-at_install")
class TestAccountCreditCorrection(AccountCreditCommon):
    """What is kept of a correction: which credits, by whom, when, why."""

    def assertCorrection(self, correction, **expected):
        self.assertRecordValues(
            correction,
            [
                {
                    "company_id": self.company.id,
                    "date": DATE,
                    "create_uid": self.manager.id,
                    **expected,
                }
            ],
        )

    def test_replacement_is_kept_as_one_row(self):
        line = self._post_line(50)
        new_line = line.with_user(self.manager).replace(40, None, None, DATE, "Typo")
        self.assertCorrection(
            line.correction_ids,
            kind="replace",
            line_id=line.id,
            new_line_id=new_line.id,
            new_batch_id=new_line.batch_id.id,
            reason="Typo",
        )
        self.assertEqual(line.correction_ids, new_line.sudo().origin_ids)
        self.assertEqual(new_line.batch_id.correction, "replace")

    def test_move_is_kept_as_one_row(self):
        line = self._post_line(50)
        mine = line.with_user(self.manager)
        moved = mine.move_to(self.accounts[1].id, 20, DATE, "Divorce")
        self.assertCorrection(
            line.correction_ids,
            kind="move",
            line_id=line.id,
            new_line_id=moved.id,
            new_batch_id=moved.batch_id.id,
            reason="Divorce",
        )
        mine.move_to(self.accounts[2].id, 10, DATE, "Divorce")
        self.assertEqual(line.correction_ids.mapped("kind"), ["move", "move"])
        self.assertEqual(len(line.moved_line_ids), 2)

    def test_reversal_of_one_line_is_kept_as_one_row(self):
        line = self._post_line(50)
        line.with_user(self.manager).action_reverse("all", DATE, "Wrong class")
        self.assertCorrection(
            line.correction_ids,
            kind="reverse",
            line_id=line.id,
            new_line_id=False,
            new_batch_id=False,
            reason="Wrong class",
        )
        self.assertFalse(line.batch_id.correction)

    def test_refused_correction_leaves_no_row(self):
        line = self._post_line(50)
        self.company.credit_approval_amount = 60
        with self.assertRaises(UserError), self.env.cr.savepoint():
            line.with_user(self.manager).replace(70, None, None, DATE, "More")
        self.env.invalidate_all()
        self.assertFalse(line.correction_ids)

    def test_nobody_writes_corrections(self):
        line = self._post_line(50)
        line.with_user(self.manager).action_reverse("all", DATE, "Wrong class")
        mine = line.correction_ids.with_user(self.manager)
        vals = {"kind": "reverse", "line_id": line.id, "date": DATE}
        for change in (
            lambda: mine.create(vals),
            lambda: mine.sudo().create(vals),
            lambda: mine.write({"reason": "Mine"}),
            lambda: mine.sudo().write({"reason": "Mine"}),
            mine.unlink,
        ):
            with self.assertRaises(AccessError):
                change()

    def test_who_reads_credits_reads_corrections(self):
        line = self._post_line(50)
        line.with_user(self.manager).action_reverse("all", DATE, "Wrong class")
        for user in (self.clerk, self.accountant):
            mine = line.correction_ids.with_user(user)
            self.assertEqual(mine.read(["reason"])[0]["reason"], "Wrong class")
        other = self.setup_other_company()["company"]
        abroad = self._create_user("abroad", "account.group_account_manager")
        abroad.write({"company_ids": other.ids, "company_id": other.id})
        for user in (abroad, self._create_user("employee", "base.group_user")):
            with self.assertRaises(AccessError):
                line.correction_ids.with_user(user).read(["reason"])

    def test_database_keeps_a_credit_from_being_replaced_twice(self):
        lines = self._post_line(50) | self._post_line(60) | self._post_line(70)
        corrections = self.env["account.credit.correction"]
        corrections._record("replace", lines[0], DATE, "First", lines[1])
        for line, new_line in ((lines[0], lines[2]), (lines[2], lines[1])):
            with (
                self.assertRaises(UniqueViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                corrections._record("replace", line, DATE, "Second", new_line)
                self.env.flush_all()
