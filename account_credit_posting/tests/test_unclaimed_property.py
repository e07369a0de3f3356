from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_liability import LiabilityCommon


@tagged("post_install", "-at_install")
class TestUnclaimedProperty(LiabilityCommon):
    """What nobody has claimed is owed to the state of its owner, and paid to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dues = cls.env["account.unclaimed.due"].with_user(cls.manager)
        cls.agency = cls.env["res.partner"].create({"name": "State of Delaware"})
        cls.state = cls._owe_to_a_state()
        cls.account.write(
            {
                "country_id": cls.state.country_id.id,
                "state_id": cls.state.id,
                "email": "family@example.com",
            }
        )
        cls.paid_out = (
            cls.env["account.payment"]
            .new({"company_id": cls.company.id})
            ._get_outstanding_account("outbound")
        )

    def _hand(self, *values):
        """Hand cards to the state, as an administrator; return what is owed."""
        rows = self.dues.browse([value.id for value in values])
        action = rows.action_hand()
        return (
            self.env["account.unclaimed.property"]
            .with_user(self.manager)
            .search(action["domain"])
            .sorted("id")
        )

    def _remit(self, rows, **vals):
        self.env["account.unclaimed.remit"].with_user(self.manager).create(
            {
                "property_ids": rows.ids,
                "partner_id": self.agency.id,
                "journal_id": self.bank.id,
                **vals,
            }
        ).action_confirm()

    def _propose(self, rows):
        """Return the dialog that pays what is owed, as it opens."""
        context = rows.action_remit()["context"]
        dialogs = self.env["account.unclaimed.remit"].with_user(self.manager)
        return dialogs.with_context(**context).new()

    # -------------------------------------------------------------------------
    # WHAT BECOMES DUE
    # -------------------------------------------------------------------------

    def test_due_years_after_the_last_activity(self):
        used, moved = self._issue(50), self._issue(50)
        with freeze_time("2024-08-01 15:00:00"):
            self._use(used, 20)
        with freeze_time("2024-09-01 15:00:00"):
            moved.with_user(self.manager).adjust(60, "A typo")
        rows = self.dues.browse((used | moved).ids)
        self.assertEqual(
            [str(row.due_date) for row in rows],
            # A correction is no activity of the owner.
            ["2025-08-01", "2025-03-15"],
        )
        self.assertEqual(rows.mapped("balance"), [30, 60])
        self.assertEqual(rows.rule_id.state_id, self.state)

    def test_given_away_and_unpaid_are_due_to_nobody(self):
        given = self._issue(50, funding="promotion")
        unpaid = self._sell(40)
        self.assertTrue(unpaid.awaits_payment)
        rows = self.dues.search([("stored_value_id", "in", (given | unpaid).ids)])
        self.assertFalse(rows)

    def test_exempt(self):
        value = self._issue(50)
        row = self.dues.browse(value.id)
        rule = self.env["account.unclaimed.rule"].create(
            {
                "kind": "exempt",
                "country_id": self.state.country_id.id,
                "state_id": self.state.id,
                "company_id": self.company.id,
                "valid_from": "2024-01-01",
                "exemption": "services",
            }
        )
        for exemption, exempt in (("services", False), ("no_expiry", True)):
            rule.exemption = exemption
            row.invalidate_model()
            self.assertEqual(bool(row.exemption_id), exempt, exemption)
            self.assertEqual(bool(row.due_date), not exempt, exemption)
        with self.assertRaisesRegex(UserError, "exempt"):
            row.action_hand()
        rule.exemption = "services"
        self.company.stored_value_for_services = True
        row.invalidate_model()
        self.assertTrue(row.exemption_id)

    def test_rules_of_states(self):
        # {state: when what was issued on March 15, 2024 is due}
        cases = {
            1: "2027-03-15",  # Alabama
            2: "2027-03-15",  # Alaska
            5: False,  # California: no gift card without an expiration date
            10: False,  # Florida has no rule here
            20: False,  # Maine: none since 2022
            27: "2029-03-15",  # New York
            44: False,  # Texas: as California
        }
        for number, expected in cases.items():
            value = self._issue(50)
            value.holder_state_id = self.env.ref(f"base.state_us_{number}")
            row = self.dues.browse(value.id)
            self.assertEqual(row.due_date and str(row.due_date), expected, number)
            self.assertEqual(bool(row.exemption_id), number in (5, 20, 44), number)
        # In Texas one that expires is due after three years.
        self.company.paid_value_expires = True
        value.expiry_date = "2030-01-01"
        row.invalidate_model()
        self.assertFalse(row.exemption_id)
        self.assertEqual(str(row.due_date), "2027-03-15")

    # -------------------------------------------------------------------------
    # LETTERS
    # -------------------------------------------------------------------------

    def test_letters(self):
        value = self._issue(50)
        row = self.dues.browse(value.id)
        action = row.action_print_letters()
        letter = self.env["account.unclaimed.letter"].search([])
        self.assertEqual(
            action["report_name"], "account_credit_posting.report_unclaimed_letter"
        )
        self.assertEqual((letter.amount, letter.way), (50, "print"))
        self.assertEqual(row.letter_date, letter.date)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account_credit_posting.report_unclaimed_letter", letter.ids
        )
        for text in (value.name, "50.00", "Delaware", "03/15/2025"):
            self.assertIn(text, html.decode())
        row.action_send_letters()
        mail = self.env["mail.mail"].search([], order="id desc", limit=1)
        self.assertEqual(mail.email_to, "family@example.com")
        self.assertIn("Delaware", mail.body_html)
        self.assertIn(value.name, mail.subject)

    def test_answer_of_the_owner_is_an_activity(self):
        value = self._issue(50)
        row = self.dues.browse(value.id)
        row.action_print_letters()
        row.action_owner_answered()
        self.assertEqual(row.activity_date, self.today)
        self.assertFalse(row.due_date <= self.today)
        with self.assertRaisesRegex(UserError, "not due until"):
            row.action_hand()

    def test_no_letter_without_an_address(self):
        self.account.email = False
        value = self._issue(50)
        with self.assertRaisesRegex(UserError, value.name):
            self.dues.browse(value.id).action_send_letters()

    # -------------------------------------------------------------------------
    # HAND TO THE STATE
    # -------------------------------------------------------------------------

    def test_entries(self):
        value = self._issue(50)
        self._use(value, 20)
        self._age(value)
        row = self._hand(value)
        self.assertEvents(
            value,
            [
                ("issue", [(self.sold, -50, -50), (self.outstanding, 50, 50)]),
                ("use", [(self.sold, 20, 20), (self.receivable, -20, -20)]),
                ("hand", [(self.sold, 30, 30), (self.payable, -30, -30)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (0, "handed"))
        self.assertEqual(
            (row.amount, row.state, row.state_id), (30, "handed", self.state)
        )
        self.assertIn("Delaware", row.reason)
        self.assertIn("Delaware", value.message_ids[0].body)
        self.assertEqual(row.sudo().item_id.partner_id, self.account)
        # README says: "The card cannot be used any more and says why."
        invoice = self._create_invoice(self.account, 10)
        with self.assertRaises(UserError):
            value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertFalse(self.dues.search([("stored_value_id", "=", value.id)]))

    def _age(self, value):
        """Let the rule hold at once for what was used today."""
        self.env["account.unclaimed.due"].invalidate_model()
        with self.assertRaisesRegex(UserError, "not due until"):
            self._hand(value)
        self.enterContext(freeze_time("2027-12-31 15:00:00"))

    def test_remitted(self):
        values = [self._issue(50), self._issue(25)]
        values[1].with_user(self.clerk).action_block("Lost")
        rows = self._hand(*values)
        self.assertFalse(self._propose(rows).partner_id)
        self._remit(rows)
        self.assertEqual(rows.mapped("state"), ["remitted", "remitted"])
        payment = self.env["account.payment"].search(
            [("partner_id", "=", self.agency.id)]
        )
        self.assertItems(
            payment.move_id, [(self.payable, 75, 75), (self.paid_out, -75, -75)]
        )
        self.assertEqual(rows.sudo().item_id.mapped("amount_residual"), [0, 0])
        # A second click, and what is paid is not taken back.
        with self.assertRaisesRegex(UserError, "already"):
            self._remit(rows)
        with self.assertRaisesRegex(UserError, "already"):
            rows.action_take_back()
        # The next ones are paid to the same office, from the same bank.
        proposal = self._propose(self._hand(self._issue(10)))
        self.assertEqual(
            (proposal.partner_id, proposal.journal_id), (self.agency, self.bank)
        )
        # Without the payment it is owed again.
        payment.action_draft()
        self.assertEqual(rows.mapped("state"), ["handed", "handed"])

    def test_taken_back(self):
        value = self._issue(50)
        row = self._hand(value)
        row.action_take_back()
        self.assertEvents(
            value,
            [
                ("issue", [(self.sold, -50, -50), (self.outstanding, 50, 50)]),
                ("hand", [(self.sold, 50, 50), (self.payable, -50, -50)]),
                ("hand", [(self.sold, -50, -50), (self.payable, 50, 50)]),
            ],
        )
        self.assertEqual((value.balance, value.state), (50, "active"))
        self.assertEqual(row.state, "back")
        with self.assertRaisesRegex(UserError, "already"):
            row.action_take_back()
        with self.assertRaisesRegex(UserError, "already"):
            self._remit(row)
        # It is due again.
        self.assertEqual(self._hand(value).state, "handed")

    def test_taken_back_while_its_invoice_is_unpaid(self):
        value = self._sell(40)
        invoice = value.invoice_id
        payments = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        payment = payments.create({"payment_date": "2024-03-15"})._create_payments()
        self.assertEqual(value.state, "active")
        row = self._hand(value)
        # The cheque bounces.
        payment.action_cancel()
        self.assertEqual(value.state, "handed")
        row.action_take_back()
        self.assertEqual((value.state, value.awaits_payment), ("blocked", True))

    def test_what_comes_back_is_owed_to_the_owner(self):
        value = self._issue(50)
        self._use(value, 20)
        self._age(value)
        self._hand(value)
        self.env["account.credit.application"].search(
            [("stored_value_id", "=", value.id)]
        ).with_user(self.clerk).action_unapply()
        self.assertEqual((value.balance, value.state), (20, "active"))

    def test_foreign_currency(self):
        currency = self.setup_other_currency(
            "KWD", rounding=0.001, rates=[("2024-01-01", 0.5), ("2024-03-16", 0.25)]
        )
        value = self._issue("10.125", currency_id=currency.id)
        row = self._hand(value)
        self.assertEvents(
            value,
            [
                (
                    "issue",
                    [
                        (self.sold, -20.25, -10.125),
                        (self.outstanding, 20.25, 10.125),
                    ],
                ),
                (
                    "hand",
                    [(self.sold, 20.25, 10.125), (self.payable, -20.25, -10.125)],
                ),
            ],
        )
        self._remit(row)
        self.assertEqual(row.state, "remitted")
        items = self.env["account.move.line"].search(
            [("account_id", "=", self.payable.id)]
        )
        # What the rate has changed until it was paid is an exchange difference.
        self.assertEqual(sum(items.mapped("balance")), 0)
        self.assertEqual(sum(items.mapped("amount_currency")), 0)

    # -------------------------------------------------------------------------
    # WHAT IS REFUSED
    # -------------------------------------------------------------------------

    def test_second_click(self):
        value = self._issue(50)
        rows = self.dues.browse(value.id)
        rows.action_hand()
        with self.assertRaisesRegex(UserError, value.name):
            rows.action_hand()
        self.assertEqual(len(value.move_line_ids), 2)

    def test_one_that_is_not_due_stops_all(self):
        value, other = self._issue(50), self._issue(50)
        other.holder_state_id = self.env.ref("base.state_us_27")
        with self.assertRaisesRegex(UserError, f"{other.name} is not due until"):
            self._hand(value, other)
        other.holder_state_id = False
        with self.assertRaisesRegex(UserError, f"{other.name}: no rule"):
            self._hand(value, other)
        self.assertEqual(value.state, "active")

    def test_locked_date(self):
        value = self._issue(50)
        other = self._hand(self._issue(10))
        self.company.hard_lock_date = self.today
        with self.assertRaisesRegex(UserError, "locked"):
            self._hand(value)
        with self.assertRaisesRegex(UserError, "locked"):
            self._remit(other)
        with self.assertRaisesRegex(UserError, "locked"):
            other.action_take_back()

    def test_paid_not_before_it_was_handed(self):
        row = self._hand(self._issue(10))
        with self.assertRaisesRegex(UserError, "later one"):
            self._remit(row, date="2024-04-01")

    def test_several_states_are_several_payments(self):
        self._owe_to_a_state(number=27)
        other = self._issue(25)
        other.holder_state_id = self.env.ref("base.state_us_27")
        rows = self._hand(self._issue(50), other)
        with self.assertRaisesRegex(UserError, "one state"):
            self._remit(rows)

    def test_no_account(self):
        self.company.unclaimed_property_account_id = False
        with self.assertRaisesRegex(UserError, "no account for unclaimed property"):
            self._hand(self._issue(10))

    def test_rights(self):
        value = self._issue(50)
        for user in (self.clerk, self.accountant):
            row = self.env["account.unclaimed.due"].with_user(user).browse(value.id)
            for method in (
                "action_hand",
                "action_print_letters",
                "action_send_letters",
                "action_owner_answered",
            ):
                with self.assertRaises(AccessError):
                    getattr(row, method)()
        row = self._hand(value)
        for user in (self.clerk, self.accountant):
            with self.assertRaises(AccessError):
                row.with_user(user).action_take_back()
        with self.assertRaises(AccessError):
            row.state = "remitted"

    def test_other_company(self):
        value = self._issue(50)
        other = self.setup_other_company()["company"]
        self.manager.write({"company_ids": [(4, other.id)]})
        dues = self.dues.with_context(allowed_company_ids=other.ids)
        with self.assertRaises(AccessError):
            dues.browse(value.id).action_hand()
        row = self._hand(value)
        with self.assertRaises(AccessError):
            row.with_context(allowed_company_ids=other.ids).action_take_back()

    # -------------------------------------------------------------------------
    # REPORTS
    # -------------------------------------------------------------------------

    def test_column_of_the_liability_report(self):
        values = self._issue(50), self._issue(25)
        rows = self._hand(*values)
        rows[1].action_take_back()
        self.assertShown(
            self._show(),
            {
                ("account", "Gift Cards Sold"): {
                    "sold": 75,
                    "handed": -50,
                    "closing": 25,
                }
            },
        )

    def test_ledger_is_proven(self):
        rows = self._hand(self._issue(50), self._issue(25))
        rows[1].action_take_back()
        proof = self.env["account.credit.proof"].sudo()._prove(self.company)
        self.assertEqual(proof.state, "proven")
        check = proof.check_ids.filtered(lambda check: check.code == "handed")
        self.assertEqual(check.checked_count, 2)
