import logging
from typing import Any, NamedTuple

from odoo import api, models
from odoo.fields import Command

from ... import localizations
from ...tools.isolating import explain_error, isolate
from ...tools.posting import (
    NumberBlock,
    create_complete,
    with_posting,
    without_rework,
)
from ..vat.invoice_taxes import divide, get_invoiced

_logger = logging.getLogger(__name__)


class Items(NamedTuple):
    """The journal items of a document: the preview shows them, posting books them.

    Each is a dict of values for ``account.move.line``, balance and currency among them.
    """

    #: The ``account.fiscal.position`` behind them.
    position: Any
    #: What is credited or invoiced, and the taxes on it.
    others: list
    #: What the account is credited, or owes: one item for each due date.
    receivables: list

    @property
    def total(self):
        """Return the total of the document, above zero, in its currency."""
        return abs(sum(vals["amount_currency"] for vals in self.receivables))

    @property
    def ledger_id(self):
        """Return the id of the receivable ``account.account``."""
        return self.receivables[0]["account_id"]

    @property
    def all(self):
        """Return all of them, the receivable ones last."""
        return [*self.others, *self.receivables]


class Basis(NamedTuple):
    """What all documents of a batch with one position and currency are booked at."""

    #: The ``account.fiscal.position`` of their customers.
    position: Any
    #: Their ``res.currency``.
    currency: Any
    #: The ``account.account`` of what is credited or invoiced.
    ledger: Any
    #: Units of the currency for one of the company.
    rate: float


def charges_nothing(tax):
    """Tell whether a tax is one of 0 %, whatever it is there for.

    :param tax: one ``account.tax``, no group of taxes
    """
    return not tax.amount and tax.amount_type in ("percent", "division", "fixed")


class AccountCreditForm(models.AbstractModel):
    """What a credit is posted as, and how it is reversed: what all forms share.

    A form has no records. Its methods take credit lines of one batch.
    """

    _name = "account.credit.form"
    _description = "Form of Credits"

    @api.model
    def _get_items(self, lines):
        """Return what posting books for credits, without posting anything.

        :param lines: saved or not
        :return: ``{line: Items}``
        """
        raise NotImplementedError

    @api.model
    def _get_charges(self, lines):
        """Return what posting books for the invoices beside the credits.

        :return: ``{line: Items}``
        """
        return {}

    @api.model
    def _build_items(self, line, position, others, dues):
        """Add what the customer of a line has to what many lines have in common.

        :param list others: values of the other side
        :param list dues: ``[(due date, amount in currency, balance)]``
        """
        common_vals = {
            "partner_id": line.partner_id.id,
            "currency_id": line.currency_id.id,
        }
        receivable_vals = {
            **common_vals,
            "display_type": "payment_term",
            "account_id": line._get_receivable(position).id,
            "discount_amount_currency": 0,
            "discount_balance": 0,
        }
        return Items(
            position,
            [{**vals, **common_vals} for vals in others],
            [
                {
                    **receivable_vals,
                    "date_maturity": due,
                    "amount_currency": amount,
                    "balance": balance,
                }
                for due, amount, balance in dues
            ],
        )

    @api.model
    def _sum_items(self, company, currency, items):
        """Return ``(amount in currency, balance)`` of values of journal items."""
        return (
            currency.round(sum(vals["amount_currency"] for vals in items)),
            company.currency_id.round(sum(vals["balance"] for vals in items)),
        )

    @api.model
    def _get_basis(self, batch, item, position, currency):
        """Return the ledger account and the rate of documents for an item.

        As Odoo derives them, and the localization of the company.

        :param item: the credit item, or what is invoiced
        :param position: the fiscal position of the customer
        :return: a :class:`Basis`
        """
        company = batch.company_id
        if self._is_derived(company):
            return self._ask_localization(batch, item, position, currency)
        template = item.with_company(company).product_tmpl_id
        return Basis(
            position,
            currency,
            template.get_product_accounts(fiscal_pos=position)["income"],
            currency._get_conversion_rate(
                company.currency_id, currency, company, batch.date
            ),
        )

    @api.model
    def _is_derived(self, company):
        """Tell whether another addon derives more than documents given complete say.

        Odoo creates those of the company from what a user would type.
        """
        return bool(localizations.find_overrides(company, localizations.DOCUMENT))

    @api.model
    def _ask_localization(self, batch, item, position, currency):
        """Let Odoo derive a document, without creating it, and look at it.

        The account is the same whatever the credit is posted as: that of a credit note.
        """
        company = batch.company_id
        is_refund = item != batch.charge_item_id
        journal = company._get_credit_journal()
        moves = self.env["account.move"].with_company(company)
        move = moves.new(
            {
                "move_type": "out_refund" if is_refund else "out_invoice",
                "company_id": company.id,
                **({"journal_id": journal.id} if is_refund and journal else {}),
                "date": batch.date,
                "invoice_date": batch.date,
                "fiscal_position_id": position.id,
                "currency_id": currency.id,
                "invoice_line_ids": [
                    Command.create({"product_id": item.id, "display_type": "product"})
                ],
            }
        )
        ledger = move.invoice_line_ids.account_id._origin
        return Basis(position, currency, ledger, move.invoice_currency_rate or 1)

    @api.model
    def _get_label(self, batch, item, lang):
        """Return what the customer reads: the item and the public comment.

        The private comment is nowhere on it.
        """
        item = item.with_context(lang=lang)
        label = item.get_product_multiline_description_sale()
        comment = batch.public_comment
        return f"{label}\n{comment}" if comment else label

    # -------------------------------------------------------------------------
    # POST
    # -------------------------------------------------------------------------

    @api.model
    def _post(self, lines):
        """Post lines that the checks have found sound.

        Those that are refused alone fail alone.
        """
        raise NotImplementedError

    @api.model
    def _isolate(self, lines, attempt, first=None):
        """Do something with the lines; those that are refused alone fail alone.

        :param attempt: called with a set of lines
        :param first: see ``isolate``
        :return: list of what it returned
        """
        self._read_ahead(lines.partner_id)
        return isolate(self.env.cr, lines, attempt, self._set_refused, first)

    @api.model
    def _set_refused(self, line, error):
        """Let a line fail with a sentence that says what to do about an exception."""
        error = explain_error(self.env, error, _logger, f"Credit line {line.id}")
        line._set_failed(line._get_not_credited_message(error), is_refused=True)

    @api.model
    def _read_ahead(self, accounts):
        """Read at once what Odoo asks of each new customer, one by one."""
        accounts.mapped("user_ids")
        accounts.mapped("child_ids")

    @api.model
    def _read_taxes(self, items):
        """Read at once the taxes of journal items, which are asked for one by one."""
        items.mapped("tax_ids")
        items.mapped("tax_tag_ids")

    @api.model
    def _get_moves(self, company, writer="posting"):
        """Return ``account.move`` as complete entries are created and posted.

        :param writer: see ``written_by``
        """
        moves = self.env["account.move"].with_context(**self._get_log_context(company))
        return with_posting(moves, writer)

    @api.model
    def _get_log_context(self, company):
        """Return the context in which entries of credits keep no log of their own."""
        return {
            # The batch keeps the log; the entry keeps only what changes later. Where
            # the law wants an audit trail, the entry keeps its own.
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "tracking_disable": not any(company.mapped("restrictive_audit_trail")),
        }

    @api.model
    def _get_booking(self, lines):
        """Return the form in the environment that books entries of these lines."""
        form = self.with_env(lines.env)
        return form.with_context(**form._get_log_context(lines.company_id))

    @api.model
    def _create_complete(self, company, vals, writer="posting"):
        """Create entries that are given complete, so that Odoo derives nothing.

        :param vals: one dict, or a list of them, for ``account.move.create``
        :param writer: see ``written_by``
        """
        moves = self._get_moves(company, writer)
        complete = moves.with_context(
            skip_analytic_sync=True, skip_invoice_sync=True, skip_invoice_line_sync=True
        )
        return create_complete(complete, vals).with_env(moves.env)

    @api.model
    def _post_as_block(self, moves):
        """Post entries as one set, with numbers that follow each other."""
        # Odoo asks for those of one entry after the other.
        moves.line_ids.partner_id.mapped("commercial_partner_id")
        with_posting(moves, numbers=NumberBlock())._post(soft=False)

    # -------------------------------------------------------------------------
    # LET ODOO COMPUTE TAXES, AS IT DOES WHEN IT CREATES THE DOCUMENT
    # -------------------------------------------------------------------------

    @api.model
    def _compute_taxed(self, batch, item, basis, price, term=None):
        """Compute the other side of a document: the price, and the taxes on it.

        :param item: the credit item, or the charge item of the batch: an invoice
        :param basis: see :meth:`_get_basis`
        :param price: as the line says it, above zero
        :param term: of an invoice, the payment term
        :return: list of values, without what the customer has
        """
        return self._book_base_lines(
            batch, basis, self._prepare_base_lines(batch, item, basis, price, term)
        )

    @api.model
    def _prepare_base_lines(self, batch, item, basis, price, term=None):
        """Prepare what Odoo computes taxes of, see :meth:`_compute_taxed`."""
        company = batch.company_id
        taxes = self._get_mapped_taxes(company, item, basis)
        base_vals = self._prepare_base_vals(batch, item, basis, taxes) | {
            "price_unit": price
        }
        base_lines = [taxes._prepare_base_line_for_taxes_computation({}, **base_vals)]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        if discounts := self._prepare_discounts(base_lines[0], base_vals, term):
            taxes._add_tax_details_in_base_lines(discounts, company)
            base_lines += discounts
        return base_lines

    @api.model
    def _prepare_base_vals(self, batch, item, basis, taxes):
        is_refund = item != batch.charge_item_id
        return {
            "product_id": item,
            "product_uom_id": item.uom_id,
            "tax_ids": taxes,
            "quantity": 1,
            "currency_id": basis.currency,
            "rate": basis.rate,
            "sign": 1 if is_refund else -1,
            "is_refund": is_refund,
            "account_id": basis.ledger,
            "analytic_distribution": batch.analytic_distribution,
        }

    @api.model
    def _book_base_lines(self, batch, basis, base_lines):
        """Return the items of base lines, and of the taxes on them.

        The steps are those of ``account.move._sync_tax_lines``, so that tax included,
        rounding and taxes on taxes come out to the same cent.

        :return: list of values, without what the customer has
        """
        company = batch.company_id
        taxes = self.env["account.tax"]
        taxes._round_base_lines_tax_details(base_lines, company)
        taxes._add_accounting_data_in_base_lines_tax_details(base_lines, company)
        computed = taxes._prepare_tax_lines(base_lines, company)
        return [
            *(
                {
                    "display_type": "epd" if base_line["special_type"] else "product",
                    "account_id": basis.ledger.id,
                    **amounts,
                }
                for base_line, amounts in computed["base_lines_to_update"]
            ),
            *({**vals, "display_type": "tax"} for vals in computed["tax_lines_to_add"]),
        ]

    # -------------------------------------------------------------------------
    # WHAT LOWERS THE TAXES OF AN INVOICE
    # -------------------------------------------------------------------------

    @api.model
    def _get_invoiced(self, line):
        """Return what the invoice charges whose taxes a credit lowers.

        :return: see ``invoice_taxes.get_invoiced``; None where those of the item count
        """
        batch = line.batch_id
        if not line.invoice_id or not batch.use_invoice_taxes:
            return None
        # A credit that was moved has its taxes where it came from.
        return None if batch.correction == "move" else get_invoiced(line.invoice_id)

    @api.model
    def _divide(self, line, before=0):
        """Divide a credit by the taxes of its invoice.

        :param before: what other credits have taken of the invoice
        :return: list of ``TaxedPart``; None where the taxes of the item count
        """
        if not line.batch_id.use_invoice_taxes:
            return None
        # Whoever posts need not see the taxes of the invoice.
        line_sudo = line.sudo()
        invoiced = self.sudo()._get_invoiced(line_sudo)
        if invoiced is None:
            return None
        return divide(line_sudo.company_id, invoiced, line.amount, before)

    @api.model
    def _compute_divided(self, batch, item, basis, parts):
        """Compute the other side of a credit that lowers the taxes of an invoice.

        :param parts: of :meth:`_divide`
        :return: see :meth:`_compute_taxed`
        """
        taxes = self.env["account.tax"]
        base_lines = [
            taxes._prepare_base_line_for_taxes_computation(
                {},
                **self._prepare_base_vals(batch, item, basis, part.taxes),
                **part.vals,
            )
            for part in parts
        ]
        taxes._add_tax_details_in_base_lines(base_lines, batch.company_id)
        return self._book_base_lines(batch, basis, base_lines)

    @api.model
    def _is_taxed(self, company, item):
        """Tell whether a credit item has taxes in a company that book something.

        Default taxes of its ledger account do not count: a credit item without taxes
        lowers none.
        """
        taxes_sudo = self._get_own_taxes(company, item)
        return bool(taxes_sudo) and not all(
            self._books_nothing(tax_sudo)
            for tax_sudo in taxes_sudo.flatten_taxes_hierarchy()
        )

    @api.model
    def _get_own_taxes(self, company, item):
        # Whoever posts, or prepares a batch, need not see the taxes.
        return item.sudo().taxes_id._filter_taxes_by_company(company)

    @api.model
    def _books_nothing(self, tax):
        """Tell whether a tax only says why there is none: 0 %, and on no tax report."""
        repartition = tax.invoice_repartition_line_ids + tax.refund_repartition_line_ids
        return charges_nothing(tax) and not repartition.tag_ids

    @api.model
    def _get_taxes(self, company, item, ledger):
        """Return the taxes of an item, as ``account.move.line`` finds them."""
        taxes = item.taxes_id._filter_taxes_by_company(company)
        return taxes or ledger.tax_ids.filtered(
            lambda tax: tax.type_tax_use == "sale"
        )._filter_taxes_by_company(company)

    @api.model
    def _get_mapped_taxes(self, company, item, basis):
        """Return the taxes of an item for the customers of one fiscal position."""
        return basis.position.map_tax(self._get_taxes(company, item, basis.ledger))

    @api.model
    def _prepare_discounts(self, base_line, base_vals, term):
        """Prepare what lowers the tax at once where an early payment may be discounted.

        As ``account.move.line._compute_epd_needed`` does.

        :param base_line: that of the price, its tax computed
        :param base_vals: what it was made of
        :param term: the payment term, or None
        """
        taxes = base_vals["tax_ids"]
        if (
            not (term and term.early_discount and taxes)
            or term.early_pay_discount_computation != "mixed"
        ):
            return []
        currency = base_vals["currency_id"]
        untaxed = currency.round(
            base_line["tax_details"]["raw_total_excluded_currency"]
        )
        amount = currency.round(untaxed * (term.discount_percentage / 100))
        return [
            taxes._prepare_base_line_for_taxes_computation(
                {},
                **base_vals
                | {
                    "tax_ids": discounted,
                    "price_unit": price,
                    "special_mode": "total_excluded",
                    "special_type": "early_payment",
                },
            )
            for discounted, price in (
                (taxes.filtered(lambda tax: tax.amount_type != "fixed"), -amount),
                (taxes.browse(), amount),
            )
        ]

    # -------------------------------------------------------------------------
    # REVERSE: ALL OF THE CREDITS, OR WHAT IS UNUSED
    # -------------------------------------------------------------------------

    @api.model
    def _reverse_isolating(self, lines):
        """Reverse lines as one set; those that are refused say why.

        The caller holds the lock on the lines, and has checked the right.
        """
        # The batch keeps the log, as when they were posted.
        lines = lines.with_context(**self._get_log_context(lines.company_id))
        isolate(
            self.env.cr,
            lines,
            self.with_env(lines.env)._reverse,
            lambda line, error: line._set_not_reversed(
                explain_error(self.env, error, _logger, f"Reversal of line {line.id}")
            ),
        )

    @api.model
    def _reverse(self, lines):
        """Take back what is open of the lines, as their batch says."""
        is_all = lines.batch_id.reversal_mode == "all"
        freed = self._free(lines) if is_all else self.env["res.partner"]
        self._reverse_open(
            lines.filtered(
                lambda line: (
                    not line.currency_id.is_zero(
                        line.move_line_id.amount_residual_currency
                    )
                )
            ),
            lines.batch_id.reversal_date,
        )
        self._end_reversal(lines, freed)

    @api.model
    def _reverse_open(self, lines, date):
        """Take back what is open by journal entries of a day, and reconcile both."""
        if lines:
            self._take_back(
                [(date, group) for group in lines.grouped("move_id").values()],
                self._get_reversal_ref,
            )

    @api.model
    def _take_back(self, groups, get_ref):
        """Take back what is open of credits by journal entries, and reconcile both.

        One entry for each group, at the rate of the credit: no exchange difference
        comes of it.

        :param list groups: ``[(date of the entry, lines of one entry)]``, all of one
            company
        :param get_ref: called with what is taken back, returns what the entry says
        :return: ``[(line, account.move)]``
        """
        originals = self.env["account.move"].union(
            *(lines.move_id for _date, lines in groups)
        )
        self._read_taxes(originals.line_ids)
        return self._book_counters(
            [
                (
                    lines.move_id,
                    date,
                    get_ref(lines.move_id),
                    {
                        line: (
                            line.move_line_id,
                            line.move_line_id.amount_residual_currency,
                            line.move_line_id.amount_residual,
                        )
                        for line in lines
                    },
                )
                for date, lines in groups
            ]
        )

    @api.model
    def _give_back(self, groups, date, get_ref):
        """Reverse entries that took back credits, as far as they took these.

        The credits are open again. What took of them and what gives it back stay
        reconciled with each other.

        :param dict groups: ``{entry: {line: its item there}}``, all of one company
        :param date: of the entries
        :param get_ref: called with an entry, returns what its reversal says
        :return: ``[(line, account.move)]``
        """
        taken = self.env["account.move.line"].union(
            *(item for items in groups.values() for item in items.values())
        )
        with_posting(taken.matched_credit_ids, "correcting").unlink()
        return self._book_counters(
            [
                (
                    expiry,
                    date,
                    get_ref(expiry),
                    {
                        line: (item, item.amount_currency, item.balance)
                        for line, item in items.items()
                    },
                )
                for expiry, items in groups.items()
            ]
        )

    @api.model
    def _book_counters(self, counters):
        """Post entries that take or give back so much, reconciled with what it was.

        :param list counters: ``[(the entry that it reverses, date, what it says,
            {line: (journal item to reconcile, amount in currency, balance)})]``, all
            of one company
        :return: ``[(line, account.move)]``
        """
        company = counters[0][0].company_id
        journal = company._get_credit_entry_journal()
        moves = self._create_complete(
            company,
            [
                {"journal_id": (journal or reversed_move.journal_id).id}
                | self._prepare_counter_vals(
                    {line: amounts for line, (_item, *amounts) in shares.items()},
                    date,
                    reversed_move,
                    ref,
                )
                for reversed_move, date, ref, shares in counters
            ],
        )
        pairs = []  # [both items of a line]
        booked = []
        for (*_what, shares), move in zip(counters, moves, strict=True):
            counterparts = move.line_ids.sorted("id")
            for (line, (item, *_amounts)), counterpart in zip(
                shares.items(), counterparts, strict=False
            ):
                pairs.append(item + counterpart)
                booked.append((line, move))
        self._post_as_block(moves)
        self._reconcile(pairs)
        return booked

    @api.model
    def _reverse_with(self, lines, counterparts):
        """Reverse lines of an entry that somebody else has reversed.

        :param counterparts: what reverses them, one journal item for each line
        """
        freed = self._free(lines)
        self._reconcile(
            [
                line.move_line_id + counterpart
                for line, counterpart in zip(lines, counterparts, strict=True)
            ]
        )
        self._end_reversal(lines, freed)

    @api.model
    def _free(self, lines):
        """Undo what took of the credits.

        :return: the accounts whose invoices are open again, ``res.partner`` records
        """
        partials = self._get_reconciliations(lines)
        accounts = partials.debit_move_id.partner_id
        ids = frozenset(partials.credit_move_id.move_id.ids)
        with_posting(partials, reversed_ids=ids).unlink()
        return accounts

    @api.model
    def _reconcile(self, pairs):
        items = self.env["account.move.line"].with_context(move_reverse_cancel=True)
        items = without_rework(items.union(*pairs))
        items._reconcile_plan([pair.with_env(items.env) for pair in pairs])

    @api.model
    def _prepare_counter_vals(self, shares, date, reversed_move, ref):
        """Prepare the entry that takes back so much of lines of one entry.

        :param dict shares: ``{line: (amount in currency, balance)}``; below zero, as
            the items of credits are, or above zero to give back what was taken
        :param date: of the entry
        :param reversed_move: the entry that it reverses, as a whole or in part
        :param ref: what it says
        :return: values for ``account.move.create``, but for the journal; the first
            journal items are those of the lines, in their order
        """
        lines = next(iter(shares)).union(*shares)
        company = lines.company_id
        original = lines.move_id
        items_vals = []
        others = {}  # {journal item of the original: [amount in currency, balance]}
        for line, (amount, balance) in shares.items():
            item = line.move_line_id
            items_vals.append(
                {
                    **self._prepare_counter_item_vals(item, -amount, -balance),
                    "date_maturity": date,
                    "no_followup": False,
                    "analytic_distribution": False,
                }
            )
            for other, *parts in self._split_counterparts(line, item, amount, balance):
                sums = others.setdefault(other, [0, 0])
                sums[0] += parts[0]
                sums[1] += parts[1]
        items_vals += [
            {
                **self._prepare_counter_item_vals(
                    other,
                    other.currency_id.round(amount),
                    company.currency_id.round(balance),
                ),
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
            "company_id": company.id,
            "currency_id": original.currency_id.id,
            "partner_id": original.partner_id.id,
            # Said, so that Odoo need not look for one: nothing is mapped here.
            "fiscal_position_id": False,
            "invoice_payment_term_id": False,
            "date": date,
            "ref": ref,
            "reversed_entry_id": reversed_move.id,
            "line_ids": [Command.create(vals) for vals in items_vals],
        }

    @api.model
    def _prepare_counter_item_vals(self, item, amount, balance):
        return {
            "account_id": item.account_id.id,
            "partner_id": item.partner_id.id,
            "currency_id": item.currency_id.id,
            "name": item.name,
            "amount_currency": amount,
            "balance": balance,
            # A credit note is a storno itself; what takes it back turns the sign.
            "is_storno": item.company_id.account_storno
            and item.is_storno == (amount * item.amount_currency > 0),
        }

    @api.model
    def _get_reversal_ref(self, move):
        return self.env._("Reversal of: %(move)s", move=move.name)

    @api.model
    def _split_counterparts(self, line, item, amount, balance):
        """Share what is taken back among the other side of the credit, to the cent.

        :param item: the receivable item of the line
        :param amount: what is open of it, below zero, in its currency
        :param balance: the same in company currency
        :return: ``[(journal item, amount, balance)]``; together what is open
        """
        origin = line.moved_from_id
        if origin:
            # Its own other side is the receivable of the account that had it.
            return self._split_counterparts(
                origin, origin.move_line_id, amount, balance
            )
        if line.debit_line_id:
            return [(line.debit_line_id, amount, balance)]
        others = item.move_id.line_ids - item
        currency = item.currency_id
        own = line.company_id.currency_id
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

    @api.model
    def _get_reconciliations(self, lines):
        """Return what took of the credits, but for what was taken back before.

        What was moved is not among them: it is the credit of another account.

        :return: ``account.partial.reconcile`` records
        """
        partials = self.env["account.partial.reconcile"]
        for line in lines:
            item = line.move_line_id
            partials += item.matched_debit_ids.filtered(
                lambda partial, move=item.move_id: (
                    partial.debit_move_id.move_id.reversed_entry_id != move
                    and not partial._is_credit_move()
                )
            )
        return partials

    @api.model
    def _get_moved_message(self, line):
        """Say where parts of the credit are; False when they are all here."""
        moved = line.moved_line_ids
        if not moved:
            return False
        return self.env._(
            "Part of this credit was moved and is now a credit of %(accounts)s (see "
            "%(batches)s): reverse it there, or move it back.",
            accounts=", ".join(moved.partner_id.mapped("display_name")),
            batches=", ".join(moved.batch_id.mapped("name")),
        )

    @api.model
    def _is_expired(self, line):
        """Tell whether a credit has expired as a whole: nothing took of it before."""
        partials = line.move_line_id.matched_debit_ids
        expired = partials.filtered(lambda partial: partial._is_credit_expiry())
        return bool(expired) and not line.currency_id.compare_amounts(
            sum(expired.mapped("credit_amount_currency")),
            -line.move_line_id.amount_currency,
        )

    @api.model
    def _get_expired_message(self, line):
        return self.env._(
            "%(line)s has expired and its expiry is posted: there is nothing to "
            "correct. Extend its expiry date first.",
            line=line.display_name,
        )

    @api.model
    def _warn_of_moved(self, lines):
        """Say of which credits a part cannot be taken back here."""
        for line in lines:
            if line.moved_line_ids and line.batch_id.reversal_mode == "all":
                line._write_guarded({"reversal_error": self._get_moved_message(line)})

    @api.model
    def _end_reversal(self, lines, freed):
        """Write down which lines are reversed: those that nothing else has used.

        :param freed: accounts whose invoices are open again: other open credits of
            theirs may pay these
        """
        expired = lines.filtered(self._is_expired)
        (lines - expired).filtered(
            lambda line: (
                line.state == "posted"
                and not line.moved_line_ids
                and not self._get_reconciliations(line)
            )
        )._set_reversed()
        lines._write_guarded({"is_to_reverse": False})
        self._warn_of_moved(lines - expired)
        for line in expired:
            line._write_guarded({"reversal_error": self._get_expired_message(line)})
        if freed:
            for observer in self.env["account.credit.observer"]._find_observers():
                observer._on_freed(freed, lines.company_id)
