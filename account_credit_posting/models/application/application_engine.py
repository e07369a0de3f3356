"""Find open credits and invoices of accounts, plan, and reconcile them as a set."""

import logging
from datetime import date, timedelta
from itertools import chain

from odoo import fields
from odoo.fields import Domain

from ... import const
from ...tools.applying import OpenItem, may_pay, plan_applications
from ...tools.days import get_today
from ...tools.isolating import explain_error, isolate
from ...tools.posting import Decision, with_posting, without_rework
from ...tools.working import trigger
from ..promise import promise_drawing

_logger = logging.getLogger(__name__)


class ApplicationEngine:
    """Let what is open on accounts of one company pay its invoices, for one occasion.

    What Odoo refuses to reconcile stays open, with the reason recorded; nothing but a
    conflict with another transaction is raised, and that one Odoo repeats.
    """

    def __init__(self, env, company, origin, invoices=None):
        """Begin an occasion.

        :param env: of whoever applies; the rule decides what is applied, not his rights
        :param company: whose credits and invoices
        :param origin: see ``account.credit.application.origin``; with "user" and
            "customer" the policy of the company does not count, because somebody asked
        :param invoices: pay only these; pairs that are kept apart may meet here
        """
        self.env = env(su=True)
        self.company = company
        self.origin = origin
        self.invoices = invoices
        self.applications = self.env["account.credit.application"]
        self.items = self.env["account.move.line"]
        #: Whether credits pay by themselves in the company, or somebody asked.
        self.has_rule = (
            origin in const.ASKED or company.credit_application_policy != "manual"
        )

    # -------------------------------------------------------------------------
    # APPLYING
    # -------------------------------------------------------------------------

    def apply(self, accounts, fresh=None, promised=None):
        """Let the open credits of accounts pay their open invoices, by the rule.

        :param accounts: ``res.partner`` records
        :param fresh: entries of credits just posted: these may pay the invoice that
            they name
        :param promised: likewise, credit lines just promised
        """
        credits = self.find_open_credits(accounts, fresh, promised)
        credits += self.find_automatic_items(accounts)
        self.apply_items(credits)
        if self.origin == "credit" and any(
            credit.is_open and not credit.usable_from for credit in credits
        ):
            self._look_again()

    def apply_items(self, credits):
        """Let these open items pay, by the rule.

        :param list credits: open items; their residuals are lowered
        """
        applications, blocked = self.plan(credits)
        for application in blocked:
            self._record_error(application, self.get_blocked_message(application))
        groups = {}  # {account: [applications]}
        for application in applications:
            groups.setdefault(application.credit.account, []).append(application)
        self._reconcile_groups(list(groups.values()))

    def plan(self, credits, unposted=()):
        """Plan what credits will pay, without posting anything.

        :param list credits: open items of :meth:`find_open_credits`, or those of
            credits that are not posted yet; their residuals are lowered
        :param unposted: installments of invoices that are not posted yet
        :return: see ``plan_applications``
        """
        accounts = self.env["res.partner"].union(*(item.account for item in credits))
        terms = self.find_open_terms(accounts)
        kept_apart = self._find_kept_apart(credits) if terms else ()
        terms += unposted
        return plan_applications(credits, terms, kept_apart)

    def filter_usable(self, credits, terms):
        """Return which credits may pay some of these terms.

        :param list credits: open items of one account
        :param list terms: of :meth:`find_open_terms`, of the same account
        """
        kept_apart = self._find_kept_apart(credits)
        return [
            credit
            for credit in credits
            if any(
                credit.currency == term.currency and may_pay(credit, term, kept_apart)
                for term in terms
            )
        ]

    def _reconcile_groups(self, groups):
        """Reconcile the applications of all accounts as one set, or isolate what fails.

        :param list groups: for each account the list of its applications
        """
        isolate(
            self.env.cr,
            groups,
            lambda some: self._reconcile(list(chain.from_iterable(some))),
            lambda one, error: self._isolate_group(one[0], error),
        )

    def _isolate_group(self, group, error):
        """Reconcile the applications of an account one by one, or record the error.

        :param list group: the applications of one account, refused together
        :param error: the exception that came of them
        """
        if len(group) > 1:
            for application in group:
                self._reconcile_groups([[application]])
        else:
            [application] = group
            self._record_error(application, self._get_error_message(application, error))

    def _reconcile(self, applications):
        """Reconcile credits with invoices, in this order (``_reconcile_plan``)."""
        drawn = self._draw(applications)
        pairs = [  # [(credit item, debit item)]
            (
                application.credit.line or drawn[number],
                application.term.line,
            )
            for number, application in enumerate(applications)
        ]
        rules = {
            (credit.id, debit.id): application.rule
            for (credit, debit), application in zip(pairs, applications, strict=True)
        }
        # A customer may have chosen a part of a credit.
        amounts = {
            (credit.id, debit.id): application.amount
            for (credit, debit), application in zip(pairs, applications, strict=True)
            if self.origin == "customer"
        }
        both = self.items.union(*(credit + debit for credit, debit in pairs))
        items = with_posting(
            without_rework(both, is_logged=self.company.credit_application_log),
            decision=Decision(self.origin, rules, amounts),
        )
        # Odoo looks at the taxes of each entry: read them at once.
        items.move_id.line_ids.tax_ids.mapped("amount")
        # One pair after the other, so that the order is ours, not Odoo's.
        items._reconcile_plan(
            [(credit + debit).with_env(items.env) for credit, debit in pairs]
        )

    def _draw(self, applications):
        """Let what books its own use do it, as one set.

        :return: ``{place in the list: receivable item}``
        """
        places = {}  # {what books: [places of its applications]}
        for number, application in enumerate(applications):
            if draw := application.credit.draw:
                places.setdefault(draw, []).append(number)
        return {
            number: item
            for draw, numbers in places.items()
            for number, item in zip(
                numbers, draw([applications[number] for number in numbers]), strict=True
            )
        }

    def _look_again(self):
        trigger(
            self.env,
            "account_credit_posting.ir_cron_apply_credits",
            fields.Datetime.now() + const.LOOK_AGAIN,
        )

    # -------------------------------------------------------------------------
    # OPEN ITEMS
    # -------------------------------------------------------------------------

    def find_open_credits(self, accounts, fresh=None, promised=None):
        """Return the open credits of accounts, as one query finds them.

        :param accounts: ``res.partner`` records
        :param fresh: see :meth:`apply`
        :param promised: see :meth:`apply`
        :return: list of :class:`OpenItem`
        """
        fresh = fresh or self.env["account.move"]
        promised = promised or self.env["account.credit.line"]
        if not self.has_rule:
            # Then only a credit that names its invoice pays, when it is posted.
            naming = fresh._get_credit_lines() | promised
            accounts &= naming.invoice_id.commercial_partner_id
        if not accounts:
            return []
        lines = self.items.search(
            Domain("partner_id", "in", accounts.ids) & self.get_credit_domain()
        )
        today = get_today(self.company)
        items = []
        for line in lines:
            credit_line = line.credit_line_ids
            expiry = credit_line.expiry_date or date.max
            is_fresh = line.move_id in fresh
            if expiry < today or not (is_fresh or self.has_rule):
                continue
            is_paid = bool(line.payment_id or line.statement_line_id)
            items.append(
                OpenItem(
                    move=line.move_id,
                    line=line,
                    account=line.partner_id,
                    ledger=line.account_id,
                    currency=line.currency_id,
                    residual=-line.amount_residual_currency,
                    order=(0, expiry, is_paid, line.date, line.id),
                    named_invoice=is_fresh and credit_line.invoice_id or None,
                    credit_line=credit_line or None,
                    usable_from=line.date if line.date > today else None,
                )
            )
        return items + self._find_promises(accounts, promised)

    def _find_promises(self, accounts, promised):
        """Return what is left of promised credits, which are booked when they pay."""
        items = promise_drawing.find_open_items(
            accounts.with_env(self.env), self.company
        )
        for item in items:
            if item.credit_line in promised:
                item.named_invoice = item.credit_line.invoice_id or None
        return [item for item in items if self.has_rule or item.named_invoice]

    def find_automatic_items(self, accounts):
        """Return what else pays by itself, such as gift cards and prepayments.

        :return: list of :class:`OpenItem`
        """
        if not accounts or not self.has_rule:
            return []
        return [
            item
            for name in const.SOURCES
            for item in self.env[name]._find_automatic_items(accounts, self.company)
        ]

    def find_open_terms(self, accounts):
        """Return the open installments of the invoices of accounts.

        Those that the policy does not let be paid yet are among them, because a
        credit may name their invoice.

        :return: list of :class:`OpenItem`
        """
        if not accounts:
            return []
        domain = Domain("partner_id", "in", accounts.ids) & self.get_term_domain()
        if self.invoices is not None:
            domain &= Domain("move_id", "in", self.invoices.ids)
        return self.get_terms(domain, self.get_due_limit())

    def get_terms(self, domain, limit):
        """Return open installments.

        :param domain: which journal items
        :param limit: the last due date that may be paid now, or None
        :return: list of :class:`OpenItem`
        """
        return [
            OpenItem(
                move=line.move_id,
                line=line,
                account=line.partner_id,
                ledger=line.account_id,
                currency=line.currency_id,
                residual=line.amount_residual_currency,
                order=(line.date_maturity or line.date, line.date, line.id),
                date=line.date,
                is_payable=limit is not None
                and (line.date_maturity or line.date) <= limit,
            )
            for line in self.items.search(domain)
        ]

    def find_accounts(self):
        """Return the ids of accounts with an open credit and an invoice it may pay."""
        come_due = self.find_come_due()._get_credit_lines()
        come_due |= promise_drawing.find_come_due(self.company.with_env(self.env))
        named_ids = come_due.invoice_id.commercial_partner_id.ids
        if not self.has_rule:
            return named_ids
        today = get_today(self.company)
        with_credit = self.env["res.partner"].union(
            *(
                account
                for [account] in self.items._read_group(
                    self.get_credit_domain() & Domain("date", "<=", today),
                    ["partner_id"],
                )
            ),
            promise_drawing.find_unused(self.company.with_env(self.env)).partner_id,
            *(self.env[name]._find_accounts(self.company) for name in const.SOURCES),
        )
        domain = self.get_term_domain() & Domain("partner_id", "in", with_credit.ids)
        if self.company.credit_application_policy == "due":
            domain &= Domain("date_maturity", "<=", self.get_due_limit())
        rows = self.items._read_group(domain, ["partner_id"])
        return list(dict.fromkeys([*named_ids, *(account.id for [account] in rows)]))

    def find_come_due(self, accounts=None):
        """Return the entries of credits dated ahead whose day has come.

        Of those that name an invoice, which they pay as if they were posted now.

        :param accounts: only theirs
        :return: ``account.move`` records
        """
        domain = Domain(
            [
                ("company_id", "=", self.company.id),
                ("invoice_id", "!=", False),
                ("invoice_id.payment_state", "in", ("not_paid", "partial")),
                ("state", "=", "posted"),
                ("date", "<=", get_today(self.company)),
                ("move_line_id.amount_residual_currency", "<", 0),
                ("application_ids", "=", False),
            ]
        )
        if accounts is not None:
            domain &= Domain("partner_id", "in", accounts.ids)
        lines = self.env["account.credit.line"].search(domain)
        return lines.filtered(
            lambda line: line.move_id.create_date.date() < line.date
        ).move_id

    # -------------------------------------------------------------------------
    # DOMAINS
    # -------------------------------------------------------------------------

    def get_credit_domain(self):
        """Return which journal items of the company are open credits.

        Those of credits posted by us; where the company says so, of any customer
        credit note, and of customer payments that no invoice has taken. A flagged
        one (Odoo's No Follow-Up, or Block Payment) is disputed: it pays nothing.
        """
        kinds = self.items._get_credit_item_domain()
        if self.company.credit_apply_credit_notes:
            kinds |= Domain("move_id.move_type", "=", "out_refund")
        if self.company.credit_apply_payments:
            kinds |= self.get_payment_domain()
        return (
            self.get_open_domain()
            & Domain("amount_residual_currency", "<", 0)
            & Domain("no_followup", "=", False)
            & Domain("move_id.payment_state", "!=", "blocked")
            & kinds
        )

    def get_payment_domain(self):
        """Return which journal items are those of customer payments."""
        return Domain("payment_id.partner_type", "=", "customer") | Domain(
            "statement_line_id", "!=", False
        )

    def get_term_domain(self):
        """Return which open terms of invoices credits and stored value may pay.

        Not those of an invoice that sells gift cards: it takes money only, and neither
        a credit nor stored value becomes a gift card. Nor by themselves those of an
        invoice whose own payment is about to be booked.
        """
        domain = self.get_invoice_term_domain() & Domain(
            "move_id.stored_value_event", "in", (False, "use")
        )
        if self.origin != "user":
            domain &= ~self.items._get_awaited_domain()
        return domain

    def get_invoice_term_domain(self):
        """Return which journal items of the company are open terms of invoices.

        An invoice with a payment in process is not open, nor is a blocked one.
        """
        return (
            self.get_open_domain()
            & Domain("amount_residual_currency", ">", 0)
            & Domain("move_id.move_type", "in", ("out_invoice", "out_receipt"))
            & Domain("move_id.payment_state", "in", ("not_paid", "partial"))
        )

    def get_open_domain(self):
        """Return which journal items of the company are open receivables."""
        return Domain(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
            ]
        )

    def get_due_limit(self):
        """Return the last due date that credits may pay now; None without a rule."""
        if not self.has_rule:
            return None
        # What is charged now is paid now, whenever it is due.
        is_now = self.origin in (*const.ASKED, "charge")
        if is_now or self.company.credit_application_policy == "posted":
            return date.max
        today = get_today(self.company)
        return today + timedelta(days=self.company.credit_application_days)

    def _find_kept_apart(self, credits):
        """Return the pairs that must not meet.

        Those that somebody unapplied, unless the office asks for the very invoice; and
        what was refused today, unless somebody asks.

        :return: set of ``(source of the credit, invoice)``
        """
        # What books its own use is no entry.
        value_ids = [
            item.move.id
            for item in credits
            if item.move._name == "account.stored.value"
        ]
        promise_ids = [
            item.move.id for item in credits if item.draw and item.credit_line
        ]
        move_ids = [
            item.move.id for item in credits if item.move._name == "account.move"
        ]
        domain = Domain.FALSE
        if self.invoices is None or self.origin != "user":
            domain |= Domain([("state", "=", "unapplied"), ("is_pinned", "=", True)])
        if self.origin not in const.ASKED:
            today = fields.Datetime.now().replace(hour=0, minute=0, second=0)
            domain |= Domain([("state", "=", "refused"), ("write_date", ">=", today)])
        sources = Domain("credit_move_id", "in", move_ids)
        if value_ids:
            sources |= Domain("stored_value_id", "in", value_ids)
        if promise_ids:
            sources |= Domain("credit_line_id", "in", promise_ids)
            sources |= Domain("credit_line_id.drawn_from_id", "in", promise_ids)
        pairs = self.applications.search(domain & sources)
        return {(pair._get_source(), pair.invoice_id) for pair in pairs}

    # -------------------------------------------------------------------------
    # ERRORS
    # -------------------------------------------------------------------------

    def _record_error(self, application, reason):
        """Record why a credit cannot pay an invoice; it stays open on the account."""
        self.applications._record_error(application, self.origin, reason)

    def get_blocked_message(self, application):
        """Say why a credit cannot pay an invoice on another receivable account."""
        is_posted = application.credit.line is not None
        return self.env._(
            "%(credit)s is booked on the receivable account %(own)s and %(invoice)s on "
            "%(other)s: one cannot pay the other. Move the open amount to the other "
            "account with a journal entry, then apply the credit.",
            credit=application.credit.name if is_posted else self.env._("The credit"),
            own=application.credit.ledger.display_name,
            invoice=application.term.move.name,
            other=application.term.ledger.display_name,
        )

    def _get_error_message(self, application, error):
        """Turn an exception into a sentence that says what to do.

        :param application: what was refused
        :param error: the exception that came of reconciling it alone
        """
        credit, invoice = application.credit.move, application.term.move
        label = f"Paying invoice {invoice.id} with {credit}"
        return self.env._(
            "%(credit)s could not pay %(invoice)s and stays open. %(reason)s Fix the "
            "problem, then apply the credit.",
            credit=application.credit.name,
            invoice=invoice.name,
            reason=explain_error(self.env, error, _logger, label),
        )
