from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list, split_every

from odoo.addons.account_credit_posting.const import (
    CHUNK_VALUES,
    OPENING_ACCOUNT_TYPES,
)
from odoo.addons.account_credit_posting.models.stored_value import (
    stored_value_changes,
    stored_value_request,
)
from odoo.addons.account_credit_posting.tools.locks import lock_rows

from ..models import card_ledger


class LoyaltyProgramKeep(models.TransientModel):
    """Take over the cards of a program into the ledger, by opening entries."""

    _name = "loyalty.program.keep"
    _description = "Keep a Loyalty Program in the Ledger"

    program_id = fields.Many2one(
        comodel_name="loyalty.program", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="program_id.company_id")
    currency_id = fields.Many2one(related="program_id.currency_id")
    card_count = fields.Integer(
        string="Cards with a Balance", compute="_compute_amount_total"
    )
    amount_total = fields.Monetary(
        string="Balance of All Cards", compute="_compute_amount_total"
    )
    needs_account = fields.Boolean(compute="_compute_amount_total")
    opening_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Held So Far On",
        domain=lambda self: [("account_type", "in", OPENING_ACCOUNT_TYPES)],
        help="The ledger account that holds the balance of these cards so far. The "
        "opening entries take it from there.",
    )
    account_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account of Cards without a Customer",
        domain="[('parent_id', '=', False)]",
        help="Their money is held for this account until somebody redeems it.",
    )

    @api.depends("program_id")
    def _compute_amount_total(self):
        for dialog in self:
            cards_sudo = dialog._get_cards()
            dialog.card_count = len(cards_sudo)
            dialog.amount_total = sum(cards_sudo.mapped("points"))
            dialog.needs_account = not all(cards_sudo.mapped("partner_id"))

    def _get_cards(self):
        return self.program_id._get_cards().filtered("points")

    def action_keep(self):
        """Book the balance of each card, and keep the program in the ledger.

        :return: a notification with both sums
        :raise AccessError: when the user may not correct stored value
        :raise UserError: when a balance cannot be taken over; then none is
        """
        self.ensure_one()
        values = self.env["account.stored.value"]
        values._check_may_manage()
        program = self.program_id
        program.check_access("write")
        if program.is_in_ledger:
            raise UserError(
                self.env._("%s is already kept in the ledger.", program.name)
            )
        # Nobody sells, uses or takes over one of them meanwhile.
        lock_rows(program)
        cards_sudo = self._get_cards()
        lock_rows(cards_sudo)
        self._check_closed(program)
        before = {card: card.points for card in cards_sudo}
        for card_sudo in cards_sudo:
            self._check_card(card_sudo)
        program._take_over()
        taken_sudo = values.sudo()
        for set_sudo in split_every(CHUNK_VALUES, before, list):
            taken_sudo |= self._take_over(set_sudo, before)
        self._check_tie_out(before)
        return self._get_result(taken_sudo, before)

    def _check_closed(self, program):
        if names := program._find_open_documents():
            raise UserError(
                self.env._(
                    "Cards of %(program)s are sold or used by %(documents)s. Invoice, "
                    "close or cancel these first.",
                    program=program.name,
                    documents=format_list(self.env, names[:10]),
                )
            )

    def _check_card(self, card_sudo):
        """Check that the balance of a card is an amount that can be owed.

        :raise UserError: names the card
        """
        currency = card_sudo.currency_id
        points = card_sudo.points
        if points < 0 or abs(points - currency.round(points)) > 1e-6:
            raise UserError(
                self.env._(
                    "%(card)s has a balance of %(points)s, which is not a valid "
                    "amount in %(currency)s. Correct it first.",
                    card=card_sudo.display_name,
                    points=points,
                    currency=currency.name,
                )
            )
        if not card_sudo.partner_id and not self.account_id:
            raise UserError(
                self.env._(
                    "%(card)s has no customer. Choose the account of such cards.",
                    card=card_sudo.display_name,
                )
            )

    def _take_over(self, cards_sudo, before):
        """Issue the money of cards as one set.

        :param dict before: ``{card: points}``
        """
        program = self.program_id
        company = program.company_id
        values = self.env["account.stored.value"]
        drafts = values.create(
            [
                {
                    **stored_value_request.prepare_issue(
                        values,
                        value_type="gift_card",
                        account_id=(card.partner_id or self.account_id).id,
                        amount=card.currency_id.round(before[card]),
                        funding="opening",
                        company_id=company.id,
                        currency_id=program.currency_id.id,
                        opening_account_id=self.opening_account_id.id,
                    ),
                    # A card that never expires does not begin to.
                    "expiry_date": company.paid_value_expires and card.expiration_date,
                }
                for card in cards_sudo
            ]
        )
        stored_value_changes.issue_drafts(drafts)
        drafts_sudo = drafts.sudo()
        for value_sudo, card_sudo in zip(drafts_sudo, cards_sudo, strict=True):
            card_ledger.link(value_sudo, card_sudo)
        return drafts_sudo

    def _check_tie_out(self, before):
        """Check that each card has in the ledger what it had on the old list.

        :param dict before: ``{card: points}``
        :raise UserError: when one has not
        """
        for card_sudo, points in before.items():
            value_sudo = card_sudo.stored_value_ids
            # What waits for a second person is booked when that one approves it.
            held = (
                value_sudo.initial_amount
                if value_sudo.state == "to_approve"
                else value_sudo.balance
            )
            if card_sudo.currency_id.compare_amounts(held, points):
                raise UserError(
                    self.env._(
                        "%(card)s had %(before)s and would have %(after)s.",
                        card=card_sudo.display_name,
                        before=card_sudo.currency_id.format(points),
                        after=card_sudo.currency_id.format(held),
                    )
                )

    def _get_result(self, taken_sudo, before):
        currency = self.currency_id
        waiting_sudo = taken_sudo.filtered(lambda value: value.state == "to_approve")
        booked = sum((taken_sudo - waiting_sudo).mapped("balance"))
        message = self.env._(
            "%(count)s cards had %(before)s; %(after)s is posted.",
            count=len(before),
            before=currency.format(sum(before.values())),
            after=currency.format(booked),
        )
        if waiting_sudo:
            message += " " + self.env._(
                "%(amount)s on %(count)s cards is waiting for approval.",
                amount=currency.format(sum(waiting_sudo.mapped("initial_amount"))),
                count=len(waiting_sudo),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.program_id.name,
                "message": message,
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
