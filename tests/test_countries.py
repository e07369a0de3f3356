"""Real countries: their charts of accounts, and what their localizations override."""

import csv
import json
import re
from itertools import islice

import pytest
from devenv import odoo_process as odoo

from odoo.addons.account_credit_posting.charts import PLACES, Places

from tests.servers import run_script, throwaway_database

#: ``{localization: chart}`` of the companies that the tests work in.
CHARTS = {
    "l10n_de": "de_skr03",
    "l10n_fr_account": "fr",
    "l10n_be": "be_comp",
    "l10n_es": "es_pymes",
    "l10n_mx": "mx",
    "l10n_ar": "ar_ri",
}

#: Where the ledger accounts of these companies are: ``{chart: codes}``, for credits,
#: cards sold, prepayments, cards given away, promotions, and breakage.
CODES = {
    "de_skr03": ["8706", "1712", "1713", "1714", "8707", "2706"],
    "fr": ["709601", "419101", "419102", "419103", "709602", "758001"],
    "be_comp": ["708001", "460001", "460002", "460003", "708002", "743001"],
    "es_pymes": ["709001", "438001", "438002", "438003", "709002", "759001"],
    "mx": [
        *("402.01.02", "206.05.02", "206.05.03", "206.05.04"),
        *("402.01.03", "403.01.02"),
    ],
    "ar_ri": [
        *("4.1.1.01.021", "2.1.1.01.041", "2.1.1.01.042", "2.1.1.01.043"),
        *("4.1.1.01.022", "4.3.1.01.021"),
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
}

SET_UP = """
import json
from unittest.mock import patch
charts = json.loads('''{charts}''')
templates = env["account.chart.template"]
companies = env.registry["res.company"]
# Without statistics, PostgreSQL looks for the parents of 700 groups by nested loops.
env.cr.execute("SET enable_nestloop = off")
mapping = templates._get_chart_template_mapping(get_all=True)
for chart in charts:
    # A country would bring further addons: these are tested in the matrix.
    with patch.object(companies, "install_l10n_modules", lambda self: False):
        company = env["res.company"].create(
            {{"name": chart, "country_id": mapping[chart]["country_id"]}}
        )
    templates.try_loading(chart, company, install_demo=False)
    env.cr.commit()
"""

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
    with throwaway_database() as name:
        odoo.install(name, ",".join(CHARTS), demo=False)
        run_script(name, SET_UP.format(charts=json.dumps(list(CHARTS.values()))))
        yield name


def run(name, script):
    """Run a script and return the JSON that it printed last."""
    return json.loads(run_script(name, script).strip().splitlines()[-1])


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
