{
    "name": "Account Credit Posting: Sales",
    "summary": "Gift cards on sales orders have no down payment",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Account Credit Posting contributors",
    "license": "LGPL-3",
    "depends": ["account_credit_posting", "sale"],
    "auto_install": True,
}
