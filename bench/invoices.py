"""Posting invoices for accounts without credits."""

from .databases import WITH, WITHOUT
from .documents import create_invoices
from .tables import Table, Way


def post_invoices(env, invoices):
    """Post draft invoices of accounts without credits."""
    invoices.action_post()
    env.cr.commit()


TABLE = Table(
    title="posting invoices for accounts without credits",
    unit="ms per posted invoice",
    ours="with the addon",
    ways={
        "without the addon": Way(WITHOUT, post_invoices, create_invoices),
        "with the addon": Way(WITH, post_invoices, create_invoices),
    },
    sizes=(1000,),
    rounds=9,
)
