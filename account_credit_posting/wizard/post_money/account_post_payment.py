from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import format_date, format_list

from ...models.application.early_discounts import find_discount, prepare_discount_items
from ...models.stored_value.stored_value_changes import issue
from ...models.stored_value.stored_value_request import get_default_expiry
from ...tools.applying import OpenItem, plan_applications
from ...tools.days import get_today
from ...tools.reading import find_amount_error

#: The products of single-purpose vouchers.
VOUCHERS = [("is_gift_card", "=", True), ("voucher_kind", "=", "single")]


class AccountPostPayment(models.TransientModel):
    """Receive money of one account, and let it pay invoices.

    The preview is made by the plan that pays.
    """

    _name = "account.post.payment"
    _inherit = "account.post.money"
    _description = "Post Payment"
    # As Post Transaction: longer than a lunch.
    _transient_max_hours = 48.0

    currency_id = fields.Many2one(
        comodel_name="res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="Pays invoices in this currency.",
    )
    amount = fields.Monetary(help="The amount received.")
    amount_due = fields.Monetary(
        compute="_compute_amount_due",
        string="Owes",
        help="The open amount of the invoices that it can pay.",
    )
    proposed_amount = fields.Monetary(
        help="The amount due of these invoices, less early payment discounts.",
    )
    date = fields.Date(
        required=True,
        default=lambda self: get_today(self.env.company),
        help="The accounting date of the payment.",
    )
    method_line_id = fields.Many2one(
        comodel_name="account.payment.method.line",
        string="Method",
        compute="_compute_method_line_id",
        store=True,
        readonly=False,
        domain="[('journal_id', '=', journal_id), ('payment_type', '=', 'inbound')]",
        help="The payment method, as the journal names it.",
    )
    memo = fields.Char(
        string="Reference",
        help="The number of the cheque or a public comment: printed on the receipt.",
    )
    order = fields.Selection(
        selection=[("oldest", "Oldest First"), ("chosen", "Chosen Invoices")],
        string="Pays",
        required=True,
        default="oldest",
        help="The invoices that are due first, or those that are chosen here.",
    )
    invoice_ids = fields.Many2many(
        comodel_name="account.move",
        string="Invoices",
        domain="[('commercial_partner_id', '=', partner_id),"
        " ('company_id', '=', company_id), ('currency_id', '=', currency_id),"
        " ('state', '=', 'posted'),"
        " ('move_type', 'in', ('out_invoice', 'out_receipt')),"
        " ('payment_state', 'in', ('not_paid', 'partial'))]",
        help="Paid in the order of their due dates.",
    )
    rest_as = fields.Selection(
        selection=[("credit", "Open Credit"), ("prepayment", "Prepayment")],
        string="Remaining Amount",
        required=True,
        default="credit",
        help="Open credit lowers what the account owes. A prepayment is money held "
        "for the account: a liability with its own history.",
    )
    product_id = fields.Many2one(
        comodel_name="product.product",
        string="Single-Purpose Voucher",
        check_company=True,
        domain=VOUCHERS,
        help="The remaining amount is held as a gift card of this product, and its tax "
        "is due now. Empty: as a prepayment.",
    )
    has_vouchers = fields.Boolean(
        compute="_compute_has_vouchers",
        help="There are single-purpose vouchers in the company.",
    )
    rest = fields.Monetary(compute="_compute_preview")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("partner_id", "company_id")
    def _compute_currency_id(self):
        for dialog in self:
            account, company = dialog._get_account(), dialog.company_id
            dialog.currency_id = (
                # Whoever posts may know what the account is billed in.
                account.sudo()._get_credit_currency(company)
                if account
                else company.currency_id
            )

    @api.depends("journal_id")
    def _compute_method_line_id(self):
        for dialog in self:
            # The names of the methods of a journal are no secret.
            journal_sudo = dialog.journal_id.sudo()
            lines = journal_sudo._get_available_payment_method_lines("inbound")
            dialog.method_line_id = lines[:1].sudo(False)

    @api.depends("company_id")
    def _compute_has_vouchers(self):
        products = self.env["product.product"]
        for dialog in self:
            own = products._check_company_domain(dialog.company_id)
            dialog.has_vouchers = bool(products.search([*VOUCHERS, *own], limit=1))

    @api.depends("partner_id", "company_id", "currency_id", "order", "invoice_ids")
    def _compute_amount_due(self):
        for dialog in self:
            terms = dialog._find_terms()
            dialog.amount_due = dialog.currency_id.round(
                sum(term.residual for term in terms)
            )

    @api.depends(
        "partner_id",
        "company_id",
        "currency_id",
        "amount",
        "date",
        "order",
        "invoice_ids",
        "rest_as",
        "product_id",
    )
    def _compute_preview(self):
        for dialog in self:
            item, applications, blocked, discounts = dialog._plan()
            dialog.rest = item.residual
            dialog.preview = self.env["ir.qweb"]._render(
                "account_credit_posting.post_payment_preview",
                {
                    "applications": applications,
                    "blocked": blocked,
                    "discounts": discounts,
                    "discount_hint": not discounts and dialog._get_discount_hint(),
                    "currency": dialog.currency_id,
                    "rest": item.is_open and item.residual,
                    "rest_as": dialog.rest_as,
                    "voucher": dialog._get_voucher(),
                },
            )

    def _get_title(self):
        return self.env._("Post Payment")

    def _get_date(self):
        return self.date

    def _get_request(self):
        names = (
            *("currency_id", "amount", "date", "method_line_id", "memo", "order"),
            *("invoice_ids", "rest_as", "product_id"),
        )
        return {**super()._get_request(), **self._read_request(self, names)}

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        result = super()._onchange_partner_id()
        self.invoice_ids = [Command.clear()]
        return result

    @api.onchange(
        "partner_id", "company_id", "currency_id", "date", "order", "invoice_ids"
    )
    def _onchange_proposed_amount(self):
        """Propose what is owed, until somebody types an amount."""
        proposed = self._get_proposed_amount()
        if not self.currency_id.compare_amounts(self.amount, self.proposed_amount):
            self.amount = proposed
        self.proposed_amount = proposed

    def _get_proposed_amount(self):
        """Return what is owed of the invoices, less early payment discounts."""
        terms = self._find_payable_terms()
        discounts = self._find_discounts(terms)
        return self.currency_id.round(
            sum(term.residual - discounts.get(term.line, 0) for term in terms)
        )

    @api.model
    def _prepare_from_transaction(self, transaction):
        vals = super()._prepare_from_transaction(transaction)
        invoices = transaction._find_lines(
            Domain("partner_id", "=", vals["partner_id"])
            & Domain("invoice_id", "!=", False)
        ).invoice_id
        if vals["partner_id"] and invoices:
            vals["order"] = "chosen"
            vals["invoice_ids"] = [Command.set(invoices.ids)]
        if vals["partner_id"]:
            proposed = self.new(vals)._get_proposed_amount()
            vals["amount"] = vals["proposed_amount"] = proposed
        return vals

    # -------------------------------------------------------------------------
    # PLAN
    # -------------------------------------------------------------------------

    def _find_terms(self):
        """Return the open installments that the payment may pay, in their order.

        Those of invoices that sell gift cards are among them: this is money.

        :return: list of :class:`OpenItem`
        """
        account = self._get_account()
        if not account:
            return []
        # Whoever posts may know what there is to pay.
        engine = self.env["account.credit.application"]._get_engine(
            self.company_id, "user"
        )
        domain = (
            engine.get_invoice_term_domain()
            & Domain("partner_id", "=", account.id)
            & Domain("currency_id", "=", self.currency_id.id)
        )
        if self.order == "chosen":
            domain &= Domain("move_id", "in", self.invoice_ids._origin.ids)
        terms = engine.get_terms(domain, date.max)
        return sorted(terms, key=lambda term: term.order)

    def _find_payable_terms(self):
        """Return those of the open installments that one payment can pay."""
        terms = self._find_terms()
        return [term for term in terms if term.ledger == terms[0].ledger]

    def _find_discounts(self, terms):
        """Return what is waived where all of the rest is paid on that date.

        :return: ``{journal item: amount}``
        """
        discounts = {term.line: find_discount(term.line, self.date) for term in terms}
        return {line: amount for line, amount in discounts.items() if amount}

    def _plan(self):
        """Plan what will be paid.

        Discounts are given as by Odoo's Register Payment: where the payment is exactly
        what the invoices that it pays cost with them.

        :return: ``(open item: what is left of the payment, [Application] to be
            reconciled in this order, [Application] that cannot be, because they are on
            another receivable account, {journal item: discount that is given})``
        """
        self.ensure_one()
        discounts = self._find_discounts(self._find_payable_terms())
        if discounts:
            item, applications, blocked = self._plan_terms(discounts)
            paid = {application.term.line for application in applications}
            given = {line: amount for line, amount in discounts.items() if line in paid}
            is_exact = not item.is_open and not any(
                application.term.is_open for application in applications
            )
            if given and is_exact:
                return item, applications, blocked, given
        return *self._plan_terms({}), {}

    def _plan_terms(self, discounts):
        """Plan what will be paid, where this is waived: ``{journal item: amount}``."""
        account, company = self._get_account(), self.company_id
        terms = self._find_terms()
        for term in terms:
            term.residual -= discounts.get(term.line, 0)
        # Whoever posts may know the receivable account.
        account_sudo = account.with_company(company).sudo()
        ledger = (
            terms[0].ledger if terms else account_sudo.property_account_receivable_id
        )
        item = OpenItem(
            move=self,
            line=None,
            account=account,
            ledger=ledger,
            currency=self.currency_id,
            residual=self.currency_id.round(self.amount),
            order=(0,),
        )
        return item, *plan_applications([item], terms)

    def _get_discount_hint(self):
        """Say which amount would be discounted.

        :return: a sentence, or False
        """
        terms = self._find_payable_terms()
        discounts = self._find_discounts(terms)
        if not discounts:
            return False
        currency, discount = self.currency_id, sum(discounts.values())
        due = sum(term.residual for term in terms)
        last = min(line.discount_date for line in discounts)
        return self.env._(
            "Until %(date)s %(amount)s pay all, with an early payment discount of "
            "%(discount)s.",
            date=format_date(self.env, last),
            amount=currency.format(currency.round(due - discount)),
            discount=currency.format(discount),
        )

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _check_setup(self):
        result = super()._check_setup()
        if error := find_amount_error(self.env, self.amount, self.currency_id):
            raise ValidationError(error)
        if self.currency_id.compare_amounts(self.amount, 0) <= 0:
            raise ValidationError(self.env._("Enter an amount above zero."))
        checks = self.env["account.credit.check"]
        checks._check_rate(self.currency_id, self.company_id, self.date)
        if (
            self.method_line_id.payment_type != "inbound"
            or self.method_line_id.journal_id != self.journal_id
        ):
            raise UserError(
                self.env._(
                    "Choose how the money came in: a method of %(journal)s.",
                    journal=self.journal_id.display_name,
                )
            )
        if self.order == "chosen":
            self._check_invoices()
        self._check_discounts()
        self._check_voucher()
        return result

    def _get_voucher(self):
        """Return the product of the voucher that the rest is held as, or none."""
        is_held = self.rest_as == "prepayment"
        return self.product_id if is_held else self.env["product.product"]

    def _check_voucher(self):
        """Check that the rest can be held as that.

        :raise UserError: when it is not the product of a single-purpose voucher
        """
        voucher = self._get_voucher()
        if voucher and not voucher.filtered_domain(VOUCHERS):
            raise UserError(
                self.env._(
                    "%(product)s is not a single-purpose voucher. Choose another "
                    "product, or none to hold a prepayment.",
                    product=voucher.display_name,
                )
            )

    def _check_discounts(self):
        """Check that there is an account for the discounts that are given.

        :raise UserError: when there is none
        """
        company_sudo = self.company_id.sudo()
        *_planned, discounts = self._plan()
        if (
            discounts
            and not company_sudo.account_journal_early_pay_discount_loss_account_id
        ):
            raise UserError(
                self.env._(
                    "%(company)s has no account for early payment discounts. Ask an "
                    "administrator to set one under Invoicing, Configuration, "
                    "Settings, Default Accounts.",
                    company=company_sudo.display_name,
                )
            )

    def _check_invoices(self):
        """Check that each of the chosen invoices can be paid.

        :raise UserError: names those that cannot
        """
        if not self.invoice_ids:
            raise ValidationError(
                self.env._("Choose the invoices to pay, or pay the oldest first.")
            )
        self.invoice_ids.check_access("read")
        terms = self._find_terms()
        payable = {term.move for term in terms if term.ledger == terms[0].ledger}
        others = self.invoice_ids.filtered(lambda invoice: invoice not in payable)
        if others:
            raise UserError(
                self.env._(
                    "%(invoices)s cannot be paid with it: no longer open, of another "
                    "account or company, in another currency, or on another "
                    "receivable account. Remove them, then post.",
                    invoices=format_list(self.env, others.mapped("display_name")),
                )
            )

    def _post(self):
        item, applications, _blocked, discounts = self._plan()
        currency, amount = self.currency_id, self.currency_id.round(self.amount)
        payment_sudo, own_sudo = self._create_payment(
            "inbound",
            amount,
            item.ledger,
            currency,
            memo=self.memo,
            payment_method_line_id=self.method_line_id.id,
            **self._prepare_discounts(discounts),
        )
        own_sudo._reconcile_plan(
            [own_sudo + application.term.line for application in applications]
        )
        rest = currency.round(-own_sudo.amount_residual_currency)
        held = None
        if currency.compare_amounts(rest, 0) > 0 and self.rest_as == "prepayment":
            held = self._hold(rest, own_sudo)
        paid = {}  # {invoice: amount}
        for application in applications:
            invoice = application.term.move
            paid[invoice] = paid.get(invoice, 0) + application.amount
        given = {line.move_id: discount for line, discount in discounts.items()}
        return payment_sudo, {
            "title": self.env._(
                "%(payment)s: %(amount)s received from %(account)s.",
                payment=payment_sudo.name,
                amount=currency.format(amount),
                account=self.partner_id.commercial_partner_id.display_name,
            ),
            "rows": [
                *(
                    self._get_paid_text(invoice, amount, given.get(invoice))
                    for invoice, amount in paid.items()
                ),
                *self._get_rest_texts(rest, held),
            ],
        }

    def _hold(self, amount, item_sudo):
        """Turn what is left of the payment into a prepayment, or a voucher.

        :param item_sudo: the receivable journal item of the payment, with all rights
        :return: the ``account.stored.value``, with all rights
        """
        voucher = self._get_voucher()
        value_type = "gift_card" if voucher else "prepayment"
        expiry = get_default_expiry(
            self.company_id.sudo(), value_type, "reclass", self.date
        )
        # Whoever posts may issue; see `account.stored.value`.
        value_sudo = (
            self.env["account.stored.value"]
            .sudo()
            .create(
                {
                    "value_type": value_type,
                    "product_id": voucher.id,
                    "expiry_date": expiry,
                    "partner_id": self.partner_id.commercial_partner_id.id,
                    "initial_amount": amount,
                    "funding": "reclass",
                    "company_id": self.company_id.id,
                    "currency_id": self.currency_id.id,
                    "issue_date": self.date,
                    "memo": self.memo,
                }
            )
        )
        issue(value_sudo, item_sudo)
        return value_sudo

    def _prepare_discounts(self, discounts):
        """Prepare what the payment books beside the money, as values of it."""
        items = prepare_discount_items(discounts, self.date)
        return {"write_off_line_vals": items} if items else {}

    def _get_paid_text(self, invoice, amount, discount):
        """Say what an invoice got.

        :param discount: what was waived of it, or None
        """
        currency = self.currency_id
        if discount:
            return self.env._(
                "%(invoice)s: %(amount)s and an early payment discount of "
                "%(discount)s, paid in full.",
                invoice=invoice.name,
                amount=currency.format(amount),
                discount=currency.format(discount),
            )
        if currency.is_zero(invoice.amount_residual):
            return self.env._(
                "%(invoice)s: %(amount)s, paid in full.",
                invoice=invoice.name,
                amount=currency.format(amount),
            )
        return self.env._(
            "%(invoice)s: %(amount)s, %(rest)s still open.",
            invoice=invoice.name,
            amount=currency.format(amount),
            rest=currency.format(invoice.amount_residual),
        )

    def _get_rest_texts(self, rest, held):
        """Say what became of the rest.

        :param held: the prepayment or gift card, or None
        """
        currency = self.currency_id
        if currency.compare_amounts(rest, 0) <= 0:
            return []
        if held and held.value_type == "gift_card":
            return [
                self.env._(
                    "%(amount)s is held as gift card %(name)s. Print it from the "
                    "billing page of the account.",
                    amount=currency.format(rest),
                    name=held.name,
                )
            ]
        if held:
            return [
                self.env._(
                    "%(amount)s is held as prepayment %(name)s.",
                    amount=currency.format(rest),
                    name=held.name,
                )
            ]
        return [
            self.env._(
                "%(amount)s stays on the account as open credit.",
                amount=currency.format(rest),
            )
        ]
