import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from datetime import date
from zipfile import BadZipFile, is_zipfile

import chardet
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ...tools.requests import normalize_amount

#: Encodings that a file may have: ``{name in Python: label}``.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "mac-roman": "Mac OS Roman",
}

#: What stands between the cells of a row: ``{name: character}``. Commas may stand in
#: amounts, too: they come last.
SEPARATORS = {"semicolon": ";", "tab": "\t", "bar": "|", "comma": ","}

#: What stands between the cells of a pasted row, in the order in which it is tried.
#: No comma, before somebody says so: it stands in names and amounts, too.
PASTED_SEPARATORS = ("tab", "semicolon", "bar", "spaces")

#: Several blanks, where they separate cells.
BLANKS = re.compile(r"[^\S\r\n]{2,}")

#: Rows that say enough about the form of a file.
SAMPLE = 50

#: Cells that say enough about a column.
SAMPLED = 100

#: A cell that is an email address, and nothing else.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

#: From so much certainty on, an encoding is taken for found.
CERTAIN = 0.8


def normalize(text, point, symbols):
    """Return an amount as a decimal string, or None where it is none."""
    try:
        return normalize_amount(text, point, symbols)
    except ValueError:
        return None


def get_columns(rows):
    """Return the columns of rows, each with as many cells."""
    return [
        [cells[place] if place < len(cells) else "" for cells in rows]
        for place in range(max(map(len, rows), default=0))
    ]


class ColumnReader:
    """Find out what the columns of rows say, by their names and by what is in them.

    :param account_names: names of columns of accounts, in lower case
    :param amount_names: names of columns of amounts, in lower case
    :param symbols: what may stand beside an amount
    """

    def __init__(self, account_names, amount_names, symbols):
        self.account_names = account_names
        self.amount_names = amount_names
        self.symbols = symbols

    def is_table(self, rows):
        """Tell whether rows have columns: names, and amounts or emails beside them."""
        columns = get_columns(rows)
        return len(columns) > 1 and (
            any(map(self._is_amounts, columns[1:]))
            or any(map(self._is_emails, columns))
            or len(self._find_known(rows[0])) > 1
        )

    def is_header(self, rows):
        """Tell whether the first row names the columns."""
        return bool(rows) and (
            bool(self._find_known(rows[0]))
            or any(
                self._is_amounts(column) and not self._is_amount(column[0])
                for column in get_columns(rows)[: len(rows[0])]
            )
        )

    def find_roles(self, rows):
        """Return what each column says, by its name, else by what is in it.

        :return: for each column "account", "amount" or "other"
        """
        columns = get_columns(rows)
        roles = ["other"] * len(columns)
        for place, column in enumerate(columns):
            name = str(column[0]).lower()
            if name in self.account_names:
                roles[place] = "account"
            elif name in self.amount_names and "amount" not in roles:
                roles[place] = "amount"
        if "amount" not in roles:
            # Numbers behind the accounts: what stands first may be a reference.
            for place in range(len(roles) - 1, 0, -1):
                if roles[place] == "other" and self._is_amounts(columns[place]):
                    roles[place] = "amount"
                    break
        if "account" not in roles and "other" in roles:
            roles[roles.index("other")] = "account"
            for place, column in enumerate(columns):
                if roles[place] == "other" and self._is_emails(column):
                    roles[place] = "account"
        return roles

    def _find_known(self, cells):
        names = self.account_names | self.amount_names
        return [cell for cell in cells if str(cell).lower() in names]

    def _is_amounts(self, column):
        """Tell whether most of the cells of a column are numbers, by the first ones.

        The first of all may be its name.
        """
        return self._are_most(column[1:] or column, self._is_amount)

    def _is_amount(self, cell):
        return not isinstance(cell, str) or any(
            normalize(cell, point, self.symbols) is not None for point in (".", ",")
        )

    def _is_emails(self, column):
        return self._are_most(column, lambda cell: EMAIL.fullmatch(str(cell)))

    @staticmethod
    def _are_most(cells, is_one):
        filled = [cell for cell in cells if cell != ""][:SAMPLED]
        return bool(filled) and 2 * len(list(filter(is_one, filled))) > len(filled)


