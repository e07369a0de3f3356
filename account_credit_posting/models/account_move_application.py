from odoo import api, fields, models

from ..const import BILLING_GROUPS
from .account_credit_line import POSTING


class AccountMove(models.Model):
    """Let credits pay invoices when either is posted, and free them when undone."""

    # One file per concern.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

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
        help="What credits of the account pay of this invoice, in its currency.",
    )
    account_credit_refusal = fields.Text(
        compute="_compute_account_credit_refusal",
        string="Credits Not Possible",
        groups=BILLING_GROUPS,
        help="Why open credits of the account cannot pay this invoice.",
    )
    has_applied_credit = fields.Boolean(
        compute="_compute_has_applied_credit",
        groups=BILLING_GROUPS,
        help="Whether a credit pays this invoice, or this credit an invoice.",
    )
    has_open_account_credit = fields.Boolean(
        compute="_compute_has_open_account_credit",
        groups="account_credit_posting.group_credit_user",
        help="Whether the account has an open credit that could pay this invoice.",
    )

    has_stored_value = fields.Boolean(
        compute="_compute_has_stored_value",
        groups="account_credit_posting.group_credit_user",
        help="Whether the account has a gift card or prepayment that could pay this.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
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
    def _compute_account_credit_refusal(self):
        for move in self:
            applications = move.credit_application_ids | move.used_application_ids
            refused = applications.filtered(lambda item: item.state == "refused")
            move.account_credit_refusal = (
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
        engine_sudo = self.env["account.credit.application"].sudo()
        for invoice in self._filter_payable_invoices():
            # Whoever may post credits may know that there are some.
            invoice.has_open_account_credit = any(
                credit.currency == invoice.currency_id
                for credit in engine_sudo._find_open_credits(
                    invoice.commercial_partner_id, invoice.company_id, "user"
                )
            )

    @api.depends("state", "amount_residual", "payment_state")
    def _compute_has_stored_value(self):
        self.has_stored_value = False
        # Whoever may use stored value may know that there is some.
        values_sudo = self.env["account.stored.value"].sudo()
        for invoice in self._filter_payable_invoices():
            if invoice.stored_value_event:
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
        # Odoo calls an invoice that only credit notes pay "reversed". A credit of
        # ours reverses no invoice: it pays.
        for move_sudo in self.sudo():
            if move_sudo.payment_state == "reversed" and move_sudo.is_sale_document():
                counterparts_sudo = move_sudo._get_reconciled_amls().move_id
                if move_sudo not in counterparts_sudo.reversed_entry_id and any(
                    counterpart.credit_line_id or counterpart.credit_batch_id
                    for counterpart in counterparts_sudo
                ):
                    move_sudo.payment_state = "paid"
        return result

    def _compute_payments_widget_reconciled_info(self):
        result = super()._compute_payments_widget_reconciled_info()
        contents = {  # {partial id: values of a line of the widget}
            values["partial_id"]: values
            for move in self
            if move.invoice_payments_widget
            for values in move.invoice_payments_widget["content"]
        }
        if contents:
            # The widget shows what was decided; who sees it is up to its groups.
            applications_sudo = self.env["account.credit.application"].sudo()
            for application_sudo in applications_sudo.search(
                [("partial_id", "in", list(contents))]
            ):
                contents[application_sudo.partial_id.id].update(
                    is_refund=False,
                    credit_kind=application_sudo._get_kind(),
                    credit_label=application_sudo._get_label(),
                    credit_printed_label=application_sudo._get_printed_label(),
                    credit_decision=application_sudo.decision,
                )
        return result

    # -------------------------------------------------------------------------
    # APPLYING
    # -------------------------------------------------------------------------

    def apply_account_credits(self):
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

    def unapply_account_credits(self):
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

    def _apply_credits_of_accounts(self, origin):
        """Let credits pay invoices on the accounts of these documents, by the rule.

        :param origin: see ``account.credit.application``
        """
        engine = self.env["account.credit.application"]
        for company, documents in self.grouped("company_id").items():
            engine._apply(
                documents._get_credit_accounts(),
                company,
                origin,
                # Whoever posts may not see credit lines.
                fresh=documents.sudo().filtered(
                    lambda move: move.credit_line_id or move.credit_batch_id
                ),
            )

    def _free_account_credits(self):
        """Unapply credits where the invoice, or the credit, is no longer in force.

        :return: the invoices that had some
        """
        documents = self.filtered(
            lambda move: move.is_sale_document(include_receipts=True)
        )
        if not documents:
            return documents
        # Resetting, cancelling or reversing the document is the right it takes.
        applications_sudo = (
            self.env["account.credit.application"]
            .sudo()
            .search(
                [
                    ("state", "=", "applied"),
                    "|",
                    ("invoice_id", "in", documents.ids),
                    ("credit_move_id", "in", documents.ids),
                ]
            )
        )
        applications_sudo._unapply(is_pinned=False)
        return applications_sudo.invoice_id.with_env(self.env)

    # -------------------------------------------------------------------------
    # EVENTS
    # -------------------------------------------------------------------------

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        documents = posted.filtered(
            lambda move: (
                move.state == "posted"
                and (
                    move.is_sale_document(include_receipts=True)
                    or move.sudo().credit_batch_id
                )
            )
        )
        credits = documents.filtered(
            lambda move: move.move_type in ("out_refund", "entry")
        )
        credits._apply_credits_of_accounts("credit")
        if self.env.context.get("credit_charging") is not POSTING:
            (documents - credits)._apply_credits_of_accounts("invoice")
        return posted

    def button_draft(self):
        """Free the credits of an invoice that is reset, for the next open one."""
        result = super().button_draft()
        self._free_account_credits()._apply_credits_of_accounts("freed")
        return result

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        # What reverses a whole document is reconciled with it; credits that are free
        # by that, and invoices open again, are looked after when posting goes on.
        for move, reverse_move in zip(self, reverse_moves, strict=False):
            if not move.currency_id.compare_amounts(
                move.amount_total, reverse_move.amount_total
            ):
                move._free_account_credits()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def js_remove_outstanding_partial(self, partial_id):
        """Keep a credit apart from an invoice when a user unreconciles both."""
        # A note beside what Odoo lets this user do.
        applications_sudo = self.env["account.credit.application"].sudo()
        applications_sudo = applications_sudo.search([("partial_id", "=", partial_id)])
        result = super().js_remove_outstanding_partial(partial_id)
        applications_sudo.is_pinned = True
        return result

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

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
