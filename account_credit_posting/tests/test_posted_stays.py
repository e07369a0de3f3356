from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..tools.isolating import isolate
from ..tools.posting import with_posting
from ..tools.triggers import check_now, explain_refusal
from .common_stored_value import StoredValueCommon


class PostedCommon(StoredValueCommon):
    """A credit, a credit of an entry for many, and a card; and what is done to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.misc = cls.company._get_credit_entry_journal()
        cls.income = cls.company_data["default_account_revenue"]
        cls.other = cls.accounts[1]
        cls.product = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 100}
        )

    def _create_entry(self, *items, **vals):
        """Create a draft entry.

        :param items: ``(account, balance, values)``
        """
        return self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.misc.id,
                "date": "2024-03-20",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "balance": balance,
                            "name": "Item",
                            **item_vals,
                        }
                    )
                    for account, balance, item_vals in items
                ],
                **vals,
            }
        )

    def _create_entry_on_card(self, card, amount, **vals):
        """Create a draft entry that takes from a card; below zero it gives."""
        return self._create_entry(
            (
                card.liability_account_id,
                amount,
                {"stored_value_id": card.id, "partner_id": card.partner_id.id},
            ),
            (self.income, -amount, {}),
            **vals,
        )

    def _sell(self):
        """Sell a card of 100 on an invoice that is paid."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [Command.create({"product_id": self.product.id})],
            }
        )
        invoice.action_post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": "2024-03-02"})._create_payments()
        self.assertEqual(invoice.sold_value_ids.state, "active")
        return invoice

    def _draft_credit_note(self, invoice, **vals):
        """Create a draft that takes back the cards of an invoice, whole."""
        note = invoice._reverse_moves(
            [{"date": "2024-03-10", "invoice_date": "2024-03-10", **vals}]
        )
        self.assertEqual(note.state, "draft")
        return note

    def assertRefused(self, text, function, *args, error=UserError):
        """Assert that something is refused, and that nothing is left of it."""
        before = self._read_posted()
        with self.assertRaisesRegex(error, text), self.env.cr.savepoint():
            function(*args)
            self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self._read_posted(), before)

    def _read_posted(self):
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT id, account_id, partner_id, currency_id, amount_currency, balance,
                   parent_state, name, stored_value_id, date
              FROM account_move_line
             WHERE parent_state = 'posted'
          ORDER BY id
            """
        )
        return self.env.cr.fetchall()


@tagged("post_install", "-at_install")
class TestPostedStays(PostedCommon):
    """What is posted of credits and of stored value stays as it is, for everybody."""

    def _post_each(self):
        """Return an item of each kind of entry of ours."""
        self.company.credit_application_policy = "manual"
        note = self._post_line(10)
        entry = self._post_line(20, document_form="entry")
        card = self._issue(100)
        given = self._issue(50, funding="promotion")
        invoice = self._create_invoice(self.account, 30)
        card.with_user(self.clerk).apply_to_invoice(invoice.id, 30)
        sale = self._sell()
        moves = note.move_id | entry.move_id | card.move_line_ids.move_id
        moves |= given.move_line_ids.move_id
        cards = sale.line_ids.filtered("stored_value_id")
        self.assertEqual((len(moves), len(moves.line_ids), len(cards)), (5, 10, 1))
        return moves.line_ids | cards

    def test_items_stay_as_they_were_posted(self):
        # README says: "What is posted is reversed, never edited."
        # README says: "what was posted stays: accounts, amounts, dates, labels"
        euro = self.env.ref("base.EUR")
        for item in self._post_each():
            for vals in (
                {"account_id": self.income.copy().id},
                {"partner_id": self.other.id},
                {"currency_id": euro.id},
                {"amount_currency": item.amount_currency * 2},
                {"balance": item.balance * 2},
                {"name": "Something else"},
                {"price_unit": 1000},
            ):
                if vals == {"price_unit": 1000} and not item.quantity:
                    continue
                with self.subTest(item=item.display_name, vals=vals):
                    for user in (self.env.user, self.manager):
                        self.assertRefused(
                            "cannot be changed", item.with_user(user).write, vals
                        )
            # Whether it is posted is said by its entry alone.
            self.assertRefused(
                "", item.write, {"parent_state": "draft"}, error=AccessError
            )

    def test_what_odoo_needs_is_written(self):
        items = self._post_each()
        plan = self.env["account.analytic.plan"].create({"name": "Sites"})
        site = self.env["account.analytic.account"].create(
            {"name": "North", "plan_id": plan.id}
        )
        for item in items:
            item.write({"analytic_distribution": {str(site.id): 100}})
            item.write({"account_id": item.account_id.id, "name": item.name})
            item.write({"date_maturity": "2024-04-01"})
        items.move_id.write({"ref": "Looked at"})
        items.move_id.button_set_checked()

    def test_items_of_anything_else_are_written(self):
        invoice = self._create_invoice(self.other, 30)
        item = invoice.line_ids.filtered("quantity")
        account = self.income.copy()
        item.write({"account_id": account.id, "name": "Books"})
        self.assertEqual((item.account_id, item.name), (account, "Books"))

    def test_entries_stay_as_they_were_posted(self):
        moves = self._post_each().move_id
        euro = self.env.ref("base.EUR")
        for move in moves.with_context(skip_readonly_check=True):
            for vals in (
                {"partner_id": self.other.id},
                {"commercial_partner_id": self.other.id},
                {"currency_id": euro.id},
                {"date": "2024-03-02"},
                {"line_ids": [Command.update(move.line_ids[0].id, {"name": "X"})]},
                {"reversed_entry_id": (moves - move)[0].id},
                {"move_type": "out_receipt"},
            ):
                with self.subTest(move=move.display_name, vals=vals):
                    self.assertRefused("", move.write, vals)

    def test_nothing_is_added_or_removed(self):
        items = self._post_each()
        for move in items.move_id.filtered(lambda move: move.move_type == "entry"):
            vals_list = [
                {"move_id": move.id, "account_id": self.income.id, "balance": balance}
                for balance in (7, -7)
            ]
            self.assertRefused(
                "cannot be changed", self.env["account.move.line"].create, vals_list
            )
            self.assertRefused("", move.line_ids.with_context(force_delete=True).unlink)
            self.assertRefused("", move.with_context(force_delete=True).unlink)

    def test_nothing_is_added_to_other_entries_for_a_card(self):
        card = self._issue(100)
        move = self._create_entry((self.income, 10, {}), (self.credit_account, -10, {}))
        move.action_post()
        for named in ({"stored_value_id": card.id, "partner_id": self.account.id}, {}):
            vals_list = [
                {
                    "move_id": move.id,
                    "account_id": account.id,
                    "balance": amount,
                    **vals,
                }
                for account, amount, vals in (
                    (self.sold, -200, named),
                    (self.income, 200, {}),
                )
            ]
            self.assertRefused(
                "hold the money", self.env["account.move.line"].create, vals_list
            )
        # Only what its entry says makes an item posted.
        draft = self._create_entry((self.income, 5, {}), (self.income, -5, {}))
        draft.write(
            {
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.sold.id,
                            "balance": balance,
                            "stored_value_id": card.id,
                            "partner_id": self.account.id,
                            "parent_state": "posted",
                        }
                    )
                    for balance in (-200, 200)
                ]
            }
        )
        self.assertEqual(set(draft.line_ids.mapped("parent_state")), {"draft"})
        self.assertEqual(card.balance, 100)

    def test_payment_of_a_card_stays(self):
        card = self._issue(100)
        payment = card.move_line_ids.move_id.origin_payment_id
        for vals in (
            {"amount": 1000},
            {"partner_id": self.other.id},
            {"date": "2024-03-01"},
            {"payment_type": "outbound"},
            {"destination_account_id": self.receivable.id},
            {"state": "draft"},
            {"state": "canceled"},
        ):
            with self.subTest(vals=vals):
                self.assertRefused(
                    "cannot be changed", payment.with_user(self.manager).write, vals
                )
        payment.write({"is_sent": True, "amount": 100})
        self.assertEqual((card.balance, payment.amount), (100, 100))

    def test_payment_of_anything_else_is_written(self):
        payment = self._create_payment(50)
        payment.action_draft()
        payment.write({"amount": 60})
        payment.action_post()
        self.assertEqual(payment.move_id.amount_total, 60)


@tagged("post_install", "-at_install")
class TestPostingAround(PostedCommon):
    """Only events post where stored value is held, however an entry is posted."""

    def test_posted_by_write(self):
        card = self._issue(75)
        for move in (
            self._create_entry_on_card(card, -200),
            self._create_entry_on_card(card, 10),
            self._create_entry((self.sold, -200, {}), (self.income, 200, {})),
        ):
            for user in (self.env.user, self.manager):
                self.assertRefused(
                    "hold the money", move.with_user(user).write, {"state": "posted"}
                )
            self.assertRefused("hold the money", move.action_post)
        self.assertEqual(card.balance, 75)
        # Anything else is posted so, as Odoo has it.
        move = self._create_entry((self.income, 5, {}), (self.credit_account, -5, {}))
        move.write({"state": "posted", "name": "MISC/2024/03/9999"})
        self.assertEqual(set(move.line_ids.mapped("parent_state")), {"posted"})

    def test_credit_note_posted_by_write(self):
        note = self._draft_credit_note(self._sell())
        self.assertRefused("hold the money", note.write, {"state": "posted"})

    def test_entry_that_says_it_reverses_the_sale(self):
        invoice = self._sell()
        card = invoice.sold_value_ids
        for amount in (4050, -4050, 50):
            for move_type in ("entry", "out_receipt"):
                move = self._create_entry_on_card(card, amount)
                move.write({"reversed_entry_id": invoice.id, "move_type": move_type})
                self.assertRefused("", move.action_post)
        self.assertEqual(card.balance, 100)

    def test_credit_note_that_raises_a_card(self):
        invoice = self._sell()
        note = self._draft_credit_note(invoice)
        note.invoice_line_ids.price_unit = -50
        note.write(
            {
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Other", "price_unit": 60, "tax_ids": []},
                    )
                ]
            }
        )
        self.assertRefused("price above zero", note.action_post)
        self.assertEqual(invoice.sold_value_ids.balance, 100)

    def test_items_moved_onto_a_liability(self):
        # README says: "nothing else posts there, however it is posted"
        invoice = self._create_invoice(self.other, 30)
        item = invoice.line_ids.filtered("quantity")
        self.assertRefused("hold the money", item.write, {"account_id": self.sold.id})
        draft = self._create_entry((self.income, 5, {}), (self.income, -5, {}))
        draft.line_ids[0].account_id = self.sold
        self.assertRefused("hold the money", draft.action_post)

    def test_account_that_was_chosen_before(self):
        self._issue(100)
        fresh = self.sold.copy({"code": "211777"})
        self.assertFalse(fresh.holds_stored_value)
        self.company.gift_card_liability_account_id = fresh
        self.assertTrue(fresh.holds_stored_value)
        self.assertTrue(self.sold.holds_stored_value)
        invoice = self._create_invoice(self.other, 30)
        item = invoice.line_ids.filtered("quantity")
        for account in (self.sold, fresh):
            move = self._create_entry((account, -5, {}), (self.income, 5, {}))
            self.assertRefused("hold the money", move.action_post)
            self.assertRefused("", item.write, {"account_id": account.id})
        # One that was chosen and never used is free again.
        self.company.gift_card_liability_account_id = self.sold
        self.assertFalse(fresh.holds_stored_value)
        move = self._create_entry((fresh, -5, {}), (self.income, 5, {}))
        move.action_post()
        self.assertEqual(move.state, "posted")
        # And cannot be chosen again: it holds something else.
        self.assertRefused(
            "it has other journal items",
            self.company.write,
            {"gift_card_liability_account_id": fresh.id},
            error=ValidationError,
        )

    def test_merged_ledger_accounts(self):
        self._issue(100)
        company = self._create_company(name="Lakeside")
        wizard = self.env["account.merge.wizard"].with_company(company)
        theirs = company.gift_card_liability_account_id
        income = self.env["account.account"].search(
            [("company_ids", "=", company.id), ("account_type", "=", "income")], limit=1
        )
        self._create_entry(
            (income, 5, {}),
            (income, -5, {}),
            company_id=company.id,
            journal_id=company._get_credit_entry_journal().id,
        ).action_post()
        self.assertRefused(
            "it has other journal items",
            wizard._action_merge,
            income | self.sold,
            error=ValidationError,
        )
        wizard._action_merge(self.sold | theirs)
        self.assertCommittable()
        self.assertEqual(company.gift_card_liability_account_id, self.sold)
        self.assertTrue(self.sold.holds_stored_value)

    def test_accounts_stay_in_use(self):
        # README says: "it can be neither archived nor of another type."
        self._issue(100)
        old = self.sold
        self.company.gift_card_liability_account_id = old.copy({"code": "211777"})
        for account in (old, self.prepaid):
            for vals in ({"active": False}, {"account_type": "income"}):
                with self.assertRaisesRegex(UserError, "you cannot archive it"):
                    account.with_user(self.manager).write(vals)
            account.write({"active": True, "account_type": "liability_current"})
            with self.assertRaises(AccessError):
                account.write({"holds_stored_value": False})
        free = self.income.copy()
        free.write({"active": False, "account_type": "income_other"})
        self.assertFalse(free.active)


@tagged("post_install", "-at_install")
class TestOverdraft(PostedCommon):
    """What takes from one card together takes no more than is left."""

    def test_two_drafts_in_one_click(self):
        invoice = self._sell()
        card = invoice.sold_value_ids
        notes = self._draft_credit_note(invoice) | self._draft_credit_note(invoice)
        self.assertRefused("has .*100.00 left", notes.action_post)
        self.assertEqual(card.balance, 100)
        notes[0].invoice_line_ids.price_unit = 60
        notes[1].invoice_line_ids.price_unit = 40
        notes.action_post()
        self.assertEqual((card.balance, card.state), (0, "void"))
        for note, amount in zip(notes, (60, 40), strict=True):
            self.assertItems(
                note,
                [(self.sold, amount, amount), (self.receivable, -amount, -amount)],
            )

    def test_two_drafts_posted_by_the_daily_run(self):
        invoice = self._sell()
        vals = {"auto_post": "at_date"}
        notes = self._draft_credit_note(invoice, **vals)
        notes |= self._draft_credit_note(invoice, **vals)
        with self.enter_registry_test_mode(), mute_logger("odoo.addons.account"):
            self.env.ref(
                "account.ir_cron_auto_post_draft_entry"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertGreaterEqual(invoice.sold_value_ids.balance, 0)
        self.assertLessEqual(len(notes.filtered(lambda n: n.state == "posted")), 1)

    def test_the_same_card_twice_on_one_note(self):
        invoice = self._sell()
        note = self._draft_credit_note(invoice)
        line = note.invoice_line_ids
        note.write(
            {
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "price_unit": 100,
                            "tax_ids": [],
                            "account_id": line.account_id.id,
                            "stored_value_id": line.stored_value_id.id,
                        }
                    )
                ]
            }
        )
        self.assertEqual(note.invoice_line_ids.mapped("amount_currency"), [100, 100])
        self.assertRefused("", note.action_post)
        self.assertEqual(invoice.sold_value_ids.balance, 100)


@tagged("post_install", "-at_install")
class TestWall(PostedCommon):
    """What the database refuses when a transaction ends, whatever code asked for it."""

    # Its drafts call themselves uses, and pay no invoice.
    not_proven = ("events", "uses")

    def _update(self, record, **vals):
        """Write past all that Python knows."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id IN %s",
                SQL.identifier(record._table),
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in vals.items()
                ),
                record._ids,
            )
        )

    def _update_unchecked(self, record, **vals):
        """Write past the database, too."""
        table = SQL.identifier(record._table)
        self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", table))
        self._update(record, **vals)
        self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", table))

    def _post_past_all(self, moves):
        self._update(moves, state="posted", name="WALL/1")
        self._update(moves.line_ids, parent_state="posted")

    def assertWall(self, text, function, *args, **vals):
        """Assert that the database refuses, and what users read of it."""
        # What came before is none of it.
        self.assertCommittable()
        with self.assertRaises(IntegrityError) as caught, self.env.cr.savepoint():
            function(*args, **vals)
            check_now(self.env.cr)
        self.env.invalidate_all()
        self.assertRegex(explain_refusal(self.env, caught.exception), text)
        self.assertCommittable()

    def test_items_without_their_record(self):
        move = self._create_entry((self.sold, -5, {}), (self.income, 5, {}))
        self.assertWall("must name one of these", self._post_past_all, move)
        posted = self._create_entry((self.income, -5, {}), (self.income, 5, {}))
        posted.action_post()
        self.assertWall(
            "must name one of these",
            self._update,
            posted.line_ids[0],
            account_id=self.sold.id,
        )
        self._update(posted.line_ids[0], account_id=self.credit_account.id)
        self.assertCommittable()

    def test_items_that_are_no_event(self):
        card = self._issue(75)
        move = self._create_entry_on_card(card, -200)
        self.assertWall("must name one of these", self._post_past_all, move)
        self._update(move.line_ids, parent_state="draft")
        self.assertWall(
            "must name one of these", self._update, move.line_ids, parent_state="posted"
        )

    def test_items_of_another_account_or_company(self):
        card = self._issue(75)
        item = card.move_line_ids
        fresh = self.prepaid
        for vals, text in (
            ({"partner_id": self.other.id}, "must name one of these"),
            ({"account_id": fresh.id}, "must name one of these"),
            ({"account_id": self.income.id}, "must name one of these"),
            ({"currency_id": self.env.ref("base.EUR").id}, "cannot be changed"),
            ({"amount_currency": -80}, "cannot be changed"),
            ({"balance": -80}, "cannot be changed"),
            ({"date": "2020-01-01"}, "cannot be changed"),
            ({"stored_value_id": None}, "cannot be changed"),
            ({"parent_state": "draft"}, "cannot be changed"),
        ):
            with self.subTest(vals=vals):
                self.assertWall(text, self._update, item, **vals)
        self.assertWall(
            "must have the same account", self._update, card, partner_id=self.other.id
        )

    def test_items_are_not_deleted(self):
        card = self._issue(75)

        def delete():
            self.env.cr.execute(
                "DELETE FROM account_move_line WHERE id = %s", card.move_line_ids._ids
            )

        self.assertWall("cannot be changed", delete)

    def test_record_and_items_go_together(self):
        card = self._issue(75)
        self._update(card, partner_id=self.other.id)
        self._update(card.move_line_ids, partner_id=self.other.id)
        self.assertCommittable()
        self.env.invalidate_all()

    def test_nothing_below_zero(self):
        card = self._issue(75)
        events = with_posting(self.env["account.move"], "event")
        moves = events.browse(
            [self._create_entry_on_card(card, 50).id for _number in range(2)]
        )
        moves.stored_value_event = "use"
        self._update(moves[1], state="posted", name="WALL/2")
        self._update(moves[1].line_ids, parent_state="posted")
        self.assertCommittable()
        self.assertWall(f"{card.name} has less", self._post_past_all, moves[0])
        self.env.invalidate_all()
        self.assertEqual(card.balance, 25)

    def test_nothing_below_zero_on_any_day(self):
        card = self._issue(75)
        move = self._create_entry_on_card(card, 50, date="2024-03-14")
        with_posting(move, "event").stored_value_event = "use"
        self.assertWall(f"{card.name} has less", self._post_past_all, move)
        self._update(move.line_ids, date="2024-03-15")
        self._post_past_all(move)
        self.assertCommittable()
        self.env.invalidate_all()
        self.assertEqual(card.balance, 25)
        # A database may have such days from before there was a wall.
        self._update_unchecked(move.line_ids, date="2024-03-14")
        self.env.invalidate_all()
        card.with_user(self.manager).refund(25, self.bank.id)
        self.assertCommittable()
        self._update_unchecked(move.line_ids, date="2024-03-15")

    def test_accounts_that_hold_something_else(self):
        self._issue(75)
        self.assertWall(
            "cannot hold anything else",
            self._update,
            self.sold,
            holds_stored_value=False,
        )
        self._create_invoice(self.other, 30)
        self.assertWall(
            "cannot hold anything else",
            self._update,
            self.income,
            holds_stored_value=True,
        )
        self._update(self.prepaid, holds_stored_value=False)
        self.assertCommittable()

    def test_credits_stay_those_of_their_lines(self):
        # README says: "PostgreSQL refuses another account or amount."
        taxed = self._create_credit_item(
            "Taxed",
            taxes_id=[Command.set(self.company_data["default_tax_sale"].ids)],
        )
        for line in (
            self._post_line(10),
            self._post_line(10, document_form="entry"),
            self._post_line(10, credit_item_id=taxed.id),
        ):
            item = line.move_line_id
            for vals in (
                {"partner_id": self.other.id},
                {"amount_currency": item.amount_currency - 1},
                {"balance": item.balance - 1},
                {"parent_state": "draft"},
                {"currency_id": self.env.ref("base.EUR").id},
            ):
                with self.subTest(vals=vals):
                    self.assertWall("Reverse the", self._update, item, **vals)
            for vals in ({"partner_id": self.other.id}, {"amount": 11}):
                self.assertWall("Reverse the", self._update, line, **vals)
            self._update(item, amount_residual=-1, matching_number="P1", name="New")
            self._update(item, partner_id=self.other.id)
            self._update(line, partner_id=self.other.id)
            self.assertCommittable()
            self._update(item, amount_residual=item.amount_residual)
        self.env.invalidate_all()

    def test_merged_accounts_go_together(self):
        line = self._post_line(10)
        card = self._issue(75)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.account | self.other).ids, self.other
        )
        self.assertCommittable()
        self.assertEqual((line.partner_id, card.partner_id), (self.other, self.other))
        self.assertEqual(
            (line.move_line_id | card.move_line_ids).partner_id, self.other
        )
        self.assertEqual((card.balance, line.amount_open), (75, 10))

    def test_what_is_refused_of_many_is_one(self):
        cards = self._issue(75) | self._issue(60) | self._issue(50)
        errors = {}

        def write(values):
            amounts = {value: -80 if value == cards[1] else None for value in values}
            for value, amount in amounts.items():
                if amount:
                    self._update(value.move_line_ids, balance=amount)
                self._update(value, memo="Written")

        with mute_logger("odoo.sql_db"):
            isolate(self.env.cr, cards, write, errors.__setitem__)
        self.assertEqual(list(errors), [cards[1]])
        self.env.invalidate_all()
        self.assertEqual(cards.mapped("memo"), ["Written", False, "Written"])
