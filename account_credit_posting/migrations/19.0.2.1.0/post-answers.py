from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Keep the keys of gift cards and prepayments where all keys are now."""
    if not version or not column_exists(cr, "account_stored_value", "idempotency_key"):
        return
    cr.execute(
        """
        INSERT INTO account_credit_answer (company_id, key, method, answer)
             SELECT company_id, idempotency_key, 'account.stored.value.issue',
                    jsonb_build_object(
                        'value',
                        jsonb_build_object(
                            'id', id, 'name', name, 'state', state, 'code', false
                        )
                    )
               FROM account_stored_value
              WHERE idempotency_key IS NOT NULL
        ON CONFLICT DO NOTHING
        """
    )
    cr.execute("DROP INDEX IF EXISTS account_stored_value__idempotency_key_unique")
    cr.execute("ALTER TABLE account_stored_value DROP COLUMN idempotency_key")
