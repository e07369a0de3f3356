from odoo import api, fields, models

from ..models.credit.account_credit_answer import answered_once
from ..tools.days import get_today


class AccountUnclaimedRemit(models.TransientModel):
    """The dialog that pays unclaimed property to a state."""

    _name = "account.unclaimed.remit"
    _inherit = "account.credit.guard"
    _description = "Payment of Unclaimed Property"

    property_ids = fields.Many2many(
        comodel_name="account.unclaimed.property",
        string="Unclaimed Property",
        required=True,
        readonly=True,
        written_by="opener",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", compute="_compute_sums", compute_sudo=True
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_sums", compute_sudo=True
    )
    state_id = fields.Many2one(
        comodel_name="res.country.state", compute="_compute_sums", compute_sudo=True
    )
    amount = fields.Monetary(compute="_compute_sums", compute_sudo=True)
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Paid To",
        required=True,
        help="The office of the state.",
    )
    journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Paid From",
        required=True,
        domain="[('type', 'in', ('bank', 'cash', 'credit')), "
        "('company_id', 'parent_of', company_id)]",
    )
    date = fields.Date(
        required=True,
        default=lambda self: get_today(self.env.company),
    )

    @api.model
    def default_get(self, fields):
        """Propose whom, and from where, the state was paid last time."""
        defaults = super().default_get(fields)
        rows = self.env["account.unclaimed.property"].browse(
            self.env.context.get("default_property_ids")
        )
        rows.check_access("read")
        last = rows._find_last_payment()
        journal = last.journal_id or self.env["account.journal"]._find_money_journal(
            rows.company_id[:1]
        )
        return {**defaults, "partner_id": last.partner_id.id, "journal_id": journal.id}

    @api.depends("property_ids")
    def _compute_sums(self):
        for dialog in self:
            rows = dialog.property_ids
            dialog.company_id = rows[:1].company_id
            dialog.currency_id = rows[:1].currency_id
            dialog.state_id = rows[:1].state_id
            dialog.amount = sum(rows.mapped("amount"))

    @answered_once
    def action_confirm(self, idempotency_key=None):
        """Pay it.

        :return: an action that closes the dialog
        :raise AccessError: when the user may not
        :raise UserError: when it cannot be paid, with the reason
        """
        self.ensure_one()
        self.property_ids._remit(self.partner_id, self.journal_id.sudo(), self.date)
        return {"type": "ir.actions.act_window_close"}
