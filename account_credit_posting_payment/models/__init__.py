from . import account_move, account_move_line, payment_transaction
