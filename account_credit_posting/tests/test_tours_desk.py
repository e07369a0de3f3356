from odoo.tests import tagged

from .common_liability import ISSUED, LiabilityCommon
from .test_tours import TourCommon


@tagged("post_install", "-at_install")
class TestToursDesk(LiabilityCommon, TourCommon):
    """Lists on the screen of an office: numbers, names and amounts are read whole."""

    browser_size = "1366x768"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write(
            {
                "name": "Featherstonehaugh Family",
                "email": "featherstonehaugh@example.com",
                "customer_rank": 1,
            }
        )
        cls.item.name = "Sibling Discount"
        # Whoever has several companies sees the lists with them.
        cls._create_company(name="Harmony Studio Lakeside")
        cls.manager.write(
            {"group_ids": [(4, cls.env.ref("base.group_multi_company").id)]}
        )

    def setUp(self):
        super().setUp()
        self._create_invoice(self.account, 20000)
        # Each of its buttons is there.
        self._post_line(12345.67, expiry_date="2099-12-31")
        self._use(self._issue_on(ISSUED, 12345.67), 12000)

    def _look_at_lists(self):
        self.start_tour(
            "/odoo/billing", "account_credit_desk_fits", login=self.manager.login
        )

    def test_lists(self):
        self._look_at_lists()

    def test_lists_in_german(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"].search(
            [("name", "in", ("account", "account_credit_posting"))]
        )._update_translations(["de_DE"])
        self.manager.lang = "de_DE"
        self._look_at_lists()


@tagged("post_install", "-at_install")
class TestToursDeskClerk(TourCommon):
    """What a clerk of one company sees first, and is asked before it is too late."""

    browser_size = "1366x768"

    def test_credits_posted(self):
        newest = self._post_line(12345.67, date="2024-03-20")
        oldest = self._post_line(20, date="2024-03-10")
        self.assertLess(newest.id, oldest.id)
        self.start_tour(
            "/odoo/credits-posted", "account_credit_desk_lists", login=self.clerk.login
        )
        self.assertFalse(self._get_batch())

    def test_cancel_asks(self):
        batch = self._create_batch()
        self.start_tour(
            f"/odoo/account.credit.batch/{batch.id}",
            "account_credit_batch_cancel",
            login=self.clerk.login,
        )
        self.assertEqual(batch.state, "cancelled")
        self.assertFalse(batch.line_ids.move_id)
