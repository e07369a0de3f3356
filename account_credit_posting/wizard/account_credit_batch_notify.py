from odoo import api, fields, models

from .. import const
from ..models.credit.batch_figures import find_lines_to_tell_again, find_undelivered
from ..tools.actions import open_dialog


class AccountCreditBatchNotify(models.TransientModel):
    """The dialog in front of the emails: how many, and what the first one says.

    It sends nothing itself: ``account.credit.batch.action_notify`` does, and checks
    everything again.
    """

    _name = "account.credit.batch.notify"
    _inherit = "account.credit.guard"
    _description = "Emails to the Customers of a Credit Batch"

    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    to_notify_count = fields.Integer(
        related="batch_id.to_notify_count", related_sudo=False
    )
    no_address_count = fields.Integer(
        compute="_compute_preview",
        string="Without an Email Address",
    )
    recipient = fields.Char(compute="_compute_preview", string="To")
    subject = fields.Char(compute="_compute_preview")
    body = fields.Html(compute="_compute_preview", sanitize=False)

    @api.model
    def _open(self, batch):
        """Return a window action that opens the dialog."""
        name = self.env._("Notify Customers")
        return open_dialog(name, self._name, batch_id=batch.id)

    @api.depends("batch_id")
    def _compute_preview(self):
        for dialog in self:
            dialog.update(dialog._prepare_preview_vals())

    def _prepare_preview_vals(self):
        """Prepare what the dialog shows: the email of the first account to be told."""
        self.batch_id.check_access("read")
        lines = self.env["account.credit.line"]
        lines = lines.search(
            [("batch_id", "=", self.batch_id.id), *const.TO_NOTIFY_DOMAIN],
            order="id",
        )
        undelivered_sudo = find_undelivered(self.batch_id)
        # The lines are those of the batch, which the user sees.
        lines |= find_lines_to_tell_again(undelivered_sudo).sudo(self.env.su)
        accounts = lines.partner_id
        reachable = accounts.filtered("email_normalized")
        first = lines.filtered(lambda line: line.partner_id == reachable[:1])[:1]
        vals = {
            "no_address_count": len(accounts) - len(reachable),
            "recipient": False,
            "subject": False,
            "body": False,
        }
        if first:
            # What the customer will read, which the template takes from documents that
            # the clerk need not see. The line itself was read with the user's rules.
            template_sudo = self.env.ref(
                "account_credit_posting.mail_template_credit_posted"
            ).sudo()
            rendered = template_sudo._generate_template(
                first.ids, ("subject", "body_html")
            )[first.id]
            vals |= {
                "recipient": first.partner_id.email,
                "subject": rendered["subject"],
                "body": rendered["body_html"],
            }
        return vals

    def action_confirm(self):
        """Let the emails be sent, and close the dialog."""
        self.ensure_one()
        self.batch_id.action_notify()
        return {"type": "ir.actions.act_window_close"}
