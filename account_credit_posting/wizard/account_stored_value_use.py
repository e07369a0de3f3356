from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_list

from ..models.application.early_discounts import explain_ended, find_ended
from ..models.credit.account_credit_answer import answered_once
from ..models.stored_value.stored_value_paying import (
    explain_discounts,
    get_open_items,
    pay,
)
from ..tools.actions import notify, open_record
from ..tools.days import get_today
from ..tools.reading import are_within


class AccountStoredValueUse(models.TransientModel):
    """Pay open invoices of an account with its gift cards and prepayments.

    Proposes what the rule would take, and shows what will be paid: by the same plan
    that pays.
    """

    _name = "account.stored.value.use"
    _inherit = "account.credit.guard"
    _description = "Use of Gift Cards and Prepayments"

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        readonly=True,
        written_by="opener",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        written_by="opener",
    )
    invoice_ids = fields.Many2many(
        comodel_name="account.move",
        string="Invoices",
        domain="[('commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('state', '=', 'posted'),"
        " ('move_type', 'in', ('out_invoice', 'out_receipt')),"
        " ('payment_state', 'in', ('not_paid', 'partial')),"
        " ('stored_value_event', '!=', 'issue')]",
        help="Paid in the order of their due dates.",
    )
    line_ids = fields.One2many(
        comodel_name="account.stored.value.use.line",
        inverse_name="use_id",
        string="Gift Cards & Prepayments",
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.model
    def _get_open_action(self, partner, company, invoices):
        """Open the dialog.

        :param partner: the account
        :param company: whose gift cards and invoices
        :param invoices: to be paid
        :return: a window action
        :raise AccessError: when the user may not use stored value
        """
        values = self.env["account.stored.value"]
        values._check_may_use()
        values = values.search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("state", "=", "active"),
            ]
        )
        # Whoever may use stored value may know what there is to pay.
        items = sorted(get_open_items(values.sudo()), key=lambda item: item.order)
        dialog = self.create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "invoice_ids": [Command.set(invoices.ids)],
                "line_ids": [
                    Command.create({"value_id": item.move.id}) for item in items
                ],
            }
        )
        dialog._propose()
        name = self.env._("Use Gift Card or Prepayment")
        return {**open_record(name, dialog), "target": "new"}

    @api.onchange("invoice_ids")
    def _onchange_invoice_ids(self):
        self._propose()

    def _propose(self):
        """Propose what the rule would take of each."""
        for line in self.line_ids:
            line.amount = line.balance
        applications = self._plan()
        for line in self.line_ids:
            line.amount = sum(
                application.amount
                for application in applications
                if application.credit.move == line.value_id._origin
            )

    def _get_items(self):
        """Return what is to be used as open items, at most what is left."""
        # As in `_get_open_action`.
        values_sudo = self.line_ids.value_id._origin.sudo()
        amounts = {
            value._origin: sum(lines.mapped("amount"))
            for value, lines in self.line_ids.grouped("value_id").items()
        }
        items = get_open_items(values_sudo)
        for item in items:
            item.residual = min(item.residual, amounts[item.move.sudo(False)])
        return [item for item in items if item.is_open]

    def _plan(self):
        """Plan what will be paid.

        :return: list of :class:`Application`
        """
        # As in `_get_open_action`.
        engine_sudo = self.env["account.credit.application"].sudo()
        applications, _blocked = engine_sudo._get_engine(
            self.company_id, "user", self.invoice_ids._origin
        ).plan(self._get_items())
        return applications

    @api.depends("invoice_ids", "line_ids.amount")
    def _compute_preview(self):
        for dialog in self:
            applications = dialog._plan()
            ended = find_ended(applications, get_today(dialog.company_id))
            dialog.preview = self.env["ir.qweb"]._render(
                "account_credit_posting.stored_value_use_preview",
                {
                    "applications": applications,
                    "ended": explain_ended(self.env, ended),
                    "discounts": explain_discounts(self.env, applications),
                    "taxed_otherwise": dialog._explain_tax(applications),
                },
            )

    def _explain_tax(self, applications):
        """Say where a single-purpose voucher pays what is taxed otherwise.

        :param applications: of :meth:`_plan`
        :return: list of sentences
        """
        sentences = []
        for application in applications:
            # As in `_get_open_action`.
            voucher_sudo = application.credit.move.sudo()
            invoice_sudo = application.term.move.sudo()
            if not voucher_sudo._is_single_purpose():
                continue
            likewise = voucher_sudo._sum_taxed_likewise(invoice_sudo)
            if (
                application.credit.currency.compare_amounts(
                    likewise, application.amount
                )
                < 0
            ):
                sentences.append(
                    self.env._(
                        "%(value)s was taxed with %(tax)s when it was sold, but only "
                        "%(amount)s of %(invoice)s has that tax. The rest would also "
                        "be taxed with %(tax)s: use the voucher for what it was sold "
                        "for, or ask an accountant.",
                        value=voucher_sudo.name,
                        tax=voucher_sudo.voucher_tax_id.name,
                        amount=application.credit.currency.format(likewise),
                        invoice=invoice_sudo.name,
                    )
                )
        return sentences

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    @answered_once
    def action_confirm(self, idempotency_key=None):
        """Pay the invoices, and say what was paid.

        :return: a notification, after which the dialog closes
        :raise AccessError: when the user may not use stored value
        :raise UserError: when nothing can be paid
        """
        self.ensure_one()
        values = self.line_ids.value_id
        values._check_may_use()
        self.invoice_ids.check_access("read")
        for lines in self.line_ids.grouped("value_id").values():
            lines._check_amounts()
        paid = pay(values, self._get_items(), self.company_id, self.invoice_ids)
        amounts = [currency.format(amount) for currency, amount in paid.items()]
        return notify(
            self.env._("%(amounts)s paid.", amounts=format_list(self.env, amounts)),
            next={"type": "ir.actions.act_window_close"},
        )


class AccountStoredValueUseLine(models.TransientModel):
    """So much of one gift card or prepayment."""

    _name = "account.stored.value.use.line"
    _inherit = "account.credit.guard"
    _description = "Use of a Gift Card or Prepayment"

    use_id = fields.Many2one(
        comodel_name="account.stored.value.use",
        string="Page",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    value_type = fields.Selection(related="value_id.value_type")
    expiry_date = fields.Date(related="value_id.expiry_date")
    currency_id = fields.Many2one(related="value_id.currency_id")
    balance = fields.Monetary(related="value_id.balance")
    amount = fields.Monetary(string="Use")

    def _check_amounts(self):
        """Check that so much is left of one gift card as all of these lines use.

        :raise UserError: names the gift card and what is left
        """
        value, currency = self.value_id, self.currency_id
        if not are_within(self.env, self.mapped("amount"), value.balance, currency):
            raise UserError(
                self.env._(
                    "%(name)s has %(balance)s left: enter an amount between zero and "
                    "that.",
                    name=value.name,
                    balance=currency.format(value.balance),
                )
            )
