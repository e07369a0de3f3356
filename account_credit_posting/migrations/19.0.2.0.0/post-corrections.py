from odoo.tools import SQL
from odoo.tools.sql import column_exists

#: Stored fields that are read from corrections now: {table: columns}.
COLUMNS = {
    "account_credit_batch": ("correction",),
    "account_credit_line": ("moved_from_id", "replaces_id"),
}


def migrate(cr, version):
    """Make a correction of each credit that replaces, or was moved from, another one.

    Why was kept in the logs of the batches, which stay as they are.
    """
    if not version:
        return
    for kind, column in (("replace", "replaces_id"), ("move", "moved_from_id")):
        if not column_exists(cr, "account_credit_line", column):
            continue
        cr.execute(
            SQL(
                """
                INSERT INTO account_credit_correction (
                            kind, line_id, new_line_id, new_batch_id, company_id, date,
                            create_uid, create_date, write_uid, write_date
                       )
                     SELECT %(kind)s, line.%(column)s, line.id, line.batch_id,
                            line.company_id, line.date,
                            line.create_uid, line.create_date,
                            line.create_uid, line.create_date
                       FROM account_credit_line line
                      WHERE line.%(column)s IS NOT NULL
                   ORDER BY line.id
                ON CONFLICT DO NOTHING
                """,
                kind=kind,
                column=SQL.identifier(column),
            )
        )
    for table, columns in COLUMNS.items():
        for column in columns:
            cr.execute(
                SQL(
                    "ALTER TABLE %s DROP COLUMN IF EXISTS %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                )
            )
