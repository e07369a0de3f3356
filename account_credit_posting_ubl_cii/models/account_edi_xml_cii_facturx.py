from lxml import etree

from odoo import models

NAMESPACES = {
    "ram": "urn:un:unece:uncefact:data:standard"
    ":ReusableAggregateBusinessInformationEntity:100",
}


class AccountEdiXmlCiiFacturx(models.AbstractModel):
    """Category O of EN 16931: no rate, and no VAT identifier of either party."""

    _inherit = "account.edi.xml.cii"

    def _export_invoice(self, invoice):
        content, errors = super()._export_invoice(invoice)
        if not invoice._is_no_sale():
            return content, errors
        tree = etree.fromstring(content)
        for path in (
            # BR-O-05.
            "//ram:ApplicableTradeTax[ram:CategoryCode='O']/ram:RateApplicablePercent",
            # BR-O-02.
            "//ram:SpecifiedTaxRegistration[ram:ID/@schemeID='VA']",
        ):
            for node in tree.xpath(path, namespaces=NAMESPACES):
                node.getparent().remove(node)
        return etree.tostring(tree, xml_declaration=True, encoding="UTF-8"), errors
