"""The documents that all ways start from, made with Odoo's own methods and SQL."""

from odoo.fields import Command

DATE = "2026-03-15"


def create_invoices(env, accounts):
    """Create draft invoices of 30.00."""
    return env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": account.id,
                "invoice_date": DATE,
                "invoice_line_ids": [
                    Command.create({"name": "Tuition", "price_unit": 30, "tax_ids": []})
                ],
            }
            for account in accounts
        ]
    )


def create_refunds(env, accounts):
    """Create and post credit notes of 10.00 with Odoo's own methods."""
    moves = env["account.move"].create(
        [prepare_refund_vals(env, account) for account in accounts]
    )
    moves.action_post()
    return moves


def prepare_refund_vals(env, account):
    """Prepare the credit note that the addon posts, for Odoo's own methods."""
    return {
        "move_type": "out_refund",
        "partner_id": account.id,
        "invoice_date": DATE,
        "date": DATE,
        "invoice_line_ids": [
            Command.create(
                {"product_id": get_item(env).id, "price_unit": 10, "tax_ids": []}
            )
        ],
    }


def get_item(env):
    """Return the credit item."""
    return env["product.product"].search([("name", "=", "Goodwill")])


def get_receivable_lines(moves):
    """Return the receivable lines of entries."""
    return moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable")


def find_model(env):
    return env["account.move"].search(
        [("move_type", "=", "out_refund"), ("state", "=", "posted")], limit=1
    )


def copy_entry(cr, model, account_ids, count):
    """Copy an entry by SQL, paid, until there are so many, for each account in turn."""
    cr.execute(
        """
        WITH copies AS (
            SELECT nextval('account_move_id_seq') AS move_id,
                   serial.number::text AS number,
                   family.ids[1 + MOD(serial.number, CARDINALITY(family.ids))]
                   AS account_id
              FROM generate_series(2, %(count)s) AS serial (number),
                   (SELECT %(accounts)s::int[] AS ids) AS family
        ), moves AS (
            INSERT INTO account_move
            SELECT copy.*
              FROM account_move move, copies,
                   jsonb_populate_record(move, jsonb_build_object(
                       'id', copies.move_id,
                       'name', move.sequence_prefix
                               || LPAD(copies.number,
                                       GREATEST(5, LENGTH(copies.number)), '0'),
                       'sequence_number', copies.number,
                       'partner_id', copies.account_id,
                       'commercial_partner_id', copies.account_id,
                       'amount_residual', 0,
                       'payment_state', 'paid'
                   )) AS copy
             WHERE move.id = %(model)s
        )
        INSERT INTO account_move_line
        SELECT copy.*
          FROM account_move_line line, copies,
               jsonb_populate_record(line, jsonb_build_object(
                   'id', nextval('account_move_line_id_seq'),
                   'move_id', copies.move_id,
                   'move_name', copies.number,
                   'partner_id', copies.account_id,
                   'amount_residual', 0,
                   'amount_residual_currency', 0,
                   'reconciled', TRUE
               )) AS copy
         WHERE line.move_id = %(model)s
        """,
        {"accounts": account_ids, "model": model.id, "count": count},
    )
