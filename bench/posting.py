"""Posting a credit."""

from .databases import WITH, WITHOUT
from .documents import DATE, create_refunds, find_model, get_item, prepare_refund_vals
from .tables import Goal, Table, Way


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


def import_as_csv(env, accounts):
    """Import credit notes with Odoo's import of spreadsheets, and post them."""
    columns = (
        "move_type",
        "partner_id/.id",
        "invoice_date",
        "date",
        "invoice_line_ids/product_id/.id",
        "invoice_line_ids/price_unit",
    )
    item = get_item(env)
    rows = [
        ",".join(map(str, ("out_refund", account.id, DATE, DATE, item.id, 10)))
        for account in accounts
    ]
    answer = (
        env["base_import.import"]
        .create(
            {
                "res_model": "account.move",
                "file": "\n".join([",".join(columns), *rows]).encode(),
                "file_type": "text/csv",
                "file_name": "credit_notes.csv",
            }
        )
        .execute_import(
            list(columns),
            list(columns),
            {
                "has_headers": True,
                "quoting": '"',
                "separator": ",",
                "date_format": "%Y-%m-%d",
                "float_decimal_separator": ".",
                "float_thousand_separator": ",",
            },
        )
    )
    assert answer["ids"], answer["messages"]
    env["account.move"].browse(answer["ids"]).action_post()
    env.cr.commit()


def pay_in_bulk(env, accounts):
    """Create and post as many of Odoo's payments at once."""
    create_payments(env, accounts).action_post()
    env.cr.commit()


def create_payments(env, accounts):
    """Create payments of customers."""
    journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
    return env["account.payment"].create(
        [
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": account.id,
                "amount": 10,
                "date": DATE,
                "journal_id": journal.id,
            }
            for account in accounts
        ]
    )


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
    unit="processor ms per posted credit",
    ours="credit batch",
    ways={
        "one by one, as a clerk": Way(WITHOUT, post_as_a_clerk, most=50),
        "plain loop": Way(WITHOUT, post_in_a_plain_loop),
        "Odoo's import of CSV": Way(WITHOUT, import_as_csv, most=200),
        "Odoo's payments": Way(WITHOUT, pay_in_bulk, most=200),
        "credit batch": Way(WITH, post_by_batch),
        "SQL floor": Way(WITHOUT, insert_rows, prepare_model),
    },
    sizes=(100, 1000),
    goals=(
        Goal("one by one, as a clerk", at_least=6, of="credit batch"),
        Goal("plain loop", at_least=1, of="credit batch"),
    ),
    growth=1,
)
