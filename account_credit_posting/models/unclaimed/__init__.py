from . import account_unclaimed_due, account_unclaimed_rule
