"""What a check of the ledger is, and how it is run: by one statement, which only reads.

Each check lists what it looks at, sound or not, so that what it counted can be said as
well as what failed. It looks at the tables alone, by other ways than the code that has
written them.
"""

import time
from contextlib import contextmanager
from typing import Any, NamedTuple

from odoo.tools import SQL

from ... import const


class Found(NamedTuple):
    """What a check found in a company."""

    checked: int = 0
    failed: int = 0
    #: The first records that failed: ``[(id, what is wrong, where that says more)]``.
    samples: Any = ()


class Check(NamedTuple):
    """One claim about the ledger."""

    code: str
    #: What should be so, for whoever reads the proof.
    name: Any
    #: What is compared with what.
    how: Any
    #: The model of the records that can fail.
    model: str
    #: A SELECT of ``company_id``, ``id``, ``detail`` (a text or NULL) and ``failed``
    #: for each record that is looked at. ``{unbooked}`` stands for ids of stored
    #: values whose entry comes later, see ``account.credit.proof``.
    rows: str = ""
    #: Where no statement can tell: called with a company, it returns a :class:`Found`.
    find: Any = None

    def get_query(self, unbooked="SELECT NULL::integer WHERE FALSE"):
        """Return the SELECT of what is looked at.

        :param str unbooked: a SELECT of ids of stored values
        """
        return self.rows.replace("{unbooked}", unbooked)

    def get_failed_query(self, unbooked="SELECT NULL::integer WHERE FALSE"):
        """Return a SELECT of what fails alone."""
        # Both are ours.
        query = self.get_query(unbooked)
        return f"SELECT company_id, id, detail FROM ({query}) AS checked WHERE failed"  # noqa: S608

    def run(self, companies, unbooked):
        """Look at all that there is in some companies.

        :param companies: ``res.company`` records, with all rights
        :param str unbooked: see :meth:`get_query`
        :return: ``({company: Found}, seconds)``, each company in it
        """
        start = time.monotonic()
        with read_only(companies.env.cr):
            found = (
                {company: self.find(company) for company in companies}
                if self.find
                else self._query(companies, unbooked)
            )
        return found, time.monotonic() - start

    def _query(self, companies, unbooked):
        rows = companies.env.execute_query(
            SQL(
                """
                SELECT company_id,
                       COUNT(*),
                       COUNT(*) FILTER (WHERE failed),
                       TO_JSONB((
                           ARRAY_AGG(JSONB_BUILD_ARRAY(id, detail) ORDER BY id)
                           FILTER (WHERE failed)
                       )[:%s])
                  FROM (%s) AS checked
                 WHERE company_id = ANY(%s)
              GROUP BY company_id
                """,
                const.LISTED,
                SQL(self.get_query(unbooked)),
                companies.ids,
            )
        )
        found = dict.fromkeys(companies, Found())
        for company_id, checked, failed, samples in rows:
            company = companies.browse(company_id)
            found[company] = Found(checked, failed, samples or ())
        return found


@contextmanager
def read_only(cr):
    """Let the database refuse whatever would be written until the block ends."""
    with cr.savepoint():
        # PostgreSQL lets this end with the savepoint.
        cr.execute("SET TRANSACTION READ ONLY")
        yield
