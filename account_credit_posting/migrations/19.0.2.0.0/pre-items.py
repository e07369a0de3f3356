from odoo.tools.sql import drop_constraint


def migrate(cr, version):
    """Let each posted credit name its receivable item, and each application its credit.

    Before Odoo creates the constraints that ask for it.
    """
    if not version:
        return
    # It says that only entries for many accounts name an item.
    drop_constraint(cr, "account_credit_line", "account_credit_line_item_is_of_entry")
    cr.execute(
        """
        UPDATE account_credit_line AS line
           SET move_line_id = item.id
          FROM account_move_line item
         WHERE item.move_id = line.move_id
           AND item.display_type = 'payment_term'
           AND line.move_line_id IS NULL
        """
    )
    cr.execute(
        """
        UPDATE account_credit_application AS application
           SET credit_line_id = move.credit_line_id
          FROM account_move move
         WHERE move.id = application.credit_move_id
           AND move.credit_line_id IS NOT NULL
           AND application.credit_line_id IS NULL
        """
    )
