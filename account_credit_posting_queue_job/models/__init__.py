from . import account_credit_batch
