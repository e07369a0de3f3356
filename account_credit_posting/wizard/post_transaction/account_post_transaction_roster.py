from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...tools.posting import with_posting
from ...tools.texts import format_count, format_names
from .contact_finder import ContactFinder
from .transaction_accounts import TransactionAccounts


class AccountPostTransactionRoster(models.TransientModel):
    """Find the contacts that a pasted class roster means, before anything is added.

    Each line is a name, an e-mail address or a reference, see ``ContactFinder``.
    """

    _name = "account.post.transaction.roster"
    _inherit = ["account.credit.guard", "account.credit.long.list"]
    _description = "Post Transaction Roster"
    # Gone with the transaction that it belongs to, and not before.
    _transient_max_hours = 0.0
    # Those that the clerk must look at come first.
    _long_lists = {"line_ids": "state, id"}

    transaction_id = fields.Many2one(
        comodel_name="account.post.transaction",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="opener",
    )
    is_checked = fields.Boolean(
        readonly=True,
        written_by="checking",
        help="The lines say what was found for the text.",
    )
    text = fields.Text(
        string="Names or E-mails",
        help="One for each line: Jane Doe, or Doe, Jane, or jane@example.com.",
    )
    line_ids = fields.One2many(
        comodel_name="account.post.transaction.roster.line",
        inverse_name="roster_id",
        string="Lines",
    )
    ready_count = fields.Integer(compute="_compute_counts", string="Matched")
    doubtful_count = fields.Integer(compute="_compute_counts", string="Doubtful")
    missing_count = fields.Integer(compute="_compute_counts", string="Not Found")
    summary = fields.Char(compute="_compute_counts")

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {
            (roster, state): count
            for roster, state, count in self.env[
                "account.post.transaction.roster.line"
            ]._read_group(
                [("roster_id", "in", self.ids)], ["roster_id", "state"], ["__count"]
            )
        }
        for roster in self:
            ready, doubtful, missing = (
                counts.get((roster._origin, state), 0)
                for state in ("ready", "doubtful", "missing")
            )
            roster.ready_count = ready
            roster.doubtful_count = doubtful
            roster.missing_count = missing
            roster.summary = self.env._(
                "%(ready)s matched, %(doubtful)s doubtful, %(missing)s not found.",
                ready=format_count(self.env, ready),
                doubtful=format_count(self.env, doubtful),
                missing=format_count(self.env, missing),
            )

    @api.depends("transaction_id")
    def _compute_display_name(self):
        for roster in self:
            roster.display_name = self.env._("Paste a Roster")

    def _get_action(self):
        return self._get_records_action(
            name=self.env._("Paste a Roster"), target="new", context={}
        )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_check(self):
        """Find what each line of the text means, and show it; nothing is added yet.

        :return: the action that shows it
        :raise UserError: when there is no line; what was typed is kept
        """
        self._check_open()
        texts = [" ".join(line.split()) for line in (self.text or "").splitlines()]
        texts = [text for text in texts if text]
        if not texts:
            raise UserError(
                self.env._("Paste the names or e-mails first, one for each line.")
            )
        self._delete_lines()
        finder = ContactFinder(self.env, self.transaction_id.company_id)
        self._create_lines(texts, finder.find(texts))
        with_posting(self, "checking").is_checked = True
        return self._get_action()

    def action_back(self):
        """Show the text again, to change it."""
        self._check_open()
        with_posting(self, "checking").is_checked = False
        return self._get_action()

    def action_add(self):
        """Add the accounts of what was matched, and of what the clerk has chosen.

        :return: the action that closes the dialog
        :raise UserError: when there is nothing to add; what was typed is kept
        """
        self._check_open()
        lines = self.line_ids.search_fetch(
            [("roster_id", "=", self.id)], ["contact_id", "state", "text"], order="id"
        )
        chosen = lines.filtered("contact_id")
        # Those that the user may read, whoever has written the lines.
        readable = set(
            self.env["res.partner"].search([("id", "in", chosen.contact_id.ids)]).ids
        )
        ids = [line.contact_id.id for line in chosen if line.contact_id.id in readable]
        if not ids or not self.is_checked:
            raise UserError(
                self.env._(
                    "There is no account to add. Choose one for a doubtful line, or "
                    "go back and change the text."
                )
            )
        transaction = self.transaction_id
        accounts = self.env["res.partner"].browse(dict.fromkeys(ids))
        TransactionAccounts(transaction).add(accounts)
        left = lines - chosen
        if left:
            sentence = self.env._(
                "Of the roster, not added: %(names)s.",
                names=format_names(self.env, left.mapped("text")),
            )
            transaction.notice = " ".join(filter(None, [transaction.notice, sentence]))
        self.text = False
        with_posting(self, "checking").is_checked = False
        self._delete_lines()
        return {"type": "ir.actions.act_window_close"}

    def _check_open(self):
        """Check the right, and that the accounts of the transaction can change."""
        self.ensure_one()
        self.check_access("write")
        self.transaction_id._check_open_step("accounts")

    # -------------------------------------------------------------------------
    # LINES
    # -------------------------------------------------------------------------

    def _create_lines(self, texts, found):
        """Create a line for each text.

        Several contacts of one account leave no doubt: the account is meant, and what
        they are called is left out.

        :param texts: the lines
        :param found: see ``ContactFinder.find``
        """
        vals_list = []
        for text, pairs in zip(texts, found, strict=True):
            contact_ids = [contact_id for contact_id, _account_id in pairs]
            account_ids = {account_id for _contact_id, account_id in pairs}
            meant = contact_ids if len(pairs) == 1 else list(account_ids)
            is_ready = len(meant) == 1
            vals_list.append(
                {
                    "roster_id": self.id,
                    "text": text,
                    "state": "ready"
                    if is_ready
                    else "doubtful"
                    if pairs
                    else "missing",
                    "contact_id": is_ready and meant[0],
                    "candidate_ids": [Command.set([] if is_ready else contact_ids)],
                }
            )
        # Nobody else may say what a line means.
        with_posting(self.line_ids.sudo(), "checking").create(vals_list)

    def _delete_lines(self):
        self.line_ids.sudo().unlink()  # As in `_create_lines`.


