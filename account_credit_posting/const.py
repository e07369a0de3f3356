"""Names of what each company gets, and which fields keep it."""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

#: Ledger accounts that a company gets: {field: (name, account type)}.
STORED_VALUE_ACCOUNTS = {
    "gift_card_liability_account_id": (_lt("Gift Cards Sold"), "liability_current"),
    "prepayment_liability_account_id": (
        _lt("Customer Prepayments"),
        "liability_current",
    ),
    "promotional_liability_account_id": (
        _lt("Gift Cards Given Away"),
        "liability_current",
    ),
    "gift_card_promotion_account_id": (_lt("Promotional Gift Cards"), "income"),
    "breakage_account_id": (_lt("Breakage of Gift Cards"), "income_other"),
}

#: Money paid in, money held in advance and value given away never share an account.
LIABILITY_FIELDS = (
    "gift_card_liability_account_id",
    "prepayment_liability_account_id",
    "promotional_liability_account_id",
)

STORED_VALUE_JOURNAL_NAME = _lt("Gift Cards and Prepayments")

#: Sequences that a company gets: {code: (name, prefix)}.
STORED_VALUE_SEQUENCES = {
    "account.stored.value.gift_card": (_lt("Gift Cards"), "GC/%(year)s/"),
    "account.stored.value.prepayment": (_lt("Prepayments"), "PP/%(year)s/"),
}

#: What stands on a card, and the memo: an administrator may change it at any time.
DETAIL_FIELDS = frozenset(
    ("memo", "message", "recipient_email", "recipient_name", "sender_name")
)

#: States of an invoice in which the gift cards that it sells can be used.
PAID_STATES = ("paid", "in_payment")

#: What stands for a code where it is not told.
HIDDEN_CODE = "••••-••••-••••-••••"

#: Who sees billing: those who post credits, and read-only accounting.
BILLING_GROUPS = (
    "account_credit_posting.group_credit_user,account.group_account_readonly"
)
