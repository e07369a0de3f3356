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


def _get_named_message(env, diagnostics):
    return env._(
        "%(move)s: each posted item on an account that holds gift cards or prepayments "
        "names one of these, with its account, its company and its currency. Post by "
        "issuing, correcting or using it.",
        move=_get_detail(diagnostics),
    )


#: Each posted item on an account that holds stored value belongs to one of its events.
NAMED = ConstraintTrigger(
    {
        "INSERT": "NEW.parent_state = 'posted' AND (NEW.stored_value_id IS NOT NULL"
        " OR account_account_holds(NEW.account_id))",
        "UPDATE OF parent_state, account_id, partner_id, stored_value_id": (
            "NEW.parent_state = 'posted' AND (NEW.stored_value_id IS NOT NULL"
            " OR account_account_holds(NEW.account_id))"
        ),
    },
    """
DECLARE
    item account_move_line;
BEGIN
    SELECT * INTO item
      FROM account_move_line
     WHERE id = NEW.id AND parent_state = 'posted';
    IF FOUND
       AND (item.stored_value_id IS NOT NULL OR account_account_holds(item.account_id))
       AND NOT EXISTS (
           SELECT FROM account_stored_value value, account_move move
            WHERE value.id = item.stored_value_id
              AND value.liability_account_id = item.account_id
              AND value.partner_id = item.partner_id
              AND value.company_id = item.company_id
              AND value.currency_id = item.currency_id
              AND move.id = item.move_id
              AND move.state = 'posted'
              AND move.stored_value_event IS NOT NULL
       )
    THEN
        RAISE check_violation USING
            MESSAGE = 'a posted item does not name its stored value',
            DETAIL = COALESCE(item.move_name, ''),
            CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
""",
    _get_named_message,
)


def _get_kept_message(env, diagnostics):
    return env._(
        "%(move)s holds money of a gift card or prepayment: what is posted stays as it "
        "is. Correct, refund or void that one.",
        move=_get_detail(diagnostics),
    )


#: What is posted of stored value stays; its record may go to another account.
KEPT = ConstraintTrigger(
    {
        "UPDATE OF parent_state, stored_value_id, company_id, currency_id,"
        " amount_currency, balance, date": (
            "OLD.parent_state = 'posted' AND OLD.stored_value_id IS NOT NULL"
        ),
        "DELETE": "OLD.parent_state = 'posted' AND OLD.stored_value_id IS NOT NULL",
    },
    """
BEGIN
    IF NOT EXISTS (
        SELECT FROM account_move_line
         WHERE id = OLD.id
           AND parent_state = 'posted'
           AND stored_value_id = OLD.stored_value_id
           AND company_id = OLD.company_id
           AND currency_id = OLD.currency_id
           AND amount_currency = OLD.amount_currency
           AND balance = OLD.balance
           AND date = OLD.date
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'a posted item of a stored value changed',
            DETAIL = COALESCE(OLD.move_name, ''),
            CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
""",
    _get_kept_message,
)


def _get_covered_message(env, diagnostics):
    return env._(
        "%(name)s has less left on that day, or later. Use, refund or take back at "
        "most what is left.",
        name=_get_detail(diagnostics),
    )


#: What is posted of a record is below zero neither on its day nor on a later one.
COVERED = ConstraintTrigger(
    {
        "INSERT": "NEW.parent_state = 'posted' AND NEW.stored_value_id IS NOT NULL",
        "UPDATE OF parent_state, stored_value_id": (
            "NEW.parent_state = 'posted' AND NEW.stored_value_id IS NOT NULL"
        ),
    },
    """
BEGIN
    -- Of two transactions that see nothing of each other, the second begins again.
    UPDATE account_stored_value
       SET movement_count = movement_count
     WHERE id = NEW.stored_value_id;
    IF EXISTS (
        SELECT FROM (
            SELECT date, SUM(amount_currency) OVER (ORDER BY date) AS missing
              FROM account_move_line
             WHERE stored_value_id = NEW.stored_value_id AND parent_state = 'posted'
        ) AS day
        WHERE missing > 0
          -- What was wrong on earlier days must not keep it from being used.
          AND date >= (SELECT date FROM account_move_line WHERE id = NEW.id)
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'a stored value is below zero',
            DETAIL = (
                SELECT name FROM account_stored_value WHERE id = NEW.stored_value_id
            ),
            CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
""",
    _get_covered_message,
)


def _get_followed_message(env, diagnostics):
    return env._(
        "%(name)s and its journal items must be of one account, one company and one "
        "currency. Move it to another account instead.",
        name=_get_detail(diagnostics),
    )


#: A record and its posted items go to another account together.
FOLLOWED = ConstraintTrigger(
    {
        "UPDATE OF partner_id, company_id, currency_id, liability_account_id": (
            "OLD.liability_account_id IS NOT NULL"
        ),
        "DELETE": "OLD.liability_account_id IS NOT NULL",
    },
    """
BEGIN
    IF EXISTS (
        SELECT FROM account_move_line item
     LEFT JOIN account_stored_value value ON value.id = item.stored_value_id
         WHERE item.stored_value_id = OLD.id
           AND item.parent_state = 'posted'
           AND (value.liability_account_id, value.partner_id, value.company_id,
                value.currency_id)
               IS DISTINCT FROM
               (item.account_id, item.partner_id, item.company_id, item.currency_id)
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'a stored value and its items disagree',
            DETAIL = OLD.name,
            CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
""",
    _get_followed_message,
)


def _get_separate_message(env, diagnostics):
    return env._(
        "%(account)s: an account that holds gift cards or prepayments holds nothing "
        "else, as long as there are any. Choose an account without journal items.",
        account=_get_detail(diagnostics),
    )


#: What an account holds when it begins, or ends, to hold stored value.
SEPARATE = ConstraintTrigger(
    {
        "UPDATE OF holds_stored_value": (
            "OLD.holds_stored_value IS DISTINCT FROM NEW.holds_stored_value"
        )
    },
    """
DECLARE
    holds boolean := account_account_holds(NEW.id);
BEGIN
    IF EXISTS (
        SELECT FROM account_move_line
         WHERE account_id = NEW.id
           AND parent_state = 'posted'
           AND (stored_value_id IS NOT NULL) IS DISTINCT FROM holds
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'an account holds stored value and something else',
            DETAIL = COALESCE(NEW.name->>'en_US', NEW.id::text),
            CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
""",
    _get_separate_message,
)


def _get_detail(diagnostics):
    return (diagnostics and diagnostics.message_detail) or ""
