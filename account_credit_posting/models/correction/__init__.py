from . import account_credit_correction
from . import account_credit_correction_expire
from . import account_credit_correction_extend
from . import account_credit_correction_label
from . import account_credit_correction_move
from . import account_credit_correction_replace
from . import account_credit_correction_reverse
