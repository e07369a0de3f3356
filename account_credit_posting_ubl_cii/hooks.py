def post_init_hook(env):
    """Say of the credit items and gift cards that are there that they are no sale."""
    env["res.company"].search([])._say_what_is_no_sale()


def uninstall_hook(env):
    """Take the tax from the products again; documents keep it, as what they are."""
    taxes = env["account.tax"].with_context(active_test=False)
    no_sale = taxes.search([("is_no_sale", "=", True)])
    products = env["product.template"].with_context(active_test=False)
    for product in products.search([("taxes_id", "in", no_sale.ids)]):
        product.taxes_id -= no_sale
    no_sale.active = False
