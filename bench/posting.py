"""Posting a credit."""

from .databases import WITH, WITHOUT
from .documents import create_refunds, find_model, get_item, prepare_refund_vals
from .tables import Table, Way


def post_as_a_clerk(env, accounts):
    """Create, post and commit one credit note after the other."""
    for account in accounts:
        move = env["account.move"].create(prepare_refund_vals(env, account))
        move.action_post()
        env.cr.commit()


def post_in_a_plain_loop(env, accounts):
    """Create all credit notes at once, post all at once."""
    create_refunds(env, accounts)
    env.cr.commit()


def post_by_batch(env, accounts):
    """Post with the addon."""
    answer = env["account.credit.batch"].post_credits(
        get_item(env).id,
        [{"account_id": account.id, "amount": "10.00"} for account in accounts],
    )
    env.cr.commit()
    assert answer["state"] == "done", answer["state"]
    return answer


def prepare_model(env, accounts):
    """See that there is a credit note to copy."""
    if not find_model(env):
        create_refunds(env, accounts[:1])
    return accounts


def insert_rows(env, accounts):
    """Insert the rows of the same entries by SQL: no rule runs, the floor."""
    env.cr.execute(
        """
        WITH accounts AS (
            SELECT account_id, nextval('account_move_id_seq') AS move_id
              FROM unnest(%(accounts)s) AS account_id
        ), moves AS (
            INSERT INTO account_move
            SELECT copy.*
              FROM account_move move, accounts,
                   jsonb_populate_record(move, jsonb_build_object(
                       'id', accounts.move_id,
                       'name', 'FLOOR/' || accounts.move_id,
                       'sequence_prefix', 'FLOOR/',
                       'sequence_number', accounts.move_id,
                       'partner_id', accounts.account_id,
                       'commercial_partner_id', accounts.account_id
                   )) AS copy
             WHERE move.id = %(model)s
        )
        INSERT INTO account_move_line
        SELECT copy.*
          FROM account_move_line line, accounts,
               jsonb_populate_record(line, jsonb_build_object(
                   'id', nextval('account_move_line_id_seq'),
                   'move_id', accounts.move_id,
                   'move_name', 'FLOOR/' || accounts.move_id,
                   'partner_id', accounts.account_id
               )) AS copy
         WHERE line.move_id = %(model)s
        """,
        {"accounts": accounts.ids, "model": find_model(env).id},
    )
    env.cr.commit()


TABLE = Table(
    title="posting a credit",
    unit="ms per posted credit",
    ours="credit batch",
    ways={
        "one by one, as a clerk": Way(WITHOUT, post_as_a_clerk),
        "plain loop": Way(WITHOUT, post_in_a_plain_loop),
        "credit batch": Way(WITH, post_by_batch),
        "SQL floor": Way(WITHOUT, insert_rows, prepare_model),
    },
    sizes=(100, 500, 1000),
)
