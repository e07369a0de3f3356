"""What customers may read and do with the own account, and with no other."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ... import const
from ...tools.actions import render_report
from ...tools.days import get_today
from ...tools.reading import read_date
from ...tools.requests import is_id
from ..credit.batch_figures import get_unused
from ..stored_value.stored_value_changes import redeem_to_own_account


def get_credit_status(line):
    """Return what became of a posted credit, as the customer may know it.

    :param line: one ``account.credit.line``, with all rights
    :return: "open", "used", "moved", "expired" or "reversed"
    """
    if line.state == "reversed":
        return "reversed"
    if not line.currency_id.is_zero(line.amount_open):
        is_past = line.expiry_date and line.expiry_date < get_today(line.company_id)
        return "expired" if is_past else "open"
    if line.expired_on:
        return "expired"
    if line.is_promised and not line.currency_id.is_zero(get_unused(line)):
        return "expired"
    is_moved = "move" in line.correction_ids.mapped("kind")
    return "moved" if is_moved and not line.amount_applied else "used"


class CustomerPage:
    """The own account of a user, in the companies that show it to this user.

    No account is ever named from outside: it is that of the user's contact. What is
    read of it is read with all rights, because customers have none in billing; each
    search names the account and these companies, and each row says only what customers
    may know: no private comment, no code, no memo, nobody's name.
    """

    def __init__(self, env):
        """Find the account of the user.

        :param env: of the user, without further rights
        """
        self.env = env
        user_sudo = env.user.sudo()
        #: Whoever may see it: which account one belongs to is known by the contact.
        self.account_sudo = user_sudo.partner_id.commercial_partner_id
        self.companies = env.companies.filtered(self._is_shown)

    @classmethod
    def of_user(cls, user, company):
        """Return the page of a user in one company, with the rights of now.

        :param user: whoever asked for something that is done later
        :return: None where the user does not belong to the company
        """
        if company not in user.sudo().company_ids:
            return None
        context = {
            "lang": user.lang,
            "tz": user.tz,
            "allowed_company_ids": company.ids,
        }
        return cls(user.env(user=user.id, su=False, context=context))

    def _is_shown(self, company):
        """Tell whether a company shows the account to this user."""
        if self.env.user._is_public() or not self.account_sudo:
            return False
        is_payer = self.env.user.sudo().partner_id == self.account_sudo
        # Customers need not see the settings of the company that decides it.
        return is_payer or company.sudo().credit_portal_access == "members"

    @property
    def may_redeem(self):
        """Whether the user may redeem codes to the own account.

        Employees do not: whoever issues cards would issue them for the own account.
        """
        return self.env.user.share and bool(self.companies)

    def _check_is_shown(self):
        """Check that there is something for this user to see.

        :raise AccessError: when no company shows the account
        """
        if not self.companies:
            raise AccessError(
                self.env._(
                    "You are not allowed to see this account. Ask the person who "
                    "pays for it."
                )
            )

    # -------------------------------------------------------------------------
    # BALANCES
    # -------------------------------------------------------------------------

    def get_balances(self):
        """Return the figures at the top: those of the office's billing page.

        :return: ``[{"company", "currency", "credits", "gift_cards", "prepayments",
            "due_now", "overdue", "next_date", "next_amount"}]``, each in the currency
            of its company
        """
        balances = []
        for company in self.companies:
            # The account was checked above all: it is that of the user.
            account_sudo = self.account_sudo.with_company(company)
            balances.append(
                {
                    "company": company,
                    "currency": company.sudo().currency_id,
                    "credits": account_sudo.account_credit_balance,
                    "gift_cards": account_sudo.gift_card_balance,
                    "prepayments": account_sudo.prepayment_balance,
                    "due_now": account_sudo.amount_due_now,
                    "overdue": account_sudo.amount_overdue,
                    "next_date": account_sudo.next_due_date,
                    "next_amount": account_sudo.next_due_amount,
                }
            )
        return balances

    def get_dues(self):
        """Return what comes due next, the first ones.

        :return: ``[{"name", "url", "date", "is_overdue", "amount", "currency"}]``
        """
        account_sudo = self.account_sudo
        items_sudo = account_sudo.env["account.move.line"].search(
            Domain.OR(map(account_sudo._get_open_item_domain, self.companies))
            & Domain("amount_residual_currency", ">", 0),
            order="date_maturity, id",
            limit=const.PORTAL_LISTED,
        )
        urls = self._get_urls(items_sudo.move_id)
        return [
            {
                "name": item.move_id.name,
                "url": urls.get(item.move_id.id),
                "date": item.date_maturity,
                "is_overdue": bool(item.date_maturity)
                and item.date_maturity < get_today(item.company_id),
                "amount": item.amount_residual_currency,
                "currency": item.currency_id,
            }
            for item in items_sudo
        ]

    def count(self):
        """Return how many open credits, gift cards and prepayments there are."""
        return self.count_credits("open") + self.count_held("open")

    # -------------------------------------------------------------------------
    # CREDITS
    # -------------------------------------------------------------------------

    def _get_credit_domain(self, choice):
        """Return which credits of the account are meant.

        :param choice: "open", "used", "expired", "reversed" or "all"
        """
        domain = Domain(
            [
                ("partner_id", "=", self.account_sudo.id),
                ("company_id", "in", self.companies.ids),
                ("state", "in", ("posted", "reversed")),
                # The parts of what is promised are what it paid.
                ("drawn_from_id", "=", False),
                "|",
                ("move_line_id", "!=", False),
                ("is_promised", "=", True),
            ]
        )
        # As in `__init__`: of the own account alone.
        promised_sudo = self.env["account.credit.line"].sudo()
        promised_sudo = promised_sudo.search(domain & Domain("is_promised", "=", True))
        unused_sudo = promised_sudo.filtered(
            lambda line: not line.currency_id.is_zero(get_unused(line))
        )
        is_left = Domain("move_line_id.amount_residual_currency", "<", 0) | Domain(
            "id", "in", unused_sudo.ids
        )
        is_posted = Domain("state", "=", "posted")
        # The day is that of each company.
        is_past = Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("expiry_date", "<", get_today(company))
            for company in self.companies
        )
        is_booked = Domain("expired_on", "!=", False)
        return (
            domain
            & {
                "open": is_posted & is_left & ~is_past,
                "used": is_posted & ~is_left & ~is_booked,
                "expired": is_posted & ((is_left & is_past) | (~is_left & is_booked)),
                "reversed": Domain("state", "=", "reversed"),
                "all": Domain.TRUE,
            }[choice]
        )

    def count_credits(self, choice):
        """Return how many credits there are, see :meth:`get_credits`."""
        # As in `__init__`: of the own account alone.
        lines_sudo = self.env["account.credit.line"].sudo()
        return lines_sudo.search_count(self._get_credit_domain(choice))

    def get_credits(self, choice, order, limit, offset=0):
        """Return credits of the account, and what each paid.

        :param choice: "open", "used", "expired", "reversed" or "all"
        :param order: of ``account.credit.line``
        :return: ``[{"name", "url", "item", "date", "company", "comment", "currency",
            "amount", "left", "expiry_date", "status", "payments": [{"name", "url",
            "amount"}]}]``
        """
        # As in `__init__`: of the own account alone.
        lines_sudo = (
            self.env["account.credit.line"]
            .sudo()
            .search(
                self._get_credit_domain(choice),
                order=order,
                limit=limit,
                offset=offset,
            )
        )
        applied_sudo = lines_sudo._get_applications().filtered("partial_id")
        payments = applied_sudo.sorted("id").grouped(
            lambda application: application._get_source()
        )
        urls = self._get_urls(lines_sudo.move_id | applied_sudo.invoice_id)
        return [
            {
                "name": line.move_id.name or line.batch_id.name,
                "url": urls.get(line.move_id.id),
                "item": line.credit_item_id.name,
                "date": line.date,
                "company": line.company_id,
                "comment": line.public_comment,
                "currency": line.currency_id,
                "amount": line.move_amount_total,
                "left": line.amount_open,
                "expiry_date": line.expiry_date,
                "status": get_credit_status(line),
                "payments": [
                    {
                        "name": application.invoice_id.name,
                        "url": urls.get(application.invoice_id.id),
                        "amount": application.partial_id.credit_amount_currency,
                    }
                    for application in payments.get(line, ())
                ],
            }
            for line in lines_sudo
        ]

    def _get_urls(self, moves_sudo):
        """Return where the user reads documents, as far as Odoo lets the user.

        :return: ``{move id: address}``
        """
        moves = self.env["account.move"]
        if not moves_sudo or not moves.has_access("read"):
            return {}
        own = moves.search(
            Domain("id", "in", moves_sudo.ids)
            & Domain("move_type", "in", ("out_invoice", "out_receipt", "out_refund"))
        )
        return {move_id: f"/my/invoices/{move_id}" for move_id in own.ids}

    # -------------------------------------------------------------------------
    # GIFT CARDS AND PREPAYMENTS
    # -------------------------------------------------------------------------

    def _get_held_domain(self, choice):
        """Return which gift cards and prepayments of the account are meant.

        :param choice: "open", "past" or "all"
        """
        states = {
            "open": ("active", "blocked"),
            "past": ("used", "expired", "handed", "void"),
            "all": ("active", "blocked", "used", "expired", "handed", "void"),
        }
        return Domain(
            [
                ("partner_id", "=", self.account_sudo.id),
                ("company_id", "in", self.companies.ids),
                ("state", "in", states[choice]),
            ]
        )

    def count_held(self, choice):
        """Return how many there are, see :meth:`get_held`."""
        # As in `__init__`: of the own account alone.
        values_sudo = self.env["account.stored.value"].sudo()
        return values_sudo.search_count(self._get_held_domain(choice))

    def get_held(self, choice, order, limit, offset=0):
        """Return gift cards and prepayments of the account.

        :param choice: "open", "past" or "all"
        :param order: of ``account.stored.value``
        :return: see :meth:`prepare_held`
        """
        # As in `__init__`: of the own account alone.
        values_sudo = self.env["account.stored.value"].sudo()
        return [
            self.prepare_held(value_sudo)
            for value_sudo in values_sudo.search(
                self._get_held_domain(choice), order=order, limit=limit, offset=offset
            )
        ]

    def find_held(self, value_id):
        """Return one gift card or prepayment of the account.

        :param value_id: as it came
        :return: with all rights; none where it is another account's
        """
        # As in `__init__`: of the own account alone.
        values_sudo = self.env["account.stored.value"].sudo()
        if not is_id(value_id):
            return values_sudo
        return values_sudo.search(
            self._get_held_domain("all") & Domain("id", "=", value_id)
        )

    def prepare_held(self, value):
        """Return what the customer may know of a gift card or prepayment.

        :param value: of :meth:`find_held`
        :return: ``{"id", "name", "kind", "company", "currency", "amount", "left",
            "issue_date", "expiry_date", "status", "status_label"}``
        """
        kinds = dict(value._fields["value_type"]._description_selection(self.env))
        states = dict(value._fields["state"]._description_selection(self.env))
        is_late = value.state == "active" and value._is_expired()
        status = "expired" if is_late else value.state
        label = states[status]
        if value.awaits_payment:
            label = self.env._("Waiting for Payment")
        return {
            "id": value.id,
            "name": value.name,
            "kind": kinds[value.value_type],
            "company": value.company_id,
            "currency": value.currency_id,
            "amount": value.initial_amount,
            "left": value.balance,
            "issue_date": value.issue_date,
            "expiry_date": value._may_expire() and value.expiry_date,
            "status": status,
            "status_label": label,
        }

    def count_movements(self, value_sudo):
        """Return how many movements one has, see :meth:`get_movements`."""
        return value_sudo.env["account.stored.value.movement"].search_count(
            [("stored_value_id", "=", value_sudo.id)]
        )

    def get_movements(self, value_sudo, limit, offset=0):
        """Return the history of one gift card or prepayment, the newest first.

        What the office wrote beside a movement, and who did it, is not in it.

        :param value_sudo: of :meth:`find_held`
        :return: ``[{"date", "event", "name", "url", "amount", "left"}]``
        """
        movements_sudo = value_sudo.env["account.stored.value.movement"].search(
            [("stored_value_id", "=", value_sudo.id)], limit=limit, offset=offset
        )
        # An invoice of somebody else sold it, where it was a present.
        invoices_sudo = movements_sudo.invoice_id.filtered(
            lambda move: move.commercial_partner_id == self.account_sudo
        )
        names = {move.id: move.name for move in invoices_sudo}
        urls = self._get_urls(invoices_sudo)
        events = self.env["account.move"]._fields["stored_value_event"]
        labels = dict(events._description_selection(self.env))
        return [
            {
                "date": movement.date,
                "event": labels.get(movement.event, ""),
                "name": names.get(movement.invoice_id.id),
                "url": urls.get(movement.invoice_id.id),
                "amount": movement.amount,
                "left": movement.balance_after,
            }
            for movement in movements_sudo
        ]

    def redeem(self, code):
        """Put what is on a gift card on the own account.

        :param code: as typed
        :return: the ``account.stored.value`` of the account, with all rights
        :raise UserError: the same for every code that is wrong, used or blocked
        """
        self._check_is_shown()
        if not self.may_redeem:
            raise UserError(
                self.env._(
                    "You work here: ask somebody else to redeem a code for your own "
                    "account."
                )
            )
        # Cards of those companies alone that show the account to this user.
        env = self.env(
            context={**self.env.context, "allowed_company_ids": self.companies.ids}
        )
        return redeem_to_own_account(env, self.account_sudo, code)

    # -------------------------------------------------------------------------
    # STATEMENT
    # -------------------------------------------------------------------------

    def create_statement(self, company_id=None, date_from=None, date_to=None):
        """Prepare the statement of a period, as the office does.

        :param company_id: one of those that show the account; the first by default
        :param date_from: day, or text such as 2024-03-15; by default as in the office
        :param date_to: the same
        :return: an ``account.billing.statement``, with all rights
        :raise UserError: when the period is none
        """
        self._check_is_shown()
        company = self.companies[:1]
        if company_id:
            company = self.companies.filtered(lambda own: str(own.id) == company_id)
            if not company:
                raise UserError(self.env._("Choose a company from the list."))
        days = {
            name: day
            for name, value in (("date_from", date_from), ("date_to", date_to))
            if (day := read_date(self.env, name, value))
        }
        with self.env.cr.savepoint():
            # The account was checked above all: it is that of the user.
            return self.account_sudo._create_billing_statement(company, **days)

    def print_statement(self, statement_sudo):
        """Render a statement.

        :param statement_sudo: of :meth:`create_statement`
        :return: ``(content, "pdf")``, or ``"html"`` where there is no wkhtmltopdf
        """
        # The report of the office, for what was checked to be the customer's own.
        reports_sudo = self.env["ir.actions.report"].sudo()
        reports_sudo = reports_sudo.with_company(statement_sudo.company_id)
        return render_report(
            reports_sudo,
            "account_credit_posting.action_report_billing_statement",
            statement_sudo.ids,
        )
