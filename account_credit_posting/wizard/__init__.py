from . import (
    account_billing_statement,
    account_credit_batch_reverse,
    account_post_transaction,
    account_post_transaction_accounts,
    account_post_transaction_approval,
    account_post_transaction_charge,
    account_post_transaction_line,
    account_post_transaction_many,
    account_post_transaction_preview,
    account_post_transaction_texts,
    account_stored_value_change,
    account_stored_value_use,
)
