from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import PAID_STATES
from .account_credit_line import POSTING


class AccountStoredValue(models.Model):
    """Where the money comes from: one way to fund a stored value for each selection."""

    # One file per concern.
    _inherit = "account.stored.value"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # ISSUE
    # -------------------------------------------------------------------------

    def _issue(self):
        """Post the entry that funds a draft.

        :raise UserError: when something is missing
        """
        self.ensure_one()
        self._check_state("draft")
        self._take()
        company = self.company_id
        date = self.issue_date or fields.Date.context_today(self)
        amount = self._check_amount(self.initial_amount)
        liability = company._get_liability_account(self.value_type, self.funding)
        if not liability:
            raise UserError(
                self.env._(
                    "%(company)s has no liability account for this. Choose one under "
                    "Invoicing, Configuration, Settings, Account Credits.",
                    company=company.display_name,
                )
            )
        if self.value_type == "prepayment" and self.funding == "promotion":
            raise UserError(
                self.env._(
                    "A prepayment is money: it cannot be given away. Give away a gift "
                    "card, or post a credit."
                )
            )
        self._write_event(
            {
                "liability_account_id": liability.id,
                "initial_amount": amount,
                "issue_date": date,
            }
        )
        fund = getattr(self, f"_fund_by_{self.funding}")
        funding_account = fund(amount, date)
        self._write_event({"state": "active", "funding_account_id": funding_account.id})

    def _fund_by_invoice(self, _amount, _date):
        """Leave it to the invoice: posting it issues the cards that it sells."""
        raise UserError(
            self.env._(
                "A gift card that is sold on an invoice is issued by that invoice: "
                "bill a gift card product there."
            )
        )

    def _fund_by_payment(self, amount, date):
        """Receive money: the payment has a posted entry at once."""
        journal = self.journal_id
        if not journal or journal.type not in ("bank", "cash", "credit"):
            raise UserError(
                self.env._("Choose the bank or cash journal that the money came into.")
            )
        payment = self._create_payment("inbound", amount, journal, date)
        return payment.outstanding_account_id

    def _create_payment(self, payment_type, amount, journal, date):
        """Create and post a payment against the liability.

        :param payment_type: "inbound" or "outbound"
        :return: the ``account.payment``, with a posted entry (``force_payment_move``)
        """
        payment = (
            self.env["account.payment"]
            .with_context(force_payment_move=True, stored_value_event=POSTING)
            .create(
                {
                    "payment_type": payment_type,
                    "partner_type": "customer",
                    "partner_id": self.partner_id.id,
                    "amount": amount,
                    "currency_id": self.currency_id.id,
                    "journal_id": journal.id,
                    "date": date,
                    "memo": self.name,
                    "destination_account_id": self.liability_account_id.id,
                    "stored_value_id": self.id,
                }
            )
        )
        payment.action_post()
        return payment

    def _fund_by_promotion(self, amount, date):
        """Give it away: no money comes in."""
        account = self.company_id._get_own_or_parent("gift_card_promotion_account_id")
        if not account:
            raise UserError(
                self.env._(
                    "%(company)s has no account for gift cards given away. Choose one "
                    "under Invoicing, Configuration, Settings, Account Credits.",
                    company=self.company_id.display_name,
                )
            )
        self._book("issue", amount, account, date=date)
        return account

    def _fund_by_opening(self, amount, date):
        """Take over a balance of another system."""
        account = self.funding_account_id
        if not account:
            raise UserError(
                self.env._("Choose the ledger account that holds the opening balances.")
            )
        self._book("issue", amount, account, date=date)
        return account

    def _fund_by_reclass(self, amount, date):
        """Turn money that is on the account already into stored value.

        Payments that no invoice has taken; never a credit, which is no money.
        """
        lines = self._find_unallocated_payments()
        available = -sum(lines.mapped("amount_residual_currency"))
        if self.currency_id.compare_amounts(available, amount) < 0:
            raise UserError(
                self.env._(
                    "%(account)s has %(available)s of payments that no invoice has "
                    "taken, less than %(amount)s. Credits are no money: they stay "
                    "credits.",
                    account=self.partner_id.display_name,
                    available=self.currency_id.format(available),
                    amount=self.currency_id.format(amount),
                )
            )
        receivable = lines.account_id[:1]
        move = self._book("issue", amount, receivable, date=date)
        counterpart = move.line_ids.filtered(lambda item: item.account_id == receivable)
        self.env["account.move.line"]._reconcile_plan(
            [counterpart + line for line in lines]
        )
        return receivable

    def _find_unallocated_payments(self):
        """Return the open receivable lines of payments, oldest first."""
        engine = self.env["account.credit.application"]
        lines = self.env["account.move.line"].search(
            engine._get_open_domain(self.company_id)
            & engine._get_payment_domain()
            & Domain("partner_id", "=", self.partner_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & Domain("amount_residual_currency", "<", 0),
            order="date, id",
        )
        return lines.filtered(lambda line: line.account_id == lines[:1].account_id)

    # -------------------------------------------------------------------------
    # SOLD ON AN INVOICE
    # -------------------------------------------------------------------------

    def _check_is_paid(self):
        """Refuse gift cards whose invoice is not paid yet."""
        for value in self:
            if value.awaits_payment:
                raise UserError(
                    self.env._(
                        "%(name)s is active as soon as %(invoice)s is paid.",
                        name=value.name,
                        invoice=value.invoice_id.name,
                    )
                )

    def _follow_invoice(self):
        """Block gift cards while the invoice that sold them is not paid.

        One that somebody blocked stays so, paid or not; what is used stays used.
        """
        for value in self:
            is_paid = value.invoice_id.payment_state in PAID_STATES
            if value.awaits_payment and is_paid:
                value._write_event({"state": "active", "awaits_payment": False})
                value._update_state()
                if value.send_date:
                    value._trigger_sending()
            elif value.state == "active" and not is_paid:
                value._write_event({"state": "blocked", "awaits_payment": True})
