from odoo import fields, models
from odoo.exceptions import UserError


class AccountCreditLine(models.Model):
    """What a correction of a credit would do, before it is done; and its dialog."""

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_change(self):
        """Open the dialog for what the context names as ``change``.

        :return: a window action on ``account.credit.line.change``
        """
        dialog = self.env["account.credit.line.change"]
        change = self.env.context.get("change")
        labels = dict(dialog._fields["change"]._description_selection(self.env))
        line = self[:1]
        return {
            "type": "ir.actions.act_window",
            "name": f"{labels[change]}: {line.move_name}",
            "res_model": dialog._name,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_line_id": line.id,
                "default_line_ids": self.ids,
                "default_change": change,
            },
        }

    # -------------------------------------------------------------------------
    # PREVIEW
    # -------------------------------------------------------------------------

    def _prepare_reversal(self, mode):
        """Tell what reversing the credit would do, without doing it.

        :param mode: "all" or "unused"
        :return: see :meth:`_prepare_replacement`
        :raise UserError: when it cannot be reversed
        """
        self.ensure_one()
        self._check_is_posted()
        self._check_is_not_moved()
        currency = self.currency_id
        amount, balance = self._get_open_amounts()
        uses = self._get_uses() if mode == "all" else []
        if uses:
            partials = self._get_reconciliations()
            amount -= sum(partials.mapped("credit_amount_currency"))
            balance -= sum(partials.mapped("amount"))
        amount = currency.round(amount)
        if currency.is_zero(amount):
            raise UserError(self.env._("Nothing is unused of the credit."))
        balance = self.company_id.currency_id.round(balance)
        item = self._get_receivable_item()
        return {
            "items": [
                (item.account_id, self.partner_id, -balance),
                *(
                    (other.account_id, other.partner_id, part)
                    for other, _amount, part in self._split_counterparts(
                        item, amount, balance
                    )
                ),
            ],
            "currency": self.company_id.currency_id,
            "before": self._get_figures(),
            "after": {
                **self._get_figures(),
                "open": currency.format(0),
                "credited": currency.format(self.move_amount_total + amount),
            },
            "invoices": [
                (use.item.move_id.name, currency.format(use.amount), "") for use in uses
            ],
        }

    def _prepare_replacement(self, facts, date):
        """Tell what replacing the credit would do, without doing it.

        :param facts: of the new credit, see :meth:`_get_facts`
        :param date: of the new credit
        :return: ``{"items": [(ledger account, account, balance)], "currency": theirs,
            "before", "after": see :meth:`_get_figures`, "invoices": [(number, what the
            credit pays, what it will pay)]}``
        :raise UserError: when it cannot be replaced
        """
        self._check_replace(facts)
        self.batch_id._check_reversal_date(date)
        prepared = self._prepare_reversal("all")
        line = self._get_unsaved(facts, date)
        faults = line._get_faults()
        if faults:
            raise UserError(next(iter(faults.values())))
        preview = line._get_preview_items()
        currency = self.currency_id
        uses = self._get_uses()
        plan = self._plan_carry_over(
            uses, facts.account, preview["receivable"], preview["total"]
        )
        carried = {use.item: amount for use, amount in plan}
        prepared["items"] += [
            (ledger, facts.account, balance) for ledger, balance in preview["balances"]
        ]
        prepared["after"] = {
            "account": facts.account.display_name,
            "item": facts.item.display_name,
            "credited": currency.format(preview["total"]),
            "open": currency.format(
                currency.round(preview["total"] - sum(carried.values()))
            ),
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

    def _prepare_move(self, account, amount):
        """Tell what moving these credits would post, without doing it.

        :param account: ``res.partner``
        :param amount: see :meth:`move_to`
        :return: ``{"items", "currency"}``, see :meth:`_prepare_replacement`
        :raise UserError: when it cannot be moved
        """
        date = fields.Date.context_today(self)
        items = []
        for line, share in self._check_move(account, amount):
            line.batch_id._check_reversal_date(date)
            target = line._get_unsaved(line._get_facts(share, None, account.id), date)
            receivable = target._get_receivable(target._get_fiscal_position())
            own = line._get_receivable_item().account_id
            items += [(own, line.partner_id, share), (receivable, account, -share)]
        return {"items": items, "currency": self.currency_id}

    def _get_figures(self):
        """Return what the dialog shows of the credit as it is, as texts."""
        self.ensure_one()
        currency = self.currency_id
        return {
            "account": self.partner_id.display_name,
            "item": self.credit_item_id.display_name,
            "credited": currency.format(self.move_amount_total),
            "open": currency.format(self.amount_open),
        }

    def _get_unsaved(self, facts, date):
        """Return the credit line that a correction would post, not saved."""
        vals = self._prepare_replacement_vals(facts, date)
        [[_create, _id, line_vals]] = vals.pop("line_ids")
        batch = self.env["account.credit.batch"].new(vals)
        return self.new({**line_vals, "batch_id": batch})
