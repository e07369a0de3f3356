from odoo import api, fields, models


class ResCompany(models.Model):
    """Where a company books the credits that it gives."""

    _inherit = "res.company"

    credit_journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Credit Journal",
        check_company=True,
        domain=[("type", "=", "sale")],
        ondelete="restrict",
        help="Credits are posted as credit notes of this journal, with its numbers: "
        "an own journal, or the one of your invoices.",
    )
    credit_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Discounts and Credits Given",
        check_company=True,
        domain=[("internal_group", "in", ("income", "expense"))],
        ondelete="restrict",
        help="Debited by credit items that have no ledger account of their own.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Give each new company its own numbers for credit batches."""
        companies = super().create(vals_list)
        companies._create_credit_sequence()
        return companies

    def _create_credit_sequence(self):
        """Create the sequence of the credit batches of each company."""
        self.env["ir.sequence"].sudo().create(  # A set-up record, nobody's own.
            [
                {
                    "name": self.env._("Credit batches of %s", company.name),
                    "code": "account.credit.batch",
                    "company_id": company.id,
                    "prefix": "CB/%(year)s/",
                    "padding": 5,
                }
                for company in self
            ]
        )

    def _create_credit_accounting(self):
        """Create the ledger account and the journal that a company misses.

        Companies without a chart of accounts get them with the chart, see
        ``account.chart.template._post_load_data``; branches use those of the company
        that they belong to.
        """
        for company in self.filtered(lambda c: c.chart_template and not c.parent_id):
            if not company.credit_account_id:
                company.credit_account_id = company._create_credit_account()
            if not company.credit_journal_id:
                company.credit_journal_id = company._create_credit_journal()

    def _create_credit_account(self):
        """Create the income account for discounts and credits given."""
        self.ensure_one()
        # Set up for a company that need not be among those of the user.
        accounts_sudo = self.env["account.account"].sudo().with_company(self)
        first_income = accounts_sudo.search(
            [
                *accounts_sudo._check_company_domain(self),
                ("account_type", "=", "income"),
            ],
            limit=1,
        )
        return accounts_sudo.create(
            {
                "name": self.env._("Discounts and Credits Given"),
                "code": accounts_sudo._search_new_account_code(
                    first_income.code or "400000"
                ),
                "account_type": "income",
                "company_ids": [fields.Command.set(self.ids)],
                # A credit lowers a tax only where its item says so.
                "tax_ids": [],
            }
        )

    def _create_credit_journal(self):
        """Create the journal of credits, behind all other sales journals."""
        self.ensure_one()
        # Set up for a company that need not be among those of the user.
        journals_sudo = self.env["account.journal"].sudo().with_company(self)
        return journals_sudo.create(
            {
                "name": self.env._("Account Credits"),
                "code": self._get_free_journal_code("CRED"),
                "type": "sale",
                "company_id": self.id,
                # It holds credit notes only: they need no prefix of their own.
                "refund_sequence": False,
                "default_account_id": self.credit_account_id.id,
                "sequence": 99,
                "show_on_dashboard": False,
            }
        )

    def _get_free_journal_code(self, code):
        """Return the code, with a number where a journal of the company has it."""
        self.ensure_one()
        taken = set(
            self.env["account.journal"]
            .sudo()  # Archived journals and those of branches count, too.
            .with_context(active_test=False)
            .search([("company_id", "child_of", self.root_id.id)])
            .mapped("code")
        )
        candidates = [code, *(f"{code[:4]}{number}" for number in range(1, 100))]
        return next(candidate for candidate in candidates if candidate not in taken)

    def _get_credit_journal(self):
        """Return the journal of credits: the company's, or that of its parent."""
        return self._get_own_or_parent("credit_journal_id")

    def _get_credit_account(self):
        """Return the default ledger account of credit items, see the field."""
        return self._get_own_or_parent("credit_account_id")

    def _get_own_or_parent(self, field_name):
        """Return a setting of the company, or else of the nearest parent that has it."""
        self.ensure_one()
        # A branch uses the accounts of its parents, whoever works in it.
        for company_sudo in reversed(self.sudo().parent_ids):
            if company_sudo[field_name]:
                return company_sudo[field_name].with_env(self.env)
        return self[field_name]
