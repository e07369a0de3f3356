from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import format_list

from .account_credit_batch import POSTING_FIELDS

POSTING_FIELDS |= {"approval_round", "approved_by_id", "approved_on", "editor_ids"}

#: The activity of administrators while a batch waits for one of them.
ACTIVITY = "account_credit_posting.mail_activity_credit_approval"

#: Administrators who are asked at once, and named.
APPROVERS_ASKED = 10


class AccountCreditBatch(models.Model):
    """Let batches above a limit, or for an own account, wait for a second person.

    What was approved is what is posted: while a batch waits or is posted, nothing of it
    changes, and a change of what is left afterwards takes the approval back.
    """

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    approved_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        tracking=True,
        help="The administrator who approved it as it is.",
    )
    approved_on = fields.Datetime(readonly=True, copy=False)
    editor_ids = fields.Many2many(
        comodel_name="res.users",
        string="Prepared With",
        readonly=True,
        copy=False,
        help="Who changed it or asked to post it, beside who created it: none of them "
        "can approve it.",
    )
    approval_round = fields.Integer(
        readonly=True,
        copy=False,
        help="How often it was put up for approval: what was opened before it was "
        "changed is not approved by a late click.",
    )
    approval_text = fields.Char(
        compute="_compute_approval_text",
        help="Who can approve it, and why that is needed.",
    )
    can_approve = fields.Boolean(compute="_compute_can_approve")

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        for batch in self:
            batch.can_approve = batch.state == "to_approve" and not (
                batch._get_right_fault() or batch._get_second_person_fault()
            )

    @api.depends("state")
    def _compute_approval_text(self):
        for batch in self:
            batch.approval_text = (
                batch.state == "to_approve" and batch._get_approval_text()
            )

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create batches whose total is that of their lines, whatever was given."""
        for vals in vals_list:
            vals.pop("amount_total", None)
        batches = super().create(vals_list)
        if self.default_get(["amount_total"]):
            self.env.add_to_compute(self._fields["amount_total"], batches)
        return batches

    # -------------------------------------------------------------------------
    # CHANGES
    # -------------------------------------------------------------------------

    def _mark_changed(self):
        """Note who changes what is posted, and take an approval of it back.

        The batch is written in any case: whoever posts or approves it at this moment
        then fails to serialize, and starts again with the change (see ``_take``).

        :raise UserError: when the batch waits for approval, or is being posted
        """
        for batch in self:
            batch._check_unchanging()
            vals = {}
            if batch.approved_by_id:
                vals |= {"approved_by_id": False, "approved_on": False}
            if self.env.user not in batch._get_authors():
                vals["editor_ids"] = [Command.link(self.env.uid)]
            batch._write_posting(vals)

    def _check_unchanging(self):
        self.ensure_one()
        self._check_not_waiting()
        if self.state in ("queued", "posting"):
            raise UserError(
                self.env._(
                    "%(batch)s cannot be changed: it is about to be posted as it is. "
                    "Cancel it, and duplicate it to change the copy.",
                    batch=self.display_name,
                )
            )

    def _check_not_waiting(self):
        self.ensure_one()
        if self.state == "to_approve":
            raise UserError(
                self.env._(
                    "%(batch)s waits for approval as it is. Approve it, or cancel it "
                    "and duplicate it to change the copy.",
                    batch=self.display_name,
                )
            )

    def _get_authors(self):
        """Return who created the batch, changed it or asked to post it."""
        self.ensure_one()
        return self.create_uid | self.editor_ids

    # -------------------------------------------------------------------------
    # WHETHER AN APPROVAL IS NEEDED
    # -------------------------------------------------------------------------

    def _needs_approval(self):
        """Tell whether somebody else has to look at the batch before it is posted."""
        self.ensure_one()
        return not self.approved_by_id and bool(
            self._get_approval_reasons(self.env.user)
        )

    def _is_waiting(self):
        """Tell whether nothing of the batch may be done before it is approved."""
        self.ensure_one()
        return self.state == "to_approve" and not self.approved_by_id

    def _get_approval_reasons(self, user):
        """Return why the batch cannot be posted by a user alone.

        :param user: who asks to post it, and whose limits count
        :return: list of sentences, empty when it can be
        """
        self.ensure_one()
        limits = self.company_id._get_credit_limits(user)
        reasons = (
            self._get_limit_reasons(limits, self._sum_amounts()) if any(limits) else []
        )
        accounts_sudo = self._find_own_accounts(self._get_authors() | user)
        return reasons + self._get_own_reasons(accounts_sudo)

    def _get_limit_reasons(self, limits, sums):
        """Return which limits the amounts exceed.

        :param limits: of ``res.company._get_credit_limits``
        :param sums: of :meth:`_sum_amounts`
        """
        self.ensure_one()
        company = self.company_id
        own = company.currency_id
        date = self.date or fields.Date.context_today(self)
        total = largest = 0
        for currency, (amount, maximum) in sums.items():
            total += currency._convert(amount, own, company, date)
            largest = max(largest, currency._convert(maximum, own, company, date))
        limit_total, limit_line = limits
        reasons = []
        if limit_total and own.compare_amounts(total, limit_total) > 0:
            reasons.append(
                self.env._(
                    "The total of %(total)s is above the limit of %(limit)s.",
                    total=own.format(total),
                    limit=own.format(limit_total),
                )
            )
        if limit_line and own.compare_amounts(largest, limit_line) > 0:
            reasons.append(
                self.env._(
                    "The largest credit, %(amount)s, is above the limit of %(limit)s.",
                    amount=own.format(largest),
                    limit=own.format(limit_line),
                )
            )
        return reasons

    def _sum_amounts(self):
        """Add up the amounts of all lines, whatever became of them.

        Those that failed may be posted later without a change. From the amounts
        themselves, and without those below zero, which would hide others.

        :return: ``{currency: (total, largest)}``
        """
        self.ensure_one()
        lines_sudo = self.env["account.credit.line"].sudo()  # All that is posted.
        rows = lines_sudo._read_group(
            [("batch_id", "=", self.id), ("amount", ">", 0)],
            ["currency_id"],
            ["amount:sum", "amount:max"],
        )
        return {currency: (total, largest) for currency, total, largest in rows}

    def _find_own_accounts(self, users):
        """Return the accounts in the batch that users belong to.

        :return: ``res.partner`` records
        """
        self.ensure_one()
        accounts_sudo = self._get_accounts_of(users)
        lines_sudo = self.env["account.credit.line"].sudo()  # As in `_sum_amounts`.
        rows = lines_sudo._read_group(
            [("batch_id", "=", self.id), ("partner_id", "in", accounts_sudo.ids)],
            ["partner_id"],
        )
        return accounts_sudo.browse(account.id for [account] in rows)

    @api.model
    def _get_accounts_of(self, users):
        """Return the accounts that users belong to, by their own contacts.

        :return: ``res.partner`` records, with all rights: who belongs to which account
            counts, whoever may see it
        """
        partners_sudo = users.sudo().partner_id
        return partners_sudo | partners_sudo.commercial_partner_id

    @api.model
    def _get_own_reasons(self, accounts_sudo):
        if not accounts_sudo:
            return []
        return [
            self.env._(
                "Nobody credits the own account alone: %(accounts)s.",
                accounts=format_list(self.env, accounts_sudo.mapped("display_name")),
            )
        ]

    # -------------------------------------------------------------------------
    # WAITING
    # -------------------------------------------------------------------------

    def _wait_for_approval(self, author):
        """Let the batch wait for an administrator, and ask those who can approve it.

        :param author: the ``res.users`` who asked to post it
        :raise UserError: when the batch as a whole cannot be posted
        """
        self._check_ready()
        self._take()
        self._write_posting(
            {
                "state": "to_approve",
                "work": "post",
                "requested_by_id": author.id,
                "approved_by_id": False,
                "approved_on": False,
                "approval_round": self.approval_round + 1,
                "editor_ids": [Command.link(author.id)],
            }
        )
        text = self._get_approval_text()
        self.message_post(body=text, subtype_xmlid="mail.mt_note")
        for user in self._find_approvers():
            # Whoever posts need not see administrators.
            self.sudo().activity_schedule(ACTIVITY, user_id=user.id, note=escape(text))

    def _find_approvers(self):
        """Return administrators who can approve the batch, up to ten of them."""
        self.ensure_one()
        manager = self.env.ref("account_credit_posting.group_credit_manager")
        users_sudo = self.env["res.users"].sudo()  # As in `_wait_for_approval`.
        users_sudo = users_sudo.search(
            Domain("all_group_ids", "in", manager.ids)
            & Domain("company_ids", "in", self.company_id.ids)
            & Domain("id", "not in", self._get_authors().ids)
        )
        own_sudo = self._find_own_accounts(users_sudo)
        return users_sudo.filtered(
            lambda user: not self._get_accounts_of(user) & own_sudo
        )[:APPROVERS_ASKED].sudo(self.env.su)

    def _get_approval_text(self):
        """Say whom the batch waits for, and why."""
        self.ensure_one()
        names = self._find_approvers().sudo().mapped("name")  # As there.
        first = (
            self.env._(
                "Waits for approval by %(names)s.",
                names=format_list(self.env, names, style="or"),
            )
            if names
            else self.env._("Waits for approval, but no other administrator can do it.")
        )
        author = self.requested_by_id
        reasons = self._get_approval_reasons(author)
        if author and not self._is_poster(author):
            reasons.append(
                self.env._("%(user)s may no longer post credits.", user=author.name)
            )
        return " ".join([first, *reasons])

    # -------------------------------------------------------------------------
    # APPROVING
    # -------------------------------------------------------------------------

    def action_approve(self):
        """Post batches that wait for approval, in the name of who asked for it.

        Large ones are left to the workers, and those for later wait for their time. A
        batch that was posted before is left as it is. A form says in the context which
        ``approval_round`` it shows.

        :return: True
        :raise AccessError: when the user is no administrator of credits, has prepared
            or changed a batch, or it credits the own account
        :raise UserError: when a batch does not wait for approval, or was changed since
            it was opened
        """
        if fault := not self.env.su and self._get_right_fault():
            raise AccessError(fault)
        self.check_access("write")
        for batch in self:
            batch._take()
            batch._check_not_cancelled()
            if batch.state == "draft":
                raise UserError(
                    self.env._(
                        "%(batch)s is a draft. It is approved after somebody has "
                        "posted it.",
                        batch=batch.display_name,
                    )
                )
            if batch.state == "to_approve":
                batch._approve()
        return True

    def _approve(self):
        if fault := self._get_second_person_fault():
            raise AccessError(fault)
        if self.env.context.get("approval_round", self.approval_round) != (
            self.approval_round
        ):
            raise UserError(
                self.env._(
                    "%(batch)s has changed since you opened it. Look at it again, then "
                    "approve it.",
                    batch=self.display_name,
                )
            )
        self._write_posting(
            {"approved_by_id": self.env.uid, "approved_on": fields.Datetime.now()}
        )
        self._end_waiting(self.env._("Approved."))
        self._write_posting({"requested_by_id": self._find_poster().id})
        self._as_author()._post_or_queue()

    def _get_right_fault(self):
        if self.env.user.has_group("account_credit_posting.group_credit_manager"):
            return False
        return self.env._("Only an administrator of credits can approve them.")

    def _get_second_person_fault(self):
        """Return why this user is not the second person, or False.

        With all rights, too: who asks counts, not what the code around may do.
        """
        self.ensure_one()
        if self.env.user in self._get_authors():
            return self.env._(
                "%(batch)s was prepared, changed or posted by you. Another "
                "administrator has to approve it.",
                batch=self.display_name,
            )
        if accounts_sudo := self._find_own_accounts(self.env.user):
            return self.env._(
                "%(batch)s credits your own account %(account)s. Another administrator "
                "has to approve it.",
                batch=self.display_name,
                account=accounts_sudo[0].display_name,
            )
        return False

    def _find_poster(self):
        """Return in whose name it is posted: who asked, else who approved.

        Whoever may no longer post credits posts none; it may be empty.
        """
        self.ensure_one()
        users = (self.requested_by_id, self.approved_by_id)
        posters = (user for user in users if user and self._is_poster(user))
        return next(posters, self.requested_by_id.browse())

    def _is_poster(self, user):
        """Tell whether a user may post credits in the company of the batch."""
        self.ensure_one()
        user_sudo = user.sudo()  # The rights of others are not for everybody to read.
        return user._is_superuser() or (
            user_sudo.active
            and self.company_id in user_sudo.company_ids
            and user_sudo.has_group("account_credit_posting.group_credit_user")
        )

    # -------------------------------------------------------------------------
    # REFUSING
    # -------------------------------------------------------------------------

    def _cancel(self, reason=None):
        """Cancel the batch, or of one that is posted in part what waits for approval.

        :param reason: kept in the log
        :raise UserError: when a line is posted, or the batch is being posted
        """
        self._take()
        is_waiting = self.state == "to_approve"
        if is_waiting and (self.posted_count or self.reversed_count):
            self._fail_pending(self.env._("It was not approved."))
            self._set_state("partial")
        else:
            self._check_nothing_posted()
            if self.state == "posting":
                self._check_not_in_work()
            self._write_posting({"state": "cancelled", "is_scheduled": False})
        if is_waiting:
            self._end_waiting(self.env._("Not approved."), reason)
        elif reason:
            self._end_waiting(self.env._("Cancelled."), reason)

    def _fail_pending(self, reason):
        pending = self.line_ids.search(
            [("batch_id", "=", self.id), ("state", "=", "pending")]
        )
        for line in pending:
            line._set_failed(line._get_not_credited_message(reason))

    def _end_waiting(self, text, reason=None):
        """Tell whoever asked what became of it, and keep that in the log."""
        self.ensure_one()
        # Activities of other users.
        self.sudo().activity_unlink([ACTIVITY])
        self.message_post(
            body=f"{text} {reason}" if reason else text,
            partner_ids=(self.requested_by_id - self.env.user).sudo().partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )
