from functools import cache, partial

from odoo import api, models
from odoo.fields import Command

from ... import const
from ...tools.isolating import isolate


class AccountCreditFormNote(models.AbstractModel):
    """Post each credit as a credit note of its own."""

    _name = "account.credit.form.note"
    _inherit = "account.credit.form"
    _description = "Credit Notes"

    @api.model
    def _get_items(self, lines):
        batch = lines.batch_id
        item = batch.credit_item_id
        # Many accounts have the same price, fiscal position and language.
        compute = cache(partial(self._compute, batch, item, self._get_analytic(batch)))
        get_basis = cache(partial(self._get_basis, batch, item))
        get_label = cache(partial(self._get_label, batch, item))
        items = {}
        for line, parts in self._divide_all(lines).items():
            position = line._get_fiscal_position()
            basis = get_basis(position, line.currency_id)
            computed = (
                compute(basis, line.amount)
                if parts is None
                else self._add_due(
                    batch, basis, self._compute_divided(batch, item, basis, parts)
                )
            )
            items[line] = self._build_items(line, position, *computed)
            for vals in items[line].others:
                if vals["display_type"] == "product":
                    vals["name"] = get_label(line.partner_id.lang)
        return items

    @api.model
    def _divide_all(self, lines):
        """Divide each credit by the taxes of its invoice, one after the other.

        :return: ``{line: see _divide}``, in the order of the lines
        """
        checks = self.env["account.credit.check"]
        before = {}  # {invoice: what credits before have taken of it}
        parts = {}
        for line in lines:
            taken = 0
            if (invoice := line.invoice_id) and line.batch_id.use_invoice_taxes:
                if invoice not in before:
                    # Whoever posts need not see the others.
                    before[invoice] = checks.sudo()._get_taken(line.sudo())
                taken = before[invoice]
                before[invoice] += line.amount
            parts[line] = self._divide(line, taken)
        return parts

    @api.model
    def _compute(self, batch, item, analytic, basis, price):
        """Compute both sides of a credit note, but for what its customer has.

        :param analytic: see :meth:`_prepare_product_vals`
        :param basis: see :meth:`_get_basis`
        :return: ``(others, dues)``, see :meth:`_build_items`
        """
        company = batch.company_id
        if self._is_taxed(company, item):
            others = self._compute_taxed(batch, item, basis, price)
        else:
            # Given complete, Odoo need not derive one item from the other, which is
            # half of what an entry costs (``account.move._sync_dynamic_lines``). The
            # values are those that it would derive.
            taxes = self._prepare_free_taxes(company, item)
            others = [
                self._prepare_free_item(company, item, analytic, basis, price)
                | {"tax_ids": taxes}
            ]
        return self._add_due(batch, basis, others)

    @api.model
    def _prepare_free_item(self, company, item, analytic, basis, price, sign=1):
        """Prepare the one item of a document without taxes, but for its label.

        :param sign: -1 for an invoice, whose item is a credit
        """
        return {
            **self._prepare_product_vals(item, analytic, price),
            "display_type": "product",
            "product_uom_id": item.uom_id.id,
            "account_id": basis.ledger.id,
            "amount_currency": sign * price,
            "balance": company.currency_id.round(sign * price / basis.rate),
            "price_subtotal": price,
            "tax_ids": [],
        }

    @api.model
    def _add_due(self, batch, basis, others):
        """Return the other side of a credit note, and what is due: at once."""
        amount, balance = self._sum_items(batch.company_id, basis.currency, others)
        return others, [(batch.date, -amount, -balance)]

    @api.model
    def _get_analytic(self, batch):
        """Return the analytic distribution of a batch, where Odoo need not find one.

        :return: a distribution; False for none at all; None where Odoo is to look
        """
        if batch.analytic_distribution:
            return batch.analytic_distribution
        models_sudo = self.env["account.analytic.distribution.model"].sudo()
        # Odoo looks for one for each line: once is enough to know that there is none.
        return None if models_sudo.search_count([], limit=1) else False

    @api.model
    def _prepare_product_vals(self, item, analytic, price):
        """Prepare what a user would type on a document, but for the label.

        :param item: a ``product.product``
        :param analytic: of :meth:`_get_analytic`
        """
        vals = {"product_id": item.id, "quantity": 1, "price_unit": price}
        if analytic is not None:
            vals["analytic_distribution"] = analytic
        return vals

    @api.model
    def _prepare_typed_lines(self, item, analytic, price, label, **more_vals):
        """Prepare the one line of a document of which Odoo computes the rest.

        :param label: what the customer reads
        :return: commands for ``invoice_line_ids``
        """
        vals = self._prepare_product_vals(item, analytic, price)
        return [Command.create({**vals, "name": label, **more_vals})]

    @api.model
    def _post(self, lines):
        # Credit notes are created, and then posted, each isolated for itself: what is
        # refused on posting does not cost the others their creation.
        first = self._get_first(lines.batch_id)
        drafts = self._isolate(lines, self._create_notes, first)
        isolate(
            self.env.cr,
            self._get_moves(lines.company_id).concat(*drafts),
            self._post_notes,
            self._discard_note,
            first,
        )

    @api.model
    def _get_first(self, batch):
        """Return how many of a chunk are attempted first.

        What a check found beforehand says nothing of the others.

        :return: None for all, while chunks before were posted and nothing was refused
        """
        lines = self.env["account.credit.line"]
        has_posted, has_refused = (
            lines.search_count([("batch_id", "=", batch.id), *domain], limit=1)
            for domain in (
                [("state", "=", "posted")],
                [("state", "=", "failed"), ("is_refused", "=", True)],
            )
        )
        return None if has_posted and not has_refused else const.ISOLATED_FIRST

    @api.model
    def _create_notes(self, lines):
        """Create one draft credit note per line.

        :return: ``account.move`` records, in the order of the lines
        """
        batch = lines.batch_id
        item = batch.credit_item_id
        company = batch.company_id
        divided_vals = {
            line: [
                {"tax_ids": [Command.set(part.taxes.ids)], **part.vals}
                for part in parts
            ]
            for line, parts in self._divide_all(lines).items()
            if parts is not None
        }
        if (
            not divided_vals
            and not self._is_taxed(company, item)
            and not self._is_derived(company)
        ):
            return self._create_complete(
                company,
                [
                    self._prepare_note_vals(line, items.position)
                    | {"line_ids": [Command.create(vals) for vals in items.all]}
                    for line, items in self._get_items(lines).items()
                ],
            )
        # Taxes, what follows from them, and what localizations add, are Odoo's to
        # compute; the items that are shown beforehand are those that it computes.
        analytic = self._get_analytic(batch)
        get_label = cache(partial(self._get_label, batch, item))
        has_taxes = bool(self._get_own_taxes(company, item))
        # Where the item has none, its ledger account gives it none.
        own = [{} if has_taxes else {"tax_ids": []}]
        return self._get_moves(company).create(
            [
                self._prepare_note_vals(line, line._get_fiscal_position())
                | {
                    "invoice_line_ids": [
                        command
                        for vals in divided_vals.get(line, own)
                        for command in self._prepare_typed_lines(
                            item,
                            analytic,
                            line.amount,
                            get_label(line.partner_id.lang),
                            **vals,
                        )
                    ]
                }
                for line in lines
            ]
        )

    @api.model
    def _prepare_free_taxes(self, company, item):
        """Prepare the taxes of an item that book nothing, for its line.

        They are the same for all accounts: what is no sale is one nowhere.
        """
        taxes = self._get_own_taxes(company, item)
        return [Command.set(taxes.ids)] if taxes else []

    @api.model
    def _prepare_note_vals(self, line, position):
        """Prepare the credit note of a line, but for its items.

        :return: values for ``account.move.create``: ``out_refund``, no payment term, so
            that one receivable item is due at once
        """
        batch = line.batch_id
        company = batch.company_id
        return {
            "move_type": "out_refund",
            "journal_id": company._get_credit_journal().id,
            "company_id": company.id,
            "partner_id": line.partner_id.id,
            "fiscal_position_id": position.id,
            "currency_id": line.currency_id.id,
            "date": batch.date,
            "invoice_date": batch.date,
            "invoice_date_due": batch.date,
            "invoice_payment_term_id": False,
            "invoice_origin": batch.name,
            "credit_line_id": line.id,
        }

    @api.model
    def _post_notes(self, moves):
        """Mark the lines of draft credit notes, and post these.

        In this order, because what is posted may pay an invoice at once.
        """
        self._read_ahead(moves.partner_id)
        self._read_taxes(moves.line_ids)
        for move in moves:
            item = move.line_ids.filtered(
                lambda item: item.display_type == "payment_term"
            )
            move.credit_line_id._set_posted(move, item)
        self._post_as_block(moves)

    @api.model
    def _discard_note(self, move, error):
        """Delete a draft that was refused; its line fails alone."""
        line = move.credit_line_id
        move.unlink()
        self._set_refused(line, error)

    @api.model
    def _reverse_open(self, lines, date):
        # The customer gets a document with the taxes, as Odoo makes it, where nothing
        # of the credit is used.
        whole = lines.filtered(
            lambda line: (
                line.move_id.line_ids.tax_line_id
                and not line.currency_id.compare_amounts(
                    line.move_line_id.amount_residual_currency,
                    line.move_line_id.amount_currency,
                )
            )
        )
        whole.move_id._reverse_moves(
            [
                {
                    "date": date,
                    "invoice_date": date,
                    "ref": self._get_reversal_ref(move),
                }
                for move in whole.move_id
            ],
            cancel=True,
        )
        return super()._reverse_open(lines - whole, date)
