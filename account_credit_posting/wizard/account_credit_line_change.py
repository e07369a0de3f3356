from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import const
from ..models.credit.account_credit_answer import answered_once
from ..tools.actions import open_dialog
from ..tools.days import get_today
from ..tools.reading import read_choice
from ..tools.texts import get_side_labels


class AccountCreditLineChange(models.TransientModel):
    """The dialog behind the pencil, the trash and the arrow of a credit.

    It shows what will be posted before it is, asks for what is needed, and calls the
    method of ``account.credit.line``, which checks everything again.
    """

    _name = "account.credit.line.change"
    _inherit = "account.credit.guard"
    _description = "Change of a Credit"

    line_id = fields.Many2one(
        comodel_name="account.credit.line",
        string="Credit",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    change = fields.Selection(
        selection=[("edit", "Edit"), ("delete", "Delete"), ("move", "Move")],
        required=True,
        readonly=True,
        written_by="opener",
    )
    is_manager = fields.Boolean(compute="_compute_is_manager")
    is_replacing = fields.Boolean(
        compute="_compute_prepared",
        help="Whether the credit is reversed and posted anew.",
    )
    company_id = fields.Many2one(related="line_id.company_id")
    currency_id = fields.Many2one(related="line_id.currency_id")
    own_partner_id = fields.Many2one(
        related="line_id.partner_id", string="Account of the Credit"
    )

    # What may be changed without an entry.
    public_comment = fields.Text(
        help="Shown in the history and in later messages. A document that was printed "
        "stays as it is.",
    )
    private_comment = fields.Text(help="Internal note.")
    contact_id = fields.Many2one(
        comodel_name="res.partner",
        string="Enrollee",
        domain="[('id', 'child_of', own_partner_id), ('id', '!=', own_partner_id)]",
    )

    # What is posted anew, or moved.
    line_ids = fields.Many2many(
        comodel_name="account.credit.line",
        string="Credits",
        domain="[('partner_id', '=', own_partner_id), ('state', '=', 'posted'), "
        "('company_id', '=', company_id), ('currency_id', '=', currency_id)]",
    )
    amount = fields.Monetary()
    credit_item_id = fields.Many2one(
        comodel_name="product.product",
        domain="[('is_credit_item', '=', True)]",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        domain="[('parent_id', '=', False)]",
    )
    mode = fields.Selection(
        selection=const.REVERSAL_MODES,
        required=True,
        default="unused",
    )
    date = fields.Date(
        required=True,
        default=lambda self: get_today(self.env.company),
        help="The accounting date of what is posted.",
    )
    reason = fields.Char(help="Internal: kept in the log of the batch.")
    error = fields.Char(
        compute="_compute_prepared", help="The reason why it is not possible."
    )
    preview = fields.Html(
        compute="_compute_prepared",
        sanitize=False,
        help="Before and after, the invoices concerned, and what will be posted.",
    )

    @api.model
    def _open(self, lines):
        """Return a window action that opens the dialog for what the context names."""
        lines.check_access("read")
        labels = dict(self._fields["change"]._description_selection(self.env))
        change = self.env.context.get("change")
        read_choice(self.env, "change", change, labels)
        line = lines[:1]
        return open_dialog(
            f"{labels[change]}: {line.move_name}",
            self._name,
            line_id=line.id,
            line_ids=lines.ids,
            change=change,
        )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        """Start from what the credit says."""
        defaults = super().default_get(fields)
        line = self.env["account.credit.line"].browse(defaults.get("line_id"))
        if not line:
            return defaults
        line.check_access("read")
        is_move = defaults.get("change") == "move"
        lines = self.env["account.credit.line"].browse(
            self.env.context.get("default_line_ids") or line.ids
        )
        return {
            **defaults,
            **{name: line[name] for name in const.LABEL_FIELDS - {"contact_id"}},
            "contact_id": line.contact_id.id,
            "amount": sum(lines.mapped("amount_open")) if is_move else line.amount,
            "credit_item_id": line.credit_item_id.id,
            "partner_id": not is_move and line.partner_id.id,
        }

    @api.depends_context("uid")
    def _compute_is_manager(self):
        self.is_manager = self.env.user.has_group(const.GROUP_MANAGER)

    @api.depends(
        "change", "line_ids", "amount", "credit_item_id", "partner_id", "mode", "date"
    )
    def _compute_prepared(self):
        replacements = self.env["account.credit.correction.replace"]
        for dialog in self:
            dialog.error = dialog.preview = False
            dialog.is_replacing = dialog.change == "edit" and not (
                replacements._is_same(dialog._get_line(), dialog._get_facts())
            )
            if dialog.change == "edit" and not dialog.is_replacing:
                continue
            try:
                prepared = dialog._prepare()
            except UserError as reason:
                dialog.error = str(reason)
                continue
            dialog.preview = self.env["ir.qweb"]._render(
                "account_credit_posting.credit_line_change_preview",
                {**prepared, "sides": get_side_labels(self.env)},
            )

    def _get_line(self):
        """Return the credit as the system sees it."""
        # Whoever sees the credit may know what correcting it posts.
        return self.line_id._origin.sudo()

    def _get_facts(self):
        return self.env["account.credit.correction.replace"]._get_facts(
            self._get_line(), self.amount, self.credit_item_id.id, self.partner_id.id
        )

    def _prepare(self):
        """Return what the change would do.

        :return: see ``account.credit.correction.reverse._prepare``
        :raise UserError: when it cannot be done
        """
        self.ensure_one()
        line = self._get_line()
        if self.change == "edit":
            return self.env["account.credit.correction.replace"]._prepare(
                line, self._get_facts(), self.date
            )
        if self.change == "delete":
            self.env["account.credit.check"]._check_reversal_date(
                line.batch_id, self.date
            )
            return self.env["account.credit.correction.reverse"]._prepare(
                line, self.mode
            )
        return self.env["account.credit.correction.move"]._prepare(
            self.line_ids._origin.sudo(),  # As in `_get_line`.
            self.partner_id.sudo().commercial_partner_id,
            self.amount,
        )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    @answered_once
    def action_confirm(self, idempotency_key=None):
        """Do it.

        :return: an action that closes the dialog
        :raise AccessError: when the user may not
        :raise UserError: when it cannot be done, with the reason
        """
        self.ensure_one()
        getattr(self, f"_confirm_{self.change}")()
        return {"type": "ir.actions.act_window_close"}

    def _confirm_edit(self):
        line = self.line_id
        labels = {
            "public_comment": self.public_comment,
            "private_comment": self.private_comment,
            "contact_id": self.contact_id.id,
        }
        if not self.is_replacing:
            line.change_labels(labels)
            return
        if not self.is_manager:
            raise AccessError(
                self.env._(
                    "Only an administrator of credits can change the amount, the "
                    "credit item or the account."
                )
            )
        line = line.replace(
            self.amount,
            self.credit_item_id.id,
            self.partner_id.id,
            self.date,
            self.reason,
        )
        if self.partner_id.commercial_partner_id != self.own_partner_id:
            del labels["contact_id"]
        line.change_labels(labels)

    def _confirm_delete(self):
        self.line_id.action_reverse(self.mode, self.date, self.reason)

    def _confirm_move(self):
        self.line_ids.move_to(self.partner_id.id, self.amount, self.date, self.reason)
