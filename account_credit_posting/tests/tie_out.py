"""The proof that stored values and the general ledger agree."""

#: Where stored values and general ledger disagree, by company, liability account and
#: date: every line there names a stored value of the same account and company, and
#: nothing of a stored value is booked elsewhere.
TIE_OUT = """
    WITH liability AS (
        SELECT UNNEST(ARRAY[
                   gift_card_liability_account_id,
                   prepayment_liability_account_id,
                   promotional_liability_account_id
               ]) AS account_id
          FROM res_company
         UNION
        SELECT liability_account_id FROM account_stored_value
    )
    SELECT line.company_id, line.account_id, line.date
      FROM account_move_line line
 LEFT JOIN account_stored_value value ON value.id = line.stored_value_id
     WHERE line.parent_state = 'posted'
       AND (line.account_id IN (SELECT account_id FROM liability WHERE account_id > 0)
            OR line.stored_value_id IS NOT NULL)
  GROUP BY line.company_id, line.account_id, line.date
    HAVING SUM(line.balance) IS DISTINCT FROM SUM(line.balance) FILTER (
               WHERE value.liability_account_id = line.account_id
                 AND value.partner_id = line.partner_id
                 AND value.company_id = line.company_id
                 AND value.currency_id = line.currency_id
           )
"""

#: What is below zero on any day: the stored value, the day, and what it held by then.
OVERDRAWN = """
    SELECT *
      FROM (
           SELECT stored_value_id, date,
                  SUM(SUM(-amount_currency)) OVER (
                      PARTITION BY stored_value_id ORDER BY date
                  ) AS held
             FROM account_move_line
            WHERE stored_value_id IS NOT NULL
              AND parent_state = 'posted'
         GROUP BY stored_value_id, date
           ) AS day
     WHERE ROUND(held, 4) < 0
"""
