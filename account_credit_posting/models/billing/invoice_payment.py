"""Pay an own invoice with what is on the own account, as the customer chose."""

import logging

from odoo.exceptions import UserError
from odoo.fields import Domain

from ... import const
from ...tools.days import get_today
from ...tools.locks import touch_rows
from ...tools.reading import read_amount
from ...tools.requests import is_id
from ..application.early_discounts import explain_ended, find_ended
from ..stored_value.stored_value_paying import get_open_items

_logger = logging.getLogger(__name__)

#: ``{kind: the field of the company that lets customers use it}``
POLICIES = {
    "credit": "portal_pay_credits",
    "prepayment": "portal_pay_prepayments",
    "gift_card": "portal_pay_gift_cards",
}

#: How the fields of a form begin that say how much of something is used.
PREFIX = "use_"


class AccountBalance:
    """What a customer may use of the own account, in one currency of a company.

    Before there is an invoice, too: an order asks it whether the account can pay.
    """

    def __init__(self, page, company, currency):
        """Begin with the account of a page.

        :param page: the :class:`CustomerPage` of the user
        """
        self.env = page.env
        self.page = page
        #: With all rights, because customers have none in billing.
        self.company_sudo = company.sudo()
        self.currency = currency

    def find_items(self, engine_sudo):
        """Return what the company lets customers use, in the order of use.

        :param engine_sudo: the engine that plans and applies
        :return: list of open items; credits in whatever currency
        """
        kinds = [kind for kind, name in POLICIES.items() if self.company_sudo[name]]
        items = []
        if "credit" in kinds:
            items += engine_sudo.find_open_credits(self.page.account_sudo)
        items += get_open_items(self._find_values(kinds))
        return sorted(items, key=lambda item: item.order)

    def _find_values(self, kinds):
        # As in `CustomerPage`: of the own account alone.
        values_sudo = self.env["account.stored.value"].sudo()
        return values_sudo.search(
            Domain("partner_id", "=", self.page.account_sudo.id)
            & Domain("company_id", "=", self.company_sudo.id)
            & Domain("currency_id", "=", self.currency.id)
            & Domain("state", "=", "active")
            & Domain("value_type", "in", kinds)
        )

    def _find_usable(self):
        """Return what could pay an invoice that were posted now."""
        applications_sudo = self.env["account.credit.application"].sudo()
        engine_sudo = applications_sudo._get_engine(self.company_sudo, "customer")
        usable = [
            item
            for item in self.find_items(engine_sudo)
            if item.currency == self.currency and not item.usable_from
        ]
        return usable[: const.PORTAL_CHOICES]

    def get_total(self):
        """Return how much could be used now, in the currency."""
        total = sum(item.residual for item in self._find_usable())
        return self.currency.round(total)

    def preview(self, amount):
        """Return what would pay an amount, in the order of use.

        :return: ``[{"name", "kind", "expiry_date", "amount", "left"}]``
        """
        parts = []
        for item in self._find_usable():
            part = min(item.residual, self.currency.round(amount))
            if self.currency.compare_amounts(part, 0) > 0:
                amount -= part
                left = self.currency.round(item.residual - part)
                parts.append({**self.describe(item), "amount": part, "left": left})
        return parts

    def describe(self, item):
        """Return what the customer may know of an open item: as on the own page.

        :return: ``{"name", "kind", "expiry_date"}``
        """
        if item.draw and not item.credit_line:
            value = item.move
            kinds = dict(value._fields["value_type"]._description_selection(self.env))
            return {
                "name": value.name,
                "kind": kinds[value.value_type],
                "expiry_date": value._may_expire() and value.expiry_date,
            }
        credit_line = item.credit_line
        return {
            "name": item.credit_line.batch_id.name if item.draw else item.move.name,
            "kind": credit_line.credit_item_id.name
            if credit_line
            else self.env._("Credit"),
            "expiry_date": credit_line and credit_line.expiry_date,
        }


