from . import account_stored_value_liability
from . import account_stored_value_ageing
from . import account_liability_report
from . import account_credit_dashboard
from . import account_stored_value_curve
