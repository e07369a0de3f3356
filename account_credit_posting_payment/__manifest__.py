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
    "data": ["views/portal_templates.xml"],
    "assets": {
        "web.assets_tests": [
            "account_credit_posting_payment/static/tests/tours/**/*",
        ],
    },
    "auto_install": True,
}
