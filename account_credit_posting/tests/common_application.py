from .common import AccountCreditCommon


class AccountCreditApplicationCommon(AccountCreditCommon):
    """What tests of applications ask again and again."""

    def assertPays(self, credit_line, expected):
        """Assert which invoices a credit pays, and that the ledger says the same.

        :param expected: ``[(invoice, amount)]`` in the order in which they were paid
        """
        applied = credit_line.move_id.used_application_ids.filtered(
            lambda application: application.state == "applied"
        ).sorted("id")
        self.assertEqual([(item.invoice_id, item.amount) for item in applied], expected)
        for item in applied:
            self.assertEqual(item.partial_id.debit_amount_currency, item.amount)
            self.assertEqual(
                item.partial_id.credit_move_id.move_id, credit_line.move_id
            )
            self.assertEqual(item.partial_id.debit_move_id.move_id, item.invoice_id)
        self.assertAlmostEqual(
            credit_line.move_id.amount_residual,
            credit_line.move_id.amount_total - sum(applied.mapped("amount")),
        )

    def assertRest(self, expected):
        """Assert what is left of documents.

        :param expected: ``{move: (residual, payment state)}``
        """
        self.assertEqual(
            {move: (move.amount_residual, move.payment_state) for move in expected},
            expected,
        )
