from . import test_account_move, test_payment_transaction, test_sale_order
