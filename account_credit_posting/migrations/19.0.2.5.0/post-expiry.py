def migrate(cr, version):
    """Book no expiry where credits may have expired years ago, until somebody asks.

    Settings, Book Expired Credits, switches it on.
    """
    cr.execute(
        """
        UPDATE res_company
           SET book_expired_credits = FALSE
         WHERE id IN (
               SELECT company_id
                 FROM account_credit_batch
                WHERE expiry_date IS NOT NULL
               )
        """
    )
