"""Names of the addon."""

#: Of the payment provider, and of its payment method: the customer's own account.
PROVIDER_CODE = "account_credit"
