from odoo import fields, models

#: What a company may say about approvals: a branch has all of them from one company.
LIMIT_FIELDS = (
    "credit_approval_amount",
    "credit_approval_line_amount",
    "credit_approval_has_manager_limits",
)


class ResCompany(models.Model):
    """What somebody may credit without a second person, and what an account may hold.

    All amounts are in company currency. A branch without limits has those of the
    company that it belongs to.
    """

    # One file per concern.
    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    credit_approval_amount = fields.Monetary(
        string="Total Without Approval",
        help="A credit batch with a higher total waits for an administrator who has "
        "not prepared it: nothing is booked until then. Zero: no limit.",
    )
    credit_approval_line_amount = fields.Monetary(
        string="Credit Without Approval",
        help="A credit batch with a higher credit for one account waits for an "
        "administrator who has not prepared it: nothing is booked until then. Zero: no "
        "limit.",
    )
    credit_approval_has_manager_limits = fields.Boolean(
        string="Other Limits for Administrators",
        help="Administrators of credits have limits of their own. Without it, those of "
        "everybody hold for them, too.",
    )
    credit_approval_manager_amount = fields.Monetary(
        string="Total of Administrators",
        help="A credit batch of an administrator with a higher total waits for another "
        "administrator. Zero: no limit.",
    )
    credit_approval_manager_line_amount = fields.Monetary(
        string="Credit of Administrators",
        help="A credit batch of an administrator with a higher credit for one account "
        "waits for another administrator. Zero: no limit.",
    )
    credit_open_cap = fields.Monetary(
        string="Open Credit per Account",
        help="A credit that would leave an account with more open credit is not "
        "posted. What it pays at once does not count. Zero: no limit.",
    )

    _credit_limits_not_negative = models.Constraint(
        "CHECK (credit_approval_amount >= 0 AND credit_approval_line_amount >= 0"
        " AND credit_approval_manager_amount >= 0"
        " AND credit_approval_manager_line_amount >= 0 AND credit_open_cap >= 0)",
        "Limits of credits are zero, which is no limit, or above.",
    )

    def _get_credit_limits(self, user):
        """Return what a user may credit without a second person.

        :return: ``(total of a batch, largest credit)``, in company currency, zero where
            there is no limit
        """
        self.ensure_one()
        company_sudo = self._find_with_any(LIMIT_FIELDS)
        # Who has which right is not for everybody to read.
        is_manager = bool(user) and user.sudo().has_group(
            "account_credit_posting.group_credit_manager"
        )
        if is_manager and company_sudo.credit_approval_has_manager_limits:
            return (
                company_sudo.credit_approval_manager_amount,
                company_sudo.credit_approval_manager_line_amount,
            )
        return (
            company_sudo.credit_approval_amount,
            company_sudo.credit_approval_line_amount,
        )

    def _get_credit_open_cap(self):
        """Return how much open credit an account may have; zero where there is no cap.

        In company currency, which branches share.
        """
        self.ensure_one()
        return self._find_with_any(["credit_open_cap"]).credit_open_cap

    def _find_with_any(self, names):
        """Return the nearest company, itself before its parents, that has a setting.

        :param names: of fields, of which one is enough
        :return: the company with all rights; itself where there is none
        """
        # Whoever works in a branch need not see the company above it.
        self_sudo = self.sudo()
        for company_sudo in reversed(self_sudo.parent_ids):
            if any(company_sudo[name] for name in names):
                return company_sudo
        return self_sudo
