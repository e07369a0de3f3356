from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ... import const
from ...tools.reading import are_within
from ...tools.rights import get_accounts_of
from ...tools.texts import format_amounts


class AccountPostRefund(models.TransientModel):
    """Pay money back to one account: never more than is open, always with a reason."""

    _name = "account.post.refund"
    _inherit = "account.post.money"
    _description = "Post Refund"
    # As Post Transaction: longer than a lunch.
    _transient_max_hours = 48.0

    line_ids = fields.One2many(
        comodel_name="account.post.refund.line",
        inverse_name="refund_id",
        compute="_compute_line_ids",
        # With the rights of the user: they say what is listed.
        compute_sudo=False,
        store=True,
        readonly=False,
        string="What is open",
    )
    total = fields.Char(
        compute="_compute_total",
        help="The amounts paid back, for each currency.",
    )
    reason = fields.Char(help="Internal: kept in the log of the refunded document.")
    is_manager = fields.Boolean(
        compute="_compute_is_manager",
        help="Credits, gift cards and prepayments are refunded by administrators.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("partner_id", "company_id")
    def _compute_line_ids(self):
        for dialog in self:
            sources = dialog._find_sources()
            if len(sources) == 1:
                sources[0]["amount"] = sources[0]["amount_open"]
            dialog.line_ids = [
                Command.clear(),
                *(Command.create(vals) for vals in sources),
            ]

    @api.model_create_multi
    def create(self, vals_list):
        """List what is open, with the rights of whoever opens the page."""
        pages = super().create(vals_list)
        pages._recompute_recordset(["line_ids"])
        return pages

    @api.depends("line_ids.amount")
    def _compute_total(self):
        for dialog in self:
            totals = {
                currency: sum(lines.mapped("amount"))
                for currency, lines in dialog.line_ids.grouped("currency_id").items()
            }
            dialog.total = format_amounts(totals, dialog.company_id.currency_id)

    @api.depends_context("uid")
    def _compute_is_manager(self):
        self.is_manager = self._may_refund_all()

    def _get_title(self):
        return self.env._("Post Refund")

    def _may_refund_all(self):
        """Tell whether the user may refund more than payments."""
        return self.env.su or self.env.user.has_group(const.GROUP_MANAGER)

    # -------------------------------------------------------------------------
    # WHAT IS OPEN
    # -------------------------------------------------------------------------

    def _find_sources(self):
        """Return what can be paid back, the oldest first.

        :return: list of values of ``account.post.refund.line``
        """
        account = self._get_account()
        if not account:
            return []
        sources = [
            {
                "kind": "payment" if self._is_money(item_sudo) else "credit",
                "name": item_sudo.move_id.name,
                "date": item_sudo.date,
                "item_id": item_sudo.id,
                "value_id": False,
                "currency_id": item_sudo.currency_id.id,
                "amount_open": -item_sudo.amount_residual_currency,
            }
            for item_sudo in self._find_items(account)
        ]
        if self._may_refund_all():
            sources += [
                {
                    "kind": value.value_type,
                    "name": value.name,
                    "date": value.issue_date,
                    "item_id": False,
                    "value_id": value.id,
                    "currency_id": value.currency_id.id,
                    "amount_open": value.balance,
                }
                for value in self._find_values(account)
            ]
        return sources

    def _find_items(self, account):
        """Return the open payments, and for administrators the open credits.

        :return: receivable journal items, with all rights
        """
        # Whoever posts may know what is open on the account.
        engine = self.env["account.credit.application"]._get_engine(
            self.company_id, "user"
        )
        kinds = engine.get_payment_domain()
        items_sudo = self.env["account.move.line"].sudo()
        if self._may_refund_all():
            kinds |= items_sudo._get_credit_item_domain()
            kinds |= Domain("move_id.move_type", "=", "out_refund")
        return items_sudo.search(
            engine.get_open_domain()
            & Domain("partner_id", "=", account.id)
            & Domain("amount_residual_currency", "<", 0)
            & kinds,
            order="date, id",
        )

    @api.model
    def _is_money(self, item):
        return bool(item.payment_id or item.statement_line_id)

    def _find_values(self, account):
        """Return the gift cards and prepayments that money can be paid back of."""
        values = self.env["account.stored.value"].search(
            [
                ("partner_id", "=", account.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "active"),
                ("funding", "!=", "promotion"),
            ],
            order="issue_date, id",
        )
        return values.filtered(
            lambda value: value.currency_id.compare_amounts(value.balance, 0) > 0
        )

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _check_setup(self):
        result = super()._check_setup()
        account = self.partner_id.commercial_partner_id
        if account in get_accounts_of(self.env.user):
            raise UserError(
                self.env._(
                    "%(account)s is your own account: ask somebody else to refund it.",
                    account=account.display_name,
                )
            )
        if not (self.reason or "").strip():
            raise UserError(self.env._("Enter a reason: it is kept in the log."))
        if not self._get_chosen():
            raise UserError(
                self.env._("Enter an amount to refund for at least one of these.")
            )
        sources = {
            (vals["item_id"], vals["value_id"]): vals for vals in self._find_sources()
        }
        for lines in self.line_ids.grouped(
            lambda line: (line.item_id, line.value_id)
        ).values():
            lines._check_amounts(sources)
        return result

    def _get_request(self):
        names = ("item_id", "value_id", "amount")
        return {
            **super()._get_request(),
            **self._read_request(self, ("reason",)),
            **self._read_request(self._get_chosen(), names),
        }

    def _get_chosen(self):
        """Return the lines that are refunded."""
        return self.line_ids.filtered("amount")

    def _post(self):
        payments_sudo = self.env["account.payment"].sudo()  # As `_create_payment`.
        rows = []
        for line in self._get_chosen():
            payment_sudo = line._refund()
            self._note(payment_sudo, self.reason)
            payments_sudo += payment_sudo
            rows.append(
                self.env._(
                    "%(payment)s: %(amount)s of %(refunded)s.",
                    payment=payment_sudo.name,
                    amount=line.currency_id.format(payment_sudo.amount),
                    refunded=line.name,
                )
            )
        return payments_sudo, {
            "title": self.env._(
                "%(total)s refunded to %(account)s.",
                total=self.total,
                account=self.partner_id.commercial_partner_id.display_name,
            ),
            "rows": rows,
        }


class AccountPostRefundLine(models.TransientModel):
    """So much of one open credit, payment, gift card or prepayment."""

    _name = "account.post.refund.line"
    _inherit = "account.credit.guard"
    _description = "Refund of an Open Credit"

    refund_id = fields.Many2one(
        comodel_name="account.post.refund",
        string="Page",
        required=True,
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    kind = fields.Selection(
        selection=[
            ("credit", "Credit"),
            ("payment", "Payment"),
            ("gift_card", "Gift Card"),
            ("prepayment", "Prepayment"),
        ],
        readonly=True,
        written_by="opener",
    )
    name = fields.Char(string="Number", readonly=True, written_by=("opener", "posting"))
    date = fields.Date(readonly=True, written_by="opener")
    item_id = fields.Many2one(
        comodel_name="account.move.line",
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    value_id = fields.Many2one(
        comodel_name="account.stored.value",
        readonly=True,
        ondelete="cascade",
        written_by="opener",
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        readonly=True,
        written_by=("opener", "posting"),
    )
    amount_open = fields.Monetary(string="Open", readonly=True, written_by="opener")
    amount = fields.Monetary(string="Refund")

    def _check_amounts(self, sources):
        """Check that one source is open now, and so much of it in all of these lines.

        What the page says counts not.

        :param sources: ``{(journal item id, stored value id): values}``, what is open
        :raise UserError: names it, and what is open
        """
        source = sources.get((self.item_id.id, self.value_id.id))
        if not source:
            raise UserError(
                self.env._(
                    "%(name)s is no longer open. Choose the account again to see "
                    "what is open.",
                    name=self[:1].name or self.env._("This"),
                )
            )
        currency = self.env["res.currency"].browse(source["currency_id"])
        amounts, limit = self.mapped("amount"), source["amount_open"]
        if not are_within(self.env, amounts, limit, currency):
            raise UserError(
                self.env._(
                    "%(name)s has %(open)s open: enter an amount between zero and "
                    "that.",
                    name=source["name"],
                    open=currency.format(source["amount_open"]),
                )
            )
        refund = self.refund_id
        self.env["account.credit.check"]._check_rate(
            currency, refund.company_id, refund._get_date()
        )
        self._write_guarded({"name": source["name"], "currency_id": currency.id})

    def _refund(self):
        """Pay it back.

        :return: the ``account.payment``, with all rights
        """
        self.ensure_one()
        refund = self.refund_id
        amount = self.currency_id.round(self.amount)
        memo = self.env._("Refund of %(name)s", name=self.name)
        if self.value_id:
            payment_id = self.value_id.refund(amount, refund.journal_id.id)
            # As `_create_payment`.
            payment_sudo = self.env["account.payment"].sudo().browse(payment_id)
            refund._note(self.value_id.sudo(), refund.reason)
            refund._note(payment_sudo, refund.private_comment)
            return payment_sudo
        item_sudo = self.item_id.sudo()  # As `_create_payment`.
        payment_sudo, own_sudo = refund._create_payment(
            "outbound", amount, item_sudo.account_id, self.currency_id, memo=memo
        )
        own_sudo._reconcile_plan([own_sudo + item_sudo])
        refund._note(item_sudo.move_id, refund.reason)
        return payment_sudo
