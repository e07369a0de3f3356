from . import (
    account_billing_mail,
    account_billing_movement,
    customer_page,
    invoice_payment,
)
