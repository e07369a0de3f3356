from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import (
    LIABILITY_FIELDS,
    STORED_VALUE_ACCOUNTS,
    STORED_VALUE_JOURNAL_NAME,
    STORED_VALUE_SEQUENCES,
)


class ResCompany(models.Model):
    """Where a company books the money that it holds for its customers."""

    # One file per concern.
    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    # As with credits, all may be empty: a company without a chart of accounts has
    # none, and a branch uses those of its parent.
    stored_value_journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Journal of Gift Cards",
        check_company=True,
        domain=[("type", "=", "general")],
        help="Gift cards and prepayments are given away, used, moved, corrected and "
        "expired in this journal. Their payments are in that of the bank or the till.",
    )
    gift_card_liability_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Gift Cards Sold",
        check_company=True,
        domain=[("account_type", "=", "liability_current")],
        help="Credited when a gift card is sold, debited when it is used.",
    )
    prepayment_liability_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Customer Prepayments",
        check_company=True,
        domain=[("account_type", "=", "liability_current")],
        help="Credited when a prepayment is received, debited when it is used.",
    )
    promotional_liability_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Gift Cards Given Away",
        check_company=True,
        domain=[("account_type", "=", "liability_current")],
        help="Credited when a gift card is given away, debited when it is used: no "
        "money came in for it.",
    )
    gift_card_promotion_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Promotional Gift Cards",
        check_company=True,
        domain=[("internal_group", "in", ("income", "expense"))],
        help="Debited when a gift card is given away: it lowers the revenue.",
    )
    breakage_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Breakage",
        check_company=True,
        domain=[("internal_group", "=", "income")],
        help="Credited with what is left of gift cards and prepayments that expire.",
    )
    gift_card_validity_months = fields.Integer(
        string="Gift Cards Are Valid",
        help="Months until a new gift card expires, where it may; zero for ever.",
    )
    paid_value_expires = fields.Boolean(
        help="Whether value that was paid for may expire, where the law allows. "
        "Otherwise only gift cards that were given away expire.",
    )

    expiry_grace_days = fields.Integer(
        string="Days of Grace",
        help="So many days after its expiry date, a gift card can still be used.",
    )
    expiry_reminder_days = fields.Integer(
        string="Days of Notice",
        default=30,
        help="So many days before it expires, the holder is reminded by e-mail; zero "
        "for never.",
    )
    auto_apply_prepayments = fields.Boolean(
        string="Prepayments Pay Invoices",
        help="Prepayments pay open invoices as credits do, after these.",
    )
    auto_apply_gift_cards = fields.Boolean(
        string="Gift Cards Pay Invoices",
        help="Gift cards pay open invoices as credits do, after prepayments.",
    )

    _stored_value_periods_not_negative = models.Constraint(
        "CHECK (gift_card_validity_months >= 0 AND expiry_grace_days >= 0 "
        "AND expiry_reminder_days >= 0)",
        "Months and days of gift cards are zero or more.",
    )

    @api.constrains("stored_value_journal_id", *STORED_VALUE_ACCOUNTS)
    def _check_stored_value_accounting(self):
        # Odoo checks the companies of a company's own fields on screens only.
        self._check_company(["stored_value_journal_id", *STORED_VALUE_ACCOUNTS])
        for company in self:
            chosen = [company[name] for name in LIABILITY_FIELDS if company[name]]
            if len(chosen) > len(set(chosen)):
                raise ValidationError(
                    self.env._(
                        "%(company)s: gift cards sold, prepayments and gift cards "
                        "given away each need a liability account of their own.",
                        company=company.name,
                    )
                )

    # -------------------------------------------------------------------------
    # SET-UP
    # -------------------------------------------------------------------------

    def _create_stored_value_sequences(self):
        """Create the sequences of gift cards and prepayments where there are none."""
        for code, (name, prefix) in STORED_VALUE_SEQUENCES.items():
            self._create_missing_sequence(code, self.env._(name), prefix)

    def _create_stored_value_accounting(self):
        """Create the ledger accounts and the journal that the company misses."""
        self.ensure_one()
        for field_name, (name, account_type) in STORED_VALUE_ACCOUNTS.items():
            if not self[field_name]:
                self[field_name] = self._create_named_account(name, account_type)
        if not self.stored_value_journal_id:
            self.stored_value_journal_id = self._create_named_journal(
                STORED_VALUE_JOURNAL_NAME, "STVAL", "general"
            )

    # -------------------------------------------------------------------------
    # GETTERS
    # -------------------------------------------------------------------------

    def _get_liability_account(self, value_type, funding):
        """Return the liability account of a stored value, own or of the parent.

        :param value_type: "gift_card" or "prepayment"
        :param funding: see ``account.stored.value.funding``
        """
        if funding == "promotion":
            return self._get_own_or_parent("promotional_liability_account_id")
        return self._get_own_or_parent(f"{value_type}_liability_account_id")

    def _get_liability_accounts(self):
        """Return all liability accounts of stored value of these companies."""
        return self.env["account.account"].union(
            *(
                company._get_own_or_parent(name)
                for company in self
                for name in LIABILITY_FIELDS
            )
        )
