from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime, format_list, split_every

from ... import const
from ...tools.actions import notify
from ...tools.posting import get_posting, with_posting
from ...tools.rights import check_right
from ...tools.working import work_list
from ..credit.account_credit_answer import answered_once
from ..promise import promise_drawing
from ..vat.discount_items import get_discount
from . import waiting_documents
from .application_engine import ApplicationEngine


class AccountCreditApplication(models.Model):
    """Why a credit pays an invoice, or why it does not any more.

    The ledger says how much: each application in force stands beside Odoo's partial
    reconciliation of the two receivable lines. What was undone or refused is kept,
    with the reason; nothing here is written or deleted by hand.
    """

    _name = "account.credit.application"
    _inherit = ["account.credit.guard", "account.credit.observer"]
    _description = "Credit Application"
    _order = "id desc"
    _writer = "applying"
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
        help="The reconciliation of both; empty when the credit does not pay.",
        written_by="applying",
    )
    credit_item_id = fields.Many2one(related="credit_line_id.credit_item_id")
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        readonly=True,
        written_by="applying",
    )
    amount = fields.Monetary(
        readonly=True,
        help="The amount that the credit pays, paid or would have paid of the "
        "invoice, in the currency of the invoice.",
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
            ("customer", "By the customer"),
            ("charge", "Before a saved card was charged"),
        ],
        required=True,
        readonly=True,
        written_by="applying",
    )
    discount_amount = fields.Monetary(
        string="Discount",
        compute="_compute_discount",
        compute_sudo=True,
        help="The part of this amount that was given away, if the gift card lowers "
        "the taxable amount of the invoice. Taxes are included.",
    )
    discount_tax = fields.Monetary(
        string="Tax of the Discount", compute="_compute_discount", compute_sudo=True
    )
    decision = fields.Char(
        compute="_compute_decision",
        help="The rule, the time and the user that decided it.",
    )
    reason = fields.Text(
        readonly=True,
        help="The reason why the credit cannot pay the invoice, and what to do about "
        "it.",
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
        string="Excluded",
        readonly=True,
        help="The credit will not pay this invoice again automatically.",
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

    @api.depends("credit_move_id.line_ids.discount_value_id", "stored_value_id")
    def _compute_discount(self):
        for application in self:
            uses = application.stored_value_id and application.credit_move_id
            discount, tax = get_discount(uses) if uses else (0, 0)
            application.discount_amount = discount
            application.discount_tax = tax

    @api.depends("credit_move_id.name", "stored_value_id.name", "invoice_id.name")
    def _compute_display_name(self):
        for application in self:
            name = application._get_source_name()
            application.display_name = f"{name} → {application.invoice_id.name}"

    def _get_source(self):
        """Return what pays: the stored value, the credit line, or another document.

        A part of a promised credit is that credit.
        """
        self.ensure_one()
        credit_line = self.credit_line_id.drawn_from_id or self.credit_line_id
        return self.stored_value_id or credit_line or self.credit_move_id

    def _get_source_name(self):
        self.ensure_one()
        document = self.stored_value_id or self.credit_move_id
        return document.name or self.credit_line_id.display_name

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

    def _get_discount_label(self):
        """Return what stands on the printed invoice of a discount; False without."""
        self.ensure_one()
        if not self.discount_amount:
            return False
        return self.env._(
            "Discount by gift card %(card)s: %(amount)s, including tax of %(tax)s",
            card=self.stored_value_id.name,
            amount=self.currency_id.format(self.discount_amount),
            tax=self.currency_id.format(self.discount_tax),
        )

    @answered_once
    def action_unapply(self, idempotency_key=None):
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
                "No open credit can pay: there is none in the currency of an open "
                "invoice."
            )
        return notify(
            message,
            "success" if totals else "info",
            next={"type": "ir.actions.client", "tag": "soft_reload"},
        )

    def _check_may_apply(self):
        """Check the right to apply and unapply credits, and to see these.

        :raise AccessError: when the user has no such right
        """
        check_right(
            self,
            const.GROUP_USER,
            self.env._(
                "You are not allowed to apply credits. Ask an administrator for the "
                "access right Post credits."
            ),
            "read",
        )

    def _unapply(self, *, is_pinned):
        """Remove the reconciliations of these applications.

        :param is_pinned: whether the rule must not put the credits back
        """
        applied = self.filtered(lambda application: application.state == "applied")
        applied._pin(is_pinned)
        # The state follows in `account.partial.reconcile.unlink`. The applications lose
        # their partials there, which would be read one by one after that, as Odoo reads
        # the payments of their entries.
        partials = applied.partial_id.with_prefetch()
        items = partials.debit_move_id + partials.credit_move_id
        items.move_id.mapped("matched_payment_ids")
        partials.unlink()

    def _pin(self, is_pinned):
        self._write_guarded({"is_pinned": is_pinned})

    def _set_unapplied(self):
        """Write down that the reconciliations of these applications are gone."""
        self._write_guarded(
            {
                "state": "unapplied",
                "partial_id": False,
                "unapplied_by_id": self.env.uid,
                "unapplied_date": fields.Datetime.now(),
            }
        )
        # Who reverses a part does not want it to be posted again by itself.
        reversed_ids = get_posting(self.env).reversed_ids
        self.filtered(
            lambda application: (
                application.credit_line_id.drawn_from_id
                and application.credit_move_id.id in reversed_ids
            )
        )._pin(True)

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
    def _record_error(self, application, origin, reason):
        """Record why a credit cannot pay an invoice.

        :param application: of ``plan_applications``
        """
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
        pairs = set(map(self._get_pair_key, vals_list))
        earlier = self.search(
            [
                ("invoice_id", "in", [vals["invoice_id"] for vals in vals_list]),
                "|",
                ("state", "=", "refused"),
                ("is_pinned", "=", True),
            ]
        ).filtered(
            lambda item: (
                self._get_pair_key(
                    {
                        "stored_value_id": item.stored_value_id.id,
                        "credit_line_id": item.credit_line_id.id,
                        "credit_move_id": item.credit_move_id.id,
                        "invoice_id": item.invoice_id.id,
                    }
                )
                in pairs
            )
        )
        refused = earlier.filtered(lambda item: item.state == "refused")
        (earlier - refused)._pin(False)
        refused.unlink()

    @api.model
    def _get_pair_key(self, vals):
        """Return what is equal where the same pays the same invoice, see `_get_source`.

        :param vals: of :meth:`_prepare_pair_vals`
        """
        line = self.env["account.credit.line"].browse(vals["credit_line_id"] or ())
        return (
            vals["stored_value_id"] or False,
            (line.drawn_from_id or line).id,
            not (vals["stored_value_id"] or line) and vals["credit_move_id"],
            vals["invoice_id"],
        )

    # -------------------------------------------------------------------------
    # APPLYING
    # -------------------------------------------------------------------------

    @api.model
    def _get_engine(self, company, origin, invoices=None):
        """Return what finds, plans and reconciles, see :class:`ApplicationEngine`."""
        return ApplicationEngine(self.env, company, origin, invoices)

    @api.model
    def _apply(  # noqa: PLR0913 (each is what the occasion is about)
        self, accounts, company, origin, *, invoices=None, fresh=None, promised=None
    ):
        """Let the open credits of accounts pay their open invoices, by the rule.

        :param accounts: ``res.partner`` records
        :param company: see :class:`ApplicationEngine`
        :param origin: see :class:`ApplicationEngine`
        :param invoices: see :class:`ApplicationEngine`
        :param fresh: see :meth:`ApplicationEngine.apply`
        :param promised: see :meth:`ApplicationEngine.apply`
        """
        # A new credit pays as the first one did, before any rule applies.
        if not get_posting(self.env).is_carrying_over:
            self._get_engine(company, origin, invoices).apply(accounts, fresh, promised)

    @api.model
    def _apply_on(self, documents, origin):
        """Let credits pay invoices on the accounts of these documents, by the rule.

        :param documents: ``account.move`` records
        :param origin: see the field
        """
        for company, of_company in documents.grouped("company_id").items():
            self._apply(
                of_company._get_credit_accounts(),
                company,
                origin,
                # Whoever posts may not see credit lines.
                fresh=of_company.sudo().filtered(
                    lambda move: move.credit_line_id or move.credit_batch_id
                ),
            )

    @api.model
    def _free(self, moves):
        """Unapply credits where the invoice, or the credit, is no longer in force.

        :param moves: ``account.move`` records of any kind
        :return: the invoices that had some
        """
        documents = moves.filtered(
            lambda move: move.is_sale_document(include_receipts=True)
        )
        # Resetting, cancelling or reversing the document is the right it takes.
        applications_sudo = self.sudo().browse()
        if documents:
            applications_sudo = applications_sudo.search(
                [
                    ("state", "=", "applied"),
                    "|",
                    ("invoice_id", "in", documents.ids),
                    ("credit_move_id", "in", documents.ids),
                ]
            )
        applications_sudo._unapply(is_pinned=False)
        return applications_sudo.invoice_id.with_env(self.env)

    @api.model
    def _free_reversed(self, moves, reverse_moves):
        """Unapply the credits of documents that are reversed whole.

        Credits that are free by that, and invoices open again, are looked after when
        posting goes on.

        :param moves: ``account.move`` records
        :param reverse_moves: what reverses each of them
        """
        for move, reverse_move in zip(moves, reverse_moves, strict=False):
            if not move.currency_id.compare_amounts(
                move.amount_total, reverse_move.amount_total
            ):
                ids = frozenset(move.ids)
                with_posting(self, reversed_ids=ids)._free(move)

    @api.model
    def _find_of(self, partial_ids):
        """Return the applications of partial reconciliations.

        :return: records with all rights: a note beside what Odoo lets this user do
        """
        applications_sudo = self.sudo()
        if not partial_ids:
            return applications_sudo.browse()
        return applications_sudo.search([("partial_id", "in", partial_ids)])

    @api.model
    def _set_paid(self, moves):
        """Call an invoice paid that Odoo calls reversed, as only credit notes pay it.

        A credit of ours reverses no invoice: it pays.
        """
        for move_sudo in moves.sudo():  # Whatever the user may see of the credits.
            if move_sudo.payment_state == "reversed" and move_sudo.is_sale_document():
                counterparts_sudo = move_sudo._get_reconciled_amls().move_id
                if move_sudo not in counterparts_sudo.reversed_entry_id and any(
                    counterpart.credit_line_id or counterpart.credit_batch_id
                    for counterpart in counterparts_sudo
                ):
                    move_sudo.payment_state = "paid"

    @api.model
    def _explain_payments(self, moves):
        """Say in the payment area which credit paid an invoice, and what decided it."""
        contents = {  # {partial id: values of a line of the widget}
            values["partial_id"]: values
            for move in moves
            if move.invoice_payments_widget
            for values in move.invoice_payments_widget["content"]
        }
        # The widget shows what was decided; who sees it is up to its groups.
        for application_sudo in self._find_of(list(contents)):
            contents[application_sudo.partial_id.id].update(
                is_refund=False,
                credit_kind=application_sudo._get_kind(),
                credit_label=application_sudo._get_label(),
                credit_printed_label=application_sudo._get_printed_label(),
                credit_discount=application_sudo._get_discount_label(),
                credit_decision=application_sudo.decision,
            )
        # On the credit itself: what used it, and what took it back.
        for move in moves.filtered(lambda move: move.sudo().credit_line_id):
            for values in (move.invoice_payments_widget or {}).get("content", []):
                other_sudo = move.sudo().browse(values["move_id"])
                is_reversal = other_sudo.reversed_entry_id == move
                values["credit_use"] = (
                    "expired"
                    if "expire" in other_sudo._get_correction_kinds()
                    else "reversed"
                    if is_reversal
                    else "used"
                    if other_sudo.is_invoice(True)
                    else False
                )

    @api.model
    def _on_promised(self, lines):
        self._apply(lines.partner_id, lines.company_id, "credit", promised=lines)

    @api.model
    def _on_charged(self, invoices):
        # After the credits that were posted along with them.
        waiting_documents.wait(invoices)

    @api.model
    def _on_freed(self, accounts, company):
        # Other open credits of theirs may pay these invoices.
        self._apply(accounts, company, "freed")

    @api.model
    def _on_account_moved(self, account, target):
        self.search([("partner_id", "=", account.id)])._write_guarded(
            {"partner_id": target.id}
        )

    @api.model
    def _cron_apply(self):
        """Let credits pay what has come due since, in all companies.

        Commits after each chunk; when the time is up, the next run goes on: accounts
        whose credits have paid are not found again.
        """
        parts = [  # [(company, account ids)]
            (company, account_ids)
            for company in self.env["res.company"].search([])
            for account_ids in split_every(
                const.CHUNK_ACCOUNTS,
                self._get_engine(company, "cron").find_accounts(),
            )
        ]
        work_list(
            self.env,
            parts,
            lambda part: self._apply_due(
                self.env["res.partner"].browse(part[1]), part[0]
            ),
            count=lambda part: len(part[1]),
        )

    @api.model
    def _apply_due(self, accounts, company):
        """Let credits pay what has come due, and those whose own day has come."""
        come_due = self._get_engine(company, "cron").find_come_due(accounts)
        promised = promise_drawing.find_come_due(company, accounts)
        self._apply(accounts, company, "cron", fresh=come_due, promised=promised)
