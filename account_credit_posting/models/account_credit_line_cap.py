from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL


class AccountCreditLine(models.Model):
    """Refuse credits that would leave an account with more than it may hold."""

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    def _take_capped_accounts(self, accounts=None):
        """Let one transaction at a time credit an account that has a cap.

        :param accounts: those of the lines by default

        Each row is written as it is, so that another transaction that credits the
        account fails to serialize, and starts again from what this one committed.
        """
        if not self.company_id._get_credit_open_cap():
            return
        # Not the ORM: it writes nothing where nothing changes.
        self.env.execute_query(
            SQL(
                """
                UPDATE res_partner
                   SET write_date = res_partner.write_date
                  FROM (
                       SELECT id
                         FROM res_partner
                        WHERE id IN %(ids)s
                     ORDER BY id
                          FOR NO KEY UPDATE
                       ) AS account
                 WHERE res_partner.id = account.id
             RETURNING res_partner.id
                """,
                ids=tuple((accounts or self.partner_id).ids) or (0,),
            )
        )

    def _get_cap_faults(self, batch):
        """Find the lines that would lift the open credit of an account over the cap.

        What a credit pays at once is not open: the invoice that it names, and those
        that the policy of the company lets it pay. Lines of one account follow each
        other: one that does not fit leaves room for the next.

        :param batch: that of all lines
        :return: ``{line: sentence}``
        """
        company = batch.company_id
        cap = company._get_credit_open_cap()
        if not cap:
            return {}
        currency = company.currency_id
        credits = self.partner_id._get_open_credits(company)
        terms = self._find_terms_to_pay(credits, cap)
        faults = {}  # {line: sentence}
        for line in self:
            account = line.partner_id
            payable = [
                term
                for term in terms.get((account, line.currency_id), [])
                if term.is_payable or term.move == line.invoice_id
            ]
            rest, paid = line._pay_terms(payable)
            lifted = credits.get(account.id, 0) + line._convert_to_company(rest)
            if line.currency_id.compare_amounts(rest, 0) > 0 and (
                currency.compare_amounts(lifted, cap) > 0
            ):
                faults[line] = line._get_cap_message(lifted, cap)
                continue
            credits[account.id] = lifted
            for term, amount in paid:
                term.residual -= amount
        return faults

    def _find_terms_to_pay(self, credits, cap):
        """Return what is owed by those accounts whose credits do not fit as they are.

        :param credits: ``{account id: open credit}``, in company currency
        :return: ``{(account, currency): [open items, earliest due first]}``
        """
        totals = dict(credits)
        for line in self:
            account_id = line.partner_id.id
            amount = line._convert_to_company(line._get_credited_amount())
            totals[account_id] = totals.get(account_id, 0) + amount
        currency = self.company_id.currency_id
        tight = self.partner_id.filtered(
            lambda account: currency.compare_amounts(totals[account.id], cap) > 0
        )
        engine = self.env["account.credit.application"].sudo()  # As `_apply` does.
        terms = engine._find_open_terms(tight, self.company_id, "credit")
        by_key = {}  # {(account, currency): [open items]}
        for term in sorted(terms, key=lambda term: term.order):
            by_key.setdefault((term.account, term.currency), []).append(term)
        return by_key

    def _pay_terms(self, terms):
        """Return what is left of the credit after it has paid, nothing being booked.

        :param terms: open items in the currency of the line
        :return: ``(rest, [(term, what it would be paid)])``
        """
        self.ensure_one()
        rest = self._get_credited_amount()
        if self.batch_id.charge_item_id:
            # Its own invoice comes first, and is posted along with it.
            rest = max(rest - self._get_charge_preview_items()["total"], 0)
        paid = []
        for term in terms:
            amount = min(rest, term.residual)
            paid.append((term, amount))
            rest -= amount
        return self.currency_id.round(rest), paid

    def _get_credited_amount(self):
        """Return what the account is credited, taxes included."""
        self.ensure_one()
        return self._get_preview_items()["total"] if self._is_taxed() else self.amount

    def _check_cap_of(self, account):
        """Check that an account has no more open credit than it may have.

        :raise UserError: when it has, with both amounts
        """
        cap = self.company_id._get_credit_open_cap()
        lifted = account._get_open_credits(self.company_id).get(account.id, 0)
        if cap and self.company_id.currency_id.compare_amounts(lifted, cap) > 0:
            raise UserError(self._get_cap_reason(lifted, cap))

    def _get_cap_message(self, lifted, cap):
        return self._get_not_credited_message(self._get_cap_reason(lifted, cap))

    def _get_cap_reason(self, lifted, cap):
        currency = self.company_id.currency_id
        return self.env._(
            "It would have %(lifted)s of open credit, and %(cap)s is the most that an "
            "account may have. Lower the amount, then retry.",
            lifted=currency.format(lifted),
            cap=currency.format(cap),
        )
