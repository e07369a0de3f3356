from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import CARD_DESIGNS, HIDDEN_CODE, MANAGED_FIELDS
from ..models.credit.account_credit_answer import answered_once
from ..models.stored_value.account_gift_card import GiftCard
from ..tools.days import get_today
from ..tools.texts import get_side_labels


class AccountStoredValueChange(models.TransientModel):
    """The dialog behind the pencil, the trash, and what else is done to stored value.

    It shows the entry before it is posted, asks for what is needed, and calls the
    method of ``account.stored.value``, which checks everything again.
    """

    _name = "account.stored.value.change"
    _inherit = "account.credit.guard"
    _description = "Change of a Gift Card or Prepayment"

    value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    change = fields.Selection(
        selection=[
            ("adjust", "Correct"),
            ("void", "Delete"),
            ("block", "Block"),
            ("move", "Move"),
            ("refund", "Refund"),
            ("cash_out", "Cash Out"),
            ("send", "Email the Card"),
        ],
        required=True,
        readonly=True,
        written_by="opener",
    )
    value_type = fields.Selection(related="value_id.value_type")
    company_id = fields.Many2one(related="value_id.company_id")
    currency_id = fields.Many2one(related="value_id.currency_id")
    state = fields.Selection(related="value_id.state")
    balance = fields.Monetary(related="value_id.balance", string="Balance Now")
    balance_after = fields.Monetary(compute="_compute_entry")
    amount = fields.Monetary()
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="To Account",
        domain="[('parent_id', '=', False), ('id', '!=', own_partner_id)]",
    )
    own_partner_id = fields.Many2one(related="value_id.partner_id")
    journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Paid From",
        domain="[('type', 'in', ('bank', 'cash', 'credit')), "
        "('company_id', 'parent_of', company_id)]",
    )
    reason = fields.Char(help="Kept on the entry and in the history.")
    expiry_date = fields.Date(help="The last day on which it can be used.")
    holder_state_id = fields.Many2one(
        comodel_name="res.country.state",
        string="Owner's State",
        help="Its law applies to cash-out and unclaimed property.",
    )
    memo = fields.Text(help="Internal note.")
    recipient_name = fields.Char()
    recipient_email = fields.Char()
    sender_name = fields.Char()
    message = fields.Text(help="Printed on the card.")
    design = fields.Selection(CARD_DESIGNS)
    send_date = fields.Date(
        string="Email On",
        default=lambda self: get_today(self.env.company),
    )
    preview = fields.Html(
        compute="_compute_preview",
        sanitize=False,
        help="The email, without the code: it is generated when the email is sent.",
    )
    error = fields.Char(
        compute="_compute_entry", help="The reason why it is not possible."
    )
    entry = fields.Html(
        compute="_compute_entry",
        sanitize=False,
        help="The journal entry that will be posted today.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        """Start from what the record says."""
        defaults = super().default_get(fields)
        value = self.env["account.stored.value"].browse(defaults.get("value_id"))
        if value:
            value.check_access("read")
            for name in MANAGED_FIELDS:
                defaults[name] = value[name]
            if not value.recipient_email and defaults.get("change") == "send":
                defaults["recipient_email"] = value.partner_id.email
            is_correction = defaults.get("change") == "adjust"
            defaults["amount"] = (
                value.initial_amount if is_correction else value.balance
            )
            if defaults.get("change") in ("refund", "cash_out"):
                journal = value.journal_id._filtered_access("read")
                journal = journal or journal._find_money_journal(value.company_id)
                defaults["journal_id"] = journal.id
        return defaults

    @api.depends("value_id", "change", "amount", "partner_id", "journal_id")
    def _compute_entry(self):
        for dialog in self:
            dialog.error = dialog.entry = False
            dialog.balance_after = dialog.balance
            if dialog.change in ("block", "send"):
                continue
            # Whoever may change it may know what that posts.
            value_sudo = dialog.value_id.sudo()
            is_cash_out = dialog.change == "cash_out"
            try:
                items = value_sudo._prepare_change(
                    "refund" if is_cash_out else dialog.change,
                    value_sudo.balance if is_cash_out else dialog.amount,
                    dialog.partner_id.sudo().commercial_partner_id,
                    dialog.journal_id.sudo(),
                )
            except UserError as reason:
                dialog.error = str(reason)
                continue
            dialog.entry = dialog._render_entry(items)
            dialog.balance_after = dialog.currency_id.round(
                value_sudo.balance
                - sum(item.amount for item in items if item.value == value_sudo)
            )

    def _render_entry(self, items):
        """Draw a journal entry.

        :param items: of ``account.stored.value._prepare_change``
        """
        if not items:
            return False
        return self.env["ir.qweb"]._render(
            "account_credit_posting.stored_value_entry",
            {
                "items": items,
                "currency": self.currency_id,
                "sides": get_side_labels(self.env),
            },
        )

    @api.depends("value_id", "change", "recipient_name", "sender_name", "message")
    def _compute_preview(self):
        for dialog in self:
            dialog.preview = dialog.change == "send" and dialog._render_mail()

    def _render_mail(self):
        """Draw the email with what is typed; its code is made when it leaves."""
        template_sudo = self.env.ref(
            "account_credit_posting.mail_template_gift_card"
        ).sudo()  # Whoever may send it may see it.
        template_sudo = template_sudo.with_context(card_code=HIDDEN_CODE)
        body = template_sudo._render_field("body_html", self.value_id.ids)
        return body[self.value_id.id]

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

    def _confirm_adjust(self):
        value = self.value_id
        value._check_may_manage()
        if self.currency_id.compare_amounts(self.amount, value.initial_amount):
            value.adjust(self.amount, self.reason)
        changed = {
            name: self[name] for name in MANAGED_FIELDS if self[name] != value[name]
        }
        if "recipient_email" in changed:
            GiftCard(value).set_recipient(changed.pop("recipient_email"))
        if changed:
            value.write(changed)

    def _confirm_void(self):
        self.value_id.action_void(self.reason)

    def _confirm_block(self):
        self.value_id.action_block(self.reason)

    def _confirm_move(self):
        self.value_id.move_to(self.partner_id.id, self.amount)

    def _confirm_refund(self):
        self.value_id.refund(self.amount, self.journal_id.id)

    def _confirm_cash_out(self):
        row = self.env["account.unclaimed.due"].browse(self.value_id.id)
        row.cash_out(self.journal_id.id)

    def _confirm_send(self):
        self.value_id.send_card(self.recipient_email, self.send_date)
