"""What the database refuses of gift cards and prepayments, whatever code asks for it.

``stored_value_guard`` refuses the same before, with sentences that say more. What is
here looks when the transaction ends, at the rows as they are by then.
"""

from ...tools.triggers import ConstraintTrigger, SqlFunction

#: Whether an account holds stored value, or ever held some.
HOLDS = SqlFunction(
    """(account integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $body$
BEGIN
    RETURN EXISTS (
        SELECT FROM account_account WHERE id = account AND holds_stored_value
    );
END
$body$"""
)


def _get_named_message(env, name):
    return env._(
        "%(move)s: each posted item on an account that holds gift cards or "
        "prepayments must name one of these, with its account, its company and its "
        "currency. Post by issuing, correcting or using it.",
        move=name,
    )


#: Each posted item on an account that holds stored value belongs to one of its events.
NAMED = ConstraintTrigger(
    dict.fromkeys(
        ("INSERT", "UPDATE OF parent_state, account_id, partner_id, stored_value_id"),
        "NEW.parent_state = 'posted' AND (NEW.stored_value_id IS NOT NULL"
        " OR account_account_holds(NEW.account_id))",
    ),
    refused="""EXISTS (
        SELECT FROM account_move_line item
         WHERE item.id = NEW.id
           AND item.parent_state = 'posted'
           AND (item.stored_value_id IS NOT NULL
                OR account_account_holds(item.account_id))
           AND NOT EXISTS (
               SELECT FROM account_stored_value value, account_move move
                WHERE value.id = item.stored_value_id
                  AND CASE WHEN item.tax_repartition_line_id IS NULL
                           THEN item.account_id IN (
                               value.liability_account_id, value.given_account_id
                           )
                           -- The tax of a single-purpose voucher is its own, too.
                           ELSE value.voucher_kind = 'single'
                                AND NOT account_account_holds(item.account_id)
                           END
                  AND value.partner_id = item.partner_id
                  AND value.company_id = item.company_id
                  AND value.currency_id = item.currency_id
                  AND move.id = item.move_id
                  AND move.state = 'posted'
                  AND move.stored_value_event IS NOT NULL
           )
    )""",
    reason="a posted item does not name its stored value",
    detail="(SELECT move_name FROM account_move_line WHERE id = NEW.id)",
    message=_get_named_message,
)


def _get_kept_message(env, name):
    return env._(
        "%(move)s holds money of a gift card or prepayment and cannot be changed. "
        "Correct, refund or void that record.",
        move=name,
    )


#: What is posted of stored value stays; its record may go to another account.
KEPT = ConstraintTrigger(
    dict.fromkeys(
        (
            "UPDATE OF parent_state, stored_value_id, company_id, currency_id,"
            " amount_currency, balance, date, tax_repartition_line_id",
            "DELETE",
        ),
        "OLD.parent_state = 'posted' AND OLD.stored_value_id IS NOT NULL",
    ),
    refused="""NOT EXISTS (
        SELECT FROM account_move_line
         WHERE id = OLD.id
           AND parent_state = 'posted'
           AND stored_value_id = OLD.stored_value_id
           AND company_id = OLD.company_id
           AND currency_id = OLD.currency_id
           AND amount_currency = OLD.amount_currency
           AND balance = OLD.balance
           AND date = OLD.date
           AND tax_repartition_line_id IS NOT DISTINCT FROM OLD.tax_repartition_line_id
    )""",
    reason="a posted item of a stored value changed",
    detail="OLD.move_name",
    message=_get_kept_message,
)


def _get_covered_message(env, name):
    return env._(
        "%(name)s has less left on that date or later. Use, refund or take back at "
        "most what is left.",
        name=name,
    )


#: What is posted of a record is below zero neither on its day nor on a later one: what
#: is owed to the customer and, of a single-purpose voucher, its tax.
COVERED = ConstraintTrigger(
    dict.fromkeys(
        ("INSERT", "UPDATE OF parent_state, stored_value_id"),
        "NEW.parent_state = 'posted' AND NEW.stored_value_id IS NOT NULL",
    ),
    # Of two transactions that see nothing of each other, the second begins again.
    first="""UPDATE account_stored_value
       SET movement_count = movement_count
     WHERE id = NEW.stored_value_id;""",
    refused="""EXISTS (
        SELECT FROM (
            SELECT date,
                   SUM(amount_currency) OVER (
                       PARTITION BY tax_repartition_line_id IS NULL ORDER BY date
                   ) AS missing
              FROM account_move_line
             WHERE stored_value_id = NEW.stored_value_id AND parent_state = 'posted'
        ) AS day
        WHERE missing > 0
          -- What was wrong on earlier days must not keep it from being used.
          AND date >= (SELECT date FROM account_move_line WHERE id = NEW.id)
    )""",
    reason="a stored value is below zero",
    detail="(SELECT name FROM account_stored_value WHERE id = NEW.stored_value_id)",
    message=_get_covered_message,
)


def _get_followed_message(env, name):
    return env._(
        "%(name)s and its journal items must have the same account, company and "
        "currency. Move it to another account instead.",
        name=name,
    )


#: A record and its posted items go to another account together.
FOLLOWED = ConstraintTrigger(
    dict.fromkeys(
        (
            "UPDATE OF partner_id, company_id, currency_id, liability_account_id,"
            " given_account_id",
            "DELETE",
        ),
        "OLD.liability_account_id IS NOT NULL",
    ),
    refused="""EXISTS (
        SELECT FROM account_move_line item
     LEFT JOIN account_stored_value value ON value.id = item.stored_value_id
         WHERE item.stored_value_id = OLD.id
           AND item.parent_state = 'posted'
           AND ((value.partner_id, value.company_id, value.currency_id)
                IS DISTINCT FROM
                (item.partner_id, item.company_id, item.currency_id)
                OR (item.tax_repartition_line_id IS NULL
                    AND (item.account_id IN (
                            value.liability_account_id, value.given_account_id
                        )) IS NOT TRUE))
    )""",
    reason="a stored value and its items disagree",
    detail="OLD.name",
    message=_get_followed_message,
)


def _get_separate_message(env, name):
    return env._(
        "%(account)s: an account that holds gift cards or prepayments cannot hold "
        "anything else. Choose an account without journal items.",
        account=name,
    )


#: What an account holds when it begins, or ends, to hold stored value.
SEPARATE = ConstraintTrigger(
    {
        "UPDATE OF holds_stored_value": (
            "OLD.holds_stored_value IS DISTINCT FROM NEW.holds_stored_value"
        )
    },
    # The function once, and not for each item.
    refused="""EXISTS (
        SELECT FROM account_move_line
         WHERE account_id = NEW.id
           AND parent_state = 'posted'
           AND (stored_value_id IS NOT NULL)
               IS DISTINCT FROM (SELECT account_account_holds(NEW.id))
    )""",
    reason="an account holds stored value and something else",
    detail="COALESCE(NEW.name->>'en_US', NEW.id::text)",
    message=_get_separate_message,
)