class TransactionFile:
    """The rows of a CSV or XLSX file, and in what form they are.

    :param bytes content: of the file
    """

    def __init__(self, content):
        self.content = content
        self.is_text = not is_zipfile(io.BytesIO(content))

    def find_encoding(self):
        """Return the encoding of a text: a key of ``ENCODINGS``."""
        if self.content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return "utf-16"
        try:
            self.content.decode("utf-8")
        except UnicodeDecodeError:
            found = chardet.detect(self.content)
            if found["encoding"] and found["confidence"] >= CERTAIN:
                name = lookup(found["encoding"]).name
                if name in ENCODINGS:
                    return name
            return "cp1252"
        return "utf-8"

    def find_separator(self, encoding, is_table=None):
        """Return what separates the cells of a text: a key of ``SEPARATORS``.

        :param is_table: see ``PastedText``
        """
        best, widest = "comma", 1
        for name in SEPARATORS:
            rows = self.get_rows(encoding, name)[:SAMPLE]
            widths = {len(cells) for _number, cells in rows}
            # Each row has as many cells, or nearly: a comment may have a comma in it.
            width = min(widths, default=1)
            if width > widest:
                best, widest = name, width
        return best

    def get_rows(self, encoding=None, separator=None):
        """Return the rows that are not empty.

        :param encoding: of a text
        :param separator: between the cells of a text
        :return: ``[(number from 1, [text or number])]``
        :raise ValueError: when it cannot be read
        """
        rows = (
            self._read_text(encoding, separator) if self.is_text else self._read_book()
        )
        return [
            (number, cells)
            for number, cells in enumerate(rows, start=1)
            if any(cell != "" for cell in cells)
        ]

    def _read_text(self, encoding, separator):
        encoding = encoding or self.find_encoding()
        content = self.content
        if encoding == "utf-8":
            content = content.removeprefix(BOM_UTF8)
        text = content.decode(encoding)
        if "\0" in text:
            raise ValueError("no text")
        separator = separator or self.find_separator(encoding)
        if separator == "none":
            return [[" ".join(line.split())] for line in text.splitlines()]
        if separator == "spaces":
            text = "\n".join(BLANKS.sub("\t", line) for line in text.splitlines())
            separator = "tab"
        # A quotation mark that is never closed would swallow all rows behind it.
        quoting = csv.QUOTE_NONE if text.count('"') % 2 else csv.QUOTE_MINIMAL
        try:
            return [
                [" ".join(cell.split()) for cell in row]
                for row in csv.reader(
                    io.StringIO(text, newline=""),
                    delimiter=SEPARATORS[separator],
                    quoting=quoting,
                )
            ]
        except csv.Error as error:
            raise ValueError("no CSV") from error

    def _read_book(self):
        try:
            book = openpyxl.load_workbook(
                io.BytesIO(self.content), read_only=True, data_only=True
            )
            sheet = book.worksheets[0]
            return [
                [self._read_cell(value) for value in row]
                for row in sheet.iter_rows(values_only=True)
            ]
        except (BadZipFile, IndexError, InvalidFileException, KeyError) as error:
            raise ValueError("no XLSX") from error

    @staticmethod
    def _read_cell(value):
        if value is None:
            return ""
        if isinstance(value, bool | date):
            return str(value)
        if isinstance(value, int | float):
            # As many digits as the spreadsheet keeps: 59.97, not 59.969999999999995.
            number = float(f"{value:.15g}")
            return int(number) if number.is_integer() else number
        return " ".join(str(value).split())


class PastedText(TransactionFile):
    """The rows of a text from a spreadsheet, or of a list with one name a line.

    :param str text: as it was pasted
    """

    def __init__(self, text):
        self.content = text.encode()
        self.is_text = True

    def find_encoding(self):
        """Return the encoding: a client sends text in no other."""
        return "utf-8"

    def find_separator(self, encoding, is_table=None):
        """Return what separates the cells, or "none" where each line is one cell.

        Blanks and tabs may stand within a name: they separate cells only where that
        makes a table.

        :param is_table: says of rows whether they are one
        """
        for name in PASTED_SEPARATORS:
            rows = [cells for _number, cells in self.get_rows(encoding, name)[:SAMPLE]]
            if is_table and is_table(rows):
                return name
        return "none"
