import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL

from .account_credit_line import POSTING

_logger = logging.getLogger(__name__)

#: Lines created, numbered and posted as one set. Odoo's cost per entry grows with
#: the size of the set, so the set is small and a batch is many sets.
CHUNK_LINES = 200

#: Lines like this are still to be done: {work: (field, value)}.
TO_DO = {"post": ("state", "pending"), "reverse": ("is_to_reverse", True)}

#: Chunks that a worker may lose in a row to others before it leaves them alone.
PATIENCE = 20

#: First key of PostgreSQL's advisory locks on journals with inalterable entries.
CHAIN_LOCK = 0x43524544

#: External ids of the scheduled actions that post; each of them runs once at a time.
WORKERS = tuple(
    f"account_credit_posting.ir_cron_post_credits_{number}" for number in range(1, 5)
)


class AccountCreditBatch(models.Model):
    """Post batches chunk by chunk: while the user waits, or on any number of workers.

    A chunk is one transaction: its lines are locked, become credit notes, are marked,
    and all of that is committed or nothing. So whoever dies loses at most a chunk, and
    whoever comes next finds it pending.
    """

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    requested_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        help="Who asked to post it, or to reverse it: the entries are in that name.",
    )
    work = fields.Selection(
        selection=[("post", "Posting"), ("reverse", "Reversal")],
        required=True,
        readonly=True,
        copy=False,
        default="post",
        help="What workers do with the lines of the batch.",
    )
    is_paused = fields.Boolean(
        string="Paused",
        readonly=True,
        copy=False,
        help="Workers leave the pending lines alone.",
    )
    progress_info = fields.Json(
        compute="_compute_progress_info",
        help="What the progress bar shows, see `_get_progress_info`.",
    )
    posting_start = fields.Datetime(readonly=True, copy=False)
    posting_end = fields.Datetime(readonly=True, copy=False)

    # -------------------------------------------------------------------------
    # PROGRESS
    # -------------------------------------------------------------------------

    @api.depends("state", "is_paused", "line_ids.state")
    def _compute_progress_info(self):
        for batch in self:
            batch.progress_info = batch._get_progress_info()

    def _get_progress_info(self):
        """Return what the progress bar shows.

        :return: ``{"batch_id", "is_working", "is_paused", "work", "line_count",
            "done": lines posted or reversed, "failed", "seconds": since the first chunk
            was begun}``
        """
        self.ensure_one()
        end = self.posting_end or fields.Datetime.now()
        start = self.posting_start or end
        return {
            "batch_id": self._origin.id,
            "is_working": self.state in ("queued", "posting"),
            "is_paused": self.is_paused,
            "line_count": self._count_requested(),
            "done": self._count_done(),
            "failed": self._count_refused(),
            "work": self.work,
            "seconds": (end - start).total_seconds(),
        }

    def _count_requested(self):
        """Return how many lines the workers were given."""
        return self.line_count if self.work == "post" else self.reversal_count

    def _count_done(self):
        if self.work == "post":
            return self.posted_count
        to_do = self._count_lines_to_do()
        return self.reversal_count - to_do - self._count_refused()

    def _count_refused(self):
        """Return how many lines could not be posted, or could not be reversed."""
        if self.work == "post":
            return self.failed_count
        return self.env["account.credit.line"].search_count(
            [("batch_id", "in", self.ids), ("reversal_error", "!=", False)]
        )

    def _tell_progress(self):
        """Tell whoever posted the batch how far it is, when this is committed."""
        self.ensure_one()
        author = self.requested_by_id
        author.partner_id._bus_send(
            "account_credit_posting/progress", {"batch_id": self.id}
        )
        if self.state in ("queued", "posting"):
            return
        batch = self._as_author()
        failed = batch._count_refused()
        message = (
            batch.env._("%(done)s credits are posted, %(failed)s failed.")
            if batch.work == "post"
            else batch.env._(
                "%(done)s credits are taken back, %(failed)s could not be."
            )
        )
        author.partner_id._bus_send(
            "simple_notification",
            {
                "type": "warning" if failed else "success",
                "title": batch.name,
                "message": message % {"done": batch._count_done(), "failed": failed},
            },
        )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_pause(self):
        """Let workers leave the pending lines alone; a chunk in work is finished.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        return self._set_paused(True)

    def action_resume(self):
        """Let workers go on with the pending lines.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._set_paused(False)
        self._trigger_workers()
        return True

    def _set_paused(self, is_paused):
        self._check_may_post()
        self._check_in_background()
        self.sudo()._write_posting({"is_paused": is_paused})
        return True

    def action_cancel_pending(self):
        """Cancel what is not done yet.

        Pending lines fail, so that nothing posts them by itself; of a reversal, what is
        not reversed stays posted.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        self._check_in_background()
        for batch in self.sudo():  # As in `_work_chunk`.
            batch._take()
            # Those that a worker has in its hands are done: this waits for them.
            lines = self.env["account.credit.line"].sudo()
            lines = lines.search(batch._get_to_do_domain())
            if batch.work == "post":
                lines._set_failed(self.env._("Cancelled before it was posted."))
            else:
                lines._set_not_reversed(self.env._("Cancelled before it was reversed."))
            batch._settle()
        return True

    def _check_in_background(self):
        for batch in self:
            if batch.state not in ("queued", "posting"):
                raise UserError(
                    self.env._(
                        "%(batch)s is not being posted.", batch=batch.display_name
                    )
                )

    def _check_not_in_work(self):
        for batch in self:
            if batch.state in ("queued", "posting"):
                raise UserError(
                    self.env._(
                        "%(batch)s is in work. Wait until it is done, or cancel what "
                        "is pending.",
                        batch=batch.display_name,
                    )
                )
            batch._check_not_waiting()

    # -------------------------------------------------------------------------
    # QUEUE
    # -------------------------------------------------------------------------

    def _is_large(self):
        """Tell whether the batch is posted in the background."""
        self.ensure_one()
        return self.line_count > self.company_id.credit_background_lines

    def _queue(self, work):
        """Leave the lines to the workers.

        :param work: "post" what is pending, or "reverse" what is posted
        """
        self.ensure_one()
        self._check_ready()
        self._take()
        self._write_posting(
            {
                "state": "queued",
                "work": work,
                "requested_by_id": self.env.uid,
                "is_paused": False,
                "posting_start": False,
                "posting_end": False,
            }
        )
        self._trigger_workers()

    def _trigger_workers(self):
        """Wake the workers when this transaction is committed.

        Ours take lines of any batch. Others may be for the batches in ``self``, which
        is empty where a worker leaves what there is to the next one.
        """
        for xml_id in WORKERS:
            cron = self.env.ref(xml_id, raise_if_not_found=False)
            if cron:
                cron.sudo()._trigger()  # Whoever posts need not see scheduled actions.

    @api.model
    def _cron_post(self):
        """Post chunks of queued batches until there is none, or the time is up.

        Any number of workers may do this at once: each takes lines that no other has.
        """
        if not self.env["ir.cron"]._commit_progress(
            remaining=self._count_queued_lines()
        ):
            # Odoo calls ten times at once. What goes on when the time is up keeps the
            # other scheduled actions waiting, and its watchdog restarts the server.
            return
        lost = 0
        while lost < PATIENCE:
            try:
                batch = self._find_queued()
                if not batch:
                    # What is pending is in the hands of others.
                    self.env["ir.cron"]._commit_progress(remaining=0)
                    return
                count = batch._work_step()
                remaining = self._count_queued_lines()
                if not self.env["ir.cron"]._commit_progress(count, remaining=remaining):
                    if remaining:
                        # Without it Odoo's cron looks again in a minute only.
                        self._trigger_workers()
                        self.env["ir.cron"]._commit_progress()
                    return
                lost = 0
            except (OperationalError, ConcurrencyError):
                # Another worker, or a user, was at the same rows: look again, at what
                # they have left.
                self.env.cr.rollback()
                self.env.invalidate_all()
                lost += 1
        _logger.info("A worker leaves the queue to others")
        self._trigger_workers()
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _count_queued_lines(self):
        return sum(
            self.env["account.credit.line"].search_count(
                [
                    (name, "=", value),
                    ("batch_id.work", "=", work),
                    ("batch_id.state", "in", ("queued", "posting")),
                    ("batch_id.is_paused", "=", False),
                    ("batch_id.is_scheduled", "=", False),
                ]
            )
            for work, (name, value) in TO_DO.items()
        )

    @api.model
    def _find_queued(self):
        """Return the oldest batch that has a line for this worker, or must be settled.

        Lines that another worker has in its hands are for nobody else.
        """
        self.flush_model(["state", "is_paused", "is_scheduled", "work"])
        self._flush_lines()
        is_to_do = SQL(
            "line.batch_id = batch.id AND CASE batch.work WHEN 'post'"
            " THEN line.state = 'pending' ELSE line.is_to_reverse END"
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT batch.id
                  FROM account_credit_batch batch
                 WHERE batch.state IN ('queued', 'posting')
                   AND batch.is_paused IS NOT TRUE
                   AND batch.is_scheduled IS NOT TRUE
                   AND (
                       NOT EXISTS (
                           SELECT FROM account_credit_line line WHERE %(is_to_do)s
                       )
                       OR EXISTS (
                           SELECT FROM account_credit_line line
                            WHERE %(is_to_do)s
                            LIMIT 1
                              FOR UPDATE SKIP LOCKED
                       )
                   )
              ORDER BY batch.id
                 LIMIT 1
                """,
                is_to_do=is_to_do,
            )
        )
        batch = self.browse(row[0] for row in rows)
        # What another worker posts in the same journal, it posts alone.
        return batch if batch and batch._try_take_chain() else self.browse()

    def _try_take_chain(self):
        """Take the journals with inalterable entries, until this transaction ends.

        Each of their entries is chained to the one before, so that one worker at a
        time can post in them. Other journals are for all workers at once.

        :return: whether nobody else has them
        """
        self.ensure_one()
        journals = self.sudo()._get_posting_journals()
        return all(
            self.env.execute_query(
                SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", CHAIN_LOCK, journal.id)
            )[0][0]
            for journal in journals.filtered("restrict_mode_hash_table")
        )

    def _get_posting_journals(self):
        """Return the journals that workers of this batch may post in."""
        self.ensure_one()
        journals = self._get_journal() | self.company_id._get_credit_entry_journal()
        if self.charge_item_id:
            journals |= journals.search(
                [("company_id", "=", self.company_id.id), ("type", "=", "sale")]
            )
        return journals

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _post_now(self):
        """Post the pending lines while the user waits, all in one transaction.

        The caller has checked the right.
        """
        self.ensure_one()
        self._check_ready()
        self._take()
        self._write_posting({"requested_by_id": self.env.uid, "work": "post"})
        self._work_off()

    def _reverse_now(self):
        """Reverse the posted lines while the user waits, all in one transaction.

        The caller has checked the right.
        """
        self.ensure_one()
        self._take()
        self._write_posting({"requested_by_id": self.env.uid, "work": "reverse"})
        self._work_off()

    def _work_off(self):
        while self._work_chunk():
            self.env.flush_all()
            self.env.invalidate_all()

    def _work_step(self):
        """Say that posting has begun, or else work a chunk, and tell how far it is.

        The caller commits, and begins again from nothing where it could not be done.

        :return: how many lines are done
        :raise OperationalError: when somebody was at the same rows
        :raise ConcurrencyError: likewise
        """
        count = 0 if self._start() else self._work_chunk()
        self._tell_progress()
        # Nothing of this chunk is needed for the next: memory does not grow.
        self.env.flush_all()
        self.env.invalidate_all()
        return count

    def _work_chunk(self):
        """Post or reverse up to a chunk of lines, and settle the batch after the last.

        :return: how many lines are done
        """
        self.ensure_one()
        # The right to post credits is enough: it needs no right to read the chart of
        # accounts or to create entries. What may be posted is checked line by line.
        batch_sudo = self._as_author().sudo()
        lines_sudo = batch_sudo._lock_lines(CHUNK_LINES)
        if lines_sudo and self.work == "post":
            lines_sudo._post()
        elif lines_sudo:
            lines_sudo._reverse_narrowing()
        batch_sudo._settle()
        return len(lines_sudo)

    def _start(self):
        """Say that posting has begun, in a transaction of its own.

        Of workers that begin at the same time one says it, the others just begin.

        :return: whether this one has said it
        """
        if self.state != "queued" or not self.try_lock_for_update(
            allow_referencing=True
        ):
            return False
        self._write_posting(
            {"state": "posting", "posting_start": fields.Datetime.now()}
        )
        return True

    def _as_author(self):
        """Return the batch as whoever posted it sees it: language, zone, company."""
        self.ensure_one()
        author = self.requested_by_id or self.env.user
        return self.with_user(author).with_context(
            **author.with_user(author).context_get(),
            allowed_company_ids=self.company_id.ids,
        )

    def _flush_lines(self):
        lines = self.env["account.credit.line"]
        lines.flush_model(["batch_id", "state", "is_to_reverse"])

    def _lock_lines(self, limit):
        """Return up to so many lines that are to be done and that nobody has, locked.

        :return: ``account.credit.line`` records, in the order of their ids
        """
        self.ensure_one()
        self._flush_lines()
        # Not `try_lock_for_update`: it would need the ids of all that are pending.
        name, value = TO_DO[self.work]
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM account_credit_line WHERE batch_id = %(batch)s "
                "AND %(name)s = %(value)s "
                "ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
                batch=self.id,
                name=SQL.identifier(name),
                value=value,
                limit=limit,
            )
        )
        return self.env["account.credit.line"].browse(row[0] for row in rows)

    def _settle(self):
        """Settle the state of a batch when nothing is left to do."""
        for batch in self:
            batch._update_state()
            if batch.state not in ("queued", "posting"):
                batch._write_posting({"posting_end": fields.Datetime.now()})

    def _count_lines_to_do(self, limit=None):
        """Return how many lines are to be posted or reversed, or the limit if more."""
        self.ensure_one()
        lines = self.env["account.credit.line"]
        return lines.search_count(self._get_to_do_domain(), limit=limit)

    def _get_to_do_domain(self):
        """Return which lines the workers still have to do."""
        self.ensure_one()
        name, value = TO_DO[self.work]
        return [("batch_id", "=", self.id), (name, "=", value)]

    def _write_posting(self, vals):
        self.with_context(credit_posting=POSTING).write(vals)
