"""Real countries: their charts of accounts, and what their localizations override."""

import csv
import re
from itertools import islice

import pytest
from devenv import odoo_process as odoo

from odoo.addons.account_credit_posting.charts import PLACES, Places

from tests.countries import countries, run, tell

#: Where the ledger accounts of these companies are: ``{chart: codes}``, for credits,
#: cards sold, prepayments, cards given away, promotions, breakage, expected breakage,
#: and unclaimed property.
CODES = {
    "de_skr03": [
        *("8706", "1712", "1713", "1714"),
        *("8707", "2706", "1715", "1717"),
    ],
    "fr": [
        *("709601", "419101", "419102", "419103"),
        *("709602", "758001", "419104", "419105"),
    ],
    "be_comp": [
        *("708001", "460001", "460002", "460003"),
        *("708002", "743001", "460004", "460005"),
    ],
    "es_pymes": [
        *("709001", "438001", "438002", "438003"),
        *("709002", "759001", "438004", "438005"),
    ],
    "mx": [
        *("402.01.02", "206.05.02", "206.05.03", "206.05.04"),
        *("402.01.03", "403.01.02", "206.05.05", "206.05.06"),
    ],
    "ar_ri": [
        *("4.1.1.01.021", "2.1.1.01.041", "2.1.1.01.042", "2.1.1.01.043"),
        *("4.1.1.01.022", "4.3.1.01.021", "2.1.1.01.044", "2.1.1.01.045"),
    ],
    "ro": [
        *("709001", "419101", "419102", "419103"),
        *("709002", "758801", "419104", "419105"),
    ],
}

#: What reports find them by: ``{chart: (group or tag) of credits, cards, breakage}``.
REPORTED = {
    "de_skr03": ["G&V: 1-", "Balance sheet passive: C 3-", "G&V: 4-"],
    "fr": ["Sales rebates", "Customers in credit", "Compensation and other income"],
    "be_comp": ["Discounts, Allowances", "Advances on", "Miscellaneous Operating"],
    "es_pymes": ["«Rappels»", "Advances from customers", "Income from other services"],
    "mx": ["Refunds, discounts", "Other customer advances", "Other Income"],
    "ar_ri": ["Sales revenue", "Commercial Debts", "Extraordinary Income"],
    "ro": ["Net turnover", "Customers and", "Other operating revenues"],
}

READ = """
import json
from odoo.addons.account_credit_posting.const import ACCOUNT_FIELDS
found = {}
for company in env["res.company"].search([("chart_template", "!=", False)]):
    company = company.with_company(company)
    found[company.name] = [
        [company[name].code, company[name].account_type,
         [company[name].group_id.name or "", *company[name].tag_ids.mapped("name")]]
        for name in ACCOUNT_FIELDS
    ]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def world():
    """Give a database with a company in each of these countries."""
    with countries() as name:
        yield name


# -----------------------------------------------------------------------------
# LEDGER ACCOUNTS
# -----------------------------------------------------------------------------


def test_ledger_accounts_are_where_a_bookkeeper_looks(world):
    found = run(world, READ)
    assert {chart: [code for code, *_ in found[chart]] for chart in CODES} == CODES
    for chart, names in REPORTED.items():
        accounts = found[chart]
        for _code, account_type, _reported in accounts[1:4]:
            assert account_type == "liability_current"
        for (_code, _type, reported), name in zip(
            (accounts[0], accounts[1], accounts[5]), names, strict=True
        ):
            assert any(of.startswith(name) for of in reported), (chart, reported)


def read_chart(chart):
    """Return ``{external id: (code as it is loaded, account type)}`` of a chart."""
    addons = odoo.source_root() / "odoo" / "addons"
    [template] = [
        text
        for path in addons.glob("*/models/template_*.py")
        if f"@template('{chart}')" in (text := path.read_text())
    ]
    digits = re.search(r"code_digits.: *.?(\d+)", template)
    found = {}
    for path in addons.glob(f"*/data/template/account.account-{chart}.csv"):
        with path.open(newline="") as rows:
            for row in csv.DictReader(rows):
                code = row["code"].ljust(int(digits[1]) if digits else 6, "0")
                found[row["id"]] = (code, row["account_type"])
    return found


def free_codes(start, taken):
    """Yield the free codes from one on, as Odoo looks for them."""
    before, number, after = re.fullmatch(r"(.*?)(\d+)(\D*)", start).groups()
    for value in range(int(number), 10 ** len(number)):
        code = f"{before}{value:0{len(number)}}{after}"
        if code not in taken:
            yield code


def test_there_are_the_most_used_charts():
    assert len(PLACES) >= 25


@pytest.mark.parametrize("chart", PLACES)
def test_places_are_in_the_chart_of_odoo(chart):
    accounts = read_chart(chart)
    codes = {code for code, _type in accounts.values()}
    types = Places("liability", ("income", "expense"), "income")
    for place, allowed in zip(PLACES[chart], types, strict=True):
        code, account_type = accounts[place.xml_id]
        assert account_type.startswith(allowed), place
        start = place.code or code
        # Those of one company: what is promised stands within the same group.
        for free in islice(free_codes(start, codes), 5):
            assert free not in codes
            assert len(free) == len(start)
            assert free[:-2] == start[:-2], place


# -----------------------------------------------------------------------------
# WHAT LOCALIZATIONS DECIDE ON A DOCUMENT
# -----------------------------------------------------------------------------

OVERRIDES = """
from odoo.addons.account_credit_posting import localizations
found = {}
for company in env["res.company"].search([("chart_template", "!=", False)]):
    found[company.name] = [
        sorted(localizations.find_overrides(company, methods))
        for methods in (localizations.DOCUMENT, localizations.NUMBER)
    ]
