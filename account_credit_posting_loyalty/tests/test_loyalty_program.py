from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common_loyalty import LoyaltyCommon


@tagged("post_install", "-at_install")
class TestLoyaltyProgram(LoyaltyCommon):
    """A program may be kept in the ledger; its cards are then taken over."""

    def test_cards_are_taken_over_one_by_one(self):
        cards = self._create_cards(self.program, 50, 12.34, 0, 0.01)
        cards[0].partner_id = self.account
        dialog, answer = self._take_over(self.program)
        self.assertIn("3 cards had", answer["params"]["message"])
        self.assertIn("62.35 is posted", answer["params"]["message"])
        self.assertTrue(self.program.is_in_ledger)
        self.assertPoints(cards, 50, 12.34, 0, 0.01)
        values = cards.stored_value_ids
        self.assertRecordValues(
            values.sorted("id"),
            [
                {
                    "value_type": "gift_card",
                    "funding": "opening",
                    "funding_account_id": self.opening.id,
                    "liability_account_id": self.sold.id,
                    "partner_id": account.id,
                    "balance": amount,
                    "state": "active",
                    "loyalty_card_id": card.id,
                    "expiry_date": False,
                }
                for account, amount, card in (
                    (self.account, 50, cards[0]),
                    (self.accounts[9], 12.34, cards[1]),
                    (self.accounts[9], 0.01, cards[3]),
                )
            ],
        )
        for value in values:
            self.assertEvents(
                value,
                [
                    (
                        "issue",
                        [
                            (self.sold, -value.balance, -value.balance),
                            (self.opening, value.balance, value.balance),
                        ],
                    )
                ],
            )
        # Nothing is taken over twice.
        with self.assertRaisesRegex(UserError, "already kept in the ledger"):
            dialog.action_keep()
        self.assertPoints(cards, 50, 12.34, 0, 0.01)

    def test_wallets_are_taken_over_with_their_customers(self):
        wallet = self._create_cards(self.wallets, 30, partner_id=self.account.id)
        self._take_over(self.wallets, account_id=False)
        self.assertPoints(wallet, 30)
        self.assertEqual(wallet.stored_value_ids.partner_id, self.account)

    def test_archived_cards_are_taken_over_too(self):
        card = self._create_cards(self.program, 20)
        card.active = False
        self._take_over(self.program)
        self.assertPoints(card, 20)

    def test_balance_that_is_no_amount_is_refused(self):
        for points in (10.005, -1):
            card = self._create_cards(self.program, points)
            with self.assertRaisesRegex(UserError, "not a valid amount"):
                self._take_over(self.program)
            self.assertFalse(self.program.is_in_ledger)
            card.points = 0

    def test_card_without_a_customer_needs_an_account(self):
        self._create_cards(self.program, 20)
        with self.assertRaisesRegex(UserError, "has no customer"):
            self._take_over(self.program, account_id=False)
        with self.assertRaisesRegex(UserError, "holds the opening balances"):
            self._take_over(self.program, opening_account_id=False)

    def test_taking_over_needs_the_right_to_correct_stored_value(self):
        self._create_cards(self.program, 20)
        with self.assertRaises(AccessError):
            self._take_over(self.program, user=self.clerk)
        dialog = self.env["loyalty.program.keep"].create(
            {"program_id": self.program.id, "opening_account_id": self.opening.id}
        )
        with self.assertRaises(AccessError):
            dialog.with_user(self.clerk).action_keep()
        # Who may change programs need not be allowed to change the ledger.
        self.env["ir.model.access"].search(
            [("name", "=", "loyalty.program")]
        ).group_id = self.env.ref("account.group_account_invoice")
        empty = self._create_program("gift_card", self._create_card_product())
        with self.assertRaises(AccessError):
            empty.with_user(self.clerk).is_in_ledger = True

    def test_what_is_large_waits_for_a_second_person(self):
        self.company.credit_approval_line_amount = 40
        self.company.credit_approval_amount = 40
        cards = self._create_cards(self.program, 50, 10)
        _dialog, answer = self._take_over(self.program)
        self.assertIn("50.00 on 1 cards is waiting", answer["params"]["message"])
        self.assertPoints(cards, 0, 10)
        cards[0].stored_value_ids.with_user(
            self._create_user("second", "account.group_account_manager")
        ).action_approve()
        self.assertPoints(cards, 50, 10)

    def test_program_with_points_is_not_switched_by_hand(self):
        self._create_cards(self.program, 20)
        with self.assertRaisesRegex(UserError, "Take them over"):
            self.program.with_user(self.manager).is_in_ledger = True

    def test_empty_program_is_switched_on_and_off(self):
        program = self.program.with_user(self.manager)
        program.is_in_ledger = True
        # The last cent can be used.
        self.assertEqual(program.reward_ids.required_points, 0.01)
        program.is_in_ledger = False
        self._create_cards(self.program, 20)
        self._take_over(self.program)
        with self.assertRaisesRegex(UserError, "it stays there"):
            program.is_in_ledger = False

    def test_program_that_is_no_money_is_refused(self):
        loyalty = self._create_program("loyalty", self.card_product)
        for program, vals, reason in (
            (loyalty, {}, "only gift cards and eWallets"),
            (self.program, {"company_id": False}, "owed by one company"),
            (self.program, {"applies_on": "current"}, "future orders"),
        ):
            with (
                self.assertRaisesRegex(ValidationError, reason),
                self.env.cr.savepoint(),
            ):
                program.write({**vals, "is_in_ledger": True})
        self.program.is_in_ledger = True
        for record, vals in (
            (self.program.reward_ids, {"discount": 2}),
            (self.program.reward_ids, {"clear_wallet": True}),
            (self.program.rule_ids, {"reward_point_amount": 2}),
            (self.program.rule_ids, {"reward_point_mode": "order"}),
            (self.program.rule_ids, {"product_ids": [(5, 0, 0)]}),
            (self.program, {"company_id": False}),
        ):
            with self.assertRaises(ValidationError, msg=vals), self.env.cr.savepoint():
                record.write(vals)

    def test_product_that_books_revenue_is_refused(self):
        book = self.env["product.product"].create({"name": "Book"})
        self.program.rule_ids.product_ids = book
        with self.assertRaisesRegex(ValidationError, "Book would post revenue"):
            self.program.is_in_ledger = True

    def test_single_purpose_voucher_is_refused(self):
        self.card_product.product_tmpl_id.write(
            {
                "voucher_kind": "single",
                "taxes_id": [Command.set(self.company_data["default_tax_sale"].ids)],
            }
        )
        with self.assertRaisesRegex(ValidationError, "is a single-purpose voucher"):
            self.program.is_in_ledger = True

    def test_product_of_two_programs_is_refused(self):
        self.program.is_in_ledger = True
        with self.assertRaisesRegex(ValidationError, "that of Gift Card"):
            self._create_program("gift_card", self.card_product).is_in_ledger = True

    def test_other_programs_stay_as_they_are(self):
        [card] = cards = self._create_cards(self.program, 20)
        self.assertEqual(self.program.reward_ids.required_points, 1)
        card.points = 35.5
        self.assertEqual(card.points, 35.5)
        self.env["loyalty.card.update.balance"].create(
            {"card_id": card.id, "new_balance": 7, "description": "Gift"}
        ).action_update_card_point()
        self.assertEqual((card.points, card.history_ids.used), (7, 28.5))
        generated = (
            self.env["loyalty.generate.wizard"]
            .create(
                {"program_id": self.program.id, "coupon_qty": 2, "points_granted": 5}
            )
            .generate_coupons()
        )
        self.assertEqual(generated.mapped("points"), [5, 5])
        invoice = self._sell(self.card_product)
        self.assertFalse(invoice.sold_value_ids.loyalty_card_id)
        self.assertFalse((cards | generated).stored_value_ids)
        (cards | generated).unlink()
