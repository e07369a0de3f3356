from . import account_credit_form_promise
