"""Hook that runs when the addon is removed from a database."""


def uninstall_hook(env):
    """Take gift cards off the tills: nothing sells them there any more.

    :param env: environment of the superuser
    """
    products = env["product.template"].with_context(active_test=False)
    sold = products.search([("is_gift_card", "=", True)])
    sold.available_in_pos = False
