from . import (
    test_payment_transaction,
    test_portal_invoice,
    test_saved_card,
    test_top_up,
    test_tours,
)
