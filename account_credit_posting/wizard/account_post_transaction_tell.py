from odoo import fields, models


class AccountPostTransaction(models.TransientModel):
    """Let the clerk ask for the e-mails in the set-up."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    tell_customers = fields.Boolean(
        string="Tell the Customers",
        help="Each account gets one e-mail with the public comment, the amount, what "
        "it paid and what is left, when all is posted.",
    )

    def _prepare_batch_vals(self):
        return super()._prepare_batch_vals() | {"tell_customers": self.tell_customers}
