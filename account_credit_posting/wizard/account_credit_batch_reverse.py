from odoo import api, fields, models

from .. import const
from ..models.credit.account_credit_answer import answered_once
from ..models.run.posted_credits import PostedCredits
from ..tools.days import get_today
from ..tools.texts import format_count


class AccountCreditBatchReverse(models.TransientModel):
    """The dialog in front of a reversal: what is unused, what was used and where.

    It reverses nothing itself: ``account.credit.batch.action_reverse`` does, and checks
    everything again.
    """

    _name = "account.credit.batch.reverse"
    _inherit = "account.credit.guard"
    _description = "Reversal of a Credit Batch"

    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    mode = fields.Selection(
        selection=const.REVERSAL_MODES,
        required=True,
        default="unused",
    )
    date = fields.Date(
        required=True,
        default=lambda self: get_today(self.env.company),
        help="The accounting date of the reversals.",
    )
    reason = fields.Char(required=True, help="Kept in the log of the batch.")
    figures = fields.Json(
        compute="_compute_figures",
        help="The used and unused amounts, see `_get_figures`.",
    )
    effect = fields.Char(compute="_compute_effect", help="The effect of the reversal.")
    is_possible = fields.Boolean(compute="_compute_effect")
    application_ids = fields.Many2many(
        comodel_name="account.credit.application",
        compute="_compute_application_ids",
        string="Invoices Paid",
    )
    application_count = fields.Integer(compute="_compute_application_ids")
    more_text = fields.Char(compute="_compute_application_ids")

    @api.depends("batch_id")
    def _compute_figures(self):
        for dialog in self:
            dialog.figures = dialog._get_figures()

    def _get_figures(self):
        """Return what the dialog shows.

        :return: ``[{"currency_id", "credited", "unused", "used": texts with currency,
            "untouched", "partly", "used_up": numbers of accounts, "has_unused"}]``
        """
        batch = self.batch_id
        batch.check_access("read")
        # Whoever sees the batch may know what became of it.
        figures = PostedCredits(batch.sudo()).get_figures()
        return [
            {
                **row,
                "currency_id": currency.id,
                "has_unused": not currency.is_zero(row["unused"]),
                "used": currency.format(row["credited"] - row["unused"]),
                "credited": currency.format(row["credited"]),
                "unused": currency.format(row["unused"]),
            }
            for currency, row in figures.items()
        ]

    @api.depends("batch_id")
    def _compute_application_ids(self):
        for dialog in self:
            applications = self.env["account.credit.application"]
            domain = [
                ("state", "=", "applied"),
                ("credit_line_id.batch_id", "=", dialog.batch_id.id),
            ]
            count = applications.search_count(domain)
            dialog.application_count = count
            dialog.application_ids = applications.search(
                domain, order="id", limit=const.INVOICES_LISTED
            )
            more = count - const.INVOICES_LISTED
            dialog.more_text = more > 0 and self.env._(
                "and %(count)s more", count=format_count(self.env, more)
            )

    @api.depends("mode", "figures", "application_count")
    def _compute_effect(self):
        for dialog in self:
            rows = dialog.figures or []
            unused = " + ".join(row["unused"] for row in rows if row["has_unused"])
            credited = " + ".join(row["credited"] for row in rows)
            if dialog.mode == "all":
                dialog.is_possible = bool(rows)
                dialog.effect = self.env._(
                    "All of it is reversed: %(credited)s.", credited=credited
                )
                if dialog.application_count:
                    dialog.effect += " " + self.env._(
                        "Its payments are unapplied, and those invoices are open "
                        "again. Other open credits of the accounts may pay them at "
                        "once."
                    )
            elif unused:
                dialog.is_possible = True
                dialog.effect = self.env._(
                    "%(unused)s is taken back. What was used stays as it is, and no "
                    "invoice changes.",
                    unused=unused,
                )
            else:
                dialog.is_possible = False
                dialog.effect = self.env._("All of these credits are used.")

    @answered_once
    def action_confirm(self, idempotency_key=None):
        """Reverse in the mode chosen.

        :return: an action that closes the dialog
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        self.ensure_one()
        self.batch_id.action_reverse(self.mode, self.date, self.reason)
        return {"type": "ir.actions.act_window_close"}
