"""What has to be so of gift cards and prepayments."""

from odoo.tools.translate import LazyTranslate

from ..breakage.account_breakage_estimate import BOOKED, CONTRA_ACCOUNTS
from .ledger_check import Check

_lt = LazyTranslate(__name__)

#: Posted items that hold stored value, or should: all on its accounts, whatever they
#: name, and all that name one, wherever they are.
_HELD = """
     WHERE item.parent_state = 'posted'
       -- The tax of a single-purpose voucher is on the account of that tax.
       AND ((item.stored_value_id IS NOT NULL AND item.tax_repartition_line_id IS NULL)
            OR item.account_id IN (
                SELECT UNNEST(ARRAY[
                           gift_card_liability_account_id,
                           prepayment_liability_account_id,
                           promotional_liability_account_id
                       ])
                  FROM res_company
                 UNION
                SELECT UNNEST(ARRAY[liability_account_id, given_account_id])
                  FROM account_stored_value
                 UNION
                SELECT id FROM account_account WHERE holds_stored_value
           ))
"""

TIE_OUT = Check(
    code="tie_out",
    name=_lt("Stored values and general ledger agree, on each day"),
    how=_lt(
        "By company, liability account and day: the sum of all posted journal items "
        "equals that of the items which name a gift card or prepayment of the same "
        "account, customer, company and currency."
    ),
    model="account.account",
    rows="""
    SELECT item.company_id,
           item.account_id AS id,
           item.date::text AS detail,
           SUM(item.balance) IS DISTINCT FROM SUM(item.balance) FILTER (
               WHERE item.account_id IN (
                         value.liability_account_id, value.given_account_id
                     )
                 AND value.partner_id = item.partner_id
                 AND value.company_id = item.company_id
                 AND value.currency_id = item.currency_id
           ) AS failed
      FROM account_move_line item
 LEFT JOIN account_stored_value value ON value.id = item.stored_value_id
     {held}
  GROUP BY item.company_id, item.account_id, item.date
    """.replace("{held}", _HELD),
)

NAMED = Check(
    code="named",
    name=_lt("Each item on a liability account belongs to one gift card or prepayment"),
    how=_lt(
        "Each posted journal item there names a record of its own account, customer, "
        "company and currency, and its entry names its event."
    ),
    model="account.move.line",
    rows="""
    SELECT item.company_id,
           item.id,
           NULL AS detail,
           ((item.account_id IN (value.liability_account_id, value.given_account_id))
            IS NOT TRUE
            OR (value.partner_id, value.company_id, value.currency_id, move.state,
                move.stored_value_event IS NULL)
            IS DISTINCT FROM
            (item.partner_id, item.company_id, item.currency_id, 'posted',
             FALSE)) AS failed
      FROM account_move_line item
      JOIN account_move move ON move.id = item.move_id
 LEFT JOIN account_stored_value value ON value.id = item.stored_value_id
     {held}
    """.replace("{held}", _HELD),
)

OVERDRAWN = Check(
    code="overdrawn",
    name=_lt("No gift card or prepayment is below zero, on any day"),
    how=_lt(
        "For each record and each day with a movement: the sum of all posted items "
        "up to that day, in its currency; the tax of a single-purpose voucher is "
        "summed separately."
    ),
    model="account.stored.value",
    rows="""
    SELECT company_id, id, date::text AS detail, held < 0 AS failed
      FROM (
           SELECT company_id,
                  stored_value_id AS id,
                  date,
                  SUM(SUM(-amount_currency)) OVER (
                      PARTITION BY stored_value_id, tax_repartition_line_id IS NULL
                      ORDER BY date
                  ) AS held
             FROM account_move_line
            WHERE stored_value_id IS NOT NULL
              AND parent_state = 'posted'
         GROUP BY company_id, stored_value_id, tax_repartition_line_id IS NULL, date
           ) AS day
    """,
)

