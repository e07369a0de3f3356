from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from odoo.addons.account_credit_posting.const import CARD_DESIGNS
from odoo.addons.account_credit_posting.models.stored_value import (
    account_gift_card,
    stored_value_changes,
    stored_value_request,
)
from odoo.addons.account_credit_posting.tools.days import get_today
from odoo.addons.account_credit_posting.tools.locks import touch_rows
from odoo.addons.account_credit_posting.tools.posting import with_posting
from odoo.addons.account_credit_posting.tools.reading import (
    read_amount,
    read_choice,
    read_date,
)

#: Characters of a name on a card, and of its message.
NAME_LENGTH = 100
MESSAGE_LENGTH = 500

#: How many days ahead a card is sent.
DAYS_AHEAD = 366

#: After so many days what nobody began to pay is forgotten.
DAYS_KEPT = 7


class AccountTopUp(models.Model):
    """What a customer buys in the portal: a prepayment, or a gift card for somebody.

    Nothing is issued before a transaction of it is confirmed, and then once, whatever
    comes again: the payment of that transaction is what funds it.
    """

    _name = "account.top.up"
    _inherit = ["account.credit.guard"]
    _description = "Top-up"
    _order = "id desc"
    _rec_name = "partner_id"
    _writer = "customer"

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        written_by="customer",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        index=True,
        written_by="customer",
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        readonly=True,
        written_by="customer",
    )
    value_type = fields.Selection(
        selection=[("prepayment", "Prepayment"), ("gift_card", "Gift Card")],
        string="Type",
        required=True,
        readonly=True,
        written_by="customer",
    )
    amount = fields.Monetary(required=True, readonly=True, written_by="customer")
    recipient_name = fields.Char(readonly=True, written_by="customer")
    recipient_email = fields.Char(readonly=True, written_by="customer")
    sender_name = fields.Char(readonly=True, written_by="customer")
    message = fields.Text(readonly=True, written_by="customer")
    design = fields.Selection(CARD_DESIGNS, readonly=True, written_by="customer")
    send_date = fields.Date(
        string="Email On",
        readonly=True,
        help="The day on which the card is emailed.",
        written_by="customer",
    )
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Issued",
        readonly=True,
        copy=False,
        ondelete="restrict",
        written_by="customer",
    )
    transaction_ids = fields.One2many(
        comodel_name="payment.transaction",
        inverse_name="top_up_id",
        string="Payments",
        readonly=True,
    )
    _stored_value_unique = models.UniqueIndex(
        "(stored_value_id) WHERE stored_value_id IS NOT NULL",
        "A top-up is issued only once.",
    )
    _amount_above_zero = models.Constraint(
        "CHECK (amount > 0)", "A top-up must have an amount above zero."
    )

    # -------------------------------------------------------------------------
    # WHAT THE CUSTOMER SENDS
    # -------------------------------------------------------------------------

    @api.model
    def _create_of_form(self, page, company, form):
        """Create what a customer chose; it is paid next.

        :param page: the ``CustomerPage`` of the customer
        :param company: one that the page shows, and that offers it
        :param dict form: as it came
        :return: the record, with all rights
        :raise UserError: when something is missing, or not offered
        """
        # Customers need not see the settings of the company.
        company_sudo = company.sudo()
        value_type = form.get("kind")
        read_choice(self.env, "kind", value_type, company_sudo._get_top_up_kinds())
        vals = {
            "partner_id": page.account_sudo.id,
            "company_id": company.id,
            "currency_id": company_sudo.currency_id.id,
            "value_type": value_type,
            "amount": self._read_amount(company_sudo, form),
        }
        if value_type == "gift_card":
            vals |= self._read_card(company, form)
        return with_posting(self.sudo(), self._writer).create(vals)

    @api.model
    def _read_amount(self, company, form):
        """Return the amount: one of the choices, or a free one within the limits."""
        text = form.get("amount")
        is_free = text == "other"
        if not is_free and form.get("other_amount"):
            raise ValidationError(
                self.env._(
                    "You chose an amount and entered another one. Choose Another "
                    "amount, or leave its field empty."
                )
            )
        amount = read_amount(
            self.env,
            (form.get("other_amount") if is_free else text) or "",
            company.currency_id,
        )
        if not company._is_top_up_amount(amount, is_free):
            raise ValidationError(
                self.env._("Choose one of the amounts, or enter one within the limits.")
            )
        return amount

    @api.model
    def _read_card(self, company, form):
        """Return what stands on the card, and when it leaves."""
        texts = {
            name: (form.get(name) or "").strip()
            for name in ("recipient_name", "recipient_email", "sender_name", "message")
        }
        email = email_normalize(texts["recipient_email"])
        if not texts["recipient_name"] or not email:
            raise UserError(
                self.env._("Enter the name and the email address of the recipient.")
            )
        if (
            max(map(len, texts.values())) > MESSAGE_LENGTH
            or max(len(texts["recipient_name"]), len(texts["sender_name"]))
            > NAME_LENGTH
        ):
            raise UserError(
                self.env._(
                    "A name can have at most %(name)s characters, and the message "
                    "%(message)s. Shorten them.",
                    name=NAME_LENGTH,
                    message=MESSAGE_LENGTH,
                )
            )
        design = form.get("design") or "classic"
        read_choice(self.env, "design", design, dict(CARD_DESIGNS))
        return {
            **texts,
            "recipient_email": email,
            "design": design,
            "send_date": self._read_day(company, form),
        }

    @api.model
    def _read_day(self, company, form):
        """Return the day on which the card leaves: today, or a later one."""
        today = get_today(company)
        if form.get("send") != "date":
            return today
        day = read_date(self.env, "send_date", form.get("send_date"))
        if not day or not today <= day <= today + timedelta(days=DAYS_AHEAD):
            raise UserError(
                self.env._(
                    "Choose the date on which the card is sent: today or later, "
                    "within a year."
                )
            )
        return day

    # -------------------------------------------------------------------------
    # WHAT BECAME OF IT
    # -------------------------------------------------------------------------

    def _get_status(self):
        """Return where it stands, as the customer may know it.

        :return: "issued", "pending", "failed" or "open"
        """
        self.ensure_one()
        states = self.transaction_ids.mapped("state")
        if self.stored_value_id:
            return "issued"
        if {"pending", "authorized", "done"} & set(states):
            return "pending"
        return "failed" if {"cancel", "error"} & set(states) else "open"

    def _issue(self, journal, create_payment):
        """Issue what was paid for, funded by the payment of the transaction.

        Of two transactions at the same time the second fails to serialize, and is
        looked at again.

        :param journal: of the provider
        :param create_payment: see ``stored_value_changes.issue_by_payment``
        :return: the payment
        """
        self.ensure_one()
        touch_rows(self)
        value = self.env["account.stored.value"].create(self._prepare_value(journal))
        payment = stored_value_changes.issue_by_payment(value, create_payment)
        self._write_guarded({"stored_value_id": value.id})
        value._message_log(
            body=self.env._(
                "Bought by %(user)s in the portal.", user=self.create_uid.name
            )
        )
        if value.send_date:
            account_gift_card.trigger_sending(self.env)
        return payment

    def _prepare_value(self, journal):
        """Prepare the draft that the payment funds: values for ``create``."""
        company = self.company_id
        today = get_today(company)
        names = ("recipient_name", "recipient_email", "sender_name", "message")
        return {
            **{name: self[name] for name in names},
            "value_type": self.value_type,
            "partner_id": self.partner_id.id,
            "company_id": company.id,
            "currency_id": self.currency_id.id,
            "initial_amount": self.amount,
            "funding": "payment",
            "journal_id": journal.id,
            "issue_date": today,
            "expiry_date": stored_value_request.get_default_expiry(
                company, self.value_type, "payment", today
            ),
            "design": self.design or "classic",
            "send_date": self.send_date,
        }

    @api.autovacuum
    def _gc_unpaid(self):
        """Forget what nobody began to pay: it names a third person."""
        self.search(
            [
                ("create_date", "<", fields.Datetime.now() - timedelta(days=DAYS_KEPT)),
                ("transaction_ids", "=", False),
            ]
        ).unlink()
