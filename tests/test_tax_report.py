"""What credits and gift cards bring into the tax returns of Germany, France, Belgium.

By Odoo's own definitions of these returns, see ``TaxReport``.
"""

import pytest

from tests.countries import countries, tell

#: ``{localization: chart}``
CHARTS = {"l10n_de": "de_skr03", "l10n_fr_account": "fr", "l10n_be": "be_comp"}

#: A sum of each of these returns.
DUE = {
    "de_skr03": "AGG_DE_19.tax",
    "fr": "box_08_base.balance_rounded",
    "be_comp": "72 - Amount owed by the State.balance",
}
#: What an invoice of 100 at the normal rate brings.
SALES = {
    "de_skr03": {"DE_81.base": 100, "DE_81.tax": 19},
    "fr": {
        "box_A1.balance_from_tags": 100,
        "box_08_base.sale": 100,
        "box_08_taxe.balance_from_tags": 20,
    },
    "be_comp": {"c03.balance": 100, "c54.balance": 21},
}

#: What a story here begins with.
FIGURES = """
from odoo.addons.account_credit_posting.tests.tax_report import TaxReport
report = TaxReport(company, "2024-03-01", "2024-03-31")
normal = company.account_sale_tax_id
found = {}

def bill(account, product, *prices):
    # Prices are ``(amount, tax)``.
    invoice = env["account.move"].create({
        "move_type": "out_invoice", "partner_id": account.id, "invoice_date": today,
        "invoice_payment_term_id": False,
        "invoice_line_ids": [
            Command.create({
                "product_id": product.id, "quantity": 1, "price_unit": price,
                "tax_ids": [Command.set(tax.ids)],
            })
            for price, tax in prices
        ],
    })
    invoice.action_post()
    return invoice

def sold(**vals):
    return env["product.product"].create({"name": "Lesson", "taxes_id": False, **vals})

def rate(amount):
    # The tax of a rate that a company sells with at home.
    return env["account.tax"].search([
        ("company_id", "=", company.id), ("type_tax_use", "=", "sale"),
        ("amount_type", "=", "percent"), ("amount", "=", amount),
    ], limit=1)
"""


@pytest.fixture(scope="module")
def world():
    """Give a database with a company in each of these countries."""
    with countries(CHARTS) as name:
        yield name


# -----------------------------------------------------------------------------
# CREDITS WITH THE TAX OF THEIR ITEM
# -----------------------------------------------------------------------------

TAXED = """
lines = post(prepare(item(normal), {account(): 100}))
found["credit"] = report.read_tagged()
found["due"] = report.read(due)
lines.batch_id.action_reverse("all", today, "A mistake")
found["reversed"] = report.read_tagged()
found["due then"] = report.read(due)
print(json.dumps(found))
"""


def tell_figures(world, chart, story):
    """Run a story that wants to know figures; ``due`` is a sum of the return."""
    return tell(world, chart, f"due = {DUE[chart]!r}\n{FIGURES}{story}")


def test_taxed_credit_lowers_the_tax_that_is_due(world):
    """Kennzahl 81; A1, 08; 49, 64, where Belgium has what comes back."""
    assert tell_figures(world, "de_skr03", TAXED) == {
        "credit": {"DE_81.base": -100, "DE_81.tax": -19},
        "due": -19,
        "reversed": {},
        "due then": 0,
    }
    assert tell_figures(world, "fr", TAXED) == {
        "credit": {
            "box_A1.balance_from_tags": -100,
            "box_08_base.sale": -100,
            "box_08_taxe.balance_from_tags": -20,
        },
        "due": -100,
        "reversed": {},
        "due then": 0,
    }
    assert tell_figures(world, "be_comp", TAXED) == {
        "credit": {"c49.balance": 100, "c64.balance": 21},
        "due": 21,
        # What takes a refund back is a sale.
        "reversed": {
            "c03.balance": 100,
            "c49.balance": 100,
            "c54.balance": 21,
            "c64.balance": 21,
        },
        "due then": 0,
    }


# -----------------------------------------------------------------------------
# WHAT HAS NO TAX
# -----------------------------------------------------------------------------

UNTAXED = """
post(prepare(item(), {account(): 100}))
lines = post(prepare(item(), {account(): 100}, document_form="entry"))
lines.batch_id.action_reverse("all", today, "A mistake")
found["credits"] = report.read_tagged()
family = account()
bill(account(), sold(is_gift_card=True), (50, env["account.tax"]))
answer = env["account.stored.value"].issue(
    "gift_card", family.id, 119, "payment",
    journal_id=env["account.journal"].search([
        ("type", "=", "bank"), ("company_id", "=", company.id)], limit=1).id)
found["cards sold"] = report.read_tagged()
invoice = bill(family, sold(), (100, normal))
found["invoice"] = report.read_tagged()
card = env["account.stored.value"].browse(answer["id"])
card.apply_to_invoice(invoice.id, 10)
assert card.balance == 109, card.balance
found["card used"] = report.read_tagged()
print(json.dumps(found))
"""


@pytest.mark.parametrize("chart", CHARTS.values())
def test_untaxed_credits_and_cards_are_on_no_line(world, chart):
    """A multi-purpose card is taxed by the invoice that it pays, and not again."""
    found = tell_figures(world, chart, UNTAXED)
    assert found["credits"] == {}
    assert found["cards sold"] == {}
    assert found["invoice"] == SALES[chart]
    assert found["card used"] == SALES[chart]


# -----------------------------------------------------------------------------
# SINGLE-PURPOSE VOUCHERS
# -----------------------------------------------------------------------------

SINGLE_PURPOSE = """
family = account()
price = 100 + normal.amount
massage = sold(
    is_gift_card=True, voucher_kind="single", taxes_id=[Command.set(normal.ids)])
bank = env["account.journal"].search([
    ("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)

def sell():
    answer = env["account.stored.value"].issue(
        "gift_card", family.id, price, "payment", journal_id=bank.id,
        product_id=massage.id, date=today)
    return env["account.stored.value"].browse(answer["id"])

voucher = sell()
found["sold"] = report.read_tagged()
net = normal.copy({"name": "Net", "price_include_override": "tax_excluded"})
invoice = bill(family, sold(), (100, net))
with patch_today(today):
    voucher.apply_to_invoice(invoice.id)
found["used"] = report.read_tagged()
other = sell()
with patch_today(today):
    other.refund(price, bank.id)
found["paid back"] = report.read_tagged()
print(json.dumps([invoice.payment_state, voucher.state, found]))
"""

#: Uses and refunds are of the day on which they are made.
PATCH_TODAY = """
from freezegun import freeze_time as patch_today
"""


@pytest.mark.parametrize("chart", CHARTS.values())
def test_single_purpose_voucher_is_taxed_once(world, chart):
    """The return has the tax when it is sold, and not again when it is used."""
    paid, state, found = tell_figures(world, chart, PATCH_TODAY + SINGLE_PURPOSE)
    assert (paid, state) == ("paid", "used")
    assert found == dict.fromkeys(("sold", "used", "paid back"), SALES[chart])
