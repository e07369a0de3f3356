from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import float_compare, float_is_zero

from ..const import BILLING_GROUPS
from ..tools.posting import get_posting, with_posting


class AccountMoveLine(models.Model):
    """Know the stored value of a line, and keep credits apart where a user says so."""

    _name = "account.move.line"
    _inherit = ["account.move.line", "account.credit.guard"]

    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The gift card or prepayment whose money this line holds or uses.",
        written_by=("opener", "event"),
    )
    credit_line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="move_line_id",
        readonly=True,
        groups=BILLING_GROUPS,
        help="The credit that this receivable item is; one at most.",
    )

    def action_unreconcile_match_entries(self):
        """Keep credits apart from invoices when a user unreconciles both."""
        lines = self.browse(self.env.context.get("active_ids"))._all_reconciled_lines()
        partials = lines.matched_debit_ids | lines.matched_credit_ids
        applications_sudo = self.env["account.credit.application"]._find_of(
            partials.ids
        )
        result = super().action_unreconcile_match_entries()
        applications_sudo._pin(True)
        return result

    # -------------------------------------------------------------------------
    # THE RECEIVABLE ITEM OF AN ACCOUNT THAT IS A CREDIT
    # -------------------------------------------------------------------------

    @api.model
    def _get_credit_item_domain(self):
        """Return which receivable items are credits of ours."""
        return Domain("credit_line_ids", "!=", False)

    def _get_counterpart_key(self, amount):
        """Return what an item and its reversal have in common.

        :param amount: of the reversal, in the currency of the item
        """
        self.ensure_one()
        currency = self.currency_id
        return (self.partner_id, self.account_id, currency, currency.round(amount))

    # -------------------------------------------------------------------------
    # THE LINE OF AN INVOICE THAT SELLS A GIFT CARD
    # -------------------------------------------------------------------------

    def _check_gift_card_line(self):
        """Check that a line can become gift cards.

        :raise UserError: when it is taxed, discounted, or on another account, or when
            its quantity or price can be no gift card's
        """
        self.ensure_one()
        company = self.move_id.company_id
        liability = company._get_liability_account("gift_card", "invoice")
        quantity = self.quantity
        is_whole = not float_compare(quantity, round(quantity), precision_digits=6)
        if not is_whole or quantity < 1:
            problem = self.env._("the quantity is one for each card, a whole number")
        elif self.price_unit <= 0:
            problem = self.env._("the price is what the card is worth, above zero")
        elif not float_is_zero(self.discount, precision_digits=6):
            problem = self.env._(
                "a card is worth what is paid for it, so there is no discount. Post a "
                "credit instead"
            )
        elif self.tax_ids:
            problem = self.env._("it is taxed when it is used, not when it is sold")
        elif self.account_id != liability:
            problem = self.env._(
                "it is booked on %(account)s",
                account=liability.display_name or self.env._("a liability account"),
            )
        else:
            return
        raise UserError(
            self.env._(
                "%(line)s sells gift cards: %(problem)s. Change this line.",
                line=self.name or self.product_id.display_name,
                problem=problem,
            )
        )

    def _sells_gift_card(self):
        """Tell whether the line sells its gift card, or takes it back."""
        self.ensure_one()
        move = self.move_id
        invoice = move if move.move_type == "out_invoice" else move.reversed_entry_id
        return bool(invoice) and self.stored_value_id.invoice_id == invoice

    def _create_sold_gift_card(self):
        """Create the gift card that a line sells, as a draft."""
        self.ensure_one()
        invoice = self.move_id
        company = invoice.company_id
        values = with_posting(self.env["account.stored.value"], "event")
        date = invoice.invoice_date or fields.Date.context_today(self)
        return values.create(
            {
                "value_type": "gift_card",
                "partner_id": invoice.commercial_partner_id.id,
                "company_id": company.id,
                "currency_id": self.currency_id.id,
                "initial_amount": self.price_subtotal,
                "funding": "invoice",
                "invoice_id": invoice.id,
                "liability_account_id": self.account_id.id,
                "issue_date": date,
                "expiry_date": values._get_default_expiry(
                    company, "gift_card", "invoice", date
                ),
            }
        )

    # -------------------------------------------------------------------------
    # RECONCILE A PART OF AN ITEM, WHERE THE CREDIT MAY PAY NO MORE
    # -------------------------------------------------------------------------

    def _prepare_reconciliation_single_partial(
        self, debit_values, credit_values, shadowed_aml_values=None
    ):
        cap = get_posting(self.env).cap
        if cap is not None:
            credit_values = self._cap_credit_values(credit_values, cap)
        return super()._prepare_reconciliation_single_partial(
            debit_values, credit_values, shadowed_aml_values
        )

    @api.model
    def _cap_credit_values(self, values, cap):
        """Return what Odoo is to take of a credit: not more than the cap."""
        residual = values["amount_residual_currency"]
        item = values["aml"]
        if item.currency_id.compare_amounts(-residual, cap) <= 0:
            return values
        balance = values["amount_residual"] * cap / -residual
        return {
            **values,
            "amount_residual_currency": -cap,
            "amount_residual": item.company_currency_id.round(balance),
        }
