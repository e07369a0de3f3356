"""The addon beside Odoo's own and the OCA's: installed before them, and after them.

``make test`` takes a few of them, ``make matrix`` all.
"""

import os
import re

import pytest
from devenv import database
from devenv import odoo_process as odoo
from devenv.steps import ADDON, LOGS

from tests.scenario import SCENARIO
from tests.servers import INSTALLED, assert_proven, run_alone

#: Addons of Odoo that touch invoices, products, or payments.
NEIGHBOURS = (
    "sale_management",
    "sale_loyalty",
    "point_of_sale",
    "pos_loyalty",
    "website_sale",
    "purchase",
    "stock_account",
    "account_payment",
    "account_edi_ubl_cii",
    "account_debit_note",
    "hr_expense",
    "event_sale",
)
#: Addons of the OCA, pinned in ``requirements-addons.txt``.
OCA = (
    "account_reconcile_oca",
    "account_financial_report",
    "account_move_name_sequence",
    "mis_builder",
)
#: Localizations: ``{addon: (country, VAT number)}``.
COUNTRIES = {
    "l10n_us_account": ("us", False),
    "l10n_de": ("de", "DE136695976"),
    "l10n_fr_account": ("fr", "FR23334175221"),
    "l10n_be": ("be", "BE0477472701"),
    "l10n_nl": ("nl", "NL123456782B90"),
    "l10n_uk": ("uk", "GB123456782"),
    "l10n_es": ("es", "ESA12345674"),
    "l10n_it_edi": ("it", "IT00465840031"),
    "l10n_ch": ("ch", False),
    "l10n_in": ("in", False),
    "l10n_mx": ("mx", False),
    "l10n_br": ("br", False),
    "l10n_ar": ("ar", "30111111118"),
    "l10n_ca": ("ca", False),
    "l10n_au": ("au", False),
    "l10n_pl": ("pl", False),
    "l10n_ro": ("ro", "RO1234567897"),
    "l10n_dk": ("dk", "DK12345674"),
    "l10n_jp": ("jp", False),
    "l10n_sa": ("sa", False),
}
IN_EACH_RUN = ("sale_loyalty", "l10n_de")
IS_WHOLE = bool(os.environ.get("MATRIX"))

# What a localization wants to know of a customer before it posts an invoice.
PARTNERS = {
    "l10n_ar": """{
        "l10n_latam_identification_type_id": env.ref("l10n_ar.it_cuit").id,
        "l10n_ar_afip_responsibility_type_id": env.ref("l10n_ar.res_IVARI").id,
    }""",
}
# Which tax a localization wants on each line, also where none is charged.
TAXES = {
    "l10n_ar": [("tax_group_id.l10n_ar_vat_afip_code", "=", "2")],
}
FIND = f'addon = env["ir.module.module"].search([("name", "=", "{ADDON}")])'
UPGRADE = f"{FIND}\naddon.button_immediate_upgrade()"
UNINSTALL = f"{FIND}\naddon.button_immediate_uninstall()"
LEFT = f"""
print(env["ir.model.data"].search_count([("module", "=", "{ADDON}")]))
print("account.credit.batch" in env)
"""
#: A line of a log that has to do with the addon, or is an error.
LOGGED = re.compile(
    r"\bWARNING\b.*(?:account[._]credit|stored[._]value|post[._]transaction)"
    r"|\b(?:ERROR|CRITICAL)\b"
)


def get_pairs():
    """Return what is tried: other addons, and whether ours was there before."""
    neighbours = (*NEIGHBOURS, *OCA, *COUNTRIES)
    return [
        (neighbour, is_first)
        for neighbour in neighbours
        for is_first in (True, False)
        if IS_WHOLE or neighbour in IN_EACH_RUN
    ]


def install(name, module):
    """Install a module, and check that the log has nothing of ours."""
    odoo.install(name, module, demo=False)
    log = (LOGS / f"odoo-{name}.log").read_text()
    found = [line for line in log.splitlines() if LOGGED.search(line)]
    assert found == [], f"{module}: {found}"


def get_story(neighbour, *, with_addon=True):
    """Return the scenario in the company of a country, which it creates."""
    country, vat = COUNTRIES.get(neighbour, ("", False))
    partner = PARTNERS.get(neighbour, "{}")
    return (
        f"COUNTRY, VAT, WITH_ADDON = {country!r}, {vat!r}, {with_addon}\n"
        f"PARTNER = lambda env: {partner}\n"
        f"TAX = {TAXES.get(neighbour)!r}\n"
        f"{SCENARIO}"
    )


@pytest.fixture(scope="module")
def without_addon():
    """Give a database with `account` alone, to be copied."""
    with database.throwaway() as name:
        yield name


@pytest.mark.parametrize(("neighbour", "is_first"), get_pairs())
def test_beside(neighbour, is_first, without_addon):
    source = os.environ[INSTALLED] if is_first else without_addon
    with database.throwaway(source) as name:
        if is_first:
            install(name, neighbour)
        else:
            install(name, neighbour)
            run_alone(name, get_story(neighbour, with_addon=False))
            install(name, ADDON)
        # One process, which goes on with the modules that are left, as a server does.
        with odoo.Scripts(name) as scripts:
            assert int(scripts.run(get_story(neighbour)).split()[-1]) > 0
            scripts.run(UPGRADE)
            assert_proven(name)
            scripts.run(UNINSTALL)
            assert scripts.run(LEFT).split()[-2:] == ["0", "False"]
