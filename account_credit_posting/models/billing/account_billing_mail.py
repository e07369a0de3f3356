import base64
import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ...tools.actions import notify, render_report
from ...tools.days import get_today
from ...tools.locks import lock_rows
from ...tools.working import trigger
from ..notice import outbox
from ..promise.promise_drawing import find_unused

_logger = logging.getLogger(__name__)

CRON = "account_credit_posting.ir_cron_send_billing_mails"
TEMPLATES = {
    "statement": "account_credit_posting.mail_template_statement",
    "expiry": "account_credit_posting.mail_template_credit_expiry",
}


class AccountBillingMail(models.Model):
    """One email that an account gets by itself: its statement, or a reminder.

    It waits, it is written, or it says why it cannot be. The database keeps one row for
    each account and month, and for each account, batch and expiry date: nobody is told
    twice.
    """

    _name = "account.billing.mail"
    _inherit = ["account.credit.guard"]
    _description = "Account Email"
    _order = "id desc"
    _rec_name = "partner_id"
    _writer = "notifying"

    kind = fields.Selection(
        selection=[
            ("statement", "Monthly Statement"),
            ("expiry", "Credit Expires Soon"),
        ],
        required=True,
        readonly=True,
        written_by="notifying",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        index=True,
        written_by="notifying",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="notifying",
    )
    date = fields.Date(
        required=True,
        readonly=True,
        help="The first day of the month that the statement is of, or the day after "
        "which credits expire.",
        written_by="notifying",
    )
    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        string="Credit Batch",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The account whose credits expire.",
        written_by="notifying",
    )
    written_date = fields.Datetime(
        string="Written On",
        readonly=True,
        help="When the email to the customer was written.",
        written_by="notifying",
    )
    error = fields.Text(
        string="Not Written",
        readonly=True,
        help="The reason why there is no email to the customer.",
        written_by="notifying",
    )
    mail_id = fields.Many2one(
        comodel_name="mail.mail",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_system",
        written_by="notifying",
    )
    # Whoever sees the account may know that its email did not arrive.
    mail_state = fields.Selection(related="mail_id.state", string="Delivery")
    failure_reason = fields.Text(related="mail_id.failure_reason")
    _statement_unique = models.UniqueIndex(
        "(company_id, partner_id, date) WHERE kind = 'statement'",
        "An account gets one statement for a month.",
    )
    _expiry_unique = models.UniqueIndex(
        "(batch_id, partner_id, date) WHERE kind = 'expiry'",
        "An account is reminded once of the credits of a batch.",
    )
    _waiting_idx = models.Index("(id) WHERE written_date IS NULL AND error IS NULL")
    _written_or_not = models.Constraint(
        "CHECK (written_date IS NULL OR error IS NULL)",
        "An email that was written has no error.",
    )

    # -------------------------------------------------------------------------
    # BEGIN
    # -------------------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Write the statements of the past month, and remind of what expires."""
        companies = self.env["res.company"]
        for company in companies.search([("credit_statement_mails", "=", True)]):
            self._begin_statements(company)
        for company in companies.search([("expiry_reminder_days", ">", 0)]):
            self._begin_reminders(company)
        outbox.work_off(
            self.env,
            self._lock_waiting,
            lambda mails: mails._write_mails(),
            self._count_waiting,
        )

    @api.model
    def _begin_statements(self, company):
        """Create what is to be written for the month that is over, once.

        For accounts with movements, in one statement of the database.
        """
        month = get_today(company) - relativedelta(months=1, day=1)
        known = company.credit_statement_month
        if known and known >= month:
            return
        movements = self.env["account.billing.movement"]
        self._insert(
            SQL(
                """
                SELECT DISTINCT 'statement', movement.company_id, movement.partner_id,
                       %(month)s::date, NULL::integer
                  FROM (%(movements)s) AS movement
                  JOIN res_partner account ON account.id = movement.partner_id
                 WHERE movement.company_id = %(company)s
                   AND movement.date >= %(month)s
                   AND movement.date < %(next)s
                   AND account.active
                """,
                movements=movements._table_query,
                company=company.id,
                month=month,
                next=month + relativedelta(months=1),
            )
        )
        company.credit_statement_month = month

    @api.model
    def _begin_reminders(self, company):
        """Create what is to be written about credits that expire soon."""
        today = get_today(company)
        lines = self.env["account.credit.line"]
        domain = [
            *self._get_open_domain(company),
            ("expiry_date", ">=", today),
            (
                "expiry_date",
                "<=",
                today + timedelta(days=company.expiry_reminder_days),
            ),
            ("partner_id.active", "=", True),
        ]
        self._insert(
            SQL(
                """
                SELECT DISTINCT 'expiry', line.company_id, line.partner_id,
                       line.expiry_date, line.batch_id
                  FROM account_credit_line line
                 WHERE line.id IN %(lines)s
                """,
                lines=lines._search(domain).subselect(),
            )
        )

    @api.model
    def _insert(self, rows):
        """Create what is to be written; what is there already stays.

        Not by the ORM: a company may have tens of thousands of accounts.

        :param rows: a SELECT of kind, company, account, date and batch
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO account_billing_mail (
                            kind, company_id, partner_id, date, batch_id,
                            create_uid, create_date, write_uid, write_date
                       )
                     SELECT found.*, %(uid)s, %(now)s::timestamp,
                            %(uid)s, %(now)s::timestamp
                       FROM (%(rows)s) AS found
                ON CONFLICT DO NOTHING
                """,
                rows=rows,
                uid=self.env.uid,
                now=self.env.cr.now(),
            )
        )

    @api.model
    def _get_open_domain(self, company):
        """Return which credits are open."""
        return [
            ("company_id", "=", company.id),
            ("state", "=", "posted"),
            "|",
            ("move_line_id.amount_residual_currency", "<", 0),
            ("id", "in", find_unused(company).ids),
        ]

    # -------------------------------------------------------------------------
    # WRITE
    # -------------------------------------------------------------------------

    @api.model
    def _count_waiting(self):
        """Return how many emails wait to be written."""
        return outbox.count_waiting(self, "written_date")

    @api.model
    def _lock_waiting(self, limit):
        """Return up to so many that wait and that nobody has, locked."""
        return outbox.lock_waiting(self, "written_date", limit)

    def _write_mails(self):
        """Write these emails, which are locked; or say why not.

        :return: how many of them are done
        """
        count = len(self)
        # Used up in the meantime, or expired.
        idle = self.filtered(
            lambda mail: mail.kind == "expiry" and not mail._get_expiring_lines()
        )
        idle.unlink()
        outbox.write_isolated(
            self - idle,
            lambda mails: mails._write_each(),
            lambda mail: mail.env,
            lambda env: env._(
                "The account has no valid email address. Enter one, then send it again."
            ),
            _logger,
        )
        return count

    def _write_each(self):
        for mail in self:
            # One email tells of all credits that expire on that day.
            if not mail.written_date:
                mail._write_one()

    def _write_one(self):
        template = self.env.ref(TEMPLATES[self.kind])
        attachments = [self._print_statement()] if self.kind == "statement" else []
        mail = template.send_mail_batch(
            self.ids, email_values={"attachments": attachments}
        )
        told = self | self._find_others()
        told._write_guarded(
            {
                "written_date": fields.Datetime.now(),
                "error": False,
                "mail_id": mail.id,
            }
        )

    def _find_others(self):
        """Return what one email tells, too: credits of the account and the day."""
        if self.kind != "expiry":
            return self.browse()
        others = self.search(
            [
                ("kind", "=", "expiry"),
                ("company_id", "=", self.company_id.id),
                ("partner_id", "=", self.partner_id.id),
                ("date", "=", self.date),
                ("written_date", "=", False),
            ]
        )
        lock_rows(others)
        return others

    def _print_statement(self):
        """Print the statement of the month.

        :return: ``(name of the file, content)``, as ``mail.mail`` takes them
        """
        statement = self.partner_id._create_billing_statement(
            self.company_id, date_from=self.date, date_to=self._get_last_day()
        )
        content, kind = render_report(
            self.env["ir.actions.report"].with_company(self.company_id),
            "account_credit_posting.action_report_billing_statement",
            statement.ids,
        )
        lang = self.partner_id.lang
        title = self.with_context(lang=lang).env._("Account Statement")
        return f"{title} {statement.date_to}.{kind}", base64.b64encode(content)

    def _get_last_day(self):
        """Return the last day of the month of a statement."""
        return self.date + relativedelta(months=1, days=-1)

    def _get_month(self):
        """Return what the month of a statement is called; templates call it."""
        lang = self.partner_id.lang
        return format_date(self.env, self.date, lang_code=lang, date_format="LLLL y")

    def _get_expiring_lines(self):
        """Return the open credits that the email is about; templates call it."""
        self.ensure_one()
        lines = self.env["account.credit.line"]
        if self.date < get_today(self.company_id):
            return lines
        return lines.search(
            [
                *self._get_open_domain(self.company_id),
                ("partner_id", "=", self.partner_id.id),
                ("expiry_date", "=", self.date),
            ]
        )

    def _set_error(self, reason):
        self._write_guarded({"error": reason})

    # -------------------------------------------------------------------------
    # SEND AGAIN
    # -------------------------------------------------------------------------

    def action_send_again(self):
        """Write those emails again that nobody got; what arrived stays alone.

        :return: a notification
        :raise AccessError: when the user may not post credits
        """
        self.env["account.credit.batch"]._check_may_post()
        self.check_access("read")
        # The right to post is enough: nobody may write emails to accounts.
        failed_sudo = self.sudo().filtered(
            lambda mail: mail.error or mail.mail_state == "exception"
        )
        lock_rows(failed_sudo)
        failed_sudo.mail_id.filtered(lambda mail: mail.state == "exception").cancel()
        failed_sudo._write_guarded(
            {"error": False, "written_date": False, "mail_id": False}
        )
        if not failed_sudo:
            return notify(
                self.env._("These emails were delivered. Nobody gets one twice."),
                "info",
            )
        trigger(self.env, CRON)
        return notify(self.env._("The emails are written again in a moment."))
