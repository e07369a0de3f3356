from . import (
    common,
    test_account_credit_application,
    test_account_credit_batch,
    test_account_credit_entry,
    test_account_credit_line,
    test_account_post_transaction,
    test_post_credits,
    test_product_template,
    test_res_company,
    test_res_partner,
    test_rights,
    test_tours,
)
