from . import account_credit_long_list
from . import account_credit_check
from . import account_credit_form
from . import account_credit_form_entry
from . import account_credit_form_note
from . import account_credit_form_invoice
from . import account_credit_batch
from . import account_credit_line
