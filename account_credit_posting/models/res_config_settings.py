from odoo import fields, models

from ..tools.actions import notify
from .stored_value.account_gift_card import rotate_code_key


class ResConfigSettings(models.TransientModel):
    """Settings of account credits, per company."""

    _inherit = "res.config.settings"

    credit_journal_id = fields.Many2one(
        related="company_id.credit_journal_id",
        readonly=False,
    )
    credit_entry_journal_id = fields.Many2one(
        related="company_id.credit_entry_journal_id",
        readonly=False,
    )
    credit_account_id = fields.Many2one(
        related="company_id.credit_account_id",
        readonly=False,
    )
    credit_accounting_is_new = fields.Boolean(
        related="company_id.credit_accounting_is_new",
    )
    credit_background_lines = fields.Integer(
        related="company_id.credit_background_lines",
        readonly=False,
    )
    credit_approval_amount = fields.Monetary(
        related="company_id.credit_approval_amount",
        readonly=False,
    )
    credit_approval_line_amount = fields.Monetary(
        related="company_id.credit_approval_line_amount",
        readonly=False,
    )
    credit_approval_has_manager_limits = fields.Boolean(
        related="company_id.credit_approval_has_manager_limits",
        readonly=False,
    )
    credit_approval_manager_amount = fields.Monetary(
        related="company_id.credit_approval_manager_amount",
        readonly=False,
    )
    credit_approval_manager_line_amount = fields.Monetary(
        related="company_id.credit_approval_manager_line_amount",
        readonly=False,
    )
    credit_undo_minutes = fields.Integer(
        related="company_id.credit_undo_minutes",
        readonly=False,
    )
    credit_open_cap = fields.Monetary(
        related="company_id.credit_open_cap",
        readonly=False,
    )
    credit_application_policy = fields.Selection(
        related="company_id.credit_application_policy",
        readonly=False,
    )
    credit_application_log = fields.Boolean(
        related="company_id.credit_application_log",
        readonly=False,
    )
    credit_application_days = fields.Integer(
        related="company_id.credit_application_days",
        readonly=False,
    )
    credit_apply_credit_notes = fields.Boolean(
        related="company_id.credit_apply_credit_notes",
        readonly=False,
    )
    credit_apply_payments = fields.Boolean(
        related="company_id.credit_apply_payments",
        readonly=False,
    )
    stored_value_journal_id = fields.Many2one(
        related="company_id.stored_value_journal_id",
        readonly=False,
    )
    gift_card_liability_account_id = fields.Many2one(
        related="company_id.gift_card_liability_account_id",
        readonly=False,
    )
    prepayment_liability_account_id = fields.Many2one(
        related="company_id.prepayment_liability_account_id",
        readonly=False,
    )
    promotional_liability_account_id = fields.Many2one(
        related="company_id.promotional_liability_account_id",
        readonly=False,
    )
    gift_card_promotion_account_id = fields.Many2one(
        related="company_id.gift_card_promotion_account_id",
        readonly=False,
    )
    breakage_account_id = fields.Many2one(
        related="company_id.breakage_account_id",
        readonly=False,
    )
    breakage_tax_id = fields.Many2one(
        related="company_id.breakage_tax_id",
        readonly=False,
    )
    unclaimed_property_account_id = fields.Many2one(
        related="company_id.unclaimed_property_account_id",
        readonly=False,
    )
    breakage_contra_account_id = fields.Many2one(
        related="company_id.breakage_contra_account_id",
        readonly=False,
    )
    gift_card_tax_policy = fields.Selection(
        related="company_id.gift_card_tax_policy",
        readonly=False,
    )
    gift_card_validity_months = fields.Integer(
        related="company_id.gift_card_validity_months",
        readonly=False,
    )
    stored_value_for_services = fields.Boolean(
        related="company_id.stored_value_for_services",
        readonly=False,
    )
    expiry_grace_days = fields.Integer(
        related="company_id.expiry_grace_days",
        readonly=False,
    )
    credit_tz = fields.Selection(
        related="company_id.credit_tz",
        readonly=False,
    )
    book_expired_credits = fields.Boolean(
        related="company_id.book_expired_credits",
        readonly=False,
    )
    expiry_reminder_days = fields.Integer(
        related="company_id.expiry_reminder_days",
        readonly=False,
    )
    paid_value_expires = fields.Boolean(
        related="company_id.paid_value_expires",
        readonly=False,
    )
    auto_apply_prepayments = fields.Boolean(
        related="company_id.auto_apply_prepayments",
        readonly=False,
    )
    auto_apply_gift_cards = fields.Boolean(
        related="company_id.auto_apply_gift_cards",
        readonly=False,
    )
    credit_portal_access = fields.Selection(
        related="company_id.credit_portal_access",
        readonly=False,
    )
    portal_pay_credits = fields.Boolean(
        related="company_id.portal_pay_credits",
        readonly=False,
    )
    portal_pay_prepayments = fields.Boolean(
        related="company_id.portal_pay_prepayments",
        readonly=False,
    )
    portal_pay_gift_cards = fields.Boolean(
        related="company_id.portal_pay_gift_cards",
        readonly=False,
    )
    credit_statement_mails = fields.Boolean(
        related="company_id.credit_statement_mails",
        readonly=False,
    )
    gift_card_public_check = fields.Boolean(
        related="company_id.gift_card_public_check",
        readonly=False,
    )

    def action_rotate_code_key(self):
        """Make a new key for the codes of gift cards to come; the others stay valid.

        :return: a notification
        :raise AccessError: when the user is no administrator of the system
        """
        rotate_code_key(self.env)
        return notify(self.env._("New codes use a new key. Existing codes stay valid."))
