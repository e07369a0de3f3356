from . import account_breakage_estimate
