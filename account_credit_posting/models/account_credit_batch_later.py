import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import format_datetime

from .account_credit_batch import FACT_FIELDS, POSTING_FIELDS

_logger = logging.getLogger(__name__)

FACT_FIELDS |= {"post_at"}
POSTING_FIELDS |= {"is_scheduled"}


class AccountCreditBatch(models.Model):
    """Post batches later: at their time a scheduled action hands them to workers."""

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    post_at = fields.Datetime(
        string="Post Later",
        copy=False,
        tracking=True,
        help="When it is posted, after an approval where one is needed. The accounting "
        "date stays as it is. Empty, or in the past: at once.",
    )
    is_scheduled = fields.Boolean(
        string="Waits for Its Time",
        readonly=True,
        copy=False,
        help="Workers leave the lines alone until it is time.",
    )

    _scheduled_idx = models.Index("(post_at) WHERE is_scheduled")

    # -------------------------------------------------------------------------
    # SCHEDULING
    # -------------------------------------------------------------------------

    def _is_for_later(self):
        self.ensure_one()
        return bool(self.post_at) and self.post_at > fields.Datetime.now()

    def _schedule(self):
        """Let the batch wait for its time, queued.

        :raise UserError: when the batch as a whole cannot be posted
        """
        self._check_ready()
        self._take()
        self._write_posting(
            {
                "state": "queued",
                "work": "post",
                "requested_by_id": self.env.uid,
                "is_scheduled": True,
                "is_paused": False,
                "posting_start": False,
                "posting_end": False,
            }
        )
        cron = self.env.ref(
            "account_credit_posting.ir_cron_post_later", raise_if_not_found=False
        )
        if cron:
            # Whoever posts need not see scheduled actions.
            cron.sudo()._trigger(at=self.post_at)

    def _get_scheduled_text(self):
        self.ensure_one()
        return self.env._(
            "The credits are posted on %(time)s. Until then you can cancel the batch.",
            time=format_datetime(self.env, self.post_at, dt_format="short"),
        )

    def _get_progress_info(self):
        """Return what the progress bar shows: none before it is time."""
        info = super()._get_progress_info()
        return {**info, "is_working": info["is_working"] and not self.is_scheduled}

    def _check_in_background(self):
        for batch in self:
            if batch.is_scheduled:
                raise UserError(
                    self.env._(
                        "%(batch)s waits for its time. Cancel it, and duplicate it to "
                        "post the copy at another.",
                        batch=batch.display_name,
                    )
                )
        return super()._check_in_background()

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    @api.model
    def _cron_post_later(self):
        """Hand the batches whose time has come to the workers, one after the other.

        Each of them is committed by itself; what is left is for the next run.
        """
        due = self.search(
            [("is_scheduled", "=", True), ("post_at", "<=", fields.Datetime.now())],
            order="post_at, id",
        )
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for batch in due:
            try:
                batch._release()
                if not self.env["ir.cron"]._commit_progress(1):
                    return
            except (OperationalError, ConcurrencyError):
                # Somebody cancels it at this moment: the next run looks again.
                self.env.cr.rollback()
                self.env.invalidate_all()
                _logger.info("Credit batch %s is left to the next run", batch.id)

    def _release(self):
        """Hand a batch to the workers, as it would be if it was posted now.

        It is in the name of who asked, else of who approved it. Where neither may post
        credits any more, or a limit was lowered and nobody has approved it, it waits
        for approval. What cannot be posted fails with the reason.
        """
        self.ensure_one()
        self._take()
        if not self.is_scheduled or self.state != "queued":
            return
        self._write_posting({"is_scheduled": False})
        author = self.requested_by_id
        poster = self._find_poster()
        try:
            with self.env.cr.savepoint():
                if not poster:
                    self._wait_for_approval(author)
                    return
                self._write_posting({"requested_by_id": poster.id})
                batch = self._as_author()
                batch._check_document_form()
                if batch._needs_approval():
                    batch._wait_for_approval(poster)
                else:
                    batch._queue("post")
        except UserError as error:
            self._fail_pending(str(error))
            self._settle()
