from . import account_credit_notice
