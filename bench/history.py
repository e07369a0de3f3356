"""Posting a credit in a small and in a large database."""

from .databases import LARGE, SMALL
from .posting import post_by_batch
from .tables import Goal, Table, Way

TABLE = Table(
    title="posting a credit in a small and in a large database",
    unit="processor ms per posted credit",
    ours=SMALL,
    ways={SMALL: Way(SMALL, post_by_batch), LARGE: Way(LARGE, post_by_batch)},
    sizes=(500,),
    goals=(Goal(LARGE, at_most=1.1, of=SMALL),),
)