STATES = Check(
    code="states",
    name=_lt("The status of each gift card and prepayment matches its balance"),
    how=_lt(
        "A draft has no posted item, and each other one has some. What is used, "
        "expired, voided or handed to a state holds nothing; what is active holds "
        "something. What waits for its invoice to be paid is blocked."
    ),
    model="account.stored.value",
    rows="""
    SELECT value.company_id,
           value.id,
           value.state AS detail,
           CASE WHEN value.state IN ('draft', 'to_approve')
                THEN ledger.held IS NOT NULL
                WHEN value.id IN ({unbooked}) THEN FALSE
                WHEN ledger.held IS NULL THEN TRUE
                WHEN value.state IN ('used', 'expired', 'handed', 'void')
                THEN ledger.held <> 0
                ELSE value.state = 'active' AND ledger.held <= 0
           END
           OR (value.awaits_payment AND value.state <> 'blocked') IS TRUE AS failed
      FROM account_stored_value value
 LEFT JOIN (
           SELECT stored_value_id, SUM(-amount_currency) AS held
             FROM account_move_line
            WHERE stored_value_id IS NOT NULL AND parent_state = 'posted'
         GROUP BY stored_value_id
           ) AS ledger ON ledger.stored_value_id = value.id
    """,
)

ISSUED = Check(
    code="issued",
    name=_lt("The amount of each gift card and prepayment is the amount booked for it"),
    how=_lt(
        "The amount issued or moved in, and each correction of it, are posted items; "
        "their sum is the amount of the record."
    ),
    model="account.stored.value",
    rows="""
    SELECT value.company_id,
           value.id,
           NULL AS detail,
           value.initial_amount IS DISTINCT FROM SUM(-item.amount_currency) FILTER (
               WHERE move.stored_value_event = 'adjust'
                  OR (move.stored_value_event IN ('issue', 'move', 'redeem')
                      AND item.amount_currency < 0)
           ) AS failed
      FROM account_stored_value value
      JOIN account_move_line item ON item.stored_value_id = value.id
      JOIN account_move move ON move.id = item.move_id
     WHERE item.parent_state = 'posted'
  GROUP BY value.id
    """,
)

EVENTS = Check(
    code="events",
    name=_lt("Each event of a gift card or prepayment posted the entry of that event"),
    how=_lt(
        "Its entry is posted and balanced, and names the record. Issuing and undoing "
        "a use raise the balance; using, refunding, expiring, voiding and handing to "
        "a state lower it, unless undone; a move takes from one record and gives to "
        "another. Only a use is undone, with the same amount."
    ),
    model="account.move",
    rows="""
    SELECT move.company_id,
           move.id,
           move.stored_value_event AS detail,
           (move.state <> 'posted'
            OR SUM(item.balance) <> 0
            OR CASE WHEN move.stored_value_event = 'issue'
                    THEN MIN(held.amount_currency) < 0
                    WHEN move.stored_value_event = 'adjust'
                    THEN SUM(held.amount_currency) <> 0
                    WHEN move.stored_value_event IN ('move', 'redeem')
                    THEN COUNT(DISTINCT held.stored_value_id) = 2
                         AND MIN(held.stored_value_id) <> MAX(held.stored_value_id)
                         AND SUM(held.amount_currency) = 0
                    WHEN move.stored_value_event = 'hand'
                         AND move.reversed_entry_id IS NOT NULL
                    THEN SUM(held.amount_currency) = -(
                         SELECT SUM(handed.amount_currency)
                           FROM account_move original
                           JOIN account_move_line handed
                             ON handed.move_id = original.id
                          WHERE original.id = move.reversed_entry_id
                            AND original.stored_value_event = 'hand'
                            AND handed.stored_value_id IS NOT NULL
                         )
                    -- What an order took off its price, given back by a credit note.
                    WHEN move.stored_value_event = 'undo'
                         AND move.move_type = 'out_refund'
                    THEN MAX(held.amount_currency) < 0
                    WHEN move.stored_value_event = 'undo'
                    THEN SUM(held.amount_currency) = -(
                         SELECT SUM(used.amount_currency)
                           FROM account_move original
                           JOIN account_move_line used ON used.move_id = original.id
                          WHERE original.id = move.reversed_entry_id
                            AND original.stored_value_event = 'use'
                            AND used.stored_value_id IS NOT NULL
                         )
                    -- A cent may be tax, or what nobody paid for, alone.
                    ELSE MIN(held.amount_currency) >= 0
                         AND SUM(held.amount_currency) > 0
               END IS NOT TRUE) AS failed
      FROM account_move move
 LEFT JOIN account_move_line item ON item.move_id = move.id
 LEFT JOIN account_move_line held
        ON held.id = item.id AND held.stored_value_id IS NOT NULL
     WHERE move.stored_value_event IS NOT NULL
  GROUP BY move.id
    """,
)

