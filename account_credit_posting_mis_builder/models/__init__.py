from . import account_account
