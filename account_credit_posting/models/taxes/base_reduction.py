"""What gift cards that nobody paid for take off the tax base of invoices.

Odoo's tax engine computes it, as it computes a discount on the whole invoice: over its
taxes in proportion to what is charged with each, at the rates and the exchange rate of
the invoice. The invoice itself stays as it was posted.
"""

from odoo.fields import Domain

from ..vat.discount_items import find_reducing_items, find_uses
from .tax_items import Key, TaxItem, compute_sums, prepare_vals

#: Keeps the rounding of the discount apart from that of the invoice.
COMPUTATION_KEY = "gift_card_discount"


class BaseReductions:
    """What uses of gift cards take off the tax base of invoices, a set at a time.

    All that cards take off an invoice is computed at once; a use books by how much
    that is more than what those before it booked. So no cent is lost or taken twice:
    whatever the parts, the taxes are those of the whole.
    """

    def __init__(self):
        """Begin with what the ledger says."""
        self._booked = {}  # {invoice: (amount, {key: [amount, balance, base, tax]})}
        self._prices = {}  # {invoice: amount}
        #: What is taken of cards, which whoever builds the uses notes here.
        self.taken = {}

    def take(self, invoice, amount, account):
        """Take more off the base of an invoice.

        :param invoice: a posted customer invoice
        :param amount: what is given away, taxes included, in its currency
        :param account: the ``account.account`` of discounts given
        :return: list of :class:`TaxItem`, whose sum is the amount, or less where
            credits and credit notes have lowered the price already; none where the
            invoice has no tax
        """
        invoice = invoice.sudo()  # Whoever uses a card may lower the tax.
        before, booked = self._booked.get(invoice) or _read_booked(invoice)
        total = invoice.currency_id.round(
            max(before, min(before + amount, self._get_price(invoice)))
        )
        computed = _compute(invoice, total) if total else {}
        if not computed:
            return []
        self._booked[invoice] = (total, computed)
        currencies = (
            invoice.currency_id,
            invoice.company_currency_id,
            invoice.company_currency_id,
        )
        items = []
        for key in {**computed, **booked}:
            *amounts, tax = computed.get(key) or (0, 0, 0, booked[key][3])
            value, balance, base = (
                currency.round(new - old)
                for currency, new, old in zip(
                    currencies, amounts, booked.get(key, (0, 0, 0)), strict=False
                )
            )
            if value or balance:
                ledger = account.browse(key.account) if key.account else account
                vals = prepare_vals(key, base)
                items.append(TaxItem(ledger, value, balance, tax, vals))
        return items

    def _get_price(self, invoice):
        """Return what an invoice charges, less what others take off its price."""
        if invoice not in self._prices:
            checks = invoice.env["account.credit.check"]
            lowered = checks._sum_price_reductions(
                invoice, Domain("state", "=", "posted")
            )
            lowered += checks._sum_credit_notes(invoice)
            self._prices[invoice] = invoice.amount_total - lowered
        return self._prices[invoice]


def _read_booked(invoice):
    """Return what uses of cards took off an invoice, and what is in force of it.

    :return: ``(amount, {key: [amount, balance, base, tax]})``
    """
    total, booked = 0, {}
    for move in find_uses(invoice):
        given = move.line_ids.filtered("discount_value_id")
        total -= sum(given.mapped("amount_currency"))
        for item in find_reducing_items(move):
            own = item.account_id == given.account_id
            key = Key(
                None if own else item.account_id.id,
                item.tax_repartition_line_id.id or None,
                item.group_tax_id.id or None,
                frozenset(item.tax_ids.ids),
                frozenset(item.tax_tag_ids.ids),
            )
            tax = None if own else item.name
            sums = booked.setdefault(key, [0, 0, 0, tax])
            sums[0] += item.amount_currency
            sums[1] += item.balance
            sums[2] += item.tax_base_amount
    return total, booked


def _compute(invoice, total):
    """Compute what a discount of so much takes off an invoice, in Odoo's steps.

    :param total: above zero, taxes included, in the currency of the invoice
    :return: ``{key: [amount, balance, base, tax]}``; empty without taxes
    """
    taxes = invoice.env["account.tax"]
    company = invoice.company_id
    base_lines, _tax_lines = invoice._get_rounded_base_and_tax_lines()
    lines = taxes._reduce_base_lines_to_target_amount(
        # What each piece is charged with, such as a deposit, is no part of a price.
        taxes._prepare_discountable_base_lines(
            [line for line in base_lines if not line["special_type"]], company
        ),
        company,
        "fixed",
        total,
        computation_key=COMPUTATION_KEY,
    )
    taxes._fix_base_lines_tax_details_on_manual_tax_amounts(lines, company)
    # The account is that of whichever card is used.
    none = invoice.env["account.account"]
    for line in lines:
        line.update(
            sign=1, is_refund=True, account_id=none, analytic_distribution=False
        )
    if not any(line["tax_details"]["taxes_data"] for line in lines):
        return {}
    return compute_sums(lines, company)
