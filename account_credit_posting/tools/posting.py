"""The one object that says, in the context, what this addon is doing.

A caller over RPC can send any value, but never this object: what a context says counts
by its type alone.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from odoo.fields import Command

#: The one key of the context.
KEY = "credit_posting"


@dataclass(frozen=True)
class Decision:
    """What decided that credits pay invoices, for the partials made of it."""

    #: See ``account.credit.application.origin``.
    origin: str
    #: ``{(credit item id, debit item id): rule}``
    rules: dict
    #: ``{(credit item id, debit item id): amount}``, the most that each pair may take.
    amounts: dict = field(default_factory=dict)


class NumberBlock(dict):
    """Formats of the numbers that one set of entries takes, asked for once.

    ``{what entries have in common: (format, values)}``. No two are equal: Odoo has
    one environment for equal contexts, and would hand out that of another block.
    """

    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


class Waiting:
    """Documents that were posted, and wait for what credits do about them."""

    def __init__(self):
        """Begin with none."""
        #: Whether nothing more may come, because whoever waited has gone on.
        self.is_over = False
        self.credits = []  # [account.move records]
        self.invoices = []  # [account.move records]


@dataclass(frozen=True)
class Posting:
    """What is being done now, for the hooks and the writes that it leads to."""

    #: Who writes, as fields say it (``written_by``): "posting", "event".
    writers: frozenset = frozenset()
    #: Why credits pay invoices; without it, somebody reconciles by hand.
    decision: Decision | None = None
    #: How much of a credit may be reconciled at most, in its currency.
    cap: float | None = None
    #: Formats of the numbers that one set of entries takes, asked for once.
    numbers: NumberBlock | None = None
    #: What was posted, until others have paid it.
    waiting: Waiting | None = None
    #: Ids of entries of credits that are being reversed: what they paid is not given
    #: back to what they are part of, see ``promise_drawing``.
    reversed_ids: frozenset = frozenset()
    #: Whether no rule may apply credits, until a new credit pays as the first did.
    is_carrying_over: bool = False
    #: Whether invoices are posted whose own credits come before all others.
    is_charging: bool = False
    #: Whether work is left out that changes nothing, see :func:`without_rework`.
    is_saving: bool = False

    @property
    def is_holding(self):
        """Tell whether what is posted now waits for its credits."""
        return self.waiting is not None and not self.waiting.is_over


def get_posting(env):
    """Return what is being done now; nothing of ours where the context is silent.

    :param env: an environment
    :return: a :class:`Posting`
    """
    posting = env.context.get(KEY)
    return posting if isinstance(posting, Posting) else Posting()


def with_posting(records, *writers, **changes: Any):
    """Return records in the context of what is being done with them.

    What is being done around it goes on.

    :param records: a recordset
    :param writers: who writes, beside those who do already
    :param changes: further attributes of :class:`Posting`
    """
    posting = get_posting(records.env)
    changes["writers"] = posting.writers | frozenset(writers)
    return records.with_context(**{KEY: replace(posting, **changes)})


def is_written_by(env, writer):
    """Tell whether a writer is at work, as ``written_by`` of a field names it."""
    return writer in get_posting(env).writers


def without_rework(items, *, is_logged=False):
    """Return journal items as they are reconciled without work that changes nothing.

    It is more than half of all. The tracking messages tell what the applications tell
    (``mail_notrack``). Odoo computes the lines of the documents again
    (``_sync_dynamic_lines``), which are posted and stay as they are; not left out where
    reconciling makes further entries, for exchange differences and cash basis.

    :param items: ``account.move.line`` records, all that are reconciled
    :param is_logged: whether there are tracking messages all the same
    """
    companies = items.company_id
    context = {} if is_logged else {"mail_notrack": True}
    if items.currency_id == companies.currency_id and not any(
        companies.mapped("tax_exigibility")
    ):
        context["skip_invoice_sync"] = True
    return with_posting(items.with_context(**context), is_saving=True)


#: The place of items within their entry (``account.move.line._compute_sequence``).
_SEQUENCES = {"tax": 10000, "payment_term": 12000}


def create_complete(moves, vals):
    """Create entries and documents with what Odoo would compute of their items alike.

    Given, it is not computed, which is a tenth of what an entry costs.

    :param moves: ``account.move``, in the context to create them
    :param vals: one dict, or a list of them, for ``account.move.create``; changed
    :return: the entries
    """
    for entry_vals in [vals] if isinstance(vals, dict) else vals:
        company = moves.env["res.company"].browse(entry_vals["company_id"])
        owner_vals = {
            "company_id": company.id,
            "company_currency_id": company.currency_id.id,
        }
        for _command, _id, item_vals in entry_vals["line_ids"]:
            _complete(item_vals, owner_vals)
    entries = moves.create(vals)
    # What is given is marked to be computed all the same.
    items = entries.line_ids.filtered(lambda item: not item.tax_ids)
    for name in ("price_subtotal", "price_total"):
        moves.env.remove_to_compute(items._fields[name], items)
    return entries


def _complete(vals, owner_vals):
    """Add to an item what Odoo would compute alike; what has taxes is left to it.

    :param owner_vals: what all items of the company have
    """
    vals |= owner_vals
    kind = vals.setdefault("display_type", "product")
    vals.setdefault("sequence", _SEQUENCES.get(kind, 100))
    if kind != "product":
        vals.update(quantity=0, price_subtotal=0, price_total=0)
    elif all(command == Command.set([]) for command in vals.get("tax_ids") or ()):
        vals.setdefault("quantity", 1)
        subtotal = vals.setdefault("price_subtotal", vals["amount_currency"])
        vals.setdefault("price_total", subtotal)
    if not vals.get("product_id"):
        vals.setdefault("product_uom_id", False)
        vals.setdefault("price_unit", 0)
    if kind != "tax":
        vals.update(tax_line_id=False, tax_group_id=False)
