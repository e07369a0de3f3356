"""The tax on what gift cards that were paid for leave unused, where a law wants it."""

from .tax_items import TaxItem, compute_sums, prepare_vals


def split_breakage(tax, company, currency, amount, balance, account):
    """Divide what is taken to income into income and tax, which it includes.

    :param tax: the ``account.tax`` of sales, whether it is included in prices or not
    :param currency: of the amount
    :param amount: above zero
    :param balance: the same in company currency
    :param account: the ``account.account`` of the income
    :return: list of :class:`TaxItem`, credits that sum up to the amount, in both
    """
    taxes = tax.env["account.tax"]
    line = taxes._prepare_base_line_for_taxes_computation(
        {},
        price_unit=amount,
        quantity=1,
        tax_ids=tax,
        currency_id=currency,
        rate=amount / balance if balance else 1,
        sign=-1,
        special_mode="total_included",
        account_id=account.browse(),
    )
    taxes._add_tax_details_in_base_lines([line], company)
    taxes._round_base_lines_tax_details([line], company)
    sums = compute_sums([line], company)
    income, *charged = [
        TaxItem(
            account.browse(key.account) if key.account else account,
            value,
            value_company,
            name,
            prepare_vals(key, base),
        )
        for key, (value, value_company, base, name) in sums.items()
    ]
    # What the exchange rate leaves is income.
    return [
        income._replace(
            amount=-currency.round(amount + sum(item.amount for item in charged)),
            balance=-company.currency_id.round(
                balance + sum(item.balance for item in charged)
            ),
        ),
        *charged,
    ]
