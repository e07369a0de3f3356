{
    "name": "Account Credit Posting: eCommerce",
    "summary": "Gift cards are sold in the shop of the website",
    "version": "19.0.1.1.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "maintainers": ["account-credit-posting"],
    "website": "https://github.com/account-credit-posting/account-credit-posting",
    "license": "LGPL-3",
    "development_status": "Beta",
    "images": ["static/description/icon.png"],
    "depends": ["account_credit_posting_sale", "website_sale"],
    "data": ["views/payment_templates.xml"],
    "assets": {
        "web.assets_tests": [
            "account_credit_posting_website_sale/static/tests/tours/**/*",
        ],
    },
    "auto_install": True,
}
