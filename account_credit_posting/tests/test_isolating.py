from psycopg2.extras import Json

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

    def test_what_was_read_before_a_refused_set_is_not_read_again(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        category = self.env["res.partner.category"].create({"name": "Families"})
        french = category.with_context(lang="fr_FR")
        french.name = "Familles"
        parent, child, other = self.env["res.partner"].create(
            [{"name": "Parent"}, {"name": "Child"}, {"name": "Other"}]
        )
        child.parent_id = parent
        addressed = child.with_context(show_address=True)
        parent.credit_limit = 7  # By company.
        self.env.invalidate_all()

        def read():
            names = [category.name, child.display_name, addressed.display_name]
            return [*names, parent.name, parent.credit_limit, parent.comment]

        read()
        # Known, and not yet written.
        parent.comment = "Before"
        known = read()
        created = []

        def attempt(partners):
            for partner in partners:
                partner.write({"name": "Done", "category_id": category.ids})
            if parent in partners:
                parent.credit_limit = 8
                self.env.cr.execute(
                    "UPDATE res_partner_category SET name = %s WHERE id = %s",
                    [Json({"en_US": "Families", "fr_FR": "Non"}), category.id],
                )
                self.assertEqual(french.name, "Non")
                category.name = "No"
                parent.comment = "After"
                created.append(parent.copy({"parent_id": child.id}))
                self.env.flush_all()
                self.assertFalse(set(read()) & set(known))
                raise ValueError("No")

        isolate(self.env.cr, other + parent, attempt, lambda *_refused: None)
        self.assertTrue(created)
        with self.assertQueryCount(0):
            self.assertEqual(read(), known)
            self.assertEqual(other.name, "Done")
        self.assertEqual(french.name, "Familles")
        for partner in created:
            for field in partner._fields.values():
                known_ids = self.env.transaction.field_data.get(field, {})
                self.assertNotIn(partner.id, known_ids)
        self.assertFalse(self.env.transaction.field_dirty)
        self.env.invalidate_all()
        self.assertEqual(read(), known)
        self.assertEqual([other.category_id, parent.category_id.ids], [category, []])

    def test_what_is_done_about_one_refused_is_known_after_the_next(self):
        first, second = self.env["res.partner"].create(
            [{"name": "First"}, {"name": "Second"}]
        )
        child = self.env["res.partner"].create({"name": "C", "parent_id": first.id})
        self.assertEqual(child.complete_name, "First, C")

        def refuse(partner, _error):
            partner.name += " refused"

        def attempt(_partners):
            raise ValueError("No")

        isolate(self.env.cr, first + second, attempt, refuse)
        self.assertEqual(child.complete_name, "First refused, C")
        self.assertEqual(second.name, "Second refused")

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
        sets, *_ = self._isolate(200, set(), const.ISOLATED_FIRST)
        self.assertEqual([len(part) for part in sets], [15, 30, 60, 95])
        sets, *_ = self._isolate(200, {0}, const.ISOLATED_FIRST)
        self.assertEqual([len(part) for part in sets[-8:]], [25] * 7 + [10])

    def test_one_in_a_hundred_repeats_little(self):
        sets, *_ = self._isolate(200, {50, 150}, const.ISOLATED_FIRST)
        self.assertLess(sum(map(len, sets)), 1.6 * 200)
