from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.account_credit_posting.const import BILLING_GROUPS

from . import card_ledger, flow


class LoyaltyCard(models.Model):
    """Have the balance that the ledger says, where the program is kept there."""

    _inherit = "loyalty.card"

    stored_value_ids = fields.One2many(
        comodel_name="account.stored.value",
        inverse_name="loyalty_card_id",
        string="Gift Card in the Ledger",
        readonly=True,
        groups=BILLING_GROUPS,
        help="The money of this card; one at most.",
    )
    points = fields.Float(
        compute="_compute_points", store=True, readonly=False, compute_sudo=True
    )

    @api.depends(
        "program_id.is_in_ledger",
        "stored_value_ids.state",
        "stored_value_ids.expiry_date",
        "stored_value_ids.move_line_ids.parent_state",
        "stored_value_ids.move_line_ids.amount_currency",
    )
    def _compute_points(self):
        kept = self._filter_kept()
        balances = card_ledger.find_balances(kept)
        for card in self:
            card.points = max(0, balances[card]) if card in kept else card.points

    def _filter_kept(self):
        """Return the cards whose program is kept in the ledger."""
        # Whoever has a card need not see programs.
        return self.filtered(lambda card: card.sudo().program_id.is_in_ledger)

    def _find_reserved(self):
        """Return what open orders have of these cards, and is not booked yet.

        :return: ``{card: amount}``, in the currency of its program; cards with
            nothing need not be in it
        """
        reserved = {}
        for lines_sudo in self._find_reserving_lines():
            for line_sudo in flow.filter_reserved(lines_sudo):
                card = line_sudo.coupon_id.with_env(self.env)
                amount = line_sudo._get_unbooked_amount()
                if amount:
                    reserved[card] = reserved.get(card, 0) + amount
        return reserved

    def _find_reserving_lines(self):
        """Return the lines of orders that may have some of these cards.

        :return: list of recordsets with all rights, whose records have ``coupon_id``
            and ``_get_unbooked_amount``
        """
        return []

    @api.model_create_multi
    def create(self, vals_list):
        """Let cards in the ledger begin without points: money comes by an event.

        :raise UserError: when one would have some
        """
        programs_sudo = self.env["loyalty.program"].sudo()
        default_id = self.default_get(["program_id"]).get("program_id")
        complete = []
        for vals in vals_list:
            program_sudo = programs_sudo.browse(vals.get("program_id", default_id))
            if program_sudo.is_in_ledger and "points" in vals:
                if vals["points"] and not flow.is_flow(self.env):
                    self._refuse_points(program_sudo)
                vals = {name: vals[name] for name in vals if name != "points"}
            complete.append(vals)
        return super().create(complete)

    def write(self, vals):
        """Keep points to what the ledger says.

        :raise UserError: when a card in the ledger would get others
        """
        kept = self._filter_kept()
        others = self - kept
        if not kept:
            return super().write(vals)
        if "points" in vals:
            if not flow.is_flow(self.env):
                for card in kept.filtered(
                    lambda card: card.currency_id.compare_amounts(
                        card.points, vals["points"]
                    )
                ):
                    self._refuse_points(card.sudo().program_id, card)
            if others:
                super(LoyaltyCard, others).write(vals)
            vals = {name: vals[name] for name in vals if name != "points"}
            others = others.browse()
        kept._check_stays(vals)
        result = super(LoyaltyCard, kept | others).write(vals) if vals else True
        if "code" in vals:
            for card_sudo in kept.sudo().filtered("stored_value_ids"):
                card_ledger.set_code(card_sudo.stored_value_ids, card_sudo)
        return result

    @api.model
    def _refuse_points(self, program_sudo, card=None):
        raise UserError(
            self.env._(
                "%(card)s is kept in the ledger: its balance follows from the posted "
                "entries. Sell it, or correct, refund or give away a gift card under "
                "Invoicing.",
                card=card.display_name if card else program_sudo.display_name,
            )
        )

    def _check_stays(self, vals):
        """Check that a card in the ledger stays in its program, and a wallet its own.

        :param dict vals: of ``write``
        :raise UserError: when it would change
        """
        for card_sudo in self.sudo().filtered("stored_value_ids"):
            if "program_id" in vals and vals["program_id"] != card_sudo.program_id.id:
                raise UserError(
                    self.env._(
                        "%(card)s has money in the ledger: you cannot move it to "
                        "another program.",
                        card=card_sudo.display_name,
                    )
                )
            # Merged contacts are one account.
            if (
                "partner_id" not in vals
                or card_sudo.program_type != "ewallet"
                or flow.is_flow(self.env)
            ):
                continue
            account = self.env["res.partner"].browse(vals["partner_id"])
            holder_sudo = card_sudo.stored_value_ids.partner_id
            if account.commercial_partner_id != holder_sudo:
                raise UserError(
                    self.env._(
                        "%(card)s holds money of %(account)s. Move it under Invoicing "
                        "instead.",
                        card=card_sudo.display_name,
                        account=holder_sudo.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_ledger(self):
        for card_sudo in self.sudo():
            if card_sudo.stored_value_ids:
                raise UserError(
                    self.env._(
                        "%(card)s has money in the ledger. Archive it instead: the "
                        "money is still owed.",
                        card=card_sudo.display_name,
                    )
                )

    def _get_face_value(self):
        """Return what is printed on the card: also while it is not paid yet."""
        self.ensure_one()
        value_sudo = self.sudo().stored_value_ids
        waits = value_sudo.awaits_payment
        return value_sudo.initial_amount if waits else self.points

    def _send_creation_communication(self, force_send=False):
        # A card that is not paid yet is worth nothing: it is sent when it is.
        waiting_sudo = self._filter_kept().sudo()
        waiting = waiting_sudo.filtered(
            lambda card: card.stored_value_ids.state != "active"
        )
        ready = self.filtered(lambda card: card not in waiting)
        return super(LoyaltyCard, ready)._send_creation_communication(
            force_send=force_send
        )
