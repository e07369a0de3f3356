from odoo import fields, models
from odoo.fields import Command

from .account_credit_line import POSTING


class AccountCreditLine(models.Model):
    """Post a customer invoice for a credit line, which the credit then pays."""

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    charge_amount = fields.Monetary(
        string="Invoiced",
        help="The price on the invoice, in the currency of the line. Taxes of the item "
        "come on top, or are included, as the tax says.",
    )
    charge_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="restrict",
        help="What this line was invoiced by.",
    )
    charge_move_name = fields.Char(
        related="charge_move_id.name",
        string="Invoice Number",
    )

    _charge_move_id_unique = models.UniqueIndex(
        "(charge_move_id) WHERE charge_move_id IS NOT NULL",
        "An invoice belongs to one credit line only.",
    )
    _charged_is_complete = models.Constraint(
        "CHECK (charge_move_id IS NULL"
        " OR (partner_id IS NOT NULL AND charge_amount > 0))",
        "An invoiced line names an account and an amount above zero.",
    )

    def action_open_charge(self):
        """Open the invoice of the line.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.charge_move_id.name,
            "res_model": "account.move",
            "res_id": self.charge_move_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _is_credited(self):
        """Tell whether the line gives a credit: beside an invoice it need not."""
        self.ensure_one()
        return (
            not self.batch_id.charge_item_id
            or self.currency_id.compare_amounts(self.amount, 0) > 0
        )

    def _charge_and_credit(self):
        """Post the invoices of the lines, and then the credits that pay them.

        All of it or nothing: the caller narrows down what is refused, so that no line
        is left with an invoice and without its credit.
        """
        invoices = self._create_charges()
        # The credit of the line comes first, before what else is on the account.
        invoices.with_context(credit_charging=POSTING)._post(soft=False)
        for line, invoice in zip(self, invoices, strict=True):
            line._write_result({"invoice_id": invoice.id})
        credited = self.filtered(lambda line: line._is_credited())
        if credited:
            credited._create_moves()._post_credits()
        for line in self:
            line._write_result(
                {
                    "state": "posted",
                    "error": False,
                    "charge_move_id": line.invoice_id.id,
                }
            )
        (self - credited).charge_move_id._apply_credits_of_accounts("invoice")

    def _create_charges(self):
        """Create one draft invoice per line.

        :return: ``account.move`` records, in the order of the lines
        """
        moves = self.env["account.move"].with_context(**self._get_posting_context())
        moves = moves.with_company(self.company_id)
        return moves.create([line._prepare_charge_vals() for line in self])

    def _prepare_charge_vals(self):
        """Prepare the invoice of the line, as a user would type it.

        The private comment is nowhere on it.

        :return: values for ``account.move.create``: ``out_invoice``, one invoice line
        """
        self.ensure_one()
        batch = self.batch_id
        item = batch.charge_item_id.with_context(lang=self.partner_id.lang)
        label = item.get_product_multiline_description_sale()
        vals = {
            "product_id": item.id,
            "name": f"{label}\n{comment}"
            if (comment := batch.public_comment)
            else label,
            "quantity": 1,
            "price_unit": self.charge_amount,
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        move_vals = {
            "move_type": "out_invoice",
            "company_id": batch.company_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "date": batch.date,
            "invoice_date": batch.date,
            "invoice_origin": batch.name,
            "invoice_line_ids": [Command.create(vals)],
        }
        if batch.invoice_payment_term_id:
            move_vals["invoice_payment_term_id"] = batch.invoice_payment_term_id.id
        elif batch.invoice_date_due:
            move_vals["invoice_payment_term_id"] = False
            move_vals["invoice_date_due"] = batch.invoice_date_due
        return move_vals

    def _get_charge_preview_items(self):
        """Return what the invoice of the line will book, without creating it.

        :return: as :meth:`_get_preview_items`, and ``"terms": [(due date, amount in
            the currency of the line)]``
        """
        self.ensure_one()
        position = self._get_fiscal_position()
        receivable = self._get_receivable(position)
        item = self.batch_id.charge_item_id.with_company(self.company_id)
        accounts = item.product_tmpl_id.get_product_accounts(fiscal_pos=position)
        taxes = item.taxes_id._filter_taxes_by_company(self.company_id)
        computed = position.map_tax(taxes).compute_all(
            self.charge_amount,
            currency=self.currency_id,
            product=item,
            partner=self.partner_id,
        )
        balances = [
            (
                accounts["income"],
                -self._convert_to_company(computed["total_excluded"]),
            )
        ]
        for tax in computed["taxes"]:
            account = self.env["account.account"].browse(tax["account_id"])
            balances.append(
                (
                    account or accounts["income"],
                    -self._convert_to_company(tax["amount"]),
                )
            )
        total_company = sum(balance for _account, balance in balances)
        return {
            "total": computed["total_included"],
            "receivable": receivable,
            "balances": [(receivable, -total_company), *balances],
            "terms": self._get_charge_terms(computed),
        }

    def _get_charge_terms(self, computed):
        """Return when how much of the invoice is due.

        :param computed: of ``account.tax.compute_all``
        :return: ``[(due date, amount in the currency of the line)]``
        """
        self.ensure_one()
        batch = self.batch_id
        term = batch.invoice_payment_term_id
        if not term and not batch.invoice_date_due:
            term = self.partner_id.with_company(
                self.company_id
            ).property_payment_term_id
        if not term:
            due = batch.invoice_date_due or batch.date
            return [(due, computed["total_included"])]
        untaxed = computed["total_excluded"]
        tax = computed["total_included"] - untaxed
        terms = term._compute_terms(
            date_ref=batch.date,
            currency=self.currency_id,
            company=self.company_id,
            tax_amount=self._convert_to_company(tax),
            tax_amount_currency=tax,
            sign=1,
            untaxed_amount=self._convert_to_company(untaxed),
            untaxed_amount_currency=untaxed,
        )
        return [(part["date"], part["foreign_amount"]) for part in terms["line_ids"]]
