from odoo import api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date, format_list

from ... import const
from ...tools.locks import touch_rows
from ...tools.reading import find_amount_error
from ..vat.discount_items import find_uses, get_discount
from ..vat.invoice_taxes import find_price_items, get_total, sum_price


class AccountCreditCheck(models.AbstractModel):
    """Why a credit line cannot be posted, in sentences for the clerk.

    Each names the account and says what to do about it.
    """

    _name = "account.credit.check"
    _description = "Check of Credits"

    @api.model
    def _lock(self, lines):
        """Let one transaction at a time lower the price of an invoice.

        Two together could give back more than was invoiced.
        """
        touch_rows(self._find_lowered(lines))

    @api.model
    def _find_lowered(self, lines):
        """Return the invoices whose price credits lower."""
        return lines.filtered("batch_id.use_invoice_taxes").invoice_id

    @api.model
    def _get_errors(self, lines):
        """Find the lines that cannot be posted, before anything is created.

        :param lines: ``account.credit.line`` records, saved or not
        :return: ``{line: sentence}``; lines without an error are not in it
        """
        errors = {}  # {line: sentence}
        for batch, of_batch in lines.grouped("batch_id").items():
            locks = self._get_locks(batch)
            unrated = self._get_currencies_without_rate(of_batch)
            missing = self._get_mandatory_plans(batch)
            for line in of_batch:
                error = (
                    self._get_account_error(line)
                    or self._get_item_error(line)
                    or self._get_amount_error(line, unrated)
                    or self._get_invoice_error(line)
                    or self._get_vat_error(line)
                    or self._get_date_error(line, locks)
                    or self._get_analytic_error(line, missing)
                )
                if error:
                    errors[line] = error
            if batch.draws_of_id:
                continue  # It was approved, and counted for caps, when it was given.
            sound = of_batch.browse().union(
                *(line for line in of_batch if line not in errors)
            )
            for observer in self.env["account.credit.observer"]._find_observers():
                errors |= observer._get_errors(sound, batch)
        return errors

    @api.model
    def _get_account_error(self, line):
        account = line.partner_id
        company = line.company_id
        if not account:
            return self.env._("This line names no account. Choose one, then retry.")
        if not account.active:
            return self.env._(
                "%(account)s is archived. Unarchive the account, then retry.",
                account=account.display_name,
            )
        if account != account.commercial_partner_id:
            return self.env._(
                "%(account)s belongs to the account %(parent)s. Choose that account, "
                "then retry.",
                account=account.display_name,
                parent=account.commercial_partner_id.display_name,
            )
        if account._is_foreign_to(company):
            return self.env._(
                "%(account)s is an account of %(other)s. Post its credit with that "
                "company as classification.",
                account=account.display_name,
                other=account.company_id.display_name,
            )
        receivable = account.with_company(company).property_account_receivable_id
        if not receivable.active:
            return self.env._(
                "%(account)s has no receivable account in use at %(company)s. Set "
                "Account Receivable on the contact, then retry.",
                account=account.display_name,
                company=company.display_name,
            )
        return None

    @api.model
    def _get_item_error(self, line):
        if not line._is_credited():
            return None
        item = line.credit_item_id.with_company(line.company_id)
        if not item:
            reason = self.env._("Choose a credit item, then retry.")
        elif not item.active and not line.drawn_from_id:
            reason = self.env._(
                "%(item)s is archived. Unarchive the credit item, then retry.",
                item=item.display_name,
            )
        elif not item.is_credit_item:
            reason = self.env._(
                "%(item)s is not a credit item. Choose a credit item, then retry.",
                item=item.display_name,
            )
        elif not item._get_product_accounts()["income"]:
            reason = self.env._(
                "%(item)s has no ledger account. Set one on the credit item, then "
                "retry.",
                item=item.display_name,
            )
        elif error := self._get_document_form_error(line.batch_id):
            reason = error
        else:
            return None
        return line._get_not_credited_message(reason)

    @api.model
    def _get_amount_error(self, line, unrated):
        """Return what is wrong with the amount or of its currency.

        :param unrated: currencies that have no rate on the date of the batch
        """
        currency = line.currency_id
        is_charge = bool(line.batch_id.charge_item_id)
        amount = line.charge_amount if is_charge else line.amount
        # What was typed may have been for another currency.
        for given in {amount, line.amount}:
            if reason := find_amount_error(self.env, given, currency):
                return line._get_not_credited_message(reason)
        if (
            currency.compare_amounts(amount, 0) <= 0
            or currency.compare_amounts(line.amount, 0) < 0
        ):
            return self.env._(
                "%(account)s has the amount %(amount)s. Enter an amount above zero, "
                "then retry.",
                account=line.partner_id.display_name,
                amount=currency.format(min(amount, line.amount)),
            )
        if not currency.active:
            reason = self.env._(
                "The currency %(currency)s is archived. Activate it, then retry.",
                currency=currency.name,
            )
        elif currency in unrated:
            reason = self._get_no_rate_message(currency, line.date)
        else:
            return None
        return line._get_not_credited_message(reason)

    @api.model
    def _get_invoice_error(self, line):
        invoice = line.invoice_id
        if not invoice:
            return None
        kinds = ("out_invoice", bool(line.drawn_from_id) and "out_receipt")
        if (
            invoice.move_type not in kinds
            or invoice.state != "posted"
            or invoice.commercial_partner_id != line.partner_id
            or invoice.company_id != line.company_id
        ):
            reason = self.env._(
                "%(invoice)s is not a posted invoice of this account. Choose another "
                "invoice or none, then retry.",
                invoice=invoice.display_name,
            )
        elif invoice.currency_id != line.currency_id:
            reason = self.env._(
                "%(invoice)s is in %(other)s and the credit in %(currency)s. Use the "
                "currency of the invoice, then retry.",
                invoice=invoice.display_name,
                other=invoice.currency_id.name,
                currency=line.currency_id.name,
            )
        else:
            return None
        return line._get_not_credited_message(reason)

    @api.model
    def _get_vat_error(self, line):
        """Return why a credit cannot lower the taxes of its invoice."""
        batch = line.batch_id
        if not batch.use_invoice_taxes or not line._is_credited():
            return None
        is_outside = line.credit_item_id.credit_vat_treatment == "compensation"
        if is_outside and not line.drawn_from_id:  # A part: as it was given.
            reason = self.env._(
                "%(item)s is a compensation and outside VAT. Choose another item, or "
                "clear Taxes of the Invoice, then retry.",
                item=line.credit_item_id.display_name,
            )
            return line._get_not_credited_message(reason)
        if batch.credit_booking == "used":
            return None  # A part is no more than what it pays.
        line_sudo = line.sudo()  # As in `account.credit.form._divide`.
        price = self._get_price(line_sudo)
        if price is None:
            return None
        currency = line.currency_id
        total = currency.round(price - self._get_lowered(line_sudo))
        if currency.compare_amounts(line.amount, total) > 0:
            reason = self.env._(
                "A credit of %(amount)s cannot lower the price of %(invoice)s: "
                "%(total)s is left of it. Lower the amount, or clear Taxes of the "
                "Invoice, then retry.",
                amount=currency.format(line.amount),
                invoice=line.invoice_id.display_name or self.env._("the invoice"),
                total=currency.format(max(total, 0)),
            )
        elif (
            batch.document_form == "entry"
            and find_price_items(line_sudo.invoice_id).tax_ids
        ):
            reason = self.env._(
                "%(invoice)s is taxed, and taxes need a credit note for each "
                "account. Post these credits as credit notes, or clear Taxes of the "
                "Invoice, then retry.",
                invoice=line.invoice_id.display_name,
            )
        else:
            return None
        return line._get_not_credited_message(reason)

    @api.model
    def _get_price(self, line):
        """Return what the invoice charges whose price a credit lowers.

        :return: None where the credit lowers none
        """
        if line.batch_id.correction == "move":
            return None
        # What posting divides is computed there. A part pays cash rounding, too.
        if invoice := line.invoice_id:
            return invoice.amount_total if line.drawn_from_id else sum_price(invoice)
        invoiced = line._get_form()._get_invoiced(line)
        return None if invoiced is None else get_total(invoiced)

    @api.model
    def _get_lowered(self, line):
        """Return by how much the price of the invoice of a line is lowered already.

        By other credits, gift cards that nobody paid for, and Odoo's credit notes.
        """
        invoice = line.invoice_id
        if not invoice:
            return 0
        own = Domain("state", "=", "pending") & Domain(
            "batch_id", "in", line.batch_id.ids
        )
        return (
            self._get_taken(line, own)
            + self._sum_discounts(invoice)
            + self._sum_credit_notes(invoice)
        )

    @api.model
    def _get_taken(self, line, more=Domain.FALSE):
        """Return by how much other posted credits lower the price of an invoice.

        :param line: whose invoice, with all rights
        :param more: which others count, too
        """
        replaced = line.batch_id.correction_ids.line_id
        return self._sum_price_reductions(
            line.invoice_id,
            Domain("id", "not in", [*line.ids, *replaced.ids])
            & (Domain("state", "=", "posted") | more),
        )

    @api.model
    def _sum_discounts(self, invoice):
        """Return by how much gift cards that nobody paid for lower a price.

        :param invoice: ``account.move``, with all rights
        """
        given, _tax = get_discount(find_uses(invoice))
        return given

    @api.model
    def _sum_credit_notes(self, invoice):
        """Return how much of the price of an invoice Odoo's credit notes give back.

        :param invoice: ``account.move``, with all rights
        """
        notes = invoice.reversal_move_ids.filtered(
            lambda note: (
                note.move_type == "out_refund"
                and note.state == "posted"
                and note.payment_state != "reversed"
            )
        )
        return sum(self._get_given_back(note) for note in notes)

    @api.model
    def _get_given_back(self, note):
        """Return what a credit note gives back, in the currency of its invoice."""
        invoice = note.reversed_entry_id
        return note.currency_id._convert(
            sum_price(note), invoice.currency_id, invoice.company_id, note.date
        )

    @api.model
    def _check_open_again(self, lines):
        """Check that credits that are open again lower a price by no more than it is.

        :raise UserError: where others have lowered it meanwhile
        """
        for invoice in self._find_lowered(lines).sudo():
            currency = invoice.currency_id
            price = sum_price(invoice)
            lowered = currency.round(
                self._sum_price_reductions(invoice, Domain("state", "=", "posted"))
                + self._sum_discounts(invoice)
                + self._sum_credit_notes(invoice)
            )
            if currency.compare_amounts(lowered, price) > 0:
                raise UserError(
                    self.env._(
                        "%(invoice)s charges %(price)s, and credits, gift cards and "
                        "credit notes would lower that by %(lowered)s: others have "
                        "lowered it since this credit expired. It stays expired.",
                        invoice=invoice.display_name,
                        price=currency.format(price),
                        lowered=currency.format(lowered),
                    )
                )

    @api.model
    def _check_credit_notes(self, credit_notes):
        """Check that credit notes give back no more than is left of a lowered price.

        What lowered it, lowered its taxes: these would come back twice. Where nothing
        has, what a credit note gives back is for whoever posts it to say.

        :param credit_notes: ``account.move`` records, about to be posted
        :raise UserError: when one of an invoice gives back more, or all of them do
        """
        # The rule holds for users who can see neither credits nor gift cards, too.
        notes_sudo = credit_notes.sudo().filtered("reversed_entry_id")
        # Whoever lowers the price at the same moment fails to serialize.
        touch_rows(notes_sudo.reversed_entry_id)
        posted = Domain("state", "=", "posted")
        for invoice, notes in notes_sudo.grouped("reversed_entry_id").items():
            currency = invoice.currency_id
            domain = posted
            if any(self._is_whole(note) for note in notes):
                # Parts of promised credits are given back with the whole invoice.
                domain &= Domain("drawn_from_id", "=", False)
            lowered = self._sum_price_reductions(invoice, domain)
            lowered += self._sum_discounts(invoice)
            if currency.compare_amounts(lowered, 0) <= 0:
                continue
            left = sum_price(invoice) - lowered - self._sum_credit_notes(invoice)
            left = max(currency.round(left), 0)
            amount = sum(self._get_given_back(note) for note in notes)
            if currency.compare_amounts(amount, left) > 0:
                raise UserError(
                    self.env._(
                        "Credit notes of %(amount)s for %(invoice)s give back more "
                        "than the %(left)s that is left of its price: credits and gift "
                        "cards have lowered it, and its taxes, by %(lowered)s. Reverse "
                        "these credits and unapply these gift cards first, or lower "
                        "the credit note.",
                        amount=currency.format(amount),
                        invoice=invoice.display_name,
                        left=currency.format(left),
                        lowered=currency.format(lowered),
                    )
                )

    @api.model
    def _is_whole(self, note):
        """Tell whether a credit note gives back all of its invoice."""
        return not note.currency_id.compare_amounts(
            note.amount_total, note.reversed_entry_id.amount_total
        )

    @api.model
    def _sum_price_reductions(self, invoice, domain):
        """Return by how much credits lower the price of an invoice.

        :param invoice: ``account.move``, with all rights
        :param domain: which of them count
        """
        lines = invoice.env["account.credit.line"].search(
            domain
            & Domain("invoice_id", "=", invoice.id)
            & Domain("batch_id.use_invoice_taxes", "=", True)
            # Its parts do.
            & Domain("is_promised", "=", False)
        )
        # What was unused or has expired lowers the price no more.
        taken_back = lines.move_line_id.matched_debit_ids.filtered(
            lambda partial: partial._is_credit_reversal()
        )
        return sum(lines.mapped("amount")) - sum(
            taken_back.mapped("credit_amount_currency")
        )

    @api.model
    def _get_date_error(self, line, locks):
        """Return what is wrong with the date.

        Odoo would move the date silently (``account.move._post``). A clerk who chose
        a date is told instead.

        :param locks: the lock dates that the batch violates, as text
        """
        if not locks:
            return None
        return line._get_not_credited_message(
            self.env._(
                "The date %(date)s is locked (%(locks)s). Choose a later date, then "
                "retry.",
                date=format_date(self.env, line.date),
                locks=locks,
            )
        )

    @api.model
    def _get_mandatory_plans(self, batch):
        """Return the analytic plans that a batch has to distribute and does not.

        They are mandatory as on invoices, whatever the credits are posted as.

        :return: ``{what is credited, or invoiced: (names of plans, what they are
            mandatory for)}``
        """
        if batch.correction == "move":
            return {}  # It distributes nothing: another account has the same credit.
        form = self.env["account.credit.form"]
        plans_sudo = self.env["account.analytic.plan"].sudo()
        position = self.env["account.fiscal.position"]
        company = batch.company_id
        missing = {}
        for item in batch.credit_item_id | batch.charge_item_id:
            basis = form._get_basis(batch, item, position, company.currency_id)
            scope = {
                "company_id": company.id,
                "product": item.id,
                "account": basis.ledger.id,
                "business_domain": "invoice",
            }
            names = [
                plan["name"]
                for plan in plans_sudo.with_company(company).get_relevant_plans(**scope)
                if plan["applicability"] == "mandatory"
            ]
            is_sound = not names or self._is_distributed(
                batch, batch.analytic_distribution, scope
            )
            if not is_sound:
                missing[item] = (names, scope)
        return missing

    @api.model
    def _is_distributed(self, batch, distribution, scope):
        """Tell whether a distribution is whole in all plans that are mandatory."""
        distributed = batch.new(
            {
                "company_id": batch.company_id.id,
                "analytic_distribution": distribution,
            }
        )
        try:
            distributed.with_context(validate_analytic=True)._validate_distribution(
                **scope
            )
        except ValidationError:
            return False
        return True

    @api.model
    def _get_analytic_error(self, line, missing):
        """Return which analytic plans a credit, or its invoice, lacks.

        :param missing: see :meth:`_get_mandatory_plans`
        """
        batch = line.batch_id
        items = batch.charge_item_id
        if line._is_credited():
            items |= batch.credit_item_id
        for item, (names, scope) in missing.items():
            if item not in items or (
                not batch.analytic_distribution
                and self._is_distributed(
                    batch, self._find_distribution(line, item, scope["account"]), scope
                )
            ):
                continue
            return line._get_not_credited_message(
                self.env._(
                    "%(item)s needs an analytic distribution of 100 %% in %(plans)s. "
                    "Choose one, then retry.",
                    item=item.display_name,
                    plans=format_list(self.env, names),
                )
            )
        return None

    @api.model
    def _find_distribution(self, line, item, account_id):
        """Return what Odoo's models of distribution say where the batch says nothing.

        As ``account.move.line`` finds it. In an entry for many, what they have in
        common is of no account.
        """
        models_sudo = self.env["account.analytic.distribution.model"].sudo()
        items = self.env["account.move.line"].with_company(line.company_id).sudo()
        is_for_many = line.batch_id.document_form == "entry"
        virtual = items.new(
            {
                "company_id": line.company_id.id,
                "product_id": item.id,
                "partner_id": not is_for_many and line.partner_id.id,
                "account_id": account_id,
            }
        )
        return models_sudo._get_distribution(
            virtual._get_analytic_distribution_arguments(
                self.env["account.analytic.plan"]
            )
        )

    @api.model
    def _get_currencies_without_rate(self, lines):
        """Return the foreign currencies of the lines that have no rate on the date."""
        batch = lines.batch_id
        return self._find_unrated(lines.currency_id, batch.company_id, batch.date)

    @api.model
    def _find_unrated(self, currencies, company, date):
        """Return those of the currencies that Odoo would convert one to one."""
        foreign = currencies - company.currency_id
        if not foreign:
            return foreign
        rated = self.env["res.currency.rate"]._read_group(
            [
                ("currency_id", "in", foreign.ids),
                ("company_id", "in", (False, company.root_id.id)),
                ("name", "<=", date),
            ],
            ["currency_id"],
        )
        return foreign.browse(set(foreign.ids) - {currency.id for [currency] in rated})

    @api.model
    def _get_no_rate_message(self, currency, date):
        return self.env._(
            "%(currency)s has no exchange rate on %(date)s. Enter one under "
            "Configuration, Currencies, then retry.",
            currency=currency.name,
            date=format_date(self.env, date),
        )

    @api.model
    def _check_rate(self, currency, company, date):
        """Check that a currency has a rate, for what is booked at that of a day.

        :raise UserError: when it has none
        """
        # Rates are no secret.
        if self.sudo()._find_unrated(currency, company, date):
            raise UserError(self._get_no_rate_message(currency, date))

    @api.model
    def _check_stays(self, lines, batch_id):
        for line in lines:
            if line.batch_id.id != batch_id:
                raise UserError(
                    self.env._(
                        "%(line)s cannot be moved to another batch. Add the account "
                        "to the other batch instead.",
                        line=line.display_name,
                    )
                )

    # -------------------------------------------------------------------------
    # BATCHES
    # -------------------------------------------------------------------------

    @api.model
    def _get_no_journal_message(self, company, document_form):
        if document_form == "entry":
            return self.env._(
                "%(company)s has no general journal for credits of many accounts. "
                "Create one, or choose one under Invoicing, Configuration, Settings, "
                "Account Credits.",
                company=company.display_name,
            )
        return self.env._(
            "%(company)s has no journal for credits. Choose one under "
            "Invoicing, Configuration, Settings, Account Credits.",
            company=company.display_name,
        )

    @api.model
    def _get_document_form_error(self, batch):
        """Return why a batch cannot be posted in the form it says, or False."""
        form = self.env["account.credit.form"]
        if error := self._get_booking_error(batch):
            return error
        # A taxed credit can be moved: its taxes stay with its credit note.
        if (
            batch.correction == "move"
            or batch.document_form != "entry"
            or not form._is_taxed(batch.company_id, batch.credit_item_id)
        ):
            return False
        return self.env._(
            "%(item)s is taxed, and taxes need a credit note for each account. Post "
            "these credits as credit notes, or choose a credit item without taxes.",
            item=batch.credit_item_id.display_name,
        )

    @api.model
    def _get_booking_error(self, batch):
        """Return why credits of a batch cannot be booked when used, or False.

        The item may have got taxes since they were given.
        """
        if batch.credit_booking != "used" and not batch.draws_of_id:
            return False
        if batch.charge_item_id:
            return self.env._(
                "%(item)s is booked when used, and so it cannot be posted with an "
                "invoice. Post the invoice and the credit one after the other, or "
                "choose another credit item.",
                item=batch.credit_item_id.display_name,
            )
        form = self.env["account.credit.form"]
        if not batch.use_invoice_taxes and form._is_taxed(
            batch.company_id, batch.credit_item_id
        ):
            return self.env._(
                "%(item)s is taxed: booked when used, it can only lower the taxes of "
                "the invoice. Choose Taxes of the Invoice, or remove the taxes of the "
                "item.",
                item=batch.credit_item_id.display_name,
            )
        return False

    @api.model
    def _get_locks(self, batch, date=None):
        """Return the lock dates that a date violates, as text.

        A taxed credit item meets the tax lock date, too. Empty when nothing is locked.

        :param date: that of the batch by default
        """
        batch_sudo = batch.sudo()  # Whoever posts may be told that a date is locked.
        company = batch_sudo.company_id
        items = batch_sudo.credit_item_id + batch_sudo.charge_item_id
        is_taxed = bool(items.taxes_id._filter_taxes_by_company(company)) or (
            batch_sudo.use_invoice_taxes and bool(batch_sudo.line_ids.invoice_id)
        )
        if batch_sudo.correction == "move":
            # What is moved has its taxes where it came from.
            [line_sudo] = batch_sudo.line_ids
            origin_sudo = self._get_origin(line_sudo)
            is_taxed = bool(origin_sudo.move_id._affect_tax_report())
        locks = company._get_violated_lock_dates(
            date or batch.date, is_taxed, batch_sudo._get_journal()
        )
        return company._format_lock_dates(locks) if locks else ""

    @api.model
    def _get_origin(self, line):
        """Return the credit whose document has the taxes: what was moved has none."""
        while line.moved_from_id:
            line = line.moved_from_id
        return line

    @api.model
    def _check_reversal_mode(self, mode):
        if mode not in [name for name, _label in const.REVERSAL_MODES]:
            raise UserError(self.env._("%(mode)s is not a reversal mode.", mode=mode))

    @api.model
    def _check_reversal_date(self, batch, date):
        """Check that credits of a batch can be reversed, or moved, on a date.

        :raise UserError: when it is locked, or before the credits
        """
        if date < batch.date:
            raise UserError(
                self.env._(
                    "The credits of %(batch)s are dated %(date)s: choose that day or a "
                    "later one.",
                    batch=batch.name,
                    date=format_date(self.env, batch.date),
                )
            )
        if locks := self._get_locks(batch, date):
            raise UserError(
                self.env._(
                    "The date %(date)s is locked (%(locks)s). Choose a later date.",
                    date=format_date(self.env, date),
                    locks=locks,
                )
            )

    @api.model
    def _check_not_cancelled(self, batch):
        if batch.state == "cancelled":
            raise UserError(
                self.env._(
                    "%(batch)s is cancelled. Duplicate it, then post the copy.",
                    batch=batch.display_name,
                )
            )

    @api.model
    def _check_nothing_posted(self, batches):
        for batch in batches:
            if batch.posted_count or batch.reversed_count:
                raise UserError(
                    self.env._(
                        "%(batch)s cannot be changed: credits were posted with these "
                        "values. Reverse the batch and post a new one.",
                        batch=batch.display_name,
                    )
                )

    @api.model
    def _check_not_waiting(self, batch):
        if batch.state == "to_approve":
            raise UserError(
                self.env._(
                    "%(batch)s waits for approval. Approve it, or cancel it, "
                    "duplicate it and change the copy.",
                    batch=batch.display_name,
                )
            )

    @api.model
    def _check_unchanging(self, batch):
        self._check_not_waiting(batch)
        if batch.state in const.IN_WORK:
            raise UserError(
                self.env._(
                    "%(batch)s cannot be changed: it is about to be posted. Cancel "
                    "it, then duplicate it and change the copy.",
                    batch=batch.display_name,
                )
            )
        if batch.state == "cancelled" and batch.approval_round:
            raise UserError(
                self.env._(
                    "%(batch)s was refused and cannot be changed. Duplicate it and "
                    "change the copy.",
                    batch=batch.display_name,
                )
            )

    @api.model
    def _check_deletable(self, batches):
        for batch in batches:
            if batch.state not in ("draft", "cancelled"):
                raise UserError(
                    self.env._(
                        "%(batch)s cannot be deleted: it was posted. Reverse it.",
                        batch=batch.display_name,
                    )
                )
            if batch.approval_round:
                raise UserError(
                    self.env._(
                        "%(batch)s cannot be deleted: its log shows who requested an "
                        "approval and what was decided.",
                        batch=batch.display_name,
                    )
                )

    @api.model
    def _check_private_comment(self, batches):
        """Check that the private comment may change; the log will say that it did.

        :raise AccessError: when a batch is no draft, and somebody else's
        :raise UserError: when a batch waits for approval, or is being posted
        """
        user = self.env.user
        is_manager = self.env.su or user.has_group(const.GROUP_MANAGER)
        for batch in batches.filtered(lambda batch: batch.state != "draft"):
            self._check_unchanging(batch)
            authors = batch.create_uid | batch.requested_by_id
            if not is_manager and user not in authors:
                raise AccessError(
                    self.env._(
                        "The private comment of %(batch)s can only be changed by the "
                        "user who posted it or by an administrator of credits.",
                        batch=batch.display_name,
                    )
                )
            batch._message_log(body=self.env._("Private comment changed."))
