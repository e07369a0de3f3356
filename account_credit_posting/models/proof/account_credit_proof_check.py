from odoo import fields, models

from ...tools.actions import open_list


class AccountCreditProofCheck(models.Model):
    """What one check of a proof claims, how it looked, and what it found."""

    _name = "account.credit.proof.check"
    _inherit = "account.credit.guard"
    _description = "Check of the Ledger"
    _order = "proof_id, id"

    proof_id = fields.Many2one(
        comodel_name="account.credit.proof",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="proving",
    )
    company_id = fields.Many2one(
        related="proof_id.company_id",
        store=True,
        precompute=True,
        written_by="compute",
    )
    code = fields.Char(required=True, readonly=True, written_by="proving")
    name = fields.Char(
        string="Requirement",
        required=True,
        readonly=True,
        help="The requirement that was checked.",
        written_by="proving",
    )
    how = fields.Text(string="How It Was Checked", readonly=True, written_by="proving")
    checked_count = fields.Integer(
        string="Checked",
        readonly=True,
        help="The number of records checked.",
        written_by="proving",
    )
    failed_count = fields.Integer(string="Failed", readonly=True, written_by="proving")
    seconds = fields.Float(
        readonly=True,
        digits=(10, 2),
        help="The duration, for all companies that were checked together.",
        written_by="proving",
    )
    failed_model = fields.Char(readonly=True, written_by="proving")
    failed_ids = fields.Json(
        string="Failed Records",
        readonly=True,
        help="The first records that failed.",
        written_by="proving",
    )
    failed_names = fields.Text(
        string="First Failed Records",
        readonly=True,
        help="The first records that failed, as they were called.",
        written_by="proving",
    )

    def action_view_failed(self):
        """Open the records that failed, the first of them where they are many.

        :return: a window action; the user's own rights hold there
        """
        self.ensure_one()
        self.check_access("read")
        return open_list(
            self.name, self.failed_model, [("id", "in", self.failed_ids or [])]
        )
