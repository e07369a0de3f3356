import math
from datetime import date

from odoo import fields

from ...tools.applying import OpenItem
from ...tools.days import get_today
from ...tools.texts import get_side_labels
from ..vat.vat_text import describe_vat
from .application_engine import ApplicationEngine
from .early_discounts import explain_ended, find_discount

#: Behind every credit that is posted: a new one comes last among equals.
NOT_POSTED_YET = 2**62


class CreditPreview:
    """What posting credit lines would do, before any of them is saved.

    The same code decides as when they are posted: the checks of the lines, the journal
    items of their form, and the plan of the applications.
    """

    def __init__(self, lines, line_count):
        """Look at some lines.

        :param lines: unsaved ``account.credit.line`` records of one batch; whoever may
            post may know what posting does, so they are sudoed
        :param line_count: how many there are in all; the lines may be the first of them
        """
        self.env = lines.env
        self.lines = lines
        self.line_count = line_count
        self.batch = lines.batch_id
        self.company = self.batch.company_id
        form = lines._get_form()
        self.errors = lines._get_errors()
        self.posted = lines.filtered(lambda line: line not in self.errors)
        credited = self.posted.filtered(lambda line: line._is_credited())
        #: ``{line: Items}``; of what is booked when used, there are none yet.
        self.charges = form._get_charges(self.posted)
        self.credits = form._get_items(credited)
        self.is_promise = self.batch.credit_booking == "used"
        #: ``{line: (receivable account, amount)}``
        self.given = {
            line: self._get_given(line)
            for line in credited
            if line in self.credits or self.is_promise
        }

    def describe(self):
        """Return what posting would do.

        :return: a dict that JSON can hold::

            {"accounts": [{"account_id", "name", "currency_id",
                           "charge": total of the invoice, taxes included, or 0,
                           "credit": total of the credit note, taxes included,
                           "pays": [{"invoice_id", "name", "date_due", "amount"}],
                           "also": what older credits, gift cards and prepayments
                                   pay on this occasion, with their "source",
                           "left": what stays open on the account,
                           "blocked": why it stays open, or False,
                           "ended": whose early payment discount ends, or False,
                           "skipped": why nothing is posted, or False}],
             "totals": [{"currency_id", "charge", "credit", "pays", "left"}],
             "has_charges": whether accounts are invoiced,
             "vat": sentences that say what the credits do to VAT, or when they are
                 booked,
             "posted_count", "skipped_count",
             "sample": how many accounts these are, where they are not all; or False,
             "entry": [{"account_id", "name", "debit", "credit"}],
             "sides": what the two sides of an entry are called,
             "entry_currency_id": currency of the entry, the company's}
        """
        credits = self._get_open_credits()
        pays, also, blocked, ended = self._plan(credits)
        left = {line: credit.residual for line, credit in credits.items()}
        return {
            "accounts": [
                {
                    "account_id": line.partner_id.id,
                    "name": line.partner_id.display_name,
                    "currency_id": line.currency_id.id,
                    "charge": self._get_total(self.charges, line),
                    "credit": self._get_amount(line),
                    "pays": pays.get(line, []),
                    "also": also.get(line.partner_id, []),
                    "left": left.get(line, 0),
                    "blocked": blocked.get(line, False),
                    "ended": explain_ended(self.env, ended.get(line.partner_id)),
                    "skipped": self.errors.get(line, False),
                }
                for line in self.lines
            ],
            "totals": self._sum_by_currency(left),
            "has_charges": bool(self.charges),
            "vat": self._explain_booking()
            or describe_vat(
                self.env,
                [
                    (line.currency_id, items.others)
                    for line, items in self.credits.items()
                ],
            ),
            "posted_count": len(self.posted),
            "skipped_count": len(self.errors),
            "sample": len(self.lines) < self.line_count and len(self.lines),
            "entry": self._sum_by_ledger(),
            "sides": get_side_labels(self.env),
            "entry_currency_id": self.company.currency_id.id,
        }

    def _explain_booking(self):
        """Say that nothing is booked now, where that is so."""
        if not self.is_promise:
            return []
        return [
            self.env._(
                "No entry now: each part of these credits is posted when it pays an "
                "invoice."
            )
        ]

    def _get_given(self, line):
        """Return what a credit is once it is posted: its ledger account and amount."""
        if self.is_promise:
            ledger = line._get_receivable(line._get_fiscal_position())
            return ledger, line.amount
        items = self.credits[line]
        return self.env["account.account"].browse(items.ledger_id), items.total

    def _get_amount(self, line):
        _ledger, amount = self.given.get(line, (None, 0))
        return line.currency_id.round(amount)

    def _get_total(self, documents, line):
        return line.currency_id.round(documents[line].total) if line in documents else 0

    def _get_open_credits(self):
        """Return ``{line: open item}``: the credits as if they were posted."""
        day = self.batch.date
        usable_from = day if day > get_today(self.company) else None
        expiry = self.batch.expiry_date or date.max
        return {
            line: OpenItem(
                move=line,
                line=None,
                account=line.partner_id,
                ledger=ledger,
                currency=line.currency_id,
                residual=self._get_amount(line),
                order=(0, expiry, False, day, *self._get_place(number)),
                # Its own invoice is not posted yet either: the line stands for both.
                named_invoice=line if line in self.charges else line.invoice_id,
                usable_from=usable_from,
            )
            for number, (line, (ledger, _amount)) in enumerate(self.given.items())
        }

    def _get_place(self, number):
        """Return the end of the order of a credit, as it is once that is posted."""
        place = NOT_POSTED_YET + number
        # See `promise_drawing.find_open_items`.
        return (math.inf, place) if self.is_promise else (place,)

    def _get_open_terms(self):
        """Return the open installments of the invoices, as if they were posted."""
        limit = ApplicationEngine(self.env, self.company, "invoice").get_due_limit()
        ledgers = self.env["account.account"]
        return [
            OpenItem(
                move=line,
                line=None,
                account=line.partner_id,
                ledger=ledgers.browse(vals["account_id"]),
                currency=line.currency_id,
                residual=vals["amount_currency"],
                order=(
                    vals["date_maturity"],
                    self.batch.date,
                    NOT_POSTED_YET + number,
                ),
                is_payable=limit is not None and vals["date_maturity"] <= limit,
                date=self.batch.date,
            )
            for number, (line, items) in enumerate(self.charges.items())
            for vals in items.receivables
        ]

    def _plan(self, credits):
        """Plan what the new credits pay, beside those that are open already.

        :param credits: ``{line: open item}``; their residuals are lowered
        :return: ``({line: what it pays}, {account: what others pay}, {line: why it
            cannot}, {account: [names of invoices that are no longer discounted]})``
        """
        engine = ApplicationEngine(self.env, self.company, "credit")
        accounts = self.posted.partner_id
        older = engine.find_open_credits(accounts)
        older += engine.find_automatic_items(accounts)
        applications, blocked = engine.plan(
            [*older, *credits.values()], self._get_open_terms()
        )
        pays = {}  # {line: [what it pays]}
        also = {}  # {account: [what others pay]}
        ended = {}  # {account: [names]}
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
                row["source"] = credit.name
                also.setdefault(credit.account, []).append(row)
            if term.is_open and self._is_discounted(term):
                ended.setdefault(term.account, []).append(row["name"])
        reasons = {
            application.credit.move: engine.get_blocked_message(application)
            for application in blocked
            if application.credit.move in credits
        }
        return pays, also, reasons, ended

    def _is_discounted(self, term):
        """Tell whether an early payment discount of an invoice is open until now."""
        today = get_today(self.company)
        if term.line is not None:
            return bool(find_discount(term.line, today))
        terms = self.lines._get_form()._get_charge_term(term.move)
        return (
            terms.early_discount
            and terms._get_last_discount_date(self.batch.date) >= today
        )

    def _sum_by_currency(self, left):
        """Return what is invoiced, credited, paid and left, in each currency.

        :param left: ``{line: what its credit leaves}``
        """
        by_currency = {}  # {currency: [charge, credit, left]}
        for line in self.posted:
            sums = by_currency.setdefault(line.currency_id, [0, 0, 0])
            sums[0] += self._get_total(self.charges, line)
            sums[1] += self._get_amount(line)
            sums[2] += left.get(line, 0)
        return [
            {
                "currency_id": currency.id,
                "charge": currency.round(charge),
                "credit": currency.round(credit),
                "pays": currency.round(credit - open_rest),
                "left": currency.round(open_rest),
            }
            for currency, (charge, credit, open_rest) in by_currency.items()
        ]

    def _sum_by_ledger(self):
        """Return one entry for all accounts together, debits first."""
        balances = {}  # {ledger account id: balance in company currency}
        for documents in (self.charges, self.credits):
            for items in documents.values():
                for vals in items.all:
                    ledger_id = vals["account_id"]
                    balances[ledger_id] = balances.get(ledger_id, 0) + vals["balance"]
        currency = self.company.currency_id
        ledgers = self.env["account.account"].browse(balances)
        return [
            {
                "account_id": ledger.id,
                "name": ledger.display_name,
                "debit": currency.round(max(balances[ledger.id], 0)),
                "credit": currency.round(max(-balances[ledger.id], 0)),
            }
            for ledger in ledgers.sorted(lambda ledger: balances[ledger.id] < 0)
            if not currency.is_zero(balances[ledger.id])
        ]
