from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.account_credit_posting.models.report.liability_period import FLOWS
from odoo.addons.account_credit_posting.tests.common_liability import (
    BEFORE,
    ISSUED,
    LiabilityCommon,
)

#: Which columns of the liability report a line of the template adds up.
LINES = {
    **{name: (name,) for name in FLOWS},
    "moved": ("moved_in", "moved_out"),
    "corrected": ("raised", "lowered"),
}


@tagged("post_install", "-at_install")
class TestLiabilityTemplate(LiabilityCommon):
    """The template of MIS Builder says what the liability report says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env.ref(
            "account_credit_posting_mis_builder.mis_report_liability"
        )
        cls.keeper = cls._create_user("keeper", "account.group_account_user")

    def _compute(self, first, last):
        """Return what the template says of a period: ``{line: amount}``."""
        instance = self.env["mis.report.instance"].create(
            {
                "name": "Liability",
                "report_id": self.template.id,
                "company_id": self.company.id,
                "period_ids": [
                    Command.create(
                        {
                            "name": "Period",
                            "mode": "fix",
                            "manual_date_from": first,
                            "manual_date_to": last,
                        }
                    )
                ],
            }
        )
        matrix = instance.with_user(self.keeper)._compute_matrix()
        return {
            row.kpi.name: round(float(next(iter(row.iter_cells())).val or 0), 2)
            for row in matrix.iter_rows()
            if not row.account_id
        }

    def assertSame(self, first, last):
        """Assert that both say the same of a period; return what they say."""
        said = self._compute(first, last)
        lines = self._show(first, last).line_ids.filtered(
            lambda line: line.level == "account"
        )
        for name in ("opening", "closing", *said):
            columns = LINES.get(name, (name,))
            expected = sum(sum(lines.mapped(column)) for column in columns)
            self.assertAlmostEqual(said[name], expected, 2, name)
        self.assertEqual(said["difference"], 0)
        return said

    def test_same_as_the_liability_report(self):
        state = self._owe_to_a_state()
        self.account.write({"country_id": state.country_id.id, "state_id": state.id})
        card = self._issue_on(ISSUED, 100)
        self._use(card, 30)
        undone = self._use(card, 10)
        undone.button_cancel()
        self._issue_on(ISSUED, 20, funding="promotion")
        self._issue_on(
            ISSUED,
            15,
            "prepayment",
            "opening",
            user=self.manager,
            opening_account_id=self.opening.id,
        )
        handed = self._issue_on(ISSUED, 40)
        self.env["account.unclaimed.due"].browse(handed.id).with_user(
            self.manager
        ).action_hand()
        card.with_user(self.manager).refund(5, self.bank.id)
        card.with_user(self.manager).move_to(self.accounts[1].id, 7)
        self._issue_on(ISSUED, 12).with_user(self.manager).adjust(9, "A typo")
        self._issue_on(ISSUED, 8).with_user(self.manager).action_void("Mistake")
        self.env["account.breakage.estimate"].create(
            {"issue_date": ISSUED, "unused_share": 10}
        ).with_user(self.keeper).action_post()
        said = self.assertSame(BEFORE, self.today)
        self.assertEqual(said["sold"], 160)
        self.assertEqual((said["given"], said["taken_over"]), (20, 15))
        self.assertEqual((said["used"], said["undone"]), (-40, 10))
        self.assertEqual((said["refunded"], said["moved"]), (-5, 0))
        self.assertEqual((said["corrected"], said["voided"]), (-3, -8))
        self.assertEqual(said["handed"], -40)
        self.assertLess(said["estimated"], 0)
        # The next period begins where this one ends.
        self.assertEqual(self._compute(BEFORE, ISSUED)["closing"], 195)
        self.assertSame(ISSUED, self.today)

    def test_contra_accounts_are_found(self):
        accounts = self.env["account.account"].with_user(self.keeper)
        contra = self.company.breakage_contra_account_id
        found = accounts.search([("has_expected_breakage", "=", True)])
        self.assertIn(contra, found.sudo(False).with_env(self.env))
        self.assertTrue(contra.has_expected_breakage)
        self.assertFalse(self.sold.has_expected_breakage)

    def test_other_company_is_apart(self):
        other = self._create_company(name="Lakeside")
        self._issue_on(ISSUED, 100)
        instance = self.env["mis.report.instance"].create(
            {
                "name": "Liability",
                "report_id": self.template.id,
                "company_id": other.id,
                "date_from": BEFORE,
                "date_to": self.today,
            }
        )
        matrix = instance.with_context(allowed_company_ids=other.ids)._compute_matrix()
        for row in matrix.iter_rows():
            for cell in row.iter_cells():
                self.assertFalse(cell.val)
