from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .account_credit_application_engine import Decision
from .account_credit_line import POSTING, RESULT_FIELDS

RESULT_FIELDS |= {"replaces_id"}


class Facts(NamedTuple):
    """What a credit is: how much, why, and whose."""

    amount: float
    #: A ``product.product``.
    item: Any
    #: A ``res.partner``.
    account: Any


class Use(NamedTuple):
    """What took of a credit, and how much of it, in the currency of the credit."""

    #: The ``account.move.line`` of the invoice.
    item: Any
    amount: float
    #: See ``account.credit.application.rule``; False when that knows nothing of it.
    rule: Any


class Cap(NamedTuple):
    """How much of a credit may be reconciled, in its currency.

    An own type, so that no value of a context that comes over RPC can be taken for it.
    """

    amount: float


class AccountCreditLine(models.Model):
    """Replace a posted credit by another one, in one step.

    The credit is reversed as any other, see ``_reverse``; the new one is posted as any
    other, and pays what the first one paid, as far as it goes.
    """

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    replaces_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The credit that was reversed when this one was posted instead.",
    )
    replacement_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="replaces_id",
        readonly=True,
    )
    replaced_by_id = fields.Many2one(
        comodel_name="account.credit.line",
        compute="_compute_replaced_by_id",
        help="The credit that was posted instead of this one.",
    )

    _replaces_id_unique = models.UniqueIndex(
        "(replaces_id) WHERE replaces_id IS NOT NULL",
        "A credit is replaced once only.",
    )

    @api.depends("replacement_ids")
    def _compute_replaced_by_id(self):
        for line in self:
            line.replaced_by_id = line.replacement_ids[:1]

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_reverse(self, mode="all", date=None, reason=None):
        """Reverse posted credits, as ``account.credit.batch.action_reverse`` does all.

        :param mode: "all" or "unused"
        :param date: of the reversals; today by default
        :param reason: kept in the log of the batches, for the office
        :return: True
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when a credit is not posted or cannot be reversed, with the
            reason
        """
        self.batch_id._check_may_manage()
        if mode not in ("all", "unused"):
            raise UserError(self.env._("%(mode)s is no mode of reversal.", mode=mode))
        self._take()
        for line in self:
            line._check_is_posted()
            line._check_is_not_moved()
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        for batch, lines in self.grouped("batch_id").items():
            batch._reverse_credits(mode, date, reason, lines)
            refusals = [
                line.reversal_error
                for line in lines
                if line.reversal_error
                and line.reversal_error != line._get_moved_message()
            ]
            if refusals:
                raise UserError("\n".join(refusals))
        return True

    def replace(
        self, amount=None, credit_item_id=None, account_id=None, date=None, reason=None
    ):
        """Reverse a posted credit and post another one instead, in one transaction.

        Invoices that it paid are paid by the new one, in the same amounts as far as it
        goes, where the account is the same. The new one has the currency, the comments
        and the expiry date of the first.

        :param amount: of the new credit; that of the first by default
        :param credit_item_id: likewise
        :param account_id: likewise
        :param date: of the reversal and of the new credit; today by default
        :param reason: kept in the log of both batches
        :return: the new ``account.credit.line``
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        self.ensure_one()
        self.batch_id._check_may_manage()
        facts = self._get_facts(amount, credit_item_id, account_id)
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the log."))
        self._take()
        self._check_replace(facts)
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        # The rule would give the invoices to other credits in between.
        line = self.with_context(credit_carry_over=POSTING)
        # Whoever may replace it may know what it paid, as with `_reverse_now`.
        uses = line.sudo()._get_uses()
        line.batch_id._reverse_credits("all", date, None, line)
        if line.state != "reversed":
            raise UserError(line.reversal_error or self._get_not_replaced_message())
        replacement = line._post_replacement(facts, date)
        replacement.sudo()._carry_over(uses)  # As above.
        self._log_replacement(replacement, reason)
        replacement = replacement.with_env(self.env)
        self.env["account.credit.application"]._apply(
            self.partner_id | replacement.partner_id,
            self.company_id,
            "credit",
            fresh=replacement.sudo().move_id,
        )
        return replacement

    def _take(self):
        """Make other transactions on these credits wait until this one has ended.

        They then fail to serialize and start again, see ``account.credit.batch._take``:
        whatever takes of a credit, or reverses it, changes its journal item.
        """
        for batch in self.batch_id.sorted("id"):
            batch._take()
        # The rows are read by id, whatever the user may see of them.
        items = self.env["account.move.line"].union(
            *(
                line._get_receivable_item()
                for line in self.sudo()
                if line.state == "posted"
            )
        )
        if items:
            items.flush_recordset()
            # Not `lock_for_update`: that one does not wait, it refuses.
            self.env.execute_query(
                SQL(
                    "SELECT id FROM account_move_line WHERE id = ANY(%(ids)s) "
                    "ORDER BY id FOR NO KEY UPDATE",
                    ids=items.ids,
                )
            )

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _get_facts(self, amount=None, credit_item_id=None, account_id=None):
        """Return what the credit should be, where nothing is said what it is."""
        self.ensure_one()
        account = self.env["res.partner"].browse(account_id or self.partner_id.id)
        return Facts(
            self.amount if amount is None else self.currency_id.round(amount),
            self.env["product.product"].browse(
                credit_item_id or self.credit_item_id.id
            ),
            account.commercial_partner_id,
        )

    def _is_same(self, facts):
        return (
            not self.currency_id.compare_amounts(self.amount, facts.amount)
            and facts.item == self.credit_item_id
            and facts.account == self.partner_id
        )

    def _check_replace(self, facts):
        """Check whether the credit can be replaced by such a one.

        :param Facts facts: of the new credit
        :raise UserError: when it cannot, with the reason
        """
        self.ensure_one()
        self._check_is_posted()
        if self._is_same(facts):
            raise UserError(
                self.env._(
                    "Nothing is changed. Enter another amount, credit item or account."
                )
            )
        if self.currency_id.compare_amounts(facts.amount, 0) <= 0:
            raise UserError(
                self.env._("Enter an amount above zero, or delete the credit.")
            )
        if self.moved_line_ids:
            raise UserError(self._get_moved_message())
        if facts.account != self.partner_id:
            self._check_not_own_account(facts.account)

    def _check_not_own_account(self, account):
        """Check that nobody gives a credit to themselves.

        :raise UserError: when the account is that of the user's own contact
        """
        if account and account == self.env.user.partner_id.commercial_partner_id:
            raise UserError(
                self.env._(
                    "This is your own account: another administrator must give it the "
                    "credit."
                )
            )

    def _get_not_replaced_message(self):
        return self.env._(
            "%(line)s cannot be replaced in one step: the new credit was not posted, "
            "or waits for approval. Delete the credit, and post another one.",
            line=self.display_name,
        )

    # -------------------------------------------------------------------------
    # THE NEW CREDIT
    # -------------------------------------------------------------------------

    def _post_replacement(self, facts, date):
        """Post the new credit, by the way that every credit goes.

        :raise UserError: when it is refused
        """
        batch = self.env["account.credit.batch"].create(
            self._prepare_replacement_vals(facts, date)
        )
        # Nobody but posting says what a batch corrects.
        batch.sudo()._write_posting({"correction": "replace"})
        line = batch.line_ids
        line.sudo()._write_result({"replaces_id": self.id})
        batch.action_post()
        if line.state != "posted":
            raise UserError(line.error or self._get_not_replaced_message())
        return line

    def _prepare_replacement_vals(self, facts, date):
        """Prepare the batch of the new credit."""
        self.ensure_one()
        batch = self.batch_id
        is_same_account = facts.account == self.partner_id
        taxes = facts.item.sudo().taxes_id  # As in `_get_document_form_fault`.
        is_taxed = bool(taxes._filter_taxes_by_company(self.company_id))
        return {
            "company_id": self.company_id.id,
            "date": date,
            "credit_item_id": facts.item.id,
            "public_comment": self.public_comment,
            "private_comment": self.private_comment,
            "analytic_distribution": batch.analytic_distribution,
            "expiry_date": batch.expiry_date,
            "document_form": "credit_note" if is_taxed else batch.document_form,
            "line_ids": [
                fields.Command.create(
                    {
                        "partner_id": facts.account.id,
                        "contact_id": is_same_account and self.contact_id.id,
                        "currency_id": self.currency_id.id,
                        "amount": facts.amount,
                    }
                )
            ],
        }

    def _log_replacement(self, replacement, reason):
        message = self.env._(
            "%(old)s (%(old_amount)s) is replaced by %(new)s (%(new_amount)s).",
            old=self.display_name,
            old_amount=self.currency_id.format(self.amount),
            new=replacement.display_name,
            new_amount=self.currency_id.format(replacement.amount),
        )
        for batch in self.batch_id | replacement.batch_id:
            batch._log_correction(message, reason)

    # -------------------------------------------------------------------------
    # APPLICATIONS
    # -------------------------------------------------------------------------

    def _is_carrying_over(self):
        """Tell whether the rule must wait until a new credit pays as the first did."""
        return self.env.context.get("credit_carry_over") is POSTING

    def _get_uses(self):
        """Return what took of the credit, the first one first.

        :return: list of :class:`Use`
        """
        self.ensure_one()
        partials = self._get_reconciliations().sorted("id")
        applications = self.env["account.credit.application"].search(
            [("partial_id", "in", partials.ids)]
        )
        rules = {
            application.partial_id: application.rule for application in applications
        }
        return [
            Use(
                partial.debit_move_id,
                partial.credit_amount_currency,
                rules.get(partial, False),
            )
            for partial in partials
        ]

    def _plan_carry_over(self, uses, account, ledger, total):
        """Plan which of these uses a new credit takes over.

        :param list uses: of :meth:`_get_uses`
        :param account: ``res.partner`` of the new credit
        :param ledger: its receivable ``account.account``
        :param total: how much it is, in the currency of the line
        :return: ``[(use, amount)]``
        """
        currency = self.currency_id
        plan = []
        for use in uses:
            amount = min(use.amount, total)
            if (
                currency.compare_amounts(amount, 0) > 0
                and use.item.partner_id.commercial_partner_id == account
                and use.item.account_id == ledger
                and use.item.currency_id == currency
            ):
                plan.append((use, amount))
                total = currency.round(total - amount)
        return plan

    def _carry_over(self, uses):
        """Let the new credit take over these uses, as far as it goes."""
        self.ensure_one()
        item = self._get_receivable_item()
        plan = self._plan_carry_over(
            uses, self.partner_id, item.account_id, -item.amount_residual_currency
        )
        for use, amount in plan:
            rules = {(item.id, use.item.id): use.rule} if use.rule else {}
            self.env["account.move.line"].with_context(
                credit_decision=Decision("user", rules), credit_cap=Cap(amount)
            )._reconcile_plan([item + use.item])


class AccountMoveLine(models.Model):
    """Reconcile a part of an item, where the credit may pay no more."""

    # One file per concern.
    _inherit = "account.move.line"  # pylint: disable=consider-merging-classes-inherited

    def _prepare_reconciliation_single_partial(
        self, debit_values, credit_values, shadowed_aml_values=None
    ):
        cap = self.env.context.get("credit_cap")
        if isinstance(cap, Cap):
            credit_values = self._cap_credit_values(credit_values, cap)
        return super()._prepare_reconciliation_single_partial(
            debit_values, credit_values, shadowed_aml_values
        )

    @api.model
    def _cap_credit_values(self, values, cap):
        """Return what Odoo is to take of a credit: not more than the cap."""
        residual = values["amount_residual_currency"]
        item = values["aml"]
        if item.currency_id.compare_amounts(-residual, cap.amount) <= 0:
            return values
        balance = values["amount_residual"] * cap.amount / -residual
        return {
            **values,
            "amount_residual_currency": -cap.amount,
            "amount_residual": item.company_currency_id.round(balance),
        }
