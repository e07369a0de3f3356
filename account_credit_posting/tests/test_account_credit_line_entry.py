from unittest.mock import patch

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.credit.credit_request import get_answer
from ..wizard.post_transaction.transaction_result import TransactionResult
from .common import AccountCreditCommon


class CreditEntryCommon(AccountCreditCommon):
    """Batches that are posted as one journal entry for many accounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.general = cls.company._get_credit_entry_journal()

    @classmethod
    def _create_batch(cls, amounts=None, **vals):
        return super()._create_batch(amounts, **{"document_form": "entry", **vals})

    def _post(self, amounts=None, **vals):
        """Post a batch and return it."""
        batch = self._create_batch(amounts, **vals)
        batch.action_post()
        self.assertEqual(set(batch.line_ids.mapped("state")), {"posted"})
        self.assertLedgerSound(batch)
        return batch

    def _post_ten(self, **vals):
        return self._post(dict.fromkeys(self.accounts, 10), **vals)


@tagged("post_install", "-at_install")
class TestAccountCreditLineEntry(CreditEntryCommon):
    """What one journal entry for many accounts is, to the last journal item."""

    def assertAccountItems(self, move, expected):
        """Assert all items of an entry, with their accounts.

        :param expected: ``[(partner, ledger account, balance, amount in currency)]``
        """
        self.assertCountEqual(
            [
                (
                    line.partner_id.name,
                    line.account_id.code,
                    line.balance,
                    line.amount_currency,
                )
                for line in move.line_ids
            ],
            [
                (partner.name, account.code, *amounts)
                for partner, account, *amounts in expected
            ],
        )

    def test_two_accounts_have_an_item_each_and_one_debit(self):
        one, two = self.accounts[:2]
        nobody = self.env["res.partner"]
        batch = self._post({one: 10, two: 20.5}, public_comment="The snow day")
        move = batch.line_ids.move_id
        self.assertAccountItems(
            move,
            [
                (nobody, self.credit_account, 30.5, 30.5),
                (one, self.receivable, -10.0, -10.0),
                (two, self.receivable, -20.5, -20.5),
            ],
        )
        self.assertEqual(move.journal_id, self.general)
        self.assertFalse(move.partner_id)
        self.assertEqual(
            batch.line_ids.move_line_id.mapped("name"),
            ["Goodwill\nThe snow day"] * 2,
        )
        self.assertRecordValues(
            batch.line_ids.sorted("id"),
            [
                {"move_amount_total": 10, "amount_open": 10, "amount_applied": 0},
                {"move_amount_total": 20.5, "amount_open": 20.5, "amount_applied": 0},
            ],
        )
        self.assertEqual(one.account_credit_balance, 10)
        self.assertEqual(two.open_credit_line_ids, batch.line_ids.sorted("id")[1])

    def test_fiscal_position_maps_accounts_into_items_of_their_own(self):
        other_income = self.copy_account(self.credit_account)
        other_receivable = self.copy_account(self.receivable)
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create(
                        {"account_src_id": source.id, "account_dest_id": target.id}
                    )
                    for source, target in (
                        (self.credit_account, other_income),
                        (self.receivable, other_receivable),
                    )
                ],
            }
        )
        home, abroad = self.accounts[:2]
        abroad.property_account_position_id = position
        batch = self._post({home: 10, abroad: 7})
        self.assertItems(
            batch.line_ids.move_id,
            [
                (self.credit_account, 10.0, 10.0),
                (other_income, 7.0, 7.0),
                (self.receivable, -10.0, -10.0),
                (other_receivable, -7.0, -7.0),
            ],
        )

    def _post_in_currencies(self, rows):
        """Post ``[(currency, amount)]``, for one account after the other."""
        batch = self._create_batch(
            {
                account: amount
                for account, (_currency, amount) in zip(
                    self.accounts, rows, strict=False
                )
            }
        )
        for line, (currency, _amount) in zip(
            batch.line_ids.sorted("id"), rows, strict=True
        ):
            line.currency_id = currency
        batch.action_post()
        self.assertEqual(set(batch.line_ids.mapped("state")), {"posted"})
        self.assertLedgerSound(batch)
        return batch

    def test_foreign_currency_is_rounded_line_by_line(self):
        """Three thirds of a cent: the debit is the sum of what was rounded."""
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 3.0)])
        dollar = self.company.currency_id
        batch = self._post_in_currencies(
            [(euro, 100), (euro, 100), (euro, 100), (dollar, 5)]
        )
        self.assertItems(
            batch.line_ids.move_id,
            [
                # 300 / 3 would be 100.00, three times 33.33 is not.
                (self.credit_account, 99.99, 300.0),
                (self.credit_account, 5.0, 5.0),
                *[(self.receivable, -33.33, -100.0)] * 3,
                (self.receivable, -5.0, -5.0),
            ],
        )
        batch.action_reverse()
        self.assertReversed(batch)

    def test_currency_without_decimals(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150.0)])
        self.assertEqual(yen.decimal_places, 0)
        batch = self._post_in_currencies([(yen, 1000), (yen, 1001)])
        self.assertItems(
            batch.line_ids.move_id,
            [
                (self.credit_account, 13.34, 2001.0),
                (self.receivable, -6.67, -1000.0),
                (self.receivable, -6.67, -1001.0),
            ],
        )

    def test_cents_that_floats_cannot_hold_add_up(self):
        batch = self._post(dict.fromkeys(self.accounts, 0.1))
        self.assertEqual(batch.line_ids.debit_line_id.balance, 1.0)

    def test_analytic_distribution_is_on_the_debit_alone(self):
        plan = self.env["account.analytic.plan"].create({"name": "Studio"})
        east = self.env["account.analytic.account"].create(
            {"name": "East", "plan_id": plan.id}
        )
        batch = self._post_ten(analytic_distribution={str(east.id): 100})
        items = batch.line_ids.move_id.line_ids
        with_analytic = items.filtered("analytic_distribution")
        self.assertEqual(with_analytic, batch.line_ids.debit_line_id)
        self.assertRecordValues(items.analytic_line_ids, [{"amount": -100}])

    def test_label_is_in_the_language_of_the_account(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.item.with_context(lang="fr_FR").name = "Geste commercial"
        one, two = self.accounts[:2]
        two.lang = "fr_FR"
        batch = self._post({one: 10, two: 20})
        self.assertEqual(
            batch.line_ids.sorted("id").move_line_id.mapped("name"),
            ["Goodwill", "Geste commercial"],
        )

    def test_private_comment_is_nowhere(self):
        batch = self._post_ten(private_comment="Father called angrily")
        move = batch.line_ids.move_id
        texts = [str(value) for value in move.sudo().read()[0].values()]
        texts += [
            str(value) for values in move.line_ids.read() for value in values.values()
        ]
        self.assertFalse([text for text in texts if "Father" in text])

    # -------------------------------------------------------------------------
    # JOURNAL AND FORM
    # -------------------------------------------------------------------------

    def test_default_journal_is_no_journal_that_odoo_posts_in(self):
        kept = (
            self.company.currency_exchange_journal_id
            | self.company.tax_cash_basis_journal_id
            | self.company.stored_value_journal_id
        )
        self.assertEqual(self.general.type, "general")
        self.assertNotIn(self.general, kept)

    def test_journal_of_the_settings_is_taken_and_must_be_general(self):
        own = self.general.copy({"code": "OWN"})
        self.company.credit_entry_journal_id = own
        self.assertEqual(self._post_ten().line_ids.move_id.journal_id, own)
        with self.assertRaisesRegex(UserError, "credits"):
            own.unlink()
        with self.assertRaises(ValidationError):
            self.company.credit_entry_journal_id = self.journal

    def test_without_a_general_journal_nothing_is_posted(self):
        self.env["account.journal"].search(
            [("type", "=", "general"), ("company_id", "=", self.company.id)]
        ).active = False
        batch = self._create_batch()
        with self.assertRaisesRegex(UserError, "has no general journal"):
            batch.action_post()
        self.assertEqual(batch.line_ids.state, "pending")

    def test_taxed_item_is_refused(self):
        self.item.taxes_id = self.company_data["default_tax_sale"]
        batch = self._create_batch()
        with self.assertRaisesRegex(UserError, "Goodwill is taxed"):
            batch.action_post()
        self.assertEqual(batch.state, "draft")
        # A tax that came after the batch was queued.
        self.assertIn("taxed", batch.line_ids._get_errors()[batch.line_ids])

    def test_form_is_a_fact(self):
        batch = self._post()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            batch.document_form = "credit_note"

    def test_wizard_posts_as_entry_and_refuses_taxes(self):
        action = (
            self.env["account.post.transaction"]
            .with_user(self.clerk)
            ._get_open_action(partners=self.accounts[:2])
        )
        wizard = self.env["account.post.transaction"].browse(action["res_id"])
        wizard = wizard.with_user(self.clerk)
        wizard.line_ids.amount = 10
        wizard.write({"step": "setup", "date": "2024-03-15"})
        with Form(wizard) as form:
            form.credit_item_id = self.item
            form.document_form = "entry"
        self.item.taxes_id = self.company_data["default_tax_sale"]
        wizard.invalidate_recordset()
        self.assertEqual(wizard.preview["skipped_count"], 2)
        with self.assertRaisesRegex(UserError, "Goodwill is taxed"):
            wizard.action_post()
        self.item.taxes_id = False
        self._create_invoice(self.account, 4)
        wizard.action_post()
        batch = wizard.sudo().batch_id
        self.assertEqual(batch.document_form, "entry")
        self.assertLedgerSound(batch)
        currency = self.company.currency_id
        self.assertEqual(
            TransactionResult(wizard).sum_posted(), ({currency: 20}, {currency: 4})
        )

    def test_right_missing(self):
        batch = self._create_batch()
        with self.assertRaises(AccessError):
            batch.with_user(self.accountant).action_post()
        self.assertEqual(batch.line_ids.state, "pending")

    def test_clerk_posts_without_a_right_to_entries(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        batch.with_user(self.clerk).action_post()
        self.assertLedgerSound(batch)
        action = batch.with_user(self.clerk).action_view_moves()
        self.assertEqual(
            self.env["account.move"].search(action["domain"]), batch.line_ids.move_id
        )

    def test_locked_date(self):
        self.company.fiscalyear_lock_date = "2024-12-31"
        batch = self._create_batch()
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "failed")
        self.assertIn("is locked", batch.line_ids.error)
        self.assertLedgerSound(batch)

    def test_one_bad_line_among_ten(self):
        bad = self.accounts[4]
        post = type(self.env["account.move"])._post

        def refuse(moves, soft=True):
            if bad in moves.line_ids.partner_id:
                raise UserError(moves.env._("Another module refuses it"))
            return post(moves, soft=soft)

        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        with patch.object(type(self.env["account.move"]), "_post", refuse):
            batch.action_post()
        failed = batch.line_ids.filtered(lambda line: line.state == "failed")
        self.assertEqual(failed.partner_id, bad)
        self.assertIn("Another module refuses it", failed.error)
        self.assertEqual(batch.posted_count, 9)
        # Halved until the line was found.
        self.assertGreater(len(batch.line_ids.move_id), 1)
        self.assertLedgerSound(batch)
        batch.action_retry()
        self.assertEqual(batch.posted_count, 10)
        self.assertLedgerSound(batch)

    def test_foreseen_fault_leaves_one_entry(self):
        self.accounts[4].active = False
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        batch.action_post()
        self.assertEqual((batch.posted_count, batch.failed_count), (9, 1))
        self.assertEqual(len(batch.line_ids.move_id), 1)
        self.assertLedgerSound(batch)

    def test_second_click_posts_nothing(self):
        batch = self._post_ten()
        batch.action_post()
        moves = self.env["account.move"].search([("credit_batch_id", "=", batch.id)])
        self.assertEqual(len(moves), 1)
        self.assertLedgerSound(batch)

    def test_same_account_twice_keeps_both_credits_apart(self):
        batch = self._create_batch()
        batch.line_ids.copy({"batch_id": batch.id, "amount": 4})
        invoice = self._create_invoice(self.account, 12)
        batch.action_post()
        self.assertLedgerSound(batch)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(
            batch.line_ids.sorted("id").mapped("amount_applied"), [10.0, 2.0]
        )
        self.assertEqual(batch.line_ids.sorted("id").mapped("amount_open"), [0.0, 2.0])

    def test_answer_and_export_name_the_entry(self):
        batch = self._post_ten()
        name = batch.line_ids.move_id.name
        answer = get_answer(batch)
        self.assertEqual({line["move_name"] for line in answer["lines"]}, {name})
        self.assertEqual(set(batch.line_ids.mapped("move_name")), {name})

    def test_background_posts_an_entry_for_each_chunk(self):
        self.company.credit_background_lines = 5
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        batch.action_post()
        self.assertEqual(batch.state, "queued")
        with self._small_chunks():
            self._run_worker()
        self.assertEqual(batch.state, "done")
        self.assertEqual(len(batch.line_ids.move_id), 3)
        self.assertLedgerSound(batch)
        batch.action_reverse()
        with self._small_chunks(7):
            self._run_worker()
        # The second chunk of lines is of two entries, as is the first.
        self.assertReversed(batch)

    def _small_chunks(self, size=4):
        return patch(
            "odoo.addons.account_credit_posting.const.CHUNK_LINES",
            size,
        )

    def _run_worker(self):
        cron = self.env.ref("account_credit_posting.ir_cron_post_credits_1")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    # -------------------------------------------------------------------------
    # LOCK
    # -------------------------------------------------------------------------

    def test_entry_stays_posted(self):
        # README says: "the entry stays posted."
        batch = self._post_ten()
        move = batch.line_ids.move_id
        self.assertFalse(move.show_reset_to_draft_button)
        for change in (
            move.button_draft,
            move.button_cancel,
            move.unlink,
            lambda: move.write({"state": "draft"}),
        ):
            with self.subTest(change=change), self.assertRaises(UserError):
                change()
        self.assertLedgerSound(batch)

    def test_link_is_written_by_posting_alone(self):
        batch = self._post()
        move = batch.line_ids.move_id
        with self.assertRaises(AccessError):
            move.credit_batch_id = False
        with self.assertRaises(AccessError):
            self.env["account.move"].create(
                {"move_type": "entry", "credit_batch_id": batch.id}
            )
        for name in ("move_line_id", "debit_line_id"):
            with self.assertRaises(AccessError):
                batch.line_ids[name] = False
        self.assertFalse(move.copy().credit_batch_id)

    @mute_logger("odoo.sql_db")
    def test_database_keeps_an_item_to_one_line(self):
        batch = self._post_ten()
        self.env.flush_all()
        first, second = batch.line_ids[:2]
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE account_credit_line SET move_line_id = %s WHERE id = %s",
                [first.move_line_id.id, second.id],
            )
        # Without its item it would be a second line of a credit note.
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE account_credit_line SET move_line_id = NULL WHERE id = %s",
                [first.id],
            )

    # -------------------------------------------------------------------------
    # REVERSAL
    # -------------------------------------------------------------------------

    def assertReversed(self, batch):
        """Assert that nothing is left of a batch, account by account."""
        self.env.flush_all()
        batch.invalidate_recordset()
        self.assertEqual(batch.state, "reversed")
        self.assertLedgerSound(batch)
        lines = batch.line_ids
        self.assertEqual(set(lines.mapped("amount_open")), {0})
        counters = self.env["account.move.line"]
        for line in lines:
            counterpart = line.move_line_id.matched_debit_ids.debit_move_id
            self.assertRecordValues(
                counterpart,
                [
                    {
                        "partner_id": line.partner_id.id,
                        "account_id": line.move_line_id.account_id.id,
                        "amount_currency": line.amount,
                        "balance": -line.move_line_id.balance,
                        "reconciled": True,
                        "parent_state": "posted",
                    }
                ],
            )
            counters += counterpart
        items = lines.move_id.line_ids | counters.move_id.line_ids
        for account, of_account in items.grouped("account_id").items():
            self.assertTrue(
                batch.currency_id.is_zero(sum(of_account.mapped("balance"))),
                account.code,
            )

    def test_reversal_of_a_batch(self):
        batch = self._post_ten()
        entry = batch.line_ids.move_id
        batch.with_user(self.manager).action_reverse()
        self.assertReversed(batch)
        counter = entry.reversal_move_ids
        self.assertEqual(len(counter), 1)
        self.assertEqual(counter.ref, f"Reversal of: {entry.name}")
        self.assertEqual(entry.state, "posted")
        self.assertItems(
            counter,
            [
                (self.credit_account, -100.0, -100.0),
                *[(self.receivable, 10.0, 10.0)] * 10,
            ],
        )
        self.assertEqual(self.account.account_credit_balance, 0)
        self.assertFalse(self.account.open_credit_line_ids)

    def test_reversal_opens_the_invoice_for_another_credit(self):
        batch = self._post_ten()
        invoice = self._create_invoice(self.account, 10)
        self.assertEqual(invoice.payment_state, "paid")
        other = self._post({self.account: 3})
        self.assertEqual(other.line_ids.amount_open, 3)
        batch.action_reverse()
        self.assertReversed(batch)
        self.assertEqual(invoice.amount_residual, 7)
        self.assertEqual(other.line_ids.amount_applied, 3)

    def test_odoos_own_reversal_reverses_every_credit(self):
        batch = self._post_ten()
        invoice = self._create_invoice(self.account, 10)
        entry = batch.line_ids.move_id
        wizard = self.env["account.move.reversal"].create(
            {"move_ids": [Command.set(entry.ids)], "journal_id": entry.journal_id.id}
        )
        wizard.refund_moves()
        counter = entry.reversal_move_ids
        if counter.state == "draft":
            counter.action_post()
        self.assertReversed(batch)
        self.assertEqual(invoice.amount_residual, 10)
        with self.assertRaisesRegex(UserError, "already reversed"):
            entry._reverse_moves(cancel=True)

    def test_odoos_reversal_of_a_part_reverses_that_part(self):
        batch = self._post_ten()
        entry = batch.line_ids.move_id
        counter = entry._reverse_moves()
        first = batch.line_ids.sorted("id")[0]
        counter.line_ids.filtered(
            lambda line: line.partner_id - first.partner_id
        ).with_context(check_move_validity=False).unlink()
        debit = counter.line_ids.filtered(lambda line: not line.partner_id)
        debit.write({"credit": 10, "debit": 0})
        counter.action_post()
        self.assertEqual(first.state, "reversed")
        self.assertEqual((batch.posted_count, batch.reversed_count), (9, 1))
        self.assertLedgerSound(batch)
        batch.action_reverse()
        self.assertReversed(batch)

    def test_reversal_does_not_need_the_form_to_be_possible_any_more(self):
        batch = self._post_ten()
        self.item.taxes_id = self.company_data["default_tax_sale"]
        self.company.credit_background_lines = 5
        batch.action_reverse()
        self.assertEqual(batch.state, "queued")
        self._run_worker()
        self.assertReversed(batch)


@tagged("post_install", "-at_install")
class TestAccountCreditLineEntryApplication(CreditEntryCommon):
    """Credits in an entry for many accounts pay invoices, each by itself."""

    def test_posting_pays_open_invoices_of_each_account(self):
        one, two = self.accounts[:2]
        small, large = (
            self._create_invoice(account, amount)
            for account, amount in ((one, 4), (two, 30))
        )
        batch = self._post_ten()
        self.assertEqual(small.payment_state, "paid")
        self.assertEqual(large.amount_residual, 20)
        first, second, third = batch.line_ids.sorted("id")[:3]
        self.assertRecordValues(
            first + second + third,
            [
                {"amount_applied": 4, "amount_open": 6},
                {"amount_applied": 10, "amount_open": 0},
                {"amount_applied": 0, "amount_open": 10},
            ],
        )
        application = small.credit_application_ids
        self.assertRecordValues(
            application,
            [
                {
                    "credit_move_id": first.move_id.id,
                    "credit_line_id": first.id,
                    "credit_item_id": self.item.id,
                    "amount": 4,
                    "state": "applied",
                    "rule": "due_date",
                    "origin": "credit",
                }
            ],
        )
        self.assertEqual(application.partial_id.credit_move_id, first.move_line_id)
        content = small.invoice_payments_widget["content"]
        self.assertEqual([row["credit_label"] for row in content], ["Goodwill"])
        self.assertEqual(small.account_credit_amount, 4)
        self.assertIn(
            application,
            application.search([("credit_item_id", "=", self.item.id)]),
        )

    def test_named_invoice_comes_first_whatever_the_policy(self):
        self.company.credit_application_policy = "manual"
        early = self._create_invoice(self.account, 10)
        late = self._create_invoice(self.account, 10, invoice_date="2024-03-10")
        batch = self._create_batch(dict.fromkeys(self.accounts[:2], 10))
        batch.line_ids.sorted("id")[0].invoice_id = late
        batch.action_post()
        self.assertLedgerSound(batch)
        self.assertEqual(late.payment_state, "paid")
        self.assertEqual(late.credit_application_ids.rule, "named")
        self.assertEqual(early.payment_state, "not_paid")

    def test_later_invoice_is_paid_when_it_is_posted(self):
        batch = self._post_ten()
        invoice = self._create_invoice(self.accounts[3], 10)
        self.assertEqual(invoice.payment_state, "paid")
        line = batch.line_ids.sorted("id")[3]
        self.assertEqual(line.application_ids.origin, "invoice")
        self.assertLedgerSound(batch)

    def test_expired_credit_pays_nothing(self):
        self._post_ten(expiry_date="2024-03-31")
        invoice = self._create_invoice(self.account, 10)
        self.assertEqual(invoice.payment_state, "not_paid")

    def test_what_expires_first_is_used_first(self):
        late = self._post({self.account: 10}, expiry_date="2099-12-31")
        soon = self._post({self.account: 10}, expiry_date="2099-01-31")
        self._create_invoice(self.account, 10)
        self.assertEqual(soon.line_ids.amount_applied, 10)
        self.assertEqual(late.line_ids.amount_applied, 0)

    def test_unapply_keeps_that_credit_apart_and_no_other(self):
        batch = self._create_batch()
        batch.line_ids.copy({"batch_id": batch.id})
        invoice = self._create_invoice(self.account, 10)
        batch.action_post()
        first, second = batch.line_ids.sorted("id")
        application = invoice.credit_application_ids
        self.assertEqual(application.credit_line_id, first)
        application.with_user(self.clerk).action_unapply()
        self.assertEqual(application.state, "unapplied")
        self.assertEqual(invoice.amount_residual, 10)
        self.account.apply_account_credits()
        self.assertEqual((first.amount_applied, second.amount_applied), (0, 10))
        self.assertEqual(invoice.payment_state, "paid")

    def test_unapply_all_credits_of_the_entry(self):
        invoices = [self._create_invoice(account, 10) for account in self.accounts[:3]]
        batch = self._post_ten()
        batch.line_ids.move_id.unapply_account_credits()
        self.assertEqual([i.amount_residual for i in invoices], [10, 10, 10])
        self.assertEqual(set(batch.line_ids.mapped("amount_open")), {10})

    def test_applied_by_hand_is_recorded(self):
        self.company.credit_application_policy = "manual"
        batch = self._post_ten()
        invoice = self._create_invoice(self.account, 10)
        line = batch.line_ids.sorted("id")[0]
        invoice.js_assign_outstanding_line(line.move_line_id.id)
        self.assertRecordValues(
            invoice.credit_application_ids,
            [{"rule": "hand", "credit_line_id": line.id, "amount": 10}],
        )

    def test_gift_cards_are_not_paid(self):
        batch = self._post_ten()
        with (
            self.assertRaisesRegex(UserError, "sells gift cards"),
            self.env.cr.savepoint(),
        ):
            self._sell_gift_card().js_assign_outstanding_line(
                batch.line_ids.sorted("id")[0].move_line_id.id
            )

    def _sell_gift_card(self):
        card = self.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "taxes_id": False}
        )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-15",
                "invoice_line_ids": [
                    Command.create({"product_id": card.id, "price_unit": 10})
                ],
            }
        )
        invoice.action_post()
        return invoice

    def test_queries_do_not_grow_with_open_credits(self):
        engine = self.env["account.credit.application"].sudo()
        self.company.credit_application_policy = "manual"
        self._post_ten()

        def count_queries(accounts):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            items = engine._get_engine(self.company, "user").find_open_credits(accounts)
            self.assertEqual(len(items), len(accounts))
            return self.env.cr.sql_log_count - before

        # What is read once for the user is read before.
        count_queries(self.accounts)
        count_queries(self.account)
        self.assertEqual(count_queries(self.accounts), count_queries(self.account))
