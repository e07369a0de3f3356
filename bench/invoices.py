"""Posting invoices for accounts without credits."""

from odoo.tools import SQL

from .databases import WITH, WITHOUT
from .documents import create_invoices
from .tables import Goal, Table, Way


def create_with_triggers(env, accounts):
    """Create draft invoices, where the database checks what is posted."""
    switch_triggers(env, SQL("ENABLE"))
    return create_invoices(env, accounts)


def create_without_triggers(env, accounts):
    """Create draft invoices, where the database leaves that to the addon's code."""
    switch_triggers(env, SQL("DISABLE"))
    return create_invoices(env, accounts)


def switch_triggers(env, state):
    """Switch the triggers on journal items that are not those of keys."""
    env.cr.execute(
        """
        SELECT tgname
          FROM pg_trigger
         WHERE tgrelid = 'account_move_line'::regclass AND NOT tgisinternal
        """
    )
    for [name] in env.cr.fetchall():
        env.cr.execute(
            SQL(
                "ALTER TABLE account_move_line %s TRIGGER %s",
                state,
                SQL.identifier(name),
            )
        )


def post_invoices(env, invoices):
    """Post draft invoices of accounts without credits."""
    invoices.action_post()
    env.cr.commit()


TABLE = Table(
    title="posting invoices for accounts without credits",
    unit="processor ms per posted invoice",
    ours="with the addon",
    ways={
        "without the addon": Way(WITHOUT, post_invoices, create_invoices),
        "without its triggers": Way(WITH, post_invoices, create_without_triggers),
        "with the addon": Way(WITH, post_invoices, create_with_triggers),
    },
    sizes=(60,),
    # What differs is small beside what differs from one moment to the next.
    rounds=16,
    goals=(Goal("with the addon", at_most=1.05, of="without the addon"),),
)
