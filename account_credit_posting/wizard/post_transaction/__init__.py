from . import account_post_transaction
from . import account_post_transaction_import
from . import account_post_transaction_line
