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
                    # Odoo's mark of what is disputed; a general journal sets it.
                    "no_followup": False,
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

    def _get_posting_context(self):
        """Return the context in which entries of credits are created."""
        return {"credit_posting": POSTING, **self._get_log_context()}

    def _get_log_context(self):
        """Return the context in which entries of credits keep no log of their own."""
        return {
            # The batch keeps the log; the entry keeps only what changes later. Where
            # the law wants an audit trail, the entry keeps its own.
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "tracking_disable": not any(
                self.company_id.mapped("restrictive_audit_trail")
            ),
        }
