from odoo.tests import tagged

from .common_liability import ISSUED, LiabilityCommon
from .test_tours import TourCommon


@tagged("post_install", "-at_install")
class TestLiabilityTour(LiabilityCommon, TourCommon):
    """Read-only accounting looks behind a figure of the liability report."""

    def test_accountant_looks_behind_a_figure(self):
        value = self._issue_on(ISSUED, 100)
        self._use(value, 30)
        report = self._show()
        self.start_tour(
            f"/odoo/account.liability.report/{report.id}",
            "account_liability_report",
            login=self.accountant.login,
        )
        self.assertEqual(report.grouping, "issue_date:month")
        self.assertEqual(len(report.line_ids), 2)
