"""What a localization, or another addon, changes of what posting takes for granted.

Documents are created complete, and numbered as a block, which is half of the cost:
values are those that Odoo would derive. Where an addon derives others, companies get
what Odoo derives: all of them, or those of the country that the addon is named after.
"""

import re

#: Methods that derive what a document consists of: ``{model: names}``.
DOCUMENT = {
    "account.move": (
        "_get_sync_stack",
        "_sync_dynamic_lines",
        "_sync_dynamic_line",
        "_sync_tax_lines",
        "_sync_rounding_lines",
        "_compute_needed_terms",
        "_compute_invoice_currency_rate",
        "_compute_expected_currency_rate",
        "_get_invoice_currency_rate_date",
    ),
    "account.move.line": (
        "_compute_account_id",
        "_compute_display_type",
        "_compute_currency_rate",
        "_compute_amount_currency",
        "_compute_balance",
        "_compute_tax_ids",
        "_get_computed_taxes",
        "_compute_term_key",
        "_compute_totals",
    ),
}

#: Methods that say which number comes next.
NUMBER = {
    "account.move": (
        "_get_last_sequence_domain",
        "_get_last_sequence",
        "_get_starting_sequence",
        "_get_next_sequence_format",
        "_get_sequence_format_param",
        "_deduce_sequence_number_reset",
    ),
}

_ADDON = re.compile(r"odoo\.addons\.(\w+)")

_COUNTRY = re.compile(r"l10n_([a-z]+)")

#: Those that override them for other documents than credits and what they pay: debit
#: notes, expenses, vendor bills. And whose methods they are.
_HARMLESS = ("account", "account_debit_note", "hr_expense", "stock_account")

#: Countries that Odoo's addons call otherwise than ISO 3166 does.
_CODES = {"uk": "GB"}

#: What stands in the place of a country in names of addons, and is none.
_NO_COUNTRIES = ("eu",)


def find_overrides(company, methods):
    """Return what other addons override for a company.

    :param company: a ``res.company``
    :param methods: ``{model: names}``, as :data:`DOCUMENT`
    :return: a set of ``(addon, model, method)``
    """
    country = company.account_fiscal_country_id.code
    found = set()
    for model, names in methods.items():
        for part in type(company.env[model]).mro():
            overridden = [name for name in names if name in vars(part)]
            match = overridden and _ADDON.match(part.__module__)
            if match and _is_for(match[1], country):
                found |= {(match[1], model, name) for name in overridden}
    return found


def _is_for(addon, country):
    """Tell whether what an addon overrides counts for companies of a country."""
    if addon in _HARMLESS or addon.startswith("account_credit_posting"):
        return False
    place = _COUNTRY.match(addon)
    if not place or len(place[1]) != 2 or place[1] in _NO_COUNTRIES:
        return True
    return _CODES.get(place[1], place[1].upper()) == country
