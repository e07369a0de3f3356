from . import account_credit_application
