from odoo import fields, models

from odoo.addons.account_credit_posting.tools.locks import touch_rows


class ResCompany(models.Model):
    """Hold gift cards for customers that no till knows."""

    _inherit = "res.company"

    walk_in_account_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account of Walk-In Customers",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Gift cards that are sold at the till without a customer are held for it, "
        "until somebody redeems them.",
    )

    def _get_walk_in_account(self):
        """Return the account of customers that no till knows; it is made on demand.

        :return: a ``res.partner``, with all rights
        """
        self.ensure_one()
        company_sudo = self.sudo()
        if not company_sudo.walk_in_account_id:
            # Of two tills that miss it at once, the second begins again.
            touch_rows(company_sudo)
            company_sudo.walk_in_account_id = company_sudo.env["res.partner"].create(
                {
                    "name": self.env._("Walk-In Customers"),
                    "company_id": company_sudo.id,
                }
            )
        return company_sudo.walk_in_account_id
