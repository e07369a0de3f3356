import io

import xlsxwriter

from odoo import http
from odoo.http import content_disposition, request

from ..tools.requests import is_id


class CreditResults(http.Controller):
    """Download the results of a credit batch."""

    @http.route(
        "/account_credit_posting/batch/<int:batch_id>/results.xlsx",
        type="http",
        auth="user",
        readonly=True,
    )
    def results(self, batch_id, **_kwargs):
        """Return the lines of a batch as a spreadsheet, without private comments.

        :param int batch_id: a batch that the user may read
        """
        batches = request.env["account.credit.batch"]
        batch = batches.browse(batch_id if is_id(batch_id) else None).exists()
        # Batches of other companies and groups are out of reach: rules decide.
        if not batch or not batch.has_access("read"):
            raise request.not_found()
        headers = [
            (
                "Content-Type",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            (
                "Content-Disposition",
                content_disposition(f"{batch.name.replace('/', '-')}.xlsx"),
            ),
        ]
        return request.make_response(self._make_workbook(batch), headers)

    def _make_workbook(self, batch):
        """Return the bytes of a workbook with one row for each line."""
        content = io.BytesIO()
        # Text of users is text: what looks like a formula or a link stays as typed.
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(content, options) as workbook:
            sheet = workbook.add_worksheet(batch.env._("Results"))
            bold = workbook.add_format({"bold": True})
            sheet.write_row(0, 0, self._get_titles(batch), bold)
            sheet.set_column(0, 3, 24)
            sheet.set_column(4, 9, 14)
            sheet.set_column(10, 10, 60)
            for row, line in enumerate(batch.line_ids.sorted("id"), start=1):
                sheet.write_row(row, 0, self._get_row(line))
            sheet.freeze_panes(1, 0)
        return content.getvalue()

    def _get_titles(self, batch):
        env = batch.env
        charge = [env._("Invoiced"), env._("Invoice")] if batch.charge_item_id else []
        return [
            env._("Account"),
            env._("Reference"),
            env._("Email"),
            env._("Enrollee"),
            env._("Amount"),
            env._("Paid"),
            env._("Left"),
            env._("Currency"),
            env._("Status"),
            env._("Document"),
            env._("Reason"),
            *charge,
        ]

    def _get_row(self, line):
        states = dict(line._fields["state"]._description_selection(line.env))
        charge = []
        if line.batch_id.charge_item_id:
            charge = [line.charge_amount, line.charge_move_name or ""]
        return [
            line.partner_id.display_name or "",
            line.partner_id.ref or "",
            line.partner_id.email or "",
            line.contact_id.name or "",
            line.amount,
            line.amount_applied,
            line.amount_open,
            line.currency_id.name,
            states[line.state],
            line.move_name or "",
            line.error or "",
            *charge,
        ]
