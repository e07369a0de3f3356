from . import account_credit_observer
from . import account_credit_long_list
from . import account_credit_batch
from . import account_credit_line
