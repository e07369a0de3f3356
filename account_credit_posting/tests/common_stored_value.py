from odoo.tools import SQL

from .common import AccountCreditCommon


class StoredValueCommon(AccountCreditCommon):
    """A company with the accounts of stored value, and what tests ask of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.values = cls.env["account.stored.value"]
        cls.bank = cls.company_data["default_journal_bank"]
        cls.sold = cls.company.gift_card_liability_account_id
        cls.prepaid = cls.company.prepayment_liability_account_id
        cls.given = cls.company.promotional_liability_account_id
        cls.promotion = cls.company.gift_card_promotion_account_id
        cls.breakage = cls.company.breakage_account_id
        cls.payable = cls.company.unclaimed_property_account_id
        cls.opening = cls.env["account.account"].create(
            {
                "name": "Opening Balances",
                "code": "OPENING",
                "account_type": "equity",
            }
        )
        cls.outstanding = (
            cls.env["account.payment"]
            .new({"company_id": cls.company.id})
            ._get_outstanding_account("inbound")
        )

    def setUp(self):
        super().setUp()
        self.addCleanup(self._forget_attempts)

    @classmethod
    def _owe_to_a_state(cls, years=1, number=8):
        """Let unused value be due to a state of the US; Delaware by default."""
        state = cls.env.ref(f"base.state_us_{number}")
        cls.env["account.unclaimed.rule"].create(
            {
                "kind": "dormancy",
                "country_id": state.country_id.id,
                "state_id": state.id,
                "company_id": cls.company.id,
                "valid_from": "2024-01-01",
                "years": years,
            }
        )
        return state

    def _forget_attempts(self):
        """Delete the wrong codes, which stay whatever becomes of a transaction."""
        self.env["account.stored.value.attempt"]._execute(
            SQL("DELETE FROM account_stored_value_attempt RETURNING id")
        )

    def _issue(self, amount=100, value_type="gift_card", funding="payment", **vals):
        """Issue a stored value, as the clerk if nobody else; keep its code."""
        if funding == "payment":
            vals.setdefault("journal_id", self.bank.id)
        answer = self.values.with_user(vals.pop("user", self.clerk)).issue(
            value_type,
            vals.pop("account", self.account).id,
            amount,
            funding,
            date="2024-03-15",
            **vals,
        )
        self.code = answer["code"]
        return self.values.browse(answer["id"])

    def assertEvents(self, value, expected):
        """Assert every entry of a stored value, to the last journal item.

        :param expected: ``[(event, [(account, balance, amount in currency)])]``
        """
        self.env.flush_all()
        moves = value.move_line_ids.move_id.sorted("id")
        self.assertEqual(
            [move.stored_value_event for move in moves],
            [event for event, _items in expected],
        )
        for move, (_event, items) in zip(moves, expected, strict=True):
            self.assertEqual(move.state, "posted")
            self.assertItems(move, items)
        self.assertTiesOut()
