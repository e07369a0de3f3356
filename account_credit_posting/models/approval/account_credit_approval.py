from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import format_list

from ... import const
from ...tools.days import get_today
from ...tools.rights import (
    end_approval,
    find_managers,
    get_accounts_of,
    get_waiting_text,
    request_approval,
)

#: The activity of administrators while a batch waits for one of them.
ACTIVITY = "account_credit_posting.mail_activity_credit_approval"


class AccountCreditApproval(models.AbstractModel):
    """Let batches above a limit, or for an own account, wait for a second person."""

    _name = "account.credit.approval"
    _inherit = ["account.credit.observer"]
    _description = "Approval of Credit Batches"

    @api.model
    def _on_change(self, batches):
        """Note who changes what is posted, and take an approval of it back.

        The batch is written in any case: whoever posts or approves it at this moment
        then fails to serialize, and starts again with the change (see ``_lock``).
        """
        for batch in batches:
            vals = {}
            if batch.approved_by_id:
                vals |= {"approved_by_id": False, "approved_on": False}
            if self.env.user not in self._get_authors(batch):
                vals["editor_ids"] = [Command.link(self.env.uid)]
            batch._write_guarded(vals)

    @api.model
    def _get_authors(self, batch):
        """Return who created a batch, changed it or asked to post it."""
        return batch.create_uid | batch.editor_ids

    # -------------------------------------------------------------------------
    # WHY SOMEBODY ELSE HAS TO LOOK AT A BATCH
    # -------------------------------------------------------------------------

    @api.model
    def _get_reasons(self, batch, user):
        """Return why a batch cannot be posted by a user alone.

        :param user: who asks to post it, and whose limits count
        :return: list of sentences, empty when it can be
        """
        limits = batch.company_id._get_credit_limits(user)
        reasons = (
            self._get_limit_reasons(batch, limits, self._sum_amounts(batch))
            if any(limits)
            else []
        )
        accounts_sudo = self._find_own_accounts(batch, self._get_authors(batch) | user)
        return reasons + self._get_own_reasons(accounts_sudo)

    @api.model
    def _get_limit_reasons(self, batch, limits, sums):
        """Return which limits the amounts exceed.

        :param limits: of ``res.company._get_credit_limits``
        :param sums: of :meth:`_sum_amounts`
        """
        company = batch.company_id
        own = company.currency_id
        date = batch.date or get_today(company)
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

    @api.model
    def _sum_amounts(self, batch):
        """Add up the amounts of all lines, whatever became of them.

        Those that failed may be posted later without a change. From the amounts
        themselves, and without those below zero, which would hide others.

        :return: ``{currency: (total, largest)}``
        """
        lines_sudo = self.env["account.credit.line"].sudo()  # All that is posted.
        rows = lines_sudo._read_group(
            [("batch_id", "=", batch.id), ("amount", ">", 0)],
            ["currency_id"],
            ["amount:sum", "amount:max"],
        )
        return {currency: (total, largest) for currency, total, largest in rows}

    @api.model
    def _find_own_accounts(self, batch, users):
        """Return the accounts in a batch that users belong to.

        :return: ``res.partner`` records
        """
        accounts_sudo = get_accounts_of(users)
        lines_sudo = self.env["account.credit.line"].sudo()  # As in `_sum_amounts`.
        rows = lines_sudo._read_group(
            [("batch_id", "=", batch.id), ("partner_id", "in", accounts_sudo.ids)],
            ["partner_id"],
        )
        return accounts_sudo.browse(account.id for [account] in rows)

    @api.model
    def _get_own_reasons(self, accounts_sudo):
        if not accounts_sudo:
            return []
        return [
            self.env._(
                "Credits to the user's own account need approval: %(accounts)s.",
                accounts=format_list(self.env, accounts_sudo.mapped("display_name")),
            )
        ]

    # -------------------------------------------------------------------------
    # WAIT
    # -------------------------------------------------------------------------

    @api.model
    def _hold(self, batch, poster):
        """Let a batch wait that nobody may post, or that nobody has looked at yet."""
        if poster and (batch.approved_by_id or not self._get_reasons(batch, poster)):
            return False
        author = poster or batch.requested_by_id
        batch._update_state(
            "to_approve",
            approved_by_id=False,
            approved_on=False,
            approval_round=batch.approval_round + 1,
            editor_ids=[Command.link(author.id)],
        )
        text = self._get_hold_text(batch)
        request_approval(batch, ACTIVITY, self._find_approvers(batch), text)
        return True

    @api.model
    def _find_approvers(self, batch):
        """Return administrators who can approve a batch, up to ten of them."""
        users_sudo = find_managers(batch.company_id, self._get_authors(batch))
        own_sudo = self._find_own_accounts(batch, users_sudo)
        return users_sudo.filtered(lambda user: not get_accounts_of(user) & own_sudo)[
            : const.APPROVERS_ASKED
        ].sudo(self.env.su)

    @api.model
    def _get_hold_text(self, batch):
        """Say whom a batch waits for, and why."""
        author = batch.requested_by_id
        reasons = self._get_reasons(batch, author)
        if author and not batch.run_id._is_poster(author):
            reasons.append(
                self.env._(
                    "%(user)s is no longer allowed to post credits.", user=author.name
                )
            )
        return get_waiting_text(self.env, self._find_approvers(batch), reasons)

    # -------------------------------------------------------------------------
    # DECIDE
    # -------------------------------------------------------------------------

    @api.model
    def _approve(self, batches):
        """Post batches that wait, see ``account.credit.batch.action_approve``."""
        if error := not self.env.su and self._get_right_error():
            raise AccessError(error)
        batches.check_access("write")
        for batch in batches:
            batch._lock()
            self.env["account.credit.check"]._check_not_cancelled(batch)
            if batch.state == "draft":
                raise UserError(
                    self.env._(
                        "%(batch)s is a draft. Post it before it can be approved.",
                        batch=batch.display_name,
                    )
                )
            if batch.state == "to_approve":
                self._approve_one(batch)

    @api.model
    def _approve_one(self, batch):
        if error := self._get_second_person_error(batch):
            raise AccessError(error)
        if self.env.context.get("approval_round", batch.approval_round) != (
            batch.approval_round
        ):
            raise UserError(
                self.env._(
                    "%(batch)s has changed since you opened it. Review it again, "
                    "then approve it.",
                    batch=batch.display_name,
                )
            )
        batch._write_guarded(
            {"approved_by_id": self.env.uid, "approved_on": fields.Datetime.now()}
        )
        end_approval(batch, ACTIVITY, self.env._("Approved."))
        run = batch.run_id
        run._write_guarded({"requested_by_id": run._find_poster().id})
        batch._as_author().run_id._post()

    @api.model
    def _can_release(self, batch):
        """Tell whether this user can approve a batch."""
        return not self._get_right_error() and not self._get_second_person_error(batch)

    @api.model
    def _get_right_error(self):
        if self.env.user.has_group(const.GROUP_MANAGER):
            return False
        return self.env._("Only an administrator of credits can approve them.")

    @api.model
    def _get_second_person_error(self, batch):
        """Return why this user is not the second person, or False.

        With all rights, too: who asks counts, not what the code around may do.
        """
        if self.env.user in self._get_authors(batch):
            return self.env._(
                "%(batch)s was prepared, changed or posted by you. Another "
                "administrator has to approve it.",
                batch=batch.display_name,
            )
        if accounts_sudo := self._find_own_accounts(batch, self.env.user):
            return self.env._(
                "%(batch)s credits your own account %(account)s. Another administrator "
                "has to approve it.",
                batch=batch.display_name,
                account=accounts_sudo[0].display_name,
            )
        return False

    @api.model
    def _on_cancel(self, batch, reason):
        """Say that a batch is not approved, or else why it is cancelled."""
        if batch.state == "to_approve":
            end_approval(batch, ACTIVITY, self.env._("Not approved."), reason)
        elif reason:
            end_approval(batch, ACTIVITY, self.env._("Cancelled."), reason)
