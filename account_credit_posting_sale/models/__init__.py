from . import (
    account_move_line,
    payment_provider,
    payment_transaction,
    res_company,
    res_config_settings,
    sale_order,
    sale_order_line,
)
