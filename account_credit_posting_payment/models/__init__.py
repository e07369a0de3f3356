from . import (
    account_move,
    account_move_line,
    account_top_up,
    payment_transaction,
    res_company,
    res_config_settings,
)
