from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date, format_list, formatLang

from ... import const
from ...models.application.credit_preview import CreditPreview
from ...tools.actions import open_record
from ...tools.days import get_today
from ...tools.rights import get_accounts_of
from ...tools.texts import format_account_names, format_count, format_names
from .transaction_again import TransactionAgain
from .transaction_lines import TransactionLines
from .usual_amounts import UsualAmounts

#: What is posted on a page of its own: {transaction type: model}.
MONEY_PAGES = {
    "payment": "account.post.payment",
    "refund": "account.post.refund",
}


#: What is issued in a dialog of its own.
STORED_VALUES = ("gift_card", "prepayment")


class TransactionSetup:
    """Whether a transaction can be posted as it is, and what is worth a warning.

    :param transaction: an ``account.post.transaction``
    """

    def __init__(self, transaction):
        transaction.ensure_one()
        self.transaction = transaction
        self.env = transaction.env

    def get_page(self):
        """Return the action that opens the page of the type, where it has its own.

        :return: a window action, or None
        """
        transaction_type = self.transaction.transaction_type
        if transaction_type in MONEY_PAGES:
            pages = self.env[MONEY_PAGES[transaction_type]]
            return pages._get_open_action(self.transaction)
        if transaction_type in STORED_VALUES:
            lines = self.transaction._find_lines(Domain.TRUE, limit=2)
            account = lines.partner_id if len(lines) == 1 else lines.partner_id[:0]
            company = self.transaction.company_id
            return (
                account.with_company(company)
                .with_context(value_type=transaction_type)
                ._get_new_stored_value_action()
            )
        return None

    def get_one_page(self):
        """Return the dialog in which a credit for one account is entered and posted.

        It begins at the set-up, where *Set all to* is the amount of the account.

        :return: a window action, or None where it is not for one account
        """
        transaction = self.transaction
        if transaction.line_count != 1:
            return None
        transaction.credit_item_id = TransactionAgain(transaction).find_item()
        transaction.step = "setup"
        view = self.env.ref(
            "account_credit_posting.account_post_transaction_view_form_one"
        )
        action = open_record(self.env._("Post Credit"), transaction)
        return {**action, "target": "new", "views": [(view.id, "form")]}

    # -------------------------------------------------------------------------
    # THE SAME AMOUNT FOR ALL
    # -------------------------------------------------------------------------

    def set_typed_amount(self, column="amount"):
        """Set what is typed into *Set all to*, where no account has an amount yet.

        :param column: as in ``TransactionLines.set_amounts``
        :raise UserError: when one has: nothing says which of them is meant
        """
        typed = self._get_typed_amount(column)
        if not typed:
            return
        if self._has_amounts(column):
            label = self._get_typed_field(column)._description_string(self.env)
            raise UserError(
                self.env._(
                    "%(amount)s was entered in %(label)s but not applied. Click Set "
                    "All to apply it to every account, or enter zero to keep the "
                    "amounts of the list.",
                    amount=formatLang(self.env, typed, digits=2),
                    label=label,
                )
            )
        TransactionLines(self.transaction).set_amounts(typed, column)
        self.empty_typed_amount(column)

    def empty_typed_amount(self, column="amount"):
        """Empty *Set all to*: what stands there is still to be set."""
        self.transaction[self._get_typed_field(column).name] = 0

    def _get_typed_field(self, column):
        name = (
            "credit_amount_for_all" if column == "credit_amount" else "amount_for_all"
        )
        return self.transaction._fields[name]

    def _get_typed_amount(self, column):
        return self.transaction[self._get_typed_field(column).name]

    def _has_amounts(self, column):
        return bool(self.transaction._find_lines(Domain(column, ">", 0), limit=1))

    def sum_credits(self):
        """Add up the credits, as posting will find them.

        :return: ``{currency: (number of lines, amount, largest amount)}``
        """
        column = self.transaction._get_credit_column()
        if not column:
            return {}
        lines = TransactionLines(self.transaction)
        sums = lines.sum(column, (column, ">", 0))
        typed = self._get_typed_credit()
        if not typed:
            return sums
        rounded = {
            currency: (count, currency.round(typed))
            for currency, (count, _amount, _largest) in lines.sum().items()
        }
        return {
            currency: (count, count * amount, amount)
            for currency, (count, amount) in rounded.items()
        }

    def _get_typed_credit(self):
        """Return the credit that Post will set for every account, or zero."""
        column = self.transaction._get_credit_column()
        if not column or self._has_amounts(column):
            return 0
        return max(self._get_typed_amount(column), 0)

    # -------------------------------------------------------------------------
    # THE PRICE OF THE ITEM THAT IS INVOICED
    # -------------------------------------------------------------------------

    def get_asked(self):
        """Return what is invoiced, and whether its amounts are what is asked for now.

        :return: ``(product.product, bool)``; no product where nothing is invoiced
        """
        transaction = self.transaction
        item = transaction.charge_item_id
        is_charge = transaction.transaction_type == "invoice"
        return item if is_charge else item.browse(), transaction.step == "amounts"

    def propose_price(self, item_before, was_asked):
        """Propose the price of the item to accounts without an amount.

        A price that was proposed before goes with its item, also where something else
        than an invoice is posted; what was typed stays.

        :param item_before: that was invoiced before something changed
        :param was_asked: whether the amounts were asked for then
        """
        item, is_asked = self.get_asked()
        if item != item_before or (is_asked and not was_asked and item):
            TransactionLines(self.transaction).set_price(item_before, item)

    # -------------------------------------------------------------------------
    # WHAT POSTING NEEDS
    # -------------------------------------------------------------------------

    def check(self):
        """Check that all is there, and fits together.

        :raise AccessError: when the user works in another company
        :raise UserError: says what is missing; what was typed is kept
        """
        transaction = self.transaction
        if transaction.transaction_type in (*MONEY_PAGES, *STORED_VALUES):
            raise UserError(
                self.env._(
                    "Payments and refunds are posted on their own page. Go back to "
                    "the type, then choose Next."
                )
            )
        self.check_accounts()
        self.set_typed_amount()
        self.check_amounts()
        if transaction.transaction_type == "invoice":
            if transaction.is_credit_posted:
                self.set_typed_amount("credit_amount")
            self._check_invoices()
        if transaction._is_credit_posted() and not transaction.credit_item_id:
            raise ValidationError(
                self.env._("Choose a credit item: it says why the credit is given.")
            )
        self._check_expiry()
        if transaction.company_id not in self.env.companies:
            raise AccessError(
                self.env._(
                    "You are not working in %(company)s. Choose another "
                    "classification.",
                    company=transaction.company_id.display_name,
                )
            )
        checks = self.env["account.credit.check"]
        error = self.get_company_error() or checks._get_document_form_error(
            self._new_batch()
        )
        if error:
            raise UserError(error)

    def check_accounts(self):
        """Check that there is an account.

        :raise ValidationError: when there is none
        """
        if not self.transaction.line_count:
            raise ValidationError(self.env._("Add at least one account."))

    def check_amounts(self):
        """Check that there is an item to invoice, and that each account has an amount.

        :raise ValidationError: names those that have none
        """
        transaction = self.transaction
        if transaction.transaction_type == "invoice" and not transaction.charge_item_id:
            raise ValidationError(
                self.env._(
                    "Choose an item: it says what the accounts are invoiced for."
                )
            )
        invalid = transaction._find_lines(Domain("amount", "<=", 0))
        if invalid and transaction.line_count == 1:
            raise ValidationError(
                self.env._(
                    "Enter an amount above zero for %(account)s.",
                    account=format_account_names(invalid),
                )
            )
        if invalid:
            raise ValidationError(
                self.env._(
                    "%(count)s of %(total)s have no amount above zero: %(names)s. "
                    "Enter an amount, or remove the account.",
                    count=format_count(self.env, len(invalid)),
                    total=self.transaction.accounts_text,
                    names=format_account_names(invalid),
                )
            )

    def _check_invoices(self):
        """Check what the invoices need, and the credits beside them."""
        transaction = self.transaction
        date_due = transaction.invoice_date_due
        if date_due and date_due < transaction.date:
            raise ValidationError(
                self.env._("The due date is before the date of the invoices.")
            )
        if not transaction.is_credit_posted:
            return
        if invalid := transaction._find_lines(Domain("credit_amount", "<", 0)):
            raise ValidationError(
                self.env._(
                    "%(names)s have a credit below zero. Enter an amount, or zero for "
                    "no credit.",
                    names=format_account_names(invalid),
                )
            )
        if not transaction._find_lines(Domain("credit_amount", ">", 0), limit=1):
            raise ValidationError(
                self.env._("Enter an amount for the credits, or clear Post Credit.")
            )

    def _check_expiry(self):
        """Check that the credits have not expired when they are posted."""
        transaction = self.transaction
        last = transaction._is_credit_posted() and transaction.expiry_date
        first = max(transaction.date, get_today(transaction.company_id))
        if last and last < first:
            raise ValidationError(
                self.env._(
                    "The credits expire on %(last)s, before they can be used. Choose "
                    "%(first)s or later, or no expiry date.",
                    last=format_date(self.env, last),
                    first=format_date(self.env, first),
                )
            )

    def get_company_error(self):
        """Return which accounts and invoices the classification does not fit.

        :return: a sentence for the clerk, or False
        """
        company = self.transaction.company_id
        # Those that the user cannot see are named, too: the user has chosen them.
        foreign = self.transaction._find_lines(
            Domain("partner_id.company_id", "not in", [False, *company.parent_ids.ids])
        )
        if foreign:
            return self.env._(
                "%(names)s belong to another company than %(company)s. Choose another "
                "classification, or go back and remove them.",
                names=format_account_names(foreign),
                company=company.display_name,
            )
        foreign = self.transaction._find_lines(
            Domain("invoice_id", "!=", False)
            & Domain("invoice_id.company_id", "!=", company.id)
        )
        if foreign:
            return self.env._(
                "%(invoices)s cannot be paid by a credit of %(company)s. Choose the "
                "company of the invoice as classification.",
                invoices=format_names(self.env, foreign.mapped("invoice_id.name")),
                company=company.display_name,
            )
        return False

    def _new_batch(self):
        """Return the batch that posting would create, not saved and without lines."""
        return self.env["account.credit.batch"].new(
            self.transaction._prepare_batch_vals()
        )

    # -------------------------------------------------------------------------
    # WHAT POSTING WILL DO
    # -------------------------------------------------------------------------

    def get_preview(self):
        """Return what posting now would do, see ``CreditPreview``.

        :return: False while something is missing that says what is posted, and where
        """
        transaction = self.transaction
        transaction.check_access("read")
        if not (
            transaction.date
            and transaction.company_id in self.env.companies
            and (
                transaction.charge_item_id or transaction.transaction_type != "invoice"
            )
            and (transaction.credit_item_id or not transaction._is_credit_posted())
        ):
            return False
        # Whoever may post may know what posting does: it needs no right to read
        # entries or the chart of accounts.
        lines_sudo = TransactionSetup(transaction.sudo())._new_lines()
        preview = CreditPreview(lines_sudo, transaction.line_count).describe()
        self._mark_unusual(preview["accounts"], lines_sudo)
        return preview

    def _mark_unusual(self, rows, lines):
        """Say of which credits that they are far more than usual.

        :param rows: of ``CreditPreview.describe``; each gets "unusual", a sentence or
            False
        :param lines: the credit lines of the rows
        """
        usual = UsualAmounts(self.env, self.transaction.company_id)
        limits = usual.find_limits(lines.partner_id)
        sentence = self.env._(
            "Far more than this account owes and usually gets. Check the amount."
        )
        for row, line in zip(rows, lines, strict=True):
            currency = line.currency_id
            limit = usual.convert(limits[line.partner_id.id], currency)
            is_above = currency.compare_amounts(line.amount, limit) > 0
            row["unusual"] = is_above and bool(limit) and sentence

    def _new_lines(self):
        """Return the credit lines that posting would create, not saved."""
        transaction, batch = self.transaction, self._new_batch()
        rows = transaction._find_lines(Domain.TRUE, limit=const.PREVIEWED)
        # It may have changed, and not be saved yet.
        is_same_company = transaction.company_id == transaction._origin.company_id
        credit = self._get_typed_credit()
        vals_list = []
        for row in rows:
            currency = row.currency_id
            if not is_same_company:
                currency = row._get_currency(transaction.company_id)
            vals = row._prepare_line_vals()
            if credit:
                vals["amount"] = currency.round(credit)
            vals_list.append({**vals, "currency_id": currency, "batch_id": batch})
        lines = self.env["account.credit.line"]
        return lines.union(*map(lines.new, vals_list))

    # -------------------------------------------------------------------------
    # WHAT IS WORTH A WARNING
    # -------------------------------------------------------------------------

    def get_approval_warning(self):
        """Say that the credits will wait for a second person, and why.

        As ``account.credit.approval._get_reasons`` will; without its lines, which
        are not created yet.

        :return: a text, or False
        """
        transaction, batch = self.transaction, self._new_batch()
        approval = self.env["account.credit.approval"]
        if transaction.company_id not in self.env.companies:
            return False
        limits = transaction.company_id._get_credit_limits(self.env.user)
        sums = {}  # {currency: (total, largest)}
        if any(limits):
            rows = self.sum_credits()
            sums = {currency: row[1:] for currency, row in rows.items()}
        reasons = (
            approval._get_limit_reasons(batch, limits, sums) if any(limits) else []
        )
        accounts_sudo = get_accounts_of(self.env.user)
        own = transaction._find_lines(Domain("partner_id", "in", accounts_sudo.ids))
        reasons += approval._get_own_reasons(own.sudo().partner_id)
        if not reasons:
            return False
        reasons.append(
            self.env._(
                "After Post, the batch waits for an administrator who is not "
                "you. Nothing is booked until then."
            )
        )
        return " ".join(reasons)

    def get_repeated_warning(self):
        """Say whose account got the same item and amount lately.

        :return: a sentence, or False
        """
        transaction = self.transaction
        if not (transaction.credit_item_id and transaction._is_credit_posted()):
            return False
        today = get_today(transaction.company_id)
        repeated = TransactionLines(transaction).find_repeated(
            transaction._get_credit_column(),
            transaction.credit_item_id,
            today - relativedelta(days=const.REPEATED_DAYS + 1),
            self._get_typed_credit(),
        )
        return bool(repeated) and self.env._(
            "%(names)s got the same amount for %(item)s within the last %(days)s "
            "days. Check them before you post.",
            names=format_account_names(repeated),
            item=transaction.credit_item_id.display_name,
            days=const.REPEATED_DAYS,
        )

    def get_tax_note(self):
        """Say how the taxes of the items change the amounts.

        :return: a text, or False
        """
        transaction = self.transaction
        items = transaction.charge_item_id
        if transaction.transaction_type == "credit":
            items = transaction.credit_item_id
        elif transaction.is_credit_posted:
            items += transaction.credit_item_id
        sentences = []
        if transaction.use_invoice_taxes and (
            transaction.has_invoices or transaction.is_credit_posted
        ):
            items -= transaction.credit_item_id
            sentences.append(
                self.env._(
                    "The credits lower the taxes of their invoices: the amounts "
                    "include them."
                )
            )
        elif transaction.credit_vat_treatment == "compensation":
            sentences.append(
                self.env._(
                    "%(item)s is a compensation: outside VAT.",
                    item=transaction.credit_item_id.display_name,
                )
            )
        for item in items:
            # A clerk need not see the taxes to be told about them.
            taxes_sudo = item.sudo().taxes_id._filter_taxes_by_company(
                transaction.company_id
            )
            included_sudo = taxes_sudo.filtered("price_include")
            added_sudo = taxes_sudo - included_sudo
            if added_sudo:
                sentences.append(
                    self.env._(
                        "%(item)s is taxed: %(taxes)s is added to the amounts.",
                        item=item.display_name,
                        taxes=format_list(self.env, added_sudo.mapped("name")),
                    )
                )
            if included_sudo:
                sentences.append(
                    self.env._(
                        "%(item)s is taxed: the amounts include %(taxes)s.",
                        item=item.display_name,
                        taxes=format_list(self.env, included_sudo.mapped("name")),
                    )
                )
        return " ".join(sentences) or False
