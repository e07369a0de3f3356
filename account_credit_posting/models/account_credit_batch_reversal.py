from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from .account_credit_batch import POSTING_FIELDS

POSTING_FIELDS |= {"reversal_mode", "reversal_date", "reversal_count"}


class AccountCreditBatch(models.Model):
    """Reverse batches: all that they credited, or what of it is unused."""

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    reversal_mode = fields.Selection(
        selection=[
            ("unused", "Take back what is unused"),
            ("all", "Unapply and reverse all"),
        ],
        readonly=True,
        copy=False,
        help="What was asked for when it was reversed last.",
    )
    reversal_date = fields.Date(readonly=True, copy=False)
    reversal_count = fields.Integer(
        readonly=True,
        copy=False,
        help="How many credits were to be reversed when it was reversed last.",
    )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_open_reverse(self):
        """Show what reversing would do, and ask how.

        :return: a window action on ``account.credit.batch.reverse``
        :raise AccessError: when the user is no credit administrator
        """
        self.ensure_one()
        self._check_may_manage()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reverse %(batch)s", batch=self.name),
            "res_model": "account.credit.batch.reverse",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_batch_id": self.id},
        }

    def action_reverse(self, mode="all", date=None, reason=None):
        """Reverse the posted credits of the batches.

        With the mode "all" what they paid is unapplied first, so that invoices are
        open again. With "unused" what was used stays, and the rest is taken back. What
        cannot be reversed stays posted and says why; large batches are left to the
        workers.

        :param mode: "all" or "unused"
        :param date: of the reversals; today by default
        :param reason: kept in the log of the batch, for the office
        :return: True
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when the batch is being posted or reversed, the date is
            locked or before the credits, or nothing is unused
        """
        self._check_may_manage()
        if mode not in ("all", "unused"):
            raise UserError(self.env._("%(mode)s is no mode of reversal.", mode=mode))
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        for batch in self.filtered("posted_count"):
            batch._reverse_credits(mode, date, reason)
        return True

    def _reverse_credits(self, mode, date, reason, lines=None):
        """Reverse the posted credits of the batch, or some of them.

        The caller has checked the right.

        :param mode: see :meth:`action_reverse`
        :param date: see :meth:`action_reverse`
        :param reason: see :meth:`action_reverse`
        :param lines: only these
        """
        self.ensure_one()
        self._check_not_in_work()
        self._check_reversal_date(date)
        self._take()
        # The right to reverse is enough, as in `_work_chunk`.
        batch_sudo = self.sudo()
        batch_sudo._write_posting({"reversal_mode": mode, "reversal_date": date})
        count = batch_sudo._request_reversal(lines)
        batch_sudo._write_posting({"reversal_count": count})
        if not count:
            if mode == "all" and lines is None:
                return
            raise UserError(
                self.env._(
                    "Nothing is unused of the credits of %(batch)s.",
                    batch=self.name,
                )
            )
        if reason:
            self.message_post(
                body=self.env._("Reversed: %(reason)s", reason=reason),
                subtype_xmlid="mail.mt_note",
            )
        if lines is None and self._is_large():
            self._queue("reverse")
        else:
            self._reverse_now()

    def _check_may_manage(self):
        if not self.env.su and not self.env.user.has_group(
            "account_credit_posting.group_credit_manager"
        ):
            raise AccessError(
                self.env._("Only an administrator of credits can reverse them.")
            )
        self.check_access("write")

    def _check_reversal_date(self, date):
        self.ensure_one()
        if date < self.date:
            raise UserError(
                self.env._(
                    "The credits of %(batch)s are dated %(date)s: choose that day or a "
                    "later one.",
                    batch=self.name,
                    date=format_date(self.env, self.date),
                )
            )
        locks = self._get_lock_description(date)
        if locks:
            raise UserError(
                self.env._(
                    "The date %(date)s is locked (%(locks)s). Choose a later date.",
                    date=format_date(self.env, date),
                    locks=locks,
                )
            )

    def _request_reversal(self, lines=None):
        """Mark the lines that are to be reversed, in one statement.

        :param lines: only these
        :return: how many
        """
        self.ensure_one()
        self._flush_reversal()
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_credit_line line
                   SET is_to_reverse = TRUE, reversal_error = NULL
                  FROM (%(lines)s) AS posted
                 WHERE line.id = posted.id
                   AND (%(is_all)s OR posted.open != 0)
                   AND (%(is_whole)s OR line.id = ANY(%(line_ids)s))
                """,
                lines=self._get_posted_lines_sql(),
                is_whole=lines is None,
                line_ids=lines.ids if lines else [],
                is_all=self.reversal_mode == "all",
            )
        )
        count = self.env.cr.rowcount
        self.env["account.credit.line"].invalidate_model(
            ["is_to_reverse", "reversal_error"]
        )
        return count

    # -------------------------------------------------------------------------
    # WHAT THERE IS TO REVERSE
    # -------------------------------------------------------------------------

    def _flush_reversal(self):
        self.env["account.credit.line"].flush_model()
        self.env["account.move"].flush_model(["amount_total", "amount_residual"])
        self.env["account.move.line"].flush_model(
            ["amount_currency", "amount_residual_currency"]
        )

    def _get_posted_lines_sql(self):
        """Return a query of the posted lines, with total and open amount of each.

        Both above zero, in the currency of the line.
        """
        return SQL(
            """
            SELECT line.id, line.currency_id,
                   COALESCE(-item.amount_currency, move.amount_total) AS total,
                   COALESCE(-item.amount_residual_currency, move.amount_residual)
                   AS open
              FROM account_credit_line line
              JOIN account_move move ON move.id = line.move_id
         LEFT JOIN account_move_line item ON item.id = line.move_line_id
             WHERE line.batch_id = %(batch)s
               AND line.state = 'posted'
            """,
            batch=self.id,
        )

    def _get_reversal_figures(self):
        """Return what of the credits is used and what is not, however many they are.

        :return: ``{currency: {"credited", "unused": amounts in that currency,
            "untouched", "partly", "used_up": numbers of accounts}}``
        """
        self.ensure_one()
        self._flush_reversal()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT currency_id,
                       SUM(total) AS credited,
                       SUM(open) AS unused,
                       COUNT(*) FILTER (WHERE open = total) AS untouched,
                       COUNT(*) FILTER (WHERE open != total AND open != 0) AS partly,
                       COUNT(*) FILTER (WHERE open = 0) AS used_up
                  FROM (%(lines)s) AS posted
              GROUP BY currency_id
              ORDER BY currency_id
                """,
                lines=self._get_posted_lines_sql(),
            )
        )
        return {
            self.env["res.currency"].browse(row.pop("currency_id")): row for row in rows
        }
