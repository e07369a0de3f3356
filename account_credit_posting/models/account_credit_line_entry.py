from odoo import api, fields, models
from odoo.fields import Command

from .account_credit_line import POSTING


class AccountCreditLine(models.Model):
    """Post many credit lines as one journal entry, and reverse them by another.

    The entry has one receivable item for each line, so that each credit pays invoices,
    expires and is reversed by itself; the other side is summed up.
    """

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    move_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Receivable Item",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The item of this account in a journal entry for many accounts.",
    )
    debit_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Debit Item",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The item of that entry which holds the other side, with that of others.",
    )
    application_ids = fields.One2many(
        comodel_name="account.credit.application",
        inverse_name="credit_line_id",
        readonly=True,
    )

    _move_line_id_unique = models.UniqueIndex(
        "(move_line_id) WHERE move_line_id IS NOT NULL",
        "A journal item belongs to one credit line only.",
    )
    _debit_line_id_idx = models.Index("(debit_line_id) WHERE debit_line_id IS NOT NULL")
    _item_is_of_entry = models.Constraint(
        "CHECK ((move_line_id IS NULL) = (debit_line_id IS NULL)"
        " AND (move_line_id IS NULL OR move_id IS NOT NULL))",
        "A credit line within a journal entry for many accounts names that entry.",
    )

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _create_entry(self):
        """Create and post one journal entry for all lines, and mark them.

        :return: the posted ``account.move``
        """
        debits, receivables, keys = self._prepare_entry_items()
        move = self._create_complete_entry(
            self._prepare_entry_vals([*debits.values(), *receivables])
        )
        items = move.line_ids.sorted("id")
        debit_items = dict(zip(debits, items, strict=False))
        # Before it is posted, because then each item may pay an invoice.
        for line, item, key in zip(self, items[len(debits) :], keys, strict=True):
            line._set_posted(move, item, debit_items[key])
        move._post(soft=False)
        return move

    def _create_complete_entry(self, vals):
        """Create an entry that is given complete, so that Odoo derives nothing."""
        moves = self.env["account.move"].with_context(**self._get_posting_context())
        move = moves.with_context(
            skip_analytic_sync=True, skip_invoice_sync=True
        ).create(vals)
        return move.with_env(moves.env)

    def _prepare_entry_vals(self, items):
        """Prepare the journal entry of the lines.

        The private comment is nowhere on it.

        :param list items: values of its journal items
        """
        batch = self.batch_id
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

    def _prepare_entry_items(self):
        """Prepare the journal items of the entry, complete and balanced.

        Each debit is the sum of what was rounded line by line, so that the entry is
        balanced to the cent in each currency and in that of the company.

        :return: ``({(ledger account, currency): values of a debit}, [values of the
            receivable item of each line], [key of the debit of each line])``
        """
        debits = {}  # {(ledger account, currency): values}
        receivables = []
        keys = []
        ledgers = {}  # {fiscal position: ledger account}
        labels = {}  # {language: label}
        for line in self:
            position = line._get_fiscal_position()
            if position not in ledgers:
                ledgers[position] = line._get_item_account(position)
            lang = line.partner_id.lang
            if lang not in labels:
                labels[lang] = line._get_item_label()
            key = (ledgers[position], line.currency_id)
            if key not in debits:
                debits[key] = line._prepare_debit_vals(*key)
            debit = debits[key]
            balance = line._convert_to_company(line.amount)
            debit["amount_currency"] += line.amount
            debit["balance"] += balance
            receivables.append(
                {
                    "partner_id": line.partner_id.id,
                    "account_id": line._get_receivable(position).id,
                    "currency_id": line.currency_id.id,
                    "name": labels[lang],
                    "date_maturity": line.date,
                    "amount_currency": -line.amount,
                    "balance": -balance,
                    "tax_ids": [],
                    "analytic_distribution": False,
                }
            )
            keys.append(key)
        self._round_items(debits.values())
        return debits, receivables, keys

    def _prepare_debit_vals(self, account, currency):
        """Prepare the sum of many credits on one ledger account, still zero."""
        batch = self.batch_id
        vals = {
            "partner_id": False,
            "account_id": account.id,
            "currency_id": currency.id,
            "product_id": batch.credit_item_id.id,
            "name": batch.credit_item_id.display_name,
            "amount_currency": 0,
            "balance": 0,
            "tax_ids": [],
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        return vals

    @api.model
    def _round_items(self, items):
        """Round sums of rounded amounts: floats add up with a trace of dust."""
        currencies = self.env["res.currency"]
        for item in items:
            currency = currencies.browse(item["currency_id"])
            item["amount_currency"] = currency.round(item["amount_currency"])
            item["balance"] = self.company_id.currency_id.round(item["balance"])

    # -------------------------------------------------------------------------
    # REVERSAL
    # -------------------------------------------------------------------------

    def _reverse_entries(self, date):
        """Reverse lines within entries for many accounts by one counter entry.

        The entries stay as they are; each item of the counter entry is reconciled with
        the one that it reverses, which pays no invoice any more.

        :param date: of the counter entry
        :return: the posted counter entry, ``account.move``
        """
        move = self._create_complete_entry(self._prepare_counter_entry_vals(date))
        counterparts = move.line_ids.sorted("id")[: len(self)]
        move._post(soft=False)
        self._settle_reversal(counterparts)
        return move

    def _prepare_counter_entry_vals(self, date):
        """Prepare the entry that reverses the lines, to the cent.

        :param date: of the entry
        """
        entries = self.move_id
        company = self.company_id
        receivables = []
        credits = {}  # {(debit item's account, currency, analytic): values}
        for line in self:
            item, debit = line.move_line_id, line.debit_line_id
            common_vals = {"tax_ids": [], "is_storno": company.account_storno}
            receivables.append(
                {
                    **common_vals,
                    "partner_id": item.partner_id.id,
                    "account_id": item.account_id.id,
                    "currency_id": item.currency_id.id,
                    "name": item.name,
                    "date_maturity": date,
                    "amount_currency": -item.amount_currency,
                    "balance": -item.balance,
                    "analytic_distribution": False,
                }
            )
            analytic = debit.analytic_distribution or {}
            key = (debit.account_id, item.currency_id, tuple(sorted(analytic.items())))
            credit = credits.setdefault(
                key,
                {
                    **common_vals,
                    "partner_id": False,
                    "account_id": debit.account_id.id,
                    "currency_id": item.currency_id.id,
                    "product_id": debit.product_id.id,
                    "name": debit.name,
                    "amount_currency": 0,
                    "balance": 0,
                    "analytic_distribution": analytic or False,
                },
            )
            credit["amount_currency"] += item.amount_currency
            credit["balance"] += item.balance
        self._round_items(credits.values())
        names = ", ".join(entries.mapped("name"))
        return {
            "move_type": "entry",
            "journal_id": entries.journal_id[:1].id,
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "date": date,
            "ref": self.env._("Reversal of: %(move)s", move=names),
            "reversed_entry_id": entries.id if len(entries) == 1 else False,
            "line_ids": [
                Command.create(item)
                for item in [*receivables, *credits.values()]
            ],
        }

    def _settle_reversal(self, counterparts):
        """Reconcile the items of the lines with what reverses them.

        What they paid is open again, for other credits of the account.

        :param counterparts: ``account.move.line`` records, one for each line
        """
        items = self.move_line_id
        freed = items.filtered("matched_debit_ids").partner_id
        items.remove_move_reconcile()
        items.with_context(move_reverse_cancel=True)._reconcile_plan(
            [
                line.move_line_id + counterpart
                for line, counterpart in zip(self, counterparts, strict=True)
            ]
        )
        self._set_reversed()
        if freed:
            self.env["account.credit.application"]._apply(
                freed, self.company_id, "freed"
            )

    def _get_posting_context(self):
        """Return the context in which entries of credits are created."""
        return {
            "credit_posting": POSTING,
            # The batch keeps the log; the entry keeps only what changes later. Where
            # the law wants an audit trail, the entry keeps its own.
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "tracking_disable": not any(
                self.company_id.mapped("restrictive_audit_trail")
            ),
        }
