from odoo.tools.sql import table_exists


def migrate(cr, version):
    """Say which accounts hold stored value, before the database keeps them to it.

    What was booked there by others stays as it is.
    """
    if not version or not table_exists(cr, "account_stored_value"):
        return
    cr.execute(
        "ALTER TABLE account_account "
        "ADD COLUMN IF NOT EXISTS holds_stored_value boolean"
    )
    cr.execute(
        """
        UPDATE account_account
           SET holds_stored_value = TRUE
         WHERE id IN (
               SELECT UNNEST(ARRAY[
                          gift_card_liability_account_id,
                          prepayment_liability_account_id,
                          promotional_liability_account_id
                      ])
                 FROM res_company
                UNION
               SELECT liability_account_id FROM account_stored_value
         )
        """
    )