PAYMENTS = Check(
    code="payments",
    name=_lt("Each payment for a gift card or prepayment is that of its entry"),
    how=_lt(
        "Each receipt and each refund has a posted entry that names the payment, "
        "with an item of the same record and the same amount."
    ),
    model="account.payment",
    rows="""
    SELECT payment.company_id,
           payment.id,
           NULL AS detail,
           (move.id IS NULL
            OR move.state <> 'posted'
            OR move.origin_payment_id IS DISTINCT FROM payment.id
            OR move.stored_value_event IS DISTINCT FROM
               CASE payment.payment_type WHEN 'inbound' THEN 'issue' ELSE 'refund' END
            OR (SELECT SUM(item.amount_currency)
                  FROM account_move_line item
                 WHERE item.move_id = move.id
                   AND item.stored_value_id = payment.stored_value_id
               ) IS DISTINCT FROM
               CASE payment.payment_type WHEN 'inbound' THEN -payment.amount
                    ELSE payment.amount END) AS failed
      FROM account_payment payment
 LEFT JOIN account_move move ON move.id = payment.move_id
     WHERE payment.stored_value_id IS NOT NULL
    """,
)

USES = Check(
    code="uses",
    name=_lt("Each use of a gift card or prepayment pays an invoice, or is undone"),
    how=_lt(
        "Each posted entry of a use has either an active application of the same "
        "amount, or a posted entry that reverses it; never both."
    ),
    model="account.move",
    rows="""
    SELECT move.company_id,
           move.id,
           NULL AS detail,
           ((SELECT COUNT(*)
               FROM account_move reversal
              WHERE reversal.reversed_entry_id = move.id
                AND reversal.state = 'posted')
            + COUNT(application.id) <> 1
            OR SUM(application.amount) <> SUM(item.amount)) IS TRUE AS failed
      FROM account_move move
 LEFT JOIN LATERAL (
           SELECT SUM(amount_currency) AS amount
             FROM account_move_line
            WHERE move_id = move.id AND stored_value_id IS NOT NULL
           ) item ON TRUE
 LEFT JOIN account_credit_application application
        ON application.credit_move_id = move.id AND application.state = 'applied'
     WHERE move.stored_value_event = 'use'
       AND move.state = 'posted'
       -- An invoice is paid by its own item, the discount of an order. The entry of a
       -- till's session books what was sold as well; that of a use, taxes only beside
       -- what was given away.
       AND move.move_type = 'entry'
       AND NOT EXISTS (
           SELECT FROM account_move_line sale
             JOIN account_account account ON account.id = sale.account_id
            WHERE sale.move_id = move.id
              AND sale.stored_value_id IS NULL
              AND account.account_type <> 'asset_receivable'
              AND NOT EXISTS (
                  SELECT FROM account_move_line given
                   WHERE given.move_id = move.id
                     AND given.discount_value_id IS NOT NULL
                  )
           )
  GROUP BY move.id
    """,
)

DISCOUNTS = Check(
    code="discounts",
    name=_lt("Tax bases are lowered only by gift cards that were given away"),
    how=_lt(
        "Each entry that lowers a tax base is a use, or the undoing of one, of a "
        "card with this setting. The amount debited to discounts and taxes equals "
        "the amount taken back of what was given away, and is at most the amount "
        "used; all uses together are at most the amount given away."
    ),
    model="account.move",
    rows="""
    SELECT move.company_id,
           move.id,
           value.name AS detail,
           (value.tax_policy IS DISTINCT FROM 'reduce'
            OR move.stored_value_event NOT IN ('use', 'undo')
            OR ABS(discount.amount) > ABS(held.amount)
            OR discount.amount * held.amount >= 0
            OR reduced.balance <> -discount.balance
            OR reduced.amount <> -discount.amount
            OR (SELECT -SUM(item.amount_currency)
                  FROM account_move_line item
                 WHERE item.discount_value_id = value.id
                   AND item.parent_state = 'posted'
               ) NOT BETWEEN 0 AND CASE WHEN value.funding = 'promotion'
                                        THEN value.initial_amount
                                        ELSE value.given_amount
                                   END) IS NOT FALSE AS failed
      FROM account_move move
      JOIN (SELECT move_id,
                   discount_value_id,
                   SUM(amount_currency) AS amount,
                   SUM(balance) AS balance
              FROM account_move_line
             WHERE discount_value_id IS NOT NULL AND parent_state = 'posted'
          GROUP BY move_id, discount_value_id
           ) AS discount ON discount.move_id = move.id
      JOIN account_stored_value value ON value.id = discount.discount_value_id
 LEFT JOIN LATERAL (
           SELECT SUM(item.amount_currency) AS amount
             FROM account_move_line item
            WHERE item.move_id = move.id AND item.stored_value_id = value.id
           ) AS held ON TRUE
 LEFT JOIN LATERAL (
           SELECT SUM(item.amount_currency) AS amount, SUM(item.balance) AS balance
             FROM account_move_line item
             JOIN account_account account ON account.id = item.account_id
            WHERE item.move_id = move.id
              AND item.stored_value_id IS NULL
              AND item.discount_value_id IS NULL
              AND account.account_type <> 'asset_receivable'
           ) AS reduced ON TRUE
    """,
)

