from . import account_post_money
from . import account_post_payment
from . import account_post_refund
