{
    "name": "Account Credit Posting: Online Payments",
    "summary": "What is paid online goes together with credits and cards",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "maintainers": ["account-credit-posting"],
    "website": "https://github.com/account-credit-posting/account-credit-posting",
    "license": "LGPL-3",
    "development_status": "Beta",
    "images": ["static/description/icon.png"],
    "depends": ["account_credit_posting", "account_payment"],
    "data": [
        "security/ir.model.access.csv",
        "security/account_top_up_rules.xml",
        "views/payment_transaction_views.xml",
        "views/portal_templates.xml",
        "views/portal_top_up_templates.xml",
        "views/res_config_settings_views.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "account_credit_posting_payment/static/tests/tours/**/*",
        ],
    },
    "auto_install": True,
}
