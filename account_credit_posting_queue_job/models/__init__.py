from . import account_credit_batch, account_credit_run
