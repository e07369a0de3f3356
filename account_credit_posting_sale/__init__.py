from odoo.addons.payment import reset_payment_provider, setup_provider

from . import controllers, models, wizard
from .const import PROVIDER_CODE


def post_init_hook(env):
    """Give every company a provider of its own, which is not enabled yet.

    :param env: environment of the superuser
    """
    setup_provider(env, PROVIDER_CODE)


def uninstall_hook(env):
    """Take what makes our providers work, as Odoo does with its own.

    :param env: environment of the superuser
    """
    reset_payment_provider(env, PROVIDER_CODE)
