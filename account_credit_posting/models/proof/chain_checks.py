"""What has to be so of the numbers and the hashes of entries.

In the journals that credits and stored value are posted in: the company's own ones for
it, and those of inalterable entries.
"""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from odoo.addons.account.models.account_move import MAX_HASH_VERSION

from ... import const
from .ledger_check import Check, Found

_lt = LazyTranslate(__name__)

#: Hashed entries that are in memory at once.
CHUNK = 1000


def _find_journals(company):
    """Return the journals of a company that want no gap, or hold hashes.

    :return: ``account.journal`` records
    """
    journals = company.env["account.journal"].with_context(active_test=False)
    own = (
        company.credit_journal_id
        | company.credit_entry_journal_id
        | company.stored_value_journal_id
    )
    return own.filtered(lambda journal: journal.company_id == company) | (
        journals.search(
            [("company_id", "=", company.id), ("restrict_mode_hash_table", "=", True)]
        )
    )


def find_gaps(company):
    """Look for numbers that are missing after the last day that is locked.

    What was missing when a period was locked was accepted with it, as on Odoo's
    dashboard.

    :return: a :class:`Found`: the entries that follow a gap
    """
    checked = failed = 0
    samples = []
    for journal in _find_journals(company):
        lock_date = company._get_user_fiscal_lock_date(journal, ignore_exceptions=True)
        rows = company.env.execute_query(
            SQL(
                """
                SELECT id, failed, COUNT(*) OVER (), SUM(failed::int) OVER ()
                  FROM (
                       SELECT id,
                              date > %(lock_date)s
                              AND sequence_number > 1
                              AND (sequence_number - 1 <> COALESCE(
                                       LAG(sequence_number) OVER (
                                           PARTITION BY sequence_prefix
                                               ORDER BY sequence_number, id
                                       ), 0)
                                   -- Odoo's own mark of it.
                                   OR made_sequence_gap IS TRUE) AS failed
                         FROM account_move
                        WHERE journal_id = %(journal)s
                          AND state = 'posted'
                       ) AS numbered
              ORDER BY failed DESC, id
                 LIMIT %(limit)s
                """,
                journal=journal.id,
                lock_date=lock_date,
                limit=const.LISTED,
            )
        )
        for *_first, in_journal, wrong in rows[:1]:
            checked += in_journal
            failed += wrong
        samples += [
            (move_id, None) for move_id, is_failed, *_counts in rows if is_failed
        ]
    return Found(checked, failed, samples[: const.LISTED])


def find_broken_hashes(company):
    """Compute the hashes of inalterable entries again, as Odoo does.

    :return: a :class:`Found`: the first entry of each chain that does not follow from
        the one before, or is not what it was
    """
    checked = failed = 0
    samples = []
    for journal in _find_journals(company):
        chain = _Chain(journal)
        checked += chain.length
        failed += len(chain.broken)
        samples += [(move.id, None) for move in chain.broken.values()]
    return Found(checked, failed, samples[: const.LISTED])


class _Chain:
    """The hashed entries of a journal, a chain for each prefix of their numbers."""

    def __init__(self, journal):
        """Go through all of them, chunk by chunk."""
        self.last = {}  # {prefix: the last sound entry}
        self.broken = {}  # {prefix: the first entry that is not sound}
        self.length = 0
        self.version = 1
        moves = journal.env["account.move"]
        rows = journal.env.execute_query(
            moves._search(
                [("journal_id", "=", journal.id), ("inalterable_hash", "!=", False)],
                order="secure_sequence_number ASC NULLS LAST, sequence_prefix, "
                "sequence_number ASC",
            ).select()
        )
        self.latest = moves
        for start in range(0, len(rows), CHUNK):
            for move in moves.browse(row[0] for row in rows[start : start + CHUNK]):
                self._follow(move)
            moves.env.invalidate_all()
        self.length = len(rows)

    def _follow(self, move):
        """Compare the hash of an entry with what follows from the one before."""
        prefix = move.sequence_prefix
        if prefix in self.broken:
            return
        # Entries of earlier versions are one chain in their journal.
        before = (
            self.latest
            if move.secure_sequence_number
            else self.last.get(prefix, move.browse())
        )
        if self._is_sound(move, before.inalterable_hash or ""):
            self.last[prefix] = self.latest = move
        else:
            self.broken[prefix] = move

    def _is_sound(self, move, previous):
        # What a hash is made of has changed with Odoo's versions, never back.
        while True:
            hashes = move.with_context(hash_version=self.version)._calculate_hashes(
                previous
            )
            if hashes[move] == move.inalterable_hash:
                return True
            if self.version >= MAX_HASH_VERSION:
                return False
            self.version += 1


NUMBERS = Check(
    code="numbers",
    name=_lt("No number is missing"),
    how=_lt(
        "In the journals of credits, gift cards and prepayments, and in each journal "
        "with inalterable entries: the numbers of posted entries have no gaps, "
        "neither by their order nor by Odoo's own check. Gaps before the lock date "
        "were accepted when the period was locked."
    ),
    model="account.move",
    find=find_gaps,
)

HASHES = Check(
    code="hashes",
    name=_lt("Inalterable entries are unchanged"),
    how=_lt(
        "The hash of each inalterable entry in those journals is computed again, as "
        "Odoo computes it, from its content and the hash before it."
    ),
    model="account.move",
    find=find_broken_hashes,
)

CHAIN_CHECKS = (NUMBERS, HASHES)
