from odoo import api, models


class AccountCreditSource(models.AbstractModel):
    """What pays invoices beside credits, such as money held for a customer.

    Models that hold such money inherit this one, and ``const.SOURCES`` names them: the
    engine asks each of them. What they give is an open item that books its own use
    (``OpenItem.draw``).
    """

    _name = "account.credit.source"
    _description = "Source of Payments"

    @api.model
    def _find_automatic_items(self, accounts, company):
        """Return what pays by itself, as the company says.

        :param accounts: ``res.partner`` records
        :param company: whose money
        :return: list of ``tools.applying.OpenItem``
        """
        return []

    @api.model
    def _find_accounts(self, company):
        """Return the accounts that have something that pays by itself.

        :return: ``res.partner`` records
        """
        return self.env["res.partner"]

    def _find_reserved(self):
        """Return what of these waits for somebody, such as for an open order.

        Nothing else takes it until then.

        :return: ``{record: amount}``, in its currency
        """
        return {}

    @api.model
    def _give_back(self, applications):
        """Give back what was used, after its reconciliation is gone.

        :param applications: ``account.credit.application`` records, unapplied just now
        """
