from .common_application import AccountCreditApplicationCommon


class PromisedCreditCommon(AccountCreditApplicationCommon):
    """An item whose credits are booked when they are used."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.promotion = cls._create_credit_item("10 off", credit_booking="used")

    def _promise(self, amount=10, account=None, **vals):
        """Give a promised credit and return its line."""
        vals = {"credit_item_id": self.promotion.id, **vals}
        line = self._post_line(amount, account, **vals)
        self.assertTrue(line.is_promised)
        return line

    def _run_cron(self, name):
        """Run a scheduled action, which commits."""
        with self.enter_registry_test_mode():
            cron = self.env.ref(f"account_credit_posting.ir_cron_{name}")
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def assertPromise(self, line, used, unused, state="posted"):
        """Assert what is used of a promised credit, and that the ledger says so."""
        line.invalidate_recordset()
        self.assertCommittable()
        draws = line.draw_ids.filtered(lambda draw: draw.state == "posted")
        self.assertEqual(
            {
                "state": line.state,
                "used": sum(draws.mapped("amount")),
                "booked": -sum(draws.move_line_id.mapped("amount_currency")),
                "applied": line.amount_applied,
                "open": line.amount_open,
            },
            {
                "state": state,
                "used": used,
                "booked": used,
                "applied": used,
                "open": unused,
            },
        )
        self.assertFalse(line.move_id | line.move_line_id.move_id)
        for batch in line.draw_ids.batch_id:
            self.assertLedgerSound(batch)
