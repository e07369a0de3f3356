from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueMany(StoredValueCommon):
    """Many gift cards and prepayments at once: each is booked as one alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.family = cls.env["res.partner"].create({"name": "Other Family"})

    def _prepare(self, amount=100, funding="payment", account=None, **request):
        if funding == "payment":
            request.setdefault("journal_id", self.bank.id)
        return {
            "value_type": "gift_card",
            "account_id": (account or self.account).id,
            "amount": amount,
            "funding": funding,
            "date": "2024-03-15",
            **request,
        }

    def _issue_many(self, *requests, user=None, **arguments):
        values = self.values.with_user(user or self.clerk)
        answers = values.issue_many(list(requests), **arguments)
        self.env.flush_all()
        return answers

    def test_each_is_booked_as_one_alone(self):
        answers = self._issue_many(
            self._prepare(100),
            self._prepare(30, value_type="prepayment", account=self.family),
            self._prepare(20, "promotion"),
            self._prepare(50, "promotion", account=self.family),
        )
        values = self.values.browse([answer["id"] for answer in answers])
        self.assertEqual(values.mapped("name"), [a["name"] for a in answers])
        self.assertEqual(
            values.partner_id.ids, [self.account.id, self.family.id], "by its request"
        )
        for value, amount, debit, credit in (
            (values[0], 100, self.outstanding, self.sold),
            (values[1], 30, self.outstanding, self.prepaid),
            (values[2], 20, self.promotion, self.given),
            (values[3], 50, self.promotion, self.given),
        ):
            self.assertEvents(
                value,
                [("issue", [(debit, amount, amount), (credit, -amount, -amount)])],
            )
            self.assertEqual((value.state, value.balance), ("active", amount))
            self.assertEqual(value.funding_account_id, debit)
            self.assertEqual(value.sudo().requested_by_id, self.clerk)
        self.assertEqual(len(values.move_line_ids.move_id), 4)
        self.assertFalse(answers[1]["code"], "a prepayment has none")
        for answer in (answers[0], answers[2], answers[3]):
            told = self.values.with_user(self.clerk).balance_of(answer["code"])
            value = self.values.browse(answer["id"])
            self.assertEqual(told["balance"], value.balance)

    def test_a_bad_one_never_stops_the_others(self):
        # README says: "one that cannot be issued never stops the others"
        other = self._create_company(name="Other")
        archived = self.family.copy({"active": False})
        bad = {
            "is archived": self._prepare(account=archived),
            "Choose the bank or cash journal": self._prepare(journal_id=False),
            "You do not have access to this company": self._prepare(
                company_id=other.id
            ),
            "A prepayment is money": self._prepare(
                5, "promotion", value_type="prepayment"
            ),
            "Unknown values: state": self._prepare(state="active"),
            "Choose an account": {"value_type": "gift_card", "funding": "promotion"},
            "object with names": "100",
        }
        answers = self._issue_many(
            self._prepare(10), *bad.values(), self._prepare(20, "promotion")
        )
        for reason, answer in zip(bad, answers[1:-1], strict=True):
            self.assertEqual(list(answer), ["error"])
            self.assertIn(reason, answer["error"])
        good = self.values.browse([answers[0]["id"], answers[-1]["id"]])
        self.assertEqual(good.mapped("balance"), [10, 20])
        self.assertEqual(
            self.values.search([("company_id", "=", self.company.id)]), good[::-1]
        )
        self.assertTiesOut()

    def test_what_another_addon_refuses(self):
        model = self.env.registry["account.move"]
        original = model._post

        def refuse(moves, *args, **kwargs):
            posted = original(moves, *args, **kwargs)
            if 13 in moves.mapped("amount_total_signed"):
                raise UserError(posted.env._("Another module refuses it"))
            return posted

        requests = [self._prepare(number, "promotion") for number in range(10, 20)]
        with patch.object(model, "_post", refuse):
            answers = self._issue_many(*requests)
        self.assertEqual(
            [answer.get("error") for answer in answers],
            [
                "Another module refuses it" if number == 13 else None
                for number in range(10, 20)
            ],
        )
        issued = [answer["id"] for answer in answers if "id" in answer]
        self.assertEqual(sum(self.values.browse(issued).mapped("balance")), 132)
        self.assertTiesOut()

    def test_locked_date(self):
        self.company.sale_lock_date = "2024-03-31"
        self.company.fiscalyear_lock_date = "2024-03-31"
        answers = self._issue_many(
            self._prepare(10), self._prepare(10, date="2024-04-01")
        )
        self.assertIn("is locked", answers[0]["error"])
        self.assertEqual(answers[1]["state"], "active")

    def test_cap_of_an_account_counts_those_before(self):
        self.company.credit_open_cap = 100
        answers = self._issue_many(
            self._prepare(60, "promotion"),
            self._prepare(60, "promotion"),
            self._prepare(60, "promotion", account=self.family),
            self._prepare(40, "promotion"),
            self._prepare(500),
        )
        self.assertEqual(
            ["error" in answer for answer in answers], [0, 1, 0, 0, 0], answers
        )
        self.assertIn("is the most that an account may have", answers[1]["error"])

    def test_some_wait_for_approval(self):
        self.company.credit_approval_line_amount = 100
        self._create_user("chief", "account_credit_posting.group_credit_manager")
        answers = self._issue_many(
            self._prepare(100.01, "promotion"), self._prepare(100, "promotion")
        )
        self.assertEqual(
            [(answer["state"], bool(answer["code"])) for answer in answers],
            [("to_approve", False), ("active", True)],
        )
        waiting = self.values.browse(answers[0]["id"])
        self.assertFalse(waiting.move_line_ids)
        self.assertEqual(waiting.sudo().requested_by_id, self.clerk)

    def test_foreign_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        dinar = self.setup_other_currency("BHD", rates=[("2024-01-01", 0.25)])
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 100)])
        answers = self._issue_many(
            self._prepare(10, "promotion", currency_id=euro.id),
            self._prepare(10),
            self._prepare("1.234", "promotion", currency_id=dinar.id),
            self._prepare(1000, "promotion", currency_id=yen.id),
            self._prepare("10.5", "promotion", currency_id=yen.id),
        )
        self.assertIn("error", answers[-1])
        values = self.values.browse([answer["id"] for answer in answers[:-1]])
        for value, balance, amount in (
            (values[0], 20, 10),
            (values[2], 4.94, 1.234),
            (values[3], 10, 1000),
        ):
            self.assertEvents(
                value,
                [
                    (
                        "issue",
                        [
                            (self.promotion, balance, amount),
                            (self.given, -balance, -amount),
                        ],
                    )
                ],
            )

    def test_same_request_twice(self):
        requests = [self._prepare(10), self._prepare(20)]
        first = self._issue_many(*requests, idempotency_key="many")
        second = self._issue_many(*requests, idempotency_key="many")
        self.assertEqual(
            second,
            [{**answer, "code": False} for answer in first],
            "codes are told once",
        )
        self.assertEqual(self.values.search_count([]), 2)
        with self.assertRaises(ValidationError):
            self._issue_many(requests[0], idempotency_key="many")

    def test_who_may(self):
        for user in (self.accountant, self._create_user("desk", "base.group_user")):
            with self.assertRaises(AccessError):
                self._issue_many(self._prepare(), user=user)
        with self.assertRaises(ValidationError):
            self.values.with_user(self.clerk).issue_many("all")

    def test_opening_balances_are_entered_by_administrators(self):
        request = self._prepare(
            40, "opening", opening_account_id=self.opening.id, account=self.family
        )
        [refused] = self._issue_many(request)
        self.assertIn("administrator", refused["error"])
        [answer] = self._issue_many(request, user=self.manager)
        self.assertEvents(
            self.values.browse(answer["id"]),
            [("issue", [(self.opening, 40, 40), (self.sold, -40, -40)])],
        )

    def test_statements_do_not_grow_with_the_set(self):
        def count(size):
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self._issue_many(*[self._prepare(10, "promotion")] * size)
            return self.env.cr.sql_log_count - start

        count(1)
        few, many = count(10), count(50)
        self.assertLess((many - few) / 40, 10, "statements for each more of them")

    def test_statements_do_not_grow_with_the_cards_that_pay(self):
        self.company.auto_apply_gift_cards = True
        applications = self.env["account.credit.application"]

        def count(change):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            change()
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        def pay_and_undo(size):
            families = self.env["res.partner"].create(
                [{"name": f"Family {number}"} for number in range(size)]
            )
            self.company.credit_application_policy = "manual"
            answers = self._issue_many(
                *(self._prepare(10, "promotion", account=family) for family in families)
            )
            cards = self.values.browse([answer["id"] for answer in answers])
            invoices = self.env["account.move"].union(
                *(self._create_invoice(family, 30) for family in families)
            )
            self.company.credit_application_policy = "posted"
            figures = [
                count(lambda: applications._apply(families, self.company, "cron"))
            ]
            self.assertEqual(cards.mapped("state"), ["used"] * size)
            figures.append(count(invoices.unapply_account_credits))
            self.assertEqual(cards.mapped("state"), ["active"] * size)
            return figures

        pay_and_undo(2)
        few, many = pay_and_undo(2), pay_and_undo(12)
        for name, one, other in zip(("pay", "undo"), few, many, strict=True):
            with self.subTest(name):
                self.assertLess((other - one) / 10, 4, "statements for each more")

    def test_paying_is_told_by_the_history_not_by_messages(self):
        answers = self._issue_many(*[self._prepare(10, "promotion")] * 2)
        cards = self.values.browse([answer["id"] for answer in answers])
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 30)
        self.company.write(
            {"auto_apply_gift_cards": True, "credit_application_policy": "posted"}
        )
        # Tests track nothing by default.
        env = self.env(context={})
        env.cr.flush()
        messages = cards.message_ids
        env["account.credit.application"]._apply(self.account, self.company, "cron")
        env.cr.flush()
        self.assertEqual(cards.mapped("state"), ["used"] * 2)
        invoice.with_env(env).unapply_account_credits()
        env.cr.flush()
        self.assertEqual(cards.mapped("state"), ["active"] * 2)
        self.assertEqual(cards.message_ids, messages)
        for card in cards:
            self.assertEqual(
                card.move_line_ids.move_id.sorted("id").mapped("stored_value_event"),
                ["issue", "use", "undo"],
            )
        cards[0].with_env(env(user=self.manager)).action_void("Sent twice")
        env.cr.flush()
        tracked = (cards.message_ids - messages).sudo().tracking_value_ids
        self.assertEqual(tracked.field_id.mapped("name"), ["state"])

    def test_expiry_is_one_set(self):
        answers = self._issue_many(
            *(
                self._prepare(number, "promotion", expiry_date="2024-06-30")
                for number in range(1, 6)
            )
        )
        values = self.values.browse([answer["id"] for answer in answers])
        posted = []
        original = type(self.env["account.move"])._post

        def count(moves, *args, **kwargs):
            posted.append(len(moves))
            return original(moves, *args, **kwargs)

        with (
            freeze_time("2024-07-02"),
            self.enter_registry_test_mode(),
            patch.object(type(self.env["account.move"]), "_post", count),
        ):
            self.env.ref(
                "account_credit_posting.ir_cron_expire_stored_value"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(posted, [5])
        for number, value in enumerate(values, 1):
            self.assertEqual((value.state, value.balance), ("expired", 0))
            self.assertEvents(
                value,
                [
                    (
                        "issue",
                        [
                            (self.promotion, number, number),
                            (self.given, -number, -number),
                        ],
                    ),
                    (
                        "expire",
                        [
                            (self.given, number, number),
                            (self.breakage, -number, -number),
                        ],
                    ),
                ],
            )
