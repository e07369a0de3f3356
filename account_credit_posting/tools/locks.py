"""Row locks, and the order in which they are taken.

Whoever takes several of them takes them in this order, so that no two wait for each
other:

0. emails of credits (``account_credit_notice``, never waited for);
1. credit batches (``account_credit_batch``);
2. their credit lines (``account_credit_line``);
3. accounts that have a cap (``res_partner``);
4. invoices whose price is lowered (``account_move``);
5. journal items of credits (``account_move_line``);
6. stored values (``account_stored_value``);
7. journals with inalterable entries (advisory, never waited for);
8. the numbers of a journal (Odoo's own, ``_locked_increment``).

Within one table the order is that of the ids. A transaction that has waited fails to
serialize and is repeated (``odoo.service.model.retrying``): it then finds what the
other one left.
"""

from odoo.tools import SQL

#: First key of PostgreSQL's advisory locks on journals with inalterable entries.
CHAIN_LOCK = 0x43524544


def lock_rows(records):
    """Make other transactions on these rows wait until this one has ended.

    Not ``lock_for_update``: that one does not wait, it refuses.

    :param records: a recordset; its pending changes are flushed
    """
    if not records:
        return
    records.flush_recordset()
    records.env.execute_query(
        SQL(
            "SELECT id FROM %(table)s WHERE id = ANY(%(ids)s) "
            "ORDER BY id FOR NO KEY UPDATE",
            table=SQL.identifier(records._table),
            ids=records.ids,
        )
    )


def touch_rows(records):
    """Let other transactions on these rows fail to serialize, not only wait.

    Each row is written as it is. Not the ORM: it writes nothing where nothing changes.

    :param records: a recordset with ``write_date``
    """
    if not records:
        return
    records.env.execute_query(
        SQL(
            """
            UPDATE %(table)s AS touched
               SET write_date = touched.write_date
              FROM (
                   SELECT id
                     FROM %(table)s
                    WHERE id = ANY(%(ids)s)
                 ORDER BY id
                      FOR NO KEY UPDATE
                   ) AS locked
             WHERE touched.id = locked.id
         RETURNING touched.id
            """,
            table=SQL.identifier(records._table),
            ids=records.ids,
        )
    )


def lock_free_rows(model, condition, limit, *, alias="free"):
    """Lock up to so many rows that nobody else has, and return them.

    Not ``try_lock_for_update``: it would need the ids of all that could be meant.

    :param model: an empty recordset of the rows' model; flushed by the caller
    :param condition: SQL on the rows, which are called as ``alias`` says
    :return: the records, in the order of their ids
    """
    rows = model.env.execute_query(
        SQL(
            "SELECT %(alias)s.id FROM %(table)s AS %(alias)s WHERE %(condition)s "
            "ORDER BY %(alias)s.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
            alias=SQL.identifier(alias),
            table=SQL.identifier(model._table),
            condition=condition,
            limit=limit,
        )
    )
    return model.browse(row[0] for row in rows)


def try_lock_chains(journals):
    """Take the journals with inalterable entries, until this transaction ends.

    Each of their entries is chained to the one before, so that one worker at a time can
    post in them. Other journals are for all workers at once.

    :param journals: ``account.journal`` records
    :return: whether nobody else has them
    """
    return all(
        journals.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", CHAIN_LOCK, journal.id)
        )[0][0]
        for journal in journals.filtered("restrict_mode_hash_table").sorted("id")
    )
