def migrate(cr, version):
    """Let each credit have the expiry date of its batch, in one statement.

    Odoo would compute it credit by credit.
    """
    cr.execute(
        "ALTER TABLE account_credit_line ADD COLUMN IF NOT EXISTS expiry_date date"
    )
    cr.execute(
        """
        UPDATE account_credit_line line
           SET expiry_date = batch.expiry_date
          FROM account_credit_batch batch
         WHERE batch.id = line.batch_id
           AND batch.expiry_date IS NOT NULL
        """
    )
