from . import account_credit_run
