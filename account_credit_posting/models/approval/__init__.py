from . import account_credit_approval
from . import account_credit_cap
from . import account_credit_undo
