from . import account_credit_vat
