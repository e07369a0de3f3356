"""Hooks that run when the addon is installed into a database."""


def post_init_hook(env):
    """Give every company the records that credits need.

    :param env: environment of the superuser
    """
    # The superuser installs the addon for all companies, not only for its own.
    companies = env["res.company"].search([], order="id")
    companies._create_credit_sequence()
    companies._create_credit_accounting()
