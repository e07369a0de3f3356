from . import voucher_tax
from . import account_voucher
from . import account_tax
