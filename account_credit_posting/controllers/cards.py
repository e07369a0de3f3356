from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..models.stored_value.account_gift_card import GiftCard
from ..tools.requests import is_id


class GiftCards(http.Controller):
    """Print a gift card, or email it, while its code is told."""

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
        value = self._find_card(value_id)
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

    @http.route(
        "/account_credit_posting/card/email",
        type="http",
        auth="user",
        methods=["POST"],
    )
    def card_email(self, value_id=None, code=None, email=None, message=None, **_kwargs):
        """Email a card with the code that is told, once.

        As in :meth:`card`, the code is in the body of the request.

        :param value_id: a gift card that the user may use
        :param code: its code, as told a moment ago
        :param email: to whom
        :param message: to the recipient
        :return: ``{"email"}``, or ``{"error"}`` where it is not sent
        """
        value = self._find_card(value_id)
        try:
            with request.env.cr.savepoint():
                GiftCard(value).send_shown(code, email, message)
        except UserError as error:
            return request.make_json_response({"error": str(error)}, status=403)
        return request.make_json_response({"email": value.recipient_email})

    def _find_card(self, value_id):
        """Return a card that the user may use.

        :raise NotFound: for what is out of reach
        :raise AccessError: when the user may not use stored value
        """
        # An id that can be none is that of no card.
        value_id = int(value_id) if str(value_id).isdecimal() else 0
        values = request.env["account.stored.value"]
        value = values.browse(value_id if is_id(value_id) else None).exists()
        # Cards of other companies and groups are out of reach: rules decide.
        if not value or not value.has_access("read"):
            raise request.not_found()
        value._check_may_use()
        return value
