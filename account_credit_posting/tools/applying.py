"""Which credit pays which invoice, and how much of it: the rule, and nothing else.

Plain Python without a database, because two callers need the same answer: posting,
which then reconciles, and the preview of what is not posted yet.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(eq=False)
class OpenItem:
    """An open credit or stored value, or one open installment of an invoice (a term).

    ``residual`` is what is left of it, above zero, in its currency; planning takes
    from it what it plans.
    """

    #: The ``account.move``, or the ``account.stored.value``, or the
    #: ``account.credit.line`` that is promised; for a credit that is not posted yet,
    #: what stands for it.
    move: Any
    #: The ``account.move.line``; None for stored value, and for what is not posted yet.
    line: Any
    #: The account, a ``res.partner``.
    account: Any
    #: The receivable ``account.account``: Odoo reconciles within one only. None for
    #: stored value, which is booked to that of the invoice when it pays.
    ledger: Any
    #: A ``res.currency``.
    currency: Any
    residual: float
    #: Lower comes first.
    order: tuple
    #: For a term: whether the policy of the company lets it be paid now.
    is_payable: bool = True
    #: For a credit: the invoice that it pays before all others, whatever the policy,
    #: because somebody named it.
    named_invoice: Any = None
    #: For what books its own use when it pays: called with all of its applications of
    #: one set, returns for each the receivable item to reconcile with the invoice.
    draw: Any = None
    #: For a credit of ours: its ``account.credit.line``.
    credit_line: Any = None
    #: For a term: the day that the invoice is of.
    date: Any = None
    #: For a credit dated ahead: that day. Until then it pays no invoice of an earlier
    #: day, so that no invoice is paid on a day on which the credit was not there.
    usable_from: Any = None

    @property
    def name(self):
        """Return what people call it: what is promised has no document."""
        is_promise = self.draw and self.credit_line
        return self.move.display_name if is_promise else self.move.name

    @property
    def source(self):
        """Return what is kept apart from an invoice: the one credit, not all."""
        return self.credit_line or self.move

    def is_there_for(self, date):
        """Tell whether a credit is there when an invoice is.

        :param date: that of the invoice
        """
        return self.usable_from is None or self.usable_from <= date

    @property
    def is_open(self):
        """Tell whether anything is left."""
        return self.currency.compare_amounts(self.residual, 0) > 0


class Application(NamedTuple):
    """So much of a credit pays a term, in the currency of both."""

    credit: OpenItem
    term: OpenItem
    amount: float
    #: "named" or "due_date", see ``account.credit.application.rule``.
    rule: str


def plan_applications(credits, terms, kept_apart=frozenset()):
    """Let credits pay terms of the same account and currency.

    Credits take turns by their order. The invoice that a credit names comes first,
    for all credits; then the earliest due terms that the policy lets be paid.

    :param list[OpenItem] credits: their residuals are lowered
    :param list[OpenItem] terms: their residuals are lowered
    :param kept_apart: pairs ``(source of the credit, invoice)`` that must not meet
    :return: ``(applications, blocked)``: lists of :class:`Application`, to be
        reconciled in this order; what is blocked cannot be, because both sides are on
        different receivable accounts
    """
    applications = []
    blocked = []
    terms_by_group = _group_in_order(terms)
    for group, group_credits in _group_in_order(credits).items():
        group_terms = terms_by_group.get(group, [])
        for credit in group_credits:
            named = [term for term in group_terms if term.move == credit.named_invoice]
            applications += _pay(credit, named, "named", kept_apart)
        payable = [term for term in group_terms if term.is_payable]
        for credit in group_credits:
            applications += _pay(credit, payable, "due_date", kept_apart)
            payable = [term for term in payable if term.is_open]
        for credit in group_credits:
            blocked += _find_blocked(credit, payable, kept_apart)
    return applications, blocked


def _group_in_order(items):
    """Return ``{(account, currency): [items in their order]}``."""
    groups = {}  # {(account, currency): [items]}
    for item in sorted(items, key=lambda item: item.order):
        groups.setdefault((item.account, item.currency), []).append(item)
    return groups


def _pay(credit, terms, rule, kept_apart):
    """Yield what the credit pays of the terms, and take it from both."""
    for term in terms:
        if not credit.is_open:
            return
        if term.is_open and may_pay(credit, term, kept_apart):
            amount = min(credit.residual, term.residual)
            credit.residual = credit.currency.round(credit.residual - amount)
            term.residual = credit.currency.round(term.residual - amount)
            yield Application(credit, term, amount, rule)


def may_pay(credit, term, kept_apart):
    """Tell whether a credit may pay a term of the same account and currency.

    :param kept_apart: see :func:`plan_applications`
    """
    return (
        credit.ledger in (None, term.ledger)
        and credit.is_there_for(term.date)
        and (credit.source, term.move) not in kept_apart
    )


def _find_blocked(credit, terms, kept_apart):
    """Yield the first term that the credit would pay on its own receivable account."""
    for term in terms:
        if (
            credit.is_open
            and credit.ledger not in (None, term.ledger)
            and credit.is_there_for(term.date)
            and (credit.source, term.move) not in kept_apart
        ):
            amount = min(credit.residual, term.residual)
            yield Application(credit, term, amount, "due_date")
            return
