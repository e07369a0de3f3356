from functools import cache, partial

from odoo import api, models
from odoo.fields import Command

from .account_credit_form import Items


class AccountCreditFormEntry(models.AbstractModel):
    """Post many credits as one journal entry: an item for each account, a sum of all.

    The receivable items are the credits. The other side is the sum of what was rounded
    line by line, so that the entry is balanced to the cent in each currency.
    """

    _name = "account.credit.form.entry"
    _inherit = "account.credit.form"
    _description = "Journal Entry for Many"

    @api.model
    def _get_items(self, lines):
        batch = lines.batch_id
        item = batch.credit_item_id
        get_debit = cache(partial(self._prepare_debit_vals, batch))
        get_label = cache(partial(self._get_label, batch, item))
        items = {}
        for line in lines:
            position = line._get_fiscal_position()
            balance = line._convert_to_company(line.amount)
            debit_vals = {
                **get_debit(position, line.currency_id),
                "amount_currency": line.amount,
                "balance": balance,
            }
            receivable_vals = {
                "partner_id": line.partner_id.id,
                "account_id": line._get_receivable(position).id,
                "currency_id": line.currency_id.id,
                "name": get_label(line.partner_id.lang),
                "date_maturity": batch.date,
                "amount_currency": -line.amount,
                "balance": -balance,
                "tax_ids": [],
                # Odoo's mark of what is disputed; a general journal sets it.
                "no_followup": False,
                "analytic_distribution": False,
            }
            items[line] = Items(position, [debit_vals], [receivable_vals])
        return items

    @api.model
    def _prepare_debit_vals(self, batch, position, currency):
        """Prepare the other side of credits, but for the amount."""
        item = batch.credit_item_id
        vals = {
            "partner_id": False,
            "account_id": self._get_basis(batch, item, position, currency).ledger.id,
            "currency_id": currency.id,
            "product_id": item.id,
            "name": item.display_name,
            "tax_ids": [],
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        return vals

    @api.model
    def _post(self, lines):
        self._isolate(lines, self._create_entry)

    @api.model
    def _create_entry(self, lines):
        """Create and post one journal entry for all lines, and mark them.

        :return: the posted ``account.move``
        """
        items = self._get_items(lines)
        debits = {}  # {(ledger account id, currency id): values}
        keys = {}  # {line: key of its debit}
        for line in lines:
            [vals] = items[line].others
            key = keys[line] = vals["account_id"], vals["currency_id"]
            debit = debits.setdefault(key, {**vals, "amount_currency": 0, "balance": 0})
            debit["amount_currency"] += vals["amount_currency"]
            debit["balance"] += vals["balance"]
        for (_account, currency_id), debit in debits.items():
            # Floats add up with a trace of dust.
            currency = self.env["res.currency"].browse(currency_id)
            amount, balance = self._sum_items(lines.company_id, currency, [debit])
            debit |= {"amount_currency": amount, "balance": balance}
        receivables = [vals for line in lines for vals in items[line].receivables]
        move = self._create_complete(
            lines.company_id,
            self._prepare_entry_vals(lines.batch_id, [*debits.values(), *receivables]),
        )
        booked = move.line_ids.sorted("id")
        debit_items = dict(zip(debits, booked, strict=False))
        # Before it is posted, because then each item may pay an invoice.
        for line, item in zip(lines, booked[len(debits) :], strict=True):
            line._set_posted(move, item, debit_items[keys[line]])
        move._post(soft=False)
        return move

    @api.model
    def _prepare_entry_vals(self, batch, items):
        """Prepare a journal entry of a batch.

        The private comment is nowhere on it.

        :param list items: values of its journal items
        """
        return {
            "move_type": "entry",
            "journal_id": batch._get_journal().id,
            "company_id": batch.company_id.id,
            "currency_id": batch.company_id.currency_id.id,
            "date": batch.date,
            "ref": batch.name,
            "credit_batch_id": batch.id,
            "line_ids": [Command.create(item) for item in items],
        }

    @api.model
    def _reverse_as(self, move):
        """Reverse those credits of an entry that somebody's reversal has an item for.

        :param move: the reversal, an ``account.move`` that is posted
        """
        found = {}  # {(account, ledger account, currency, amount): items}
        for item in move.line_ids:
            key = item._get_counterpart_key(item.amount_currency)
            found.setdefault(key, []).append(item)
        reversed_lines = self.env["account.credit.line"]
        counterparts = []
        for line in move.reversed_entry_id.line_ids.credit_line_ids.sorted("id"):
            item = line.move_line_id
            candidates = found.get(item._get_counterpart_key(-item.amount_currency))
            if line.state == "posted" and candidates:
                reversed_lines += line
                counterparts.append(candidates.pop(0))
        if reversed_lines:
            self._reverse_with(reversed_lines, counterparts)
            reversed_lines.batch_id._update_from_lines()
