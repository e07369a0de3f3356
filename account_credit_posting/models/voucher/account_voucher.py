from odoo import api, fields, models
from odoo.exceptions import UserError

from .voucher_tax import KINDS, charge, divide, find_tax_problem


class AccountVoucher(models.AbstractModel):
    """What a gift card is for the law of VAT: decided when it is issued, and frozen.

    A multi-purpose voucher is taxed when it is used. A single-purpose one is taxed when
    it is sold: its journal items are the net, on the liability account, and the tax,
    and both name it. Together they are what it is good for.
    """

    _name = "account.voucher"
    _inherit = "account.credit.guard"
    _description = "Voucher"

    product_id = fields.Many2one(
        comodel_name="product.product",
        string="Sold As",
        check_company=True,
        domain="[('is_gift_card', '=', True)]",
        help="The gift card product, which sets the kind of voucher.",
        written_by=("draft", "event"),
    )
    voucher_kind = fields.Selection(
        selection=KINDS,
        required=True,
        readonly=True,
        default="multi",
        help="As set on its product when it was issued.",
        written_by="event",
    )
    voucher_tax_id = fields.Many2one(
        comodel_name="account.tax",
        string="Tax Charged",
        readonly=True,
        ondelete="restrict",
        help="The tax of a single-purpose voucher, as set on its product when it was "
        "sold.",
        written_by="event",
    )
    voucher_note = fields.Char(
        compute="_compute_voucher_note",
        string="Voucher",
        help="The effect on VAT.",
    )

    @api.depends("product_id", "state", "balance", "voucher_kind", "initial_amount")
    def _compute_voucher_note(self):
        for voucher in self:
            # Whoever sees gift cards need not see taxes.
            voucher_sudo = voucher.sudo()
            voucher.voucher_note = voucher_sudo._get_voucher_note()

    def _get_voucher_note(self):
        """Say which kind it is and what that means for VAT; False for a prepayment."""
        if self.value_type != "gift_card":
            return False
        if self.state == "draft":
            is_single = self.product_id.voucher_kind == "single"
            tax = is_single and self._get_product_tax()
        else:
            is_single, tax = self.voucher_kind == "single", self.voucher_tax_id
        if not is_single:
            return self.env._("Multi-purpose voucher: tax is due when it is used.")
        if self.state == "draft":
            return self.env._(
                "Single-purpose voucher: %(tax)s is due when it is issued, and not "
                "again when it is used.",
                tax=tax[:1].name,
            )
        net, *shares = divide(self, self.balance) if self.balance else [None]
        return self.env._(
            "Single-purpose voucher: %(tax)s was charged when it was issued. %(net)s "
            "and %(due)s of tax are left.",
            tax=tax.name,
            net=self.currency_id.format(net.amount if net else 0),
            due=self.currency_id.format(sum(share.amount for share in shares)),
        )

    def _get_product_tax(self):
        """Return the taxes of its product in its company."""
        return self.product_id.taxes_id._filter_taxes_by_company(self.company_id)

    def _is_single_purpose(self):
        """Tell whether its tax was charged when it was sold."""
        return self.voucher_kind == "single"

    def _sum_taxed_likewise(self, invoice):
        """Return how much of an invoice has the tax that this was sold with.

        The same tax, or one of the same rate and country.

        :param invoice: ``account.move``
        :return: with the tax, in the currency of the invoice
        """
        own = self.voucher_tax_id
        lines = invoice.invoice_line_ids.filtered(
            lambda line: (
                len(line.tax_ids) == 1
                and (
                    line.tax_ids == own
                    or (line.tax_ids.amount, line.tax_ids.country_id)
                    == (own.amount, own.country_id)
                )
            )
        )
        return sum(lines.mapped("price_total"))

    def _freeze_voucher(self, taxes=None):
        """Keep which kind it is: what its product says later changes nothing for it.

        :param taxes: ``account.tax`` that it is sold with; by default those of its
            product
        :raise UserError: when its tax cannot be charged
        """
        self.ensure_one()
        vals = {"voucher_kind": self.product_id.voucher_kind or "multi"}
        if vals["voucher_kind"] == "single":
            taxes = self._get_product_tax() if taxes is None else taxes
            self._check_voucher(taxes)
            vals["voucher_tax_id"] = taxes.id
        self._write_guarded(vals)

    def _check_voucher(self, taxes):
        """Check that it can be sold as a single-purpose voucher.

        :raise UserError: when its tax cannot be charged, or nothing is paid for it
        """
        name = self.name
        if self.value_type != "gift_card":
            raise UserError(
                self.env._(
                    "%(name)s is a prepayment: it has no gift card product.", name=name
                )
            )
        if problem := find_tax_problem(taxes):
            raise UserError(
                self.env._(
                    "%(name)s is a single-purpose voucher: %(problem)s. Change the "
                    "sales taxes of %(product)s.",
                    name=name,
                    problem=problem,
                    product=self.product_id.display_name,
                )
            )
        reasons = {
            "promotion": self.env._(
                "%(name)s is a single-purpose voucher, taxed on the price paid, and "
                "nothing is paid for a gift card given away. Choose a multi-purpose "
                "gift card.",
                name=name,
            ),
            "opening": self.env._(
                "%(name)s is a single-purpose voucher: its tax was reported where it "
                "was sold, so it cannot be an opening balance here. Choose a "
                "multi-purpose gift card, and ask an accountant to correct the tax "
                "when it is used.",
                name=name,
            ),
        }
        if self.funding in reasons:
            raise UserError(reasons[self.funding])

    def _charge_voucher(self, amount, balance):
        """Return what is booked when it is sold, see ``voucher_tax.charge``."""
        return charge(self, amount, balance)

    def _divide_voucher(self, amount):
        """Return what is booked when so much is taken of it: net, and taxes."""
        return divide(self, amount)
