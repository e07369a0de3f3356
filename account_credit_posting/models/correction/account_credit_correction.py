from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.locks import lock_rows
from ...tools.posting import with_posting


class Item(NamedTuple):
    """A journal item of a correction, before it is posted."""

    #: The ledger account.
    account: Any
    #: The account, a ``res.partner``.
    partner: Any
    #: Debit above zero.
    amount: float


class AccountCreditCorrection(models.Model):
    """How one posted credit was corrected: by whom, when, why, and by which other one.

    What was posted is in the ledger. Nothing here is written or deleted by hand. How
    each kind is done is in an abstract model of its own.
    """

    _name = "account.credit.correction"
    _inherit = "account.credit.guard"
    _description = "Correction of a Credit"
    _order = "id desc"
    _rec_name = "line_id"

    kind = fields.Selection(
        selection=[
            ("replace", "Replaces a credit"),
            ("move", "Moved from another account"),
            ("reverse", "Reversed"),
            ("expire", "Expired"),
            ("extend", "Expiry date extended"),
        ],
        required=True,
        readonly=True,
        written_by="correcting",
    )
    line_id = fields.Many2one(
        comodel_name="account.credit.line",
        string="Credit",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="The credit that was corrected.",
        written_by="correcting",
    )
    new_line_id = fields.Many2one(
        comodel_name="account.credit.line",
        string="New Credit",
        readonly=True,
        ondelete="restrict",
        help="The credit that was posted instead, or that a part of it became.",
        written_by="correcting",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Entry",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The entries posted when the credit expired or was reopened.",
        written_by="correcting",
    )
    new_batch_id = fields.Many2one(
        related="new_line_id.batch_id",
        store=True,
        precompute=True,
        index="btree_not_null",
        written_by="compute",
    )
    company_id = fields.Many2one(
        related="line_id.company_id",
        store=True,
        precompute=True,
        index=True,
        written_by="compute",
    )
    date = fields.Date(
        required=True,
        readonly=True,
        help="The accounting date of what was posted.",
        written_by="correcting",
    )
    reason = fields.Char(
        readonly=True,
        help="The internal comment of the user.",
        written_by="correcting",
    )
    _new_line_id_unique = models.UniqueIndex(
        "(new_line_id) WHERE new_line_id IS NOT NULL",
        "A credit is created by one correction only.",
    )
    _replaced_line_id_unique = models.UniqueIndex(
        "(line_id) WHERE kind = 'replace'",
        "A credit is replaced only once.",
    )
    _reversed_has_no_new_line = models.Constraint(
        "CHECK ((kind IN ('replace', 'move')) = (new_line_id IS NOT NULL))",
        "A credit is replaced by another one, or moved to it.",
    )

    @api.model
    def _record(self, kind, line, date, reason, new_line=None):
        """Write down a correction; the caller has checked the right.

        :param kind: see the field
        :param line: the credit that is corrected
        :param date: of what is posted
        :param reason: what the user said
        :param new_line: the credit that comes of it
        """
        # Nobody may write corrections; whoever may correct has them written.
        corrections_sudo = with_posting(self.sudo(), "correcting")
        corrections_sudo.create(
            {
                "kind": kind,
                "line_id": line.id,
                "new_line_id": new_line and new_line.id,
                "date": date,
                "reason": reason,
            }
        )

    @api.model
    def _record_booked(self, kind, booked, reason):
        """Write down corrections of many credits, each posted by an entry.

        :param kind: "expire" or "extend"
        :param list booked: ``[(credit line, account.move)]``
        :param reason: what the user said, if anything
        """
        # As in `_record`.
        corrections_sudo = with_posting(self.sudo(), "correcting")
        corrections_sudo.create(
            [
                {
                    "kind": kind,
                    "line_id": line.id,
                    "move_id": move.id,
                    "date": move.date,
                    "reason": reason,
                }
                for line, move in booked
            ]
        )

    @api.model
    def _new_line(self, line, vals):
        """Return the credit line of a batch that is not created, to show what it is.

        :param line: the credit that is corrected
        :param vals: for ``account.credit.batch.create``, with one line
        """
        [[_create, _id, line_vals]] = vals.pop("line_ids")
        batch = line.env["account.credit.batch"].new(vals)
        return line.new({**line_vals, "batch_id": batch})

    @api.model
    def _log(self, batches, message, reason):
        """Keep what was done, and why, in the logs of batches, for the office.

        :param batches: those of both credits
        :param message: a sentence
        :param reason: what the user said
        """
        if reason:
            message = self.env._(
                "%(message)s Reason: %(reason)s", message=message, reason=reason
            )
        for batch in batches:
            batch.message_post(body=message, subtype_xmlid="mail.mt_note")

    @api.model
    def _lock(self, lines):
        """Make other transactions on these credits wait until this one has ended.

        They then fail to serialize and start again, see ``account.credit.batch._lock``:
        whatever takes of a credit, or reverses it, changes its journal item.
        """
        for batch in lines.batch_id.sorted("id"):
            batch._lock()
        # The rows are read by id, whatever the user may see of them.
        posted_sudo = lines.sudo().filtered(lambda line: line.state == "posted")
        items = self.env["account.move.line"]
        lock_rows(items.browse(posted_sudo.move_line_id.ids))

    @api.model
    def _check_reason(self, reason):
        """Check that the user said why.

        :raise UserError: when not
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Enter a reason: it is kept in the log."))

    @api.model
    def _check_is_posted(self, line):
        """Check that there is a credit to correct.

        :raise UserError: when it is not posted, or reversed
        """
        if line.state != "posted":
            raise UserError(
                self.env._(
                    "%(line)s is not posted, or already reversed: there is nothing "
                    "to correct.",
                    line=line.display_name,
                )
            )

    @api.model
    def _check_not_own_account(self, account):
        """Check that nobody gives a credit to themselves.

        :raise UserError: when the account is that of the user's own contact
        """
        if account and account == self.env.user.partner_id.commercial_partner_id:
            raise UserError(
                self.env._(
                    "This is your own account: another administrator must give it the "
                    "credit."
                )
            )
