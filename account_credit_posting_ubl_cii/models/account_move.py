from odoo import api, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Documents of what is no sale have nothing else on them."""

    _inherit = "account.move"

    def _post(self, soft=True):
        for invoice in self.filtered(lambda move: move.is_sale_document()):
            invoice._check_no_sale_is_alone()
        return super()._post(soft)

    def _is_no_sale(self):
        """Tell whether all lines of a document have our tax of category O."""
        self.ensure_one()
        lines = self._get_lines_with_taxes()
        return bool(lines) and all(map(_is_out_of_scope, lines))

    def _get_lines_with_taxes(self):
        return self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.tax_ids
        )

    def _check_no_sale_is_alone(self):
        """Check that what is no sale is on a document of its own.

        :raise UserError: with the lines, where the customer gets electronic invoices
        """
        if error := self._get_no_sale_error():
            raise UserError(error)

    def _get_no_sale_error(self):
        """Say what cannot stand beside what on an electronic invoice.

        By the rules BR-O-11 to BR-O-14 of EN 16931: one of category O has no other
        category.

        :return: a sentence with the lines, or None
        """
        self.ensure_one()
        lines = self._get_lines_with_taxes()
        free = lines.filtered(_is_out_of_scope)
        if not free or free == lines:
            return None
        customer = self.commercial_partner_id.with_company(self.company_id)
        if not customer.is_ubl_format:
            return None
        return self.env._(
            "%(document)s: %(products)s must be invoiced separately. "
            "%(customer)s receives electronic invoices, where an item outside "
            "the scope of tax cannot stand beside others. Move it to an invoice "
            "of its own.",
            document=self.display_name,
            products=", ".join(
                line.product_id.display_name or line.name for line in free
            ),
            customer=customer.display_name,
        )

    @api.depends("invoice_line_ids.tax_ids", "partner_id")
    def _compute_alerts(self):
        return super()._compute_alerts()

    def _get_alerts(self):
        alerts = super()._get_alerts()
        is_draft_sale = self.state == "draft" and self.is_sale_document()
        if is_draft_sale and (error := self._get_no_sale_error()):
            alerts["account_credit_posting_no_sale"] = {
                "level": "warning",
                "message": error,
            }
        return alerts


def _is_out_of_scope(line):
    # Outside the area of EN 16931 there are other codes, and other rules.
    return all(
        tax.is_no_sale and tax.ubl_cii_tax_category_code == "O" for tax in line.tax_ids
    )
