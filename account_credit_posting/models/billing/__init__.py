from . import account_billing_movement
