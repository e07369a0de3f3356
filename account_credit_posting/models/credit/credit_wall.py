"""What the database refuses of posted credits, whatever code asks for it.

It looks when the transaction ends, at the rows as they are by then.
"""

from odoo.tools.sql import add_constraint, constraint_definition

from ...tools.triggers import ConstraintTrigger, SqlFunction

#: Whether the journal item of a credit line, if it has one, is that credit: posted, of
#: its account, and of its amount, to which taxes may come.
IS_SOUND = SqlFunction(
    """(credit_line integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $body$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM account_credit_line line
     LEFT JOIN account_move_line item ON item.id = line.move_line_id
         WHERE line.id = credit_line
           AND line.move_line_id IS NOT NULL
           AND ((item.move_id, item.partner_id, item.company_id, item.currency_id,
                 item.parent_state)
                IS DISTINCT FROM
                (line.move_id, line.partner_id, line.company_id, line.currency_id,
                 'posted')
                OR line.amount IS DISTINCT FROM COALESCE(
                    -- Of a taxed credit note, the price; what lowers the taxes of an
                    -- invoice includes them.
                    (SELECT SUM(other.price_unit * other.quantity)
                       FROM account_move_line other
                      WHERE other.move_id = item.move_id
                        AND other.display_type = 'product'
                        AND (line.invoice_id IS NULL OR NOT EXISTS (
                            SELECT FROM account_credit_batch batch
                             WHERE batch.id = line.batch_id
                               AND batch.use_invoice_taxes
                        ))
                        AND EXISTS (
                            SELECT FROM account_move_line tax
                             WHERE tax.move_id = item.move_id
                               AND tax.tax_line_id IS NOT NULL
                        )),
                    -item.amount_currency
                ))
    );
END
$body$"""
)


def _get_message(env, name):
    return env._(
        "%(move)s holds a credit: its account, company and amount cannot be changed. "
        "Reverse the credit, or move it to another account.",
        move=name,
    )


#: The item of a credit stays that of its line.
KEPT = ConstraintTrigger(
    {
        "UPDATE OF parent_state, move_id, account_id, partner_id, company_id,"
        " currency_id, amount_currency, balance": (
            "OLD.parent_state = 'posted' AND"
            " (OLD.parent_state, OLD.move_id, OLD.account_id, OLD.partner_id,"
            " OLD.company_id, OLD.currency_id, OLD.amount_currency, OLD.balance)"
            " IS DISTINCT FROM"
            " (NEW.parent_state, NEW.move_id, NEW.account_id, NEW.partner_id,"
            " NEW.company_id, NEW.currency_id, NEW.amount_currency, NEW.balance)"
        )
    },
    refused="""EXISTS (
        SELECT FROM account_credit_line line
         WHERE line.move_line_id = OLD.id
           AND (
               NOT account_credit_line_sound(line.id)
               OR EXISTS (
                   SELECT FROM account_move_line
                    WHERE id = OLD.id
                      AND (amount_currency, balance)
                          IS DISTINCT FROM (OLD.amount_currency, OLD.balance)
               )
           )
    )""",
    reason="the posted item of a credit changed",
    detail="OLD.move_name",
    message=_get_message,
)

#: A posted line names the item that is its credit.
BOOKED = ConstraintTrigger(
    {
        "INSERT": "NEW.move_line_id IS NOT NULL",
        "UPDATE OF move_line_id, move_id, partner_id, company_id, currency_id,"
        " amount": "NEW.move_line_id IS NOT NULL",
    },
    refused="NOT account_credit_line_sound(NEW.id)",
    reason="a credit line and its journal item disagree",
    detail="(SELECT name FROM account_move WHERE id = NEW.move_id)",
    message=_get_message,
)

#: Whether what was posted of a promised credit, and what was taken back of it, is no
#: more than it, and of its account, company and currency.
COVERS = SqlFunction(
    """(promise_id integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $body$
BEGIN
    RETURN EXISTS (
        SELECT FROM account_credit_line promise
         WHERE promise.id = promise_id
           AND promise.is_promised
           AND promise.amount >= COALESCE(promise.amount_taken_back, 0) + (
               SELECT COALESCE(SUM(draw.amount), 0)
                 FROM account_credit_line draw
                WHERE draw.drawn_from_id = promise.id AND draw.state = 'posted'
           )
           AND COALESCE(promise.amount_taken_back, 0) >= 0
           AND NOT EXISTS (
               SELECT FROM account_credit_line draw
                WHERE draw.drawn_from_id = promise.id
                  AND (draw.partner_id, draw.company_id, draw.currency_id)
                      IS DISTINCT FROM
                      (promise.partner_id, promise.company_id, promise.currency_id)
           )
    );
END
$body$"""
)


def _get_promised_message(env, name):
    return env._(
        "%(batch)s: at most what is left of a promised credit can be used, by the "
        "account that it was given to, and what was given cannot be changed. Take back "
        "what is unused instead.",
        batch=name,
    )


#: A promised credit stays as it was given, and no more is posted of it.
PROMISED = ConstraintTrigger(
    {
        "INSERT": "NEW.drawn_from_id IS NOT NULL",
        "UPDATE OF drawn_from_id, is_promised, state, amount, amount_taken_back,"
        " partner_id, company_id, currency_id": (
            "OLD.is_promised OR OLD.drawn_from_id IS NOT NULL"
            " OR NEW.drawn_from_id IS NOT NULL"
        ),
        "DELETE": "OLD.is_promised OR OLD.drawn_from_id IS NOT NULL",
    },
    # Of two transactions that see nothing of each other, the second begins again.
    first="""UPDATE account_credit_line
       SET write_date = write_date
     WHERE id = NEW.drawn_from_id;""",
    refused="""(NEW.drawn_from_id IS NOT NULL
            AND NOT account_credit_line_covers(NEW.drawn_from_id))
        OR (OLD.is_promised AND NOT account_credit_line_covers(OLD.id))
        OR (OLD.id IS NOT NULL AND NOT EXISTS (
            SELECT FROM account_credit_line line
             WHERE line.id = OLD.id
               AND line.is_promised IS NOT DISTINCT FROM OLD.is_promised
               AND line.drawn_from_id IS NOT DISTINCT FROM OLD.drawn_from_id
               AND (line.amount, line.company_id, line.currency_id)
                   IS NOT DISTINCT FROM (OLD.amount, OLD.company_id, OLD.currency_id)
        ))""",
    reason="a promised credit and its posted parts disagree",
    detail="(SELECT name FROM account_credit_batch"
    " WHERE id = COALESCE(NEW.batch_id, OLD.batch_id))",
    message=_get_promised_message,
)


def add_mutual_key(cr):
    """Let the database check that the line of a credit note names that very note.

    When the transaction ends, because the note is created before the line can name it.
    """
    name = "account_move_credit_line_mutual"
    if constraint_definition(cr, "account_move", name):
        return
    add_constraint(
        cr,
        "account_move",
        name,
        # Not the other way round: Odoo would take a key that starts with the column
        # of a field for its own, and replace it.
        "FOREIGN KEY (id, credit_line_id) REFERENCES account_credit_line "
        "(move_id, id) DEFERRABLE INITIALLY DEFERRED",
    )
