from psycopg2.errors import ReadOnlySqlTransaction

from odoo import models
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.proof.account_credit_proof import ACTIVITY
from ..models.proof.ledger_check import Check
from ..models.proof.stored_value_checks import TIE_OUT
from .common_stored_value import StoredValueCommon


class ProofCommon(StoredValueCommon):
    """A ledger with each kind of event, and what changes it behind all walls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proofs = cls.env["account.credit.proof"]
        cls.keeper = cls._create_user("keeper", "account.group_account_user")
        cls.company.credit_journal_id.restrict_mode_hash_table = True
        cls.product = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 80}
        )
        # A test that is never run posts for all: each of them begins with its records.
        first = cls()
        first._post_events()
        for name, value in vars(first).items():
            if isinstance(value, models.Model):
                setattr(cls, name, value)

    def _post_events(self):
        self.invoice = self._create_invoice(self.account, 6)
        self.line = self._post_line(10)
        self.application = self.env["account.credit.application"].search(
            [("credit_line_id", "=", self.line.id)]
        )
        self.taken_back = self._post_line(7, account=self.accounts[1])
        self.taken_back.with_user(self.manager).action_reverse(
            mode="all", reason="A typo"
        )
        batch = self._create_batch(
            {self.accounts[2]: 3, self.accounts[3]: 4}, document_form="entry"
        )
        batch.action_post()
        self.many = batch.line_ids.sorted("id")
        self.many[1].with_user(self.manager).move_to(
            self.accounts[4].id, amount=1, reason="A sibling"
        )
        promotion = self._create_credit_item("10 off", credit_booking="used")
        self.promise = self._post_line(
            10, self.accounts[6], credit_item_id=promotion.id
        )
        self._create_invoice(self.accounts[6], 6)
        self.card = self._issue(100)
        self.bill = self._create_invoice(self.account, 30)
        self.card.with_user(self.clerk).apply_to_invoice(self.bill.id, 20)
        self.card.with_user(self.clerk).apply_to_invoice(self.bill.id, 6)
        self.use, undone = self._find_events("use")
        self.env["account.credit.application"].search(
            [("credit_move_id", "=", undone.id)]
        ).with_user(self.clerk).action_unapply()
        self.card.with_user(self.manager).refund(5, self.bank.id)
        self.card.with_user(self.manager).adjust(110, "A typo")
        self.card.with_user(self.manager).move_to(self.accounts[1].id, 15)
        self._issue(40, funding="promotion").with_user(self.manager).action_void("No")
        sale = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [Command.create({"product_id": self.product.id})],
            }
        )
        sale.action_post()
        self.company.gift_card_tax_policy = "reduce"
        self.gift = self._issue(12, funding="promotion")
        taxed = self.env["account.move"].create(
            self._prepare_invoice_vals(self.account, 50, self.tax_sale_a.ids)
        )
        taxed.action_post()
        self.gift.with_user(self.clerk).apply_to_invoice(taxed.id)
        self.discount = self.env["account.move.line"].search(
            [("discount_value_id", "=", self.gift.id)]
        )
        self.estimate = self.env["account.breakage.estimate"].create(
            {"issue_date": self.card.issue_date, "unused_share": 10}
        )
        self.estimate.action_post()
        value = self._issue(9)
        value.holder_state_id = self._owe_to_a_state()
        self.env["account.unclaimed.due"].with_user(self.manager).browse(
            value.id
        ).action_hand()
        self.handed = self.env["account.unclaimed.property"].search(
            [("stored_value_id", "=", value.id)]
        )

    def _find_events(self, event):
        """Return the entries of the card that are such an event."""
        moves = self.card.move_line_ids.move_id.sorted("id")
        return moves.filtered(lambda move: move.stored_value_event == event)

    def _find_item(self, event):
        """Return the first journal item of the card that such an event booked."""
        moves = self._find_events(event)
        return self.card.move_line_ids.filtered(lambda item: item.move_id == moves[:1])

    def _forge(self, record, **vals):
        """Change a row behind Odoo, and behind the triggers of the database."""
        table = SQL.identifier(record._table)
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", table))
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id = %s",
                table,
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in vals.items()
                ),
                record.id,
            )
            if vals
            else SQL("DELETE FROM %s WHERE id = %s", table, record.id)
        )
        self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", table))
        self.env.invalidate_all()

    def _prove(self):
        return self.proofs.sudo()._prove(self.company)


@tagged("post_install", "-at_install")
class TestAccountCreditProof(ProofCommon):
    """What is proven, by whom, and who is told what failed."""

    def test_sound_ledger(self):
        # README says: "An accountant proves the ledger with one button."
        action = self.proofs.with_user(self.keeper).action_prove()
        self.assertEqual(action["res_model"], "account.credit.proof")
        proof = self.proofs.browse(action["res_id"])
        failed = proof.check_ids.filtered("failed_count")
        self.assertFalse(failed, failed.mapped("failed_names"))
        self.assertEqual((proof.state, proof.company_id), ("proven", self.company))
        self.assertEqual(proof.create_uid, self.keeper)
        # Each of them had something to look at.
        self.assertTrue(all(proof.check_ids.mapped("checked_count")))
        self.assertEqual(
            proof.checked_count, sum(proof.check_ids.mapped("checked_count"))
        )
        self.assertEqual(len(proof.check_ids), len(self.proofs._get_checks()))
        self.assertFalse(proof.activity_ids)
        self.assertShows(
            proof.summary, f"All {len(proof.check_ids)} checks passed", "records."
        )

    def test_each_check_finds_what_is_wrong(self):
        # README says: "Each check is tried on a ledger that was changed behind it."
        cases = (*self._get_credit_cases(), *self._get_value_cases())
        for code, named, record, vals in cases:
            with self.subTest(code, vals=vals), self.env.cr.savepoint() as savepoint:
                self._forge(record, **vals)
                proof = self._prove()
                failed = proof.check_ids.filtered("failed_count")
                self.assertEqual(proof.state, "failed")
                self.assertIn(code, failed.mapped("code"))
                check = failed.grouped("code")[code]
                self.assertEqual(check.failed_model, named._name)
                self.assertIn(named.id, check.failed_ids)
                self.assertIn(named.display_name, check.failed_names)
                action = check.action_view_failed()
                self.assertEqual(action["res_model"], named._name)
                self.assertEqual(action["domain"], [("id", "in", check.failed_ids)])
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(
            {code for code, *_case in cases},
            {check.code for check in self.proofs._get_checks()},
        )

    def _get_credit_cases(self):
        """Return what is changed of credits.

        :return: ``[(check, what it names, the record that is changed, how)]``; without
            a how, it is deleted
        """
        line, back = self.line, self.taken_back
        first = self.many[0]
        move, item, batch = line.move_id, line.move_line_id, line.batch_id
        last = (move | back.move_id).sorted("sequence_number")[-1]
        draft = self._create_batch({self.account: 5})
        promise, part = self.promise, self.promise.draw_ids
        application = self.application
        partial = application.partial_id
        debit = first.debit_line_id
        return (
            ("booked", line, item, {"partner_id": self.accounts[5].id}),
            ("booked", line, move, {"credit_line_id": None}),
            ("items", first.move_line_id, first, {"move_line_id": debit.id}),
            ("documents", move, move, {"state": "draft"}),
            ("documents", move, item, {"balance": -11}),
            ("amounts", line, line, {"amount": 11}),
            ("amounts", line, move, {"amount_total": 11}),
            ("debits", debit, debit, {"amount_currency": 8}),
            ("open", line, item, {"amount_residual_currency": -3}),
            ("open", line, item, {"amount_residual_currency": 1}),
            ("open", line, partial, {}),
            ("applied", application, partial, {}),
            ("applied", application, application, {"amount": 5}),
            (
                "applied",
                application,
                partial.debit_move_id,
                {"amount_residual_currency": -1},
            ),
            ("paid", line, application, {}),
            ("reversals", line, line, {"state": "reversed"}),
            ("reversals", back, back, {"state": "posted"}),
            ("expired", line, line, {"expired_on": "2024-07-01"}),
            ("promised", promise, promise, {"amount": 5}),
            ("promised", promise, promise, {"amount_taken_back": 5}),
            ("promised", promise, promise, {"state": "reversed"}),
            ("promised", promise, part, {"partner_id": self.accounts[5].id}),
            ("promised", line, part, {"drawn_from_id": line.id}),
            ("batches", batch, batch, {"state": "partial"}),
            ("batches", batch, batch, {"state": "draft"}),
            ("batches", batch, line, {"error": "Unknown"}),
            ("stuck", draft, draft, {"state": "queued"}),
            ("stuck", batch, line, {"is_to_reverse": True}),
            ("numbers", last, last, {"sequence_number": 99}),
            ("hashes", move, item, {"name": "Something else"}),
            ("hashes", move, move, {"inalterable_hash": "$4$0"}),
        )

    def _get_value_cases(self):
        """Return what is changed of gift cards, see :meth:`_get_credit_cases`."""
        card, use = self.card, self.use
        issued, used = self._find_item("issue"), self._find_item("use")
        move, payment = issued.move_id, issued.move_id.origin_payment_id
        elsewhere = self.credit_account
        estimate = self.estimate
        contra = estimate.move_id.line_ids.filtered(
            lambda item: item.account_id == estimate.contra_account_id
        )
        return (
            ("tie_out", self.sold, issued, {"stored_value_id": None}),
            ("tie_out", elsewhere, used, {"account_id": elsewhere.id}),
            ("overdrawn", card, issued, {"date": "2099-01-01"}),
            ("named", issued, issued, {"partner_id": self.accounts[5].id}),
            ("named", used, use, {"stored_value_event": None}),
            ("states", card, card, {"state": "expired"}),
            ("states", card, card, {"state": "draft"}),
            ("states", card, card, {"awaits_payment": True}),
            ("issued", card, card, {"initial_amount": 99}),
            ("events", move, move, {"stored_value_event": "undo"}),
            ("events", move, issued, {"balance": -99}),
            ("events", move, move, {"state": "cancel"}),
            ("payments", payment, payment, {"amount": 99}),
            ("uses", use, used, {"amount_currency": 19}),
            *(
                ("discounts", self.discount.move_id, record, vals)
                for record, vals in (
                    (self.gift, {"tax_policy": "cost"}),
                    (self.discount, {"amount_currency": -11}),
                    (self.discount, {"balance": -11}),
                    (self.discount, {"discount_value_id": self.card.id}),
                    (self.discount.move_id, {"stored_value_event": "expire"}),
                )
            ),
            ("breakage", contra, contra, {"balance": 99}),
            ("breakage", contra, estimate, {"breakage": 99}),
            ("breakage", contra, estimate, {"booked": 1}),
            ("breakage", contra, estimate, {"used": 0}),
            ("breakage", contra, estimate, {"state": "draft"}),
            ("breakage", contra, estimate, {"move_id": None}),
            ("handed", self.handed.move_id, self.handed, {"amount": 8}),
            ("handed", self.handed.move_id, self.handed, {}),
            (
                "handed",
                self.handed.move_id,
                self.handed,
                {"back_move_id": self.handed.move_id.id},
            ),
        )

    def test_locked_gap_was_accepted(self):
        last = max(self.line.move_id, self.taken_back.move_id, key=lambda m: m.name)
        self._forge(last, sequence_number=99)
        self.assertEqual(
            self._prove().check_ids.grouped("code")["numbers"].failed_count, 1
        )
        self.company.fiscalyear_lock_date = last.date
        check = self._prove().check_ids.grouped("code")["numbers"]
        self.assertEqual((check.failed_count, check.failed_ids), (0, False))
        self.assertGreaterEqual(check.checked_count, 2)

    def test_many_failures_are_counted_and_the_first_named(self):
        cards = self.values.union(*(self._issue(5) for _number in range(12)))
        self.not_proven = ("issued",)
        for card in cards:
            self._forge(card, initial_amount=4)
        check = self._prove().check_ids.grouped("code")["issued"]
        self.assertEqual((check.failed_count, check.failed_ids), (12, cards.ids))
        *names, more = check.failed_names.splitlines()
        self.assertEqual(names, cards[:10].mapped("name"))
        self.assertEqual(more, "and 2 more")

    def test_nothing_is_written(self):
        # README says: "PostgreSQL refuses the checks to write."
        for rows in (
            "SELECT id AS company_id, nextval('res_partner_id_seq') AS id,"
            " NULL AS detail, TRUE AS failed FROM res_company",
            None,
        ):
            check = Check(
                code="forger",
                name="Forger",
                how="It writes",
                model="res.partner",
                rows=rows or "",
                find=None if rows else self._rename,
            )
            with (
                self.subTest(rows=rows),
                mute_logger("odoo.sql_db"),
                self.assertRaises(ReadOnlySqlTransaction),
                self.env.cr.savepoint(),
            ):
                check.run(self.company, "SELECT 0")
        # Afterwards the transaction goes on as before.
        self.account.name = "Another Family"
        self.env.flush_all()
        before = self._read_tables()
        self._prove()
        self.assertEqual(self._read_tables(), before)

    def _rename(self, company):
        company.env.cr.execute(
            SQL("UPDATE res_company SET name = 'Forged' WHERE id = %s", company.id)
        )

    def _read_tables(self):
        self.env.flush_all()
        return [
            self.env.execute_query(
                SQL(
                    "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM %s t",
                    SQL.identifier(table),
                )
            )
            for table in (
                *("account_move", "account_move_line", "account_partial_reconcile"),
                *("account_credit_line", "account_credit_batch"),
                *("account_credit_application", "account_stored_value"),
            )
        ]

    # -------------------------------------------------------------------------
    # WHO
    # -------------------------------------------------------------------------

    def test_who_proves_and_who_reads(self):
        proof = self._prove()
        for user in (self.keeper, self.manager):
            mine = self.proofs.with_user(user)
            self.assertEqual(mine.action_prove()["res_model"], proof._name)
            self.assertEqual(proof.with_user(user).state, "proven")
        # The auditor reads, and changes nothing.
        auditor = proof.with_user(self.accountant)
        self.assertEqual(auditor.check_ids[0].failed_count, 0)
        employee = self._create_user("employee", "base.group_user")
        for user in (self.accountant, self.clerk, employee):
            with self.assertRaises(AccessError):
                self.proofs.with_user(user).action_prove()
        for user in (self.clerk, employee):
            with self.assertRaises(AccessError):
                proof.with_user(user).read(["state"])
        for user in (self.keeper, self.manager):
            for forge in (
                lambda mine: mine.write({"state": "proven"}),
                lambda mine: mine.check_ids.write({"failed_count": 0}),
                lambda mine: mine.unlink(),
                lambda mine: mine.create(
                    {"company_id": self.company.id, "state": "proven"}
                ),
            ):
                with self.assertRaises(AccessError):
                    forge(proof.with_user(user))

    def test_each_company_has_its_own(self):
        other = self.setup_other_company()["company"]
        stranger = self._create_user("stranger", "account.group_account_user")
        stranger.write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        self.not_proven = ("issued",)
        self._forge(self.card, initial_amount=1)
        own, foreign = self.proofs.sudo()._prove(self.company + other)
        self.assertEqual((own.company_id, own.state), (self.company, "failed"))
        self.assertEqual((foreign.company_id, foreign.state), (other, "proven"))
        self.assertEqual(self.proofs.with_user(stranger).search([]).company_id, other)
        with self.assertRaises(AccessError):
            own.with_user(stranger).read(["summary"])
        # The button proves what the user works in now.
        self.keeper.company_ids += other
        both = self.proofs.with_user(self.keeper).with_context(
            allowed_company_ids=[self.company.id, other.id]
        )
        action = both.action_prove()
        self.assertEqual(
            self.proofs.search(action["domain"]).company_id, self.company + other
        )

    def test_administrators_look_at_what_failed(self):
        second = self._create_user("second", "account.group_account_manager")
        asked = self.manager + second
        self._forge(self.card, initial_amount=1)
        failed = self._prove()
        again = self._prove()
        self.assertFalse(failed.activity_ids)
        self.assertLessEqual(asked, again.activity_ids.user_id)
        self.assertNotIn(self.clerk, again.activity_ids.user_id)
        activity = again.activity_ids[0]
        self.assertEqual(activity.activity_type_id, self.env.ref(ACTIVITY))
        self.assertShows(activity.note, f"1 of {len(again.check_ids)} checks failed")
        self._forge(self.card, initial_amount=110)
        sound = self._prove()
        self.assertEqual(sound.state, "proven")
        self.assertFalse((sound + again).activity_ids)

    def test_scheduled_run(self):
        cron = self.env.ref("account_credit_posting.ir_cron_prove")
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "days"))
        proofs_sudo = self.proofs.sudo()
        before = proofs_sudo.search([])
        cron.ir_actions_server_id.with_user(cron.user_id).run()
        made = proofs_sudo.search([]) - before
        self.assertEqual(made.company_id, made.company_id.search([]))
        self.assertEqual(len(made), len(made.company_id))

    def test_printed_for_the_auditor(self):
        self.not_proven = ("issued",)
        self._forge(self.card, initial_amount=1)
        proof = self._prove()
        action = proof.with_user(self.accountant).action_print()
        self.assertEqual(
            action["report_name"], "account_credit_posting.report_credit_proof"
        )
        report = self.env["ir.actions.report"].with_user(self.accountant)
        html, _kind = report._render_qweb_html(action["report_name"], proof.ids)
        html = html.decode()
        self.assertShows(html, self.company.name, proof.summary, "Failed")
        for check in proof.check_ids:
            self.assertShows(html, check.name, check.how.replace("'", "&#39;"))
        self.assertShows(html, self.card.name)
        with self.assertRaises(AccessError):
            proof.with_user(self.clerk).action_print()

    def test_text_for_a_terminal(self):
        self.not_proven = ("issued",)
        self._forge(self.card, initial_amount=1)
        text = self._prove()._get_text()
        self.assertIn(f"{self.company.name} · ", text)
        self.assertRegex(text, r"FAILED +1 of \d+ +\d+\.\d\d s +The amount of each")
        self.assertRegex(text, r"ok +0 of \d+ +\d+\.\d\d s +Stored values and")
        self.assertIn(f"\n{'':38}{self.card.name}", text)

    def test_tests_ask_the_same(self):
        self._forge(self._find_item("issue"), stored_value_id=None)
        with self.assertRaisesRegex(AssertionError, "tie_out"):
            self.assertTiesOut()
        self.env.cr.execute(TIE_OUT.get_failed_query())
        [[company_id, account_id, _day]] = self.env.cr.fetchall()
        self.assertEqual((company_id, account_id), (self.company.id, self.sold.id))
        self.not_proven = tuple(check.code for check in self.proofs._get_checks())
