{
    "name": "Account Credit Posting: Electronic Invoices",
    "summary": "Credits and gift cards leave as UBL and Factur-X",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "license": "LGPL-3",
    "depends": ["account_credit_posting", "account_edi_ubl_cii"],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
