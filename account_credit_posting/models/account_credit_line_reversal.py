import logging

from odoo import fields, models
from odoo.fields import Command

from ..narrowing import explain_refusal, narrow

_logger = logging.getLogger(__name__)


class AccountCreditLine(models.Model):
    """Take posted credits back: all of them, or what is unused.

    What is taken back is always what is open: to take back all, what invoices took is
    unapplied first. So nothing is taken back twice, whatever was done before.
    """

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    is_to_reverse = fields.Boolean(
        readonly=True,
        copy=False,
        help="Its reversal was asked for, and is not done yet.",
    )

    _to_reverse_idx = models.Index("(batch_id, id) WHERE is_to_reverse")

    def _reverse_narrowing(self):
        """Reverse the lines as one set; those that are refused say why.

        The caller holds the lock on the lines, and has checked the right.
        """
        narrow(
            self.env.cr,
            self,
            # The batch keeps the log, as when they were posted.
            lambda lines: lines.with_context(**self._get_log_context())._reverse(),
            lambda line, refusal: line._set_not_reversed(
                explain_refusal(
                    self.env, refusal, _logger, f"Reversal of line {line.id}"
                )
            ),
        )

    def _reverse(self):
        """Take back what is open of the lines, as their batch says."""
        is_all = self.batch_id.reversal_mode == "all"
        freed = self._free() if is_all else self.env["res.partner"]
        open_lines = self.filtered(
            lambda line: not line.currency_id.is_zero(line._get_open_amounts()[0])
        )
        documents = open_lines._filter_taxed_documents()
        documents._reverse_documents()
        (open_lines - documents)._reverse_by_entries()
        self._settle_reversal(freed)

    def _reverse_with(self, counterparts):
        """Reverse lines of an entry that somebody else has reversed.

        :param counterparts: what reverses them, one journal item for each line
        """
        freed = self._free()
        self._reconcile_reversals(
            [
                line.move_line_id + counterpart
                for line, counterpart in zip(self, counterparts, strict=True)
            ]
        )
        self._settle_reversal(freed)

    # -------------------------------------------------------------------------
    # WHAT IS OPEN
    # -------------------------------------------------------------------------

    def _get_receivable_item(self):
        """Return the receivable journal item of a posted line, in either form."""
        self.ensure_one()
        return self.move_line_id or self.move_id.line_ids.filtered(
            lambda item: item.account_type == "asset_receivable"
        )

    def _get_open_amounts(self):
        """Return what is left of the credit: in its currency, in that of the company.

        Both below zero, as the journal item has them.
        """
        item = self._get_receivable_item()
        return item.amount_residual_currency, item.amount_residual

    def _get_reconciliations(self):
        """Return what took of the credits, but for what was taken back before.

        What was moved is not among them: it is the credit of another account.

        :return: ``account.partial.reconcile`` records
        """
        partials = self.env["account.partial.reconcile"]
        for line in self:
            item = line._get_receivable_item()
            partials += item.matched_debit_ids.filtered(
                lambda partial, move=item.move_id: (
                    partial.debit_move_id.move_id.reversed_entry_id != move
                    and not partial._is_credit_move()
                )
            )
        return partials

    def _free(self):
        """Undo what took of the credits.

        :return: the accounts whose invoices are open again, ``res.partner`` records
        """
        partials = self._get_reconciliations()
        accounts = partials.debit_move_id.partner_id
        partials.unlink()
        return accounts

    # -------------------------------------------------------------------------
    # ENTRIES
    # -------------------------------------------------------------------------

    def _filter_taxed_documents(self):
        """Return taxed credit notes of which nothing is used.

        The customer gets a document with the taxes for these, as Odoo makes it.
        """
        return self.filtered(
            lambda line: (
                not line.move_line_id
                and line.move_id.line_ids.tax_line_id
                and not line.currency_id.compare_amounts(
                    line.move_id.amount_residual, line.move_id.amount_total
                )
            )
        )

    def _reverse_documents(self):
        """Reverse whole credit notes, see ``account.move._reverse_moves``."""
        moves = self.move_id
        date = self.batch_id.reversal_date
        moves._reverse_moves(
            [
                {
                    "date": date,
                    "invoice_date": date,
                    "ref": self._get_reversal_ref(move),
                }
                for move in moves
            ],
            cancel=True,
        )

    def _reverse_by_entries(self):
        """Take back what is open by journal entries, and reconcile both.

        One entry for each credit note, or one for the lines of an entry for many
        accounts. Each is at the rate of the credit: no exchange difference comes of it.
        """
        groups = list(self.grouped("move_id").values())
        if not groups:
            return
        journal = self.company_id._get_credit_entry_journal()
        moves = self._create_complete_entry(
            [lines._prepare_counter_entry_vals(journal) for lines in groups]
        )
        pairs = []  # [both items of a line]
        for lines, move in zip(groups, moves, strict=True):
            counterparts = move.line_ids.sorted("id")
            pairs += [
                line._get_receivable_item() + counterpart
                for line, counterpart in zip(lines, counterparts, strict=False)
            ]
        moves._post_as_block()
        self._reconcile_reversals(pairs)

    def _reconcile_reversals(self, pairs):
        items = self.env["account.move.line"].with_context(move_reverse_cancel=True)
        items._reconcile_plan(pairs)

    def _prepare_counter_entry_vals(self, journal):
        """Prepare the entry that takes back what is open of lines of one entry.

        :param journal: the general journal of credits; empty for that of the credit
        :return: values for ``account.move.create``; the first journal items are those
            of the lines, in their order
        """
        company = self.company_id
        original = self.move_id
        date = self.batch_id.reversal_date
        items_vals = []
        others = {}  # {journal item of the original: [amount in currency, balance]}
        for line in self:
            item = line._get_receivable_item()
            amount, balance = line._get_open_amounts()
            items_vals.append(
                {
                    **self._prepare_counter_item_vals(item, -amount, -balance),
                    "partner_id": item.partner_id.id,
                    "date_maturity": date,
                    "no_followup": False,
                    "analytic_distribution": False,
                }
            )
            for other, *shares in line._split_counterparts(item, amount, balance):
                sums = others.setdefault(other, [0, 0])
                sums[0] += shares[0]
                sums[1] += shares[1]
        items_vals += [
            {
                **self._prepare_counter_item_vals(
                    other,
                    other.currency_id.round(amount),
                    company.currency_id.round(balance),
                ),
                "partner_id": other.partner_id.id,
                "product_id": other.product_id.id,
                "tax_ids": [Command.set(other.tax_ids.ids)],
                "tax_tag_ids": [Command.set(other.tax_tag_ids.ids)],
                "tax_repartition_line_id": other.tax_repartition_line_id.id,
                "analytic_distribution": other.analytic_distribution,
            }
            for other, (amount, balance) in others.items()
        ]
        return {
            "move_type": "entry",
            "journal_id": (journal or original.journal_id).id,
            "company_id": company.id,
            "currency_id": original.currency_id.id,
            "partner_id": original.partner_id.id,
            # Said, so that Odoo need not look for one: nothing is mapped here.
            "fiscal_position_id": False,
            "invoice_payment_term_id": False,
            "date": date,
            "ref": self._get_reversal_ref(original),
            "reversed_entry_id": original.id,
            "line_ids": [Command.create(vals) for vals in items_vals],
        }

    def _prepare_counter_item_vals(self, item, amount, balance):
        return {
            "account_id": item.account_id.id,
            "currency_id": item.currency_id.id,
            "name": item.name,
            "amount_currency": amount,
            "balance": balance,
            "is_storno": self.company_id.account_storno,
        }

    def _split_counterparts(self, item, amount, balance):
        """Share what is taken back among the other side of the credit, to the cent.

        :param item: the receivable item of the line
        :param amount: what is open of it, below zero, in its currency
        :param balance: the same in company currency
        :return: ``[(journal item, amount, balance)]``; together what is open
        """
        self.ensure_one()
        origin = self.moved_from_id
        if origin:
            # Its own other side is the receivable of the account that had it.
            return origin._split_counterparts(
                origin._get_receivable_item(), amount, balance
            )
        if self.debit_line_id:
            return [(self.debit_line_id, amount, balance)]
        others = item.move_id.line_ids - item
        currency = item.currency_id
        own = self.company_id.currency_id
        share = amount / item.amount_currency
        shares = [
            (
                other,
                currency.round(-other.amount_currency * share),
                own.round(-other.balance * share),
            )
            for other in others[:-1]
        ]
        rest = amount - sum(part for _item, part, _balance in shares)
        rest_balance = balance - sum(part for _item, _amount, part in shares)
        return [*shares, (others[-1], rest, rest_balance)]

    def _get_reversal_ref(self, move):
        return self.env._("Reversal of: %(move)s", move=move.name)

    # -------------------------------------------------------------------------
    # RESULTS
    # -------------------------------------------------------------------------

    def _settle_reversal(self, freed):
        """Write down which lines are reversed: those that nothing else has used.

        :param freed: accounts whose invoices are open again: other open credits of
            theirs may pay these
        """
        reversed_lines = self.filtered(
            lambda line: (
                line.state == "posted"
                and not line.moved_line_ids
                and not line._get_reconciliations()
            )
        )
        reversed_lines._set_reversed()
        self._write_result({"is_to_reverse": False})
        self._warn_of_moved()
        if freed:
            engine = self.env["account.credit.application"]
            engine._apply(freed, self.company_id, "freed")

    def _set_not_reversed(self, reason):
        self._write_result({"is_to_reverse": False, "reversal_error": reason})
