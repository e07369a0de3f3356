from . import (
    account_chart_template,
    account_edi_xml_cii_facturx,
    account_edi_xml_ubl_bis3,
    account_move,
    account_tax,
    product_template,
    res_company,
)
