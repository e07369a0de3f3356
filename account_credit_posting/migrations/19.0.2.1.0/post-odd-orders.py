from odoo import SUPERUSER_ID, api

from odoo.addons.account_credit_posting.models.application import followed_accounts
from odoo.addons.account_credit_posting.models.stored_value import stored_value_changes


def migrate(cr, version):
    """Mend what followed neither its account nor its reversal."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    follow_accounts(env)
    post_again(env)


def follow_accounts(env):
    """Let what an account had that got a parent follow its journal items."""
    env.cr.execute(
        """
        SELECT partner.id
          FROM res_partner partner
         WHERE partner.commercial_partner_id != partner.id
           AND partner.id IN (
               SELECT partner_id FROM account_credit_line
                UNION
               SELECT partner_id FROM account_credit_application
                UNION
               SELECT partner_id FROM account_stored_value
           )
      ORDER BY partner.id
        """
    )
    for account in env["res.partner"].browse(row[0] for row in env.cr.fetchall()):
        target = account.commercial_partner_id
        followed_accounts.move_items(account, target)
        followed_accounts.move_credits(account, target)
        stored_value_changes.follow_account(account, target)
    env.flush_all()


def post_again(env):
    """Call credits posted that are open, because their reversals were cancelled."""
    env.cr.execute(
        """
        WITH undone AS (
            UPDATE account_credit_line line
               SET state = 'posted'
              FROM account_move_line item
             WHERE item.id = line.move_line_id
               AND line.state = 'reversed'
               AND item.parent_state = 'posted'
               AND item.amount_residual_currency != 0
         RETURNING line.batch_id
        )
        UPDATE account_credit_batch
           SET state = 'done'
         WHERE state = 'reversed'
           AND id IN (SELECT batch_id FROM undone)
        """
    )
    env.invalidate_all()
