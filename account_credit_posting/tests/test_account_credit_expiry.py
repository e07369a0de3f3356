import runpy
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import file_path

from ..models.billing.customer_page import get_credit_status
from ..models.credit.account_credit_form import AccountCreditForm
from .common import AccountCreditCommon

EXPIRY = date(2024, 6, 30)
DAY_AFTER = date(2024, 7, 1)
LOGGER = "odoo.addons.account_credit_posting.models.correction"


@tagged("post_install", "-at_install")
class TestAccountCreditExpiry(AccountCreditCommon):
    """What is left of expired credits is booked once, and open again when extended."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.misc = cls.company._get_credit_entry_journal()

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2024-03-20")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def _run(self, day="2024-07-02"):
        self.clock.move_to(day)
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_credit_posting.ir_cron_expire_credits"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def _post_expiring(self, amounts=None, **vals):
        batch = self._create_batch(amounts, **{"expiry_date": EXPIRY, **vals})
        batch.action_post()
        self.assertEqual(set(batch.line_ids.mapped("state")), {"posted"})
        return batch

    def _get_moves(self, line, kind="expire"):
        corrections = line.correction_ids.filtered(lambda one: one.kind == kind)
        return corrections.sorted("id").move_id

    def _extend(self, line, day="2024-07-10", until="2024-12-31", user=None):
        self.clock.move_to(day)
        line.with_user(user or self.manager).extend(until, "Long illness")
        self.env.invalidate_all()

    # -------------------------------------------------------------------------
    # WHAT IS BOOKED
    # -------------------------------------------------------------------------

    def test_rest_is_booked_the_day_after_and_reconciled(self):
        # README says: "What is left of an expired credit is booked the day after."
        invoice = self._create_invoice(self.account, 60)
        batch = self._post_expiring({self.account: 100, self.accounts[1]: 50})
        self._run("2024-06-30")
        self.assertEqual(batch.line_ids.mapped("amount_open"), [40, 50])
        self._run("2024-07-01")
        for line, amount in zip(batch.line_ids, (40, 50), strict=True):
            move = self._get_moves(line)
            self.assertItems(
                move,
                [
                    (self.receivable, amount, amount),
                    (self.credit_account, -amount, -amount),
                ],
            )
            self.assertRecordValues(
                move,
                [
                    {
                        "state": "posted",
                        "move_type": "entry",
                        "date": DAY_AFTER,
                        "journal_id": self.misc.id,
                        "reversed_entry_id": line.move_id.id,
                        "ref": f"Expiry of: {line.move_id.name}",
                    }
                ],
            )
            receivable = move.line_ids.filtered("reconciled")
            self.assertEqual(receivable.partner_id, line.partner_id)
            self.assertRecordValues(
                line, [{"state": "posted", "amount_open": 0, "expired_on": DAY_AFTER}]
            )
            self.assertEqual(get_credit_status(line), "expired")
        self.assertEqual(batch.state, "done")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertFalse(self.account._get_open_credits(self.company))
        self.assertLedgerSound(batch)

    def test_second_run_books_nothing(self):
        batch = self._post_expiring()
        self._run()
        self._run()
        self._run("2024-08-01")
        self.assertEqual(len(batch.line_ids.correction_ids), 1)
        self.assertEqual(len(self._get_moves(batch.line_ids)), 1)

    def test_entry_for_many_accounts(self):
        self._create_invoice(self.accounts[1], 20)
        batch = self._post_expiring(
            dict.fromkeys(self.accounts[:3], 50), document_form="entry"
        )
        self._run()
        move = self._get_moves(batch.line_ids)
        self.assertEqual(len(move), 1)
        self.assertItems(
            move,
            [
                (self.receivable, 50, 50),
                (self.receivable, 30, 30),
                (self.receivable, 50, 50),
                (self.credit_account, -130, -130),
            ],
        )
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0])
        # One of them alone is extended.
        line = batch.line_ids[1]
        self._extend(line)
        self.assertItems(
            self._get_moves(line, "extend"),
            [(self.receivable, -30, -30), (self.credit_account, 30, 30)],
        )
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 30, 0])
        self.assertEqual(line.expiry_date, date(2024, 12, 31))
        self.assertEqual(batch.expiry_date, EXPIRY)
        self.assertLedgerSound(batch)

    def test_taxes_come_back_in_proportion(self):
        self.item.taxes_id = tax = self.company_data["default_tax_sale"]
        for tag_of in (
            tax.invoice_repartition_line_ids,
            tax.refund_repartition_line_ids,
        ):
            for part in tag_of:
                part.tag_ids = self.env["account.account.tag"].create(
                    {
                        "name": f"box {part.id}",
                        "applicability": "taxes",
                        "country_id": self.company.account_fiscal_country_id.id,
                    }
                )
        self._create_invoice(self.account, 4)
        line = self._post_expiring({self.account: 10.01}).line_ids
        whole = self._post_expiring({self.accounts[1]: 10}).line_ids
        self._run()
        tax_account = self.company_data["default_account_tax_sale"]
        # 7.51 of 11.51 of 10.01 is 6.53, the rest is tax.
        for one, base, amount in ((line, 6.53, 0.98), (whole, 10, 1.5)):
            move = self._get_moves(one)
            total = self.company.currency_id.round(base + amount)
            self.assertItems(
                move,
                [
                    (self.credit_account, -base, -base),
                    (tax_account, -amount, -amount),
                    (self.receivable, total, total),
                ],
            )
            self._assertTaxesOf(move, one.move_id)
        self._extend(line)
        extension = self._get_moves(line, "extend")
        self.assertItems(
            extension,
            [
                (self.credit_account, 6.53, 6.53),
                (tax_account, 0.98, 0.98),
                (self.receivable, -7.51, -7.51),
            ],
        )
        self._assertTaxesOf(extension, line.move_id)
        tags = line.move_id.line_ids.tax_tag_ids
        self.assertEqual(len(tags), 2)
        for tag in tags:
            items = (self._get_moves(line) + extension).line_ids.filtered(
                lambda item, tag=tag: tag in item.tax_tag_ids
            )
            self.assertEqual(len(items), 2)
            self.assertFalse(sum(items.mapped("balance")))

    def _assertTaxesOf(self, move, original):
        for item in move.line_ids:
            like = original.line_ids.filtered(
                lambda other, item=item: other.account_id == item.account_id
            )
            for name in ("tax_ids", "tax_tag_ids", "tax_repartition_line_id"):
                if like.account_id != self.receivable:
                    self.assertEqual(item[name], like[name])

    def test_credit_beside_an_invoice(self):
        charge = self.env["product.product"].create(
            {"name": "Tuition", "taxes_id": False}
        )
        batch = self._create_batch(expiry_date=EXPIRY, charge_item_id=charge.id)
        batch.line_ids.write({"charge_amount": 30, "amount": 50})
        batch.action_post()
        line = batch.line_ids
        self.assertEqual((line.state, line.amount_open), ("posted", 20))
        self._run()
        self.assertItems(
            self._get_moves(line),
            [(self.receivable, 20, 20), (self.credit_account, -20, -20)],
        )
        self.assertEqual(line.charge_move_id.amount_residual, 0)

    def test_analytic_distribution(self):
        plan = self.env["account.analytic.plan"].create({"name": "Campus"})
        analytic = self.env["account.analytic.account"].create(
            {"name": "North", "plan_id": plan.id}
        )
        line = self._post_expiring(
            analytic_distribution={str(analytic.id): 100}
        ).line_ids
        self._run()
        self._extend(line)
        self.assertEqual(
            (self._get_moves(line) + self._get_moves(line, "extend"))
            .line_ids.analytic_line_ids.sorted("id")
            .mapped("amount"),
            [10, -10],
        )

    def test_foreign_currency_at_the_rate_of_the_credit(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 3), ("2024-06-01", 2)]
        )
        self._create_invoice(self.account, 4, currency_id=euro.id)
        batch = self._create_batch({self.account: 10}, expiry_date=EXPIRY)
        batch.line_ids.currency_id = euro
        batch.action_post()
        self._run()
        line = batch.line_ids
        self.assertItems(
            self._get_moves(line),
            [(self.credit_account, -2, -6), (self.receivable, 2, 6)],
        )
        self._extend(line)
        self.assertItems(
            self._get_moves(line, "extend"),
            [(self.credit_account, 2, 6), (self.receivable, -2, -6)],
        )
        self.assertEqual(line.amount_open, 6)
        self.assertFalse(line.move_id.line_ids.matched_debit_ids.exchange_move_id)

    def test_no_and_three_decimals(self):
        for code, rate, amount, paid, left, balance in (
            ("JPY", 150, 1000, 333, 667, 4.45),
            ("KWD", 0.3, 10.123, 0, 10.123, 33.74),
        ):
            self.clock.move_to("2024-03-20")
            currency = self.setup_other_currency(
                code,
                rounding=0.001 if code == "KWD" else 1,
                rates=[("2024-01-01", rate)],
            )
            account = self.env["res.partner"].create({"name": code})
            if paid:
                self._create_invoice(account, paid, currency_id=currency.id)
            batch = self._create_batch({account: amount}, expiry_date=EXPIRY)
            batch.line_ids.write({"currency_id": currency.id, "amount": amount})
            batch.action_post()
            self._run()
            self.assertItems(
                self._get_moves(batch.line_ids),
                [
                    (self.credit_account, -balance, -left),
                    (self.receivable, balance, left),
                ],
            )
            item = batch.line_ids.move_line_id
            self.assertEqual(
                (item.amount_residual, item.amount_residual_currency), (0, 0)
            )

    # -------------------------------------------------------------------------
    # WHEN
    # -------------------------------------------------------------------------

    def test_day_is_that_of_the_company(self):
        for zone, before, after in (
            ("America/Los_Angeles", "2024-07-01 06:59:00", "2024-07-01 07:01:00"),
            ("Asia/Tokyo", "2024-06-30 14:59:00", "2024-06-30 15:01:00"),
        ):
            self.company.credit_tz = zone
            line = self._post_expiring().line_ids
            self._run(before)
            self.assertEqual(line.amount_open, 10, zone)
            self._run(after)
            self.assertEqual(self._get_moves(line).date, DAY_AFTER, zone)

    def test_first_open_day_where_the_day_after_is_locked(self):
        line = self._post_expiring().line_ids
        taxed = self._create_credit_item(
            "Taxed", taxes_id=self.company_data["default_tax_sale"].ids
        )
        taxed_line = self._post_expiring(
            {self.accounts[1]: 10}, credit_item_id=taxed.id
        ).line_ids
        self.company.fiscalyear_lock_date = "2024-07-31"
        self.company.tax_lock_date = "2024-08-31"
        self._run("2024-07-15")
        self.assertEqual((line.amount_open, taxed_line.amount_open), (10, 11.5))
        self._run("2024-08-15")
        self.assertEqual(self._get_moves(line).date, date(2024, 8, 1))
        self.assertEqual(taxed_line.amount_open, 11.5)
        self._run("2024-09-02")
        self.assertEqual(self._get_moves(taxed_line).date, date(2024, 9, 1))

    def test_not_before_the_credit(self):
        line = self._post_expiring(date="2024-08-15").line_ids
        self._run("2024-08-14")
        self.assertEqual(line.amount_open, 10)
        self._run("2024-08-20")
        self.assertEqual(self._get_moves(line).date, date(2024, 8, 15))

    def test_company_says_whether(self):
        self.assertTrue(self.company.book_expired_credits)
        self.company.book_expired_credits = False
        line = self._post_expiring().line_ids
        self._run()
        self.assertEqual((line.amount_open, line.expired_on), (10, False))
        self.assertEqual(get_credit_status(line), "expired")

    def test_upgrade_books_nothing_before_somebody_asks(self):
        line = self._post_expiring().line_ids
        other = self.env["res.company"].create({"name": "Without such credits"})
        self.env.flush_all()
        folder = "account_credit_posting/migrations/19.0.2.5.0"
        self.env.cr.execute("UPDATE account_credit_line SET expiry_date = NULL")
        for name in ("pre-expiry", "post-expiry"):
            script = runpy.run_path(file_path(f"{folder}/{name}.py"))
            script["migrate"](self.env.cr, "19.0.2.4.0")
        self.env.invalidate_all()
        self.assertEqual(line.expiry_date, EXPIRY)
        self.assertFalse(self.company.book_expired_credits)
        self.assertTrue(other.book_expired_credits)
        self._run()
        self.assertEqual(line.amount_open, 10)
        self.company.book_expired_credits = True
        self._run()
        self.assertEqual(line.amount_open, 0)

    def test_other_company_has_its_own_setting_and_ledger(self):
        other = self.setup_other_company()["company"]
        batches = self.batches.with_company(other)
        item = self._create_credit_item("Elsewhere")
        batch = batches.create(
            {
                "company_id": other.id,
                "credit_item_id": item.id,
                "date": "2024-03-15",
                "expiry_date": EXPIRY,
                "line_ids": [(0, 0, {"partner_id": self.accounts[2].id, "amount": 7})],
            }
        )
        batch.action_post()
        self.company.book_expired_credits = False
        line = self._post_expiring().line_ids
        self._run()
        self.assertEqual(self._get_moves(batch.line_ids).company_id, other)
        self.assertEqual(line.amount_open, 10)
        with self.assertRaises(AccessError):
            self._extend(batch.line_ids)

    # -------------------------------------------------------------------------
    # WHAT ELSE BECOMES OF IT
    # -------------------------------------------------------------------------

    def test_used_and_reversed_credits_are_left_alone(self):
        self._create_invoice(self.accounts[1], 50)
        batch = self._post_expiring(dict.fromkeys(self.accounts[:3], 50))
        reversed_line, used, __ = batch.line_ids
        reversed_line.action_reverse("all", "2024-04-01", "Mistake")
        self._run()
        self.assertFalse(self._get_moves(reversed_line + used))
        self.assertEqual(
            [get_credit_status(line) for line in batch.line_ids],
            ["reversed", "used", "expired"],
        )

    def test_rest_that_is_free_again_expires_on_the_next_run(self):
        invoice = self._create_invoice(self.account, 60)
        line = self._post_expiring({self.account: 100}).line_ids
        self._run()
        invoice.unapply_account_credits()
        self.assertEqual(line.amount_open, 60)
        self.assertEqual(get_credit_status(line), "expired")
        self._run("2024-07-20")
        self.assertEqual(self._get_moves(line).mapped("amount_total"), [40, 60])
        self.assertEqual((line.amount_open, invoice.amount_residual), (0, 60))
        self._extend(line)
        self.assertEqual(
            self._get_moves(line, "extend").mapped("amount_total"), [40, 60]
        )
        self.assertEqual((line.amount_open, line.expired_on), (100, False))

    def test_bad_account_stops_no_other(self):
        batch = self._post_expiring(dict.fromkeys(self.accounts[:4], 50))
        bad = batch.line_ids[1]
        reason = "No."
        prepare = AccountCreditForm._prepare_counter_vals

        def refuse(form, shares, *args):
            if bad in shares:
                raise UserError(reason)
            return prepare(form, shares, *args)

        with (
            patch.object(AccountCreditForm, "_prepare_counter_vals", refuse),
            self.assertLogs(LOGGER, "WARNING") as logs,
        ):
            self._run()
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 50, 0, 0])
        self.assertIn("does not expire: No.", logs.output[0])
        self._run()
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0, 0])

    def test_expired_credit_is_not_reversed_or_replaced(self):
        batch = self._post_expiring({self.account: 100})
        line = batch.line_ids
        self._run()
        for call in (
            lambda: line.action_reverse("all", None, "Mistake"),
            lambda: line.replace(amount=50, reason="Mistake"),
            lambda: line.move_id._reverse_moves(cancel=True),
        ):
            with (
                self.assertRaisesRegex(UserError, "has expired"),
                self.env.cr.savepoint(),
            ):
                call()
        self.assertEqual((line.state, line.amount_open), ("posted", 0))

    def test_whole_batch_is_reversed_but_for_what_has_expired(self):
        invoice = self._create_invoice(self.account, 60)
        batch = self._post_expiring({self.account: 100, self.accounts[1]: 50})
        self._run()
        used, expired = batch.line_ids
        batch.action_reverse("all", "2024-08-01")
        self.assertEqual(batch.line_ids.mapped("state"), ["reversed", "posted"])
        self.assertEqual((used.amount_open, invoice.amount_residual), (0, 60))
        self.assertIn("has expired", expired.reversal_error)

    def test_entries_of_an_expiry_stay(self):
        line = self._post_expiring().line_ids
        self._run()
        self._extend(line)
        self._run("2025-01-02")
        moves = self._get_moves(line) + self._get_moves(line, "extend")
        self.assertEqual(len(moves), 3)
        for move in moves.with_user(self.manager):
            self.assertFalse(move.show_reset_to_draft_button)
            for call in (
                move.button_draft,
                lambda move=move: move._reverse_moves(cancel=True),
                lambda move=move: move.line_ids.remove_move_reconcile(),
            ):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    call()

    # -------------------------------------------------------------------------
    # EXTEND
    # -------------------------------------------------------------------------

    def test_extended_credit_is_open_and_pays_again(self):
        # README says: "An administrator can extend the date: then it is open again."
        line = self._post_expiring({self.account: 100}).line_ids
        self._run()
        expiry = self._get_moves(line)
        invoice = self._create_invoice(self.account, 30)
        self.assertEqual(invoice.amount_residual, 30)
        self._extend(line)
        extension = self._get_moves(line, "extend")
        self.assertItems(
            extension, [(self.receivable, -100, -100), (self.credit_account, 100, 100)]
        )
        self.assertRecordValues(
            extension,
            [
                {
                    "state": "posted",
                    "date": date(2024, 7, 10),
                    "reversed_entry_id": expiry.id,
                    "create_uid": self.manager.id,
                }
            ],
        )
        self.assertEqual(
            (expiry + extension)
            .line_ids.filtered(lambda item: item.account_id == self.receivable)
            .mapped("amount_residual"),
            [0, 0],
        )
        self.assertEqual((line.amount_open, invoice.amount_residual), (70, 0))
        self.assertFalse(line.expired_on)
        self.assertIn("Long illness", line.batch_id.message_ids[0].body)
        # And it expires again.
        self._run("2025-01-02")
        self.assertEqual(self._get_moves(line).mapped("amount_total"), [100, 70])
        self.assertEqual(self._get_moves(line)[1].date, date(2025, 1, 1))
        self.assertEqual(line.amount_open, 0)

    def test_credit_is_extended_before_it_expires(self):
        line = self._post_expiring().line_ids
        entries = self.env["account.move"].search_count([])
        self._extend(line, "2024-06-01")
        self._run()
        self.assertEqual((line.amount_open, line.expiry_date), (10, date(2024, 12, 31)))
        self.assertEqual(self.env["account.move"].search_count([]), entries)

    def test_credit_whose_expiry_is_not_booked_pays_again(self):
        self.company.book_expired_credits = False
        line = self._post_expiring().line_ids
        with freeze_time("2024-07-02"):
            invoice = self._create_invoice(self.account, 5)
        self.assertEqual(invoice.amount_residual, 5)
        self._extend(line)
        self.assertEqual((line.amount_open, invoice.amount_residual), (5, 0))

    def test_policy_decides_whether_it_pays(self):
        self.company.credit_application_policy = "manual"
        line = self._post_expiring().line_ids
        self._run()
        invoice = self._create_invoice(self.account, 5)
        self._extend(line)
        self.assertEqual((line.amount_open, invoice.amount_residual), (10, 5))

    def test_batch_is_extended(self):
        batch = self._post_expiring(dict.fromkeys(self.accounts[:3], 50))
        self._extend(batch.line_ids[2], "2024-06-01", "2025-06-30")
        self._run()
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 50])
        with freeze_time("2024-07-10"):
            batch.with_user(self.manager).action_extend("2024-12-31", "All of them")
        self.assertEqual(batch.line_ids.mapped("amount_open"), [50, 50, 50])
        self.assertEqual(batch.expiry_date, date(2024, 12, 31))
        self.assertEqual(
            batch.line_ids.mapped("expiry_date"),
            [date(2024, 12, 31), date(2024, 12, 31), date(2025, 6, 30)],
        )
        self.assertIn("All of them", batch.message_ids[0].body)
        self.assertLedgerSound(batch)

    def test_batch_named_twice_is_extended_once(self):
        batch = self._post_expiring()
        self._run()
        twice = self.batches.browse(batch.ids * 2).with_user(self.manager)
        twice.action_extend("2024-12-31", "Illness")
        self.assertEqual(batch.expiry_date, date(2024, 12, 31))
        self.assertEqual(len(self._get_moves(batch.line_ids, "extend")), 1)

    def test_large_batch_is_reopened_by_the_daily_run(self):
        batch = self._post_expiring(dict.fromkeys(self.accounts[:3], 50))
        self._run()
        self.company.credit_background_lines = 2
        with freeze_time("2024-07-10"):
            batch.with_user(self.manager).action_extend("2024-12-31", "All of them")
        self.assertEqual(batch.line_ids.mapped("amount_open"), [0, 0, 0])
        self._run("2024-07-10")
        self.assertEqual(batch.line_ids.mapped("amount_open"), [50, 50, 50])
        self.assertFalse(any(batch.line_ids.mapped("expired_on")))

    def test_extension_is_refused(self):
        line = self._post_expiring().line_ids
        never = self._post_expiring(expiry_date=False).line_ids
        self._run()
        for record, until, reason, message in (
            (line, "2024-06-30", "Why", "Enter 07/10/2024 or a later date"),
            (line, "2024-07-09", "Why", "Enter 07/10/2024 or a later date"),
            (line, None, "Why", "or a later date"),
            (line, "2024-12-31", " ", "Enter a reason"),
            (never, "2024-12-31", "Why", "has no expiry date"),
        ):
            with freeze_time("2024-07-10"), self.assertRaisesRegex(UserError, message):
                record.with_user(self.manager).extend(until, reason)
        with freeze_time("2024-07-10"):
            self.company.fiscalyear_lock_date = "2024-07-10"
            with (
                self.assertRaisesRegex(UserError, "is locked"),
                self.env.cr.savepoint(),
            ):
                line.with_user(self.manager).extend("2024-12-31", "Why")
        for user in (self.clerk, self.accountant):
            with self.assertRaises(AccessError):
                self._extend(line, user=user)
            with self.assertRaises(AccessError):
                line.batch_id.with_user(user).action_extend("2024-12-31", "Why")
        draft = self._create_batch(expiry_date=EXPIRY)
        with freeze_time("2024-07-10"), self.assertRaisesRegex(UserError, "not posted"):
            draft.with_user(self.manager).action_extend("2024-12-31", "Why")

    def test_second_click_extends_once(self):
        line = self._post_expiring().line_ids
        self._run()
        with freeze_time("2024-07-10"):
            for _click in range(2):
                line.with_user(self.manager).extend(
                    "2024-12-31", "Why", idempotency_key="one"
                )
        self.assertEqual(len(self._get_moves(line, "extend")), 1)

    def test_moved_credit_keeps_its_own_date_and_expires(self):
        line = self._post_expiring({self.account: 50}).line_ids
        self._extend(line, "2024-06-01", "2024-09-30")
        moved = line.move_to(self.accounts[1].id, 20, "2024-06-02", "Sibling")
        self.assertEqual(moved.expiry_date, date(2024, 9, 30))
        self._run("2024-10-02")
        self.assertItems(
            self._get_moves(moved),
            [(self.receivable, 20, 20), (self.credit_account, -20, -20)],
        )
        self._extend(moved, "2024-10-03")
        self.assertEqual((line.amount_open, moved.amount_open), (0, 20))

    def test_moved_credit_gives_back_tax_after_the_tax_lock_date(self):
        """The tax is on the document of the first account."""
        taxed = self._create_credit_item(
            "Taxed", taxes_id=self.company_data["default_tax_sale"].ids
        )
        line = self._post_expiring({self.account: 10}, credit_item_id=taxed.id).line_ids
        moved = line.move_to(self.accounts[1].id, None, "2024-03-20", "Sibling")
        self.company.tax_lock_date = "2024-08-31"
        self._run("2024-08-15")
        self.assertEqual((moved.amount_open, moved.expired_on), (11.5, False))
        self._run("2024-09-02")
        self.assertEqual(self._get_moves(moved).date, date(2024, 9, 1))
        self.assertEqual(moved.expired_on, date(2024, 9, 1))
        # Whoever gives it back books the tax, too, whatever its item says by now.
        taxed.taxes_id = False
        self.company.tax_lock_date = "2024-10-31"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._extend(moved, "2024-10-03")

    # -------------------------------------------------------------------------
    # WHAT IS SHOWN
    # -------------------------------------------------------------------------

    def test_history_says_what_happened(self):
        line = self._post_expiring({self.account: 50}).line_ids
        self._run()
        self._extend(line)
        movements = self.env["account.billing.movement"].search(
            [("partner_id", "=", self.account.id)], order="date, id"
        )
        self.assertEqual(
            movements.mapped("event"), ["credit", "credit_expired", "credit_extended"]
        )
        self.assertEqual(movements.credit_line_id, line)
        self.assertEqual(movements.mapped("amount_due"), [-50, 50, -50])

    # -------------------------------------------------------------------------
    # MANY
    # -------------------------------------------------------------------------

    def test_queries_do_not_grow_with_the_credits(self):
        def count(number):
            batches = self.batches.browse()
            for account in self.accounts[:number]:
                batches += self._post_expiring({account: 10})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._run()
            self.assertFalse(any(batches.line_ids.mapped("amount_open")))
            return self.env.cr.sql_log_count - before

        count(1)
        few, many = count(2), count(10)
        self.assertLess((many - few) / 8, 6, (few, many))
