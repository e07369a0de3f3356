from . import account_move_line, payment_transaction, sale_order, sale_order_line
