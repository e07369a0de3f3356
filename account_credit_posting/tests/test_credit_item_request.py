from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import convert_file
from odoo.tools.translate import TranslationModuleReader

from .common import AccountCreditCommon

ADDON = "account_credit_posting"
STARTERS = ["Goodwill", "Missed Class", "Referral", "Scholarship", "Sibling Discount"]


@tagged("post_install", "-at_install")
class TestCreditItemRequest(AccountCreditCommon, HttpCase):
    """The items that a database begins with, and how a clerk gets another one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.requests = cls.env["account.credit.item.request"]
        cls.items = cls.env["product.product"].with_context(active_test=False)

    def _ask(self, user=None, **vals):
        request = self.requests.with_user(user or self.clerk).create(
            {"name": "Snow Day", **vals}
        )
        return request.action_ask()

    def _find(self, name="Snow Day"):
        return self.items.search([("name", "=", name), ("is_credit_item", "=", True)])

    # -------------------------------------------------------------------------
    # WHAT A DATABASE BEGINS WITH
    # -------------------------------------------------------------------------

    def _find_starters(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", ADDON), ("model", "=", "product.product")]
        )
        data = data.filtered(lambda one: one.name.startswith("credit_item_"))
        return self.items.browse(data.mapped("res_id"))

    def _load(self, mode):
        convert_file(
            self.env, ADDON, "data/product_product.xml", {}, mode, noupdate=True
        )

    def test_new_database_has_items_for_all_companies(self):
        starters = self._find_starters()
        self.assertEqual(sorted(starters.mapped("name")), STARTERS)
        self.assertFalse(starters.company_id)
        self.assertFalse(starters.taxes_id)
        self.assertEqual(set(starters.mapped("type")), {"service"})
        company = self._create_company(name="Lakeside")
        for each in (self.company, company):
            for starter in starters.with_company(each):
                accounts = starter.product_tmpl_id.get_product_accounts()
                self.assertEqual(accounts["income"], each.credit_account_id)

    def test_posted_with_a_starter_item(self):
        starter = self._find_starters()[0]
        starter.active = True
        move = self._post_line(amount=10, credit_item_id=starter.id).move_id
        self.assertItems(
            move, [(self.credit_account, 10, 10), (self.receivable, -10, -10)]
        )

    def test_deleted_item_does_not_come_back(self):
        starters = self._find_starters()
        starters[0].unlink()
        starters[1].name = "Kindness"
        self._load("update")
        self.assertEqual(self._find_starters(), starters[1:])
        self.assertEqual(starters[1].name, "Kindness")

    def test_names_are_for_translators(self):
        with self.env.cr.savepoint():
            reader = TranslationModuleReader(self.env.cr, modules=[ADDON])
        sources = {
            row[4]
            for row in reader
            if row[2] == "product.template,name" and "credit_item" in row[3]
        }
        self.assertEqual(sorted(sources), STARTERS)

    # -------------------------------------------------------------------------
    # ASKING FOR ONE
    # -------------------------------------------------------------------------

    def test_administrator_unarchives_what_a_clerk_asks_for(self):
        with Form(self.requests.with_user(self.clerk)) as form:
            form.name = " Snow Day "
            form.reason = "School was closed"
        action = form.record.action_ask()
        self.assertIn("Snow Day", action["params"]["message"])
        item = self._find()
        self.assertRecordValues(
            item,
            [
                {
                    "active": False,
                    "is_credit_item": True,
                    "company_id": self.company.id,
                    "taxes_id": [],
                }
            ],
        )
        self.assertIn(self.manager, item.activity_ids.user_id)
        self.assertIn("School was closed", item.activity_ids[0].note)
        item.with_user(self.manager).action_unarchive()
        self.assertTrue(item.active)
        self.assertFalse(item.activity_ids)
        self.assertIn(self.clerk.partner_id, item.message_ids[0].partner_ids)
        self.assertIn("Snow Day can now be used", item.message_ids[0].body)
        move = self._post_line(credit_item_id=item.id).move_id
        self.assertItems(
            move, [(self.credit_account, 10, 10), (self.receivable, -10, -10)]
        )

    def test_second_click_asks_once(self):
        self._ask()
        activities = self._find().activity_ids
        self._ask(name="snow day")
        item = self._find()
        self.assertEqual(len(item), 1)
        self.assertEqual(item.activity_ids, activities)

    def test_archived_item_is_asked_for_again(self):
        item = self._create_credit_item("Snow Day", active=False)
        self._ask()
        self.assertEqual(self._find(), item)
        self.assertTrue(item.activity_ids)

    def test_item_that_is_there_is_named(self):
        self._create_credit_item("Snow Day")
        with self.assertRaisesRegex(UserError, "Snow Day is already a credit item"):
            self._ask(name="SNOW day")
        other = self._create_company(name="Lakeside")
        self._create_credit_item("Costume", company_id=other.id)
        self._ask(name="Costume")
        self.assertEqual(len(self._find("Costume")), 2)

    def test_asked_for_is_nothing_to_choose(self):
        self._ask()
        found = self.env["product.product"].with_user(self.clerk).name_search("Snow")
        self.assertFalse(found)

    def test_who_may_not_post_cannot_ask(self):
        with self.assertRaises(AccessError):
            self._ask(self.accountant)
        request = self.requests.with_user(self.manager).create({"name": "Snow Day"})
        with self.assertRaises(AccessError):
            request.with_user(self.clerk).action_ask()
        with self.assertRaises(AccessError):
            self.items.with_user(self.clerk).create(
                {"name": "Snow Day", "is_credit_item": True}
            )
        self.assertFalse(self._find())

    def test_other_company_is_not_asked(self):
        other = self._create_company(name="Lakeside")
        with self.assertRaises(AccessError):
            self._ask(company_id=other.id)
        self.assertFalse(self._find())

    def test_company_without_administrator(self):
        other = self._create_company(name="Lakeside")
        self.env.user.company_ids -= other
        self.clerk.company_ids += other
        with self.assertRaisesRegex(UserError, "no administrator of credits to ask"):
            self._ask(company_id=other.id)
        self.assertFalse(self._find())

    def test_empty_pages_lead_to_what_is_missing(self):
        for name in ("credit_batch", "credit_line", "credit_application"):
            action = self.env.ref(f"{ADDON}.account_{name}_action")
            self.assertIn('href="/odoo/post-transaction"', action.help)
        action = self.env.ref(f"{ADDON}.account_stored_value_action")
        self.assertIn('href="/odoo/billing"', action.help)

    def test_tour_from_the_set_up(self):
        transaction = (
            self.env["account.post.transaction"]
            .with_user(self.clerk)
            .create(
                {
                    "step": "setup",
                    "line_ids": [
                        Command.create({"partner_id": self.account.id, "amount": 5})
                    ],
                }
            )
        )
        self.start_tour(
            f"/odoo/account.post.transaction/{transaction.id}",
            "account_credit_item_request",
            login=self.clerk.login,
        )
        self.assertIn(self.manager, self._find().activity_ids.user_id)

    def test_tour_from_an_empty_page(self):
        self.start_tour(
            "/odoo/credit-batches", "account_credit_empty_page", login=self.clerk.login
        )
