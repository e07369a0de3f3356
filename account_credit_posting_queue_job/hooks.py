"""Hook that runs when the addon is removed from a database."""


def uninstall_hook(env):
    """Cancel the jobs that nobody could do any more; scheduled actions go on.

    :param env: environment of the superuser
    """
    env["queue.job"].search([("method_name", "=", "_work_as_job")]).button_cancelled()
