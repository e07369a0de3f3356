from odoo import models


class AccountTax(models.Model):
    """Give each single-purpose voucher a tax item of its own on an invoice."""

    _inherit = "account.tax"

    def _prepare_base_line_grouping_key(self, base_line):
        key = super()._prepare_base_line_grouping_key(base_line)
        return {**key, **_get_voucher_key(base_line["record"])}

    def _prepare_tax_line_repartition_grouping_key(self, tax_line):
        key = super()._prepare_tax_line_repartition_grouping_key(tax_line)
        return {**key, **_get_voucher_key(tax_line["record"])}


def _get_voucher_key(item):
    """Return what tells the tax of a voucher from that of all other lines.

    :param item: of an invoice, or what another addon computes taxes of
    """
    if getattr(item, "_name", None) != "account.move.line":
        return {}
    # Whoever bills need not see stored value.
    voucher_sudo = item.sudo().stored_value_id
    if voucher_sudo.voucher_kind != "single":
        return {}
    return {"stored_value_id": voucher_sudo.id}
