import logging

from odoo import api, fields, models

from ..narrowing import explain_refusal, narrow

_logger = logging.getLogger(__name__)

#: From so many accounts on, a scheduled action takes them over into the batch: the
#: database checks each row, and nobody waits for seconds.
HANDED_OVER = 10_000


class AccountPostTransaction(models.TransientModel):
    """Take very many accounts over into the batch while nobody waits for it."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    is_handed_over = fields.Boolean(
        readonly=True,
        copy=False,
        help="Post was clicked, and a scheduled action takes the accounts over.",
    )
    handover_error = fields.Char(
        readonly=True,
        copy=False,
        help="Why the accounts were not taken over; nothing was posted.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("batch_id.state", "is_handed_over")
    def _compute_batch_state(self):
        for transaction in self:
            transaction.batch_state = (
                "queued" if transaction.is_handed_over else transaction.batch_id.state
            )

    @api.depends("batch_id.progress_info", "is_handed_over")
    def _compute_progress_info(self):
        for transaction in self:
            info = transaction.batch_id.progress_info
            if transaction.is_handed_over:
                count = transaction.line_count
                info = {**info, "is_working": True, "line_count": count}
            transaction.progress_info = info

    def _get_result_text(self, paid):
        if self.is_handed_over:
            return self.env._(
                "%(accounts)s are taken over by %(batch)s, then posted in the "
                "background. You can close this page.",
                accounts=self.accounts_text,
                batch=self.batch_id.name,
            )
        return super()._get_result_text(paid)

    # -------------------------------------------------------------------------
    # HANDING OVER
    # -------------------------------------------------------------------------

    def _post_lines(self, batch):
        """Post the accounts now, or leave very many of them to a scheduled action."""
        if self.line_count < HANDED_OVER:
            return super()._post_lines(batch)
        # Only posting hands over; the user may write none of this.
        self.sudo().write({"is_handed_over": True, "handover_error": False})
        cron = self.env.ref("account_credit_posting.ir_cron_hand_over")
        cron.sudo()._trigger()  # Whoever posts need not see scheduled actions.
        return None

    @api.model
    def _cron_hand_over(self):
        """Take the accounts of transactions over, each in a database transaction."""
        domain = [("is_handed_over", "=", True)]
        todo = self.search(domain, order="id").ids
        remaining = len(todo)
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        for transaction in self.browse(todo):
            # Another server may be at it.
            if transaction.try_lock_for_update().filtered("is_handed_over"):
                transaction._hand_over()
            remaining -= 1
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                return

    def _hand_over(self):
        """Do what Post would have done, as the user who clicked it.

        What is refused leaves the set-up as it was, with the reason.
        """
        user = self.create_uid
        transaction = self.with_user(user).with_context(
            allowed_company_ids=self.company_id.ids, lang=user.lang, tz=user.tz
        )
        narrow(self.env.cr, transaction, lambda one: one._fill(), self._take_back)

    def _fill(self):
        """Take the accounts over and post them."""
        self.sudo().is_handed_over = False  # As in `_post_lines`.
        self._create_credit_lines(self.batch_id)
        self.batch_id.action_post()

    def _take_back(self, transaction, refusal):
        """Open the set-up again, with the reason: nothing is posted.

        :param transaction: this one, with the rights of its user
        :param refusal: the exception that came of it
        """
        self.env.invalidate_all()
        label = f"Handing over transaction {self.id}"
        reason = explain_refusal(transaction.env, refusal, _logger, label)
        batch = self.batch_id
        self.write(
            {
                "batch_id": False,
                "handover_error": reason,
                "is_handed_over": False,
                "step": "setup",
            }
        )
        batch.unlink()  # Empty: nothing was taken over.
        self.create_uid.partner_id._bus_send(
            "simple_notification", {"type": "danger", "message": reason}
        )

    # -------------------------------------------------------------------------
    # VACUUM
    # -------------------------------------------------------------------------

    @api.autovacuum
    def _transient_vacuum(self):
        """Keep what is to be taken over, however long no server was running."""
        if self._has_handed_over():
            return self._name, False
        return super()._transient_vacuum()

    @api.model
    def _has_handed_over(self):
        return bool(self.sudo().search_count([("is_handed_over", "=", True)], limit=1))
