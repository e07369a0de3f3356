def migrate(cr, version):
    """Let posted estimates of breakage name the contra account that they booked to."""
    cr.execute(
        """
        UPDATE account_breakage_estimate estimate
           SET contra_account_id = item.account_id
          FROM account_move_line item
          JOIN account_account account ON account.id = item.account_id
         WHERE item.move_id = estimate.move_id
           AND account.account_type = 'liability_current'
           AND estimate.contra_account_id IS NULL
        """
    )
