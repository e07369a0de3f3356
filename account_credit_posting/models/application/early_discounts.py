"""What is waived of an invoice that is paid early, by Odoo's own rules."""


def find_discount(line, day):
    """Return how much of an installment is waived where the rest is paid on a day.

    Odoo knows a discount of a whole invoice only, of which nothing is paid yet.

    :param line: a term of a posted invoice, an ``account.move.line``
    :param day: the date of the payment
    :return: in the currency of the invoice; zero without a discount
    """
    currency = line.currency_id
    if line.display_type != "payment_term" or (
        not line.move_id._is_eligible_for_early_payment_discount(currency, day)
    ):
        return 0
    return currency.round(line.amount_currency - line.discount_amount_currency)


def prepare_discount_items(discounts, day):
    """Prepare what a payment books for the discounts that it is given.

    As Odoo's Register Payment does: the discount, where Odoo says so its taxes, and the
    exchange difference of both.

    :param discounts: ``{term: what is waived of it}``, of one company and currency
    :param day: the date of the payment
    :return: list of values of journal items
    """
    if not discounts:
        return []
    [company] = {line.company_id for line in discounts}
    [currency] = {line.currency_id for line in discounts}
    waived = sum(discounts.values())
    moves = company.env["account.move"]
    vals_by_kind = moves._get_invoice_counterpart_amls_for_early_payment_discount(
        [
            {
                "aml": line,
                "amount_currency": -line.amount_residual_currency,
                "balance": -line.amount_residual,
            }
            for line in discounts
        ],
        currency._convert(waived, company.currency_id, company, day),
    )
    return [vals for vals_list in vals_by_kind.values() for vals in vals_list]


def explain_ended(env, names):
    """Say which discounts end because a part of their invoices is paid.

    :param names: of the invoices
    :return: a sentence, or False
    """
    return bool(names) and env._(
        "This ends the early payment discount of %(invoices)s.",
        invoices=", ".join(dict.fromkeys(names)),
    )


def find_ended(applications, day):
    """Return the names of invoices that are no longer discounted.

    :param applications: planned, of posted invoices
    :param day: on which they pay
    """
    return [
        application.term.move.name
        for application in applications
        if application.term.is_open and find_discount(application.term.line, day)
    ]
