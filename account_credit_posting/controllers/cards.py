from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..models.stored_value.account_gift_card import GiftCard
from ..tools.requests import is_id


class GiftCards(http.Controller):
    """Print a gift card while its code is told."""

    @http.route(
        "/account_credit_posting/card",
        type="http",
        auth="user",
        methods=["POST"],
    )
    def card(self, value_id=None, code=None, **_kwargs):
        """Return the printable card: a PDF, or a page where there is no wkhtmltopdf.

        The code comes in the body of the request, so that it is in no log of addresses.

        :param value_id: a gift card that the user may use
        :param code: its code, as told a moment ago
        """
        # An id that can be none is that of no card.
        value_id = int(value_id) if str(value_id).isdecimal() else 0
        values = request.env["account.stored.value"]
        value = values.browse(value_id if is_id(value_id) else None).exists()
        # Cards of other companies and groups are out of reach: rules decide.
        if not value or not value.has_access("read"):
            raise request.not_found()
        value._check_may_use()
        try:
            content, kind = GiftCard(value).render(code)
        except UserError as error:
            return request.make_response(
                str(error), [("Content-Type", "text/plain")], status=403
            )
        content_types = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}
        headers = [
            ("Content-Type", content_types[kind]),
            # The code is on it: no cache keeps it.
            ("Cache-Control", "no-store"),
        ]
        return request.make_response(content, headers)
