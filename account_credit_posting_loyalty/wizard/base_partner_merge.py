from odoo import models

from odoo.addons.account_credit_posting.models.stored_value import stored_value_changes

from ..models import flow


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Let wallets in the ledger of merged contacts become one."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        merging = flow.with_flow(self)
        super(BasePartnerMergeAutomaticWizard, merging)._update_foreign_keys(
            src_partners, dst_partner
        )

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        cards_sudo = self.env["loyalty.card"].sudo()
        kept_sudo = cards_sudo.search(
            [
                ("partner_id", "in", (src_partners | dst_partner).ids),
                ("program_id.is_in_ledger", "=", True),
                ("program_id.program_type", "=", "ewallet"),
            ]
        )
        for its_cards_sudo in kept_sudo.grouped("program_id").values():
            self._join_wallets(its_cards_sudo, dst_partner)
        return super()._merge_loyalty_cards(src_partners, dst_partner)

    def _join_wallets(self, cards_sudo, partner):
        """Let the money of wallets join that of the one that stays."""
        values_sudo = cards_sudo.sorted("id").stored_value_ids.filtered(
            lambda value: value.state == "active"
        )
        own_sudo = values_sudo.filtered(
            lambda value: value.loyalty_card_id.partner_id == partner
        )
        stays_sudo = (own_sudo or values_sudo)[:1]
        for value_sudo in values_sudo - stays_sudo:
            stored_value_changes.join(value_sudo, stays_sudo, value_sudo.balance)
