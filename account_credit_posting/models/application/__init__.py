from . import account_credit_source
from . import account_credit_application