import json
print(json.dumps(found))
"""


def test_localizations_that_override_what_is_assumed_are_found(world):
    """In their own country alone; what is for many countries counts in all."""
    latam = [
        ["l10n_latam_invoice_document", "account.move", name]
        for name in (
            "_deduce_sequence_number_reset",
            "_get_last_sequence_domain",
            "_get_starting_sequence",
        )
    ]
    found = run(world, OVERRIDES)
    for chart in ("de_skr03", "fr", "be_comp", "es_pymes", "ro"):
        assert found[chart] == [[], latam], chart
    assert found["mx"] == [
        [["l10n_mx", "account.move.line", "_compute_account_id"]],
        latam,
    ]
    assert found["ar_ri"] == [
        [],
        [
            ["l10n_ar", "account.move", "_get_last_sequence_domain"],
            ["l10n_ar", "account.move", "_get_starting_sequence"],
            *latam,
        ],
    ]


def test_assumed_methods_are_those_of_odoo(world):
    """A method that Odoo has renamed would be looked for in vain."""
    script = """
import json
from odoo.addons.account_credit_posting import localizations
print(json.dumps([
    [model, name]
    for methods in (localizations.DOCUMENT, localizations.NUMBER)
    for model, names in methods.items()
    for name in names
    if not hasattr(env[model], name)
]))
"""
    assert run(world, script) == []


# The account that Mexico books each refund line on, whatever the item says.
MEXICO = """
refunds = company.l10n_mx_income_return_discount_account_id
tax = company.account_sale_tax_id
found = {"refunds": refunds.code}
for name, taxes in (("plain", []), ("taxed", [tax])):
    batch = prepare(item(taxes), {account(): 100, account("Other"): 50})
    found[name] = {"shown": shown(batch), "booked": booked(post(batch).move_id)}
batch = prepare(item(), {account(): 100}, document_form="entry")
found["entry"] = {"shown": shown(batch), "booked": booked(post(batch).move_id)}
found["rate"] = tax.amount
print(json.dumps(found))
"""


def test_mexico_books_a_credit_item_on_one_account(world):
    found = tell(world, "mx", MEXICO)
    assert found["refunds"] == "402.01.01"
    assert found["plain"]["booked"] == [
        [["402.01.01", 100], ["105.01.01", -100]],
        [["402.01.01", 50], ["105.01.01", -50]],
    ]
    assert [items[0] for items in found["taxed"]["booked"]] == [
        ["402.01.01", 100],
        ["402.01.01", 50],
    ]
    assert found["entry"]["booked"] == [[["402.01.01", 100], ["105.01.01", -100]]]
    for name in ("plain", "taxed", "entry"):
        assert found[name]["shown"] == found[name]["booked"], name


# Whom a business sells to decides which letter its documents have.
ARGENTINA = """
cuit = env.ref("l10n_ar.it_cuit")
def customer(name, kind, vat):
    return account(
        name,
        l10n_latam_identification_type_id=cuit.id,
        l10n_ar_afip_responsibility_type_id=env.ref(f"l10n_ar.res_{kind}").id,
        vat=vat,
    )

