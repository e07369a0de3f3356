"""What each event books: the table that accountants read, see ``scripts/events.py``.

It needs no Odoo. ``tests/test_booked_events.py`` does each event and compares what was
posted: accounts, sides, customers and day. It also looks for builders and forms that
have no row here.
"""

from typing import NamedTuple

#: What an account is called in the table.
ACCOUNTS = {
    "receivable": "receivable",
    "receivable of another": "receivable, other account",
    "item": "the credit item's account, and taxes",
    "income": "income of what is invoiced, and taxes",
    "money": "bank, or outstanding receipts or payments",
    "sold": "gift cards sold",
    "prepaid": "customer prepayments",
    "given": "gift cards given away",
    "given, and reduction": "gift cards given away; promotional gift cards (net) and "
    "taxes",
    "receivable, and given": "receivable; promotional gift cards, with taxes",
    "liability": "the liability",
    "liability of another": "the liability, other account",
    "promotion": "promotional gift cards",
    "opening": "opening account chosen",
    "funding": "what funded it",
    "breakage": "breakage of gift cards",
    "contra": "expected breakage, which lowers the liability",
    "state": "unclaimed property payable",
}

#: What a day is called in the table.
DAYS = {
    "batch": "date of the batch",
    "invoice": "accounting date of the invoice",
    "note": "accounting date of the credit note",
    "issue": "issue date",
    "chosen": "date chosen, today by default",
    "paid": "date chosen, today by default; not before it was handed over",
    "today": "today; later, where what it changes is dated ahead",
}


class Event(NamedTuple):
    """One row of the table."""

    #: How tests find it.
    code: str
    name: str
    #: What is debited and credited: keys of ``ACCOUNTS``; None where nothing is booked.
    debit: str | None
    credit: str | None
    document: str
    #: A key of ``DAYS``; None where nothing is booked.
    day: str | None
    when: str
    #: What builds it: a builder of ``stored_value_events``, a form, or a correction.
    builder: str = ""


CREDITS = (
    Event(
        "note",
        "Post a credit",
        "item",
        "receivable",
        "credit note of each account",
        "batch",
        "a batch is posted, at once, by workers, at its time, or once approved",
        "account.credit.form.note",
    ),
    Event(
        "entry",
        "Post credits as one entry for many",
        "item",
        "receivable",
        "entry for each 200 accounts, one receivable item each",
        "batch",
        "likewise, where the batch says so",
        "account.credit.form.entry",
    ),
    Event(
        "charge",
        "Post an invoice, with a credit beside it",
        "receivable",
        "income",
        "invoice; then a credit note as above, applied to it",
        "batch",
        "likewise, where the batch has something to invoice",
        "account.credit.form.invoice",
    ),
    Event(
        "pay",
        "A credit pays an invoice",
        None,
        None,
        "reconciliation of both receivable items",
        None,
        "either is posted, the invoice comes due, or somebody asks",
    ),
    Event(
        "reverse",
        "Take a credit back, whole or what is unused of it",
        "receivable",
        "item",
        "entry; of a taxed credit that nothing has used, a reversal of the credit note",
        "chosen",
        "an administrator reverses a batch or a credit",
        "account.credit.correction.reverse",
    ),
    Event(
        "replace",
        "Replace a credit by another one",
        "receivable",
        "item",
        "as taking it back; then the new credit is posted",
        "chosen",
        "an administrator corrects the amount, the item or the account",
        "account.credit.correction.replace",
    ),
    Event(
        "move",
        "Move a credit to another account",
        "receivable",
        "receivable of another",
        "entry, reconciled with the credit",
        "chosen",
        "an administrator moves what is open",
        "account.credit.correction.move",
    ),
    Event(
        "payment",
        "Receive a payment, on invoices or in advance",
        "money",
        "receivable",
        "payment, reconciled with the invoices that it pays",
        "chosen",
        "somebody posts a payment",
    ),
    Event(
        "refund",
        "Refund a payment or a credit",
        "receivable",
        "money",
        "payment, reconciled with what it refunds",
        "today",
        "somebody posts a refund; of a credit, an administrator",
    ),
)

