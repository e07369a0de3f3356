from . import code_log_filter, controllers, models, wizard
from .hooks import post_init_hook, uninstall_hook
