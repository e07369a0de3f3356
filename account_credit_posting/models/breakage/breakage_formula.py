"""How much of what is expected to stay unused is income by now; it needs no database.

IFRS 15 B44-B47, ASC 606-10-55-46 to 49: in proportion to what customers use.
"""

from typing import NamedTuple


class Cohort(NamedTuple):
    """What was sold together, and what became of it: amounts of one currency."""

    sold: float
    used: float
    #: Of gift cards that expired: taken to income already, and final.
    expired: float = 0.0
    #: Left on gift cards that nobody has used for the time of the remote method.
    forgotten: float = 0.0
    #: Handed to a state: neither used nor income.
    handed: float = 0.0

    @property
    def left(self):
        """Return what the gift cards still hold."""
        return max(self.sold - self.used - self.expired - self.handed, 0.0)


def allocate(amount, used, expected):
    """Return which part of an amount is earned: as much as customers have used.

    :param amount: to be earned in all
    :param used: until now
    :param expected: to be used in the end; once nothing more is, all is earned
    """
    if expected <= 0:
        return amount
    return min(amount, amount * used / expected)


def find_proportional(cohort, unused, to_state=0.0):
    """Return the balance of the contra account by the proportional method.

    What has expired is income by its own entry, so that only the rest of what is
    expected to stay unused is earned here. What is left of the cards is the most.

    :param unused: the amount expected to stay unused, what has expired among it
    :param to_state: the amount expected to go to a state
    """
    expected = cohort.sold - unused - to_state
    rest = max(unused - cohort.expired, 0.0)
    return min(max(allocate(rest, cohort.used, expected), 0.0), cohort.left)


def find_remote(cohort):
    """Return the balance of the contra account by the remote method.

    :return: what is left of cards that nobody has used for long
    """
    return min(max(cohort.forgotten, 0.0), cohort.left)
