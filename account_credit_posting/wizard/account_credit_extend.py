from odoo import api, fields, models

from ..models.credit.account_credit_answer import answered_once


class AccountCreditExtend(models.TransientModel):
    """The dialog in front of a later expiry date, of a credit or of a batch.

    It writes nothing itself: ``account.credit.line.extend`` and
    ``account.credit.batch.action_extend`` do, and check everything.
    """

    _name = "account.credit.extend"
    _inherit = "account.credit.guard"
    _description = "Extension of Credits"

    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    line_id = fields.Many2one(
        comodel_name="account.credit.line",
        string="Credit",
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    old_date = fields.Date(compute="_compute_effect", string="Expires On")
    expiry_date = fields.Date(
        string="New Expiry Date",
        help="The last day on which the open amount can be used.",
    )
    reason = fields.Char(required=True, help="Kept in the log of the batch.")
    effect = fields.Char(
        compute="_compute_effect", help="The entries that extending it posts."
    )

    @api.depends("batch_id", "line_id")
    def _compute_effect(self):
        for dialog in self:
            record = dialog.line_id or dialog.batch_id
            record.check_access("read")
            dialog.old_date = record.expiry_date
            lines = dialog.line_id or dialog.batch_id.line_ids
            count = len(lines.filtered("expired_on"))
            dialog.effect = (
                self.env._(
                    "Expired credits: %(count)s. An entry dated today reverses their "
                    "expiry, and they pay open invoices again according to the "
                    "settings.",
                    count=count,
                )
                if count
                else self.env._("No entry is posted: none of them has expired yet.")
            )

    @answered_once
    def action_confirm(self, idempotency_key=None):
        """Extend it.

        :return: an action that closes the dialog
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        self.ensure_one()
        if self.line_id:
            self.line_id.extend(self.expiry_date, self.reason)
        else:
            self.batch_id.action_extend(self.expiry_date, self.reason)
        return {"type": "ir.actions.act_window_close"}
