import base64
import binascii
import io
from typing import NamedTuple

import xlsxwriter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ... import const
from ...tools.reading import find_amount_error
from ...tools.requests import find_decimal_points, normalize_amount
from ...tools.texts import format_accounts, format_count
from .contact_finder import ContactFinder
from .transaction_file import ENCODINGS, TransactionFile
from .transaction_lines import TransactionLines

#: Rows of the file that are shown.
SAMPLES = 4

#: Cells that say enough about a column.
SAMPLED = 100


class Problem(NamedTuple):
    """A row of a file that is not added."""

    #: Number of the row, from 1.
    row: int
    #: What stands there.
    value: str
    #: What is wrong with it, and what to do.
    reason: str


class Ready(NamedTuple):
    """An account that is added, and its amount."""

    contact_id: int
    amount: float


class AccountPostTransactionImport(models.TransientModel):
    """Take accounts and amounts from a file, and say what each bad row needs.

    How the file is written is found out, shown, and can be changed. Nothing is added
    before *Continue*.
    """

    _name = "account.post.transaction.import"
    _inherit = "account.credit.guard"
    _description = "Import Accounts and Amounts"
    # Gone with the transaction that it belongs to, and not before.
    _transient_max_hours = 0.0

    transaction_id = fields.Many2one(
        comodel_name="account.post.transaction",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="opener",
    )
    file = fields.Binary(attachment=False, help="CSV or XLSX.")
    file_name = fields.Char()
    is_text = fields.Boolean(compute="_compute_is_text")
    encoding = fields.Selection(
        selection=list(ENCODINGS.items()),
        compute="_compute_encoding",
        store=True,
        readonly=False,
        help="Change it where letters look wrong.",
    )
    separator = fields.Selection(
        selection=[
            ("comma", "Comma"),
            ("semicolon", "Semicolon"),
            ("tab", "Tab"),
            ("bar", "Vertical Bar"),
        ],
        compute="_compute_separator",
        store=True,
        readonly=False,
        string="Column Separator",
        help="What stands between the columns.",
    )
    has_header = fields.Boolean(
        compute="_compute_columns",
        store=True,
        readonly=False,
        string="First Row Is a Header",
    )
    columns = fields.Json(
        compute="_compute_columns",
        store=True,
        readonly=False,
        help="What each column of the file says, with its first rows.",
    )
    decimal_separator = fields.Selection(
        selection=[(".", "Point: 1,234.50"), (",", "Comma: 1.234,50")],
        compute="_compute_decimal_separator",
        store=True,
        readonly=False,
        help="How the amounts of the file are written.",
    )
    duplicates = fields.Selection(
        selection=[
            ("sum", "Add up their amounts"),
            ("first", "Keep the first amount"),
        ],
        string="Accounts Named Twice",
    )
    has_duplicates = fields.Boolean(compute="_compute_report")
    report = fields.Json(
        compute="_compute_report",
        help="What will be added, and what not.",
    )
    template = fields.Binary(
        compute="_compute_template", help="An empty file with the right columns."
    )

    @api.depends("transaction_id")
    def _compute_display_name(self):
        for record in self:
            record.display_name = self.env._("Import Accounts and Amounts")

    # -------------------------------------------------------------------------
    # THE FORM OF THE FILE
    # -------------------------------------------------------------------------

    def _get_file(self):
        """Return the file, or None where there is none."""
        self.ensure_one()
        try:
            content = base64.b64decode(self.with_context(bin_size=False).file or b"")
        except binascii.Error:
            return None
        return TransactionFile(content) if content else None

    @api.depends("file")
    def _compute_is_text(self):
        for record in self:
            file = record._get_file()
            record.is_text = bool(file) and file.is_text

    @api.depends("file")
    def _compute_encoding(self):
        for record in self:
            file = record._get_file()
            is_text = file and file.is_text
            record.encoding = file.find_encoding() if is_text else False

    @api.depends("file", "encoding")
    def _compute_separator(self):
        for record in self:
            file = record._get_file()
            record.separator = False
            if file and file.is_text:
                try:
                    record.separator = file.find_separator(record.encoding)
                except ValueError:
                    continue  # `_read_rows` says so.

    @api.depends("file", "encoding", "separator")
    def _compute_columns(self):
        for record in self:
            try:
                rows = [cells for _number, cells in record._read_rows()]
            except ValueError:
                rows = []
            columns = [
                [cells[place] if place < len(cells) else "" for cells in rows]
                for place in range(max(map(len, rows), default=0))
            ]
            symbols = record._get_symbols()
            amounts = [
                record._is_amounts(cells[1:] or cells, symbols) for cells in columns
            ]
            record.has_header = bool(rows) and record._is_header(
                rows[0], amounts, symbols
            )
            roles = record._find_roles(rows[0] if rows else [], amounts)
            record.columns = [
                {"role": role, "samples": list(map(str, cells[:SAMPLES]))}
                for role, cells in zip(roles, columns, strict=True)
            ]

    def _is_amounts(self, cells, symbols):
        """Tell whether most of the cells of a column are numbers, by the first ones."""
        filled = [cell for cell in cells if cell != ""][:SAMPLED]
        numbers = [cell for cell in filled if self._is_amount(cell, symbols)]
        return bool(filled) and 2 * len(numbers) > len(filled)

    def _is_amount(self, cell, symbols):
        return not isinstance(cell, str) or any(
            self._normalize(cell, point, symbols) is not None for point in (".", ",")
        )

    def _is_header(self, cells, amounts, symbols):
        """Tell whether the first row names the columns."""
        known = self._get_account_names() | self._get_amount_names()
        return any(str(cell).lower() in known for cell in cells) or any(
            is_amount and not self._is_amount(cell, symbols)
            for cell, is_amount in zip(cells, amounts, strict=False)
        )

    def _find_roles(self, header, amounts):
        """Return what each column says, by its name, else by what is in it.

        :param header: the first row
        :param amounts: for each column, whether it holds numbers
        :return: for each column "account", "amount" or "other"
        """
        names = [str(cell).lower() for cell in header]
        names += [""] * (len(amounts) - len(names))
        roles = ["other"] * len(amounts)
        for place, name in enumerate(names):
            if name in self._get_account_names():
                roles[place] = "account"
            elif name in self._get_amount_names() and "amount" not in roles:
                roles[place] = "amount"
        if "amount" not in roles:
            # Numbers behind the accounts: what stands first may be a reference.
            for place in range(len(roles) - 1, 0, -1):
                if amounts[place] and roles[place] == "other":
                    roles[place] = "amount"
                    break
        if "account" not in roles and "other" in roles:
            roles[roles.index("other")] = "account"
        return roles

    def _get_account_names(self):
        """Return how columns of accounts are called, in English and for the user."""
        contact_fields = self.env["res.partner"]._fields
        names = [
            *("account", "name", "email", "e-mail", "reference", "ref", "customer"),
            self._get_template_names()[0],
            self.env._("Account"),
            *(
                contact_fields[name]._description_string(self.env)
                for name in ("name", "email", "ref")
            ),
        ]
        return {name.lower() for name in names}

    def _get_amount_names(self):
        names = ["amount", self._get_template_names()[1], self.env._("Amount")]
        return {name.lower() for name in names}

    def _get_template_names(self):
        """Return the names of the columns of the template."""
        return self.env._("Account (name, e-mail or reference)"), self.env._("Amount")

    @api.depends("file", "columns", "has_header")
    def _compute_decimal_separator(self):
        for record in self:
            record.decimal_separator = record._find_decimal_separator()

    def _find_decimal_separator(self):
        """Return how the amounts are written, or False where that is to be asked."""
        try:
            texts = [
                row[-1]
                for row in self._read_cells()
                if isinstance(row[-1], str) and row[-1]
            ]
        except ValueError:
            return False
        symbols = self._get_symbols()
        points = find_decimal_points(texts, symbols)
        if len(points) > 1:
            currency = self.transaction_id.company_id.currency_id
            readings = {  # {decimal point: amounts}
                point: [self._normalize(text, point, symbols) for text in texts]
                for point in points
            }
            if len({tuple(amounts) for amounts in readings.values()}) == 1:
                return points[0]  # Whole numbers are the same in each.
            exact = [
                point
                for point, amounts in readings.items()
                if not any(
                    amount and find_amount_error(self.env, amount, currency)
                    for amount in amounts
                )
            ]
            points = exact or points
        return points[0] if len(points) == 1 else False

    @staticmethod
    def _normalize(text, point, symbols):
        """Return an amount as a decimal string, or None where it is none."""
        try:
            return normalize_amount(text, point, symbols)
        except ValueError:
            return None

    def _get_symbols(self):
        """Return what may stand beside an amount."""
        currencies = self.env["res.currency"].search([("active", "=", True)])
        return {*currencies.mapped("symbol"), *currencies.mapped("name")}

    # -------------------------------------------------------------------------
    # THE ROWS
    # -------------------------------------------------------------------------

    def _read_rows(self):
        """Return the rows of the file, see ``TransactionFile.get_rows``.

        :raise ValueError: when it cannot be read
        """
        file = self._get_file()
        return file.get_rows(self.encoding, self.separator) if file else []

    def _get_places(self, role):
        """Return the places of the columns with a role; a client sends any value."""
        columns = self.columns if isinstance(self.columns, list) else []
        return [
            place
            for place, column in enumerate(columns)
            if isinstance(column, dict) and column.get("role") == role
        ]

    def _read_cells(self):
        """Return what the rows say, without the header.

        :return: ``[(number, [texts of the account], amount: text, number or None)]``
        :raise ValueError: when the file cannot be read
        """
        account_places = self._get_places("account")
        amount_places = self._get_places("amount")[:1]
        return [
            (
                number,
                [str(cells[p]) for p in account_places if p < len(cells) and cells[p]],
                next((cells[p] for p in amount_places if p < len(cells)), ""),
            )
            for number, cells in self._read_rows()[bool(self.has_header) :]
        ]

    def _evaluate(self):
        """Return what the rows mean.

        :return: ``({account id: Ready}, [Problem], number of doubled rows)``
        :raise ValueError: when the file cannot be read
        """
        rows = self._read_cells()
        accounts, problems = self._find_accounts(rows)
        present = TransactionLines(self.transaction_id).find_amounts()
        currencies = self._get_currencies(
            {account_id for _number, account_id, _contact_id in accounts}, present
        )
        amounts = {number: amount for number, _texts, amount in rows}
        ready, doubled = {}, 0
        for number, account_id, contact_id in accounts:
            currency = currencies[account_id]
            amount, error = self._read_amount(amounts[number], currency)
            if error:
                problems.append(Problem(number, str(amounts[number]), error))
                continue
            before = ready.get(account_id)
            sum_before = before.amount if before else present.get(account_id, (0, 0))[1]
            if sum_before and amount:
                doubled += 1
                amount = amount if self.duplicates == "sum" else 0
            ready[account_id] = Ready(
                before.contact_id if before else contact_id,
                currency.round(sum_before + amount),
            )
        return ready, sorted(problems), doubled

    def _read_amount(self, cell, currency):
        """Return an amount as a number, and what is wrong with it; none is zero."""
        if cell == "":
            return 0, None
        try:
            plain = cell
            if isinstance(cell, str):
                symbols = (currency.symbol, currency.name)
                point = self.decimal_separator or "."
                plain = normalize_amount(cell, point, symbols)
        except ValueError:
            return 0, self.env._(
                "No amount in %(currency)s. Write it like %(example)s, or choose "
                "another decimal separator.",
                currency=currency.name,
                example="1.234,50" if self.decimal_separator == "," else "1,234.50",
            )
        if error := find_amount_error(self.env, plain, currency):
            return 0, error
        if currency.compare_amounts(float(plain), 0) <= 0:
            return 0, self.env._("Not above zero. Enter an amount above zero.")
        return float(plain), None

    def _get_currencies(self, account_ids, present):
        """Return the currency in which each account is credited.

        :param present: of ``TransactionLines.find_amounts``
        """
        company = self.transaction_id.company_id
        accounts = self.env["res.partner"].browse(account_ids)
        foreign = accounts._find_credited_in_foreign(company)
        currencies = self.env["res.currency"]
        return {
            account.id: currencies.browse(present[account.id][0])
            if account.id in present
            else foreign.get(account, company.currency_id)
            for account in accounts
        }

    # -------------------------------------------------------------------------
    # WHOM THEY MEAN
    # -------------------------------------------------------------------------

    def _find_accounts(self, rows):
        """Return the account of each row.

        :param rows: of :meth:`_read_cells`
        :return: ``([(number, account id, contact id)], [Problem])``
        """
        finder = ContactFinder(self.env, self.transaction_id.company_id)
        texts = list(
            dict.fromkeys(text for _number, names, _ in rows for text in names)
        )
        found = dict(zip(texts, finder.find(texts), strict=True))
        accounts, problems, missing = [], [], []
        for number, names, _amount in rows:
            pairs = [found[name] for name in names if found[name]]
            common = (
                set.intersection(
                    *({account for _contact, account in each} for each in pairs)
                )
                if pairs
                else set()
            )
            if len(common) == 1:
                [account_id] = common
                accounts.append(
                    (number, account_id, self._get_label(pairs, account_id))
                )
            elif pairs:
                problems.append(self._get_doubt(number, names, pairs))
            elif names:
                missing.append((number, names))
            else:
                reason = self.env._(
                    "There is no account. Enter a name, e-mail or reference."
                )
                problems.append(Problem(number, "", reason))
        return accounts, problems + self._explain_missing(missing, finder)

    @staticmethod
    def _get_label(pairs, account_id):
        """Return the only contact of an account that was found, else the account."""
        for each in pairs:
            contacts = [contact for contact, account in each if account == account_id]
            if len(contacts) == 1:
                return contacts[0]
        return account_id

    def _get_doubt(self, number, names, pairs):
        """Return the problem of a row that means several accounts."""
        ids = dict.fromkeys(account for each in pairs for _contact, account in each)
        accounts = self.env["res.partner"].browse(ids)[: const.NAMES_LISTED]
        return Problem(
            number,
            ", ".join(names),
            self.env._(
                "Several accounts match: %(names)s. Enter the e-mail or the "
                "reference of the right one.",
                names=", ".join(
                    account.name or str(account.id) for account in accounts
                ),
            ),
        )

    def _explain_missing(self, missing, finder):
        """Return the problems of rows that mean nobody who can get a credit.

        :param missing: ``[(number, texts)]``
        """
        texts = list(
            dict.fromkeys(text for _number, names in missing for text in names)
        )
        unusable = dict(zip(texts, finder.find_unusable(texts), strict=True))
        contacts = self.env["res.partner"]
        problems = []
        for number, names in missing:
            ids = [account for name in names for _contact, account in unusable[name]]
            account = contacts.browse(ids[:1])
            if not account:
                reason = self.env._(
                    "Nobody has this name, e-mail or reference. Correct it in the "
                    "file, or create the contact."
                )
            elif not account.active:
                reason = self.env._(
                    "%(name)s is archived. Unarchive the account, or remove the row.",
                    name=account.name,
                )
            else:
                reason = self.env._(
                    "%(name)s belongs to another company than %(company)s. Remove the "
                    "row.",
                    name=account.name,
                    company=finder.company.display_name,
                )
            problems.append(Problem(number, ", ".join(names), reason))
        return problems

    # -------------------------------------------------------------------------
    # WHAT THE CLERK SEES
    # -------------------------------------------------------------------------

    @api.depends(
        "file", "columns", "has_header", "decimal_separator", "duplicates", "separator"
    )
    def _compute_report(self):
        for record in self:
            record.has_duplicates = False
            record.report = False
            if not record.file:
                continue
            if question := record._get_question():
                record.report = {"question": question, "problems": []}
                continue
            ready, problems, doubled = record._evaluate()
            record.has_duplicates = bool(doubled)
            record.report = {
                "question": record._get_duplicates_question(doubled),
                "ready": self.env._(
                    "%(accounts)s can be added.",
                    accounts=format_accounts(self.env, len(ready)),
                ),
                "count": len(problems),
                "not_ready": bool(problems)
                and self.env._(
                    "%(count)s of the rows cannot be added. The others will be.",
                    count=format_count(self.env, len(problems)),
                ),
                "problems": [problem._asdict() for problem in problems[: const.LISTED]],
            }

    def _get_question(self):
        """Return what is to be answered before anything is read, or False."""
        try:
            rows = self._read_cells()
        except ValueError:
            return self.env._(
                "This file cannot be read. Save it as XLSX or CSV, or choose another "
                "encoding."
            )
        if not rows:
            return self.env._("There is no row in this file. Choose another one.")
        if not self._get_places("account"):
            return self.env._("Choose the column that names the accounts.")
        texts = [amount for *_, amount in rows if isinstance(amount, str) and amount]
        return bool(texts) and not self.decimal_separator and self._ask_point(texts)

    def _ask_point(self, texts):
        """Return the question how amounts are written that can be read in two ways."""
        symbols = self._get_symbols()
        for text in texts:
            readings = [self._normalize(text, point, symbols) for point in (".", ",")]
            if None not in readings and readings[0] != readings[1]:
                point, comma = (
                    formatLang(self.env, float(reading), digits=2)
                    for reading in readings
                )
                return self.env._(
                    "%(amount)s can be read as %(point)s or as %(comma)s. Choose the "
                    "decimal separator.",
                    amount=text,
                    point=point,
                    comma=comma,
                )
        return self.env._("Choose the decimal separator of the amounts.")

    def _get_duplicates_question(self, doubled):
        return (
            bool(doubled)
            and not self.duplicates
            and self.env._(
                "%(count)s of the rows name an account that has an amount already. "
                "Choose what to do with its amounts.",
                count=format_count(self.env, doubled),
            )
        )

    def _compute_template(self):
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            sheet.set_column(0, 0, 40)
            sheet.set_column(1, 1, 16, book.add_format({"num_format": "#,##0.00"}))
            sheet.write_row(0, 0, self._get_template_names())
        self.template = base64.b64encode(content.getvalue())

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def _get_action(self):
        return self._get_records_action(
            name=self.env._("Import Accounts and Amounts"), target="new", context={}
        )

    def action_template(self):
        """Download an empty file with the right columns.

        :return: an action that downloads it
        """
        self._check_open()
        name = self.env._("Accounts and Amounts")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/template/{name}.xlsx"
            "?download=true",
            "target": "download",
        }

    def action_continue(self):
        """Add the good rows, and go on to the amounts.

        :return: the action that closes the dialog
        :raise UserError: when something is to be answered, or there is nothing to add
        """
        self._check_open()
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        if question := self._get_question():
            raise UserError(question)
        ready, problems, doubled = self._evaluate()
        if question := self._get_duplicates_question(doubled):
            raise UserError(question)
        if not ready:
            raise UserError(
                self.env._(
                    "No row can be added. Correct the file, then choose it again."
                )
            )
        lines = TransactionLines(self.transaction_id)
        present = lines.find_account_ids()
        lines.insert(
            [
                (account_id, row.contact_id)
                for account_id, row in ready.items()
                if account_id not in present
            ]
        )
        lines.set_each({account_id: row.amount for account_id, row in ready.items()})
        self.transaction_id.write(
            {"step": "amounts", "notice": self._get_notice(ready, problems)}
        )
        self.file = False
        return {"type": "ir.actions.act_window_close"}

    def _get_notice(self, ready, problems):
        """Say what became of the file."""
        sentences = [
            self.env._(
                "%(accounts)s added from %(file)s.",
                accounts=format_accounts(self.env, len(ready)),
                file=self.file_name or self.env._("the file"),
            )
        ]
        if problems:
            rows = [str(problem.row) for problem in problems[: const.NAMES_LISTED]]
            if len(problems) > len(rows):
                rows.append("…")
            sentences.append(
                self.env._("Rows not added: %(rows)s.", rows=", ".join(rows))
            )
        return " ".join(sentences)

    def _check_open(self):
        """Check the right, and that the accounts of the transaction can change."""
        self.ensure_one()
        self.check_access("write")
        self.transaction_id._check_open_step("accounts")
