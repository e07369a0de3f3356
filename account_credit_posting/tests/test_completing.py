from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.account_credit_posting import localizations
from odoo.addons.account_credit_posting.models.credit import account_credit_form

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
        for query in (
            "SELECT * FROM account_move WHERE id = ANY(%s) ORDER BY id",
            "SELECT * FROM account_move_line WHERE move_id = ANY(%s)"
            " ORDER BY move_id, sequence, date_maturity, id",
        ):
            self.env.cr.execute(query, [moves.ids])
            rows += [
                {name: value for name, value in row.items() if name not in OWN}
                for row in self.env.cr.dictfetchall()
            ]
        return rows

    def assertSameAsComputed(self, book, without=None):
        """Book twice, complete and left to Odoo, and compare each column.

        :param book: returns ``account.move`` records
        :param without: a patch that leaves all to Odoo
        """
        completed = self._read(book())
        with without or patch.object(
            account_credit_form,
            "create_complete",
            side_effect=lambda moves, vals: moves.create(vals),
        ) as complete:
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

    def test_subtotals_that_are_given_are_not_computed(self):
        items = self.env.registry["account.move.line"]
        for form in ("entry", "credit_note"):
            with patch.object(items, "_compute_totals") as compute:
                self._post_three(document_form=form)
                self.env.flush_all()
            self.assertFalse(compute.called, form)

    def _charge(self, free=True, currency=None, **vals):
        """Compare the invoices of two batches, that of typed ones and that of ours.

        :param free: whether ours are created complete
        """
        form = self.env["account.credit.form.invoice"]
        create = self.env.registry[form._name]._create_complete
        created = []

        def watch(*args, **kwargs):
            moves = create(*args, **kwargs)
            created.extend(moves.mapped("move_type"))
            return moves

        def book():
            batch = self._create_batch(
                dict(zip(self.accounts[:3], (10, 0.01, 13.77), strict=True)), **vals
            )
            for line in batch.line_ids:
                line.charge_amount = 3 * line.amount
            if currency:
                batch.line_ids.currency_id = currency
            batch.action_post()
            self.assertEqual(batch.line_ids.mapped("state"), ["posted"] * 3)
            return batch.line_ids.charge_move_id

        with patch.object(self.env.registry[form._name], "_create_complete", watch):
            self.assertSameAsComputed(
                book,
                patch.object(
                    self.env.registry[form._name], "_is_plain", return_value=False
                ),
            )
        self.assertEqual(created.count("out_invoice"), 3 if free else 0)

    def _create_charge_item(self, **vals):
        return self.env["product.product"].create(
            {"name": "Tuition", "taxes_id": [], **vals}
        )

    def test_invoices(self):
        self._charge(charge_item_id=self._create_charge_item().id)

    def test_invoices_due_later(self):
        item = self._create_charge_item()
        thirty_days = self.env.ref("account.account_payment_term_30days")
        for vals in (
            {"invoice_date_due": "2024-05-01"},
            {"invoice_payment_term_id": thirty_days.id},
            {"invoice_payment_term_id": self.pay_terms_b.id},
        ):
            with self.subTest(vals=vals):
                self._charge(charge_item_id=item.id, **vals)
        self.accounts.property_payment_term_id = self.pay_terms_b
        self._charge(charge_item_id=item.id)

    def test_invoices_in_a_foreign_currency_with_analytic_distribution(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.7331)])
        plan = self.env["account.analytic.plan"].create({"name": "Sites"})
        sites = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("North", "South")]
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.account.id,
                "analytic_distribution": {str(sites[0].id): 100},
            }
        )
        item = self._create_charge_item()
        self._charge(charge_item_id=item.id, currency=euro)
        self._charge(
            charge_item_id=item.id,
            currency=euro,
            analytic_distribution={str(site.id): 50 for site in sites},
        )

    def test_invoices_of_which_odoo_derives_more(self):
        tax = self.company_data["default_tax_sale"]
        taxed = self._create_charge_item(taxes_id=tax.ids)
        self._charge(False, charge_item_id=taxed.id)
        item = self._create_charge_item()
        overrides = {("another_addon", "account.move.line", "_compute_account_id")}
        with patch.object(localizations, "find_overrides", return_value=overrides):
            self._charge(False, charge_item_id=item.id)
        term = self.env.ref("account.account_payment_term_30days_early_discount")
        self._charge(False, charge_item_id=item.id, invoice_payment_term_id=term.id)
        rounding = self._create_cash_rounding()
        self.env["ir.default"].set(
            "account.move", "invoice_cash_rounding_id", rounding.id
        )
        self._charge(False, charge_item_id=item.id)

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
