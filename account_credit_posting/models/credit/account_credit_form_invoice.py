from functools import cache, partial

from odoo import api, fields, models
from odoo.fields import Command

from ...tools.posting import with_posting


class AccountCreditFormInvoice(models.AbstractModel):
    """Post an invoice for each account, and a credit note beside it that pays it."""

    _name = "account.credit.form.invoice"
    _inherit = "account.credit.form.note"
    _description = "Invoices with Credit Notes"

    @api.model
    def _get_charges(self, lines):
        batch = lines.batch_id
        item = batch.charge_item_id
        compute = cache(partial(self._compute_charge, batch, self._get_analytic(batch)))
        get_basis = cache(partial(self._get_basis, batch, item))
        get_label = cache(partial(self._get_label, batch, item))
        charges = {}
        for line in lines:
            position = line._get_fiscal_position()
            term = self._get_charge_term(line)
            basis = get_basis(position, line.currency_id)
            computed = compute(basis, line.charge_amount, term)
            charges[line] = self._build_items(line, position, *computed)
            charges[line].others[0]["name"] = get_label(line.partner_id.lang)
        return charges

    @api.model
    def _get_invoiced(self, line):
        batch = line.batch_id
        if line.invoice_id or not batch.use_invoice_taxes:
            return super()._get_invoiced(line)
        # The invoice is not posted yet.
        item = batch.charge_item_id
        position = line._get_fiscal_position()
        basis = self._get_basis(batch, item, position, line.currency_id)
        charged = self._prepare_base_lines(batch, item, basis, line.charge_amount)
        self.env["account.tax"]._round_base_lines_tax_details(charged, batch.company_id)
        return charged

    @api.model
    def _get_charge_term(self, line):
        """Return the ``account.payment.term`` of the invoice of a line, if any."""
        batch = line.batch_id
        if batch.invoice_payment_term_id or batch.invoice_date_due:
            return batch.invoice_payment_term_id
        account = line.partner_id.with_company(batch.company_id)
        return account.property_payment_term_id

    @api.model
    def _compute_charge(self, batch, analytic, basis, price, term):
        """Compute both sides of an invoice, but for what its customer has.

        :param analytic: see :meth:`_prepare_product_vals`
        :param basis: see :meth:`_get_basis`
        :param term: the ``account.payment.term`` of the invoice, or an empty one
        :return: ``(others, dues)``, see :meth:`_build_items`
        """
        company = batch.company_id
        currency = basis.currency
        item = batch.charge_item_id
        if self._get_mapped_taxes(company, item, basis):
            others = self._compute_taxed(batch, item, basis, price, term)
        else:
            others = [
                self._prepare_free_item(company, item, analytic, basis, price, sign=-1)
            ]
        amount, balance = self._sum_items(company, currency, others)
        if not term:
            # Where nobody says anything else, Odoo calls an invoice due today.
            due = batch.invoice_date_due or fields.Date.context_today(batch)
            return others, [(due, -amount, -balance)]
        tax, tax_balance = self._sum_items(
            company,
            currency,
            [vals for vals in others if vals["display_type"] == "tax"],
        )
        parts = term._compute_terms(
            date_ref=batch.date,
            currency=currency,
            company=company,
            tax_amount=-tax_balance,
            tax_amount_currency=-tax,
            sign=1,
            untaxed_amount=tax_balance - balance,
            untaxed_amount_currency=tax - amount,
        )["line_ids"]
        dues = {}  # {due date: [amount in currency, balance]}: Odoo makes one item
        for part in parts:
            sums = dues.setdefault(part["date"], [0, 0])
            sums[0] += part["foreign_amount"]
            sums[1] += part["company_amount"]
        return others, [(due, *sums) for due, sums in dues.items()]

    @api.model
    def _post(self, lines):
        self._isolate(lines, self._post_invoices)

    @api.model
    def _post_invoices(self, lines):
        """Post the invoices of the lines, and then the credits that pay them.

        All of it or nothing: the caller isolates what is refused, so that no line is
        left with an invoice and without its credit.
        """
        invoices = self._create_invoices(lines)
        # The credit of the line comes first, before what else is on the account.
        self._post_as_block(with_posting(invoices, is_charging=True))
        credited = lines.filtered(lambda line: line._is_credited())
        for line, invoice in zip(lines, invoices, strict=True):
            line._write_guarded({"invoice_id": invoice.id})
        if credited:
            self._post_notes(self._create_notes(credited))
        for line in lines:
            line._update_state("posted", error=False, charge_move_id=line.invoice_id.id)
        alone = (lines - credited).charge_move_id
        for observer in self.env["account.credit.observer"]._find_observers():
            observer._on_charged(alone)

    @api.model
    def _create_invoices(self, lines):
        """Create one draft invoice per line.

        :return: ``account.move`` records, in the order of the lines
        """
        company = lines.company_id
        form = self.with_company(company)
        if self._is_plain(lines):
            return form._create_complete(
                company,
                [
                    self._prepare_invoice_vals(line)
                    | {
                        "fiscal_position_id": items.position.id,
                        "invoice_payment_term_id": self._get_charge_term(line).id,
                        "invoice_date_due": max(
                            vals["date_maturity"] for vals in items.receivables
                        ),
                        "line_ids": [Command.create(vals) for vals in items.all],
                    }
                    for line, items in self._get_charges(lines).items()
                ],
            )
        batch = lines.batch_id
        item = batch.charge_item_id
        analytic = self._get_analytic(batch)
        get_label = cache(partial(self._get_label, batch, item))
        return form._get_moves(company).create(
            [
                self._prepare_invoice_vals(line)
                | {
                    "invoice_line_ids": self._prepare_typed_lines(
                        item,
                        analytic,
                        line.charge_amount,
                        get_label(line.partner_id.lang),
                    )
                }
                for line in lines
            ]
        )

    @api.model
    def _is_plain(self, lines):
        """Tell whether the items of the lines' invoices are all that Odoo would derive.

        It derives more from taxes, from the discount of an early payment, from the cash
        rounding that documents have by default, and where another addon adds some.
        """
        batch = lines.batch_id
        company = batch.company_id
        item = batch.charge_item_id
        rounding = self.env["account.move"].default_get(["invoice_cash_rounding_id"])
        if (
            self._is_derived(company)
            or rounding.get("invoice_cash_rounding_id")
            or any(self._get_charge_term(line).early_discount for line in lines)
        ):
            return False
        kinds = {(line._get_fiscal_position(), line.currency_id) for line in lines}
        return not any(
            self._get_mapped_taxes(
                company, item, self._get_basis(batch, item, position, currency)
            )
            for position, currency in kinds
        )

    @api.model
    def _prepare_invoice_vals(self, line):
        """Prepare the invoice of a line as a user would type it, but for its items.

        :return: values for ``account.move.create``: ``out_invoice``
        """
        batch = line.batch_id
        vals = {
            "move_type": "out_invoice",
            "company_id": batch.company_id.id,
            "partner_id": line.partner_id.id,
            "currency_id": line.currency_id.id,
            "date": batch.date,
            "invoice_date": batch.date,
            "invoice_origin": batch.name,
        }
        if batch.invoice_payment_term_id:
            vals["invoice_payment_term_id"] = batch.invoice_payment_term_id.id
        elif batch.invoice_date_due:
            vals["invoice_payment_term_id"] = False
            vals["invoice_date_due"] = batch.invoice_date_due
        return vals
