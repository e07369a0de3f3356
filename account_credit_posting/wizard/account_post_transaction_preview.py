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
        "credit_item_id",
        "document_form",
        "line_ids.amount",
        "line_ids.currency_id",
        "line_ids.invoice_id",
    )
    def _compute_preview(self):
        for transaction in self:
            transaction.preview = (
                transaction.step == "setup"
                and bool(transaction.credit_item_id and transaction.date)
                and transaction.company_id in self.env.companies
                and transaction._get_preview()
            )

    def _get_preview(self):
        """Return what posting this transaction now would do.

        The same code decides as when it is posted: the checks of the credit lines and
        the plan of the applications.

        :return: a dict that JSON can hold::

            {"accounts": [{"account_id", "name", "currency_id",
                           "credit": total of the credit note, taxes included,
                           "pays": [{"invoice_id", "name", "date_due", "amount"}],
                           "also": what older credits, gift cards and prepayments
                                   pay on this occasion, with their "source",
                           "left": what stays open on the account,
                           "obstacle": why it stays open, or False,
                           "skipped": why nothing is posted, or False}],
             "totals": [{"currency_id", "credit", "pays", "left"}],
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
        credits = {}  # {line: open item}
        entry = {}  # {account: balance}
        for number, line in enumerate(lines):
            if line not in faults:
                items = line._get_preview_items()
                for account, balance in items["balances"]:
                    entry[account] = entry.get(account, 0) + balance
                credits[line] = self._get_preview_credit(line, items, number)
        totals = {line: credit.residual for line, credit in credits.items()}
        pays, also, obstacles = self._plan_preview(credits)
        return {
            "accounts": [
                {
                    "account_id": line.partner_id.id,
                    "name": line.partner_id.display_name,
                    "currency_id": line.currency_id.id,
                    "credit": totals.get(line, 0),
                    "pays": pays.get(line, []),
                    "also": also.get(line.partner_id, []),
                    "left": credits[line].residual if line in credits else 0,
                    "obstacle": obstacles.get(line, False),
                    "skipped": faults.get(line, False),
                }
                for line in lines
            ],
            "totals": self._get_preview_totals(credits, totals),
            "posted_count": len(credits),
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
                "credit_item_id": self.credit_item_id,
                "document_form": self.document_form,
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
            named_invoice=line.invoice_id or None,
        )

    def _plan_preview(self, credits):
        """Plan what the new credits pay, beside those that are open already.

        :param credits: ``{line: open item}``; their residuals are lowered
        :return: ``({line: what it pays}, {account: what others pay}, {line: why it
            cannot})``
        """
        engine = self.env["account.credit.application"].sudo()  # As in `_get_preview`.
        accounts = self.env["res.partner"].union(*(line.partner_id for line in credits))
        older = engine._find_open_credits(accounts, self.company_id, "credit")
        older += engine._find_automatic_values(accounts, self.company_id, "credit")
        applications, obstacles = engine._plan(
            [*older, *credits.values()], self.company_id, "credit"
        )
        pays = {}  # {line: [what it pays]}
        also = {}  # {account: [what others pay]}
        for application in applications:
            credit, term = application.credit, application.term
            row = {
                "invoice_id": term.move.id,
                "name": term.move.name,
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
    def _get_preview_totals(self, credits, totals):
        by_currency = {}  # {currency: [credit, left]}
        for line, credit in credits.items():
            sums = by_currency.setdefault(line.currency_id, [0, 0])
            sums[0] += totals[line]
            sums[1] += credit.residual
        return [
            {
                "currency_id": currency.id,
                "credit": currency.round(credit),
                "pays": currency.round(credit - left),
                "left": currency.round(left),
            }
            for currency, (credit, left) in by_currency.items()
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