class AccountPostTransactionRosterLine(models.TransientModel):
    """A line of a roster, and the contact that it means."""

    _name = "account.post.transaction.roster.line"
    _inherit = "account.credit.guard"
    _description = "Post Transaction Roster Line"
    _transient_max_hours = 0.0  # As the roster.
    _order = "state, id"
    _rec_name = "text"

    roster_id = fields.Many2one(
        comodel_name="account.post.transaction.roster",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="checking",
    )
    text = fields.Char(string="Pasted", readonly=True, written_by="checking")
    # The keys sort as the list does: first what the clerk must look at.
    state = fields.Selection(
        selection=[
            ("doubtful", "Doubtful"),
            ("missing", "Not Found"),
            ("ready", "Matched"),
        ],
        required=True,
        readonly=True,
        written_by="checking",
    )
    contact_id = fields.Many2one(
        comodel_name="res.partner",
        help="An enrollee leads to its account.",
    )
    account_id = fields.Many2one(
        related="contact_id.commercial_partner_id",
        string="Account",
    )
    candidate_ids = fields.Many2many(
        comodel_name="res.partner",
        relation="account_post_transaction_roster_candidate",
        column1="line_id",
        column2="partner_id",
        string="Matching Contacts",
        readonly=True,
        written_by="checking",
    )

    def write(self, vals):
        """Take what the clerk has chosen.

        :raise UserError: when it is none of the contacts that fit
        """
        result = super().write(vals)
        for line in self:
            fitting = line.candidate_ids
            if vals.get("contact_id") and line.contact_id not in fitting:
                raise UserError(
                    self.env._(
                        "%(text)s does not match this contact. Choose one of the "
                        "matching contacts, or none.",
                        text=line.text,
                    )
                )
        return result
