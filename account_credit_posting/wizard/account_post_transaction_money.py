from odoo import models
from odoo.exceptions import UserError

#: What is posted on a page of its own: {transaction type: model}.
MONEY_PAGES = {
    "payment": "account.post.payment",
    "refund": "account.post.refund",
}


class AccountPostTransaction(models.TransientModel):
    """Payments and refunds go on on a page of their own: one account, one amount."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    def action_next(self):
        """Go on; for a payment or a refund, on its own page.

        :return: True, or a window action
        """
        if self.step == "type" and self.transaction_type in MONEY_PAGES:
            self._check_open_step()
            pages = self.env[MONEY_PAGES[self.transaction_type]]
            return pages._get_open_action(self)
        return super().action_next()

    def _check_setup(self):
        """Check that it is for a batch.

        :raise UserError: when it is a payment or a refund
        """
        if self.transaction_type in MONEY_PAGES:
            raise UserError(
                self.env._(
                    "Payments and refunds are posted on their own page. Go back to "
                    "the type, then choose Next."
                )
            )
        return super()._check_setup()
