{
    "name": "Account Credit Posting: Point of Sale Loyalty",
    "summary": "Tills sell and use the gift cards and eWallets of the ledger",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "maintainers": ["account-credit-posting"],
    "website": "https://github.com/account-credit-posting/account-credit-posting",
    "license": "LGPL-3",
    "development_status": "Beta",
    "images": ["static/description/icon.png"],
    "depends": [
        "account_credit_posting_loyalty",
        "account_credit_posting_pos",
        "pos_loyalty",
    ],
    "auto_install": True,
}
