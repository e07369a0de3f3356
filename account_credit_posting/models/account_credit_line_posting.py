import logging

from odoo import models
from odoo.fields import Command

from ..narrowing import explain_refusal, narrow

_logger = logging.getLogger(__name__)


class AccountCreditLine(models.Model):
    """Turn pending credit lines into posted credit notes, and reverse them."""

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    def _post(self):
        """Post the lines of a chunk, or give a reason for each that cannot be.

        The caller holds the lock on the lines, and has checked the right.
        """
        self._take_capped_accounts()
        faults = self._get_faults()
        for line, fault in faults.items():
            line._set_failed(fault)
        self.browse(line.id for line in self if line not in faults)._post_narrowing()

    def _post_narrowing(self):
        """Post the lines as one set; those that are refused alone fail alone.

        Credit notes are created, and then posted, each narrowed down for itself: what
        is refused on posting does not cost the others their creation.
        """
        # Odoo asks for the users of each new customer, one by one: read all at once.
        self.partner_id.mapped("user_ids")
        batch = self.batch_id
        if batch.charge_item_id:
            self._narrow(lambda lines: lines._charge_and_credit())
        elif batch.document_form == "entry":
            self._narrow(lambda lines: lines._create_entry())
        else:
            drafts = self._narrow(lambda lines: lines._create_moves())
            moves = self.env["account.move"].with_context(**self._get_posting_context())
            moves.concat(*drafts)._post_credits_narrowing()

    def _narrow(self, attempt):
        """Do something with the lines; those that are refused alone fail alone.

        :param attempt: called with a set of lines
        :return: list of what it returned
        """
        return narrow(
            self.env.cr,
            self,
            attempt,
            lambda line, refusal: line._set_failed(line._get_refusal_message(refusal)),
        )

    def _get_refusal_message(self, refusal):
        """Turn an exception into a sentence that says what to do.

        :param refusal: the exception that came of posting this line alone
        """
        self.ensure_one()
        return self._get_not_credited_message(
            explain_refusal(self.env, refusal, _logger, f"Credit line {self.id}")
        )

    def _create_moves(self):
        """Create one draft credit note per line.

        :return: ``account.move`` records, in the order of the lines
        """
        if not self:
            return self.env["account.move"]
        models_sudo = self.env["account.analytic.distribution.model"].sudo()
        # Odoo looks for one for each line: once is enough to know that there is none.
        has_models = bool(models_sudo.search_count([], limit=1))
        lines = self.with_context(has_analytic_models=has_models)
        vals_list = [line._prepare_move_vals() for line in lines]
        if not self[0]._is_taxed():
            return self._create_complete_entry(vals_list)
        # Taxes, and what follows from them, are Odoo's to compute.
        moves = self.env["account.move"].with_context(**self._get_posting_context())
        return moves.create(vals_list)

    def _prepare_move_vals(self):
        """Prepare the credit note of the line.

        The private comment is nowhere on it.

        :return: values for ``account.move.create``: ``out_refund``, one invoice line
            with the credit item, no payment term, so that one receivable line is due
            at once
        """
        self.ensure_one()
        batch = self.batch_id
        company = batch.company_id
        position = self._get_fiscal_position()
        move_vals = {
            "move_type": "out_refund",
            "journal_id": company._get_credit_journal().id,
            "company_id": company.id,
            "partner_id": self.partner_id.id,
            "fiscal_position_id": position.id,
            "currency_id": self.currency_id.id,
            "date": batch.date,
            "invoice_date": batch.date,
            "invoice_date_due": batch.date,
            "invoice_payment_term_id": False,
            "invoice_origin": batch.name,
            "credit_line_id": self.id,
        }
        item_vals = self._prepare_item_vals()
        if self._is_taxed():
            # Taxes are Odoo's to compute.
            move_vals["invoice_line_ids"] = [Command.create(item_vals)]
        else:
            move_vals["line_ids"] = self._prepare_untaxed_lines_commands(
                item_vals, self._get_item_account(position), position
            )
        return move_vals

    def _prepare_item_vals(self):
        """Prepare the invoice line of the credit note: item, label and price."""
        self.ensure_one()
        batch = self.batch_id
        vals = {
            "product_id": batch.credit_item_id.id,
            "name": self._get_item_label(),
            "quantity": 1,
            "price_unit": self.amount,
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        elif not self.env.context.get("has_analytic_models", True):
            vals["analytic_distribution"] = False
        return vals

    def _get_item_label(self):
        """Return what the customer reads: the credit item and the public comment."""
        self.ensure_one()
        item = self.credit_item_id.with_context(lang=self.partner_id.lang)
        label = item.get_product_multiline_description_sale()
        comment = self.batch_id.public_comment
        return f"{label}\n{comment}" if comment else label

    def _get_item_account(self, position):
        """Return the ledger account that the credit item debits.

        :param position: the fiscal position of the account
        """
        self.ensure_one()
        item = self.credit_item_id.with_company(self.company_id)
        accounts = item.product_tmpl_id.get_product_accounts(fiscal_pos=position)
        return accounts["income"]

    def _prepare_untaxed_lines_commands(self, item_vals, account, position):
        """Prepare both journal items of a credit note without tax.

        Given complete, Odoo need not derive one from the other, which is half of
        what an entry costs (``account.move._sync_dynamic_lines``). The values are
        those that it would derive.

        :param item_vals: of :meth:`_prepare_item_vals`
        :param account: the ledger account of the item, after the fiscal position
        :param position: the fiscal position of the account
        """
        self.ensure_one()
        balance = self._convert_to_company(self.amount)
        receivable = self._get_receivable(position)
        common_vals = {
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
        }
        return [
            Command.create(
                {
                    **common_vals,
                    **item_vals,
                    "display_type": "product",
                    "product_uom_id": self.credit_item_id.uom_id.id,
                    "account_id": account.id,
                    "amount_currency": self.amount,
                    "balance": balance,
                    "tax_ids": [],
                }
            ),
            Command.create(
                {
                    **common_vals,
                    "display_type": "payment_term",
                    "account_id": receivable.id,
                    "date_maturity": self.date,
                    "amount_currency": -self.amount,
                    "balance": -balance,
                }
            ),
        ]

    def _get_preview_items(self):
        """Return what the credit note of the line will book, without creating it.

        :return: ``{"total": in the currency of the line, "receivable": its ledger
            account, "balances": [(ledger account, balance in company currency)]}``
        """
        self.ensure_one()
        position = self._get_fiscal_position()
        receivable = self._get_receivable(position)
        company = self.company_id
        income = self._get_item_account(position)
        taxes = self.credit_item_id.taxes_id._filter_taxes_by_company(company)
        computed = position.map_tax(taxes).compute_all(
            self.amount,
            currency=self.currency_id,
            product=self.credit_item_id,
            partner=self.partner_id,
            is_refund=True,
        )
        balances = [(income, self._convert_to_company(computed["total_excluded"]))]
        for tax in computed["taxes"]:
            account = self.env["account.account"].browse(tax["account_id"]) or income
            balances.append((account, self._convert_to_company(tax["amount"])))
        total_company = sum(balance for _account, balance in balances)
        return {
            "total": computed["total_included"],
            "receivable": receivable,
            "balances": [*balances, (receivable, -total_company)],
        }

    def _get_receivable(self, position):
        """Return the receivable account of the credit note.

        :param position: the fiscal position of the account
        """
        self.ensure_one()
        account = self.partner_id.with_company(self.company_id)
        return position.map_account(account.property_account_receivable_id)

    def _convert_to_company(self, amount):
        """Convert an amount to company currency, at the rate of the date."""
        self.ensure_one()
        company = self.company_id
        return self.currency_id._convert(
            amount, company.currency_id, company, self.date
        )

    def _get_fiscal_position(self):
        """Return the fiscal position as ``account.move`` finds it."""
        self.ensure_one()
        positions = self.env["account.fiscal.position"].with_company(self.company_id)
        delivery = self.partner_id.address_get(["delivery"])["delivery"]
        return positions._get_fiscal_position(
            self.partner_id, delivery=self.env["res.partner"].browse(delivery)
        )

    def _is_taxed(self):
        """Tell whether the credit item has taxes in the company.

        Default taxes of its ledger account do not count: a credit item without taxes
        lowers none.
        """
        self.ensure_one()
        return bool(
            self.credit_item_id.taxes_id._filter_taxes_by_company(self.company_id)
        )
