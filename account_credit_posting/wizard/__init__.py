from . import account_billing_statement
from . import account_credit_batch_notify
from . import account_credit_batch_reverse
from . import account_credit_line_change
from . import account_stored_value_change
from . import account_stored_value_use
from . import post_money
from . import post_transaction
