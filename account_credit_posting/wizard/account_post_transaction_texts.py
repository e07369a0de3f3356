from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_list, formatLang

from ..models.abstract_long_list import LISTED

#: Names that a message lists before it says how many more there are.
NAMES_LISTED = 10

#: The same credit within so many days is worth a warning.
REPEATED_DAYS = 30

#: The lists of accounts: what the form changes never depends on their rows.
LIST_FIELDS = {"line_ids", "batch_line_ids"}


class AccountPostTransaction(models.TransientModel):
    """What the form says: totals, warnings, the result, in sentences for the clerk."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_totals(self):
        for transaction in self:
            sums = transaction._sum_lines()  # {currency: (count, amount)}
            transaction.update(
                transaction._prepare_totals_vals(
                    sum(count for count, _amount in sums.values()),
                    {currency: amount for currency, (_count, amount) in sums.items()},
                )
            )

    @api.depends("line_ids.invoice_id")
    def _compute_has_invoices(self):
        for transaction in self:
            transaction.has_invoices = bool(
                transaction._find_lines(Domain("invoice_id", "!=", False), limit=1)
            )

    @api.depends("batch_id.name")
    def _compute_display_name(self):
        for transaction in self:
            transaction.display_name = self.env._("Post Transaction")

    @api.depends(
        "charge_item_id",
        "company_id",
        "credit_item_id",
        "is_credit_posted",
        "transaction_type",
    )
    def _compute_tax_note(self):
        for transaction in self:
            items = transaction.charge_item_id
            if transaction.transaction_type == "credit":
                items = transaction.credit_item_id
            elif transaction.is_credit_posted:
                items += transaction.credit_item_id
            notes = [transaction._get_tax_note(item) for item in items]
            transaction.tax_note = " ".join(filter(None, notes)) or False

    def _get_tax_note(self, item):
        # A clerk need not see the taxes to be told about them.
        taxes_sudo = item.sudo().taxes_id._filter_taxes_by_company(self.company_id)
        included_sudo = taxes_sudo.filtered("price_include")
        added_sudo = taxes_sudo - included_sudo
        sentences = []
        if added_sudo:
            sentences.append(
                self.env._(
                    "%(item)s is taxed: %(taxes)s comes on top of the amounts.",
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

    @api.depends("company_id", "line_ids.partner_id", "line_ids.invoice_id", "step")
    def _compute_company_warning(self):
        for transaction in self:
            transaction.company_warning = (
                transaction.step == "setup" and transaction._get_company_fault()
            )

    @api.depends(
        "credit_item_id",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "step",
    )
    def _compute_repeated_warning(self):
        for transaction in self:
            repeated = self.env["account.post.transaction.line"]
            if (
                transaction.step == "setup"
                and transaction.credit_item_id
                and transaction._is_credit_posted()
            ):
                repeated = transaction._find_repeated_lines()
            transaction.repeated_warning = bool(repeated) and self.env._(
                "%(names)s got the same amount for %(item)s within the last %(days)s "
                "days. Check that it is meant, then post.",
                names=self._format_line_names(repeated),
                item=transaction.credit_item_id.display_name,
                days=REPEATED_DAYS,
            )

    def _find_repeated_lines(self):
        """Return the lines whose account got the same item and amount lately."""
        self.ensure_one()
        # With the rules of the user.
        posted = self.env["account.credit.line"]._search(
            [
                ("credit_item_id", "=", self.credit_item_id.id),
                ("state", "=", "posted"),
                ("date", ">", self._get_repeated_from()),
            ]
        )
        lines = self.env["account.post.transaction.line"]
        lines.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM account_post_transaction_line "
                "WHERE transaction_id = %(id)s "
                "AND (partner_id, currency_id, %(amount)s) IN %(posted)s ORDER BY id",
                id=self._origin.id,
                amount=SQL.identifier(self._get_credit_column()),
                posted=posted.subselect("partner_id", "currency_id", "amount"),
            )
        )
        return lines.browse(row[0] for row in rows)

    def _get_repeated_from(self):
        today = fields.Date.context_today(self)
        return today - relativedelta(days=REPEATED_DAYS + 1)

    @api.depends("batch_id.line_ids.state")
    def _compute_result(self):
        for transaction in self:
            posted, paid = transaction._sum_posted()
            transaction.posted_total = transaction._format_amounts(posted)
            transaction.result_text = transaction._get_result_text(paid)

    def _sum_posted(self):
        """Sum up the credits in force, as the ledger has them, taxes included.

        :return: ``({currency: amount}, {currency: what of it paid invoices})``
        """
        if self.batch_id.document_form == "entry":
            return self._sum_posted_items()
        # Whoever posted them may know their totals.
        sums = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    ("credit_line_id.batch_id", "in", self.batch_id.ids),
                    ("credit_line_id.state", "=", "posted"),
                ],
                ["currency_id"],
                ["amount_total:sum", "amount_residual:sum"],
            )
        )
        return (
            {currency: total for currency, total, _open in sums},
            {currency: total - left for currency, total, left in sums},
        )

    def _sum_posted_items(self):
        """Sum up the credits in force within entries for many accounts.

        :return: as :meth:`_sum_posted`
        """
        sums = (
            self.env["account.move.line"]
            .sudo()  # As in `_sum_posted`.
            ._read_group(
                [
                    ("credit_line_ids.batch_id", "in", self.batch_id.ids),
                    ("credit_line_ids.state", "=", "posted"),
                ],
                ["currency_id"],
                ["amount_currency:sum", "amount_residual_currency:sum"],
            )
        )
        return (
            {currency: -total for currency, total, _open in sums},
            {currency: left - total for currency, total, left in sums},
        )

    def _get_result_text(self, paid):
        """Say what became of the accounts, and of what they were credited.

        :param paid: ``{currency: amount}`` that paid invoices
        """
        batch = self.batch_id
        if waiting := self._get_waiting_text():
            return waiting
        if batch.state in ("queued", "posting"):
            return self.env._(
                "The credits are posted in the background. You can leave this page, or "
                "close the browser: nothing stops them, and the batch shows the result."
            )
        failed = batch.failed_count
        sentences = []
        if batch.charge_item_id:
            sentences += self._get_charge_sentences()
        if batch.posted_count and self.posted_total:
            sentences.append(
                self.env._(
                    "%(total)s credited to %(accounts)s.",
                    total=self.posted_total,
                    accounts=self._format_accounts(self._count_credited()),
                )
            )
            if paid := self._format_amounts(paid):
                sentences.append(self.env._("%(paid)s of it paid invoices.", paid=paid))
        if failed:
            sentences.append(
                self.env._(
                    "%(accounts)s could not be credited. Mend the cause, then click "
                    "Retry Failed: what is posted stays as it is.",
                    accounts=self._format_accounts(failed),
                )
            )
        if not sentences and self.batch_id:
            sentences.append(self.env._("Nothing of this is posted any more."))
        return " ".join(sentences)

    # -------------------------------------------------------------------------
    # TEXTS
    # -------------------------------------------------------------------------

    def _prepare_totals_vals(self, count, totals):
        """Prepare what the form says about all accounts together.

        :param count: number of accounts
        :param totals: ``{currency: amount}``
        """
        currencies = self.env["res.currency"].union(*totals)
        return {
            "line_count": count,
            "is_cut": count > LISTED,
            "accounts_text": self._format_accounts(count),
            "total": self._format_totals(totals),
            "currency_symbol": currencies.symbol if len(currencies) == 1 else "",
        }

    def _format_accounts(self, count):
        """Return a number of accounts as text."""
        if count == 1:
            return self.env._("1 account")
        return self.env._(
            "%(count)s accounts", count=formatLang(self.env, count, digits=0)
        )

    def _format_totals(self, totals):
        """Return amounts as text, the company's currency first.

        :param totals: ``{currency: amount}``
        """
        own = self.company_id.currency_id
        currencies = sorted(
            (currency for currency in totals if currency),
            key=lambda currency: (currency != own, currency.name),
        )
        return " + ".join(currency.format(totals[currency]) for currency in currencies)

    def _format_amounts(self, totals):
        """Return amounts as text; empty where all of them are zero.

        :param totals: ``{currency: amount}``
        """
        return self._format_totals(
            {
                currency: amount
                for currency, amount in totals.items()
                if not currency.is_zero(amount)
            }
        )

    def _format_names(self, names, count=None):
        """Return a list of names as text, cut where it gets long.

        :param names: all of them, or the first
        :param count: how many there are, where that is known to be more
        """
        names = list(names)
        count = count or len(names)
        if count <= NAMES_LISTED:
            return format_list(self.env, names)
        return self.env._(
            "%(names)s and %(count)s more",
            names=", ".join(names[:NAMES_LISTED]),
            count=formatLang(self.env, count - NAMES_LISTED, digits=0),
        )

    def _format_line_names(self, lines):
        """Return the names of the accounts of lines as text."""
        listed = lines[:NAMES_LISTED].with_prefetch()
        return self._format_names(listed.mapped("partner_id.name"), len(lines))

    # -------------------------------------------------------------------------
    # FORM
    # -------------------------------------------------------------------------

    def onchange(self, values, field_names, fields_spec):
        """Answer a change in the form without walking through all accounts.

        Odoo's own answer copies and compares each row of each list, which takes more
        than a second for 2,000 of them, for each amount that is typed. Here only the
        totals depend on the rows, and the database adds them up.
        """
        commands = values.get("line_ids") or []
        if not self or any(
            command[0] not in (Command.UPDATE, Command.DELETE, Command.UNLINK)
            for command in commands
        ):
            return super().onchange(values, field_names, fields_spec)
        result = {"value": {}}
        names = [name for name in field_names if name not in LIST_FIELDS]
        if names:
            result = super().onchange(
                {name: values[name] for name in values if name not in LIST_FIELDS},
                names,
                {
                    name: fields_spec[name]
                    for name in fields_spec
                    if name not in LIST_FIELDS
                },
            )
        if commands:
            changes = self._get_changed_totals_vals(commands)
            result["value"].update(
                {name: changes[name] for name in changes if name in fields_spec}
            )
        return result

    def _get_changed_totals_vals(self, commands):
        """Return the totals with changes of rows that are not saved yet.

        :param commands: ``UPDATE``, ``DELETE`` and ``UNLINK`` of ``line_ids``
        """
        self.ensure_one()
        self.check_access("write")
        changes = {  # {line id: values, None where the row is removed}
            command[1]: command[2] if command[0] == Command.UPDATE else None
            for command in commands
        }
        lines = self.env["account.post.transaction.line"]
        unchanged = lines._read_group(
            [("transaction_id", "=", self.id), ("id", "not in", list(changes))],
            ["currency_id"],
            ["amount:sum", "__count"],
        )
        totals = {currency: amount for currency, amount, _count in unchanged}
        count = sum(count for _currency, _amount, count in unchanged)
        for line in lines.browse(changes).exists():
            vals = changes[line.id]
            if vals is None or line.transaction_id != self:
                continue
            currency = line.currency_id
            if "currency_id" in vals:
                currency = currency.browse(vals["currency_id"])
            amount = vals.get("amount", line.amount)
            count += 1
            totals[currency] = totals.get(currency, 0) + amount
        return self._prepare_totals_vals(count, totals)
