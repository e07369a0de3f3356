from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_application import AccountCreditApplicationCommon


@tagged("post_install", "-at_install")
class TestApplicationRights(AccountCreditApplicationCommon):
    """In the model, whatever the screens show."""

    def setUp(self):
        super().setUp()
        self.invoice = self._create_invoice(self.account, 100)
        self.line = self._post_line(40)
        self.application = self.invoice.credit_application_ids

    def test_nobody_writes_applications(self):
        for user in (self.clerk, self.manager, self.accountant):
            application = self.application.with_user(user)
            self.assertEqual(application.amount, 40)
            for change in (
                lambda record: record.write({"is_pinned": True}),
                lambda record: record.unlink(),
                lambda record: record.copy(),
            ):
                with self.assertRaises(AccessError):
                    change(application)

    def test_accountant_sees_and_changes_nothing(self):
        for call in (
            self.application.with_user(self.accountant).action_unapply,
            self.application.with_user(self.accountant).action_pin,
            self.application.with_user(self.accountant).action_unpin,
            self.invoice.with_user(self.accountant).apply_account_credits,
            self.invoice.with_user(self.accountant).unapply_account_credits,
            self.account.with_user(self.accountant).apply_account_credits,
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertPays(self.line, [(self.invoice, 40)])

    def test_stranger_sees_nothing(self):
        stranger = self._create_user("stranger", "base.group_user")
        portal = self._create_user("portal", "base.group_portal")
        for user in (stranger, portal):
            with self.assertRaises(AccessError):
                self.application.with_user(user).read(["amount"])
            with self.assertRaises(AccessError):
                self.application.with_user(user).action_unapply()
            with self.assertRaises(AccessError):
                self.account.with_user(user).apply_account_credits()

    def test_other_company_sees_nothing(self):
        other = self.setup_other_company()["company"]
        foreigner = self._create_user("foreigner", "account.group_account_invoice")
        foreigner.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(
            self.env["account.credit.application"].with_user(foreigner).search([])
        )
        with self.assertRaises(AccessError):
            self.application.with_user(foreigner).action_unapply()
        with self.assertRaises(AccessError):
            self.invoice.with_user(foreigner).apply_account_credits()

    def test_context_of_a_caller_decides_nothing(self):
        self.invoice.unapply_account_credits()
        self.company.credit_application_policy = "manual"
        self.invoice.with_context(
            credit_decision={"origin": "cron", "rules": {}}
        ).apply_account_credits()
        self.assertEqual(
            self.invoice.credit_application_ids.filtered("partial_id").origin, "user"
        )

    def test_days_are_not_negative(self):
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            self.company.credit_application_days = -1
            self.env.flush_all()
        self.assertNotIsInstance(caught.exception, UserError)
