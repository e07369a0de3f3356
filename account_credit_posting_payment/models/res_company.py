from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.account_credit_posting.tools.reading import read_amount


class ResCompany(models.Model):
    """What customers may buy in the portal, and for how much."""

    _inherit = "res.company"

    top_up_prepayments = fields.Boolean(
        string="Customers Buy Prepayments",
        help="Customers can pay in advance in the portal, with a payment provider.",
    )
    top_up_gift_cards = fields.Boolean(
        string="Customers Buy Gift Cards",
        help="Customers can buy a gift card for somebody in the portal, with a "
        "payment provider.",
    )
    top_up_amounts = fields.Char(
        string="Amounts",
        default="25 50 100",
        help="The amounts that customers choose from, separated by spaces.",
    )
    top_up_min = fields.Monetary(
        string="Minimum Free Amount",
        help="Customers can enter any amount from this one on.",
    )
    top_up_max = fields.Monetary(
        string="Maximum Free Amount",
        help="Customers can enter any amount up to this one. Zero: they choose one of "
        "the amounts.",
    )
    _top_up_limits = models.Constraint(
        "CHECK (top_up_min >= 0 AND (COALESCE(top_up_max, 0) = 0"
        " OR (top_up_min > 0 AND top_up_max >= top_up_min)))",
        "A free amount must be above zero, and its minimum cannot exceed its maximum.",
    )

    @api.constrains("top_up_amounts", "currency_id")
    def _check_top_up_amounts(self):
        for company in self:
            try:
                amounts = company._get_top_up_amounts()
            except UserError as error:
                raise ValidationError(
                    self.env._(
                        "The amounts that customers choose from: %(error)s Separate "
                        "them with spaces, as in 25 50 100.",
                        error=error,
                    )
                ) from error
            if any(
                company.currency_id.compare_amounts(amount, 0) <= 0
                for amount in amounts
            ):
                raise ValidationError(
                    self.env._(
                        "The amounts that customers choose from must be above zero."
                    )
                )

    def _get_top_up_kinds(self):
        """Return what customers may buy.

        :return: list of "prepayment" and "gift_card"
        """
        self.ensure_one()
        return [
            kind
            for kind, is_offered in (
                ("prepayment", self.top_up_prepayments),
                ("gift_card", self.top_up_gift_cards),
            )
            if is_offered
        ]

    def _get_top_up_amounts(self):
        """Return the amounts to choose from, in company currency.

        :raise ValidationError: when one is none
        """
        self.ensure_one()
        return [
            read_amount(self.env, text, self.currency_id)
            for text in (self.top_up_amounts or "").split()
        ]

    def _is_top_up_amount(self, amount, is_free):
        """Tell whether a customer may buy so much.

        :param amount: in company currency
        :param is_free: whether the customer entered it
        """
        self.ensure_one()
        compare = self.currency_id.compare_amounts
        if is_free:
            return bool(self.top_up_max) and (
                compare(self.top_up_min, amount) <= 0
                and compare(amount, self.top_up_max) <= 0
            )
        return any(not compare(amount, own) for own in self._get_top_up_amounts())
