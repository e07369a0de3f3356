from . import (
    account_credit_proof,
    account_move,
    account_move_line,
    account_stored_value,
    pos_order,
    pos_order_line,
    pos_session,
    product_template,
    res_company,
)
