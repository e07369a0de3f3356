from odoo import models


class AccountEdiXmlUblBis3(models.AbstractModel):
    """Category O of EN 16931: no rate, and no VAT identifier of either party."""

    _inherit = "account.edi.xml.ubl_bis3"

    def _ubl_default_tax_category_grouping_key(
        self, base_line, tax_data, vals, currency
    ):
        key = super()._ubl_default_tax_category_grouping_key(
            base_line, tax_data, vals, currency
        )
        # BR-O-05, BR-O-06 and BR-O-07.
        if key and key["tax_category_code"] == "O" and not key["percent"]:
            key["percent"] = None
        return key

    def _add_invoice_accounting_supplier_party_nodes(self, document_node, vals):
        super()._add_invoice_accounting_supplier_party_nodes(document_node, vals)
        # BR-O-02.
        self._leave_out_vat(document_node["cac:AccountingSupplierParty"], vals)

    def _add_invoice_accounting_customer_party_nodes(self, document_node, vals):
        super()._add_invoice_accounting_customer_party_nodes(document_node, vals)
        # BR-O-02.
        self._leave_out_vat(document_node["cac:AccountingCustomerParty"], vals)

    def _leave_out_vat(self, node, vals):
        """Take the VAT identifier from a party, once other addons have made it."""
        if vals["invoice"]._is_no_sale():
            party = node["cac:Party"]
            party["cac:PartyTaxScheme"] = [
                scheme
                for scheme in party["cac:PartyTaxScheme"]
                if scheme["cac:TaxScheme"]["cbc:ID"]["_text"] != "VAT"
            ]

    def _export_invoice_constraints(self, invoice, vals):
        constraints = super()._export_invoice_constraints(invoice, vals)
        if invoice.move_type == "out_refund" and invoice._is_no_sale():
            # NL-R-007 is about payments from the customer to the supplier.
            constraints.pop("nl_r_007", None)
        return constraints
