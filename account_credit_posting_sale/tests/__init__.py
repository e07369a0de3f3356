from . import test_account_move, test_sale_order
