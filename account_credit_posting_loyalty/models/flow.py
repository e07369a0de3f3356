"""The objects that say, in the context, what orders do with the points of cards.

A caller over RPC can send any value, but never one of these objects.
"""

from dataclasses import dataclass

#: Points are written by an order; those of a card in the ledger follow from it.
_FLOW = "loyalty_ledger_flow"
#: What is about to be booked, and so is reserved no longer.
_RELEASED = "loyalty_ledger_released"


@dataclass(frozen=True)
class Flow:
    """An order, or a till, is writing points."""


@dataclass(frozen=True)
class Released:
    """Lines of orders whose use of a card is about to be booked."""

    #: ``(model, id)`` of each line.
    lines: frozenset = frozenset()


def with_flow(records):
    """Return records in the context of an order that writes points."""
    return records.with_context(**{_FLOW: Flow()})


def is_flow(env):
    """Tell whether points are written by an order, or a till."""
    return isinstance(env.context.get(_FLOW), Flow)


def with_released(records, lines):
    """Return records in the context of what is about to be booked.

    :param lines: lines of orders
    """
    released = Released(frozenset((line._name, line.id) for line in lines))
    return records.with_context(**{_RELEASED: released})


def filter_reserved(lines):
    """Return the lines of orders that are not about to be booked."""
    released = lines.env.context.get(_RELEASED)
    if not isinstance(released, Released):
        return lines
    return lines.filtered(lambda line: (line._name, line.id) not in released.lines)
