from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_liability import ISSUED, LiabilityCommon
from .test_tours import TourCommon

MEASURES = ("given", "sold", "used", "held", "expiring")


class DashboardCommon(LiabilityCommon):
    """Credits and gift cards of two members of staff, for accounts with tags."""

    def setUp(self):
        super().setUp()
        self.board = self.env["account.credit.dashboard"]
        self.tags = self.env["res.partner.category"].create(
            [{"name": "Ballet"}, {"name": "Piano"}]
        )
        self.account.category_id = self.tags
        self.accounts[1].category_id = self.tags[0]
        self.credit = self._post_line(10, account=self.accounts[1])
        self._create_invoice(self.accounts[1], 4).apply_account_credits()
        self.sold = self._sell(60)
        self.card = self._issue_on(ISSUED, 100)
        self._use(self.card, 30)
        self._issue_on(
            ISSUED, 20, funding="promotion", user=self.manager, expiry_date="2099-01-01"
        )

    def _sum(self, group, user=None):
        """Return ``{name: measures that are not zero}``."""
        rows = self.board.with_user(user or self.manager)._read_group(
            [("company_id", "=", self.company.id)],
            [group],
            [f"{name}:sum" for name in MEASURES],
        )
        return {
            (key.name if hasattr(key, "name") else key): {
                name: amount
                for name, amount in zip(MEASURES, amounts, strict=True)
                if amount
            }
            for key, *amounts in rows
        }


@tagged("post_install", "-at_install")
class TestAccountCreditDashboard(DashboardCommon):
    """What was given, used, is held and expires: by kind, item, tag and staff."""

    def test_by_kind(self):
        self.assertEqual(
            self._sum("kind"),
            {
                "credit": {"given": 10, "used": 4, "held": 6},
                "sold": {"sold": 160, "used": 30, "held": 130},
                "given": {"given": 20, "held": 20},
            },
        )

    def test_by_item(self):
        items = self._sum("product_id")
        self.assertEqual(items["Goodwill"], {"given": 10, "used": 4, "held": 6})
        self.assertEqual(items["Studio Card"], {"sold": 60, "held": 60})

    def test_by_tag(self):
        tags = self._sum("tag_ids")
        self.assertEqual(
            tags["Piano"], {"given": 20, "sold": 160, "used": 30, "held": 150}
        )
        self.assertEqual(
            tags["Ballet"], {"given": 30, "sold": 160, "used": 34, "held": 156}
        )

    def test_by_staff(self):
        staff = self._sum("user_id")
        self.assertEqual(staff[self.manager.name], {"given": 20, "held": 20})
        self.assertEqual(staff[self.clerk.name], {"sold": 100, "used": 30, "held": 70})

    def test_expiring(self):
        self.card.sudo().company_id.paid_value_expires = True
        self.card.with_user(self.manager).expiry_date = self.today
        self.assertEqual(self._sum("kind")["sold"]["expiring"], 70)

    def test_who_sees_it(self):
        self.assertEqual(self._sum("kind", self.accountant), self._sum("kind"))
        with self.assertRaises(AccessError):
            self._sum("kind", self.clerk)
        other = self.setup_other_company()["company"]
        self.manager.write({"company_ids": [(4, other.id)]})
        elsewhere = self.board.with_user(self.manager).with_context(
            allowed_company_ids=other.ids
        )
        self.assertFalse(elsewhere.search([]))


@tagged("post_install", "-at_install")
class TestAccountCreditDashboardTour(DashboardCommon, TourCommon):
    """The owner looks at a plot, and at the same by staff."""

    def test_tour(self):
        self.start_tour(
            "/odoo/action-account_credit_posting.account_credit_dashboard_action_held",
            "account_credit_dashboard",
            login=self.manager.login,
        )
