from . import (
    account_move,
    account_move_line,
    loyalty_card,
    loyalty_program,
    pos_order,
    pos_order_line,
    pos_session,
)
