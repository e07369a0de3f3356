from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...tools.days import get_today
from ...tools.posting import Decision, with_posting
from ...tools.reading import read_amount
from ..promise.promise_drawing import check_is_booked
from .account_credit_correction import Item


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


class AccountCreditCorrectionReplace(models.AbstractModel):
    """Replace a posted credit by another one, in one step."""

    _name = "account.credit.correction.replace"
    _description = "Replacement of a Credit"

    @api.model
    def _post_instead(self, line, facts, date, reason):
        """Replace a credit, see ``account.credit.line.replace``.

        :param Facts facts: of the new credit
        """
        line.batch_id._check_may_manage()
        corrections = self.env["account.credit.correction"]
        corrections._check_reason(reason)
        corrections._lock(line)
        self._check(line, facts)
        date = fields.Date.to_date(date) or get_today(line.company_id)
        # The rule would give the invoices to other credits in between.
        carrying = with_posting(line, is_carrying_over=True)
        # Whoever may replace it may know what it paid, as with `_reverse`.
        uses = self._get_uses(carrying.sudo())
        runs = carrying.env["account.credit.run"]
        runs._reverse(carrying.batch_id, "all", date, None, carrying)
        if line.state != "reversed":
            raise UserError(line.reversal_error or self._get_not_replaced_message(line))
        replacement = self._post(carrying, facts, date, reason)
        self._carry_over(replacement.sudo(), uses)  # As above.
        message = self.env._(
            "%(old)s (%(old_amount)s) is replaced by %(new)s (%(new_amount)s).",
            old=line.display_name,
            old_amount=line.currency_id.format(line.amount),
            new=replacement.display_name,
            new_amount=line.currency_id.format(replacement.amount),
        )
        corrections._log(line.batch_id | replacement.batch_id, message, reason)
        replacement = replacement.with_env(line.env)
        self.env["account.credit.application"]._apply(
            line.partner_id | replacement.partner_id,
            line.company_id,
            "credit",
            fresh=replacement.sudo().move_id,
        )
        return replacement

    @api.model
    def _prepare(self, line, facts, date):
        """Tell what replacing a credit would do, without doing it.

        :param Facts facts: of the new credit
        :param date: of the new credit
        :return: see ``account.credit.correction.reverse._prepare``
        :raise UserError: when it cannot be replaced
        """
        self._check(line, facts)
        self.env["account.credit.check"]._check_reversal_date(line.batch_id, date)
        prepared = self.env["account.credit.correction.reverse"]._prepare(line, "all")
        vals = self._prepare_batch_vals(line, facts, date)
        # By then, the old one lowers nothing.
        vals["correction_ids"] = [
            Command.create({"kind": "replace", "line_id": line.id})
        ]
        new_line = self.env["account.credit.correction"]._new_line(line, vals)
        errors = new_line._get_errors()
        if errors:
            raise UserError(next(iter(errors.values())))
        items = new_line._get_form()._get_items(new_line)[new_line]
        ledgers = self.env["account.account"]
        currency = line.currency_id
        total = items.total
        uses = self._get_uses(line)
        plan = self._plan(uses, new_line, ledgers.browse(items.ledger_id), total)
        carried = {use.item: amount for use, amount in plan}
        prepared["items"] += [
            Item(ledgers.browse(vals["account_id"]), facts.account, vals["balance"])
            for vals in items.all
        ]
        prepared["after"] = {
            "account": facts.account.display_name,
            "item": facts.item.display_name,
            "credited": currency.format(total),
            "open": currency.format(currency.round(total - sum(carried.values()))),
        }
        prepared["invoices"] = [
            (
                use.item.move_id.name,
                currency.format(use.amount),
                currency.format(carried.get(use.item, 0)),
            )
            for use in uses
        ]
        return prepared

    @api.model
    def _get_facts(self, line, amount=None, credit_item_id=None, account_id=None):
        """Return what the credit should be, where nothing is said what it is."""
        account = self.env["res.partner"].browse(account_id or line.partner_id.id)
        item = self.env["product.product"].browse(
            credit_item_id or line.credit_item_id.id
        )
        return Facts(
            line.amount
            if amount is None
            else read_amount(self.env, amount, line.currency_id),
            item,
            account.commercial_partner_id,
        )

    @api.model
    def _is_same(self, line, facts):
        """Tell whether the credit is so already."""
        return (
            not line.currency_id.compare_amounts(line.amount, facts.amount)
            and facts.item == line.credit_item_id
            and facts.account == line.partner_id
        )

    def _check(self, line, facts):
        """Check whether the credit can be replaced by such a one.

        :raise UserError: when it cannot, with the reason
        """
        corrections = self.env["account.credit.correction"]
        corrections._check_is_posted(line)
        check_is_booked(line.sudo())  # Whoever may replace it may know what it is.
        if self._is_same(line, facts):
            raise UserError(
                self.env._(
                    "Nothing is changed. Enter another amount, credit item or account."
                )
            )
        if line.currency_id.compare_amounts(facts.amount, 0) <= 0:
            raise UserError(
                self.env._("Enter an amount above zero, or delete the credit.")
            )
        if line.moved_line_ids:
            raise UserError(line._get_form()._get_moved_message(line))
        if line.expired_on:
            raise UserError(line._get_form()._get_expired_message(line))
        if facts.account != line.partner_id:
            corrections._check_not_own_account(facts.account)

    def _get_not_replaced_message(self, line):
        return self.env._(
            "%(line)s cannot be replaced in one step: the new credit was not posted, "
            "or waits for approval. Delete the credit, and post another one.",
            line=line.display_name,
        )

    # -------------------------------------------------------------------------
    # THE NEW CREDIT
    # -------------------------------------------------------------------------

    def _post(self, line, facts, date, reason):
        """Post the new credit, by the way that every credit goes.

        :raise UserError: when it is refused
        """
        batch = line.env["account.credit.batch"].create(
            self._prepare_batch_vals(line, facts, date)
        )
        new_line = batch.line_ids
        # Before it is posted: a correction does not wait for workers.
        corrections = self.env["account.credit.correction"]
        corrections._record("replace", line, date, reason, new_line)
        batch.action_post()
        if new_line.state != "posted":
            raise UserError(new_line.error or self._get_not_replaced_message(line))
        return new_line

    def _prepare_batch_vals(self, line, facts, date):
        """Prepare the batch of the new credit."""
        batch = line.batch_id
        is_same_account = facts.account == line.partner_id
        is_taxed = line._get_form()._is_taxed(line.company_id, facts.item)
        # It lowers the taxes of the same invoice.
        invoice = line.invoice_id if is_same_account else line.invoice_id.browse()
        is_as_invoiced = bool(invoice) and (
            batch.use_invoice_taxes
            if facts.item == line.credit_item_id
            else facts.item.credit_vat_treatment == "price_reduction"
        )
        return {
            "company_id": line.company_id.id,
            "date": date,
            "credit_item_id": facts.item.id,
            "public_comment": line.public_comment,
            "private_comment": line.private_comment,
            "analytic_distribution": batch.analytic_distribution,
            "expiry_date": line.expiry_date,
            "credit_booking": "given",
            "use_invoice_taxes": is_as_invoiced,
            "document_form": "credit_note"
            if is_taxed or is_as_invoiced
            else batch.document_form,
            "line_ids": [
                Command.create(
                    {
                        "partner_id": facts.account.id,
                        "contact_id": is_same_account and line.contact_id.id,
                        "currency_id": line.currency_id.id,
                        "amount": facts.amount,
                        "invoice_id": is_as_invoiced and invoice.id,
                    }
                )
            ],
        }

    # -------------------------------------------------------------------------
    # WHAT THE FIRST CREDIT PAID, THE NEW ONE PAYS
    # -------------------------------------------------------------------------

    def _get_uses(self, line):
        """Return what took of the credit, the first one first.

        :return: list of :class:`Use`
        """
        partials = line._get_form()._get_reconciliations(line).sorted("id")
        applications = line.env["account.credit.application"].search(
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

    def _plan(self, uses, new_line, ledger, total):
        """Plan which of these uses the new credit takes over.

        :param list uses: of :meth:`_get_uses`
        :param ledger: the receivable ``account.account`` of the new credit
        :param total: how much it is, in its currency
        :return: ``[(use, amount)]``
        """
        currency = new_line.currency_id
        plan = []
        for use in uses:
            amount = min(use.amount, total)
            if (
                currency.compare_amounts(amount, 0) > 0
                and use.item.partner_id.commercial_partner_id == new_line.partner_id
                and use.item.account_id == ledger
                and use.item.currency_id == currency
            ):
                plan.append((use, amount))
                total = currency.round(total - amount)
        return plan

    def _carry_over(self, new_line, uses):
        """Let the new credit take over these uses, as far as it goes."""
        item = new_line.move_line_id
        plan = self._plan(
            uses, new_line, item.account_id, -item.amount_residual_currency
        )
        for use, amount in plan:
            rules = {(item.id, use.item.id): use.rule} if use.rule else {}
            with_posting(
                new_line.env["account.move.line"],
                decision=Decision("user", rules),
                cap=amount,
            )._reconcile_plan([item + use.item])
