from . import common
from . import test_account_credit_batch
from . import test_account_credit_entry
from . import test_account_credit_line
from . import test_post_credits
from . import test_rights
