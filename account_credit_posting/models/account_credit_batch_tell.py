from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class AccountCreditBatch(models.Model):
    """Ask for the e-mails to the customers of a batch, and say what became of them."""

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    tell_customers = fields.Boolean(
        copy=False,
        help="When the batch is posted, each account gets one e-mail with the public "
        "comment, the amount, what it paid and what is left.",
    )
    is_to_tell = fields.Boolean(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The e-mails are being written.",
    )
    told_count = fields.Integer(
        compute="_compute_tell_counts",
        string="Told",
        help="Posted lines whose account was told by e-mail.",
    )
    not_told_count = fields.Integer(
        compute="_compute_tell_counts",
        string="Not Told",
        help="Posted lines that could not be told; each says why.",
    )
    untold_count = fields.Integer(
        compute="_compute_tell_counts",
        string="Still to Tell",
        help="Posted lines whose account was not told, for whatever reason.",
    )
    undelivered_count = fields.Integer(
        compute="_compute_tell_counts",
        string="Not Delivered",
        help="E-mails that the mail server did not take.",
    )

    @api.depends("line_ids.state", "line_ids.told_date", "line_ids.tell_error")
    def _compute_tell_counts(self):
        lines = self.env["account.credit.line"]
        own = Domain("batch_id", "in", self.ids)
        untold = own & Domain(lines._get_untold_domain())

        def count(domain):
            groups = lines._read_group(domain, ["batch_id"], ["__count"])
            return {batch.id: number for batch, number in groups}

        told = count(own & Domain("told_date", "!=", False))
        waiting = count(untold)
        refused = count(untold & Domain("tell_error", "!=", False))
        for batch in self:
            batch.told_count = told.get(batch._origin.id, 0)
            batch.untold_count = waiting.get(batch._origin.id, 0)
            batch.not_told_count = refused.get(batch._origin.id, 0)
            batch.undelivered_count = batch.told_count and batch._count_undelivered()

    def _count_undelivered(self):
        """Return how many e-mails of the batch the mail server did not take."""
        self.ensure_one()
        told = self.env["account.credit.line"]._search(
            [("batch_id", "=", self._origin.id), ("told_date", "!=", False)]
        )
        # Whoever sees the batch may know their number, which is all that is read.
        mails_sudo = self.env["mail.mail"].sudo()
        return mails_sudo.search_count(
            [
                ("model", "=", "account.credit.line"),
                ("res_id", "in", told),
                ("state", "=", "exception"),
            ]
        )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_open_tell(self):
        """Show what the customers will read, before they are told.

        :return: a window action on ``account.credit.batch.tell``, as a dialog
        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        self.ensure_one()
        self._check_may_tell()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Tell the Customers"),
            "res_model": "account.credit.batch.tell",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_batch_id": self.id},
        }

    def action_tell(self):
        """Let each account that was not told yet get its e-mail, in the background.

        Those that could not be told before are tried again.

        :return: True
        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        self._check_may_tell()
        for batch in self:
            refused = batch.line_ids.search(
                [
                    ("batch_id", "=", batch.id),
                    ("tell_error", "!=", False),
                    *batch.line_ids._get_untold_domain(),
                ]
            )
            refused._write_result({"tell_error": False})
            batch._begin_telling()
        return True

    def _check_may_tell(self):
        self._check_may_post()
        for batch in self:
            if batch.state not in ("done", "partial"):
                raise UserError(
                    self.env._(
                        "%(batch)s is not posted. Customers are told of what is posted "
                        "alone.",
                        batch=batch.display_name,
                    )
                )
            if not batch.untold_count:
                raise UserError(
                    self.env._(
                        "All accounts of %(batch)s were told. Nobody is told twice.",
                        batch=batch.display_name,
                    )
                )

    # -------------------------------------------------------------------------
    # TELLING
    # -------------------------------------------------------------------------

    def _set_state(self, state):
        """Begin to tell, where that was asked for, when all is posted."""
        result = super()._set_state(state)
        if state in ("done", "partial"):
            self.filtered("tell_customers")._begin_telling()
        return result

    def _begin_telling(self):
        for batch in self:
            if batch.untold_count and not batch.is_to_tell:
                batch._write_posting({"is_to_tell": True})
        if self:
            self._trigger_telling()

    def _trigger_telling(self):
        cron = self.env.ref(
            "account_credit_posting.ir_cron_tell_customers", raise_if_not_found=False
        )
        if cron:
            cron.sudo()._trigger()  # Whoever posts need not see scheduled actions.

    @api.model
    def _end_telling(self):
        """Leave the batches alone that have nothing more to tell; wake the mail queue.

        What another worker is about to write is not written yet: that one ends it.
        """
        batches = self.search([("is_to_tell", "=", True)])
        for batch in batches:
            if not batch._count_to_tell():
                batch._write_posting({"is_to_tell": False})
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action", False)
        if batches and queue:
            queue._trigger()

    def _count_to_tell(self):
        self.ensure_one()
        lines = self.env["account.credit.line"]
        return lines.search_count(
            [
                ("batch_id", "=", self.id),
                ("tell_error", "=", False),
                *lines._get_untold_domain(),
            ],
            limit=1,
        )
