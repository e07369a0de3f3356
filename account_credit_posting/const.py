"""Names, groups, and all limits."""

from datetime import timedelta

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# -----------------------------------------------------------------------------
# GROUPS
# -----------------------------------------------------------------------------

GROUP_USER = "account_credit_posting.group_credit_user"
GROUP_MANAGER = "account_credit_posting.group_credit_manager"
GROUP_READONLY = "account.group_account_readonly"

#: Who sees billing: those who post credits, and read-only accounting.
BILLING_GROUPS = f"{GROUP_USER},{GROUP_READONLY}"

#: Who has the ledger proven: accountants, and administrators of credits.
PROVING_GROUPS = f"{GROUP_MANAGER},account.group_account_user"

# -----------------------------------------------------------------------------
# WHAT EACH COMPANY GETS, AND WHICH FIELDS KEEP IT
# -----------------------------------------------------------------------------

CREDIT_ACCOUNT_NAME = _lt("Discounts and Credits Given")
CREDIT_JOURNAL_NAME = _lt("Account Credits")

#: Ledger accounts that a company gets for stored value: {field: (name, purpose)}, the
#: purpose being a field of ``charts.Places``.
STORED_VALUE_ACCOUNTS = {
    "gift_card_liability_account_id": (_lt("Gift Cards Sold"), "advances"),
    "prepayment_liability_account_id": (_lt("Customer Prepayments"), "advances"),
    "promotional_liability_account_id": (_lt("Gift Cards Given Away"), "advances"),
    "gift_card_promotion_account_id": (_lt("Promotional Gift Cards"), "discounts"),
    "breakage_account_id": (_lt("Breakage of Gift Cards"), "breakage"),
    # Beside the liability, which it lowers: it holds no gift card.
    "breakage_contra_account_id": (_lt("Expected Breakage"), "advances"),
}

UNCLAIMED_ACCOUNT_NAME = _lt("Unclaimed Property Payable")

#: Settings that name a ledger account which the company got from us.
ACCOUNT_FIELDS = (
    "credit_account_id",
    *STORED_VALUE_ACCOUNTS,
    "unclaimed_property_account_id",
)

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

#: What a company may say about approvals: a branch has all of them from one company.
LIMIT_FIELDS = (
    "credit_approval_amount",
    "credit_approval_line_amount",
    "credit_approval_has_manager_limits",
)

# -----------------------------------------------------------------------------
# CREDITS AND GIFT CARDS
# -----------------------------------------------------------------------------

#: What stays as it was posted of credits, gift cards and prepayments: {model: fields}.
POSTED_FIELDS = {
    "account.move": frozenset(
        (
            *("partner_id", "commercial_partner_id", "company_id", "journal_id"),
            *("currency_id", "invoice_currency_rate", "date", "invoice_date"),
            *("move_type", "reversed_entry_id", "fiscal_position_id"),
            *("line_ids", "invoice_line_ids"),
        )
    ),
    "account.move.line": frozenset(
        (
            *("move_id", "account_id", "partner_id", "company_id", "journal_id"),
            *("currency_id", "amount_currency", "balance", "debit", "credit"),
            *("quantity", "price_unit", "discount", "date", "name"),
        )
    ),
    "account.payment": frozenset(
        (
            *("move_id", "partner_id", "company_id", "journal_id", "currency_id"),
            *("amount", "date", "payment_type", "partner_type", "state"),
            *("outstanding_account_id", "destination_account_id"),
        )
    ),
}

#: What may be changed of a posted credit without a new entry.
LABEL_FIELDS = frozenset(("public_comment", "private_comment", "contact_id"))

#: External ids of the scheduled actions that post; each of them runs once at a time.
WORKERS = tuple(
    f"account_credit_posting.ir_cron_post_credits_{number}" for number in range(1, 5)
)

#: External id of the scheduled action that books what has expired.
EXPIRY_CRON = "account_credit_posting.ir_cron_expire_credits"

#: Who has a say in what becomes of credits, see ``account.credit.observer``.
OBSERVERS = (
    "account.credit.application",
    "account.credit.approval",
    "account.credit.cap",
    "account.credit.notice",
)

#: States of a batch that workers have, or that waits for them or for its time.
IN_WORK = ("queued", "posting")

#: What a credit line is posted as, see ``account.credit.form``.
FORMS = {
    "credit_note": "account.credit.form.note",
    "entry": "account.credit.form.entry",
    "invoice": "account.credit.form.invoice",
    "promise": "account.credit.form.promise",
}

#: When the credits of an item are booked.
BOOKINGS = [("given", "When Given"), ("used", "When Used")]

#: What is taken back when a batch, or a credit, is reversed.
REVERSAL_MODES = [
    ("unused", "Take back what is unused"),
    ("all", "Unapply and reverse all"),
]

#: The activity of administrators while somebody asks to undo credits.
UNDO_ACTIVITY = "account_credit_posting.mail_activity_credit_undo"

#: Products that a batch can invoice.
CHARGE_ITEM_DOMAIN = [
    ("sale_ok", "=", True),
    ("is_credit_item", "=", False),
    ("is_gift_card", "=", False),
]

#: Posted lines of which the customers were not told yet.
TO_NOTIFY_DOMAIN = [
    ("state", "=", "posted"),
    ("is_to_reverse", "=", False),
    ("notified_date", "=", False),
]

#: Lines like this are still to be done: {work: (field, value)}.
TO_DO = {"post": ("state", "pending"), "reverse": ("is_to_reverse", True)}

