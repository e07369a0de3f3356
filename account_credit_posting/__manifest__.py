{
    "name": "Account Credit Posting",
    "summary": "Credits, gift cards and prepayments for many customer accounts",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "license": "LGPL-3",
    "depends": ["account"],
    "data": [
        "security/account_credit_posting_groups.xml",
        "security/ir.model.access.csv",
        "security/account_credit_posting_rules.xml",
        "views/product_views.xml",
        "views/res_config_settings_views.xml",
        "views/account_credit_batch_views.xml",
        "views/account_credit_line_views.xml",
        "views/account_move_views.xml",
        "views/res_partner_views.xml",
        "wizard/account_post_transaction_views.xml",
    ],
    "demo": [],
    "assets": {
        "web.assets_backend": [
            "account_credit_posting/static/src/**/*",
        ],
        "web.assets_tests": [
            "account_credit_posting/static/tests/tours/**/*",
        ],
    },
    "post_init_hook": "post_init_hook",
    "application": False,
    "installable": True,
}
