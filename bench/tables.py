"""What a table of figures is."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Way(NamedTuple):
    """One way to do it: a function of an environment and of what was prepared."""

    database: str
    run: Callable
    #: What need not be measured: a function of an environment and accounts.
    prepare: Callable = lambda _env, accounts: accounts


class Table(NamedTuple):
    """Ways that lead to the same end, and the one that others are compared with."""

    title: str
    unit: str
    ours: str
    ways: dict
    sizes: tuple
    rounds: int = 3
    #: What it costs by now, in seconds: a function of a cursor.
    clock: Callable = lambda _cr: time.perf_counter()