#: Journals that money comes into and goes from.
MONEY_JOURNALS = ("bank", "cash", "credit")

#: How a card may look, printed and in its email.
CARD_DESIGNS = [
    ("classic", "Classic"),
    ("birthday", "Happy Birthday"),
    ("thanks", "Thank You"),
]

#: States of a gift card or prepayment.
VALUE_STATES = [
    ("draft", "Draft"),
    ("to_approve", "To Approve"),
    ("active", "Active"),
    ("blocked", "Blocked"),
    ("used", "Used"),
    ("expired", "Expired"),
    ("handed", "Handed to a State"),
    ("void", "Void"),
]

#: What a gift card that nobody paid for does to the tax of what it pays for.
TAX_POLICIES = [
    ("cost", "Cost of promotion: the tax stays as it is"),
    ("reduce", "Discount: its use lowers the taxable amount"),
]

#: What stands on a card, and the memo: an administrator may change it at any time.
DETAIL_FIELDS = frozenset(
    ("design", "memo", "message", "recipient_email", "recipient_name", "sender_name")
)

#: What an administrator may change of what is issued, without a new entry.
MANAGED_FIELDS = DETAIL_FIELDS | {"expiry_date", "holder_state_id"}

#: Ways of issuing in which no money comes in now: a second person may have to look.
UNPAID_FUNDINGS = ("promotion", "opening")

#: Ledger accounts that may hold the opening balances of another system.
OPENING_ACCOUNT_TYPES = ("liability_current", "liability_non_current", "equity")

#: States of an invoice in which the gift cards that it sells can be used.
PAID_STATES = ("paid", "in_payment")

#: What stands for a code where it is not told.
HIDDEN_CODE = "••••-••••-••••-••••"

#: Origins of an application for which the policy of the company does not count, because
#: somebody asked.
ASKED = ("user", "customer")

#: What pays invoices beside credits, see ``account.credit.source``.
SOURCES = ("account.stored.value",)

#: System parameter with the keys of the codes, the newest first.
CODE_KEYS = "account_credit_posting.code_keys"

#: Methods of ``account.stored.value`` that take a code.
CODE_METHODS = ("balance_of", "redeem")

# -----------------------------------------------------------------------------
# LIMITS
# -----------------------------------------------------------------------------

#: Lines created, numbered and posted as one set. Odoo's cost per entry grows with
#: the size of the set, so the set is small and a batch is many sets.
CHUNK_LINES = 200

#: Accounts that the daily run serves before it commits.
CHUNK_ACCOUNTS = 200

#: Gift cards and prepayments that the daily run serves before it commits.
CHUNK_VALUES = 100

#: Emails that are written in one transaction.
CHUNK_MAILS = 50

#: Times that a worker may lose in a row to others before it leaves them alone.
PATIENCE = 20

#: What is attempted first of a set in which each item is a document of its own.
ISOLATED_FIRST = 15

#: Another session may post an invoice at the very moment of a credit, and neither
#: sees the other's. So long after, the daily run looks again.
LOOK_AGAIN = timedelta(minutes=1)

#: Administrators who are asked at once to approve a batch, and named.
APPROVERS_ASKED = 10

#: Digits of the most that an amount may be, those after the point among them: sums of
#: fifty thousand such amounts are exact to the last digit.
AMOUNT_DIGITS = 11

#: Characters of the domain of a saved filter that is read.
FILTER_LENGTH = 20_000

#: Characters of an idempotency key.
KEY_LENGTH = 128

#: Wrong gift card codes in a row after which there is a pause for the user.
ATTEMPTS = 10

#: Wrong gift card codes after which there is a pause for all at one address. Those of
#: one user count ten at most, so that nobody closes an office alone.
ADDRESS_ATTEMPTS = 100

#: How long the pause is.
PAUSE = timedelta(minutes=15)

#: Characters of a code that stand together where people read it.
CODE_GROUP = 4

#: Rows of a long list that a form gets; a list of its own shows all.
LISTED = 500

#: Names that a message lists before it says how many more there are.
NAMES_LISTED = 10

#: How much of a misspelt name has to be right for another one to be offered: 1 is all.
SIMILAR = 0.75

#: Names that are offered for a misspelt one.
SIMILAR_LISTED = 5

#: Names that are compared with a misspelt one, letter by letter.
SIMILAR_TRIED = 20

#: Names that may share three letters with a misspelt one before these say too little.
SIMILAR_COMPARED = 500

#: Invoices that the dialog of a reversal lists before it says how many more there are.
INVOICES_LISTED = 80

#: Invoices and movements that each section of the billing page lists; the first ones.
SECTION = 40

#: Credits, cards and dues that the customer's own page lists; further pages have all.
PORTAL_LISTED = 10

#: Credits, cards and prepayments that a customer chooses of, to pay an invoice.
PORTAL_CHOICES = 40

#: Accounts of which the preview shows all that will happen; of more, the first.
PREVIEWED = 500

#: The same credit within so many days is worth a warning.
REPEATED_DAYS = 30

#: A credit is unusual above so many times what the account owes, and usually gets.
UNUSUAL_TIMES = 3

#: Credits of so many days say what an account usually gets.
USUAL_DAYS = 365

#: For so many seconds nobody wonders where the workers are.
WORKERS_AWAITED = 300

#: From so many lines of the wizard on, nobody waits for the disk.
HURRIED = 1000

#: From so many accounts on, a scheduled action transfers them into the batch: the
#: database checks each row, and nobody waits for seconds.
TRANSFERRED_LINES = 10_000
