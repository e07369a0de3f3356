from odoo import SUPERUSER_ID, api
from odoo.tools import SQL
from odoo.tools.sql import column_exists

#: Stored fields that are read from emails now: {table: columns}.
COLUMNS = {
    "account_credit_batch": ("is_to_tell",),
    "account_credit_line": ("tell_error", "told_date"),
}

#: What templates that users have changed may call: {old name: new name}.
CALLS = {
    "_get_told_lines": "_get_notified_lines",
    "_get_tell_payments": "_get_notice_payments",
}


def migrate(cr, version):
    """Make an email of what each customer was told, could not be, or is to be told."""
    if not version:
        return
    if column_exists(cr, "account_credit_line", "told_date"):
        create_notices(cr)
    for table, columns in COLUMNS.items():
        for column in columns:
            cr.execute(
                SQL(
                    "ALTER TABLE %s DROP COLUMN IF EXISTS %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                )
            )
    for old, new in CALLS.items():
        cr.execute(
            """
            UPDATE mail_template
               SET body_html = replace(body_html::text, %s, %s)::jsonb
             WHERE model = 'account.credit.line'
            """,
            [old, new],
        )
    env = api.Environment(cr, SUPERUSER_ID, {})
    env.invalidate_all()
    # Its data file says so, for new databases alone.
    cron = env.ref(
        "account_credit_posting.ir_cron_notify_customers", raise_if_not_found=False
    )
    if cron:
        cron.model_id = env["ir.model"]._get("account.credit.notice")


def create_notices(cr):
    """Create the rows: one for all lines that an account was told of at a time."""
    cr.execute(
        """
        INSERT INTO account_credit_notice (
                    batch_id, partner_id, company_id, notified_date, error,
                    create_uid, create_date, write_uid, write_date
               )
             SELECT line.batch_id, line.partner_id, MIN(line.company_id),
                    line.told_date,
                    CASE WHEN line.told_date IS NULL THEN MIN(line.tell_error) END,
                    MIN(batch.create_uid), MIN(batch.create_date),
                    MIN(batch.create_uid), MIN(batch.write_date)
               FROM account_credit_line line
               JOIN account_credit_batch batch ON batch.id = line.batch_id
              WHERE line.partner_id IS NOT NULL
                AND (
                    line.told_date IS NOT NULL
                    OR (
                        line.state = 'posted'
                        AND line.is_to_reverse IS NOT TRUE
                        AND (line.tell_error IS NOT NULL OR batch.is_to_tell)
                    )
                )
           GROUP BY line.batch_id, line.partner_id, line.told_date
           ORDER BY MIN(line.id)
        """
    )
    cr.execute(
        """
        UPDATE account_credit_line line
           SET notice_id = notice.id
          FROM account_credit_notice notice
         WHERE notice.batch_id = line.batch_id
           AND notice.partner_id = line.partner_id
           AND notice.notified_date IS NOT DISTINCT FROM line.told_date
           AND (
               line.told_date IS NOT NULL
               OR (line.state = 'posted' AND line.is_to_reverse IS NOT TRUE)
           )
        """
    )
