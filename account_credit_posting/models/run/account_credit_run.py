from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ... import const
from ...tools.actions import notify
from ...tools.locks import lock_free_rows, try_lock_chains
from ...tools.posting import with_posting
from ...tools.texts import format_accounts
from ...tools.working import trigger, work, work_list
from ..application import waiting_documents
from .posted_credits import PostedCredits
from .worker_watch import WorkerWatch


class AccountCreditRun(models.Model):
    """What somebody asked to be done with a batch: who, what, when, and how far it is.

    A batch is posted, or what it posted is reversed: while the user waits, or chunk by
    chunk on any number of workers, or later. The state is that of the batch.
    """

    _name = "account.credit.run"
    _inherit = ["account.credit.guard"]
    _description = "Posting or Reversal of a Credit Batch"
    _order = "id desc"

    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="posting",
    )
    work = fields.Selection(
        selection=[("post", "Posting"), ("reverse", "Reversal")],
        required=True,
        readonly=True,
        default="post",
        help="What workers do with the lines of the batch.",
        written_by="posting",
    )
    requested_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        help="The user who requested to post or reverse it. The entries are in the "
        "name of this user.",
        written_by="posting",
    )
    is_scheduled = fields.Boolean(
        string="Scheduled",
        readonly=True,
        help="Workers do not process the lines before that time.",
        written_by="posting",
    )
    _scheduled_idx = models.Index("(batch_id) WHERE is_scheduled")
    is_paused = fields.Boolean(
        string="Paused",
        readonly=True,
        help="Workers do not process the pending lines.",
        written_by="posting",
    )
    start = fields.Datetime(readonly=True, written_by="posting")
    end = fields.Datetime(readonly=True, written_by="posting")
    _in_force_unique = models.UniqueIndex('(batch_id) WHERE "end" IS NULL')
    reversal_mode = fields.Selection(
        selection=const.REVERSAL_MODES,
        readonly=True,
        help="The mode of the last reversal.",
        written_by="posting",
    )
    reversal_date = fields.Date(readonly=True, written_by="posting")
    reversal_count = fields.Integer(
        readonly=True,
        help="Number of credits in the last reversal.",
        written_by="posting",
    )

    progress_info = fields.Json(
        compute="_compute_progress_info",
        help="The text of the progress bar.",
    )

    @api.depends(
        "batch_id.state",
        "is_paused",
        "batch_id.line_ids.state",
        "batch_id.line_ids.is_to_reverse",
        "batch_id.line_ids.reversal_error",
    )
    def _compute_progress_info(self):
        """Compute how far the runs are.

        ``{"batch_id", "is_working", "is_paused", "work", "line_count", "done": lines
        posted or reversed, "failed", "seconds": since the first chunk was begun,
        "idle": what to do where no worker comes, or False}``
        """
        watch = WorkerWatch(self.env)
        for run in self:
            batch = run.batch_id
            if run.work == "post":
                count = batch.line_count
                done, failed = batch.posted_count, batch.failed_count
            else:
                count = run.reversal_count
                failed = batch.line_ids.search_count(
                    [("batch_id", "=", batch.id), ("reversal_error", "!=", False)]
                )
                done = count - batch._count_lines_to_do() - failed
            end = run.end or fields.Datetime.now()
            is_working = batch.state in const.IN_WORK and not run.is_scheduled
            since = max(filter(None, (run.create_date, batch.post_at)), default=end)
            run.progress_info = {
                "batch_id": batch.id,
                "is_working": is_working,
                "idle": is_working and not run.is_paused and watch.get_text(since),
                "is_paused": run.is_paused,
                "line_count": count,
                "done": done,
                "failed": failed,
                "work": run.work,
                "seconds": (end - (run.start or end)).total_seconds(),
            }

    @api.model
    def _begin(self, batch, work, **vals):
        """Begin what this user asks for, in the place of what was asked for before.

        :param batch: is locked
        :param work: "post" what is pending, or "reverse" what is to be reversed
        :param vals: further values
        """
        batch._lock()
        before = batch.run_id
        before.filtered(lambda run: not run.end)._write_end()
        before.flush_recordset()  # Only one is in force, also for the database.
        run_sudo = with_posting(self.sudo(), "posting").create(
            {
                "batch_id": batch.id,
                "work": work,
                "requested_by_id": self.env.uid,
                **vals,
            }
        )
        # The right to reverse is enough, as in `_work_chunk`.
        batch.sudo()._write_guarded({"run_id": run_sudo.id})
        return run_sudo.with_env(self.env)

    def _write_guarded(self, vals):
        # Nobody else has the right.
        return super(AccountCreditRun, self.sudo())._write_guarded(vals)

    def _write_end(self):
        self._write_guarded({"end": fields.Datetime.now()})

    # -------------------------------------------------------------------------
    # POST, OR LET THE BATCH WAIT FOR WHAT IT NEEDS
    # -------------------------------------------------------------------------

    def _post(self, poster=None, *, is_due=False):
        """Post the pending lines now, or let them wait for what they need.

        They may need an approval, then a time, then, where they are many, workers.

        :param poster: in whose name; the user by default
        :param is_due: whether they have waited for their time: workers post them
        :raise UserError: when the batch as a whole cannot be posted
        """
        self.ensure_one()
        batch = self.batch_id
        self._check_document_form()
        self._check_charge()
        self._check_ready()
        poster = self.env.user if poster is None else poster
        observers = self.env["account.credit.observer"]._find_observers()
        if any(observer._hold(batch, poster) for observer in observers):
            return
        if batch.post_at and batch.post_at > fields.Datetime.now():
            self._schedule()
        elif is_due or self._is_large():
            self._queue()
        else:
            self._work_off()

    def _check_document_form(self):
        """Check that the batch can be posted in the form it says.

        :raise UserError: when the credit item is taxed, and no credit notes are wanted
        """
        if error := self.env["account.credit.check"]._get_document_form_error(
            self.batch_id
        ):
            raise UserError(error)

    def _check_charge(self):
        """Check what the invoices of the batch need.

        :raise UserError: when an item cannot be invoiced, or no document is wanted
        """
        item = self.batch_id.charge_item_id
        if not item:
            return
        if item.is_credit_item or item.is_gift_card or not item.active:
            raise UserError(
                self.env._(
                    "%(item)s cannot be invoiced here: it is archived, a credit item "
                    "or a gift card. Choose another item.",
                    item=item.display_name,
                )
            )
        if self.batch_id.document_form == "entry":
            raise UserError(
                self.env._(
                    "Credits posted with invoices are credit notes. Choose this "
                    "under Posted As."
                )
            )

    def _check_ready(self):
        """Check what concerns the batch as a whole.

        :raise UserError: when there is no line, or the company has no journal
        """
        batch = self.batch_id
        if not batch.line_count:
            raise UserError(
                self.env._(
                    "%(batch)s has no account. Add at least one account and an amount.",
                    batch=batch.display_name,
                )
            )
        if not batch._get_journal():
            checks = self.env["account.credit.check"]
            raise UserError(
                checks._get_no_journal_message(batch.company_id, batch.document_form)
            )

    @api.model
    def _retry(self, batches):
        """Post the failed lines of batches again.

        :return: a client action that says what became of them
        :raise UserError: when a batch is cancelled, waits, or is being reversed
        """
        checks = self.env["account.credit.check"]
        texts = []
        for batch in batches:
            checks._check_not_cancelled(batch)
            checks._check_not_waiting(batch)
            if batch.work == "reverse":
                self._check_not_in_work(batch)
            failed = batch.line_ids.filtered(lambda line: line.state == "failed")
            if failed:
                run = self._begin(batch, "post")
                failed._set_pending()
                run._post()
            texts.append(self._get_retry_text(batch, failed))
        return notify(
            " ".join(texts),
            "warning" if "failed" in batches.line_ids.mapped("state") else "success",
            next={"type": "ir.actions.act_window_close"},
        )

    @api.model
    def _get_retry_text(self, batch, lines):
        """Say what became of lines that were tried again."""
        if not lines:
            return self.env._("Nothing of %(batch)s has failed.", batch=batch.name)
        accounts = format_accounts(self.env, len(lines))
        if batch.state == "to_approve":
            return self.env._("%(accounts)s: waits for approval.", accounts=accounts)
        if batch.state in const.IN_WORK:
            return self.env._(
                "%(accounts)s: tried again in the background.", accounts=accounts
            )
        states = lines.mapped("state")
        return self.env._(
            "Tried again: %(accounts)s. Posted: %(posted)s. Failed: %(failed)s.",
            accounts=accounts,
            posted=states.count("posted"),
            failed=states.count("failed"),
        )

    @api.model
    def _cancel(self, batch, reason=None):
        """Cancel a batch, or of one that is posted in part what waits for approval.

        :param reason: kept in the log
        :raise UserError: when a line is posted, or the batch is being posted
        """
        batch._lock()
        run = batch.run_id
        if batch.state == "to_approve" and (batch.posted_count or batch.reversed_count):
            run._fail_pending(self.env._("It was refused."))
            state = "partial"
        else:
            self.env["account.credit.check"]._check_nothing_posted(batch)
            if batch.state == "posting":
                self._check_not_in_work(batch)
            state = "cancelled"
        for observer in self.env["account.credit.observer"]._find_observers():
            observer._on_cancel(batch, reason)
        batch._update_state(state)
        run._write_guarded({"is_scheduled": False, "end": fields.Datetime.now()})

    def _fail_pending(self, reason):
        lines = self.env["account.credit.line"].search(
            [("batch_id", "=", self.batch_id.id), ("state", "=", "pending")]
        )
        for line in lines:
            line._set_failed(line._get_not_credited_message(reason))

    def _find_poster(self):
        """Return in whose name it is posted: who asked, else who approved.

        Whoever may no longer post credits posts none; it may be empty.
        """
        self.ensure_one()
        users = (self.requested_by_id, self.batch_id.approved_by_id)
        posters = (user for user in users if user and self._is_poster(user))
        return next(posters, self.requested_by_id.browse())

    def _is_poster(self, user):
        """Tell whether a user may post credits in the company of the batch."""
        user_sudo = user.sudo()  # The rights of others are not for everybody to read.
        return user._is_superuser() or (
            user_sudo.active
            and self.batch_id.company_id in user_sudo.company_ids
            and user_sudo.has_group(const.GROUP_USER)
        )

    # -------------------------------------------------------------------------
    # LATER: AT ITS TIME A SCHEDULED ACTION LEAVES THE BATCH TO WORKERS
    # -------------------------------------------------------------------------

    def _schedule(self):
        """Let the batch wait for its time, queued."""
        batch = self.batch_id
        batch._update_state("queued")
        self._write_guarded({"is_scheduled": True})
        trigger(self.env, "account_credit_posting.ir_cron_post_later", batch.post_at)

    @api.model
    def _cron_post_later(self):
        """Leave the batches whose time has come to workers, one after the other.

        Each of them is committed by itself; what is left is for the next run.
        """
        now = fields.Datetime.now()
        due = self.search(
            [("is_scheduled", "=", True), ("batch_id.post_at", "<=", now)]
        )
        due = due.sorted(lambda run: (run.batch_id.post_at, run.batch_id.id))
        work_list(self.env, list(due), lambda run: run._release())

    def _release(self):
        """Leave a batch to the workers, as it would be if it was posted now.

        It is in the name of who asked, else of who approved it. Where neither may post
        credits any more, or a limit was lowered and nobody has approved it, it waits
        for approval. What cannot be posted fails with the reason.
        """
        self.ensure_one()
        batch = self.batch_id
        batch._lock()
        if not self.is_scheduled or batch.state != "queued":
            return
        self._write_guarded({"is_scheduled": False})
        poster = self._find_poster()
        try:
            with self.env.cr.savepoint():
                run = self
                if poster:
                    self._write_guarded({"requested_by_id": poster.id})
                    run = batch._as_author().run_id
                run._post(poster, is_due=True)
        except UserError as error:
            self._fail_pending(str(error))
            self._end()

    # -------------------------------------------------------------------------
    # CHUNK BY CHUNK: WHILE THE USER WAITS, OR ON ANY NUMBER OF WORKERS
    # -------------------------------------------------------------------------

    def _is_large(self):
        """Tell whether the batch is posted in the background."""
        batch = self.batch_id
        # A correction is one step: it is posted while the user waits.
        limit = batch.company_id.credit_background_lines
        return not batch.correction and batch.line_count > limit

    def _queue(self):
        """Leave the lines to the workers."""
        self.batch_id._update_state("queued")
        self._trigger_workers()

    def _trigger_workers(self):
        """Wake the workers when this transaction is committed.

        Ours take lines of any batch. Others may be for the runs in ``self``, which is
        empty where a worker leaves what there is to the next one.
        """
        for xmlid in const.WORKERS:
            trigger(self.env, xmlid)

    @api.model
    def _cron_post(self):
        """Post chunks of queued batches until there is none, or the time is up.

        Any number of workers may do this at once: each takes lines that no other has.
        """
        work(
            self.env,
            self._find_queued,
            lambda run: run._work_step(),
            count_remaining=self._count_queued_lines,
            # Without it Odoo's cron looks again in a minute only.
            on_time_up=self._trigger_workers,
        )

    @api.model
    def _count_queued_lines(self):
        return sum(
            self.env["account.credit.line"].search_count(
                [
                    (name, "=", value),
                    ("batch_id.state", "in", const.IN_WORK),
                    ("batch_id.run_id.work", "=", work),
                    ("batch_id.run_id.is_paused", "=", False),
                    ("batch_id.run_id.is_scheduled", "=", False),
                ]
            )
            for work, (name, value) in const.TO_DO.items()
        )

    @api.model
    def _find_queued(self):
        """Return what is done with the oldest batch that has a line for this worker.

        Or of which the state must be updated. Lines that another worker has in its
        hands are for nobody else.
        """
        self.flush_model(["is_paused", "is_scheduled", "work"])
        self.env["account.credit.batch"].flush_model(["state", "run_id"])
        self._flush_lines()
        is_to_do = SQL(
            "line.batch_id = batch.id AND CASE run.work WHEN 'post'"
            " THEN line.state = 'pending' ELSE line.is_to_reverse END"
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT run.id
                  FROM account_credit_batch batch
                  JOIN account_credit_run run ON run.id = batch.run_id
                 WHERE batch.state IN %(in_work)s
                   AND run.is_paused IS NOT TRUE
                   AND run.is_scheduled IS NOT TRUE
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
                in_work=const.IN_WORK,
                is_to_do=is_to_do,
            )
        )
        run = self.browse(row[0] for row in rows)
        # What another worker posts in the same journal, it posts alone.
        return run if run and run._try_lock_chain() else self.browse()

    def _try_lock_chain(self):
        """Lock the journals with inalterable entries that workers may post in.

        :return: whether nobody else has them
        """
        self.ensure_one()
        batch_sudo = self.batch_id.sudo()
        company = batch_sudo.company_id
        journals = batch_sudo._get_journal() | company._get_credit_entry_journal()
        if batch_sudo.charge_item_id:
            journals |= journals.search(
                [("company_id", "=", company.id), ("type", "=", "sale")]
            )
        return try_lock_chains(journals)

    def _work_off(self):
        """Do all while the user waits, who has the right, in one transaction."""
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
        self._notify_progress()
        return count

    def _start(self):
        """Say that posting has begun, in a transaction of its own.

        Of workers that begin at the same time one says it, the others just begin.

        :return: whether this one has said it
        """
        batch = self.batch_id
        if batch.state != "queued" or not batch.try_lock_for_update(
            allow_referencing=True
        ):
            return False
        batch._update_state("posting")
        self._write_guarded({"start": fields.Datetime.now()})
        return True

    def _work_chunk(self):
        """Post or reverse up to a chunk of lines; update the state after the last.

        :return: how many lines are done
        """
        self.ensure_one()
        # The right to post credits is enough: it needs no right to read the chart of
        # accounts or to create entries. What may be posted is checked line by line.
        run_sudo = self.with_env(self.batch_id._as_author().sudo().env)
        lines_sudo = run_sudo._lock_lines(const.CHUNK_LINES)
        if lines_sudo and run_sudo.work == "post":
            # Credits pay when all are posted: once, not for each set of them.
            with waiting_documents.hold(lines_sudo) as held_sudo:
                held_sudo._post()
        elif lines_sudo:
            lines_sudo._get_form()._reverse_isolating(lines_sudo)
        run_sudo._end()
        return len(lines_sudo)

    def _flush_lines(self):
        lines = self.env["account.credit.line"]
        lines.flush_model(["batch_id", "state", "is_to_reverse"])

    def _lock_lines(self, limit):
        """Return up to so many lines that are to be done and that nobody has, locked.

        :return: ``account.credit.line`` records, in the order of their ids
        """
        self._flush_lines()
        name, value = const.TO_DO[self.work]
        condition = SQL(
            "batch_id = %s AND %s = %s", self.batch_id.id, SQL.identifier(name), value
        )
        return lock_free_rows(self.env["account.credit.line"], condition, limit)

    def _end(self):
        """Update the state of the batch, and end when nothing is left to do."""
        for run in self:
            run.batch_id._update_from_lines()
            if run.batch_id.state not in const.IN_WORK:
                run._write_end()

    def _notify_progress(self):
        """Tell whoever posted the batch how far it is, when this is committed."""
        batch = self.batch_id
        author = self.requested_by_id.partner_id
        author._bus_send("account_credit_posting/progress", {"batch_id": batch.id})
        if batch.state in const.IN_WORK:
            return
        batch = batch._as_author()
        info = batch.run_id.progress_info
        message = (
            batch.env._("%(done)s credits are posted, %(failed)s failed.")
            if self.work == "post"
            else batch.env._("%(done)s credits are reversed, %(failed)s could not be.")
        )
        author._bus_send(
            "simple_notification",
            {
                "type": "warning" if info["failed"] else "success",
                "title": batch.name,
                "message": message % info,
            },
        )

    # -------------------------------------------------------------------------
    # WHAT USERS DO WITH BATCHES THAT WORKERS HAVE
    # -------------------------------------------------------------------------

    @api.model
    def _check_not_in_work(self, batch):
        if batch.state in const.IN_WORK:
            raise UserError(
                self.env._(
                    "%(batch)s is being processed. Wait until it is done, or cancel "
                    "the pending lines.",
                    batch=batch.display_name,
                )
            )
        self.env["account.credit.check"]._check_not_waiting(batch)

    @api.model
    def _set_paused(self, batches, is_paused):
        self._check_in_background(batches)
        batches.run_id._write_guarded({"is_paused": is_paused})
        if not is_paused:
            batches.run_id._trigger_workers()

    @api.model
    def _cancel_pending(self, batches):
        """Let the lines fail that are not posted, or say that they are not reversed."""
        self._check_in_background(batches)
        for batch in batches.sudo():  # As in `_work_chunk`.
            batch._lock()
            # Those that a worker has in its hands are done: this waits for them.
            lines = self.env["account.credit.line"].sudo()
            lines = lines.search(batch._get_to_do_domain())
            if batch.work == "post":
                lines._set_failed(self.env._("Cancelled before it was posted."))
            else:
                lines._set_not_reversed(self.env._("Cancelled before it was reversed."))
            batch.run_id._end()

    @api.model
    def _check_in_background(self, batches):
        for batch in batches:
            if batch.is_scheduled:
                raise UserError(
                    self.env._(
                        "%(batch)s is scheduled. Cancel it, then duplicate it to "
                        "post the copy at another time.",
                        batch=batch.display_name,
                    )
                )
            if batch.state not in const.IN_WORK:
                raise UserError(
                    self.env._(
                        "%(batch)s is not being posted.", batch=batch.display_name
                    )
                )

    # -------------------------------------------------------------------------
    # REVERSE: ALL THAT A BATCH CREDITED, OR WHAT OF IT IS UNUSED
    # -------------------------------------------------------------------------

    @api.model
    def _reverse(self, batch, mode, date, reason, lines=None):
        """Reverse the posted credits of a batch, or some of them.

        The caller has checked the right.

        :param mode: see ``account.credit.batch.action_reverse``
        :param date: likewise
        :param reason: likewise
        :param lines: only these
        """
        self._check_not_in_work(batch)
        self.env["account.credit.check"]._check_reversal_date(batch, date)
        batch._lock()
        count = PostedCredits(batch).mark_to_reverse(mode, lines)
        if not count:
            if mode == "all" and lines is None:
                return
            raise UserError(
                self.env._(
                    "All credits of %(batch)s are used.",
                    batch=batch.name,
                )
            )
        batch.sudo().activity_unlink([const.UNDO_ACTIVITY])  # Those of others.
        if reason:
            batch.message_post(
                body=self.env._("Reversed: %(reason)s", reason=reason),
                subtype_xmlid="mail.mt_note",
            )
        run = self._begin(
            batch,
            "reverse",
            reversal_mode=mode,
            reversal_date=date,
            reversal_count=count,
        )
        if lines is None and run._is_large():
            run._check_ready()
            run._queue()
        else:
            run._work_off()
