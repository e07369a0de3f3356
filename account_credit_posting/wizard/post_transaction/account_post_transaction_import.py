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
from .transaction_file import (
    ENCODINGS,
    ColumnReader,
    PastedText,
    TransactionFile,
    get_columns,
    normalize,
)
from .transaction_lines import TransactionLines

#: Rows of the file that are shown.
SAMPLES = 4


class Problem(NamedTuple):
    """A row of a file that is not added."""

    #: Number of the row, from 1.
    row: int
    #: What stands there.
    value: str
    #: What is wrong with it, and what to do.
    reason: str


class Doubt(NamedTuple):
    """A row of which only the clerk can say whom it means."""

    #: Number of the row, from 1.
    row: int
    #: What stands there.
    value: str
    #: Whom it may mean: ``[(contact id, account id)]``, the best first.
    candidates: list
    #: Why it is one, and what to do.
    reason: str


class Ready(NamedTuple):
    """An account that is added, and its amount."""

    contact_id: int
    amount: float


class Evaluation(NamedTuple):
    """What all rows mean."""

    #: ``{account id: Ready}``
    ready: dict
    #: Rows that are not added: ``[Problem]``.
    problems: list
    #: Number of rows whose account has an amount already.
    doubled: int
    #: Rows that the clerk has to look at, also after a click: ``[Doubt]``.
    doubts: list


