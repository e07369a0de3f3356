import logging

from ...tools.isolating import explain_error, isolate
from .transaction_lines import TransactionLines

_logger = logging.getLogger(__name__)


class TransactionTransfer:
    """Transfer very many accounts into the batch while nobody waits for it.

    :param transaction: an ``account.post.transaction`` that Post was clicked for
    """

    def __init__(self, transaction):
        transaction.ensure_one()
        self.transaction = transaction
        self.env = transaction.env

    def start(self):
        """Leave the accounts to the scheduled action."""
        self._write({"is_transferring": True, "transfer_error": False})
        cron = self.env.ref("account_credit_posting.ir_cron_transfer_lines")
        cron.sudo()._trigger()  # Whoever posts need not see scheduled actions.

    def run(self):
        """Do what Post would have done, as the user who clicked it.

        What is refused leaves the set-up as it was, with the reason.
        """
        # Another server may be at it.
        if not self.transaction.try_lock_for_update().filtered("is_transferring"):
            return
        user = self.transaction.create_uid
        transaction = self.transaction.with_user(user).with_context(
            allowed_company_ids=self.transaction.company_id.ids,
            lang=user.lang,
            tz=user.tz,
        )
        isolate(self.env.cr, transaction, self._post, self._reopen_setup)

    def _post(self, transaction):
        """Transfer the accounts and post them.

        :param transaction: this one, with the rights of its user
        """
        self._write({"is_transferring": False})
        TransactionLines(transaction).transfer(transaction.batch_id)
        transaction.batch_id.action_post()

    def _reopen_setup(self, transaction, error):
        """Open the set-up again, with the reason: nothing is posted.

        :param transaction: as in :meth:`_post`
        :param error: the exception that came of it
        """
        self.env.invalidate_all()
        label = f"Transferring transaction {transaction.id}"
        reason = explain_error(transaction.env, error, _logger, label)
        batch = self.transaction.batch_id
        self._write(
            {
                "batch_id": False,
                "transfer_error": reason,
                "is_transferring": False,
                "step": "setup",
            }
        )
        batch.unlink()  # Empty: nothing was transferred.
        self.transaction.create_uid.partner_id._bus_send(
            "simple_notification", {"type": "danger", "message": reason}
        )

    def _write(self, vals):
        # The user may write none of this.
        self.transaction.sudo()._write_guarded(vals)
