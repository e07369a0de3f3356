{
    "name": "Account Credit Posting: Sales",
    "summary": "Gift cards on sales orders, and emailed where they are paid online",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "maintainers": ["account-credit-posting"],
    "website": "https://github.com/account-credit-posting/account-credit-posting",
    "license": "LGPL-3",
    "development_status": "Beta",
    "images": ["static/description/icon.png"],
    "depends": ["account_credit_posting", "sale"],
    "auto_install": True,
}