class AccountPostTransactionImport(models.TransientModel):
    """Take accounts and amounts from a file or from a text that somebody pasted.

    How they are written is found out, shown, and can be changed. It says what each bad
    row needs, and the clerk clicks whom a doubtful one means. Nothing is added before
    *Continue*.
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
    is_pasted = fields.Boolean(
        readonly=True,
        written_by="opener",
        help="The rows are pasted, not read from a file.",
    )
    text = fields.Text(
        string="Accounts and Amounts",
        help="One row for each account. Tabs, semicolons or several spaces separate "
        "the columns.",
    )
    file = fields.Binary(attachment=False, help="CSV or XLSX.")
    file_name = fields.Char()
    is_text = fields.Boolean(compute="_compute_is_text")
    encoding = fields.Selection(
        selection=list(ENCODINGS.items()),
        compute="_compute_encoding",
        store=True,
        readonly=False,
        help="Change it if letters look wrong.",
    )
    separator = fields.Selection(
        selection=[
            ("comma", "Comma"),
            ("semicolon", "Semicolon"),
            ("tab", "Tab"),
            ("bar", "Vertical Bar"),
            ("spaces", "Several Spaces"),
            ("none", "None: one column"),
        ],
        compute="_compute_separator",
        store=True,
        readonly=False,
        string="Column Separator",
        help="The character between the columns.",
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
        help="The meaning of each column of the file, with its first rows.",
    )
    decimal_separator = fields.Selection(
        selection=[(".", "Point: 1,234.50"), (",", "Comma: 1.234,50")],
        compute="_compute_decimal_separator",
        store=True,
        readonly=False,
        help="The number format of the file.",
    )
    duplicates = fields.Selection(
        selection=[
            ("sum", "Add up their amounts"),
            ("first", "Keep the first amount"),
        ],
        string="Accounts Named Twice",
    )
    has_duplicates = fields.Boolean(compute="_compute_report")
    choices = fields.Json(
        compute="_compute_choices",
        store=True,
        readonly=False,
        help="The selected contacts, by row number.",
    )
    report = fields.Json(
        compute="_compute_report",
        help="What will be added, and what will not.",
    )
    template = fields.Binary(
        compute="_compute_template", help="An empty file with the right columns."
    )

    @api.depends("transaction_id", "is_pasted")
    def _compute_display_name(self):
        for record in self:
            record.display_name = record._get_title()

    def _get_title(self):
        self.ensure_one()
        if self.is_pasted:
            return self.env._("Paste a Roster")
        return self.env._("Import Accounts and Amounts")

    # -------------------------------------------------------------------------
    # THE FORM OF THE FILE
    # -------------------------------------------------------------------------

    def _get_file(self):
        """Return the rows as they came, or None where there are none."""
        self.ensure_one()
        if self.is_pasted:
            text = self.text or ""
            return PastedText(text) if text.strip() else None
        try:
            content = base64.b64decode(self.with_context(bin_size=False).file or b"")
        except binascii.Error:
            return None
        return TransactionFile(content) if content else None

    @api.depends("file", "text")
    def _compute_is_text(self):
        for record in self:
            file = record._get_file()
            record.is_text = bool(file) and file.is_text

    @api.depends("file", "text")
    def _compute_encoding(self):
        for record in self:
            file = record._get_file()
            is_text = file and file.is_text
            record.encoding = file.find_encoding() if is_text else False

    @api.depends("file", "text", "encoding")
    def _compute_separator(self):
        for record in self:
            file = record._get_file()
            record.separator = False
            if file and file.is_text:
                try:
                    record.separator = file.find_separator(
                        record.encoding, record._get_reader().is_table
                    )
                except ValueError:
                    continue  # `_read_rows` says so.

    @api.depends("file", "text", "encoding", "separator")
    def _compute_columns(self):
        for record in self:
            try:
                rows = [cells for _number, cells in record._read_rows()]
            except ValueError:
                rows = []
            reader = record._get_reader()
            record.has_header = reader.is_header(rows)
            record.columns = [
                {"role": role, "samples": list(map(str, cells[:SAMPLES]))}
                for role, cells in zip(
                    reader.find_roles(rows), get_columns(rows), strict=True
                )
            ]

    def _get_reader(self):
        """Return what knows how columns are named, and what stands beside amounts."""
        return ColumnReader(
            self._get_account_names(), self._get_amount_names(), self._get_symbols()
        )

    def _get_account_names(self):
        """Return how columns of accounts are called, in English and for the user."""
        contact_fields = self.env["res.partner"]._fields
        names = [
            *("account", "name", "email", "email", "reference", "ref", "customer"),
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
        return self.env._("Account (name, email or reference)"), self.env._("Amount")

    @api.depends("file", "text", "columns", "has_header")
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
                point: [normalize(text, point, symbols) for text in texts]
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

        :return: an ``Evaluation``
        :raise ValueError: when the file cannot be read
        """
        rows = self._read_cells()
        accounts, problems, doubts = self._find_accounts(rows)
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
        return Evaluation(ready, sorted(problems), doubled, doubts)

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
        :return: ``([(number, account id, contact id)], [Problem], [Doubt])``; a doubt
            without a choice is a problem, too
        """
        finder = ContactFinder(self.env, self.transaction_id.company_id)
        texts = list(
            dict.fromkeys(text for _number, names, _ in rows for text in names)
        )
        found = dict(zip(texts, finder.find(texts), strict=True))
        accounts, problems, doubts, missing = [], [], [], []
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
                candidates = list(
                    dict.fromkeys(pair for each in pairs for pair in each)
                )
                reason = self.env._(
                    "Several contacts match. Click the right one, or enter its email "
                    "or reference."
                )
                doubts.append(Doubt(number, ", ".join(names), candidates, reason))
            elif names:
                missing.append((number, names))
            else:
                reason = self.env._(
                    "There is no account. Enter a name, email or reference."
                )
                problems.append(Problem(number, "", reason))
        explained, misspelt = self._explain_missing(missing, finder)
        doubts = sorted(doubts + misspelt)
        for doubt in doubts:
            if chosen := self._get_choice(doubt):
                contact_id, account_id = chosen
                accounts.append((doubt.row, account_id, contact_id))
            else:
                problems.append(Problem(doubt.row, doubt.value, doubt.reason))
        return sorted(accounts), problems + explained, doubts

    def _get_choice(self, doubt):
        """Return whom the clerk has clicked, or None; a client sends any value.

        :return: one of the candidates of the row
        """
        choices = self.choices if isinstance(self.choices, dict) else {}
        chosen = choices.get(str(doubt.row))
        return next((pair for pair in doubt.candidates if pair[0] == chosen), None)

    @staticmethod
    def _get_label(pairs, account_id):
        """Return the only contact of an account that was found, else the account."""
        for each in pairs:
            contacts = [contact for contact, account in each if account == account_id]
            if len(contacts) == 1:
                return contacts[0]
        return account_id

    def _explain_missing(self, missing, finder):
        """Explain rows that mean nobody who can get a credit.

        Similar names are looked for in as many rows as are shown.

        :param missing: ``[(number, texts)]``
        :return: ``([Problem], [Doubt])``
        """
        texts = list(
            dict.fromkeys(text for _number, names in missing for text in names)
        )
        unusable = dict(zip(texts, finder.find_unusable(texts), strict=True))
        unknown = [text for text in texts if not unusable[text]][: const.LISTED]
        similar = dict(zip(unknown, finder.find_similar(unknown), strict=True))
        contacts = self.env["res.partner"]
        problems, doubts = [], []
        for number, names in missing:
            ids = [account for name in names for _contact, account in unusable[name]]
            account = contacts.browse(ids[:1])
            candidates = list(
                dict.fromkeys(pair for name in names for pair in similar.get(name, ()))
            )
            if candidates and not account:
                reason = self.env._(
                    "No contact has exactly this name. Select the right one, if it "
                    "is here."
                )
                doubts.append(Doubt(number, ", ".join(names), candidates, reason))
                continue
            if not account:
                reason = self.env._(
                    "No contact has this name, email or reference. Correct it in the "
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
        return problems, doubts

    # -------------------------------------------------------------------------
    # WHAT THE CLERK SEES
    # -------------------------------------------------------------------------

    @api.depends("file", "text")
    def _compute_choices(self):
        self.choices = {}

    @api.depends(
        "file",
        "text",
        "choices",
        "columns",
        "has_header",
        "decimal_separator",
        "duplicates",
        "separator",
    )
    def _compute_report(self):
        for record in self:
            record.has_duplicates = False
            record.report = False
            if not record._get_file():
                continue
            if question := record._get_question():
                record.report = {"question": question, "problems": [], "doubts": []}
                continue
            ready, problems, doubled, doubts = record._evaluate()
            rows = {doubt.row for doubt in doubts if not record._get_choice(doubt)}
            problems = [problem for problem in problems if problem.row not in rows]
            record.has_duplicates = bool(doubled)
            record.report = {
                "question": record._get_duplicates_question(doubled),
                "ready": self.env._(
                    "%(accounts)s can be added.",
                    accounts=format_accounts(self.env, len(ready)),
                ),
                "doubtful": bool(rows)
                and self.env._(
                    "%(count)s of the rows are doubtful: select the right contact "
                    "for each. Rows without a selection are not added.",
                    count=format_count(self.env, len(rows)),
                ),
                "doubts": record._describe_doubts(doubts[: const.LISTED]),
                "count": len(problems),
                "not_ready": bool(problems)
                and self.env._(
                    "%(count)s of the rows cannot be added. The others will be.",
                    count=format_count(self.env, len(problems)),
                ),
                "problems": [problem._asdict() for problem in problems[: const.LISTED]],
            }

    def _describe_doubts(self, doubts):
        """Return doubtful rows as they are shown, each with those whom it may mean."""
        ids = [contact_id for doubt in doubts for contact_id, _ in doubt.candidates]
        contacts = self.env["res.partner"].browse(dict.fromkeys(ids))
        amounts = {number: amount for number, _texts, amount in self._read_cells()}
        shown = {
            contact.id: {
                "id": contact.id,
                "name": contact.display_name,
                # Two of one name are told apart.
                "detail": contact.email or contact.ref or f"ID {contact.id}",
            }
            for contact in contacts
        }
        return [
            {
                "row": doubt.row,
                "value": doubt.value,
                "amount": str(amounts[doubt.row]),
                "reason": doubt.reason,
                "chosen": (self._get_choice(doubt) or [False])[0],
                "candidates": [
                    shown[contact_id]
                    for contact_id, _account_id in doubt.candidates[
                        : const.NAMES_LISTED
                    ]
                ],
            }
            for doubt in doubts
        ]

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
            readings = [normalize(text, point, symbols) for point in (".", ",")]
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
                "%(count)s of the rows name an account that already has an amount. "
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
            name=self._get_title(), target="new", context={}
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

        A list of names alone leaves the clerk where further ones are added.

        :return: the action that closes the dialog
        :raise UserError: when something is to be answered, or there is nothing to add
        """
        self._check_open()
        if not self._get_file():
            raise UserError(
                self.env._("Paste the names or emails first, one for each line.")
                if self.is_pasted
                else self.env._("Choose a file first.")
            )
        if question := self._get_question():
            raise UserError(question)
        ready, problems, doubled, _doubts = self._evaluate()
        if question := self._get_duplicates_question(doubled):
            raise UserError(question)
        if not ready:
            raise UserError(
                self.env._(
                    "No row can be added. Correct the text, or select a contact for "
                    "the doubtful rows."
                )
                if self.is_pasted
                else self.env._(
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
        has_amounts = any(row.amount for row in ready.values())
        self.transaction_id.write(
            {
                "step": "amounts" if has_amounts or not self.is_pasted else "accounts",
                "notice": self._get_notice(present & ready.keys(), ready, problems),
            }
        )
        self.write({"file": False, "text": False})
        return {"type": "ir.actions.act_window_close"}

    def _get_notice(self, known, ready, problems):
        """Say what became of the rows.

        :param known: ids of those of the accounts that were there before
        """
        accounts = format_accounts(self.env, len(ready) - len(known))
        if self.is_pasted:
            sentences = [self.env._("%(accounts)s added.", accounts=accounts)]
            rows = [
                f"{problem.row} ({problem.value})" if problem.value else problem.row
                for problem in problems
            ]
        else:
            sentences = [
                self.env._(
                    "%(accounts)s added from %(file)s.",
                    accounts=accounts,
                    file=self.file_name or self.env._("the file"),
                )
            ]
            rows = [problem.row for problem in problems]
        if known:
            sentences.append(
                self.env._(
                    "Listed once, as already there: %(names)s.",
                    names=format_accounts(self.env, len(known)),
                )
            )
        if rows:
            listed = [str(row) for row in rows[: const.NAMES_LISTED]]
            if len(rows) > len(listed):
                listed.append("\N{HORIZONTAL ELLIPSIS}")
            sentences.append(
                self.env._("Rows not added: %(rows)s.", rows=", ".join(listed))
            )
        return " ".join(sentences)

    def _check_open(self):
        """Check the right, and that the accounts of the transaction can change."""
        self.ensure_one()
        self.check_access("write")
        self.transaction_id._check_open_step("accounts")
