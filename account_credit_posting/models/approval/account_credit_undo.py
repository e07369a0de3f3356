from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ... import const
from ...tools.actions import notify
from ...tools.days import get_today
from ...tools.rights import get_waiting_text, request_approval


class AccountCreditUndo(models.AbstractModel):
    """Whoever posted credits takes them back, for as long as the company says.

    It is a reversal like that of an administrator, of the batch as a whole. What needed
    a second person to be posted needs one to be undone.
    """

    _name = "account.credit.undo"
    _description = "Undo of Own Credits"

    @api.model
    def _get_error(self, batch):
        """Return why this user cannot undo a batch, or False."""
        company = batch.company_id
        name = batch.display_name
        if {self.env.user} != set(batch.create_uid | batch.requested_by_id):
            return self.env._(
                "%(batch)s was posted by somebody else. Ask an administrator of "
                "credits to reverse it.",
                batch=name,
            )
        if batch.charge_item_id or batch.correction or batch.draws_of_id:
            return self.env._(
                "%(batch)s contains more than credits. Ask an administrator of "
                "credits to reverse it.",
                batch=name,
            )
        if batch.state not in ("done", "partial") or not batch.posted_count:
            return self.env._("Nothing of %(batch)s can be undone.", batch=name)
        if not company.credit_undo_minutes:
            return self.env._(
                "%(company)s lets only administrators of credits reverse them.",
                company=company.display_name,
            )
        if self._get_end(batch) < fields.Datetime.now():
            return self.env._(
                "%(batch)s was posted more than %(minutes)s minutes ago. Ask an "
                "administrator of credits to reverse it.",
                batch=name,
                minutes=company.credit_undo_minutes,
            )
        return False

    @api.model
    def _get_end(self, batch):
        """Return until when a batch can be undone.

        Counted from the first of its credits: a retry does not prolong it.
        """
        # When they were posted is no secret of the ledger.
        lines_sudo = self.env["account.credit.line"].sudo()
        first_sudo = lines_sudo.search(
            [("batch_id", "=", batch.id), ("move_line_id", "!=", False)],
            order="move_line_id",
            limit=1,
        )
        minutes = timedelta(minutes=batch.company_id.credit_undo_minutes)
        # What is promised has no entry: it was given when that was asked for.
        runs_sudo = batch.sudo().run_id.search(
            [("batch_id", "=", batch.id)], order="id", limit=1
        )
        first_sudo = first_sudo.move_line_id or runs_sudo
        return first_sudo.create_date + minutes

    @api.model
    def _undo(self, batch):
        """Reverse all that a batch of this user credited, or ask for it.

        The caller has checked that the user may post credits.

        :return: True, or a client action that says who was asked
        :raise UserError: when it cannot be undone, with the reason
        """
        batch._lock()
        if error := self._get_error(batch):
            raise UserError(error)
        approvals = self.env["account.credit.approval"]
        if reasons := approvals._get_reasons(batch, self.env.user):
            return self._ask(batch, approvals._find_approvers(batch), reasons)
        day = max(get_today(batch.company_id), batch.date)
        reason = self.env._("undone by who posted them.")
        self.env["account.credit.run"]._reverse(batch, "all", day, reason)
        return True

    @api.model
    def _ask(self, batch, approvers, reasons):
        """Ask administrators to reverse a batch, once."""
        text = get_waiting_text(self.env, approvers, reasons)
        types = batch.sudo().activity_ids.activity_type_id  # Those of others.
        if self.env.ref(const.UNDO_ACTIVITY) not in types:
            asked = self.env._("%(user)s asks to reverse it.", user=self.env.user.name)
            request_approval(
                batch, const.UNDO_ACTIVITY, approvers, f"{asked} {' '.join(reasons)}"
            )
        return notify(text, "info", next={"type": "ir.actions.act_window_close"})
