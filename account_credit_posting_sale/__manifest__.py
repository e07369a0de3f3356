{
    "name": "Account Credit Posting: Sales",
    "summary": "Gift cards on orders, and orders paid with the account balance",
    "version": "19.0.1.1.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "maintainers": ["account-credit-posting"],
    "website": "https://github.com/account-credit-posting/account-credit-posting",
    "license": "LGPL-3",
    "development_status": "Beta",
    "images": ["static/description/icon.png"],
    "depends": ["account_credit_posting_payment", "sale"],
    "data": [
        "views/payment_templates.xml",
        "views/payment_provider_views.xml",
        "views/res_config_settings_views.xml",
        "data/payment_method_data.xml",
        "data/payment_provider_data.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "account_credit_posting_sale/static/tests/tours/**/*",
        ],
    },
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
