"""Columns, models and external ids get the words of the field, before they load."""

from odoo.tools.sql import column_exists, rename_column, table_exists

#: {table: {old column: new column}}
COLUMNS = {
    "account_credit_batch": {"tell_customers": "notify_customers"},
    "account_post_transaction": {
        "handover_error": "transfer_error",
        "is_handed_over": "is_transferring",
        "tell_customers": "notify_customers",
    },
}

#: {old external id: new external id}
XML_IDS = {
    "access_account_credit_batch_tell_user": "access_account_credit_batch_notify_user",
    "account_credit_batch_tell_rule_own": "account_credit_batch_notify_rule_own",
    "account_credit_batch_tell_view_form": "account_credit_batch_notify_view_form",
    "ir_cron_hand_over": "ir_cron_transfer_lines",
    "ir_cron_tell_customers": "ir_cron_notify_customers",
}

#: {external id of a scheduled action: what it runs now}
CODES = {
    "ir_cron_transfer_lines": "model._cron_transfer()",
    "ir_cron_notify_customers": "model._cron_notify()",
}


def migrate(cr, version):
    """Rename what is there; data files that users may change are not read again."""
    if not version:
        return
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            if table_exists(cr, table) and column_exists(cr, table, old):
                rename_column(cr, table, old, new)
                cr.execute(
                    "UPDATE ir_model_fields SET name = %s"
                    " WHERE model = %s AND name = %s",
                    [new, table.replace("_", "."), old],
                )
    for old, new in XML_IDS.items():
        cr.execute(
            "UPDATE ir_model_data SET name = %s"
            " WHERE module = 'account_credit_posting' AND name = %s",
            [new, old],
        )
    for name, code in CODES.items():
        cr.execute(
            """
            UPDATE ir_act_server action
               SET code = %s
              FROM ir_cron cron
              JOIN ir_model_data data
                ON data.res_id = cron.id
               AND data.model = 'ir.cron'
               AND data.module = 'account_credit_posting'
             WHERE action.id = cron.ir_actions_server_id
               AND data.name = %s
            """,
            [code, name],
        )
