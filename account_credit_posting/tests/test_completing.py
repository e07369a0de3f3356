from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.account_credit_posting.tools import posting

from .common_stored_value import StoredValueCommon

#: What differs between two rows of the same content.
OWN = {
    "id",
    "create_date",
    "credit_batch_id",
    "credit_line_id",
    "full_reconcile_id",
    "invoice_origin",
    "matching_number",
    "move_id",
    "move_name",
    "name",
    "payment_reference",
    "ref",
    "reversed_entry_id",
    "secure_sequence_number",
    "sequence_number",
    "stored_value_id",
    "access_token",
    "write_date",
}


@tagged("post_install", "-at_install")
class TestCompleting(StoredValueCommon):
    """What items are given complete is what Odoo computes of them, each column."""

    def _read(self, moves):
        """Return all columns of entries and of their items, but their own ones."""
        self.env.flush_all()
        rows = []
        for table, names in (
            ("account_move", {"id": moves.ids}),
            ("account_move_line", {"move_id": moves.ids}),
        ):
            [(name, ids)] = names.items()
            self.env.cr.execute(
                f"SELECT * FROM {table} WHERE {name} = ANY(%s) ORDER BY id",  # noqa: S608
                [ids],
            )
            rows += [
                {name: value for name, value in row.items() if name not in OWN}
                for row in self.env.cr.dictfetchall()
            ]
        return rows

    def assertSameAsComputed(self, book):
        """Book twice, complete and left to Odoo, and compare each column.

        :param book: returns ``account.move`` records
        """
        completed = self._read(book())
        with patch.object(posting, "_complete") as complete:
            computed = self._read(book())
        self.assertTrue(complete.called)
        self.assertEqual(len(completed), len(computed))
        for ours, odoos in zip(completed, computed, strict=True):
            self.assertEqual(ours, odoos)

    def _post_three(self, **vals):
        batch = self._create_batch(
            dict(zip(self.accounts[:3], (10, 0.01, 13.77), strict=True)), **vals
        )
        batch.action_post()
        self.assertEqual(batch.state, "done")
        return batch.line_ids

    def test_credit_notes(self):
        self.assertSameAsComputed(lambda: self._post_three().move_id)

    def test_entry_for_many(self):
        self.assertSameAsComputed(
            lambda: self._post_three(document_form="entry").move_id
        )

    def test_foreign_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.7331)])

        def book():
            lines = self._create_batch({self.account: 9.99}).line_ids
            lines.currency_id = euro
            lines.batch_id.document_form = "entry"
            lines.batch_id.action_post()
            return lines.move_id

        self.assertSameAsComputed(book)

    def test_reversals_of_taxed_and_untaxed_credits(self):
        tax = self.company_data["default_tax_sale"]
        taxed = self._create_credit_item("Taxed", taxes_id=tax.ids)

        def book():
            moves = self.env["account.move"]
            for item in (self.item, taxed):
                lines = self._post_three(credit_item_id=item.id)
                # A part is used, so that an entry takes back the rest.
                self._create_invoice(lines[0].partner_id, 5)
                lines.batch_id.with_user(self.manager).action_reverse("unused")
                counterparts = lines.move_line_id.matched_debit_ids.debit_move_id
                moves += counterparts.move_id.filtered("reversed_entry_id")
            return moves

        self.assertSameAsComputed(book)

    def test_use_of_stored_value_and_what_undoes_it(self):
        def book():
            value = self._issue(50)
            invoice = self._create_invoice(self.account, 30)
            value.apply_to_invoice(invoice.id)
            application = invoice.credit_application_ids
            use = application.credit_move_id
            application.action_unapply()
            return use + use.reversal_move_ids

        self.assertSameAsComputed(book)
