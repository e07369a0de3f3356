from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools.translate import LazyTranslate

from odoo.addons.base.models.res_partner import _tz_get

from .. import const
from ..tools.days import get_today

_lt = LazyTranslate(__name__)


class ResCompany(models.Model):
    """Where a company books the credits that it gives."""

    _inherit = "res.company"

    # Both may be empty: a company without a chart of accounts has neither, and a
    # branch uses those of its parent.
    credit_journal_id = fields.Many2one(
        comodel_name="account.journal",
        check_company=True,
        domain=[("type", "=", "sale")],
        help="Credits are posted in this journal, as credit notes with its numbers. "
        "Choose the journal of your invoices to number both together.",
    )
    credit_entry_journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Journal for Many Accounts",
        check_company=True,
        domain=[("type", "=", "general")],
        help="Credits of many accounts in one journal entry are posted in this one; by "
        "default in the first general journal of the company.",
    )
    credit_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Discounts and Credits Given",
        check_company=True,
        domain=[("internal_group", "in", ("income", "expense"))],
        help="Debited by a credit, unless the credit item has its own ledger account. "
        "The account's receivable is credited.",
    )
    credit_accounting_is_new = fields.Boolean(
        compute="_compute_credit_accounting_is_new",
        help="Whether nothing of credits, gift cards and prepayments is posted yet: "
        "their ledger accounts can still be exchanged.",
    )
    credit_background_lines = fields.Integer(
        string="Credits Posted at Once",
        default=200,
        help="A credit batch with more lines is posted in the background.",
    )
    # When credits pay invoices.
    credit_application_policy = fields.Selection(
        selection=[
            ("posted", "As soon as an invoice is posted"),
            ("due", "When an invoice is due soon"),
            ("manual", "Only when somebody asks"),
        ],
        string="Credits Pay Invoices",
        required=True,
        default="posted",
        help="When open credits of an account pay its open invoices automatically. A "
        "credit that names an invoice pays that one at once.",
    )
    credit_application_days = fields.Integer(
        string="Days Before the Due Date",
        default=7,
        help="The number of days before its due date when an invoice is due soon.",
    )
    credit_apply_credit_notes = fields.Boolean(
        string="Other Credit Notes Pay, Too",
        help="Every outstanding customer credit note pays invoices as credits do.",
    )
    credit_apply_payments = fields.Boolean(
        string="Unallocated Payments Pay, Too",
        help="Unallocated customer payments pay invoices in the same way as credits.",
    )
    credit_application_log = fields.Boolean(
        string="Log on the Invoice",
        help="Log it on each invoice paid by credits, and notify the followers of its "
        "payment status. The history of credits shows it in any case.",
    )
    _credit_application_days_not_negative = models.Constraint(
        "CHECK (credit_application_days >= 0)",
        "Credits pay invoices zero or more days before their due date.",
    )
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
        help="Administrators of credits have limits of their own. Otherwise, the "
        "general limits also apply to them.",
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
    credit_undo_minutes = fields.Integer(
        string="Undo Own Credits",
        default=60,
        help="Number of minutes during which users can undo the credits that they "
        "posted. If posting needed an approval, undoing needs one, too. Zero: only "
        "administrators reverse credits.",
    )
    _credit_undo_minutes_not_negative = models.Constraint(
        "CHECK (credit_undo_minutes >= 0)",
        "Own credits can be undone for zero or more minutes.",
    )
    _credit_limits_not_negative = models.Constraint(
        "CHECK (credit_approval_amount >= 0 AND credit_approval_line_amount >= 0"
        " AND credit_approval_manager_amount >= 0"
        " AND credit_approval_manager_line_amount >= 0 AND credit_open_cap >= 0)",
        "Limits of credits are zero, which is no limit, or above.",
    )
    # As with credits, all may be empty: a company without a chart of accounts has
    # none, and a branch uses those of its parent.
    stored_value_journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Journal of Gift Cards",
        check_company=True,
        domain=[("type", "=", "general")],
        help="Gift cards and prepayments are given away, used, moved, corrected and "
        "expired in this journal. Their payments are in the bank or cash journal.",
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
        "money was received for it.",
    )
    gift_card_promotion_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Promotional Gift Cards",
        check_company=True,
        domain=[("internal_group", "in", ("income", "expense"))],
        help="Debited when a gift card is given away: it reduces the revenue.",
    )
    breakage_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Breakage",
        check_company=True,
        domain=[("internal_group", "=", "income")],
        help="Credited with the unused balance of gift cards and prepayments that "
        "expire.",
    )
    breakage_tax_id = fields.Many2one(
        comodel_name="account.tax",
        string="Tax on Breakage",
        check_company=True,
        domain=[("type_tax_use", "=", "sale")],
        help="The balance of paid gift cards that expire includes this tax. Empty: no "
        "tax.",
    )
    unclaimed_property_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Unclaimed Property",
        check_company=True,
        domain=[("account_type", "=", "liability_current"), ("reconcile", "=", True)],
        help="Credited when unused gift cards and prepayments are handed to a state, "
        "debited when they are paid to it.",
    )
    breakage_contra_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Expected Breakage",
        check_company=True,
        domain=[
            ("account_type", "=", "liability_current"),
            ("holds_stored_value", "=", False),
        ],
        help="Debited with expected breakage: it reduces the liability, while the "
        "gift cards and prepayments themselves do not change.",
    )
    gift_card_tax_policy = fields.Selection(
        selection=const.TAX_POLICIES,
        string="Tax of Gift Cards Given Away",
        required=True,
        default="cost",
        help="The effect of new gift cards given away on the tax of the invoices that "
        "they pay. A card keeps the setting that it was issued with.",
    )
    gift_card_validity_months = fields.Integer(
        string="Gift Cards Are Valid",
        help="The number of months until a new gift card expires, where the law "
        "allows it. Zero: never.",
    )
    paid_value_expires = fields.Boolean(
        help="Whether paid value may expire, if the law allows it. Otherwise only "
        "gift cards that were given away expire.",
    )
    stored_value_for_services = fields.Boolean(
        string="Services Only",
        help="Gift cards and prepayments pay for services only; some states exempt "
        "these from unclaimed property.",
    )
    expiry_grace_days = fields.Integer(
        string="Grace Period (Days)",
        help="The number of days after its expiry date when a gift card can still be "
        "used.",
    )
    credit_tz = fields.Selection(
        selection=_tz_get,
        string="Time Zone of the Company",
        help="Which day it is at the company: for the dates of entries, for what is "
        "due, for expiry, reminders and emails. Empty: that of its contact, else "
        "that of the user, and UTC in scheduled actions.",
    )
    book_expired_credits = fields.Boolean(
        default=True,
        help="A daily run posts the expiry of credits, however long ago they expired, "
        "dated the day after their expiry date. Otherwise, expired credits stay open "
        "but pay nothing.",
    )
    expiry_reminder_days = fields.Integer(
        string="Days of Notice",
        default=30,
        help="The number of days before the expiry date when the holder of a gift "
        "card, or of a credit, is reminded by email. Zero: never.",
    )
    auto_apply_prepayments = fields.Boolean(
        string="Prepayments Pay Invoices",
        help="Prepayments pay open invoices as credits do, after these.",
    )
    auto_apply_gift_cards = fields.Boolean(
        string="Gift Cards Pay Invoices",
        help="Gift cards pay open invoices as credits do, after prepayments.",
    )
    # What customers see and do by themselves.
    credit_portal_access = fields.Selection(
        selection=[
            ("members", "All contacts of the account"),
            ("payer", "The payer only"),
        ],
        string="Balance in the Portal",
        required=True,
        default="members",
        help="Who sees the balance of an account in the portal, and redeems codes for "
        "it: all its contacts with access to the portal, as with invoices, or only the "
        "user of the account itself.",
    )
    portal_pay_credits = fields.Boolean(
        string="Customers Use Credits",
        help="Customers may pay their invoices with their open credits in the portal.",
    )
    portal_pay_prepayments = fields.Boolean(
        string="Customers Use Prepayments",
        help="Customers may pay their invoices with their prepayments in the portal.",
    )
    portal_pay_gift_cards = fields.Boolean(
        string="Customers Use Gift Cards",
        help="Customers may pay their invoices with their gift cards in the portal.",
    )
    credit_statement_mails = fields.Boolean(
        string="Monthly Statements",
        help="On the first day of a month each account with movements in the month "
        "before gets its statement by email.",
    )
    credit_statement_month = fields.Date(
        string="Statements Sent Until",
        compute="_compute_credit_statement_month",
        store=True,
        help="The first day of the last month whose statements were written, or that "
        "came before them.",
    )
    gift_card_public_check = fields.Boolean(
        string="Balance Check for Everybody",
        help="Anyone who has the code of a gift card can check its balance at "
        "/gift-card without logging in.",
    )
    _stored_value_periods_not_negative = models.Constraint(
        "CHECK (gift_card_validity_months >= 0 AND expiry_grace_days >= 0 "
        "AND expiry_reminder_days >= 0)",
        "Months and days of gift cards are zero or more.",
    )

    @api.constrains("credit_journal_id", "credit_entry_journal_id", "credit_account_id")
    def _check_credit_accounting_is_own(self):
        # Odoo checks the companies of a company's own fields on screens only.
        self._check_company(
            ["credit_journal_id", "credit_entry_journal_id", "credit_account_id"]
        )

    @api.constrains("credit_entry_journal_id")
    def _check_credit_entry_journal_is_general(self):
        for company in self:
            journal = company.credit_entry_journal_id
            if journal and journal.type != "general":
                raise ValidationError(
                    self.env._(
                        "%(journal)s is not a general journal: credits of many "
                        "accounts in one entry would leave gaps in its sequence. "
                        "Choose a general journal.",
                        journal=journal.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Give each new company its own numbers for credit batches."""
        companies = super().create(vals_list)
        companies._create_credit_sequence()
        self.env["account.account"]._update_holders(companies._get_liability_accounts())
        return companies

    def write(self, vals):
        """Keep the ledger accounts of stored value to what they hold.

        :raise ValidationError: when something else is booked on a new one
        """
        if not vals.keys() & set(const.LIABILITY_FIELDS):
            return super().write(vals)
        accounts = self._get_liability_accounts()
        result = super().write(vals)
        self.env["account.account"]._update_holders(
            accounts | self._get_liability_accounts()
        )
        return result

    @api.depends("credit_statement_mails")
    def _compute_credit_statement_month(self):
        """Begin with the month in which statements were switched on."""
        for company in self:
            month = get_today(company) - relativedelta(months=1, day=1)
            company.credit_statement_month = company.credit_statement_mails and month

    def _compute_credit_accounting_is_new(self):
        # Who sets up a company need not see its journal items.
        items_sudo = self.env["account.move.line"].sudo()
        for company in self:
            accounts_sudo = self.env["account.account"].union(
                *(company.sudo()[name] for name in const.ACCOUNT_FIELDS)
            )
            company.credit_accounting_is_new = not items_sudo.search_count(
                [
                    ("account_id", "in", accounts_sudo.ids),
                    ("company_id", "child_of", company.id),
                ],
                limit=1,
            )

    def _create_credit_sequence(self):
        """Create the sequences that a company misses."""
        self._create_missing_sequence(
            "account.credit.batch", self.env._("Credit Batches"), "CB/%(year)s/"
        )
        self._create_stored_value_sequences()

    def _create_missing_sequence(self, code, name, prefix):
        """Create a sequence for each of these companies that has none of the code."""
        # Set-up records, for companies that need not be among those of the user.
        sequences_sudo = self.env["ir.sequence"].sudo().with_context(active_test=False)
        numbered_sudo = sequences_sudo.search(
            [("code", "=", code), ("company_id", "in", self.ids)]
        ).company_id
        sequences_sudo.create(
            [
                {
                    "name": name,
                    "code": code,
                    "company_id": company.id,
                    "prefix": prefix,
                    "padding": 5,
                }
                for company in self
                if company not in numbered_sudo
            ]
        )

    def _create_credit_accounting(self):
        """Create the ledger accounts and the journals that a company misses.

        Companies without a chart of accounts get them with the chart, see
        ``account.chart.template._post_load_data``; branches use those of the company
        that they belong to.
        """
        for company in self.filtered(lambda c: c.chart_template and not c.parent_id):
            if not company.credit_account_id:
                company.credit_account_id = company._create_named_account(
                    const.CREDIT_ACCOUNT_NAME, "discounts"
                )
            if not company.credit_journal_id:
                company.credit_journal_id = company._create_credit_journal()
            company._create_stored_value_accounting()

    def _create_named_account(self, name, purpose):
        """Create a ledger account, in the group of the chart that is for its purpose.

        :param name: a ``LazyGettext``
        :param purpose: a field of ``charts.Places``
        :return: the ``account.account``; an empty one where the chart has no place for
            it: somebody has to choose one
        """
        self.ensure_one()
        # Set up for a company that need not be among those of the user.
        company_sudo = self.sudo().with_company(self)
        accounts_sudo = company_sudo.env["account.account"]
        templates_sudo = company_sudo.env["account.chart.template"]
        like_sudo, code = templates_sudo._find_credit_place(company_sudo, purpose)
        if not like_sudo:
            return self.env["account.account"]
        vals = like_sudo._get_statutory_vals()
        if purpose == "advances":
            # Some charts have it among what Odoo calls payables, to be reconciled.
            vals["account_type"] = "liability_current"
        account_sudo = self._create_named(
            accounts_sudo,
            name,
            {
                **vals,
                "code": accounts_sudo._search_new_account_code(code, set()),
                "company_ids": [Command.set(self.ids)],
                # A credit lowers a tax only where its item says so.
                "tax_ids": [],
            },
        )
        return account_sudo.with_env(self.env)

    def _create_credit_journal(self):
        """Create the journal of credits.

        Where a law types and numbers credit notes, they are among the invoices.

        :return: the ``account.journal``
        """
        journals_sudo = self.env["account.journal"].sudo()
        domain = [("company_id", "=", self.id), ("type", "=", "sale")]
        lawful_sudo = journals_sudo.search(domain).filtered(
            lambda journal_sudo: journal_sudo._is_for_documents()
        )
        if lawful_sudo:
            return lawful_sudo[0].with_env(self.env)
        return self._create_named_journal(
            const.CREDIT_JOURNAL_NAME,
            "CRED",
            "sale",
            # It holds credit notes only: they need no prefix of their own.
            refund_sequence=False,
            default_account_id=self.credit_account_id.id,
        )

    def _create_named_journal(self, name, code, journal_type, **vals):
        """Create a journal, behind all others of its type.

        :param name: a ``LazyGettext``
        :param code: of five characters at most; a number is added where it is taken
        :param vals: further values for ``account.journal.create``
        :return: the ``account.journal``
        """
        self.ensure_one()
        # Set up for a company that need not be among those of the user.
        journals_sudo = self.env["account.journal"].sudo().with_company(self)
        return self._create_named(
            journals_sudo,
            name,
            {
                "code": self._get_free_journal_code(code),
                "type": journal_type,
                "company_id": self.id,
                # Odoo proposes the first journal for new entries: never this one.
                "sequence": 99,
                "show_on_dashboard": False,
                **vals,
            },
        )

    def _create_named(self, model, name, vals):
        """Create a record with its name in each language of the database.

        :param name: a ``LazyGettext``; charts of accounts are loaded in English
        :return: the record, in the environment of the model
        """
        english = model.with_context(lang="en_US")
        record = english.create({"name": english.env._(name), **vals})
        for lang, _label in self.env["res.lang"].get_installed():
            translated = record.with_context(lang=lang)
            if translated.name != (translation := translated.env._(name)):
                translated.name = translation
        return record.with_env(model.env)

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
        """Return the journal of credits: the company's own, or that of its parent."""
        return self._get_own_or_parent("credit_journal_id")

    def _get_credit_entry_journal(self):
        """Return the general journal for credits of many accounts in one entry.

        The one that was chosen, of the company or its parent, else the first that is
        not kept for what Odoo or this addon books by itself; it may be empty.
        """
        chosen = self._get_own_or_parent("credit_entry_journal_id")
        if chosen:
            return chosen
        # A branch uses the journals of its parents, whoever works in it.
        companies_sudo = self.sudo().parent_ids
        kept_sudo = (
            companies_sudo.currency_exchange_journal_id
            | companies_sudo.tax_cash_basis_journal_id
            | companies_sudo.stored_value_journal_id
        )
        journals_sudo = companies_sudo.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self),
                ("type", "=", "general"),
                ("id", "not in", kept_sudo.ids),
            ],
            limit=1,
        )
        return journals_sudo.with_env(self.env)

    def _get_credit_account(self):
        """Return the default ledger account of credit items, own or of its parent."""
        return self._get_own_or_parent("credit_account_id")

    def _get_own_or_parent(self, field_name):
        """Return a setting of the company, or of the nearest parent that has it."""
        self.ensure_one()
        # A branch uses the accounts of its parents, whoever works in it.
        for company_sudo in reversed(self.sudo().parent_ids):
            if company_sudo[field_name]:
                return company_sudo[field_name].with_env(self.env)
        return self[field_name]

    # -------------------------------------------------------------------------
    # WHAT SOMEBODY MAY CREDIT WITHOUT A SECOND PERSON, AND WHAT AN ACCOUNT MAY HOLD
    # -------------------------------------------------------------------------

    def _get_credit_limits(self, user):
        """Return what a user may credit without a second person.

        :return: ``(total of a batch, largest credit)``, in company currency, zero where
            there is no limit
        """
        self.ensure_one()
        company_sudo = self._find_with_any(const.LIMIT_FIELDS)
        # Who has which right is not for everybody to read.
        is_manager = bool(user) and user.sudo().has_group(const.GROUP_MANAGER)
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

    # -------------------------------------------------------------------------
    # WHERE A COMPANY BOOKS THE MONEY THAT IT HOLDS FOR ITS CUSTOMERS
    # -------------------------------------------------------------------------

    @api.constrains(
        "stored_value_journal_id",
        "unclaimed_property_account_id",
        *const.STORED_VALUE_ACCOUNTS,
    )
    def _check_stored_value_accounting(self):
        # Odoo checks the companies of a company's own fields on screens only.
        self._check_company(
            [
                "stored_value_journal_id",
                "unclaimed_property_account_id",
                *const.STORED_VALUE_ACCOUNTS,
            ]
        )
        for company in self:
            chosen = [company[name] for name in const.LIABILITY_FIELDS if company[name]]
            if len(chosen) > len(set(chosen)):
                raise ValidationError(
                    self.env._(
                        "%(company)s: gift cards sold, prepayments and gift cards "
                        "given away each need a separate liability account.",
                        company=company.name,
                    )
                )

    def _create_stored_value_sequences(self):
        """Create the sequences of gift cards and prepayments where there are none."""
        for code, (name, prefix) in const.STORED_VALUE_SEQUENCES.items():
            self._create_missing_sequence(code, self.env._(name), prefix)

    def _create_stored_value_accounting(self):
        """Create the ledger accounts and the journal that the company misses."""
        self.ensure_one()
        for field_name in const.STORED_VALUE_ACCOUNTS:
            self._create_stored_value_account(field_name)
        self._create_unclaimed_account()
        if not self.stored_value_journal_id:
            self.stored_value_journal_id = self._create_named_journal(
                const.STORED_VALUE_JOURNAL_NAME, "STVAL", "general"
            )

    def _create_stored_value_account(self, field_name):
        """Create one of the ledger accounts of stored value, where it is missing.

        :param field_name: see ``const.STORED_VALUE_ACCOUNTS``
        """
        self.ensure_one()
        if not self[field_name]:
            name, purpose = const.STORED_VALUE_ACCOUNTS[field_name]
            self[field_name] = self._create_named_account(name, purpose)

    def _create_unclaimed_account(self):
        """Create the ledger account of what is owed to states, where it is missing."""
        self.ensure_one()
        if not self.unclaimed_property_account_id:
            account = self._create_named_account(
                const.UNCLAIMED_ACCOUNT_NAME, "advances"
            )
            # Set up for whoever sets up the company: see `_create_named_account`.
            account.sudo().reconcile = True
            self.unclaimed_property_account_id = account

    def _get_liability_account(self, value_type, funding):
        """Return the liability account of a stored value, own or of the parent.

        :param value_type: "gift_card" or "prepayment"
        :param funding: see ``account.stored.value.funding``
        """
        if funding == "promotion":
            return self._get_own_or_parent("promotional_liability_account_id")
        return self._get_own_or_parent(f"{value_type}_liability_account_id")

    def _get_liability_accounts(self):
        """Return the liability accounts of stored value that these companies chose."""
        # Who sets up a company need not see its chart of accounts.
        return self.env["account.account"].union(
            *(self.sudo()[name] for name in const.LIABILITY_FIELDS)
        )
