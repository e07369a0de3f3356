from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from .. import localizations
from ..const import BILLING_GROUPS, GROUP_USER
from ..tools.actions import open_list
from ..tools.posting import get_posting, is_written_by, with_posting
from .application import waiting_documents
from .billing.customer_page import get_credit_status
from .credit.account_credit_answer import answered_once
from .stored_value import gift_card_sale, stored_value_guard


class AccountMove(models.Model):
    """Know the credit line that a credit note was posted for."""

    _name = "account.move"
    _inherit = ["account.move", "account.credit.guard"]

    credit_line_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        copy=False,
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The line of a credit batch that this credit note was posted for.",
        written_by="posting",
    )
    _credit_line_id_unique = models.UniqueIndex(
        "(credit_line_id) WHERE credit_line_id IS NOT NULL",
        "A credit line is posted as one credit note only.",
    )
    credit_batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The credit batch that this journal entry was posted for. Its receivable "
        "items are the credits of the accounts.",
        written_by="posting",
    )
    credit_application_ids = fields.One2many(
        comodel_name="account.credit.application",
        inverse_name="invoice_id",
        string="Credits of this Invoice",
        readonly=True,
        groups=BILLING_GROUPS,
    )
    used_application_ids = fields.One2many(
        comodel_name="account.credit.application",
        inverse_name="credit_move_id",
        string="Invoices of this Credit",
        readonly=True,
        groups=BILLING_GROUPS,
    )
    account_credit_amount = fields.Monetary(
        compute="_compute_account_credit_amount",
        compute_sudo=True,
        string="Account Credits",
        help="The amount of this invoice paid by credits of the account, in its "
        "currency.",
    )
    account_credit_error = fields.Text(
        compute="_compute_account_credit_error",
        string="Credits Not Possible",
        groups=BILLING_GROUPS,
        help="The reason why open credits of the account cannot pay this invoice.",
    )
    has_applied_credit = fields.Boolean(
        compute="_compute_has_applied_credit",
        groups=BILLING_GROUPS,
        help="Whether a credit pays this invoice, or this credit an invoice.",
    )
    has_open_account_credit = fields.Boolean(
        compute="_compute_has_open_account_credit",
        groups=GROUP_USER,
        help="Whether the account has an open credit that could pay this invoice.",
    )
    has_stored_value = fields.Boolean(
        compute="_compute_has_stored_value",
        groups=GROUP_USER,
        help="Whether the account has a gift card or prepayment that could pay this.",
    )
    stored_value_event = fields.Selection(
        selection=[
            ("issue", "Issued"),
            ("use", "Used"),
            ("undo", "Use undone"),
            ("adjust", "Corrected"),
            ("move", "Moved"),
            ("redeem", "Redeemed"),
            ("refund", "Refunded"),
            ("expire", "Expired"),
            ("hand", "Handed to a state"),
            ("void", "Voided"),
        ],
        readonly=True,
        copy=False,
        help="The event of a gift card or a prepayment that this entry posted.",
        written_by="event",
    )
    credit_correction_ids = fields.One2many(
        comodel_name="account.credit.correction",
        inverse_name="move_id",
        readonly=True,
        groups=BILLING_GROUPS,
        help="The credits whose expiry this entry posts or undoes.",
    )
    sold_value_ids = fields.One2many(
        comodel_name="account.stored.value",
        inverse_name="invoice_id",
        string="Gift Cards Sold",
        readonly=True,
        groups=BILLING_GROUPS,
    )
    sold_value_count = fields.Integer(
        compute="_compute_sold_value_count",
        groups=BILLING_GROUPS,
    )

    @api.depends_context("uid")
    def _compute_show_reset_to_draft_button(self):
        result = super()._compute_show_reset_to_draft_button()
        reversals = self.env["account.credit.correction.reverse"]
        # Offered to nobody, also not to users who cannot see credit lines.
        self.filtered(
            lambda move: (
                move.stored_value_event
                or move.sudo().credit_line_id
                or move.sudo().credit_batch_id
                or not reversals._can_undo(move)
            )
        ).show_reset_to_draft_button = False
        return result

    def write(self, vals):
        """Keep posted credits, and events of gift cards and prepayments, posted.

        What takes a credit back stays posted, too; where an administrator resets it,
        the credit is posted again.

        :raise AccessError: when a link to one of these would change
        :raise UserError: when one of them would no longer be posted, or as it was, or
            when something else would be posted on the accounts of stored value
        """
        stored_value_guard.check_moves_written(self, vals)
        if vals.get("state", "posted") == "posted":
            if "state" in vals:
                # Whoever posts, and however.
                stored_value_guard.check_items(
                    self.filtered(lambda move: move.state != "posted")
                )
                return super(AccountMove, self._without_sync()).write(vals)
            return super().write(vals)
        self._check_stays_posted()
        reversals = self.env["account.credit.correction.reverse"]
        taken_back_sudo = reversals._find_taken_back(self)
        result = super().write(vals)
        reversals._undo(taken_back_sudo)
        return result

    def _without_sync(self):
        """Return these in the context in which their state alone changes.

        Odoo computes the lines of a document again when it is posted, and finds those
        that are there: credits, and invoices beside them, were created a moment ago.
        Where a localization does more, it is asked.
        """
        if get_posting(self.env).numbers is None or any(
            localizations.find_overrides(company, localizations.DOCUMENT)
            for company in self.company_id
        ):
            return self
        return self.with_context(skip_invoice_sync=True)

    def _check_stays_posted(self):
        """Check that nothing of these is posted that must stay so.

        :raise UserError: when something is
        """
        self._check_is_no_posted_credit()
        self.env["account.credit.correction.reverse"]._check_may_undo(self)
        stored_value_guard.check_no_posted_event(self)

    def _check_is_no_posted_credit(self):
        # The rule holds for users who cannot see credit lines, too.
        for move_sudo in self.sudo():
            batch_sudo = move_sudo.credit_line_id.batch_id or move_sudo.credit_batch_id
            if batch_sudo and move_sudo.state == "posted":
                raise UserError(
                    self.env._(
                        "%(move)s is a credit posted by %(batch)s and cannot be "
                        "reset. Reverse it there or with Reverse Entry.",
                        move=move_sudo.name,
                        batch=batch_sudo.name,
                    )
                )

    def _check_draftable(self):
        self._check_stays_posted()
        return super()._check_draftable()

    def _get_next_sequence_format(self):
        """Ask for the last number once for a set of entries of ours, not for each.

        The number itself comes from ``_locked_increment``, which holds the lock that
        keeps it unique among transactions, as for any other entry.
        """
        posting = get_posting(self.env)
        block = posting.numbers
        is_of_set = (
            self.credit_line_id
            or self.reversed_entry_id.credit_line_id
            or self.stored_value_event
            or (posting.is_charging and self.move_type == "out_invoice")
        )
        if block is None or not is_of_set:
            return super()._get_next_sequence_format()
        key = self._get_number_key()
        if key not in block:
            block[key] = super()._get_next_sequence_format()
        number_format, values = block[key]
        # A copy, because `_locked_increment` takes the number out of it.
        return number_format, dict(values)

    def _get_number_key(self):
        """Return what this has in common with those that are numbered along with it."""
        key = (self.journal_id.id, self.move_type, self.date)
        is_by_law = localizations.find_overrides(self.company_id, localizations.NUMBER)
        if not is_by_law and not self.journal_id.is_self_billing:
            return key
        where, params = self._get_last_sequence_domain()
        return (*key, where, repr(sorted(params.items())))

    def _hash_moves(self, **kwargs):
        """Let a posting that cannot see the entry before its own begin again.

        In a journal with inalterable entries each is chained to the one before. Where
        another session has posted that one since this transaction began, Odoo takes
        it for a gap in the numbers.

        :raise ConcurrencyError: then; Odoo, or the worker, repeats the transaction
        """
        try:
            return super()._hash_moves(**kwargs)
        except UserError as error:
            if is_written_by(self.env, "posting") and self._is_outrun():
                raise ConcurrencyError("entries were posted meanwhile") from error
            raise

    def _is_outrun(self):
        """Tell whether the entry before the first of these is not to be seen."""
        for (journal, prefix), moves in self.grouped(
            lambda move: (move.journal_id, move.sequence_prefix)
        ).items():
            first = min(moves.mapped("sequence_number"))
            if first > 1 and not self.sudo().search_count(
                [
                    ("journal_id", "=", journal.id),
                    ("sequence_prefix", "=", prefix),
                    ("sequence_number", "=", first - 1),
                ],
                limit=1,
            ):
                return True
        return False

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Reverse the credits of what is reversed, in whatever way that came.

        Odoo would reconcile all accounts of an entry for many as one heap: each credit
        of it is reversed by itself. Where a batch is reversed, its form reconciles all
        of a set at once.
        """
        if is_written_by(self.env, "posting"):
            return reverse_moves
        # Whoever reverses need not see credit lines.
        entries_sudo = self.sudo().filtered("credit_batch_id")
        reverses_sudo = reverse_moves.sudo().filtered(
            lambda move: move.reversed_entry_id in entries_sudo
        )
        for reverse_sudo in reverses_sudo:
            self.env["account.credit.form.entry"].sudo()._reverse_as(reverse_sudo)
        others = self.filtered(lambda move: move not in entries_sudo)
        reverses = reverse_moves.filtered(lambda move: move not in reverses_sudo)
        # Odoo reconciles a document with what reverses it: it must be open.
        self.env["account.credit.application"]._free_reversed(others, reverses)
        super(AccountMove, others)._reconcile_reversed_moves(
            reverses, move_reverse_cancel
        )
        others._set_credits_reversed(reverses)
        return reverse_moves

    def _set_credits_reversed(self, reverse_moves):
        """Mark the credits of credit notes that are reversed whole.

        From whatever screen, also where the user cannot see the credit line.
        """
        lines_sudo = self.env["account.credit.line"].sudo()
        for move_sudo, reverse_move in zip(self.sudo(), reverse_moves, strict=False):
            if move_sudo.credit_line_id and not move_sudo.currency_id.compare_amounts(
                move_sudo.amount_total, reverse_move.amount_total
            ):
                lines_sudo += move_sudo.credit_line_id
        if lines_sudo:
            lines_sudo._set_reversed()
            lines_sudo.batch_id._update_from_lines()

    def action_post_credit(self):
        """Open Post Transaction for the accounts of these customer documents.

        Where one posted invoice of an account is among them, its credit pays that
        one first.

        :return: a window action on ``account.post.transaction``
        :raise AccessError: when the user may not post credits
        """
        documents = self.filtered(lambda move: move.is_sale_document())
        return self.env["account.post.transaction"]._get_open_action(
            partners=documents.commercial_partner_id,
            invoices=documents.filtered(
                lambda move: move.move_type == "out_invoice" and move.state == "posted"
            ),
        )

    # -------------------------------------------------------------------------
    # A JOURNAL ENTRY THAT HOLDS THE CREDITS OF MANY ACCOUNTS
    # -------------------------------------------------------------------------

    def _get_credit_lines(self):
        """Return the credit lines that were posted as these."""
        return self.line_ids.credit_line_ids

    def _get_correction_kinds(self):
        """Return what these did with credits that expired.

        :return: a list of "expire" and "extend"; empty for all other entries
        """
        # What reverses something: others need not be looked for. Whoever asks need
        # not see credits.
        entries_sudo = self.sudo().filtered("reversed_entry_id")
        return entries_sudo.credit_correction_ids.mapped("kind")

    def _get_credit_accounts(self):
        """Return the accounts of these documents, and of entries for many."""
        # Whoever posts may not see credit batches.
        entries = self.filtered(lambda move: move.sudo().credit_batch_id)
        return self.commercial_partner_id | entries.line_ids.partner_id

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """Refuse to reverse a credit twice, or the move of a credit.

        :raise UserError: then, with what to do instead
        """
        # The rule holds for users who cannot see credit lines, too.
        self.sudo()._check_reversible()
        moves = self
        if self.sudo()._get_credit_lines().drawn_from_id:
            # Odoo unreconciles them first.
            moves = with_posting(self, reversed_ids=frozenset(self.ids))
        reverse_moves = super(AccountMove, moves)._reverse_moves(
            default_values_list, cancel
        )
        return reverse_moves.with_env(self.env)

    def _check_reversible(self):
        for move in self:
            if move._get_correction_kinds():
                raise UserError(
                    self.env._(
                        "%(move)s posts the expiry of a credit, or undoes it. Extend "
                        "the expiry date of the credit instead.",
                        move=move.name,
                    )
                )
        for line in self._get_credit_lines().filtered("expired_on")[:1]:
            raise UserError(line._get_form()._get_expired_message(line))
        for move in self.filtered("credit_batch_id"):
            if move.credit_batch_id.correction == "move":
                raise UserError(
                    self.env._(
                        "%(move)s moves a credit from one account to another. Move the "
                        "credit back instead.",
                        move=move.name,
                    )
                )
            if "reversed" in move._get_credit_lines().mapped("state"):
                raise UserError(
                    self.env._(
                        "%(move)s cannot be reversed: some of its credits are "
                        "already reversed. Reverse the others with %(batch)s.",
                        move=move.name,
                        batch=move.credit_batch_id.name,
                    )
                )

    # -------------------------------------------------------------------------
    # WHAT THE CUSTOMER SEES OF A CREDIT
    # -------------------------------------------------------------------------

    def _get_credit_status(self):
        """Return what became of this credit; the customer may know it.

        :return: "open", "used", "moved", "expired" or "reversed"; False where it is no
            posted credit
        """
        self.ensure_one()
        line_sudo = self.sudo().credit_line_id
        if not line_sudo or self.state != "posted":
            return False
        return get_credit_status(line_sudo)

    def _get_invoice_portal_extra_values(self, custom_amount=None):
        return {
            **super()._get_invoice_portal_extra_values(custom_amount=custom_amount),
            "credit_status": self._get_credit_status(),
        }

    # -------------------------------------------------------------------------
    # LET CREDITS PAY INVOICES WHEN EITHER IS POSTED, AND FREE THEM WHEN UNDONE
    # -------------------------------------------------------------------------

    @api.depends(
        "credit_application_ids.state",
        "credit_application_ids.partial_id.debit_amount_currency",
    )
    def _compute_account_credit_amount(self):
        for move in self:
            applied = move.credit_application_ids.partial_id
            move.account_credit_amount = sum(applied.mapped("debit_amount_currency"))

    @api.depends(
        "amount_residual",
        "credit_application_ids.state",
        "credit_application_ids.reason",
        "used_application_ids.reason",
    )
    def _compute_account_credit_error(self):
        for move in self:
            applications = move.credit_application_ids | move.used_application_ids
            refused = applications.filtered(lambda item: item.state == "refused")
            move.account_credit_error = (
                bool(move.amount_residual)
                and "\n".join(dict.fromkeys(refused.mapped("reason")))
            ) or False

    @api.depends("credit_application_ids.partial_id", "used_application_ids.partial_id")
    def _compute_has_applied_credit(self):
        for move in self:
            applications = move.credit_application_ids | move.used_application_ids
            move.has_applied_credit = bool(applications.partial_id)

    @api.depends("state", "amount_residual", "payment_state")
    def _compute_has_open_account_credit(self):
        self.has_open_account_credit = False
        # Whoever may post credits may know that there are some.
        applications_sudo = self.env["account.credit.application"].sudo()
        for invoice in self._filter_payable_invoices():
            engine = applications_sudo._get_engine(invoice.company_id, "user")
            invoice.has_open_account_credit = any(
                credit.currency == invoice.currency_id
                and credit.is_there_for(invoice.date)
                for credit in engine.find_open_credits(invoice.commercial_partner_id)
            )

    @api.depends("state", "amount_residual", "payment_state")
    def _compute_has_stored_value(self):
        self.has_stored_value = False
        # Whoever may use stored value may know that there is some.
        values_sudo = self.env["account.stored.value"].sudo()
        for invoice in self._filter_payable_invoices():
            if invoice.stored_value_event == "issue":
                continue
            invoice.has_stored_value = bool(
                values_sudo.search_count(
                    [
                        ("partner_id", "=", invoice.commercial_partner_id.id),
                        ("company_id", "=", invoice.company_id.id),
                        ("currency_id", "=", invoice.currency_id.id),
                        ("state", "=", "active"),
                    ],
                    limit=1,
                )
            )

    def _compute_payment_state(self):
        result = super()._compute_payment_state()
        self.env["account.credit.application"]._set_paid(self)
        # After the state is ours: gift cards can be used while their invoice is paid.
        # Odoo has no hook for what is no longer paid; this is where it shows.
        gift_card_sale.follow(
            self.filtered(lambda move: move.id and move.stored_value_event == "issue")
        )
        return result

    def _compute_payments_widget_reconciled_info(self):
        result = super()._compute_payments_widget_reconciled_info()
        self.env["account.credit.application"]._explain_payments(self)
        return result

    @answered_once
    def apply_account_credits(self, idempotency_key=None):
        """Let the open credits of the accounts pay these invoices now.

        Whatever the policy of the company, and also with credits that were unapplied
        from them. Invoices that are not open are left as they are.

        :return: the ``account.credit.application`` records in force on the invoices
        :raise AccessError: when the user may not apply credits, or see the invoices
        """
        applications = self.env["account.credit.application"]
        applications._check_may_apply()
        self.check_access("read")
        for company, invoices in (
            self._filter_payable_invoices().grouped("company_id").items()
        ):
            applications._apply(
                invoices.commercial_partner_id, company, "user", invoices=invoices
            )
        return applications.search(
            [("invoice_id", "in", self.ids), ("state", "=", "applied")]
        )

    @answered_once
    def unapply_account_credits(self, idempotency_key=None):
        """Free the credits that pay these invoices, or these credits themselves.

        :return: the ``account.credit.application`` records that were undone
        :raise AccessError: when the user may not apply credits, or see the documents
        """
        self.check_access("read")
        applications = self.env["account.credit.application"].search(
            [
                ("state", "=", "applied"),
                "|",
                ("invoice_id", "in", self.ids),
                ("credit_move_id", "in", self.ids),
            ]
        )
        applications.action_unapply()
        return applications

    def _filter_payable_invoices(self):
        """Return the posted customer invoices among these that are not paid."""
        return self.filtered(
            lambda move: (
                move.state == "posted"
                and move.move_type in ("out_invoice", "out_receipt")
                and move.payment_state in ("not_paid", "partial")
            )
        )

    def _is_open_for_customer(self):
        """Tell whether the customer may pay this now with what is on the account.

        Other addons refuse while a payment is under way.
        """
        self.ensure_one()
        invoice = self._filter_payable_invoices()
        return bool(invoice) and self.stored_value_event != "issue"

    def _register_hook(self):
        result = super()._register_hook()
        waiting_documents.wait_for_all(type(self))
        return result

    def _post(self, soft=True):
        today = fields.Date.context_today(self)
        # Odoo leaves what is dated ahead a draft.
        now = self.filtered(lambda move: not soft or move.date <= today)
        documents = now.filtered(lambda move: move.is_sale_document())
        invoices = documents.filtered(lambda move: move.move_type == "out_invoice")
        now._stay_with_account()
        # Before anything is posted: the lines name their gift cards.
        gift_card_sale.sell(invoices)
        gift_card_sale.take_back(documents - invoices)
        self.env["account.credit.check"]._check_credit_notes(documents - invoices)
        with waiting_documents.hold(self) as held:
            posted = super(AccountMove, held)._post(soft=soft)
            # Whatever pays them comes later: by that, gift cards can be used.
            gift_card_sale.update(documents)
            # What is posted may pay or be paid.
            waiting_documents.wait(posted)
        return waiting_documents.leave(posted, self)

    def _stay_with_account(self):
        """Let what reverses credits and gift cards be of the account that has them.

        The contact may have left it since: Odoo would reverse them on its new account.
        """
        # The rule holds for users who can see neither, too.
        for move_sudo in self.sudo().filtered("reversed_entry_id"):
            original_sudo = move_sudo.reversed_entry_id
            account_sudo = original_sudo.commercial_partner_id
            if (
                (original_sudo.credit_line_id or original_sudo.stored_value_event)
                and move_sudo.is_invoice()
                and move_sudo.partner_id == original_sudo.partner_id
                and move_sudo.commercial_partner_id != account_sudo
            ):
                move_sudo.commercial_partner_id = account_sudo

    def button_draft(self):
        """Free the credits of an invoice that is reset, for the next open one."""
        result = super().button_draft()
        applications = self.env["account.credit.application"]
        applications._apply_on(applications._free(self), "freed")
        return result

    def js_remove_outstanding_partial(self, partial_id):
        """Keep a credit apart from an invoice when a user unreconciles both."""
        applications_sudo = self.env["account.credit.application"]._find_of(partial_id)
        result = super().js_remove_outstanding_partial(partial_id)
        applications_sudo._pin(True)
        return result

    def action_apply_account_credits(self):
        """Apply open credits, and say what they paid.

        :return: a notification, after which the screen is read again
        """
        before = self.credit_application_ids
        applications = self.apply_account_credits() - before
        return applications._get_applied_notification(applications._sum_by_currency())

    def action_unapply_account_credits(self):
        """Unapply credits from the buttons of a form.

        :return: True
        """
        self.unapply_account_credits()
        return True

    def action_use_stored_value(self):
        """Offer the gift cards and prepayments of the account for this invoice.

        :return: a window action on ``account.stored.value.use``
        :raise AccessError: when the user may not use stored value
        """
        self.ensure_one()
        return self.env["account.stored.value.use"]._get_open_action(
            self.commercial_partner_id, self.company_id, self
        )

    @api.depends("sold_value_ids")
    def _compute_sold_value_count(self):
        for move in self:
            move.sold_value_count = len(move.sold_value_ids)

    def action_view_sold_values(self):
        """Open the gift cards that this invoice sells.

        :return: a window action on ``account.stored.value``
        """
        if len(self.sold_value_ids) == 1:
            return self.sold_value_ids.action_open()
        return open_list(
            self.env._("Gift Cards Sold"),
            "account.stored.value",
            [("id", "in", self.sold_value_ids.ids)],
            context={},
        )
