{
    "name": "Account Credit Posting: Point of Sale",
    "summary": "Gift cards are sold and taken back at the till",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "maintainers": ["account-credit-posting"],
    "website": "https://github.com/account-credit-posting/account-credit-posting",
    "license": "LGPL-3",
    "development_status": "Beta",
    "images": ["static/description/icon.png"],
    "depends": ["account_credit_posting", "point_of_sale"],
    "data": ["views/account_stored_value_views.xml"],
    "assets": {
        "point_of_sale._assets_pos": [
            "account_credit_posting_pos/static/src/**/*",
        ],
        "web.assets_tests": [
            "account_credit_posting_pos/static/tests/tours/**/*",
        ],
    },
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
