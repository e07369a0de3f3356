from . import voucher_tax
