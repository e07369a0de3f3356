import io

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from odoo import http
from odoo.http import content_disposition, request

from ..models.report.liability_period import FLOWS
from ..tools.requests import is_id

#: The columns before the figures.
TEXTS = 4
#: The rows before the lines.
HEAD = 4


class LiabilityReport(http.Controller):
    """Download the liability of gift cards and prepayments."""

    @http.route(
        "/account_credit_posting/liability/<int:report_id>/liability.xlsx",
        type="http",
        auth="user",
    )
    def liability(self, report_id, **_kwargs):
        """Return a report as a spreadsheet whose formulas add it up.

        :param int report_id: a report that the user has opened
        """
        reports = request.env["account.liability.report"]
        # Those of others, and all of them for other groups, are out of reach.
        if not is_id(report_id) or not reports.has_access("read"):
            raise request.not_found()
        report = reports.search([("id", "=", report_id)])
        if not report:
            raise request.not_found()
        report._show()
        name = f"{report.display_name} {report.date_to}"
        headers = [
            (
                "Content-Type",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            ("Content-Disposition", content_disposition(f"{name}.xlsx")),
        ]
        return request.make_response(LiabilityWorkbook(report).get_content(), headers)


class LiabilityWorkbook:
    """Writes the lines of a report, and the formulas that add them up."""

    def __init__(self, report):
        """Look at an ``account.liability.report`` whose lines are there."""
        self.report = report
        self.env = report.env
        self.lines = report.line_ids
        self.columns = report._get_all_columns()
        self.places = {  # {figure: number of its column}
            name: number
            for number, (name, _title) in enumerate(self.columns, start=TEXTS)
        }
        self.rows = {  # {line: number of its row}
            line: number for number, line in enumerate(self.lines, start=HEAD)
        }
        self.parts = {}  # {line of an account: its parts}
        for line in self.lines:
            if line.level == "account":
                account = line
            elif line.level == "part":
                self.parts.setdefault(account, []).append(line)

    def get_content(self):
        """Return the bytes of the workbook."""
        content = io.BytesIO()
        # Text of users is text: what looks like a formula or a link stays as typed.
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(content, options) as workbook:
            sheet = workbook.add_worksheet(self.env._("Liability"))
            bold = workbook.add_format({"bold": True})
            sheet.write_string(0, 0, self.report.display_name, bold)
            sheet.write_string(1, 0, self.report._get_title())
            sheet.write_row(HEAD - 1, 0, self._get_titles(), bold)
            sheet.set_column(0, TEXTS - 2, 28)
            sheet.set_column(TEXTS, TEXTS + len(self.columns) - 1, 15)
            formats = {}  # {(digits, is bold): format}
            for line in self.lines:
                key = (line.shown_currency_id.decimal_places, line.level == "total")
                if key not in formats:
                    formats[key] = workbook.add_format(_get_format(*key))
                self._write_line(sheet, line, formats[key])
            column = self.places["difference"]
            sheet.conditional_format(
                HEAD,
                column,
                HEAD + len(self.lines),
                column,
                {
                    "type": "cell",
                    "criteria": "!=",
                    "value": 0,
                    "format": workbook.add_format({"font_color": "red"}),
                },
            )
            sheet.freeze_panes(HEAD, TEXTS)
        return content.getvalue()

    def _get_titles(self):
        env = self.env
        return [
            env._("Company"),
            env._("What"),
            env._("Liability Account"),
            env._("Currency"),
            *(title for _name, title in self.columns),
        ]

    def _write_line(self, sheet, line, number_format):
        row = self.rows[line]
        texts = (
            line.company_id.name,
            line.name,
            line.ledger_account_name,
            line.shown_currency_id.name,
        )
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text or "")
        for name, column in self.places.items():
            if line.level == "part" and name in ("ledger", "difference"):
                continue
            formula = self._get_formula(line, name)
            if formula:
                sheet.write_formula(row, column, formula, number_format, line[name])
            else:
                sheet.write_number(row, column, line[name], number_format)

    def _get_formula(self, line, name):
        """Return what adds up a figure; None where it is one of the ledger."""
        row = self.rows[line]
        digits = line.shown_currency_id.decimal_places
        if name == "closing":
            first, last = self._cell(row, "opening"), self._cell(row, FLOWS[-1])
            return f"=ROUND(SUM({first}:{last}),{digits})"
        if name == "difference":
            closing, ledger = self._cell(row, "closing"), self._cell(row, "ledger")
            return f"=ROUND({closing}-{ledger},{digits})"
        if line.level == "total":
            added = self.lines.filtered(
                lambda other: (
                    other.level == "account"
                    and other.shown_currency_id == line.shown_currency_id
                )
            )
            cells = (self._cell(self.rows[other], name) for other in added)
            return f"={'+'.join(cells)}"
        if name != "ledger" and (parts := self.parts.get(line)):
            first = self._cell(self.rows[parts[0]], name)
            last = self._cell(self.rows[parts[-1]], name)
            return f"=SUM({first}:{last})"
        return None

    def _cell(self, row, name):
        return xl_rowcol_to_cell(row, self.places[name])


def _get_format(digits, is_bold):
    decimals = f".{'0' * digits}" if digits else ""
    return {"num_format": f"#,##0{decimals}", "bold": is_bold}
