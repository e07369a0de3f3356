from . import account_billing_movement, customer_page, invoice_payment
