from odoo import api, fields, models
from odoo.fields import Domain


class AccountPostTransaction(models.TransientModel):
    """Say before Post that it will wait: for a second person, or for its time."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    post_at = fields.Datetime(
        string="Post Later",
        help="When the credits are posted, after an approval where one is needed. The "
        "accounting date stays as it is. Empty: at once.",
    )
    approval_warning = fields.Char(
        compute="_compute_approval_warning",
        help="Why an administrator has to approve it.",
    )
    is_waiting = fields.Boolean(
        compute="_compute_is_waiting",
        help="Nothing is posted yet, and no worker is at it.",
    )

    @api.depends(
        "step",
        "company_id",
        "date",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "line_ids.partner_id",
    )
    def _compute_approval_warning(self):
        for transaction in self:
            reasons = (
                transaction._get_approval_reasons()
                if transaction.step == "setup"
                and transaction.company_id in self.env.companies
                else []
            )
            transaction.approval_warning = bool(reasons) and " ".join(
                [
                    *reasons,
                    self.env._(
                        "After Post, the batch waits for an administrator who is not "
                        "you. Nothing is booked until then."
                    ),
                ]
            )

    def _get_approval_reasons(self):
        """Return why the credits cannot be posted by this user alone.

        As ``account.credit.batch._get_approval_reasons`` will; without its lines, which
        are not created yet.

        :return: list of sentences, empty when they can be
        """
        self.ensure_one()
        batch = self.env["account.credit.batch"].new(self._prepare_batch_vals())
        limits = self.company_id._get_credit_limits(self.env.user)
        reasons = (
            batch._get_limit_reasons(limits, self._sum_amounts()) if any(limits) else []
        )
        accounts_sudo = batch._get_accounts_of(self.env.user)
        own = self._find_lines(Domain("partner_id", "in", accounts_sudo.ids))
        return reasons + batch._get_own_reasons(own.sudo().partner_id)

    def _sum_amounts(self):
        """Add up the credits above zero, as they are saved.

        :return: ``{currency: (total, largest)}``
        """
        column = self._get_credit_column()
        if not column:
            return {}
        rows = self.env["account.post.transaction.line"]._read_group(
            [("transaction_id", "=", self._origin.id), (column, ">", 0)],
            ["currency_id"],
            [f"{column}:sum", f"{column}:max"],
        )
        return {currency: (total, largest) for currency, total, largest in rows}

    @api.depends("batch_id.state", "batch_id.is_scheduled")
    def _compute_is_waiting(self):
        for transaction in self:
            batch = transaction.batch_id
            transaction.is_waiting = batch.state == "to_approve" or batch.is_scheduled

    def _prepare_batch_vals(self):
        """Prepare the credit batch, with the time at which it is to be posted."""
        return {**super()._prepare_batch_vals(), "post_at": self.post_at}

    def _get_waiting_text(self):
        """Say whom or what the credits wait for; False where they do not."""
        batch = self.batch_id
        if batch.state == "to_approve":
            return self.env._(
                "%(approval)s Nothing is posted until then.",
                approval=batch.approval_text,
            )
        if batch.is_scheduled:
            return batch._get_scheduled_text()
        return False
