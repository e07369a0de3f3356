import logging
from datetime import date, timedelta
from itertools import chain

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import split_every

from ..application_plan import OpenItem, plan_applications
from ..narrowing import explain_refusal, narrow

_logger = logging.getLogger(__name__)

#: Another session may post an invoice at the very moment of a credit, and neither
#: sees the other's. So long after, the run looks again.
LOOK_AGAIN = timedelta(minutes=1)


class Decision:
    """What decided that credits pay invoices, handed to the partials made of it.

    An own type, so that no value of a context that comes over RPC can be taken for it.
    """

    def __init__(self, origin, rules):
        """Keep the rule of each pair.

        :param rules: ``{(credit item id, debit item id): rule}``
        """
        self.origin = origin
        self.rules = rules


class AccountCreditApplication(models.Model):
    """Find open credits and invoices of accounts, plan, and reconcile them as a set."""

    # One file per concern.
    _inherit = "account.credit.application"  # pylint: disable=consider-merging-classes-inherited

    #: Accounts that the daily run serves before it commits.
    _chunk_accounts = 200

    # -------------------------------------------------------------------------
    # APPLYING
    # -------------------------------------------------------------------------

    @api.model
    def _apply(self, accounts, company, origin, *, invoices=None, fresh=None):
        """Let the open credits of accounts pay their open invoices, by the rule.

        What Odoo refuses to reconcile stays open, with the reason recorded; nothing
        but a conflict with another transaction is raised, and that one Odoo repeats.

        :param accounts: ``res.partner`` records
        :param company: whose credits and invoices
        :param origin: see the field; with "user" the policy of the company does not
            count, because somebody asked
        :param invoices: pay only these; pairs that are kept apart may meet here
        :param fresh: credit notes just posted: they may pay the invoice that they name
        """
        if self.env["account.credit.line"]._is_carrying_over():
            return
        # The rule decides what is applied, not the rights of whoever posts.
        engine = self.sudo()
        credits = engine._find_open_credits(accounts, company, origin, fresh)
        credits += engine._find_automatic_values(accounts, company, origin)
        engine._apply_items(credits, company, origin, invoices)
        if fresh and any(credit.is_open for credit in credits):
            engine._look_again()

    @api.model
    def _apply_items(self, credits, company, origin, invoices=None):
        """Let these open items pay, by the rule.

        :param list credits: open items; their residuals are lowered
        :param company: see :meth:`_apply`
        :param origin: see :meth:`_apply`
        :param invoices: see :meth:`_apply`
        """
        applications, obstacles = self._plan(
            credits, company, origin, invoices=invoices
        )
        for obstacle in obstacles:
            self._refuse(obstacle, origin, self._get_obstacle_message(obstacle))
        groups = {}  # {account: [applications]}
        for application in applications:
            groups.setdefault(application.credit.account, []).append(application)
        self._reconcile_narrowing(list(groups.values()), origin)

    @api.model
    def _plan(self, credits, company, origin, *, invoices=None, unposted=()):
        """Plan what credits will pay, without posting anything.

        :param list credits: open items of :meth:`_find_open_credits`, or those of
            credits that are not posted yet; their residuals are lowered
        :param company: see :meth:`_apply`
        :param origin: see :meth:`_apply`
        :param invoices: see :meth:`_apply`
        :param unposted: installments of invoices that are not posted yet
        :return: see ``plan_applications``
        """
        accounts = self.env["res.partner"].union(*(item.account for item in credits))
        terms = self._find_open_terms(accounts, company, origin, invoices)
        kept_apart = self._get_kept_apart(credits, origin, invoices) if terms else ()
        terms += unposted
        return plan_applications(credits, terms, kept_apart)

    @api.model
    def _reconcile_narrowing(self, groups, origin):
        """Reconcile the applications of all accounts as one set; if refused, halve it.

        :param list groups: for each account the list of its applications
        :param origin: see :meth:`_apply`
        """
        narrow(
            self.env.cr,
            groups,
            lambda some: self._reconcile(list(chain.from_iterable(some)), origin),
            lambda one, refusal: self._refuse_group(one[0], origin, refusal),
        )

    @api.model
    def _refuse_group(self, group, origin, refusal):
        """Reconcile the applications of an account one by one, or refuse the only one.

        :param list group: the applications of one account, refused together
        :param refusal: the exception that came of them
        """
        if len(group) > 1:
            for application in group:
                self._reconcile_narrowing([[application]], origin)
        else:
            [application] = group
            self._refuse(
                application, origin, self._get_refusal_message(application, refusal)
            )

    @api.model
    def _reconcile(self, applications, origin):
        """Reconcile credits with invoices, in this order (``_reconcile_plan``)."""
        pairs = [  # [(credit item, debit item)]
            (
                application.credit.line or application.credit.move._use(application),
                application.term.line,
            )
            for application in applications
        ]
        rules = {
            (credit.id, debit.id): application.rule
            for (credit, debit), application in zip(pairs, applications, strict=True)
        }
        lines = self.env["account.move.line"].with_context(
            credit_decision=Decision(origin, rules)
        )
        # Odoo looks at the taxes of each entry: read them at once.
        both = lines.union(*(credit + debit for credit, debit in pairs))
        both.move_id.line_ids.tax_ids.mapped("amount")
        # One pair after the other, so that the order is ours, not Odoo's.
        lines._reconcile_plan([credit + debit for credit, debit in pairs])

    @api.model
    def _look_again(self):
        cron = self.env.ref(
            "account_credit_posting.ir_cron_apply_credits", raise_if_not_found=False
        )
        if cron:
            cron._trigger(at=fields.Datetime.now() + LOOK_AGAIN)

    # -------------------------------------------------------------------------
    # OPEN ITEMS
    # -------------------------------------------------------------------------

    @api.model
    def _find_open_credits(self, accounts, company, origin, fresh=None):
        """Return the open credits of accounts, as one query finds them.

        :param accounts: see :meth:`_apply`
        :param company: see :meth:`_apply`
        :param origin: see :meth:`_apply`
        :param fresh: see :meth:`_apply`
        :return: list of :class:`OpenItem`
        """
        fresh = fresh or self.env["account.move"]
        has_rule = self._has_rule(company, origin)
        if not has_rule:
            # Then only a credit that names its invoice pays, when it is posted.
            accounts &= fresh._get_credit_lines().invoice_id.commercial_partner_id
        if not accounts:
            return []
        lines = self.env["account.move.line"].search(
            Domain("partner_id", "in", accounts.ids) & self._get_credit_domain(company)
        )
        today = fields.Date.context_today(self)
        items = []
        for line in lines:
            credit_line = line._get_credit_line()
            expiry = credit_line.batch_id.expiry_date or date.max
            is_fresh = line.move_id in fresh
            if expiry < today or not (is_fresh or has_rule):
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
                    credit_line=credit_line if line.move_id.credit_batch_id else None,
                )
            )
        return items

    @api.model
    def _find_automatic_values(self, accounts, company, origin):
        """Return the stored value that pays by itself, as the company says.

        :return: list of :class:`OpenItem`
        """
        domain = self._get_automatic_value_domain(company)
        if domain.is_false() or not accounts or not self._has_rule(company, origin):
            return []
        values = self.env["account.stored.value"].search(
            domain & Domain("partner_id", "in", accounts.ids)
        )
        return values._get_open_items()

    @api.model
    def _get_automatic_value_domain(self, company):
        """Return which stored value of a company pays by itself; none by default."""
        kinds = [
            value_type
            for value_type, is_automatic in (
                ("prepayment", company.auto_apply_prepayments),
                ("gift_card", company.auto_apply_gift_cards),
            )
            if is_automatic
        ]
        if not kinds:
            return Domain.FALSE
        return Domain(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("value_type", "in", kinds),
            ]
        )

    @api.model
    def _find_open_terms(self, accounts, company, origin, invoices=None):
        """Return the open installments of the invoices of accounts.

        Those that the policy does not let be paid yet are among them, because a
        credit may name their invoice.

        :return: list of :class:`OpenItem`
        """
        if not accounts:
            return []
        domain = Domain("partner_id", "in", accounts.ids)
        domain &= self._get_term_domain(company)
        if invoices is not None:
            domain &= Domain("move_id", "in", invoices.ids)
        return self._get_terms(domain, self._get_due_limit(company, origin))

    @api.model
    def _get_terms(self, domain, limit):
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
                is_payable=limit is not None
                and (line.date_maturity or line.date) <= limit,
            )
            for line in self.env["account.move.line"].search(domain)
        ]

    @api.model
    def _get_credit_domain(self, company):
        """Return which journal items of a company are open credits.

        Those of credits posted by us; where the company says so, of any customer
        credit note, and of customer payments that no invoice has taken. A flagged
        one (Odoo's No Follow-Up, or Block Payment) is disputed: it pays nothing.
        """
        kinds = self.env["account.move.line"]._get_credit_item_domain()
        if company.credit_apply_credit_notes:
            kinds |= Domain("move_id.move_type", "=", "out_refund")
        if company.credit_apply_payments:
            kinds |= self._get_payment_domain()
        return (
            self._get_open_domain(company)
            & Domain("amount_residual_currency", "<", 0)
            & Domain("no_followup", "=", False)
            & Domain("move_id.payment_state", "!=", "blocked")
            & kinds
        )

    @api.model
    def _get_payment_domain(self):
        """Return which journal items are those of customer payments."""
        return Domain("payment_id.partner_type", "=", "customer") | Domain(
            "statement_line_id", "!=", False
        )

    @api.model
    def _get_term_domain(self, company):
        """Return which open terms of invoices credits and stored value may pay.

        Not those of an invoice that sells gift cards: it takes money only, and neither
        a credit nor stored value becomes a gift card.
        """
        return self._get_invoice_term_domain(company) & Domain(
            "move_id.stored_value_event", "=", False
        )

    @api.model
    def _get_invoice_term_domain(self, company):
        """Return which journal items of a company are open terms of invoices.

        An invoice with a payment in process is not open, nor is a blocked one.
        """
        return (
            self._get_open_domain(company)
            & Domain("amount_residual_currency", ">", 0)
            & Domain("move_id.move_type", "in", ("out_invoice", "out_receipt"))
            & Domain("move_id.payment_state", "in", ("not_paid", "partial"))
        )

    @api.model
    def _get_open_domain(self, company):
        return Domain(
            [
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
            ]
        )

    @api.model
    def _has_rule(self, company, origin):
        """Tell whether credits pay by themselves in a company, or somebody asked."""
        return origin == "user" or company.credit_application_policy != "manual"

    @api.model
    def _get_due_limit(self, company, origin):
        """Return the last due date that credits may pay now; None without a rule."""
        if not self._has_rule(company, origin):
            return None
        if origin == "user" or company.credit_application_policy == "posted":
            return date.max
        today = fields.Date.context_today(self)
        return today + timedelta(days=company.credit_application_days)

    @api.model
    def _get_kept_apart(self, credits, origin, invoices):
        """Return the pairs that must not meet.

        Those that somebody unapplied, unless the very invoice is asked for; and what
        was refused today, unless somebody asks.

        :return: set of ``(source of the credit, invoice)``
        """
        values = self.env["account.stored.value"].browse(
            item.move.id
            for item in credits
            if item.move._name == "account.stored.value"
        )
        moves = self.env["account.move"].browse(
            item.move.id for item in credits if item.move._name == "account.move"
        )
        domain = Domain.FALSE
        if invoices is None:
            domain |= Domain([("state", "=", "unapplied"), ("is_pinned", "=", True)])
        if origin != "user":
            today = fields.Datetime.now().replace(hour=0, minute=0, second=0)
            domain |= Domain([("state", "=", "refused"), ("write_date", ">=", today)])
        sources = Domain("credit_move_id", "in", moves.ids)
        if values:
            sources |= Domain("stored_value_id", "in", values.ids)
        pairs = self.search(domain & sources)
        return {(pair._get_source(), pair.invoice_id) for pair in pairs}

    # -------------------------------------------------------------------------
    # REFUSALS
    # -------------------------------------------------------------------------

    @api.model
    def _refuse(self, application, origin, reason):
        """Record why a credit cannot pay an invoice; it stays open on the account."""
        vals = {
            **self._prepare_pair_vals(application.credit.source, application.term.move),
            "amount": application.amount,
            "rule": application.rule,
            "origin": origin,
            "state": "refused",
            "reason": reason,
        }
        self._settle_pairs([vals])
        self.create(vals)

    @api.model
    def _get_obstacle_message(self, obstacle):
        """Say why a credit cannot pay an invoice on another receivable account."""
        is_posted = obstacle.credit.line is not None
        return self.env._(
            "%(credit)s is booked on the receivable account %(own)s and %(invoice)s on "
            "%(other)s: one cannot pay the other. Move the open amount to the other "
            "account with a journal entry, then apply the credit.",
            credit=obstacle.credit.move.name if is_posted else self.env._("The credit"),
            own=obstacle.credit.ledger.display_name,
            invoice=obstacle.term.move.name,
            other=obstacle.term.ledger.display_name,
        )

    @api.model
    def _get_refusal_message(self, application, refusal):
        """Turn an exception into a sentence that says what to do.

        :param application: what was refused
        :param refusal: the exception that came of reconciling it alone
        """
        credit, invoice = application.credit.move, application.term.move
        label = f"Paying invoice {invoice.id} with {credit}"
        return self.env._(
            "%(credit)s could not pay %(invoice)s and stays open. %(reason)s Mend the "
            "cause, then apply the credit.",
            credit=credit.name,
            invoice=invoice.name,
            reason=explain_refusal(self.env, refusal, _logger, label),
        )

    # -------------------------------------------------------------------------
    # DAILY RUN
    # -------------------------------------------------------------------------

    @api.model
    def _cron_apply(self):
        """Let credits pay what has come due since, in all companies.

        Commits after each chunk; when the time is up, the next run goes on: accounts
        whose credits have paid are not found again.
        """
        todo = [  # [(company, accounts)]
            (company, accounts)
            for company in self.env["res.company"].search([])
            for accounts in split_every(
                self._chunk_accounts, self._find_accounts_to_apply(company)
            )
        ]
        remaining = sum(len(account_ids) for _company, account_ids in todo)
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        for company, account_ids in todo:
            try:
                self._apply(
                    self.env["res.partner"].browse(account_ids), company, "cron"
                )
            except (OperationalError, ConcurrencyError):
                # Somebody works on one of these accounts: the next run has them.
                _logger.info("Credits of %s accounts wait", len(account_ids))
                self.env.cr.rollback()
            remaining -= len(account_ids)
            if not self.env["ir.cron"]._commit_progress(
                len(account_ids), remaining=remaining
            ):
                return

    @api.model
    def _find_accounts_to_apply(self, company):
        """Return the ids of accounts with an open credit and an invoice it may pay."""
        if not self._has_rule(company, "cron"):
            return []
        lines = self.env["account.move.line"].sudo()
        with_credit = lines._read_group(
            self._get_credit_domain(company), ["partner_id"]
        )
        with_credit += (
            self.env["account.stored.value"]
            .sudo()  # As the journal items: the run is the system's.
            ._read_group(self._get_automatic_value_domain(company), ["partner_id"])
        )
        term_domain = self._get_term_domain(company) & Domain(
            "partner_id", "in", [account.id for [account] in with_credit]
        )
        if company.credit_application_policy == "due":
            limit = self._get_due_limit(company, "cron")
            term_domain &= Domain("date_maturity", "<=", limit)
        with_invoice = lines._read_group(term_domain, ["partner_id"])
        return [account.id for [account] in with_invoice]
