from odoo.tests import TransactionCase, tagged

from .. import const
from ..tools.isolating import isolate


@tagged("post_install", "-at_install")
class TestIsolating(TransactionCase):
    """What is refused of a set costs the others little, and never what they did."""

    def _isolate(self, count, bad, first=None):
        """Attempt numbers, of which some are refused after the work.

        :return: ``(sets attempted, numbers done, numbers refused)``
        """
        sets, refused = [], []

        def attempt(numbers):
            sets.append(numbers)
            if not bad.isdisjoint(numbers):
                raise ValueError("No")
            return numbers

        def refuse(numbers, error):
            self.assertEqual(str(error), "No")
            refused.extend(numbers)

        done = isolate(self.env.cr, list(range(count)), attempt, refuse, first)
        return sets, [number for numbers in done for number in numbers], refused

    def test_each_is_done_or_refused_once(self):
        for count in (0, 1, 2, 24, 25, 26, 74, 200, 501):
            for bad in (set(), {0}, {count - 1}, {1, 2, 60}, set(range(count))):
                for first in (None, 1, 25):
                    with self.subTest(count=count, bad=bad, first=first):
                        _sets, done, refused = self._isolate(count, bad, first)
                        expected = sorted(bad & set(range(count)))
                        self.assertEqual(refused, expected)
                        self.assertEqual(
                            done, [n for n in range(count) if n not in bad]
                        )

    def test_all_are_one_set_where_nothing_is_refused(self):
        self.assertEqual([len(part) for part in self._isolate(200, set())[0]], [200])

    def test_two_that_are_refused_together_only(self):
        refused = []

        def attempt(numbers):
            if {3, 4} <= set(numbers):
                raise ValueError("No")
            return numbers

        done = isolate(
            self.env.cr,
            list(range(8)),
            attempt,
            lambda part, _error: refused.extend(part),
        )
        self.assertEqual(sum(done, []), list(range(8)))
        self.assertFalse(refused)

    def test_all_refused_costs_two_attempts_each(self):
        sets, *_ = self._isolate(200, set(range(200)), const.ISOLATED_FIRST)
        self.assertLess(len(sets), 2 * 200)

    def test_sets_grow_until_one_is_refused(self):
        first = const.ISOLATED_FIRST
        sets, *_ = self._isolate(200, set(), first)
        self.assertEqual([len(part) for part in sets], [25, 50, 125])

    def test_one_in_a_hundred_repeats_little(self):
        sets, *_ = self._isolate(200, {50, 150}, const.ISOLATED_FIRST)
        self.assertLess(sum(map(len, sets)), 1.6 * 200)
