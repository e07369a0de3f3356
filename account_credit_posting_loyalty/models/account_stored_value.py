from odoo import fields, models
from odoo.exceptions import UserError


class AccountStoredValue(models.Model):
    """Know the card of a loyalty program that is this money."""

    _inherit = "account.stored.value"

    loyalty_card_id = fields.Many2one(
        comodel_name="loyalty.card",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The card of a loyalty program whose balance this is; one for each.",
        written_by="event",
    )
    top_up_card_id = fields.Many2one(
        comodel_name="loyalty.card",
        string="Tops Up",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The eWallet that gets this money once it is paid.",
        written_by="event",
    )
    # Whoever sees stored value need not see loyalty.
    loyalty_program_name = fields.Char(
        related="loyalty_card_id.program_id.name", string="Loyalty Program"
    )
    _loyalty_card_id_unique = models.UniqueIndex(
        "(loyalty_card_id) WHERE loyalty_card_id IS NOT NULL",
        "A card of a loyalty program is one gift card only.",
    )

    def _find_reserved(self):
        reserved = super()._find_reserved()
        # Whoever uses stored value need not see loyalty.
        cards_sudo = self.sudo().loyalty_card_id
        for card_sudo, amount in cards_sudo._find_reserved().items():
            value = card_sudo.stored_value_ids.with_env(self.env)
            reserved[value] = reserved.get(value, 0) + amount
        return reserved

    def action_new_code(self):
        """Leave the code of a loyalty card to that card.

        :raise UserError: where it is one
        """
        self._check_no_loyalty_card()
        return super().action_new_code()

    def action_show_new_code(self):
        """Leave the code of a loyalty card to that card.

        :raise UserError: where it is one
        """
        self._check_no_loyalty_card()
        return super().action_show_new_code()

    def send_card(self, email=None, date=None):
        """Leave it to loyalty to send its cards.

        :raise UserError: where it is one
        """
        self._check_no_loyalty_card()
        return super().send_card(email=email, date=date)

    def _check_no_loyalty_card(self):
        for value_sudo in self.sudo().filtered("loyalty_card_id"):
            raise UserError(
                self.env._(
                    "%(name)s is a card of %(program)s and has the code of that card. "
                    "Change the code there, or send the card from there.",
                    name=value_sudo.name,
                    program=value_sudo.loyalty_program_name,
                )
            )
