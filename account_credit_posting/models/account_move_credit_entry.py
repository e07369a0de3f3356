from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import BILLING_GROUPS


class AccountMove(models.Model):
    """A journal entry that holds the credits of many accounts."""

    # One file per concern.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    credit_batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The credit batch that this journal entry was posted for. Its receivable "
        "items are the credits of the accounts.",
    )

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Let posting alone link an entry to a credit batch.

        :raise AccessError: when anything else does
        """
        if any(vals.get("credit_batch_id") for vals in vals_list):
            self._check_is_credit_posting()
        return super().create(vals_list)

    def write(self, vals):
        """Keep the link to the credit batch.

        :raise AccessError: when it would change
        """
        if "credit_batch_id" in vals:
            self._check_is_credit_posting()
        return super().write(vals)

    # -------------------------------------------------------------------------
    # CREDITS
    # -------------------------------------------------------------------------

    def _get_credit_lines(self):
        """Return the credit lines that were posted as these, in either form."""
        entries = self.filtered("credit_batch_id")
        return self.credit_line_id | entries.line_ids.credit_line_ids

    def _get_credit_accounts(self):
        """Return the accounts of these documents, and of entries for many."""
        # Whoever posts may not see credit batches.
        entries = self.filtered(lambda move: move.sudo().credit_batch_id)
        return self.commercial_partner_id | entries.line_ids.partner_id

    # -------------------------------------------------------------------------
    # REVERSAL
    # -------------------------------------------------------------------------

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """Refuse to reverse a credit twice.

        :raise UserError: when some credits of an entry are reversed already
        """
        # The rule holds for users who cannot see credit lines, too.
        for move_sudo in self.sudo().filtered("credit_batch_id"):
            if "reversed" in move_sudo._get_credit_lines().mapped("state"):
                raise UserError(
                    self.env._(
                        "%(move)s cannot be reversed: some of its credits are reversed "
                        "already. Reverse the others with %(batch)s.",
                        move=move_sudo.name,
                        batch=move_sudo.credit_batch_id.name,
                    )
                )
        return super()._reverse_moves(default_values_list, cancel)

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Reverse the credits of an entry for many accounts, each by itself.

        Odoo would reconcile all accounts of the entry as one heap. Where a batch is
        reversed, the credit lines reconcile all of a set at once.
        """
        if self.env["account.credit.line"]._is_posting():
            return reverse_moves
        # Whoever reverses need not see credit lines.
        entries_sudo = self.sudo().filtered("credit_batch_id")
        reverses_sudo = reverse_moves.sudo().filtered(
            lambda move: move.reversed_entry_id in entries_sudo
        )
        for reverse_sudo in reverses_sudo:
            reverse_sudo._settle_credit_reversal()
        super(
            AccountMove, self.filtered(lambda move: move not in entries_sudo)
        )._reconcile_reversed_moves(
            reverse_moves.filtered(lambda move: move not in reverses_sudo),
            move_reverse_cancel,
        )
        return reverse_moves

    def _settle_credit_reversal(self):
        """Reverse those credits of an entry that this reversal has an item for."""
        self.ensure_one()
        found = {}  # {(account, ledger account, currency, amount): items}
        for item in self.line_ids:
            key = item._get_counterpart_key(item.amount_currency)
            found[key] = found.get(key, item.browse()) + item
        lines = self.env["account.credit.line"]
        counterparts = self.line_ids.browse()
        for line in self.reversed_entry_id._get_credit_lines().sorted("id"):
            item = line.move_line_id
            key = item._get_counterpart_key(-item.amount_currency)
            if line.state == "posted" and found.get(key):
                lines += line
                counterparts += found[key][0]
                found[key] = found[key][1:]
        if lines:
            lines._reverse_with(counterparts)
            lines.batch_id._update_state()


class AccountMoveLine(models.Model):
    """The item of an account in a journal entry that holds many credits."""

    # One file per concern.
    _inherit = "account.move.line"  # pylint: disable=consider-merging-classes-inherited

    credit_line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="move_line_id",
        readonly=True,
        groups=BILLING_GROUPS,
        help="The credit that this receivable item is; one at most.",
    )

    @api.model
    def _get_credit_item_domain(self):
        """Return which receivable items are credits of ours, in either form."""
        return Domain("move_id.credit_line_id", "!=", False) | Domain(
            "move_id.credit_batch_id", "!=", False
        )

    def _get_credit_line(self):
        """Return the credit line of a receivable item, whatever form it was posted in.

        The links of all items that were found together are read at once.
        """
        self.ensure_one()
        move = self.move_id
        return self.credit_line_ids if move.credit_batch_id else move.credit_line_id

    def _get_counterpart_key(self, amount):
        """Return what an item and its reversal have in common.

        :param amount: of the reversal, in the currency of the item
        """
        self.ensure_one()
        currency = self.currency_id
        return (self.partner_id, self.account_id, currency, currency.round(amount))
