"""What a table of figures is."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Way(NamedTuple):
    """One way to do it: a function of an environment and of what was prepared."""

    database: str
    run: Callable
    #: What need not be measured: a function of an environment and accounts.
    prepare: Callable = lambda _env, accounts: accounts
    #: At most so many accounts in a round: of a way that would take minutes.
    most: int = 10**6


def describe_bound(at_least, at_most):
    """Say what a figure is to be."""
    return f"at least {at_least:g}" if at_least else f"at most {at_most:g}"


class Goal(NamedTuple):
    """What a way is to cost: in milliseconds, or as a ratio of what another costs."""

    way: str
    at_most: float = float("inf")
    #: The other way; without one the goal is in milliseconds.
    of: str = ""
    #: Of a ratio that is to be large: of a way that ours is to be faster than.
    at_least: float = 0

    def find_figure(self, medians, size):
        """Return what it is now.

        :param dict medians: ``{way: {size: milliseconds}}``
        """
        figure = medians[self.way][size]
        return figure / medians[self.of][size] if self.of else figure

    def is_met(self, figure):
        """Say whether a figure meets it."""
        return self.at_least <= figure <= self.at_most

    def describe(self):
        """Say what it is, in one line."""
        bound = describe_bound(self.at_least, self.at_most)
        return f"{self.way}: {bound}" + (f" times {self.of}" if self.of else " ms")


def read_processor_time(cr):
    """Return the processor time of this process and of its database process.

    What waits, and what else the machine does, is not in it.
    """
    cr.execute("SELECT pg_backend_pid()")
    [pid] = cr.fetchone()
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return time.process_time() + int(nanoseconds) / 1e9


class Table(NamedTuple):
    """Ways that lead to the same end, and the one that others are compared with."""

    title: str
    unit: str
    ours: str
    ways: dict
    sizes: tuple
    rounds: int = 3
    #: Whether all ways and rounds have the same accounts. Else what one leaves open is
    #: paid in the next.
    shared: bool = False
    #: Of the largest size.
    goals: tuple = ()
    #: Growth of ours from the smallest size to the largest, at most.
    growth: float = float("inf")
    #: What it costs by now, in seconds: a function of a cursor.
    clock: Callable = read_processor_time
