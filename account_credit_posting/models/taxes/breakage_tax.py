"""The tax on what gift cards that were paid for leave unused, where a law wants it."""

from .tax_items import TaxItem, compute_included, compute_sums, prepare_vals


def split_breakage(tax, company, currency, amount, balance, account):
    """Divide what is taken to income into income and tax, which it includes.

    :param tax: the ``account.tax`` of sales, whether it is included in prices or not
    :param currency: of the amount
    :param amount: above zero
    :param balance: the same in company currency
    :param account: the ``account.account`` of the income
    :return: list of :class:`TaxItem`, credits that sum up to the amount, in both
    """
    line = compute_included(
        tax.env["account.tax"],
        company,
        amount,
        balance,
        tax_ids=tax,
        currency_id=currency,
        sign=-1,
        account_id=account.browse(),
    )
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
