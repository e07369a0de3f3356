from odoo import models
from odoo.tools import format_date

from ..utils import count_decimals


class AccountCreditLine(models.Model):
    """Why a credit line cannot be posted, in sentences for the clerk."""

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    def _get_faults(self):
        """Find the lines that cannot be posted, before anything is created.

        :return: ``{line: sentence}``, the sentence names the account and says what
            to do; lines without a fault are not in it
        """
        faults = {}  # {line: sentence}
        for batch, lines in self.grouped("batch_id").items():
            locks = batch._get_lock_description()
            unrated = lines._get_currencies_without_rate(batch)
            for line in lines:
                fault = (
                    line._get_account_fault()
                    or line._get_item_fault()
                    or line._get_amount_fault(unrated)
                    or line._get_invoice_fault()
                    or line._get_date_fault(locks)
                )
                if fault:
                    faults[line] = fault
            sound = self.browse().union(*(line for line in lines if line not in faults))
            faults |= sound._get_cap_faults(batch)
        return faults

    def _get_account_fault(self):
        self.ensure_one()
        account = self.partner_id
        company = self.company_id
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

    def _get_item_fault(self):
        self.ensure_one()
        if not self._is_credited():
            return None
        item = self.credit_item_id.with_company(self.company_id)
        if not item:
            reason = self.env._("Choose a credit item, then retry.")
        elif not item.active:
            reason = self.env._(
                "%(item)s is archived. Unarchive the credit item, then retry.",
                item=item.display_name,
            )
        elif not item.is_credit_item:
            reason = self.env._(
                "%(item)s is no credit item. Choose a credit item, then retry.",
                item=item.display_name,
            )
        elif not item._get_product_accounts()["income"]:
            reason = self.env._(
                "%(item)s has no ledger account. Set one on the credit item, then "
                "retry.",
                item=item.display_name,
            )
        elif fault := self.batch_id._get_document_form_fault():
            reason = fault
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_amount_fault(self, unrated):
        """Return the fault of the amount or of its currency.

        :param unrated: currencies that have no rate on the date of the batch
        """
        self.ensure_one()
        currency = self.currency_id
        is_charge = bool(self.batch_id.charge_item_id)
        amount = self.charge_amount if is_charge else self.amount
        if (
            currency.compare_amounts(amount, 0) <= 0
            or currency.compare_amounts(self.amount, 0) < 0
        ):
            return self.env._(
                "%(account)s has the amount %(amount)s. Enter an amount above zero, "
                "then retry.",
                account=self.partner_id.display_name,
                amount=currency.format(min(amount, self.amount)),
            )
        if not currency.active:
            reason = self.env._(
                "The currency %(currency)s is archived. Activate it, then retry.",
                currency=currency.name,
            )
        elif currency in unrated:
            reason = self.env._(
                "%(currency)s has no exchange rate on %(date)s. Enter one under "
                "Configuration, Currencies, then retry.",
                currency=currency.name,
                date=format_date(self.env, self.date),
            )
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_invoice_fault(self):
        self.ensure_one()
        invoice = self.invoice_id
        if not invoice:
            return None
        if (
            invoice.move_type != "out_invoice"
            or invoice.state != "posted"
            or invoice.commercial_partner_id != self.partner_id
            or invoice.company_id != self.company_id
        ):
            reason = self.env._(
                "%(invoice)s is not a posted invoice of this account. Choose another "
                "invoice or none, then retry.",
                invoice=invoice.display_name,
            )
        elif invoice.currency_id != self.currency_id:
            reason = self.env._(
                "%(invoice)s is in %(other)s and the credit in %(currency)s. Use the "
                "currency of the invoice, then retry.",
                invoice=invoice.display_name,
                other=invoice.currency_id.name,
                currency=self.currency_id.name,
            )
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_date_fault(self, locks):
        """Return the fault of the date.

        Odoo would move the date silently (``account.move._post``). A clerk who chose
        a date is told instead.

        :param locks: the lock dates that the batch violates, as text
        """
        self.ensure_one()
        if not locks:
            return None
        return self._get_not_credited_message(
            self.env._(
                "The date %(date)s is locked (%(locks)s). Choose a later date, then "
                "retry.",
                date=format_date(self.env, self.date),
                locks=locks,
            )
        )

    def _get_currencies_without_rate(self, batch):
        """Return the foreign currencies of the lines that have no rate on the date."""
        foreign = self.currency_id - batch.company_id.currency_id
        if not foreign:
            return foreign
        rated = self.env["res.currency.rate"]._read_group(
            [
                ("currency_id", "in", foreign.ids),
                ("company_id", "in", (False, batch.company_id.root_id.id)),
                ("name", "<=", batch.date),
            ],
            ["currency_id"],
        )
        return foreign.browse(set(foreign.ids) - {currency.id for [currency] in rated})

    def _get_request_fault(self, requested, amount):
        """Return why the line cannot be what a request asked for.

        :param requested: ``[account id, amount, invoice id or None]`` as they came
        :param amount: the amount as ``Decimal``; None when it is no amount
        """
        self.ensure_one()
        account_id, original, invoice_id = requested
        if not self.partner_id:
            return self.env._(
                "There is no account with the id %(id)s at %(company)s. Choose an "
                "account, then retry.",
                id=account_id,
                company=self.company_id.display_name,
            )
        if amount is None:
            reason = self.env._(
                "%(amount)s is no amount. Enter a number above zero, then retry.",
                amount=repr(original),
            )
        elif count_decimals(amount) > self.currency_id.decimal_places:
            # A rounded amount would be posted by a retry: leave none.
            self._write_result({"amount": 0})
            reason = self.env._(
                "%(amount)s is more precise than %(currency)s. Enter an amount with "
                "%(decimals)s decimals, then retry.",
                amount=original,
                currency=self.currency_id.name,
                decimals=self.currency_id.decimal_places,
            )
        elif invoice_id and not self.invoice_id:
            reason = self.env._(
                "There is no invoice with the id %(id)s. Choose another invoice or "
                "none, then retry.",
                id=invoice_id,
            )
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_not_credited_message(self, reason):
        return self.env._(
            "%(account)s was not credited. %(reason)s",
            account=self.partner_id.display_name,
            reason=reason,
        )
