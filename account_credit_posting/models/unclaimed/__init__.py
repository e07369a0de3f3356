from . import account_unclaimed_due
from . import account_unclaimed_letter
from . import account_unclaimed_property
from . import account_unclaimed_rule
