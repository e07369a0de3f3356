from odoo import api, models
from odoo.exceptions import UserError

from ...tools.days import get_today
from ...tools.locks import touch_rows
from ..promise import promise_drawing


class AccountCreditCap(models.AbstractModel):
    """Refuse credits that would leave an account with more than it may hold."""

    _name = "account.credit.cap"
    _inherit = ["account.credit.observer"]
    _description = "Cap on Open Credit"

    @api.model
    def _lock(self, lines, accounts=None):
        """Let one transaction at a time credit an account that has a cap."""
        if lines.company_id._get_credit_open_cap():
            touch_rows(accounts or lines.partner_id)

    @api.model
    def _get_errors(self, lines, batch):
        """Find the lines that would lift the open credit of an account over the cap.

        What a credit pays at once is not open: the invoice that it names, and those
        that the policy of the company lets it pay. What is left of gift cards given
        away counts. Lines of one account follow each other: one that does not fit
        leaves room for the next.
        """
        company = batch.company_id
        cap = company._get_credit_open_cap()
        if not cap:
            return {}
        currency, today = company.currency_id, get_today(company)
        credits, gifts = self._get_given(lines.partner_id, company)
        credited = self._get_credited_amounts(lines, batch)
        # Its own invoice comes first, and is posted along with it.
        charges = lines._get_form()._get_charges(lines)
        terms = self._find_terms_to_pay(lines, credited, credits, cap)
        errors = {}  # {line: sentence}
        for line in lines:
            account = line.partner_id
            payable = [
                term
                for term in terms.get((account, line.currency_id), [])
                if (term.is_payable or term.move == line.invoice_id)
                # Dated ahead, it pays nothing of today.
                and batch.date <= max(term.date, today)
            ]
            rest = credited[line]
            if line in charges:
                rest = max(rest - charges[line].total, 0)
            rest, paid = self._pay_terms(line, rest, payable)
            lifted = credits.get(account.id, 0) + line._convert_to_company(rest)
            if line.currency_id.compare_amounts(rest, 0) > 0 and (
                currency.compare_amounts(lifted, cap) > 0
            ):
                errors[line] = line._get_not_credited_message(
                    self._get_reason(company, lifted, cap, gifts.get(account.id))
                )
                continue
            credits[account.id] = lifted
            for term, amount in paid:
                term.residual -= amount
        return errors

    @api.model
    def _find_terms_to_pay(self, lines, credited, credits, cap):
        """Return what is owed by those accounts whose credits do not fit as they are.

        :param credited: of :meth:`_get_credited_amounts`
        :param credits: ``{account id: open credit}``, in company currency
        :return: ``{(account, currency): [open items, earliest due first]}``
        """
        totals = dict(credits)
        for line in lines:
            account_id = line.partner_id.id
            amount = line._convert_to_company(credited[line])
            totals[account_id] = totals.get(account_id, 0) + amount
        company = lines.company_id
        tight = lines.partner_id.filtered(
            lambda account: (
                company.currency_id.compare_amounts(totals[account.id], cap) > 0
            )
        )
        engine = self.env["account.credit.application"]._get_engine(company, "credit")
        terms = engine.find_open_terms(tight)
        by_key = {}  # {(account, currency): [open items]}
        for term in sorted(terms, key=lambda term: term.order):
            by_key.setdefault((term.account, term.currency), []).append(term)
        return by_key

    @api.model
    def _pay_terms(self, line, rest, terms):
        """Return what is left of a credit after it has paid, nothing being booked.

        :param rest: of the credit, after its own invoice
        :param terms: open items in the currency of the line
        :return: ``(rest, [(term, what it would be paid)])``
        """
        paid = []
        for term in terms:
            amount = min(rest, term.residual)
            paid.append((term, amount))
            rest -= amount
        return line.currency_id.round(rest), paid

    @api.model
    def _get_credited_amounts(self, lines, batch):
        """Return what the accounts are credited, taxes included.

        :return: ``{line: amount in its currency}``
        """
        form = lines._get_form()
        # Of what is promised, the taxes are those of what it pays, and included.
        if batch.credit_booking == "used" or not form._is_taxed(
            batch.company_id, batch.credit_item_id
        ):
            return {line: line.amount for line in lines}
        return {line: items.total for line, items in form._get_items(lines).items()}

    @api.model
    def _check_credited(self, account, company):
        """Check that an account has no more open credit and gifts than it may have.

        :raise UserError: when it has, with both amounts
        """
        cap = company._get_credit_open_cap()
        given, gifts = self._get_given(account, company)
        lifted = given.get(account.id, 0)
        if cap and company.currency_id.compare_amounts(lifted, cap) > 0:
            raise UserError(
                self._get_reason(company, lifted, cap, gifts.get(account.id))
            )

    @api.model
    def _get_given(self, accounts, company):
        """Return what accounts were given and have not used.

        :return: ``(credits and gift cards, gift cards)``, both
            ``{account id: amount in company currency}``
        """
        # Whoever posts credits need not see gift cards.
        gifts = accounts.sudo()._get_open_gifts(company)
        given = dict(accounts._get_open_credits(company))
        promised = promise_drawing.sum_open(accounts.sudo(), company)
        for account_id, amount in (*gifts.items(), *promised.items()):
            given[account_id] = given.get(account_id, 0) + amount
        return given, gifts

    @api.model
    def _get_reason(self, company, lifted, cap, gifts):
        currency = company.currency_id
        if gifts and not currency.is_zero(gifts):
            return self.env._(
                "It would have %(lifted)s of open credits and gift cards given away, "
                "and %(cap)s is the most that an account may have. Lower the amount, "
                "then retry.",
                lifted=currency.format(lifted),
                cap=currency.format(cap),
            )
        return self.env._(
            "It would have %(lifted)s of open credit, and %(cap)s is the most that an "
            "account may have. Lower the amount, then retry.",
            lifted=currency.format(lifted),
            cap=currency.format(cap),
        )
