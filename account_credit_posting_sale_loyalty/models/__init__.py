from . import (
    account_move_line,
    loyalty_card,
    loyalty_program,
    sale_order,
    sale_order_line,
)
