import csv
import io
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from datetime import date
from zipfile import BadZipFile, is_zipfile

import chardet
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

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

#: Rows that say enough about the form of a file.
SAMPLE = 50

#: From so much certainty on, an encoding is taken for found.
CERTAIN = 0.8


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

    def find_separator(self, encoding):
        """Return what separates the cells of a text: a key of ``SEPARATORS``."""
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
        delimiter = SEPARATORS[separator or self.find_separator(encoding)]
        try:
            return [
                [" ".join(cell.split()) for cell in row]
                for row in csv.reader(
                    io.StringIO(text, newline=""), delimiter=delimiter
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