HANDED = Check(
    code="handed",
    name=_lt("Handed-over amounts are owed to the state, card by card"),
    how=_lt(
        "Each entry that hands a gift card or prepayment to a state has one record "
        "of unclaimed property, with the amount that was paid for and a payable item "
        "of that amount; a record that was taken back names the entry that reverses it."
    ),
    model="account.move",
    rows="""
    SELECT move.company_id,
           move.id,
           NULL AS detail,
           (COUNT(DISTINCT property.id) <> 1
            OR MIN(property.amount) IS DISTINCT FROM SUM(item.amount_currency) FILTER (
                WHERE item.stored_value_id = property.stored_value_id
                  AND item.account_id IS DISTINCT FROM value.given_account_id
            )
            OR MIN(property.amount) IS DISTINCT FROM -SUM(item.amount_currency) FILTER (
                WHERE item.id = property.item_id
            )
            OR MIN(property.back_move_id) IS DISTINCT FROM (
                SELECT MIN(reversal.id)
                  FROM account_move reversal
                 WHERE reversal.reversed_entry_id = move.id
                   AND reversal.state = 'posted'
            )) AS failed
      FROM account_move move
 LEFT JOIN account_move_line item ON item.move_id = move.id
 LEFT JOIN account_unclaimed_property property ON property.move_id = move.id
LEFT JOIN account_stored_value value ON value.id = property.stored_value_id
     WHERE move.stored_value_event = 'hand'
       AND move.reversed_entry_id IS NULL
       AND move.state = 'posted'
  GROUP BY move.id
    """,
)

BREAKAGE = Check(
    code="breakage",
    name=_lt("Expected breakage follows its formula, and equals the posted estimates"),
    how=_lt(
        "For each posted estimate: by its figures, unused less expired, times the "
        "share used of what is expected to be used, and never above the balance; the "
        "entry is the difference from what was posted before. Each item on the "
        "contra account belongs to such an entry, or to its reversal."
    ),
    model="account.move.line",
    rows="""
    SELECT item.company_id,
           item.id,
           estimate.date::text AS detail,
           (booked.move_id IS NULL
            OR (estimate.id IS NOT NULL AND (
                estimate.state <> 'posted'
                OR estimate.amount <> item.balance
                OR estimate.amount <> estimate.breakage - estimate.booked
                OR estimate.breakage > estimate.sold - estimate.used - estimate.expired
                OR estimate.breakage < 0
                OR (estimate.method = 'proportional'
                    AND estimate.expected > 0
                    AND estimate.breakage > ROUND(
                        formula.rest * LEAST(estimate.used / estimate.expected, 1),
                        currency.decimal_places
                    ) + currency.rounding)
            ))) IS TRUE AS failed
      FROM account_move_line item
      JOIN res_company company ON company.id = item.company_id
      JOIN res_currency currency ON currency.id = company.currency_id
 LEFT JOIN {booked} booked
        ON booked.move_id = item.move_id AND booked.account_id = item.account_id
 LEFT JOIN account_breakage_estimate estimate ON estimate.move_id = item.move_id
 LEFT JOIN LATERAL (
           SELECT GREATEST(
                      COALESCE(
                          NULLIF(estimate.unused_amount, 0),
                          estimate.sold * estimate.unused_share::numeric / 100
                      ) - estimate.expired, 0
                  ) AS rest
           ) AS formula ON TRUE
     WHERE item.parent_state = 'posted'
       AND item.account_id IN ({contra_accounts})
    """.replace("{booked}", BOOKED.code).replace(
        "{contra_accounts}", CONTRA_ACCOUNTS.code
    ),
)

STORED_VALUE_CHECKS = (
    TIE_OUT,
    OVERDRAWN,
    NAMED,
    STATES,
    ISSUED,
    EVENTS,
    PAYMENTS,
    USES,
    DISCOUNTS,
    HANDED,
    BREAKAGE,
)