class InvoicePayment:
    """One open invoice of the user's account, and what of the account may pay it.

    Whatever comes from outside names what :meth:`get_sources` lists, or is refused.
    What pays how much is planned by the engine that applies it.
    """

    def __init__(self, page, invoice_id, *, is_confirmed=False):
        """Find the invoice, none where the user may not pay it so.

        :param page: the :class:`CustomerPage` of the user
        :param invoice_id: as it came
        :param is_confirmed: whether it is paid so with a payment that has arrived,
            also while another one is under way
        """
        self.env = page.env
        self.page = page
        #: With all rights, because customers have none in billing.
        self.invoice_sudo = self._find(invoice_id).sudo()
        if not is_confirmed and not self._is_open():
            self.invoice_sudo = self.invoice_sudo.browse()
        self.company_sudo = self.invoice_sudo.company_id
        self.currency = self.invoice_sudo.currency_id
        self.balance = AccountBalance(page, self.company_sudo, self.currency)

    def _find(self, invoice_id):
        """Return the invoice, as the rules let the user read it."""
        moves = self.env["account.move"]
        # Employees do not use what they could give to themselves.
        is_asked = is_id(invoice_id) and self.env.user.share and self.page.companies
        if not is_asked or not moves.has_access("read"):
            return moves
        return moves.search(
            [
                ("id", "=", invoice_id),
                ("commercial_partner_id", "=", self.page.account_sudo.id),
                ("company_id", "in", self.page.companies.ids),
            ]
        )

    def _is_open(self):
        return bool(self.invoice_sudo) and self.invoice_sudo._is_open_for_customer()

    # -------------------------------------------------------------------------
    # WHAT MAY PAY
    # -------------------------------------------------------------------------

    @property
    def engine_sudo(self):
        """The engine that plans and applies, for this invoice alone."""
        applications_sudo = self.env["account.credit.application"].sudo()
        return applications_sudo._get_engine(
            self.company_sudo, "customer", self.invoice_sudo
        )

    def _get_terms(self):
        if not self.invoice_sudo:
            return []
        return self.engine_sudo.find_open_terms(self.page.account_sudo)

    def get_due(self):
        """Return what is open of the invoice, in its currency."""
        return self.currency.round(sum(term.residual for term in self._get_terms()))

    def _find_items(self):
        """Return what the customer may use, in the order of use.

        :return: ``{key: OpenItem}``
        """
        if not self.invoice_sudo:
            return {}
        engine_sudo = self.engine_sudo
        items = engine_sudo.filter_usable(
            self.balance.find_items(engine_sudo), self._get_terms()
        )
        return {_get_key(item): item for item in items[: const.PORTAL_CHOICES]}

    def get_sources(self, amounts=None):
        """Return what the customer may use, and how much of each.

        :param amounts: ``{key: amount}`` that is shown; by default what the rule takes
        :return: ``[{"key", "name", "kind", "expiry_date", "available", "amount",
            "left"}]``, in the order of use
        """
        items = self._find_items()
        available = {key: item.residual for key, item in items.items()}
        if amounts is None:
            amounts = self._plan(items)
        return [
            {
                "key": key,
                **self.balance.describe(item),
                "available": available[key],
                "amount": amounts.get(key, 0),
                "left": self.currency.round(available[key] - amounts.get(key, 0)),
            }
            for key, item in items.items()
        ]

    def format_amount(self, amount):
        """Write an amount as a field of a form has it, e.g. "12.50"."""
        return f"{amount:.{self.currency.decimal_places}f}"

    def _plan(self, items):
        """Return ``{key: amount}`` of what these items would pay."""
        applications, _blocked = self.engine_sudo.plan(list(items.values()))
        amounts = {}
        for application in applications:
            key = _get_key(application.credit)
            amount = amounts.get(key, 0) + application.amount
            amounts[key] = self.currency.round(amount)
        return amounts

    # -------------------------------------------------------------------------
    # WHAT WAS CHOSEN
    # -------------------------------------------------------------------------

    def read_form(self, form):
        """Return what a form says.

        :param dict form: ``{"use_<key>": amount}``, among others
        :return: ``{key: amount}``, amounts that are not zero
        :raise UserError: when something is no amount
        """
        amounts = {
            name.removeprefix(PREFIX): read_amount(
                self.env, text.strip() if isinstance(text, str) else text, self.currency
            )
            for name, text in form.items()
            if name.startswith(PREFIX) and text != ""
        }
        return {key: amount for key, amount in amounts.items() if amount}

    def choose(self, amount):
        """Return what the rule takes to pay so much of the invoice.

        :param amount: in the currency of the invoice
        :return: ``{key: amount}``, less in sum where there is less
        """
        chosen = {}
        for key, planned in self._plan(self._find_items()).items():
            part = min(planned, self.currency.round(amount))
            if self.currency.compare_amounts(part, 0) > 0:
                chosen[key] = part
                amount -= part
        return chosen

    def check(self, amounts):
        """Check that so much can be used of what was chosen.

        :param dict amounts: of :meth:`read_form`
        :return: what is open of the invoice then
        :raise UserError: says what is wrong, or has changed
        """
        if not amounts:
            raise UserError(self.env._("Enter how much you want to use."))
        sources = {source["key"]: source for source in self.get_sources(amounts)}
        for key, amount in amounts.items():
            self._check_amount(sources.get(key), amount)
        due = self.get_due()
        if self.currency.compare_amounts(sum(amounts.values()), due) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s is left to pay: use at most that amount.",
                    amount=self.currency.format(due),
                )
            )
        return self.currency.round(due - sum(amounts.values()))

    def _check_amount(self, source, amount):
        compare = self.currency.compare_amounts
        if not source:
            raise UserError(
                self.env._("Something you chose no longer exists. Choose again.")
            )
        if compare(amount, 0) < 0 or compare(amount, source["available"]) > 0:
            raise UserError(
                self.env._(
                    "%(name)s has %(available)s left: enter an amount between zero "
                    "and that.",
                    name=source["name"],
                    available=self.currency.format(source["available"]),
                )
            )

    def explain_ended(self, amounts):
        """Say that a part ends the early payment discount of the invoice.

        :param dict amounts: of :meth:`read_form`, checked
        :return: a sentence, or False
        """
        applications, _blocked = self.engine_sudo.plan(self._choose(amounts))
        names = find_ended(applications, get_today(self.company_sudo))
        return explain_ended(self.env, names)

    def use(self, amounts):
        """Pay the invoice with what was chosen, all of it or nothing.

        :param dict amounts: of :meth:`read_form`
        :raise UserError: when it cannot be used so, any more
        """
        with self.env.cr.savepoint():
            self.lock()
            self.check(amounts)
            if self._apply(amounts) != amounts:
                _logger.warning(
                    "A customer could not use what was chosen for invoice %s",
                    self.invoice_sudo.id,
                )
                raise UserError(
                    self.env._(
                        "This cannot be used for the invoice right now. Nothing was "
                        "used. Choose something else, or contact us."
                    )
                )

    def use_what_is_left(self, amounts):
        """Pay the invoice with as much as is still there of what was chosen.

        For payments that were under way meanwhile: whatever is gone is left open.

        :param dict amounts: of :meth:`read_form`, checked before
        :return: ``{key: amount}`` of what was used
        """
        if not self.invoice_sudo:
            return {}
        self.lock()
        return self._apply(amounts)

    def lock(self):
        """Let whoever pays this invoice at the same time begin again.

        Of two tabs, the daily run and a payment the second finds what the first left.
        """
        terms = self._get_terms()
        items = self._find_items().values()
        # In the order of `tools.locks`: promised credits first.
        lines_sudo = self.env["account.credit.line"].sudo()
        promises = [item.move for item in items if item.draw and item.credit_line]
        touch_rows(lines_sudo.union(*promises))
        credits = [item for item in items if item.line]
        items_sudo = self.env["account.move.line"].sudo()
        items_sudo = items_sudo.union(*(item.line for item in (*terms, *credits)))
        items_sudo.flush_recordset()
        touch_rows(items_sudo)

    def _choose(self, amounts):
        """Return the open items that were chosen, up to these amounts."""
        items = self._find_items()
        for key, item in items.items():
            item.residual = min(item.residual, amounts.get(key, 0))
        return [item for item in items.values() if item.is_open]

    def _apply(self, amounts):
        """Apply items, up to these amounts.

        :return: ``{key: amount}`` of what was used
        """
        before = self.invoice_sudo.credit_application_ids
        self.engine_sudo.apply_items(self._choose(amounts))
        applied = (self.invoice_sudo.credit_application_ids - before).filtered(
            "partial_id"
        )
        used = {}
        for application in applied:
            key = _get_source_key(application)
            used[key] = self.currency.round(used.get(key, 0) + application.amount)
        if used:
            self._log(used)
        return used

    def _log(self, used):
        """Let the office see who used what."""
        total = self.currency.format(sum(used.values()))
        body = self.env._(
            "%(user)s used %(amount)s of the account in the portal.",
            user=self.env.user.name,
            amount=total,
        )
        self.invoice_sudo._message_log(body=body)


def _get_key(item):
    """Return what an open item is called in a form."""
    if item.draw:
        return f"p{item.move.id}" if item.credit_line else f"v{item.move.id}"
    return f"c{item.line.id}"


def _get_source_key(application):
    """Return the same of what was applied."""
    value = application.stored_value_id
    if promise := application.credit_line_id.drawn_from_id:
        return f"p{promise.id}"
    return f"v{value.id}" if value else f"c{application.partial_id.credit_move_id.id}"
