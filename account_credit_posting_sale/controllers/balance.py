from odoo.http import Controller, request, route

from ..const import PROVIDER_CODE


class BalanceController(Controller):
    """Pay with the own account what the user has just begun to pay so."""

    process_url = "/payment/account_credit/process"

    @route(process_url, type="http", auth="user", methods=["POST"])
    def balance_process(self, reference=None, **_kwargs):
        """Pay at once, or not at all, and show what became of it.

        :param reference: of a transaction that the user began
        """
        # Customers have no rights to transactions; it is their own.
        tx_sudo = (
            request.env["payment.transaction"]
            .sudo()
            .search(
                [
                    ("reference", "=", reference),
                    ("provider_code", "=", PROVIDER_CODE),
                    ("create_uid", "=", request.env.uid),
                ]
            )
        )
        if not tx_sudo:
            return request.redirect("/my")
        tx_sudo._process(PROVIDER_CODE, {"reference": tx_sudo.reference})
        if tx_sudo.state == "cancel":
            return request.redirect(tx_sudo._get_refused_url())
        return request.redirect("/payment/status")
