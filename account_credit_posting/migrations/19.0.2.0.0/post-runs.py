from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

#: Stored fields of batches that became fields of runs.
COLUMNS = (
    *("requested_by_id", "work", "is_paused", "is_scheduled"),
    *("posting_start", "posting_end"),
    *("reversal_mode", "reversal_date", "reversal_count"),
)

#: Scheduled actions that became those of runs.
CRONS = (
    "ir_cron_post_later",
    *(f"ir_cron_post_credits_{number}" for number in range(1, 5)),
)


def migrate(cr, version):
    """Let what is done with a batch be a run, so that queued batches go on."""
    if not version:
        return
    # Whatever was asked for; those that workers have, or that wait, are in force. What
    # was posted before there was a name for it was asked for by whoever created it.
    cr.execute(
        """
        INSERT INTO account_credit_run (
            batch_id, work, requested_by_id, is_paused, is_scheduled, start, "end",
            reversal_mode, reversal_date, reversal_count,
            create_uid, create_date, write_uid, write_date
        )
        SELECT batch.id,
               COALESCE(batch.work, 'post'),
               COALESCE(batch.requested_by_id, batch.create_uid),
               COALESCE(batch.is_paused, FALSE),
               COALESCE(batch.is_scheduled, FALSE),
               batch.posting_start,
               CASE WHEN batch.state NOT IN ('to_approve', 'queued', 'posting')
                    THEN COALESCE(batch.posting_end, batch.write_date)
                END,
               batch.reversal_mode,
               batch.reversal_date,
               batch.reversal_count,
               COALESCE(batch.requested_by_id, batch.create_uid),
               COALESCE(batch.posting_start, batch.create_date),
               batch.write_uid,
               batch.write_date
          FROM account_credit_batch batch
         WHERE batch.run_id IS NULL
           AND (batch.state NOT IN ('draft', 'cancelled')
                OR batch.requested_by_id IS NOT NULL)
      ORDER BY batch.id
        """
    )
    cr.execute(
        """
        UPDATE account_credit_batch batch
           SET run_id = run.id
          FROM account_credit_run run
         WHERE run.batch_id = batch.id
           AND batch.run_id IS NULL
        """
    )
    for column in COLUMNS:
        cr.execute(
            SQL(
                "ALTER TABLE account_credit_batch DROP COLUMN IF EXISTS %s",
                SQL.identifier(column),
            )
        )
    env = api.Environment(cr, SUPERUSER_ID, {})
    env.invalidate_all()
    # Their data file says so, for new databases alone.
    runs = env["ir.model"]._get("account.credit.run")
    for name in CRONS:
        cron = env.ref(f"account_credit_posting.{name}", raise_if_not_found=False)
        if cron:
            cron.model_id = runs
