import logging
from datetime import date, timedelta
from itertools import chain

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_datetime, format_list, split_every

from ... import const
from ...tools.applying import OpenItem, plan_applications
from ...tools.isolating import explain_error, isolate
from ...tools.posting import Decision, with_posting
from ...tools.working import work_list

_logger = logging.getLogger(__name__)


class AccountCreditApplication(models.Model):
    """Why a credit pays an invoice, or why it does not any more.

    The ledger says how much: each application in force stands beside Odoo's partial
    reconciliation of the two receivable lines. What was undone or refused is kept,
    with the reason; nothing here is written or deleted by hand.
    """

    _name = "account.credit.application"
    _inherit = "account.credit.guard"
    _description = "Credit Application"
    _order = "id desc"
    # What pays what.
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        index=True,
        written_by="applying",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        written_by="applying",
    )
    credit_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Credit",
        readonly=True,
        index=True,
        ondelete="cascade",
        help="The credit note that pays, or the entry that uses stored value.",
        written_by="applying",
    )
    credit_line_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The credit that pays.",
        written_by="applying",
    )
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The gift card or prepayment that pays.",
        written_by="applying",
    )
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        help="The invoice that is paid.",
        written_by="applying",
    )
    partial_id = fields.Many2one(
        comodel_name="account.partial.reconcile",
        string="Reconciliation",
        readonly=True,
        ondelete="set null",
        help="Odoo's reconciliation of both; empty when the credit does not pay.",
        written_by="applying",
    )
    credit_item_id = fields.Many2one(
        related="credit_line_id.credit_item_id",
        compute_sudo=True,
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        readonly=True,
        written_by="applying",
    )
    amount = fields.Monetary(
        readonly=True,
        help="What the credit pays, paid, or would have paid of the invoice, in the "
        "currency of the invoice.",
        written_by="applying",
    )
    state = fields.Selection(
        selection=[
            ("applied", "Applied"),
            ("unapplied", "Unapplied"),
            ("refused", "Not Possible"),
        ],
        required=True,
        readonly=True,
        default="applied",
        written_by="applying",
    )
    # What decided it.
    rule = fields.Selection(
        selection=[
            ("named", "Named on the credit"),
            ("due_date", "Earliest due"),
            ("hand", "Chosen by hand"),
        ],
        required=True,
        readonly=True,
        written_by="applying",
    )
    origin = fields.Selection(
        selection=[
            ("credit", "When the credit was posted"),
            ("invoice", "When the invoice was posted"),
            ("freed", "When another invoice no longer needed it"),
            ("cron", "By the daily run"),
            ("user", "On request"),
        ],
        required=True,
        readonly=True,
        written_by="applying",
    )
    decision = fields.Char(
        compute="_compute_decision",
        help="The rule, the time and the user that decided it.",
    )
    reason = fields.Text(
        readonly=True,
        help="Why the credit cannot pay the invoice, and what to do about it.",
        written_by="applying",
    )
    unapplied_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        written_by="applying",
    )
    unapplied_date = fields.Datetime(
        string="Unapplied On", readonly=True, written_by="applying"
    )
    is_pinned = fields.Boolean(
        string="Kept Apart",
        readonly=True,
        help="The credit does not pay this invoice again by itself.",
        written_by="applying",
    )
    _partial_id_unique = models.UniqueIndex("(partial_id) WHERE partial_id IS NOT NULL")
    _applied_has_partial = models.Constraint(
        "CHECK (state = 'applied' OR partial_id IS NULL)",
        "Only a credit that pays an invoice is reconciled with it.",
    )

    @api.depends_context("lang", "tz")
    @api.depends("rule", "origin", "create_uid", "create_date")
    def _compute_decision(self):
        rules = dict(self._fields["rule"]._description_selection(self.env))
        origins = dict(self._fields["origin"]._description_selection(self.env))
        for application in self:
            # Whoever sees the application may know the name of its author.
            author_sudo = application.create_uid.sudo()
            application.decision = " · ".join(
                [
                    rules[application.rule],
                    origins[application.origin],
                    author_sudo.name or "",
                    format_datetime(self.env, application.create_date),
                ]
            )

    @api.depends("credit_move_id.name", "stored_value_id.name", "invoice_id.name")
    def _compute_display_name(self):
        for application in self:
            name = application._get_source_name()
            application.display_name = f"{name} → {application.invoice_id.name}"

    def _get_source(self):
        """Return what pays: the stored value, the credit line, or another document."""
        self.ensure_one()
        return self.stored_value_id or self.credit_line_id or self.credit_move_id

    def _get_source_name(self):
        self.ensure_one()
        return (self.stored_value_id or self.credit_move_id).name

    def _get_kind(self):
        """Return what the office reads before the label."""
        self.ensure_one()
        value = self.stored_value_id
        if not value:
            return self.env._("Account credit")
        return dict(value._fields["value_type"]._description_selection(self.env))[
            value.value_type
        ]

    def _get_label(self):
        """Return what the customer reads: the credit item, else the number."""
        self.ensure_one()
        return self.credit_item_id.name or self._get_source_name()

    def _get_printed_label(self):
        """Return what stands on the printed invoice: a gift card says that it is."""
        self.ensure_one()
        label = self._get_label()
        return f"{self._get_kind()} {label}" if self.stored_value_id else label

    def action_unapply(self):
        """Free the credits; the invoices are open again by as much.

        No entry is deleted: only the reconciliation goes, as with Odoo's Unreconcile.
        The rule does not put the credit back on the same invoice.

        :return: True
        :raise AccessError: when the user may not apply credits
        """
        self._check_may_apply()
        # The right to apply credits is enough, as with posting.
        self.sudo()._unapply(is_pinned=True)
        return True

    def action_unpin(self):
        """Let the credits pay these invoices again by the rule.

        :return: True
        :raise AccessError: when the user may not apply credits
        """
        self._check_may_apply()
        # Nobody may write applications; whoever may undo them may allow them.
        self.sudo()._pin(False)
        return True

    def action_pin(self):
        """Keep credits that were freed from paying these invoices again by the rule.

        :return: True
        :raise AccessError: when the user may not apply credits
        """
        self._check_may_apply()
        self.sudo().filtered(  # As in `action_unpin`.
            lambda application: application.state != "applied"
        )._pin(True)
        return True

    def _sum_by_currency(self):
        """Return ``{currency: amount}`` of these applications."""
        return {
            currency: sum(applications.mapped("amount"))
            for currency, applications in self.grouped("currency_id").items()
        }

    @api.model
    def _get_applied_notification(self, paid):
        """Say what credits paid just now.

        :param paid: ``{currency: amount}``
        :return: a client action, after which the screen is read again
        """
        totals = [
            currency.format(amount)
            for currency, amount in paid.items()
            if not currency.is_zero(amount)
        ]
        if totals:
            message = self.env._(
                "Credits paid %(amounts)s.", amounts=format_list(self.env, totals)
            )
        else:
            message = self.env._(
                "No open credit could pay: there is none in the currency of an open "
                "invoice."
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "success" if totals else "info",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _check_may_apply(self):
        """Check the right to apply and unapply credits, and to see these.

        :raise AccessError: when the user has no such right
        """
        if not self.env.su and not self.env.user.has_group(
            "account_credit_posting.group_credit_user"
        ):
            raise AccessError(
                self.env._(
                    "You may not apply credits. Ask an administrator for the right "
                    "Post credits."
                )
            )
        self.check_access("read")

    def _unapply(self, *, is_pinned):
        """Remove the reconciliations of these applications.

        :param is_pinned: whether the rule must not put the credits back
        """
        applied = self.filtered(lambda application: application.state == "applied")
        applied._pin(is_pinned)
        # The state follows in `account.partial.reconcile.unlink`.
        applied.partial_id.unlink()

    def _pin(self, is_pinned):
        with_posting(self, "applying").write({"is_pinned": is_pinned})

    def _set_unapplied(self):
        """Write down that the reconciliations of these applications are gone."""
        with_posting(self, "applying").write(
            {
                "state": "unapplied",
                "partial_id": False,
                "unapplied_by_id": self.env.uid,
                "unapplied_date": fields.Datetime.now(),
            }
        )

    def _return_stored_value(self):
        """Give back what was used, after the reconciliation is gone.

        The entry of each use is reversed, dated today.
        """
        used = self.filtered("stored_value_id")
        if not used:
            return
        values = used.stored_value_id
        values._lock()
        today = fields.Date.context_today(self)
        with_posting(used.credit_move_id, "event")._reverse_moves(
            [
                {
                    "date": today,
                    "ref": self.env._("Use undone: %(move)s", move=move.name),
                    "stored_value_event": "undo",
                }
                for move in used.credit_move_id
            ],
            cancel=True,
        )
        values._update_from_balance()

    @api.model
    def _record(self, partials, decision):
        """Record why partial reconciliations were made.

        :param partials: new ``account.partial.reconcile`` records
        :param decision: the :class:`Decision` behind them; None when a user, or
            another addon, reconciled by hand
        """
        vals_list = []
        for partial in partials:
            credit_move = partial.credit_move_id.move_id
            invoice = partial.debit_move_id.move_id
            rule = decision and decision.rules.get(
                (partial.credit_move_id.id, partial.debit_move_id.id)
            )
            credit_line = partial.credit_move_id.credit_line_ids
            if not rule and not (
                credit_line and self._is_by_hand(credit_move, invoice)
            ):
                continue
            if invoice.stored_value_event == "issue":
                raise UserError(
                    self.env._(
                        "%(invoice)s sells gift cards. Credits, gift cards and "
                        "prepayments cannot pay for these: register a payment.",
                        invoice=invoice.name,
                    )
                )
            vals_list.append(
                {
                    **self._prepare_pair_vals(
                        credit_line
                        or credit_move.line_ids.stored_value_id
                        or credit_move,
                        invoice,
                    ),
                    "credit_move_id": credit_move.id,
                    "partial_id": partial.id,
                    "amount": partial.debit_amount_currency,
                    "rule": rule or "hand",
                    "origin": decision.origin if rule else "user",
                }
            )
        if vals_list:
            self._replace_earlier(vals_list)
            with_posting(self, "applying").create(vals_list)

    @api.model
    def _is_by_hand(self, credit_move, invoice):
        """Tell whether a credit of ours pays an invoice, and does not reverse it."""
        return (
            invoice.is_sale_document(include_receipts=True)
            and invoice.reversed_entry_id != credit_move
        )

    @api.model
    def _prepare_pair_vals(self, source, invoice):
        """Prepare what both an application and a error say.

        :param source: the credit line, another document, or the stored value
        """
        is_value = source._name == "account.stored.value"
        is_line = source._name == "account.credit.line"
        if is_value:
            credit_move_id = False
        else:
            credit_move_id = source.move_id.id if is_line else source.id
        return {
            "company_id": invoice.company_id.id,
            "partner_id": invoice.commercial_partner_id.id,
            "credit_move_id": credit_move_id,
            "credit_line_id": source.id if is_line else False,
            "stored_value_id": source.id if is_value else False,
            "invoice_id": invoice.id,
            "currency_id": invoice.currency_id.id,
        }

    @api.model
    def _replace_earlier(self, vals_list):
        """Let what is about to be recorded replace what was said of the same pairs.

        Refusals are deleted, and whoever lets a credit pay an invoice again no longer
        keeps both apart.
        """
        pairs = {
            (
                vals["stored_value_id"],
                vals["credit_line_id"],
                not vals["stored_value_id"] and vals["credit_move_id"],
                vals["invoice_id"],
            )
            for vals in vals_list
        }
        earlier = self.search(
            [
                ("invoice_id", "in", [vals["invoice_id"] for vals in vals_list]),
                "|",
                ("state", "=", "refused"),
                ("is_pinned", "=", True),
            ]
        ).filtered(
            lambda item: (
                (
                    item.stored_value_id.id,
                    item.credit_line_id.id,
                    not item.stored_value_id and item.credit_move_id.id,
                    item.invoice_id.id,
                )
                in pairs
            )
        )
        refused = earlier.filtered(lambda item: item.state == "refused")
        (earlier - refused)._pin(False)
        refused.unlink()

    # -------------------------------------------------------------------------
    # FIND OPEN CREDITS AND INVOICES OF ACCOUNTS, PLAN, AND RECONCILE THEM AS A SET
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
        applications, blocked = self._plan(credits, company, origin, invoices=invoices)
        for application in blocked:
            self._record_error(
                application, origin, self._get_blocked_message(application)
            )
        groups = {}  # {account: [applications]}
        for application in applications:
            groups.setdefault(application.credit.account, []).append(application)
        self._reconcile_isolating(list(groups.values()), origin)

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
    def _reconcile_isolating(self, groups, origin):
        """Reconcile the applications of all accounts as one set; if refused, halve it.

        :param list groups: for each account the list of its applications
        :param origin: see :meth:`_apply`
        """
        isolate(
            self.env.cr,
            groups,
            lambda some: self._reconcile(list(chain.from_iterable(some)), origin),
            lambda one, error: self._isolate_group(one[0], origin, error),
        )

    @api.model
    def _isolate_group(self, group, origin, error):
        """Reconcile the applications of an account one by one, or refuse the only one.

        :param list group: the applications of one account, refused together
        :param error: the exception that came of them
        """
        if len(group) > 1:
            for application in group:
                self._reconcile_isolating([[application]], origin)
        else:
            [application] = group
            self._record_error(
                application, origin, self._get_error_message(application, error)
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
        lines = with_posting(
            self.env["account.move.line"], decision=Decision(origin, rules)
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
            cron._trigger(at=fields.Datetime.now() + const.LOOK_AGAIN)

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
            credit_line = line.credit_line_ids
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
                    credit_line=credit_line or None,
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

    @api.model
    def _record_error(self, application, origin, reason):
        """Record why a credit cannot pay an invoice; it stays open on the account."""
        vals = {
            **self._prepare_pair_vals(application.credit.source, application.term.move),
            "amount": application.amount,
            "rule": application.rule,
            "origin": origin,
            "state": "refused",
            "reason": reason,
        }
        self._replace_earlier([vals])
        with_posting(self, "applying").create(vals)

    @api.model
    def _get_blocked_message(self, application):
        """Say why a credit cannot pay an invoice on another receivable account."""
        is_posted = application.credit.line is not None
        return self.env._(
            "%(credit)s is booked on the receivable account %(own)s and %(invoice)s on "
            "%(other)s: one cannot pay the other. Move the open amount to the other "
            "account with a journal entry, then apply the credit.",
            credit=application.credit.move.name
            if is_posted
            else self.env._("The credit"),
            own=application.credit.ledger.display_name,
            invoice=application.term.move.name,
            other=application.term.ledger.display_name,
        )

    @api.model
    def _get_error_message(self, application, error):
        """Turn an exception into a sentence that says what to do.

        :param application: what was refused
        :param error: the exception that came of reconciling it alone
        """
        credit, invoice = application.credit.move, application.term.move
        label = f"Paying invoice {invoice.id} with {credit}"
        return self.env._(
            "%(credit)s could not pay %(invoice)s and stays open. %(reason)s Mend the "
            "cause, then apply the credit.",
            credit=credit.name,
            invoice=invoice.name,
            reason=explain_error(self.env, error, _logger, label),
        )

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
                const.CHUNK_ACCOUNTS, self._find_accounts_to_apply(company)
            )
        ]
        work_list(
            self.env,
            todo,
            lambda part: self._apply(
                self.env["res.partner"].browse(part[1]), part[0], "cron"
            ),
            count=lambda part: len(part[1]),
        )

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
