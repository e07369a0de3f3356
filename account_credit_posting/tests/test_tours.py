from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from ..models.stored_value.account_gift_card import hash_code
from .common import AccountCreditCommon


class TourCommon(AccountCreditCommon, HttpCase):
    """A clerk in a browser, and what was posted by the end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.group_ids += cls.env.ref("base.group_partner_manager")
        cls.accounts.customer_rank = 1
        cls.env["res.partner"].create(
            {"name": "Anna", "parent_id": cls.accounts[1].id, "email": "a@example.com"}
        )

    def _get_batch(self):
        return self.batches.search([("create_uid", "=", self.clerk.id)])

    def assertPosted(self, amounts):
        """Assert that the clerk posted one batch, with these entries.

        :param amounts: ``{account: amount}``
        """
        batch = self._get_batch()
        self.assertEqual(len(batch), 1)
        self.assertRecordValues(
            batch,
            [
                {
                    "state": "done",
                    "credit_item_id": self.item.id,
                    "public_comment": "The snow day",
                    "private_comment": "Agreed by phone",
                }
            ],
        )
        self.assertEqual(
            {line.partner_id: line.amount for line in batch.line_ids}, amounts
        )
        for line in batch.line_ids:
            self.assertItems(
                line.move_id,
                [
                    (self.credit_account, line.amount, line.amount),
                    (self.receivable, -line.amount, -line.amount),
                ],
            )
        self.assertLedgerSound(batch)


@tagged("post_install", "-at_install")
class TestTours(TourCommon):
    """The five steps in a browser, as the clerk, from each place they start at."""

    def test_everybody_with_a_tag_and_of_a_filter(self):
        tag = self.env["res.partner.category"].create({"name": "Tour"})
        self.accounts[:2].category_id = [Command.link(tag.id)]
        self.env["ir.filters"].create(
            {
                "name": "Ours",
                "model_id": "res.partner",
                "domain": f"[('id', 'in', {self.accounts[1:3].ids})]",
                "user_ids": [Command.set(self.clerk.ids)],
            }
        )
        self.start_tour(
            "/odoo/post-transaction",
            "post_transaction_everybody",
            login=self.clerk.login,
        )
        self.assertPosted({self.accounts[0]: 15, self.accounts[2]: 15})

    def test_from_the_menu_three_accounts_by_keyboard(self):
        self.start_tour("/odoo", "post_transaction_menu", login=self.clerk.login)
        self.assertPosted(
            {self.accounts[0]: 10, self.accounts[1]: 20, self.accounts[2]: 30}
        )

    def test_three_accounts_in_forty_keys(self):
        names = ("Abbott Family", "Baker Family", "Chen Family")
        families = self.env["res.partner"].create(
            [{"name": name, "customer_rank": 1} for name in names]
        )
        self.start_tour(
            "/odoo/customers", "post_transaction_keys", login=self.clerk.login
        )
        batch = self._get_batch()
        self.assertEqual((batch.state, batch.credit_item_id), ("done", self.item))
        self.assertEqual(
            {line.partner_id: line.amount for line in batch.line_ids},
            dict(zip(families, (10, 20, 30), strict=True)),
        )
        self.assertLedgerSound(batch)

    def test_amounts_of_a_class_by_keyboard(self):
        pupils = self.env["res.partner"].create(
            [{"name": f"Pupil {number:02}"} for number in range(1, 24)]
        )
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=pupils)
        transaction = transactions.browse(action["res_id"])
        transaction.step = "amounts"
        self.start_tour(
            f"/odoo/post-transaction/{transaction.id}",
            "post_transaction_amounts",
            login=self.clerk.login,
        )
        self.assertEqual(
            {line.partner_id: line.amount for line in transaction.line_ids},
            {pupil: number for number, pupil in enumerate(pupils, start=1)},
        )

    def test_back_of_the_browser(self):
        self.start_tour(
            "/odoo/customer-invoices",
            "post_transaction_browser_back",
            login=self.clerk.login,
        )
        self.assertPosted({self.account: 15})

    def test_back_of_the_browser_to_where_one_came_from(self):
        self.start_tour(
            "/odoo/customers",
            "post_transaction_browser_back_new",
            login=self.clerk.login,
        )

    def test_amounts_as_people_write_them(self):
        self._create_invoice(self.accounts[1], 40)
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:2])
        transaction = transactions.browse(action["res_id"])
        transaction.write({"step": "amounts", "credit_item_id": self.item.id})
        self.start_tour(
            f"/odoo/post-transaction/{transaction.id}",
            "post_transaction_written",
            login=self.clerk.login,
        )
        self.assertEqual(transaction.line_ids.mapped("amount"), [12.5, 1250])

    def test_from_an_account(self):
        self.start_tour(
            f"/odoo/res.partner/{self.account.id}",
            "post_transaction_account",
            login=self.clerk.login,
        )
        self.assertPosted({self.account: 15})

    def test_invoice_with_credit(self):
        self.env["product.product"].create(
            {
                "name": "Tuition",
                "lst_price": 100,
                "taxes_id": self.company_data["default_tax_sale"].ids,
            }
        )
        self.start_tour(
            f"/odoo/res.partner/{self.account.id}",
            "post_transaction_charge",
            login=self.clerk.login,
        )
        line = self._get_batch().line_ids
        self.assertEqual((line.charge_amount, line.amount), (100, 30))
        self.assertEqual(line.charge_move_id.amount_residual, 85)
        self.assertEqual(
            line.move_id.used_application_ids.invoice_id, line.charge_move_id
        )

    def test_from_the_list_of_customers(self):
        # The tour selects all: whoever else is a customer in this database is none.
        customers = self.env["res.partner"].search([("customer_rank", ">", 0)])
        (customers - self.accounts[:2]).customer_rank = 0
        self.start_tour(
            "/odoo/customers", "post_transaction_customers", login=self.clerk.login
        )
        self.assertPosted({self.accounts[0]: 15, self.accounts[1]: 15})

    def test_unapply_and_apply(self):
        invoice = self._create_invoice(self.account, 40)
        line = self._post_line(15)
        self.start_tour(
            f"/odoo/account.move/{invoice.id}",
            "account_credit_unapply_and_apply",
            login=self.clerk.login,
        )
        applications = line.move_id.used_application_ids.sorted("id")
        self.assertEqual(applications.mapped("state"), ["unapplied", "applied"])
        self.assertEqual(applications.mapped("origin"), ["credit", "user"])
        self.assertEqual(invoice.amount_residual, 25)

    def test_billing(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 40)
        self._post_line(15)
        self.start_tour(
            f"/odoo/res.partner/{self.account.id}",
            "account_credit_billing",
            login=self.clerk.login,
        )
        self.assertEqual(invoice.amount_residual, 25)

    def test_preview(self):
        self._create_invoice(self.account, 40)
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        transaction = transactions.create(
            {
                "step": "setup",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": 150})
                    for account in self.accounts[:2]
                ],
            }
        )
        self.accounts[1].active = False
        self.start_tour(
            f"/odoo/post-transaction/{transaction.id}",
            "account_credit_preview",
            login=self.clerk.login,
        )
        self.assertEqual(
            transaction.batch_id.line_ids.mapped("state"), ["posted", "failed"]
        )

    def test_from_the_list_of_invoices(self):
        self._create_invoice(self.account, 40)
        self.start_tour(
            "/odoo/customer-invoices",
            "post_transaction_invoices",
            login=self.clerk.login,
        )
        self.assertPosted({self.account: 15})


@tagged("post_install", "-at_install")
class TestNarrowTours(TourCommon):
    """The same on a telephone."""

    browser_size = "375x740"
    touch_enabled = True

    def test_five_steps_on_a_narrow_screen(self):
        self._create_invoice(self.account, 40)
        action = self.account.with_user(self.clerk).action_post_transaction()
        self.start_tour(
            f"/odoo/post-transaction/{action['res_id']}",
            "post_transaction_narrow",
            login=self.clerk.login,
        )
        self.assertPosted({self.account: 15})


@tagged("post_install", "-at_install")
class TestStoredValueTours(TourCommon):
    """Gift cards on the billing page, as clerk and as administrator."""

    def _start(self, name, account, login):
        self.start_tour(f"/odoo/res.partner/{account.id}", name, login=login)
        self.env.invalidate_all()

    def test_issue_redeem_use_correct(self):
        self.env["account.journal"].create(
            {"name": "Front Desk Cash", "code": "FDC", "type": "cash"}
        )
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        account, other = self.accounts[:2]
        self._start("gift_card_issue", account, self.clerk.login)
        card = account.stored_value_ids
        self.assertRecordValues(
            card, [{"balance": 100, "recipient_name": "Maya", "state": "active"}]
        )
        self.start_tour(
            f"/odoo/account.stored.value/{card.id}",
            "gift_card_print_once_more",
            login=self.clerk.login,
        )
        self.env.invalidate_all()
        self.assertFalse(card.awaits_hand_over)
        self._create_invoice(other, 60)
        # What the customer brings; the tour has its code in writing.
        card._write_guarded({"code_hash": hash_code(self.env, "0" * 16)})
        self._start("gift_card_redeem", other, self.clerk.login)
        redeemed = other.stored_value_ids
        self.assertEqual((card.state, redeemed.balance), ("used", 40))
        self._start("gift_card_correct", other, self.manager.login)
        self.assertEqual((redeemed.initial_amount, redeemed.balance), (110, 50))


@tagged("post_install", "-at_install")
class TestCreditBatchTours(TourCommon):
    """A large batch on its way, and its undo."""

    def test_progress_and_the_end_of_a_large_batch(self):
        self.company.credit_background_lines = 1
        # The tour is the worker, too.
        self.clerk.group_ids += self.env.ref("base.group_system")
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:3])
        transaction = transactions.browse(action["res_id"])
        transaction.step = "amounts"
        transaction.amount_for_all = 10
        transaction.action_set_all()
        transaction.step = "setup"
        transaction.credit_item_id = self.item
        transaction.action_post()
        self.assertEqual(transaction.batch_id.state, "queued")
        self.start_tour(
            f"/odoo/account.post.transaction/{transaction.id}",
            "account_credit_batch_progress",
            login=self.clerk.login,
        )
        self.assertEqual(transaction.batch_id.state, "done")
        self.assertLedgerSound(transaction.batch_id)

    def test_undo_of_a_batch(self):
        self._create_invoice(self.accounts[1], 20)
        self._create_invoice(self.accounts[2], 90)
        batch = self._create_batch(dict.fromkeys(self.accounts[:3], 50))
        batch.action_post()
        self.start_tour(
            f"/odoo/account.credit.batch/{batch.id}",
            "account_credit_batch_reverse",
            login=self.manager.login,
        )
        self.assertEqual(
            batch.line_ids.mapped("state"), ["reversed", "posted", "posted"]
        )
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0])