company.write({"vat": "30111111118"})
company.partner_id.l10n_ar_afip_responsibility_type_id = env.ref("l10n_ar.res_IVARI")
company.partner_id.l10n_latam_identification_type_id = cuit
exempt = env["account.tax"].search([
    ("company_id", "=", company.id), ("type_tax_use", "=", "sale"),
    ("tax_group_id.l10n_ar_vat_afip_code", "=", "2"),
], limit=1)
firms = [customer(f"Firm {number}", "IVARI", vat) for number, vat in enumerate(
    ["30714295698", "30714101443"])]
people = [customer(f"Family {number}", "CF", False) for number in range(2)]
"""
CREDITS = """
mixed = [firms[0], people[0], firms[1], people[1]]
goodwill = item([exempt])
found = {"journal": [
    company.credit_journal_id.l10n_latam_use_documents, company.credit_journal_id.type]}
for name in ("first", "second"):
    batch = prepare(goodwill, {account: 10 for account in mixed})
    lines = post(batch)
    found[name] = [
        [line.partner_id.name, move.l10n_latam_document_type_id.doc_code_prefix,
         move.name]
        for line in lines for move in line.move_id
    ]
batch.action_reverse("all", today, "A mistake")
found["reversed"] = [
    [move.reversed_entry_id.name, move.journal_id.type, move.state]
    for move in env["account.move"].search(
        [("reversed_entry_id", "in", batch.line_ids.move_id.ids)], order="id")
]
print(json.dumps(found))
"""


def test_argentina_numbers_credit_notes_by_their_letter(world):
    found = tell(world, "ar_ri", ARGENTINA + CREDITS)
    # Among the invoices, which have the numbers of the tax agency.
    assert found["journal"] == [True, "sale"]
    for first, name in ((1, "first"), (3, "second")):
        numbers = iter((first, first, first + 1, first + 1))
        assert found[name] == [
            [customer, prefix, f"{prefix} 00001-{next(numbers):08}"]
            for customer, prefix in (
                ("Firm 0", "NC-A"),
                ("Family 0", "NC-B"),
                ("Firm 1", "NC-A"),
                ("Family 1", "NC-B"),
            )
        ], name
    # What takes them back is no document of the law.
    assert found["reversed"] == [
        [name, "general", "posted"] for _customer, _prefix, name in found["second"]
    ]


CARDS = """
def sell(*taxes):
    product = env["product.product"].create({
        "name": "Gift Card", "is_gift_card": True, "taxes_id": False})
    invoice = env["account.move"].create({
        "move_type": "out_invoice", "partner_id": people[0].id, "invoice_date": today,
        "invoice_line_ids": [Command.create({
            "product_id": product.id, "quantity": 3, "price_unit": 50,
            "tax_ids": [Command.set([tax.id for tax in taxes])],
        })],
    })
    invoice.action_post()
    return invoice

def refused(*taxes):
    try:
        with env.cr.savepoint():
            sell(*taxes)
    except Exception as error:
        return str(error)

invoice = sell(exempt)
found = {
    "items": booked(invoice),
    "taxes": [line.tax_ids.ids == exempt.ids for line in invoice.invoice_line_ids],
    "cards": invoice.sold_value_ids.mapped("initial_amount"),
    "taxed": refused(company.account_sale_tax_id),
}
print(json.dumps(found))
"""


def test_argentina_sells_gift_cards_with_the_tax_of_zero(world):
    found = tell(world, "ar_ri", ARGENTINA + CARDS)
    liability = CODES["ar_ri"][1]
    [items] = found["items"]
    assert items[:3] == [[liability, -50]] * 3
    assert len(items) == 4
    assert items[3][1] == 150
    assert found["taxes"] == [True] * 3
    assert found["cards"] == [50] * 3
    assert "it is taxed when it is used, not when it is sold" in found["taxed"]
