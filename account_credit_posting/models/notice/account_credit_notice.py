import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ... import const
from ...tools.posting import with_posting
from ...tools.working import trigger
from ..credit.batch_figures import find_undelivered
from . import outbox

_logger = logging.getLogger(__name__)


class AccountCreditNotice(models.Model):
    """One email to a customer: what the account was credited by one batch.

    It waits, it is written, or it says why it cannot be. Written once, it stays so:
    what is posted for the account later is told by another one.
    """

    _name = "account.credit.notice"
    _inherit = ["account.credit.guard", "account.credit.observer"]
    _description = "Email about Credits"
    _order = "id"
    _rec_name = "partner_id"
    _writer = "notifying"

    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="notifying",
    )
    company_id = fields.Many2one(
        related="batch_id.company_id",
        store=True,
        precompute=True,
        index=True,
        written_by="compute",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        written_by="notifying",
    )
    line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="notice_id",
        string="Credits",
        readonly=True,
        help="The credits in the email.",
    )
    notified_date = fields.Datetime(
        string="Notified On",
        readonly=True,
        help="When the email to the customer was written.",
        written_by="notifying",
    )
    error = fields.Text(
        string="Not Notified",
        readonly=True,
        help="The reason why there is no email to the customer.",
        written_by="notifying",
    )
    # The database keeps two workers from writing two emails.
    _unwritten_unique = models.UniqueIndex(
        "(batch_id, partner_id) WHERE notified_date IS NULL",
        "An account gets one email for all its credits of a batch.",
    )
    _waiting_idx = models.Index("(id) WHERE notified_date IS NULL AND error IS NULL")
    _written_or_not = models.Constraint(
        "CHECK (notified_date IS NULL OR error IS NULL)",
        "An email that was written has no error.",
    )

    # -------------------------------------------------------------------------
    # BEGIN
    # -------------------------------------------------------------------------

    @api.model
    def _on_done(self, batches):
        self._begin(batches.filtered("notify_customers"))

    @api.model
    def _on_account_moved(self, account, target):
        domain = [("notified_date", "=", False), ("partner_id", "=", target.id)]
        for notice in self.search([("partner_id", "=", account.id)]):
            batch_domain = [("batch_id", "=", notice.batch_id.id)]
            # One email for all its credits of a batch.
            other = self.search(domain + batch_domain, limit=1)
            if other and not notice.notified_date:
                with_posting(notice.line_ids, "posting").notice_id = other
                notice.unlink()
            else:
                notice._write_guarded({"partner_id": target.id})

    @api.model
    def _begin_again(self, batches):
        """Let the accounts be told that were not, for whatever reason.

        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        self._check_can_begin(batches)
        # The right to post is enough: nobody may write emails of credits.
        refused_sudo = self.sudo().search(
            [("batch_id", "in", batches.ids), ("error", "!=", False)]
        )
        refused_sudo._write_guarded({"error": False})
        self._take_back(find_undelivered(batches))
        self._begin(batches)

    @api.model
    def _take_back(self, mails_sudo):
        """Forget emails that the mail server did not take: they told nobody.

        :param mails_sudo: of :func:`find_undelivered`; none of them is sent any more
        """
        lines_sudo = self.env["account.credit.line"].sudo()
        lines_sudo = lines_sudo.browse(mails_sudo.mapped("res_id"))
        notices_sudo = lines_sudo.notice_id
        notices_sudo.line_ids._write_guarded({"notice_id": False})
        notices_sudo.unlink()
        mails_sudo.cancel()

    @api.model
    def _check_can_begin(self, batches):
        """Check that the user may tell the customers, and that there is something.

        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        batches._check_may_post()
        for batch in batches:
            if batch.state not in ("done", "partial"):
                raise UserError(
                    self.env._(
                        "%(batch)s is not posted. Customers are only notified of "
                        "posted credits.",
                        batch=batch.display_name,
                    )
                )
            if not batch.to_notify_count:
                raise UserError(
                    self.env._(
                        "All accounts of %(batch)s were notified. Nobody is notified "
                        "twice.",
                        batch=batch.display_name,
                    )
                )

    @api.model
    def _begin(self, batches):
        """Create what is to be written for these batches, in one statement.

        Whoever waits already, or said why not, keeps its row.
        """
        if not batches:
            return
        lines_sudo = self.env["account.credit.line"].sudo()  # Whatever the user sees.
        domain = [("batch_id", "in", batches.ids), *const.TO_NOTIFY_DOMAIN]
        self.env.flush_all()
        # Not the ORM: a batch may have tens of thousands of accounts.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO account_credit_notice (
                            batch_id, partner_id, company_id,
                            create_uid, create_date, write_uid, write_date
                       )
                     SELECT line.batch_id, line.partner_id, MIN(line.company_id),
                            %(uid)s, %(now)s, %(uid)s, %(now)s
                       FROM account_credit_line line
                      WHERE line.id IN %(lines)s
                        AND NOT EXISTS (
                            SELECT
                              FROM account_credit_notice notice
                             WHERE notice.batch_id = line.batch_id
                               AND notice.partner_id = line.partner_id
                               AND notice.notified_date IS NULL
                       )
                   GROUP BY line.batch_id, line.partner_id
                   ORDER BY MIN(line.id)
                ON CONFLICT DO NOTHING
                """,
                uid=self.env.uid,
                now=self.env.cr.now(),
                lines=lines_sudo._search(domain).subselect(),
            )
        )
        batches.invalidate_recordset(["notice_ids", "is_notifying"], flush=False)
        trigger(self.env, "account_credit_posting.ir_cron_notify_customers")

    # -------------------------------------------------------------------------
    # WRITE
    # -------------------------------------------------------------------------

    @api.model
    def _cron_notify(self):
        """Write all emails that wait, chunk by chunk.

        Any number of workers may do this at once: each takes what no other has.
        """
        if not self._count_waiting():
            return
        outbox.work_off(
            self.env,
            self._lock_waiting,
            lambda notices: notices._notify(),
            self._count_waiting,
        )

    @api.model
    def _count_waiting(self):
        """Return how many emails wait to be written."""
        return outbox.count_waiting(self, "notified_date")

    @api.model
    def _lock_waiting(self, limit):
        """Return up to so many that wait and that nobody has, locked."""
        return outbox.lock_waiting(self, "notified_date", limit)

    def _notify(self):
        """Write these emails, which are locked; or say why not.

        :return: how many that were
        """
        count = len(self)
        self._gather_lines()
        # Their credits were reversed, or will be.
        idle = self.filtered(lambda notice: not notice.line_ids)
        outbox.write_isolated(
            self - idle,
            lambda notices: notices._write_mails(),
            lambda notice: notice.batch_id._as_author().env,
            lambda env: env._(
                "The account has no valid email address. Enter one, then notify the "
                "customers again."
            ),
            _logger,
        )
        idle.unlink()
        return count

    def _gather_lines(self):
        """Let each email tell about all that was not told of its account yet."""
        lines = self.env["account.credit.line"]
        found = lines.search(
            [
                ("batch_id", "in", self.batch_id.ids),
                ("partner_id", "in", self.partner_id.ids),
                *const.TO_NOTIFY_DOMAIN,
            ]
        ).grouped(lambda line: (line.batch_id, line.partner_id))
        for notice in self:
            own = found.get((notice.batch_id, notice.partner_id), lines)
            (notice.line_ids - own)._write_guarded({"notice_id": False})
            own._write_guarded({"notice_id": notice.id})

    def _write_mails(self):
        """Write the emails, each as one about the first of its lines."""
        template = self.env.ref("account_credit_posting.mail_template_credit_posted")
        template.send_mail_batch([min(notice.line_ids.ids) for notice in self])
        self._write_guarded({"notified_date": fields.Datetime.now(), "error": False})

    def _set_error(self, reason):
        self._write_guarded({"error": reason})
