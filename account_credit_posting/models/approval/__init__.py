from . import account_credit_approval
from . import account_credit_cap
