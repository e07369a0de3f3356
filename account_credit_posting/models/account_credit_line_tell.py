import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ..narrowing import explain_refusal, narrow
from .account_credit_batch_background import PATIENCE

_logger = logging.getLogger(__name__)

#: E-mails that are written in one transaction.
CHUNK_MAILS = 50


class AccountCreditLine(models.Model):
    """Tell the customers by e-mail what they were credited, each once for each batch.

    An e-mail and the stamp on its line are written in one transaction, with the line
    locked: so whoever dies, and whoever else does the same, no line is told twice.
    Odoo's own queue delivers the e-mails.
    """

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    told_date = fields.Datetime(
        string="Told On",
        readonly=True,
        copy=False,
        help="When the e-mail to the customer was written.",
    )
    tell_error = fields.Text(
        string="Not Told",
        readonly=True,
        copy=False,
        help="Why there is no e-mail to the customer.",
    )

    # -------------------------------------------------------------------------
    # WHAT IS TOLD
    # -------------------------------------------------------------------------

    def _get_told_lines(self):
        """Return the lines that one e-mail tells about: those of the account.

        :return: ``account.credit.line`` records of the batch, this one among them
        """
        self.ensure_one()
        lines = self.search(
            [
                ("batch_id", "=", self.batch_id.id),
                ("partner_id", "=", self.partner_id.id),
                *self._get_untold_domain(),
            ],
            order="id",
        )
        return lines | self

    def _get_tell_payments(self):
        """Return which invoices the credit pays.

        :return: ``[(number of the invoice, amount in the currency of the line)]``
        """
        self.ensure_one()
        applications = (
            self.application_ids
            if self.move_line_id
            else self.move_id.used_application_ids
        )
        return [
            (
                application.invoice_id.name,
                application.partial_id.credit_amount_currency,
            )
            for application in applications.sorted("id")
            if application.partial_id
        ]

    @api.model
    def _get_untold_domain(self):
        """Return which lines have something to tell that was not told."""
        return [
            ("state", "=", "posted"),
            ("is_to_reverse", "=", False),
            ("told_date", "=", False),
        ]

    # -------------------------------------------------------------------------
    # TELLING
    # -------------------------------------------------------------------------

    @api.model
    def _cron_tell(self):
        """Write the e-mails of all batches that are to be told, chunk by chunk.

        Any number of workers may do this at once: each takes lines that no other has.
        """
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=self._count_to_tell())
        lost = 0
        while lost < PATIENCE:
            try:
                lines = self._lock_lines_to_tell(CHUNK_MAILS)
                if not lines:
                    self.env["account.credit.batch"]._end_telling()
                    progress._commit_progress(remaining=0)
                    return
                lines._tell()
                self.env.flush_all()
                self.env.invalidate_all()
                if not progress._commit_progress(
                    len(lines), remaining=self._count_to_tell()
                ):
                    return
                lost = 0
            except (OperationalError, ConcurrencyError):
                # Somebody was at the same rows: look again, at what they have left.
                self.env.cr.rollback()
                self.env.invalidate_all()
                lost += 1

    @api.model
    def _count_to_tell(self):
        return self.search_count(
            [
                ("batch_id.is_to_tell", "=", True),
                ("tell_error", "=", False),
                *self._get_untold_domain(),
            ]
        )

    @api.model
    def _lock_lines_to_tell(self, limit):
        """Return up to so many lines that nobody has, locked: the first of an account.

        The other lines of an account go with the first one, whoever has that.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id
                  FROM account_credit_line line
                  JOIN account_credit_batch batch ON batch.id = line.batch_id
                 WHERE batch.is_to_tell
                   AND %(is_to_tell)s
                   AND NOT EXISTS (
                       SELECT
                         FROM account_credit_line earlier
                        WHERE earlier.batch_id = line.batch_id
                          AND earlier.partner_id = line.partner_id
                          AND earlier.id < line.id
                          AND %(is_earlier_to_tell)s
                   )
              ORDER BY line.id
                 LIMIT %(limit)s
                   FOR UPDATE OF line SKIP LOCKED
                """,
                is_to_tell=self._get_to_tell_sql("line"),
                is_earlier_to_tell=self._get_to_tell_sql("earlier"),
                limit=limit,
            )
        )
        return self.browse(row[0] for row in rows)

    @api.model
    def _get_to_tell_sql(self, alias):
        """Return the condition on a line that waits for its e-mail."""
        return SQL(
            "(%(alias)s.state = 'posted' AND %(alias)s.is_to_reverse IS NOT TRUE"
            " AND %(alias)s.told_date IS NULL AND %(alias)s.tell_error IS NULL)",
            alias=SQL.identifier(alias),
        )

    def _tell(self):
        """Write an e-mail for each of the lines, which are locked; or say why not."""
        reachable = self.filtered(lambda line: line.partner_id.email_normalized)
        for line in self - reachable:
            line._set_not_told(
                line.batch_id._as_author().env._(
                    "The account has no e-mail address that can be used. Enter one, "
                    "then tell the customers again."
                )
            )
        narrow(
            self.env.cr,
            reachable,
            lambda lines: lines._write_mails(),
            lambda line, refusal: line._set_not_told(
                explain_refusal(
                    line.batch_id._as_author().env,
                    refusal,
                    _logger,
                    f"Telling credit line {line.id}",
                )
            ),
        )

    def _write_mails(self):
        """Write the e-mails, and the stamps on all lines that they tell about."""
        template = self.env.ref("account_credit_posting.mail_template_credit_posted")
        template.send_mail_batch(self.ids)
        for line in self:
            line._get_told_lines()._write_result(
                {"told_date": fields.Datetime.now(), "tell_error": False}
            )

    def _set_not_told(self, reason):
        """Say why an account is not told, on all of its lines."""
        self.ensure_one()
        self._get_told_lines()._write_result({"tell_error": reason})
