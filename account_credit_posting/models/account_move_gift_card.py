from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import float_compare, float_is_zero

from ..const import BILLING_GROUPS
from .account_credit_line import POSTING


class AccountMove(models.Model):
    """Sell gift cards on invoices: a liability, no revenue, no tax."""

    # One file per concern.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    sold_value_ids = fields.One2many(
        comodel_name="account.stored.value",
        inverse_name="invoice_id",
        string="Gift Cards Sold",
        readonly=True,
        groups=BILLING_GROUPS,
    )

    sold_value_count = fields.Integer(
        compute="_compute_sold_value_count",
        groups=BILLING_GROUPS,
    )

    @api.depends("sold_value_ids")
    def _compute_sold_value_count(self):
        for move in self:
            move.sold_value_count = len(move.sold_value_ids)

    # -------------------------------------------------------------------------
    # SALE
    # -------------------------------------------------------------------------

    def _sell_gift_cards(self):
        """Create a gift card for each unit of a gift card product on these invoices.

        They are posted with the invoice, and blocked until it is paid. A quantity
        above one becomes so many lines: each line names its card.

        :raise UserError: when a line is taxed, discounted, or on another account
        """
        for invoice in self:
            # Whoever bills need not see stored value.
            lines_sudo = invoice.sudo().invoice_line_ids.filtered(
                "product_id.is_gift_card"
            )
            for line_sudo in lines_sudo:
                line_sudo._check_gift_card_line()
            invoice.sudo()._split_gift_card_lines(lines_sudo)
            lines_sudo = invoice.sudo().invoice_line_ids.filtered(
                "product_id.is_gift_card"
            )
            for line_sudo in lines_sudo:
                line_sudo.with_context(
                    stored_value_event=POSTING
                ).stored_value_id = line_sudo._create_sold_gift_card()
            if lines_sudo:
                invoice.sudo().with_context(
                    stored_value_event=POSTING
                ).stored_value_event = "issue"

    def _split_gift_card_lines(self, lines):
        """Give each unit a line of its own."""
        commands = []
        for line in lines:
            if float_compare(line.quantity, 1, precision_digits=6) > 0:
                commands.append(Command.update(line.id, {"quantity": 1}))
                commands += [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "name": line.name,
                            "sequence": line.sequence,
                            "product_uom_id": line.product_uom_id.id,
                            "price_unit": line.price_unit,
                            "account_id": line.account_id.id,
                            "tax_ids": [Command.clear()],
                        }
                    )
                    for _number in range(round(line.quantity) - 1)
                ]
        if commands:
            self.write({"invoice_line_ids": commands})

    # -------------------------------------------------------------------------
    # WHAT BECOMES OF THE INVOICE
    # -------------------------------------------------------------------------

    def _take_back_gift_cards(self):
        """Let credit notes take back gift cards of the invoices that they reverse.

        :raise UserError: when more than what is left of a card would be taken back
        """
        for line_sudo in self.sudo().line_ids.filtered("stored_value_id"):
            value_sudo = line_sudo.stored_value_id
            value_sudo._take()
            if (
                value_sudo.currency_id.compare_amounts(
                    line_sudo.amount_currency, value_sudo.balance
                )
                > 0
            ):
                raise UserError(
                    self.env._(
                        "%(name)s has %(limit)s left. Take back at most that: lower "
                        "the price on this credit note.",
                        name=value_sudo.name,
                        limit=value_sudo.currency_id.format(value_sudo.balance),
                    )
                )
            line_sudo.move_id.with_context(
                stored_value_event=POSTING
            ).stored_value_event = "void"

    def _settle_gift_cards(self):
        """Settle what these posted invoices and credit notes did with gift cards."""
        for move_sudo in self.sudo().filtered("stored_value_event"):
            values_sudo = move_sudo.line_ids.stored_value_id
            if move_sudo.stored_value_event == "issue":
                receivable_sudo = move_sudo.line_ids.filtered(
                    lambda line: line.display_type == "payment_term"
                ).account_id[:1]
                values_sudo._write_event(
                    {
                        "state": "blocked",
                        "awaits_payment": True,
                        "funding_account_id": receivable_sudo.id,
                    }
                )
                continue
            for value_sudo in values_sudo:
                if value_sudo.currency_id.is_zero(value_sudo.balance):
                    value_sudo._write_event({"state": "void", "awaits_payment": False})

    def _compute_payment_state(self):
        result = super()._compute_payment_state()
        # Odoo has no hook for what is no longer paid; in whatever way it came to
        # that, this is where it is settled.
        self.filtered(
            lambda move: move.id and move.stored_value_event == "issue"
        )._follow_gift_cards()
        return result

    def _follow_gift_cards(self):
        """Let the gift cards sold on these invoices be used while those are paid."""
        # The rule holds for users who cannot see stored value, too.
        self.sudo().sold_value_ids._follow_invoice()

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_view_sold_values(self):
        """Open the gift cards that this invoice sells.

        :return: a window action on ``account.stored.value``
        """
        return self.sold_value_ids._get_list_action(self.env._("Gift Cards Sold"))


class AccountMoveLine(models.Model):
    """The line of an invoice that sells a gift card."""

    # One file per concern.
    _inherit = "account.move.line"  # pylint: disable=consider-merging-classes-inherited

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
        values = self.env["account.stored.value"].with_context(
            stored_value_event=POSTING
        )
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
