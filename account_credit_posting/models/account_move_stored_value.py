from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_list

from .account_credit_line import POSTING


class AccountMove(models.Model):
    """Keep liability accounts of stored value to the events of stored value."""

    # One file per concern.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    stored_value_event = fields.Selection(
        selection=[
            ("issue", "Issued"),
            ("use", "Used"),
            ("undo", "Use undone"),
            ("adjust", "Corrected"),
            ("move", "Moved"),
            ("redeem", "Redeemed"),
            ("refund", "Refunded"),
            ("expire", "Expired"),
            ("void", "Voided"),
        ],
        readonly=True,
        copy=False,
        help="What this entry did with a gift card or a prepayment.",
    )

    def _is_stored_value_event(self):
        return self.env.context.get("stored_value_event") is POSTING

    @api.model_create_multi
    def create(self, vals_list):
        """Let events alone say that an entry is one.

        :raise AccessError: when anything else does
        """
        if any(vals.get("stored_value_event") for vals in vals_list):
            self._check_is_stored_value_event()
        return super().create(vals_list)

    def write(self, vals):
        """Keep the event of an entry, and posted events posted.

        :raise AccessError: when the event would change
        :raise UserError: when an event would no longer be posted
        """
        if "stored_value_event" in vals:
            self._check_is_stored_value_event()
        if vals.get("state", "posted") != "posted":
            self._check_is_no_posted_event()
        return super().write(vals)

    def _check_is_stored_value_event(self):
        if not self._is_stored_value_event():
            raise AccessError(
                self.env._("Events of gift cards and prepayments are posted by these.")
            )

    def _check_is_no_posted_event(self):
        # The rule holds for users who cannot see stored value, too.
        for move_sudo in self.sudo():
            if not move_sudo.stored_value_event or move_sudo.state != "posted":
                continue
            if move_sudo.is_sale_document():
                raise UserError(
                    self.env._(
                        "%(move)s sold or took back gift cards and stays posted. "
                        "Reverse an invoice with a credit note.",
                        move=move_sudo.name,
                    )
                )
            raise UserError(
                self.env._(
                    "%(move)s belongs to a gift card or prepayment and stays posted. "
                    "Correct, refund or void that one.",
                    move=move_sudo.name,
                )
            )

    def _check_draftable(self):
        self._check_is_no_posted_event()
        return super()._check_draftable()

    def _compute_show_reset_to_draft_button(self):
        result = super()._compute_show_reset_to_draft_button()
        self.filtered("stored_value_event").show_reset_to_draft_button = False
        return result

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _post(self, soft=True):
        today = fields.Date.context_today(self)
        # Odoo leaves what is dated ahead a draft.
        now = self.filtered(lambda move: not soft or move.date <= today)
        documents = now.filtered(lambda move: move.is_sale_document())
        invoices = documents.filtered(lambda move: move.move_type == "out_invoice")
        invoices._sell_gift_cards()
        (documents - invoices)._take_back_gift_cards()
        now._check_stored_value_lines()
        posted = super()._post(soft=soft)
        documents._settle_gift_cards()
        return posted

    def _check_stored_value_lines(self):
        """Let every line on a liability account name its stored value, and only events.

        :raise UserError: when a line does not
        """
        # The chart of accounts and stored values need not be the user's to see.
        accounts = self.sudo().company_id._get_liability_accounts()
        lines_sudo = self.sudo().line_ids.filtered(
            lambda line: line.stored_value_id or line.account_id in accounts
        )
        strangers_sudo = lines_sudo.filtered(
            lambda line: (
                not line.stored_value_id
                or not (self._is_stored_value_event() or line._sells_gift_card())
            )
        )
        if strangers_sudo:
            raise UserError(
                self.env._(
                    "%(accounts)s hold the money of gift cards and prepayments. Post "
                    "there by issuing, correcting or using one of these.",
                    accounts=format_list(
                        self.env, strangers_sudo.account_id.mapped("display_name")
                    ),
                )
            )
        for line_sudo in lines_sudo:
            value_sudo = line_sudo.stored_value_id
            if (
                line_sudo.account_id != value_sudo.liability_account_id
                or line_sudo.partner_id != value_sudo.partner_id
                or line_sudo.company_id != value_sudo.company_id
                or line_sudo.currency_id != value_sudo.currency_id
            ):
                raise UserError(
                    self.env._(
                        "%(move)s: a line on %(account)s must name the stored value, "
                        "the account, the company and the currency that it is held in.",
                        move=line_sudo.move_id.display_name,
                        account=line_sudo.account_id.display_name,
                    )
                )
