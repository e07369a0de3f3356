from datetime import date

from odoo import api, fields, models
from odoo.fields import Domain

from ..application_plan import OpenItem

#: Behind every credit that is posted: a new one comes last among equals.
NOT_POSTED_YET = 2**62

#: Accounts of which the preview shows all that will happen; of more, the first.
PREVIEWED = 500


class AccountPostTransaction(models.TransientModel):
    """Show what posting will do, before anything is posted."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    preview = fields.Json(
        compute="_compute_preview",
        help="What each account will get, which invoices it will pay, and the journal "
        "entry. See `_get_preview`.",
    )

    @api.depends(
        "step",
        "company_id",
        "date",
        "charge_item_id",
        "credit_item_id",
        "document_form",
        "invoice_date_due",
        "invoice_payment_term_id",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "line_ids.invoice_id",
    )
    def _compute_preview(self):
        for transaction in self:
            transaction.preview = (
                transaction.step == "setup"
                and transaction._is_previewable()
                and transaction.company_id in self.env.companies
                and transaction._get_preview()
            )

    def _is_previewable(self):
        """Tell whether the items are chosen that are to be posted."""
        self.ensure_one()
        is_charge = self.transaction_type == "invoice"
        return bool(
            self.date
            and (self.charge_item_id or not is_charge)
            and (self.credit_item_id or not self._is_credit_posted())
        )

    def _get_preview(self):
        """Return what posting this transaction now would do.

        The same code decides as when it is posted: the checks of the credit lines and
        the plan of the applications.

        :return: a dict that JSON can hold::

            {"accounts": [{"account_id", "name", "currency_id",
                           "charge": total of the invoice, taxes included, or 0,
                           "credit": total of the credit note, taxes included,
                           "pays": [{"invoice_id", "name", "date_due", "amount"}],
                           "also": what older credits, gift cards and prepayments
                                   pay on this occasion, with their "source",
                           "left": what stays open on the account,
                           "obstacle": why it stays open, or False,
                           "skipped": why nothing is posted, or False}],
             "totals": [{"currency_id", "charge", "credit", "pays", "left"}],
             "has_charges": whether accounts are invoiced,
             "posted_count", "skipped_count",
             "sample": how many accounts these are, where they are not all; or False,
             "entry": [{"account_id", "name", "debit", "credit"}],
             "entry_currency_id": currency of the entry, the company's}
        """
        self.ensure_one()
        self.check_access("read")
        # Whoever may post may know what posting does: it needs no right to read
        # entries or the chart of accounts.
        lines = self.sudo()._get_preview_lines()
        faults = lines._get_faults()
        posted = [line for line in lines if line not in faults]
        credits = {}  # {line: open item}
        charges = {}  # {line: total of its invoice}
        terms = []  # open items of the invoices
        entry = {}  # {account: balance}
        for number, line in enumerate(posted):
            balances = []
            if line.batch_id.charge_item_id:
                items = line._get_charge_preview_items()
                charges[line] = items["total"]
                balances += items["balances"]
                terms += self._get_preview_terms(line, items, number)
            if line._is_credited():
                items = line._get_preview_items()
                balances += items["balances"]
                credits[line] = self._get_preview_credit(line, items, number)
            for account, balance in balances:
                entry[account] = entry.get(account, 0) + balance
        totals = {line: credit.residual for line, credit in credits.items()}
        accounts = self.env["res.partner"].union(*(line.partner_id for line in posted))
        pays, also, obstacles = self._plan_preview(accounts, credits, terms)
        return {
            "accounts": [
                {
                    "account_id": line.partner_id.id,
                    "name": line.partner_id.display_name,
                    "currency_id": line.currency_id.id,
                    "charge": charges.get(line, 0),
                    "credit": totals.get(line, 0),
                    "pays": pays.get(line, []),
                    "also": also.get(line.partner_id, []),
                    "left": credits[line].residual if line in credits else 0,
                    "obstacle": obstacles.get(line, False),
                    "skipped": faults.get(line, False),
                }
                for line in lines
            ],
            "totals": self._get_preview_totals(posted, charges, credits, totals),
            "has_charges": bool(charges),
            "posted_count": len(posted),
            "skipped_count": len(faults),
            "sample": len(lines) < self.line_count and len(lines),
            "entry": self._get_preview_entry(entry),
            "entry_currency_id": self.company_id.currency_id.id,
        }

    def _get_preview_lines(self):
        """Return the credit lines that posting would create, not saved."""
        batch = self.env["account.credit.batch"].new(
            {
                "company_id": self.company_id,
                "date": self.date,
                **self._prepare_charge_vals(),
                "credit_item_id": self._is_credit_posted() and self.credit_item_id,
                "document_form": self._get_document_form(),
            }
        )
        rows = self._find_lines(Domain.TRUE, limit=PREVIEWED)
        # It may have changed, and not be saved yet.
        is_same_company = self.company_id == self._origin.company_id
        new = self.env["account.credit.line"].new
        return self.env["account.credit.line"].union(
            *(
                new(
                    {
                        **row._prepare_line_vals(),
                        "currency_id": row.currency_id
                        if is_same_company
                        else row._get_currency(self.company_id),
                        "batch_id": batch,
                    }
                )
                for row in rows
            )
        )

    @api.model
    def _get_preview_credit(self, line, items, number):
        return OpenItem(
            move=line,
            line=None,
            account=line.partner_id,
            ledger=items["receivable"],
            currency=line.currency_id,
            residual=items["total"],
            order=(0, date.max, False, line.date, NOT_POSTED_YET + number),
            # Its own invoice is not posted yet either: the line stands for both.
            named_invoice=line if line.batch_id.charge_item_id else line.invoice_id,
        )

    @api.model
    def _get_preview_terms(self, line, items, number):
        """Return the installments of the invoice of a line, not posted yet.

        :param items: see ``account.credit.line._get_charge_preview_items``
        """
        engine = self.env["account.credit.application"]
        limit = engine._get_due_limit(line.company_id, "invoice")
        return [
            OpenItem(
                move=line,
                line=None,
                account=line.partner_id,
                ledger=items["receivable"],
                currency=line.currency_id,
                residual=amount,
                order=(date_due, line.date, NOT_POSTED_YET + number),
                is_payable=limit is not None and date_due <= limit,
            )
            for date_due, amount in items["terms"]
        ]

    def _plan_preview(self, accounts, credits, terms):
        """Plan what the new credits pay, beside those that are open already.

        :param accounts: ``res.partner`` records
        :param credits: ``{line: open item}``; their residuals are lowered
        :param list terms: open items of invoices that are not posted yet
        :return: ``({line: what it pays}, {account: what others pay}, {line: why it
            cannot})``
        """
        engine = self.env["account.credit.application"].sudo()  # As in `_get_preview`.
        older = engine._find_open_credits(accounts, self.company_id, "credit")
        older += engine._find_automatic_values(accounts, self.company_id, "credit")
        applications, obstacles = engine._plan(
            [*older, *credits.values()], self.company_id, "credit", unposted=terms
        )
        pays = {}  # {line: [what it pays]}
        also = {}  # {account: [what others pay]}
        for application in applications:
            credit, term = application.credit, application.term
            is_unposted = term.line is None
            row = {
                "invoice_id": not is_unposted and term.move.id,
                "name": self.env._("this invoice") if is_unposted else term.move.name,
                "date_due": fields.Date.to_string(term.order[0]),
                "amount": application.amount,
            }
            if credit.move in credits:
                pays.setdefault(credit.move, []).append(row)
            else:
                row["source"] = credit.move.name
                also.setdefault(credit.account, []).append(row)
        reasons = {
            obstacle.credit.move: engine._get_obstacle_message(obstacle)
            for obstacle in obstacles
            if obstacle.credit.move in credits
        }
        return pays, also, reasons

    @api.model
    def _get_preview_totals(self, lines, charges, credits, totals):
        by_currency = {}  # {currency: [charge, credit, left]}
        for line in lines:
            sums = by_currency.setdefault(line.currency_id, [0, 0, 0])
            sums[0] += charges.get(line, 0)
            if line in credits:
                sums[1] += totals[line]
                sums[2] += credits[line].residual
        return [
            {
                "currency_id": currency.id,
                "charge": currency.round(charge),
                "credit": currency.round(credit),
                "pays": currency.round(credit - left),
                "left": currency.round(left),
            }
            for currency, (charge, credit, left) in by_currency.items()
        ]

    def _get_preview_entry(self, balances):
        """Return one entry for all accounts together, debits first.

        :param balances: ``{ledger account: balance}``, in company currency
        """
        currency = self.company_id.currency_id
        return [
            {
                "account_id": account.id,
                "name": account.display_name,
                "debit": currency.round(max(balance, 0)),
                "credit": currency.round(max(-balance, 0)),
            }
            for account, balance in sorted(
                balances.items(), key=lambda item: item[1] < 0
            )
            if not currency.is_zero(balance)
        ]
