import inspect
import re
from datetime import date

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..models.proof import booked_events
from ..models.stored_value import (
    stored_value_changes,
    stored_value_events,
    stored_value_expiry,
)
from ..tools.days import get_today
from .common_stored_value import StoredValueCommon

CHOSEN = "2024-04-02"


@tagged("post_install", "-at_install")
class TestBookedEvents(StoredValueCommon):
    """Each row of the accountants' table is what its event posts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.accounts[1]
        cls.paid_out = (
            cls.env["account.payment"]
            .new({"company_id": cls.company.id})
            ._get_outstanding_account("outbound")
        )
        cls.income = cls.company_data["default_account_revenue"]
        cls.vat = cls.tax_sale_a.refund_repartition_line_ids.account_id
        cls.product = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 80}
        )
        cls.tax_account = cls.company_data["default_account_tax_sale"]
        cls.voucher = cls.env["product.product"].create(
            {
                "name": "Massage",
                "is_gift_card": True,
                "voucher_kind": "single",
                "taxes_id": [Command.set(cls.company_data["default_tax_sale"].ids)],
                "list_price": 100,
            }
        )
        cls.tuition = cls.env["product.product"].create(
            {"name": "Tuition", "taxes_id": [], "list_price": 90}
        )

    def test_each_event_books_its_row(self):
        rows = [row for _title, rows in booked_events.TABLES for row in rows]
        self.assertEqual(len({row.code for row in rows}), len(rows))
        seen = set()
        for row in rows:
            with self.subTest(row.name), self.env.cr.savepoint() as savepoint:
                post = getattr(self, f"_do_{row.code.replace(' ', '_')}")
                move, value = post()
                if row.debit:
                    self.assertRow(row, move, value)
                else:
                    self.assertFalse(move or row.credit or row.day)
                seen.add(move.stored_value_event)
                self.assertTiesOut()
                savepoint.rollback()
            self.env.invalidate_all()
        # Redeeming books what moving does.
        events = set(
            self.env["account.move"]._fields["stored_value_event"].get_values(self.env)
        )
        self.assertEqual(seen | {"redeem"}, events | {False})

    def assertRow(self, row, move, value):
        """Assert what an event posted: sides, accounts, customers and day."""
        self.assertEqual(move.state, "posted")
        for key, sign in ((row.debit, 1), (row.credit, -1)):
            items = move.line_ids.filtered(lambda item: item.balance * sign > 0)  # noqa: B023
            self.assertTrue(items, key)
            self.assertLessEqual(items.account_id, self._get_account(key, value), key)
            if key.endswith("of another"):
                self.assertEqual(items.partner_id, self.other)
            elif key in ("receivable", "liability"):
                self.assertEqual(items.partner_id, self.account)
        days = {
            "batch": date(2024, 3, 15),
            "issue": date(2024, 3, 15),
            "invoice": date(2024, 3, 1),
            "note": date(2024, 3, 20),
            "chosen": fields.Date.to_date(CHOSEN),
            "expired": date(2024, 4, 1),
            "paid": get_today(self.company),
            "today": get_today(self.company),
        }
        self.assertEqual(days.keys(), booked_events.DAYS.keys())
        self.assertEqual(move.date, days[row.day])

    def _get_account(self, key, value):
        """Return the ledger account that the table calls so."""
        accounts = {
            "receivable": self.receivable,
            "receivable of another": self.receivable,
            "item": self.credit_account,
            "income": self.income,
            # What is received, and what is paid.
            "money": self.outstanding | self.paid_out,
            "sold": self.sold,
            "prepaid": self.prepaid,
            "given": self.given,
            "given, and reduction": self.given | self.promotion | self.vat,
            "receivable, and given": self.receivable | self.promotion,
            "liability": value.liability_account_id,
            "liability of another": value.liability_account_id,
            "net and tax": value.liability_account_id | self.tax_account,
            "net to breakage": self.breakage | self.tax_account,
            "promotion": self.promotion,
            "sold, and given": self.sold | self.given,
            "opening": self.opening,
            "funding": value.funding_account_id,
            "breakage": self.breakage,
            "breakage, and taxes": self.breakage | self.vat,
            "contra": self.company.breakage_contra_account_id,
            "state": self.payable,
            "state, and promotion": self.payable | self.promotion,
        }
        self.assertEqual(accounts.keys(), booked_events.ACCOUNTS.keys())
        return accounts[key]

    def test_nothing_that_books_is_missing(self):
        built = {row.builder for row in booked_events.STORED_VALUE if row.builder}
        functions = inspect.getmembers(stored_value_events, inspect.isfunction)
        builders = {
            name
            for name, function in functions
            if function.__module__ == stored_value_events.__name__
            and not name.startswith("_build")
            and re.search(r"_build(_\w+)?\(", inspect.getsource(function))
        }
        builders |= {
            function.__name__ for function in stored_value_events._FUNDINGS.values()
        }
        self.assertEqual(built, builders)
        kinds = self.env["account.credit.correction"]._fields["kind"]
        posting = {
            *(
                name
                for name in self.registry
                if name.startswith("account.credit.form.")
            ),
            *(
                f"account.credit.correction.{kind}"
                for kind in kinds.get_values(self.env)
            ),
        }
        self.assertEqual(
            {row.builder for row in booked_events.CREDITS if row.builder}, posting
        )

    # -------------------------------------------------------------------------
    # CREDITS: EACH RETURNS ITS ENTRY, AND THE STORED VALUE
    # -------------------------------------------------------------------------

    def _do_note(self):
        return self._post_line(10).move_id, self.values

    def _do_entry(self):
        return self._post_line(10, document_form="entry").move_id, self.values

    def _promise(self):
        item = self._create_credit_item("Promotion", credit_booking="used")
        return self._post_line(10, credit_item_id=item.id)

    def _do_promise(self):
        return self._promise().move_id, self.values

    def _do_draw(self):
        promise = self._promise()
        self._create_invoice(self.account, 6)
        return promise.draw_ids.move_id, self.values

    def _do_charge(self):
        batch = self.batches.create(
            {
                "charge_item_id": self.tuition.id,
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create(
                        {
                            "partner_id": self.account.id,
                            "charge_amount": 90,
                            "amount": 30,
                        }
                    )
                ],
            }
        )
        batch.action_post()
        return batch.line_ids.charge_move_id, self.values

    def _do_pay(self):
        self.company.credit_application_policy = "manual"
        credit = self._post_line(10)
        invoice = self._create_invoice(self.account, 10)
        known = self.env["account.move"].search([])
        invoice.with_user(self.clerk).apply_account_credits()
        self.assertEqual((invoice.amount_residual, credit.amount_open), (0, 0))
        self.assertEqual(self.env["account.move"].search([]), known)
        return self.env["account.move"], self.values

    def _do_reverse(self):
        line = self._post_line(10)
        line.with_user(self.manager).action_reverse(
            mode="all", date=CHOSEN, reason="A typo"
        )
        return self._find_reversal(line.move_id), self.values

    def _do_expire_credit(self):
        line = self._post_line(10, expiry_date="2024-03-31")
        expiries = self.env["account.credit.correction.expire"]
        expiries._expire(line, None)
        return line.correction_ids.move_id, self.values

    def _do_extend(self):
        move, values = self._do_expire_credit()
        line = move.credit_correction_ids.line_id
        line.with_user(self.manager).extend("2099-12-31", "Illness")
        return self._find_reversal(move), values

    def _do_replace(self):
        line = self._post_line(10)
        new_line = line.with_user(self.manager).replace(
            amount=7, date=CHOSEN, reason="A typo"
        )
        self.assertEqual(new_line.sudo().amount, 7)
        return self._find_reversal(line.move_id), self.values

    def _find_reversal(self, move):
        return self.env["account.move"].search([("reversed_entry_id", "=", move.id)])

    def _do_move(self):
        moved = (
            self._post_line(10)
            .with_user(self.manager)
            .move_to(self.other.id, date=CHOSEN, reason="A sibling")
        )
        return moved.sudo().move_id, self.values

    def _do_payment(self):
        page = self.env["account.post.payment"].create(
            {
                "partner_id": self.account.id,
                "amount": 80,
                "date": CHOSEN,
                "journal_id": self.bank.id,
            }
        )
        page.action_post()
        return page.payment_ids.move_id, self.values

    def _do_refund(self):
        self._create_payment(15)
        page = (
            self.env["account.post.refund"]
            .with_user(self.manager)
            .create(
                {
                    "partner_id": self.account.id,
                    "journal_id": self.bank.id,
                    "reason": "Moved away",
                }
            )
        )
        page.line_ids.amount = 15
        page.action_post()
        return page.sudo().payment_ids.move_id, self.values

    # -------------------------------------------------------------------------
    # GIFT CARDS AND PREPAYMENTS
    # -------------------------------------------------------------------------

    def _get_last(self, value):
        """Return the last entry of a stored value."""
        self.env.flush_all()
        return value.move_line_ids.move_id.sorted("id")[-1], value

    def _do_card_by_payment(self):
        return self._get_last(self._issue(100))

    def _do_prepayment_by_payment(self):
        return self._get_last(self._issue(100, "prepayment"))

    def _do_promotion(self):
        return self._get_last(self._issue(100, funding="promotion"))

    def _do_opening(self):
        return self._get_last(
            self._issue(
                100,
                funding="opening",
                opening_account_id=self.opening.id,
                user=self.manager,
            )
        )

    def _do_reclass(self):
        self._create_payment(60)
        return self._get_last(self._issue(60, "prepayment", "reclass"))

    def _do_invoice(self):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [Command.create({"product_id": self.product.id})],
            }
        )
        invoice.action_post()
        return invoice, invoice.sold_value_ids

    def _sell_below_face(self):
        self.product.list_price = 100
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create({"product_id": self.product.id, "discount": 20})
                ],
            }
        )
        invoice.action_post()
        return invoice, invoice.sold_value_ids

    def _do_below_face(self):
        return self._get_last(self._sell_below_face()[1])

    def _sell_below_face_paid(self):
        invoice, value = self._sell_below_face()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        return value

    def _do_use_below_face(self):
        value = self._sell_below_face_paid()
        invoice = self._create_invoice(self.account, 30)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        return self._get_last(value)

    def _do_take_back_given(self):
        invoice, value = self._sell_below_face()
        note = invoice._reverse_moves(
            [{"date": "2024-03-20", "invoice_date": "2024-03-20"}]
        )
        note.action_post()
        return self._get_last(value)

    def _do_take_back(self):
        invoice, value = self._do_invoice()
        note = invoice._reverse_moves(
            [{"date": "2024-03-20", "invoice_date": "2024-03-20"}]
        )
        note.action_post()
        return note, value

    def _do_use(self):
        value = self._issue(100)
        invoice = self._create_invoice(self.account, 30)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        return self._get_last(value)

    def _do_use_given(self):
        self.company.gift_card_tax_policy = "reduce"
        value = self._issue(20, funding="promotion")
        vals = self._prepare_invoice_vals(self.account, 100, self.tax_sale_a.ids)
        invoice = self.env["account.move"].create(vals)
        invoice.action_post()
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        return self._get_last(value)

    def _do_undo(self):
        _move, value = self._do_use()
        self.env["account.credit.application"].search(
            [("stored_value_id", "=", value.id)]
        ).with_user(self.clerk).action_unapply()
        return self._get_last(value)

    def _do_raise(self):
        return self._adjust(120)

    def _do_lower(self):
        return self._adjust(70)

    def _adjust(self, amount):
        value = self._issue(100)
        value.with_user(self.manager).adjust(amount, "A typo")
        return self._get_last(value)

    def _do_move_value(self):
        value = self._issue(100)
        value.with_user(self.manager).move_to(self.other.id)
        return self._get_last(value)

    def _do_join_value(self):
        value, wallet = self._issue(30), self._issue(100)
        stored_value_changes.join(value.sudo(), wallet.sudo(), 30)
        self.assertEqual((value.state, wallet.balance), ("used", 130))
        return self._get_last(value)

    def _do_refund_value(self):
        value = self._issue(100)
        value.with_user(self.manager).refund(40, self.bank.id)
        return self._get_last(value)

    def _do_expire(self):
        value = self._issue(100, funding="promotion", expiry_date="2024-03-31")
        stored_value_expiry._expire_today(value.sudo())
        return self._get_last(value)

    def _do_expire_taxed(self):
        self.company.write(
            {"paid_value_expires": True, "breakage_tax_id": self.tax_sale_a.id}
        )
        value = self._issue(100, expiry_date="2024-03-31")
        stored_value_expiry._expire_today(value.sudo())
        return self._get_last(value)

    def _do_estimate(self):
        value = self._issue(100)
        estimate = self.env["account.breakage.estimate"].create(
            {"issue_date": value.issue_date, "date": CHOSEN, "unused_amount": 100}
        )
        estimate.action_post()
        return estimate.move_id, value

    def _do_hand(self):
        return self._hand(self._issue(100))

    def _do_hand_below_face(self):
        return self._hand(self._sell_below_face_paid())

    def _hand(self, value):
        value.holder_state_id = self._owe_to_a_state()
        self.env["account.unclaimed.due"].with_user(self.manager).browse(
            value.id
        ).action_hand()
        return self._get_last(value)

    def _do_hand_back(self):
        _move, value = self._do_hand()
        self._find_property(value).action_take_back()
        return self._get_last(value)

    def _do_remit(self):
        _move, value = self._do_hand()
        dialog = (
            self.env["account.unclaimed.remit"]
            .with_user(self.manager)
            .create(
                {
                    "property_ids": self._find_property(value).ids,
                    "partner_id": self.other.id,
                    "journal_id": self.bank.id,
                }
            )
        )
        dialog.action_confirm()
        items = self._find_property(value).sudo().item_id.full_reconcile_id
        return items.reconciled_line_ids.move_id[-1:], value

    def _find_property(self, value):
        return (
            self.env["account.unclaimed.property"]
            .with_user(self.manager)
            .search([("stored_value_id", "=", value.id)])
        )

    def _do_void(self):
        value = self._issue(100)
        value.with_user(self.manager).action_void("A typo")
        return self._get_last(value)

    def _do_void_given(self):
        value = self._issue(100, funding="promotion")
        value.with_user(self.manager).action_void("A typo")
        return self._get_last(value)

    def _do_block(self):
        value = self._issue(100)
        known = self.env["account.move"].search([])
        value.with_user(self.clerk).action_block("Lost")
        value.with_user(self.manager).action_new_code()
        value.with_user(self.manager).action_unblock()
        self.assertEqual(self.env["account.move"].search([]), known)
        return self.env["account.move"], value

    # -------------------------------------------------------------------------
    # SINGLE-PURPOSE VOUCHERS
    # -------------------------------------------------------------------------

    def _sell_voucher(self, **vals):
        return self._issue(115, product_id=self.voucher.id, **vals)

    def _do_sell_voucher(self):
        return self._get_last(self._sell_voucher())

    def _do_invoice_voucher(self):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [Command.create({"product_id": self.voucher.id})],
            }
        )
        invoice.action_post()
        return invoice, invoice.sold_value_ids

    def _do_use_voucher(self):
        value = self._sell_voucher()
        invoice = self._create_invoice(self.account, 30)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        return self._get_last(value)

    def _do_lower_voucher(self):
        value = self._sell_voucher()
        value.with_user(self.manager).adjust(70, "A typo")
        return self._get_last(value)

    def _do_move_voucher(self):
        value = self._sell_voucher()
        value.with_user(self.manager).move_to(self.other.id)
        return self._get_last(value)

    def _do_refund_voucher(self):
        value = self._sell_voucher()
        value.with_user(self.manager).refund(40, self.bank.id)
        return self._get_last(value)

    def _do_expire_voucher(self):
        self.company.paid_value_expires = True
        value = self._sell_voucher(expiry_date="2024-03-31")
        stored_value_expiry._expire_today(value.sudo())
        return self._get_last(value)

    def _do_void_voucher(self):
        value = self._sell_voucher()
        value.with_user(self.manager).action_void("A typo")
        return self._get_last(value)
