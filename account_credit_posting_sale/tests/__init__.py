from . import (
    test_account_move,
    test_balance,
    test_payment_transaction,
    test_sale_order,
    test_tours,
)
