from odoo import api, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    """Keep the accounts for whom money is held."""

    # One file per concern.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    def write(self, vals):
        """Keep accounts that money is held for in use.

        :raise UserError: when one of them would be archived
        """
        if "active" in vals and not vals["active"]:
            self._check_holds_nothing()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_holding(self):
        self._check_holds_nothing()

    def _check_holds_nothing(self):
        """Refuse when money is held for one of these accounts, in any company.

        :raise UserError: names the account and what is held
        """
        # The rule holds for users and in companies that cannot see it, too.
        values_sudo = (
            self.env["account.stored.value"]
            .sudo()
            .search([("partner_id", "in", self.ids), ("state", "!=", "draft")])
        )
        for value_sudo in values_sudo:
            if not value_sudo.currency_id.is_zero(value_sudo.balance):
                raise UserError(
                    self.env._(
                        "%(account)s has %(balance)s left on %(name)s: the money is "
                        "still owed. Use, move or refund it first.",
                        account=value_sudo.partner_id.display_name,
                        balance=value_sudo.currency_id.format(value_sudo.balance),
                        name=value_sudo.name,
                    )
                )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_new_stored_value(self):
        """Open a new gift card or prepayment, as the context's ``value_type`` says.

        :return: a window action on ``account.stored.value``
        :raise AccessError: when the user may not issue
        """
        self.ensure_one()
        values = self.env["account.stored.value"]
        values._check_may_use()
        value_type = self.env.context.get("value_type", "gift_card")
        is_card = value_type == "gift_card"
        view = self.env.ref(
            "account_credit_posting.account_stored_value_view_form_issue"
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Gift Card")
            if is_card
            else self.env._("New Prepayment"),
            "res_model": values._name,
            "views": [(view.id, "form")],
            "target": "new",
            "context": {
                "default_value_type": value_type,
                "default_partner_id": self.commercial_partner_id.id,
                "default_funding": "payment",
            },
        }

    def action_redeem_code(self):
        """Ask for the code of a gift card, to put what is on it on this account.

        :return: a client action; what is typed is stored nowhere
        :raise AccessError: when the user may not use stored value
        """
        self.ensure_one()
        self.env["account.stored.value"]._check_may_use()
        account = self.commercial_partner_id
        return {
            "type": "ir.actions.client",
            "tag": "account_credit_posting.redeem_code",
            "name": self.env._("Redeem a Gift Card"),
            "target": "new",
            "params": {"account_id": account.id, "account": account.display_name},
        }

    def action_use_stored_value(self):
        """Offer what the account has for its open invoices.

        :return: a window action on ``account.stored.value.use``
        :raise AccessError: when the user may not use stored value
        """
        self.ensure_one()
        account = self.commercial_partner_id
        invoices = self.env["account.move"].search(
            [
                ("commercial_partner_id", "=", account.id),
                ("company_id", "=", self.env.company.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_receipt")),
                ("payment_state", "in", ("not_paid", "partial")),
                ("stored_value_event", "=", False),
            ]
        )
        return self.env["account.stored.value.use"]._get_open_action(
            account, self.env.company, invoices
        )

    def action_view_stored_value_history(self):
        """Open every movement of the gift cards and prepayments of the account.

        Of one kind, where the context names a ``value_type``.

        :return: a window action on ``account.stored.value.movement``
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_credit_posting.account_stored_value_movement_action"
        )
        value_type = self.env.context.get("value_type")
        return {
            **action,
            "name": self.env._(
                "%(account)s: Gift Cards & Prepayments", account=self.display_name
            ),
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
            "context": {
                "search_default_group_by_stored_value": 1,
                "stored_value_details": True,
                **({f"search_default_{value_type}": 1} if value_type else {}),
            },
        }