STORED_VALUE = (
    Event(
        "card by payment",
        "Sell a gift card for money",
        "money",
        "sold",
        "payment",
        "issue",
        "it is issued",
        "_fund_by_payment",
    ),
    Event(
        "prepayment by payment",
        "Receive a prepayment",
        "money",
        "prepaid",
        "payment",
        "issue",
        "it is issued",
        "_fund_by_payment",
    ),
    Event(
        "invoice",
        "Sell a gift card on an invoice",
        "receivable",
        "sold",
        "invoice, without revenue and tax",
        "invoice",
        "the invoice is posted; the card is active once it is paid",
        "_fund_by_invoice",
    ),
    Event(
        "promotion",
        "Give a gift card away",
        "promotion",
        "given",
        "entry",
        "issue",
        "it is issued, or approved",
        "_fund_by_promotion",
    ),
    Event(
        "opening",
        "Take over a balance of another system",
        "opening",
        "liability",
        "entry",
        "issue",
        "it is issued, or approved",
        "_fund_by_opening",
    ),
    Event(
        "reclass",
        "Hold money on the account as a prepayment",
        "receivable",
        "prepaid",
        "entry, reconciled with the payment",
        "issue",
        "it is issued, or a payment is posted whose rest is to be held",
        "_fund_by_reclass",
    ),
    Event(
        "use",
        "It pays an invoice",
        "liability",
        "receivable",
        "entry, reconciled with the invoice",
        "today",
        "somebody asks, or by itself, where the settings say so",
        "use",
    ),
    Event(
        "use given",
        "It pays a taxed invoice, and nobody paid for it: the tax base goes down",
        "given, and reduction",
        "receivable, and given",
        "entry, reconciled with the invoice",
        "today",
        "likewise, where the card says so; undone by the mirror of it",
        "use",
    ),
    Event(
        "undo",
        "A use is undone",
        "receivable",
        "liability",
        "reversal of that entry",
        "today",
        "the application is undone, or the invoice is reset, cancelled or reversed",
        "undo",
    ),
    Event(
        "raise",
        "Raise what it was issued with",
        "funding",
        "liability",
        "entry of the difference",
        "today",
        "an administrator corrects it",
        "adjust",
    ),
    Event(
        "lower",
        "Lower what it was issued with",
        "liability",
        "funding",
        "entry of the difference",
        "today",
        "an administrator corrects it",
        "adjust",
    ),
    Event(
        "move value",
        "Move it to another account, or redeem its code there",
        "liability",
        "liability of another",
        "entry",
        "today",
        "an administrator moves it, or somebody redeems the code",
        "move",
    ),
    Event(
        "join value",
        "It joins another record, such as a wallet",
        "liability",
        "liability",
        "entry",
        "today",
        "a top-up is paid, or contacts are merged (loyalty programs)",
        "join",
    ),
    Event(
        "refund value",
        "Refund it",
        "liability",
        "money",
        "payment",
        "today",
        "an administrator pays money back",
        "refund",
    ),
    Event(
        "expire",
        "It expires",
        "liability",
        "breakage",
        "entry",
        "today",
        "the daily run comes after the last day of use and the days of grace",
        "expire",
    ),
    Event(
        "estimate",
        "Expect a part of a cohort to stay unused",
        "contra",
        "breakage",
        "entry of the difference to what was booked before; no card is touched",
        "chosen",
        "an accountant posts an estimate; below zero the sides change",
    ),
    Event(
        "hand",
        "Hand it to the state of its owner",
        "liability",
        "state",
        "entry of what is left",
        "today",
        "an administrator hands over what is due, see Unclaimed Property Due",
        "hand",
    ),
    Event(
        "hand back",
        "Take back what was handed to a state",
        "state",
        "liability",
        "reversal of that entry",
        "today",
        "an administrator takes it back, before it is paid",
        "hand_back",
    ),
    Event(
        "remit",
        "Pay to a state what was handed to it",
        "state",
        "money",
        "payment, reconciled with what was handed over",
        "paid",
        "an administrator pays it",
    ),
    Event(
        "void",
        "Void what was entered by mistake",
        "liability",
        "funding",
        "reversal of the entry that funded it",
        "today",
        "an administrator deletes it, and nothing of it is used",
        "void",
    ),
    Event(
        "void given",
        "Void the rest of a gift card given away",
        "given",
        "promotion",
        "entry of what is left",
        "today",
        "an administrator deletes it; again, when something comes back to it",
        "void_again",
    ),
    Event(
        "take back",
        "Take a gift card back that was sold on an invoice",
        "sold",
        "receivable",
        "credit note",
        "note",
        "a credit note that reverses the invoice is posted",
    ),
    Event(
        "block",
        "Block or unblock it, or give it a new code",
        None,
        None,
        "none: the money is still owed",
        None,
        "somebody blocks it; an administrator unblocks it, or gives it a new code",
    ),
)

TABLES = (
    ("Credits, Payments and Refunds", CREDITS),
    ("Gift Cards and Prepayments", STORED_VALUE),
)
