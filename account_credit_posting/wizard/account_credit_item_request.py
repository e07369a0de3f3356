from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import escape_psql, format_list

from .. import const
from ..models.product_product import ACTIVITY
from ..tools.actions import notify
from ..tools.rights import find_managers, request_approval
from .post_transaction.transaction_setup import TransactionSetup


class AccountCreditItemRequest(models.TransientModel):
    """The dialog in which whoever keeps no credit items asks for one.

    What is asked for is the item itself, archived: an administrator looks at its ledger
    account and unarchives it.
    """

    _name = "account.credit.item.request"
    _inherit = "account.credit.guard"
    _description = "Request of a Credit Item"

    name = fields.Char(string="Credit Item", required=True)
    reason = fields.Text(string="What It Is For")
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    transaction_id = fields.Many2one(
        comodel_name="account.post.transaction",
        ondelete="cascade",
        help="The page for one account, which this dialog has replaced.",
    )

    def action_ask(self):
        """Ask the administrators of the company for the item, once.

        :return: a client action that says who was asked, and closes the dialog or
            opens the page again that it has replaced
        :raise AccessError: when the user may not post credits
        :raise UserError: when the company has such an item, or nobody who keeps them
        """
        self.ensure_one()
        self.env["account.credit.batch"]._check_may_post()
        self.check_access("write")
        self.company_id.check_access("read")
        managers = find_managers(self.company_id, self.env["res.users"])
        if not managers:
            raise UserError(
                self.env._(
                    "%(company)s has no administrator of credits to ask.",
                    company=self.company_id.display_name,
                )
            )
        item = self._find_item()
        if item.active:
            raise UserError(
                self.env._(
                    "%(item)s is already a credit item. Choose it in Post Transaction.",
                    item=item.display_name,
                )
            )
        if not self._is_asked_for(item):
            item = item or self._create_item()
            asked = managers[: const.APPROVERS_ASKED]
            request_approval(item, ACTIVITY, asked, self._get_text())
        return notify(
            self.env._(
                "%(names)s can now add %(item)s. You will be notified.",
                names=format_list(
                    self.env,
                    managers[: const.APPROVERS_ASKED].mapped("name"),
                    style="or",
                ),
                item=self.name.strip(),
            ),
            next=self._get_page() or {"type": "ir.actions.act_window_close"},
        )

    def _get_page(self):
        """Return the action that opens the page for one account again, or None."""
        page = self.transaction_id
        return TransactionSetup(page).get_one_page() if page else None

    def _find_item(self):
        """Return the company's item of that name, archived or not; active ones first.

        :return: a ``product.product``; only its name is told
        """
        items_sudo = self.env["product.product"].sudo().with_context(active_test=False)
        return items_sudo.search(
            [
                ("is_credit_item", "=", True),
                ("name", "=ilike", escape_psql(self.name.strip())),
                ("company_id", "in", [False, *self.company_id.parent_ids.ids]),
            ],
            order="active DESC, id",
            limit=1,
        )

    @api.model
    def _is_asked_for(self, item_sudo):
        """Tell whether administrators were asked for an item and have not decided."""
        activity_type = self.env.ref(ACTIVITY)
        return activity_type in item_sudo.activity_ids.activity_type_id

    def _create_item(self):
        """Create the item, archived: nobody can choose it yet.

        :return: a ``product.product``, with all rights, which the user does not have
        """
        items_sudo = self.env["product.product"].sudo()
        return items_sudo.create(
            {
                "name": self.name.strip(),
                "is_credit_item": True,
                "company_id": self.company_id.id,
                "active": False,
            }
        )

    def _get_text(self):
        """Say who asks for what, and what to do."""
        text = self.env._(
            "%(user)s asks for the credit item %(item)s. Check its ledger account and "
            "taxes, then unarchive it; or delete it.",
            user=self.env.user.name,
            item=self.name.strip(),
        )
        return f"{text} {self.reason.strip()}" if self.reason else text
