"""What credits and gift cards bring into the tax returns of Germany, France, Belgium.

By Odoo's own definitions of these returns, see ``TaxReport``.
"""

import pytest

from tests.countries import countries, tell

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
    tax = env["account.tax"].with_context(active_test=False).search([
        ("company_id", "=", company.id), ("type_tax_use", "=", "sale"),
        ("amount_type", "=", "percent"), ("amount", "=", amount),
    ], limit=1)
    tax.active = True
    return tax
"""


@pytest.fixture(scope="module")
def world():
    """Give a database with a company in each of these countries."""
    with countries() as name:
        yield name


# -----------------------------------------------------------------------------
# CREDITS WITH THE TAX OF THEIR ITEM
# -----------------------------------------------------------------------------

TAXED = """
lines = post(prepare(item(normal), {account(): 100}))
found["credit"] = report.read_tagged()
found["due"] = report.get_figure(due)
lines.batch_id.action_reverse("all", today, "A mistake")
found["reversed"] = report.read_tagged()
found["due then"] = report.get_figure(due)
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
# PRICE REDUCTIONS, WITH THE TAXES OF THEIR INVOICE
# -----------------------------------------------------------------------------

REDUCED = """
family = account()
invoice = bill(family, sold(), (100, normal), (200, rate(reduced)))
found["total"] = invoice.amount_total
discount = item(credit_vat_treatment="price_reduction")
batch = prepare(discount, {family: 100})
batch.line_ids.invoice_id = invoice
lines = post(batch)
found["credit"] = lines.move_id.amount_tax, lines.move_id.amount_total
found["left"] = report.read_tagged()
batch.action_reverse("all", today, "A mistake")
found["reversed"] = report.read_tagged()
print(json.dumps(found))
"""


def tell_reduced(world, chart, rate):
    """Tell of an invoice of 100 at the normal rate, 200 at another, less 100."""
    found = tell_figures(world, chart, f"reduced = {rate}\n{REDUCED}")
    assert found["credit"][1] == 100
    return found


def test_price_reduction_germany(world):
    """Of 333, 100 are taken back: 19 and 14 become 13.29 and 9.80."""
    found = tell_reduced(world, "de_skr03", 7)
    assert found["total"] == 333
    assert found["credit"][0] == 9.91  # 5.71 and 4.20
    assert found["left"] == {
        "DE_81.base": 69.97,
        "DE_81.tax": 13.29,
        "DE_86.base": 139.94,
        "DE_86.tax": 9.8,
    }
    assert found["reversed"] == {
        "DE_81.base": 100,
        "DE_81.tax": 19,
        "DE_86.base": 200,
        "DE_86.tax": 14,
    }


def test_price_reduction_france(world):
    """Of 331, 100 are taken back: 20 and 11 become 13.96 and 7.68."""
    found = tell_reduced(world, "fr", 5.5)
    assert found["total"] == 331
    assert found["credit"][0] == 9.36  # 6.04 and 3.32
    assert found["left"] == {
        "box_A1.balance_from_tags": 209.36,
        "box_08_base.sale": 69.79,
        "box_08_taxe.balance_from_tags": 13.96,
        "box_09_base.sale": 139.57,
        "box_09_taxe.balance_from_tags": 7.68,
    }


def test_price_reduction_belgium(world):
    """Of 333, 100 are taken back: what is credited is on lines of its own."""
    found = tell_reduced(world, "be_comp", 6)
    assert found["total"] == 333
    assert found["credit"][0] == 9.91  # 6.31 and 3.60
    assert found["left"] == {
        "c01.balance": 200,
        "c03.balance": 100,
        "c54.balance": 33,
        "c49.balance": 90.09,
        "c64.balance": 9.91,
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


@pytest.mark.parametrize("chart", SALES)
def test_untaxed_credits_and_cards_are_on_no_line(world, chart):
    """A multi-purpose card is taxed by the invoice that it pays, and not again."""
    found = tell_figures(world, chart, UNTAXED)
    assert found["credits"] == {}
    assert found["cards sold"] == {}
    assert found["invoice"] == SALES[chart]
    assert found["card used"] == SALES[chart]


# -----------------------------------------------------------------------------
# VOUCHERS: SINGLE-PURPOSE, AND GIVEN AWAY
# -----------------------------------------------------------------------------

VOUCHER = """
# A card is used on the day of the test.
report = TaxReport(company, "2024-03-01", "2099-12-31")
family = account()

def issue(amount, funding, **details):
    answer = env["account.stored.value"].issue(
        "gift_card", family.id, f"{amount:.2f}", funding, **details)
    return env["account.stored.value"].browse(answer["id"])
"""

SINGLE = """
product = sold(
    is_gift_card=True, voucher_kind="single", company_id=company.id,
    taxes_id=[Command.set(normal.ids)])
bank = env["account.journal"].search([
    ("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
card = issue(
    100 + normal.amount, "payment", journal_id=bank.id, date=today,
    product_id=product.id)
found["sold"] = report.read_tagged()
invoice = bill(family, sold(), (100, normal))
found["invoice"] = report.read_tagged()
card.apply_to_invoice(invoice.id)
assert card.state == "used", card.state
found["used"] = report.read_tagged()
print(json.dumps(found))
"""


@pytest.mark.parametrize("chart", SALES)
def test_single_purpose_voucher_is_on_the_return_once(world, chart):
    """Its tax is due when it is sold, and that of the invoice is taken back."""
    assert tell_figures(world, chart, VOUCHER + SINGLE) == {
        "sold": SALES[chart],
        "invoice": {name: 2 * amount for name, amount in SALES[chart].items()},
        "used": SALES[chart],
    }


GIVEN = """
company.gift_card_tax_policy = "reduce"
card = issue(20, "promotion")
invoice = bill(family, sold(), (100, normal))
found["invoice"] = report.read_tagged()
card.apply_to_invoice(invoice.id)
found["used"] = report.read_tagged()
print(json.dumps(found))
"""

#: The same, less a card of 20 that was given away.
REDUCED_SALES = {
    "de_skr03": {"DE_81.base": 83.19, "DE_81.tax": 15.81},
    "fr": {
        "box_A1.balance_from_tags": 83.33,
        "box_08_base.sale": 83.33,
        "box_08_taxe.balance_from_tags": 16.67,
    },
    "be_comp": {
        **SALES["be_comp"],
        "c49.balance": 16.53,
        "c64.balance": 3.47,
    },
}


@pytest.mark.parametrize("chart", SALES)
def test_card_given_away_lowers_what_is_taxed(world, chart):
    """Of 20, the part that is tax comes off the tax, the rest off the base."""
    assert tell_figures(world, chart, VOUCHER + GIVEN) == {
        "invoice": SALES[chart],
        "used": REDUCED_SALES[chart],
    }
