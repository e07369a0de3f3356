from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged

from ..tools.reading import read_amount
from ..tools.requests import parse_amount
from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestPostCredits(AccountCreditCommon):
    """The call of other programs: same path, exact amounts, repeatable."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = cls.batches.with_user(cls.clerk)

    def _lines(self, *amounts):
        return [
            {"account_id": account.id, "amount": amount}
            for account, amount in zip(self.accounts, amounts, strict=False)
        ]

    def _post(self, lines, **kwargs):
        answer = self.api.post_credits(
            self.item.id, lines, **{"date": "2024-03-15", **kwargs}
        )
        self.assertLedgerSound(self.batches.browse(answer["batch_id"]))
        return answer

    def test_answer_has_the_documented_shape(self):
        answer = self._post(self._lines("10.00", 20, 30.5))
        batch = self.batches.browse(answer["batch_id"])
        self.assertEqual(
            answer,
            {
                "batch_id": batch.id,
                "name": batch.name,
                "state": "done",
                "lines": [
                    {
                        "account_id": line.partner_id.id,
                        "amount": amount,
                        "state": "posted",
                        "move_id": line.move_id.id,
                        "move_name": line.move_id.name,
                        "error": False,
                    }
                    for line, amount in zip(
                        batch.line_ids.sorted("id"), (10.0, 20.0, 30.5), strict=True
                    )
                ],
            },
        )
        self.assertItems(
            batch.line_ids.sorted("id")[2].move_id,
            [(self.credit_account, 30.5, 30.5), (self.receivable, -30.5, -30.5)],
        )

    def test_bad_lines_fail_alone_with_a_reason(self):
        # README says: "A line that cannot be posted fails alone and says why"
        self.accounts[1].active = False
        lines = self._lines(10, 10, 0, -1, "ten", "10.005", "1e2", True)
        lines.append({"account_id": 2**31 - 1, "amount": 10})
        lines.append({"account_id": self.accounts[9].id, "amount": "0.01"})
        answer = self._post(lines)
        self.assertEqual(
            [line["state"] for line in answer["lines"]],
            ["posted", *["failed"] * 8, "posted"],
        )
        reasons = [line["error"] for line in answer["lines"]]
        for reason, text in zip(
            reasons[1:9],
            (
                "Family 1 is archived",
                "above zero",
                "above zero",
                "'ten' is not a valid amount",
                "10.005 is more precise than USD",
                "'1e2' is not a valid amount",
                "True is not a valid amount",
                "There is no account with the id 2147483647",
            ),
            strict=True,
        ):
            self.assertIn(text, reason)
        self.assertEqual(answer["state"], "partial")

    def test_amounts_are_as_precise_as_the_currency_of_the_account(self):
        for code, rounding, good, bad in (
            ("KWD", 0.001, "10.005", "10.0005"),
            ("JPY", 1.0, "10", "10.5"),
        ):
            currency = self.setup_other_currency(
                code, rates=[("2024-01-01", 2.0)], rounding=rounding
            )
            own = self.copy_account(self.receivable, {"currency_id": currency.id})
            self.account.property_account_receivable_id = own
            answer = self._post(
                [
                    {"account_id": self.account.id, "amount": amount}
                    for amount in (good, bad)
                ]
            )
            first, second = answer["lines"]
            move = self.env["account.move"].browse(first["move_id"])
            self.assertEqual(move.currency_id, currency)
            self.assertEqual(move.amount_total, float(good))
            self.assertIn(f"{bad} is more precise than {code}", second["error"])

    def test_retry_never_posts_an_amount_that_was_not_asked_for(self):
        answer = self._post(self._lines("10.005", "ten"))
        batch = self.batches.browse(answer["batch_id"])
        batch.action_retry()
        self.assertEqual(batch.failed_count, 2)
        self.assertFalse(batch.line_ids.move_id)

    def test_enrollee_id_leads_to_the_account(self):
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        answer = self._post([{"account_id": child.id, "amount": 1}])
        self.assertEqual(answer["lines"][0]["account_id"], self.account.id)

    def test_invoice_is_kept_on_the_line(self):
        invoice = self._create_invoice(self.account, 10)
        answer = self._post(
            [{"account_id": self.account.id, "amount": 1, "invoice_id": invoice.id}]
        )
        batch = self.batches.browse(answer["batch_id"])
        self.assertEqual(batch.line_ids.invoice_id, invoice)

    def test_unknown_invoice_fails_the_line(self):
        answer = self._post(
            [{"account_id": self.account.id, "amount": 1, "invoice_id": 2**31 - 1}]
        )
        self.assertIn("There is no invoice", answer["lines"][0]["error"])

    def test_malformed_request_is_refused_whole(self):
        before = self.batches.search_count([])
        for lines, text in (
            ([], "at least one line"),
            (None, "must be a list"),
            ("x", "must be a list"),
            ([1], r"lines\[0\] is not an object"),
            ([{"account_id": "7", "amount": 1}], "account_id is not an id"),
            ([{"account_id": True, "amount": 1}], "account_id is not an id"),
            ([{"account_id": 7}], "has no amount"),
            ([{"account_id": 7, "amount": 1, "memo": ""}], "unknown keys memo"),
            ([{"account_id": 7, "amount": 1, "invoice_id": "x"}], "invoice_id is not"),
        ):
            with self.assertRaisesRegex(ValidationError, text):
                self.api.post_credits(self.item.id, lines)
        for item in (0, -1, "x", None, True, self.product_a.id, 2**31 - 1):
            with self.assertRaisesRegex(ValidationError, "no credit item"):
                self.api.post_credits(item, self._lines(1))
        with self.assertRaisesRegex(ValidationError, "is not a valid date"):
            self.api.post_credits(self.item.id, self._lines(1), date="15.03.2024")
        self.assertEqual(self.batches.search_count([]), before)

    def test_same_key_gets_the_first_answer(self):
        lines = self._lines("10.00", 0)
        first = self._post(lines, idempotency_key="snow-day")
        again = self._post(lines, idempotency_key="snow-day")
        self.assertEqual(again, first)
        moves = self.env["account.move"].search_count(
            [("partner_id", "in", self.accounts.ids)]
        )
        self.assertEqual(moves, 1)

    def test_same_key_for_another_request_is_refused(self):
        self._post(self._lines(10), idempotency_key="snow-day")
        for lines, kwargs in (
            (self._lines(11), {}),
            (self._lines(10, 10), {}),
            (self._lines(10), {"public_comment": "Sorry"}),
            (self._lines(10), {"private_comment": "Sorry"}),
            (self._lines(10), {"date": "2024-03-16"}),
        ):
            with self.assertRaisesRegex(ValidationError, "belongs to another request"):
                self._post(lines, idempotency_key="snow-day", **kwargs)

    def test_requests_without_key_are_all_posted(self):
        first, second = (self._post(self._lines(10)) for _ in range(2))
        self.assertNotEqual(first["batch_id"], second["batch_id"])

    def test_key_is_unique_per_company(self):
        other = self.setup_other_company()["company"]
        self.clerk.company_ids += other
        first = self._post(self._lines(10), idempotency_key="k")
        second = self._post(self._lines(10), idempotency_key="k", company_id=other.id)
        self.assertNotEqual(first["batch_id"], second["batch_id"])
        batch = self.batches.browse(second["batch_id"])
        self.assertEqual(batch.line_ids.move_id.company_id, other)

    def test_company_the_user_does_not_work_in_is_refused(self):
        other = self.setup_other_company()["company"]
        for company_id in (other.id, 2**31 - 1):
            with self.assertRaisesRegex(
                AccessError, "You do not have access to the company"
            ):
                self.api.post_credits(
                    self.item.id, self._lines(1), company_id=company_id
                )

    def test_account_of_another_company_is_unknown(self):
        other = self.setup_other_company()["company"]
        self.account.company_id = other
        answer = self._post(self._lines(10))
        self.assertIn("There is no account with the id", answer["lines"][0]["error"])
        self.assertNotIn(self.account.name, answer["lines"][0]["error"])

    def test_comments_and_date_are_kept(self):
        answer = self._post(
            self._lines(1), public_comment="Snow", private_comment="Storm"
        )
        batch = self.batches.browse(answer["batch_id"])
        self.assertRecordValues(
            batch, [{"public_comment": "Snow", "private_comment": "Storm"}]
        )
        self.assertEqual(str(batch.date), "2024-03-15")


@tagged("post_install", "-at_install")
class TestPostCreditsOverXmlRpc(AccountCreditCommon, HttpCase):
    """The same call from a client that knows no null."""

    def test_answer_with_a_failed_line_comes_through(self):
        answer = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname,
            self.clerk.id,
            self.clerk.login,
            "account.credit.batch",
            "post_credits",
            [
                self.item.id,
                [
                    {"account_id": self.accounts[0].id, "amount": "1.00"},
                    {"account_id": self.accounts[1].id, "amount": "one"},
                ],
            ],
            {"idempotency_key": "over-xml-rpc"},
        )
        posted, failed = answer["lines"]
        self.assertEqual(posted["state"], "posted")
        self.assertTrue(posted["move_name"])
        self.assertIs(posted["error"], False)
        self.assertEqual(failed["state"], "failed")
        self.assertIs(failed["move_id"], False)
        self.assertIn("'one' is not a valid amount", failed["error"])


@tagged("post_install", "-at_install")
class TestAmounts(AccountCreditCommon):
    """Amounts of requests are read to the last digit, or not at all."""

    def test_plain_decimals_are_read_exactly(self):
        for value, text in (
            (10, "10"),
            (0.1, "0.1"),
            ("12.50", "12.50"),
            (" 7 ", "7"),
            ("-3", "-3"),
            ("+3", "3"),
            (1e5, "100000.0"),
            (1e-7, "0.0000001"),
        ):
            self.assertEqual(f"{parse_amount(value):f}", text)

    def test_anything_else_is_no_amount(self):
        for value in (
            *("", "ten", "1,5", "1e2", "1_000", "0x1", "1.", ".5", "٣", "NaN", "inf"),
            *(float("nan"), float("inf"), 1e300, 10**16, True, None, [], {}, b"1"),
        ):
            with self.assertRaises(ValueError, msg=repr(value)):
                parse_amount(value)

    def test_amounts_are_as_precise_as_their_currency(self):
        yen = self.env["res.currency"].new({"name": "JPX", "rounding": 1})
        franc = self.env["res.currency"].new({"name": "CHX", "rounding": 0.05})
        dollar = self.company.currency_id
        for value, currency, amount in (
            ("1.500", dollar, 1.5),
            ("-7", dollar, -7),
            (0.1, dollar, 0.1),
            ("999999999.99", dollar, 999999999.99),
            ("1000000000", dollar, 1e9),
            ("100.00", yen, 100),
            (1e11, yen, 1e11),
            ("10.05", franc, 10.05),
        ):
            self.assertEqual(read_amount(self.env, value, currency), amount)
        for value, currency, text in (
            ("10.005", dollar, "10.005 is more precise than USD"),
            (0.1 + 0.2, dollar, "is not a valid amount"),
            ("1000000000.01", dollar, "exceeds .*1,000,000,000.00, the highest"),
            ("999999999999999.99", dollar, "the highest amount allowed"),
            (1e300, dollar, "1e.300 is not a valid amount"),
            (float("nan"), dollar, "nan is not a valid amount"),
            (True, dollar, "True is not a valid amount"),
            (None, dollar, "None is not a valid amount"),
            ("10.5", yen, "10.5 is more precise than JPX"),
            ("10.01", franc, "10.01 is more precise than CHX.* rounded to 0.05"),
        ):
            with self.assertRaisesRegex(ValidationError, text):
                read_amount(self.env, value, currency)
        # Fifty thousand of the most that there may be: exact to the last digit.
        total = sum([1e9] * 50_000) + 0.01
        self.assertEqual(f"{total:.2f}", "50000000000000.01")

    def test_lines_are_as_precise_as_their_currency(self):
        franc = self.setup_other_currency(
            "CHF", rounding=0.05, rates=[("2024-01-01", 2)]
        )
        invoice = self._create_invoice(self.account, 50, currency_id=franc.id)
        batches = self.batches.with_user(self.clerk)
        answer = batches.post_credits(
            self.item.id,
            [
                {
                    "account_id": self.account.id,
                    "amount": amount,
                    "invoice_id": invoice.id,
                }
                for amount in ("10.01", "10.05", 1e300, "999999999999999.99")
            ],
            date="2024-03-15",
        )
        self.assertEqual(
            [(line["state"], line["amount"]) for line in answer["lines"]],
            [("failed", 0), ("posted", 10.05), ("failed", 0), ("failed", 0)],
        )
        self.assertIn("rounded to 0.05", answer["lines"][0]["error"])
        self.assertEqual(invoice.amount_residual, 39.95)

    def test_amount_typed_for_another_currency_is_refused(self):
        yen = self.setup_other_currency("JPY", rounding=1, rates=[("2024-01-01", 150)])
        batch = self._create_batch({self.account: 10.5, self.accounts[1]: 11})
        # As when another classification is chosen.
        batch.line_ids.currency_id = yen
        batch.with_user(self.clerk).action_post()
        self.assertEqual(batch.line_ids.mapped("state"), ["failed", "posted"])
        self.assertIn("10.5 is more precise than JPY", batch.line_ids[0].error)

    def test_no_number_is_not_posted(self):
        for amount in (float("nan"), float("inf"), "ten", True, [1]):
            with self.assertRaisesRegex(ValidationError, "amount is not a number"):
                self._create_batch({self.account: amount})
        batch = self._create_batch({self.account: 1e300})
        batch.with_user(self.clerk).action_post()
        self.assertEqual(batch.line_ids.state, "failed")
        self.assertIn("is not a valid amount", batch.line_ids.error)
