import contextlib
import inspect

from odoo import models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon

#: Public methods that move money: {model: names}.
MOVING = {
    "account.credit.application": ("action_unapply",),
    "account.credit.batch": (
        *("action_approve", "action_post", "action_retry", "action_reverse"),
        *("action_extend", "post_credits"),
    ),
    "account.credit.batch.reverse": ("action_confirm",),
    "account.credit.extend": ("action_confirm",),
    "account.credit.line": ("action_reverse", "extend", "move_to", "replace"),
    "account.credit.line.change": ("action_confirm",),
    "account.move": ("apply_account_credits", "unapply_account_credits"),
    "account.post.payment": ("action_post",),
    "account.post.refund": ("action_post",),
    "account.post.transaction": ("action_post",),
    "account.stored.value": (
        *("action_issue", "action_void", "adjust", "apply_to_invoice", "issue"),
        *("move_to", "redeem", "refund"),
    ),
    "account.stored.value.change": ("action_confirm",),
    "account.stored.value.use": ("action_confirm",),
    "res.partner": ("apply_account_credits",),
}


class Undo(Exception):
    """Nothing of it should stay."""


@tagged("post_install", "-at_install")
class TestAccountCreditAnswer(StoredValueCommon):
    """A request under a key that was seen before gets the first answer."""

    def assertOnce(self, call, *others):
        """Assert that a call is done once, and that others are refused.

        :param call: takes the key
        :param others: likewise
        :return: the answer
        """
        first = call("k")
        moves = self.env["account.move"].search([])
        self.assertEqual(call("k"), first)
        for other in others:
            with self.assertRaisesRegex(ValidationError, "belongs to another request"):
                other("k")
        self.env.flush_all()
        self.assertEqual(self.env["account.move"].search([]), moves)
        return first

    def test_every_method_that_moves_money_takes_a_key(self):
        for model, names in MOVING.items():
            for name in names:
                method = getattr(type(self.env[model]), name)
                self.assertIn(
                    "idempotency_key", inspect.signature(method).parameters, name
                )

    def test_issue(self):
        values = self.values.with_user(self.clerk)
        codes = []

        def issue(key, amount="100.00", **details):
            answer = values.issue(
                *("gift_card", self.account.id, amount, "payment", self.bank.id),
                idempotency_key=key,
                date="2024-03-15",
                **details,
            )
            codes.append(answer.pop("code"))
            return answer

        answer = self.assertOnce(
            issue,
            lambda key: issue(key, "100.01"),
            lambda key: issue(key, memo="Other"),
        )
        value = self.values.browse(answer["id"])
        self.assertEvents(
            value,
            [("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)])],
        )
        # It is told once, and kept nowhere.
        self.assertTrue(codes[0])
        self.assertFalse(codes[1])
        kept = self.env["account.credit.answer"].sudo().search([]).answer["value"]
        self.assertEqual((kept["id"], kept["code"]), (value.id, False))

    def test_use(self):
        value = self._issue(100).with_user(self.clerk)
        invoice, other = (self._create_invoice(self.account, 60) for _ in range(2))

        def use(key, invoice=invoice, amount=20):
            return value.apply_to_invoice(invoice.id, amount, idempotency_key=key)

        paid = self.assertOnce(
            use, lambda key: use(key, other), lambda key: use(key, amount=30)
        )
        self.assertEqual((paid, value.balance, invoice.amount_residual), (20, 80, 40))
        self.assertEqual(use("k2"), 20)
        self.assertEqual(invoice.amount_residual, 20)

    def test_redeem(self):
        self._issue(100)
        values, code = self.values.with_user(self.clerk), self.code

        def redeem(key, account=self.accounts[1]):
            return values.redeem(code, account.id, idempotency_key=key)

        answer = self.assertOnce(redeem, lambda key: redeem(key, self.accounts[2]))
        self.assertEqual(answer["balance"], 100)
        with self.assertRaisesRegex(UserError, "no gift card"):
            redeem("k2")

    def test_correct_move_and_refund(self):
        value = self._issue(100).with_user(self.manager)
        self.assertOnce(
            lambda key: value.adjust(90, "Typing error", idempotency_key=key),
            lambda key: value.adjust(80, "Typing error", idempotency_key=key),
            lambda key: value.refund(90, self.bank.id, idempotency_key=key),
        )
        self.assertEqual(value.balance, 90)
        target_id = value.move_to(self.accounts[1].id, 30, idempotency_key="move")
        again_id = value.move_to(self.accounts[1].id, 30, idempotency_key="move")
        self.assertEqual(again_id, target_id)
        self.assertEqual(value.balance, 60)
        payment_id = value.refund(25, self.bank.id, idempotency_key="refund")
        again_id = value.refund(25, self.bank.id, idempotency_key="refund")
        self.assertEqual(again_id, payment_id)
        self.assertEqual(value.balance, 35)
        self.assertEvents(
            value.sudo(),
            [
                ("issue", [(self.outstanding, 100, 100), (self.sold, -100, -100)]),
                ("adjust", [(self.outstanding, -10, -10), (self.sold, 10, 10)]),
                ("move", [(self.sold, 30, 30), (self.sold, -30, -30)]),
                ("refund", [(self.sold, 25, 25), (self._get_paying(), -25, -25)]),
            ],
        )

    def _get_paying(self):
        payments = self.env["account.payment"].new({"company_id": self.company.id})
        return payments._get_outstanding_account("outbound")

    def test_replace_move_and_reverse_credits(self):
        line = self._post_line(30).with_user(self.manager)
        new = self.assertOnce(
            lambda key: line.replace(20, reason="Less", idempotency_key=key),
            lambda key: line.replace(10, reason="Less", idempotency_key=key),
        )
        self.assertEqual(
            (line.state, new.state, new.amount), ("reversed", "posted", 20)
        )
        account = self.accounts[1]
        moved = self.assertOnce(
            lambda key: new.move_to(
                account.id, 5, reason="Other", idempotency_key=f"{key}2"
            )
        )
        self.assertEqual((moved.partner_id, moved.amount_open), (account, 5))
        self.assertEqual(new.amount_open, 15)

        def reverse(key):
            return new.batch_id.action_reverse(
                "unused", reason="Again", idempotency_key=f"{key}3"
            )

        self.assertTrue(self.assertOnce(reverse))
        self.assertEqual(new.amount_open, 0)

    def test_payment_page(self):
        invoice = self._create_invoice(self.account, 60)
        pages = self.env["account.post.payment"].with_user(self.clerk)

        def post(key, **vals):
            page = pages.create(
                {
                    "partner_id": self.account.id,
                    "amount": 25,
                    "date": "2024-03-20",
                    "journal_id": self.bank.id,
                    **vals,
                }
            )
            page.action_post(idempotency_key=key)
            self.assertEqual(page.step, "result")
            return page.sudo().payment_ids.ids, str(page.result)

        payment_ids, result = self.assertOnce(post, lambda key: post(key, amount=20))
        self.assertIn(invoice.name, result)
        payment = self.env["account.payment"].browse(payment_ids)
        self.assertItems(
            payment.move_id, [(self.outstanding, 25, 25), (self.receivable, -25, -25)]
        )
        self.assertEqual(invoice.amount_residual, 35)

    def test_refund_page(self):
        payment = self._create_payment(80)
        [item] = payment.move_id.line_ids.filtered(
            lambda line: line.account_id == self.receivable
        )
        pages = self.env["account.post.refund"].with_user(self.clerk)

        def post(key, amount=30):
            line_vals = {"item_id": item.id, "amount": amount}
            page = pages.create(
                {
                    "partner_id": self.account.id,
                    "journal_id": self.bank.id,
                    "reason": "Moved away",
                    "line_ids": [Command.create(line_vals)],
                }
            )
            page.action_post(idempotency_key=key)
            return page.sudo().payment_ids.ids

        self.assertOnce(post, lambda key: post(key, 50))
        self.assertEqual(item.amount_residual, -50)

    def test_corrections_round_no_amount(self):
        line = self._post_line(30).with_user(self.manager)
        for amount in (10.005, "10.005", 1e300, float("nan"), True, "ten"):
            for call in (
                lambda amount: line.replace(amount, reason="Less"),
                lambda amount: line.move_to(self.accounts[1].id, amount, reason="x"),
            ):
                with self.assertRaisesRegex(
                    UserError, "not a valid amount|more precise"
                ):
                    call(amount)
        self.assertEqual((line.state, line.amount_open), ("posted", 30))
        line.replace("10.05", reason="Less")
        self.assertEqual(line.replaced_by_id.amount, 10.05)

    def test_pages_refuse_what_is_no_amount(self):
        page_vals = {"partner_id": self.account.id, "journal_id": self.bank.id}
        value = self._issue(100)
        payments, refunds = (
            self.env[f"account.post.{name}"] for name in ("payment", "refund")
        )

        def post(amount):
            payments.create({**page_vals, "amount": amount}).action_post()

        def refund(amount):
            line_vals = {"value_id": value.id, "amount": amount}
            refunds.create(
                {
                    **page_vals,
                    "reason": "Moved away",
                    "line_ids": [Command.create(line_vals)],
                }
            ).action_post()

        for amount in (float("nan"), 1e300):
            for call in (post, refund):
                with self.assertRaisesRegex(
                    UserError, "is not a (valid amount|number)"
                ):
                    call(amount)
        self.assertEqual(value.balance, 100)

    def test_wrong_shapes_get_a_sentence(self):
        value = self._issue(100)
        line = self._post_line(30)
        invoice = self._create_invoice(self.account, 20)
        batch = self._create_batch()
        invoice.apply_account_credits()
        application = invoice.credit_application_ids
        for record in (
            *(value, line, invoice, batch, application, self.account),
            self.env["account.credit.batch"],
            self.env["account.stored.value"],
        ):
            for name, parameters in self._get_methods(record).items():
                for parameter in parameters or [None]:
                    for wrong in ([1], "abc", {"a": 1}, -1, 1e300):
                        arguments = dict.fromkeys(parameters)
                        if parameter:
                            arguments[parameter] = wrong
                        self._call(record, name, arguments)
        self.assertEqual((value.balance, line.state), (100, "posted"))

    def _get_methods(self, record):
        """Return the public methods of this addon: ``{name: names of arguments}``."""
        methods = {}
        for name in dir(type(record)):
            method = getattr(type(record), name)
            module = getattr(method, "__module__", None) or ""
            is_own = "account_credit_posting" in module and callable(method)
            # What Odoo has, too, takes what Odoo takes.
            is_odoos = hasattr(models.BaseModel, name) or any(
                name in vars(parent) and "credit_posting" not in parent.__module__
                for parent in type(record).mro()[1:]
            )
            if name[0] == "_" or not is_own or is_odoos or name == "web_read":
                continue
            if bool(record) == hasattr(method, "_api_model"):
                continue
            signature = inspect.signature(method)
            methods[name] = [
                parameter.name
                for parameter in list(signature.parameters.values())[1:]
                if parameter.kind == parameter.POSITIONAL_OR_KEYWORD
            ]
        return methods

    def _call(self, record, name, arguments):
        with (
            self.subTest(model=record._name, method=name, arguments=arguments),
            contextlib.suppress(UserError, Undo),
            self.env.cr.savepoint(),
        ):
            getattr(record.with_user(self.manager), name)(**arguments)
            raise Undo

    def test_context_without_what_is_changed(self):
        line = self._post_line(30)
        for call in (self._issue(100).action_change, line.action_change):
            with self.assertRaisesRegex(UserError, "is not a valid change"):
                call()
        with self.assertRaisesRegex(UserError, "is not a valid section"):
            self.account.with_context(section="x").action_view_section()

    def test_no_rate_no_money(self):
        franc = self.setup_other_currency("CHF", rates=[("2024-04-01", 2)])
        moves = self.env["account.move"].search([])
        for value_type in ("gift_card", "prepayment"):
            with self.assertRaisesRegex(UserError, "CHF has no exchange rate"):
                self._issue(100, value_type, currency_id=franc.id)
        page = self.env["account.post.payment"].create(
            {
                "partner_id": self.account.id,
                "journal_id": self.bank.id,
                "currency_id": franc.id,
                "amount": 10,
                "date": "2024-03-20",
            }
        )
        with self.assertRaisesRegex(UserError, "CHF has no exchange rate"):
            page.action_post()
        self.assertEqual(self.env["account.move"].search([]), moves)
        page.date = "2024-04-01"
        page.action_post()
        self.assertItems(
            page.payment_ids.move_id,
            [(self.outstanding, 5, 10), (self.receivable, -5, -10)],
        )

    def test_answer_is_for_those_who_may_ask(self):
        value = self._issue(100)
        target_id = value.with_user(self.manager).move_to(
            self.accounts[1].id, 30, idempotency_key="k"
        )
        with self.assertRaises(AccessError):
            value.with_user(self.accountant).move_to(
                self.accounts[1].id, 30, idempotency_key="k"
            )
        for user in (self.clerk, self.manager, self.accountant):
            with self.assertRaises(AccessError):
                self.env["account.credit.answer"].with_user(user).search([])
        self.assertTrue(target_id)

    def test_refused_request_leaves_its_key(self):
        value = self._issue(100).with_user(self.manager)
        with self.assertRaisesRegex(UserError, "100.00 left"):
            value.refund(200, self.bank.id, idempotency_key="k")
        self.assertTrue(value.refund(100, self.bank.id, idempotency_key="k"))

    def test_key_is_a_text(self):
        value = self._issue(100).with_user(self.manager)
        for key in (True, [1], {"a": 1}, "x" * 129, 1.5):
            with self.assertRaisesRegex(ValidationError, "idempotency key must"):
                value.adjust(50, "Typing error", idempotency_key=key)
        self.assertEqual(value.balance, 100)

    def test_key_of_an_older_release_answers_what_was_issued(self):
        value = self._issue(100)
        self.env["account.credit.answer"].sudo().create(
            {
                "company_id": self.company.id,
                "key": "till-17",
                "method": "account.stored.value.issue",
                "answer": {
                    "value": {"id": value.id, "name": value.name, "code": False}
                },
            }
        )
        self.assertEqual(self._issue(100, idempotency_key="till-17"), value)
        with self.assertRaisesRegex(ValidationError, "belongs to another request"):
            value.with_user(self.manager).adjust(5, "x", idempotency_key="till-17")
