from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError

from ..const import BILLING_GROUPS
from ..narrowing import narrow


class NumberBlock(dict):
    """Formats of the numbers that one set of entries takes, asked for once.

    ``{(journal id, move type, date): (format, values)}``. An own type, so that no
    value of a context that comes over RPC can be taken for it.
    """


class AccountMove(models.Model):
    """Know the credit line that a credit note was posted for."""

    _inherit = "account.move"

    credit_line_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        copy=False,
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The line of a credit batch that this credit note was posted for.",
    )

    _credit_line_id_unique = models.UniqueIndex(
        "(credit_line_id) WHERE credit_line_id IS NOT NULL",
        "A credit line is posted as one credit note only.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    def _compute_show_reset_to_draft_button(self):
        result = super()._compute_show_reset_to_draft_button()
        # Offered to nobody, also not to users who cannot see credit lines.
        self.filtered(
            lambda move: move.sudo().credit_line_id or move.sudo().credit_batch_id
        ).show_reset_to_draft_button = False
        return result

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Let posting alone link an entry to a credit line.

        :raise AccessError: when anything else does
        """
        for vals in vals_list:
            if vals.get("credit_line_id"):
                self._check_is_credit_posting()
        return super().create(vals_list)

    def write(self, vals):
        """Keep the link to the credit line, and a posted credit posted.

        :raise AccessError: when the link would change
        :raise UserError: when a credit would no longer be posted
        """
        if "credit_line_id" in vals:
            self._check_is_credit_posting()
        if vals.get("state", "posted") != "posted":
            self._check_is_no_posted_credit()
        return super().write(vals)

    def _check_is_credit_posting(self):
        if not self.env["account.credit.line"]._is_posting():
            raise AccessError(
                self.env._("Credit lines are linked to entries by posting alone.")
            )

    def _check_is_no_posted_credit(self):
        # The rule holds for users who cannot see credit lines, too.
        for move_sudo in self.sudo():
            batch_sudo = move_sudo.credit_line_id.batch_id or move_sudo.credit_batch_id
            if batch_sudo and move_sudo.state == "posted":
                raise UserError(
                    self.env._(
                        "%(move)s is a credit posted by %(batch)s and stays posted. "
                        "Reverse it there or with Reverse Entry.",
                        move=move_sudo.name,
                        batch=batch_sudo.name,
                    )
                )

    def _check_draftable(self):
        self._check_is_no_posted_credit()
        return super()._check_draftable()

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _post_credits_narrowing(self):
        """Post draft credit notes as one set, and mark their lines.

        Those that are refused alone are deleted, and their lines fail alone.
        """
        narrow(
            self.env.cr,
            self,
            lambda moves: moves._post_credits(),
            lambda move, refusal: move._discard_credit(refusal),
        )

    def _post_as_block(self):
        """Post entries of credits as one set, with numbers that follow each other."""
        self.with_context(credit_number_block=NumberBlock())._post(soft=False)

    def _post_credits(self):
        self._post_as_block()
        for move in self:
            move.credit_line_id._set_posted(move)

    def _discard_credit(self, refusal):
        line = self.credit_line_id
        self.unlink()
        line._set_failed(line._get_refusal_message(refusal))

    def _get_next_sequence_format(self):
        """Ask for the last number once for a set of credits, not for each.

        The number itself comes from ``_locked_increment``, which holds the lock that
        keeps it unique among transactions, as for any other entry.
        """
        block = self.env.context.get("credit_number_block")
        is_credit = self.credit_line_id or self.reversed_entry_id.credit_line_id
        if not isinstance(block, NumberBlock) or not is_credit:
            return super()._get_next_sequence_format()
        key = (self.journal_id.id, self.move_type, self.date)
        if key not in block:
            block[key] = super()._get_next_sequence_format()
        number_format, values = block[key]
        # A copy, because `_locked_increment` takes the number out of it.
        return number_format, dict(values)

    def _hash_moves(self, **kwargs):
        """Let a posting that cannot see the entry before its own begin again.

        In a journal with inalterable entries each is chained to the one before. Where
        another session has posted that one since this transaction began, Odoo takes
        it for a gap in the numbers.

        :raise ConcurrencyError: then; Odoo, or the worker, repeats the transaction
        """
        try:
            return super()._hash_moves(**kwargs)
        except UserError as error:
            if self.env["account.credit.line"]._is_posting() and self._is_outrun():
                raise ConcurrencyError("entries were posted meanwhile") from error
            raise

    def _is_outrun(self):
        """Tell whether the entry before the first of these is not to be seen."""
        for (journal, prefix), moves in self.grouped(
            lambda move: (move.journal_id, move.sequence_prefix)
        ).items():
            first = min(moves.mapped("sequence_number"))
            if first > 1 and not self.sudo().search_count(
                [
                    ("journal_id", "=", journal.id),
                    ("sequence_prefix", "=", prefix),
                    ("sequence_number", "=", first - 1),
                ],
                limit=1,
            ):
                return True
        return False

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        result = super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)
        # Whoever reverses a whole credit note, from whatever screen, reverses the
        # credit: the line follows, also where the user cannot see it.
        lines_sudo = self.env["account.credit.line"].sudo()
        for move_sudo, reverse_move in zip(self.sudo(), reverse_moves, strict=False):
            if move_sudo.credit_line_id and not move_sudo.currency_id.compare_amounts(
                move_sudo.amount_total, reverse_move.amount_total
            ):
                lines_sudo += move_sudo.credit_line_id
        if lines_sudo:
            lines_sudo._set_reversed()
            lines_sudo.batch_id._update_state()
        return result

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_post_credit(self):
        """Open Post Transaction for the accounts of these customer documents.

        Where one posted invoice of an account is among them, its credit pays that
        one first.

        :return: a window action on ``account.post.transaction``
        :raise AccessError: when the user may not post credits
        """
        documents = self.filtered(lambda move: move.is_sale_document())
        return self.env["account.post.transaction"]._get_open_action(
            partners=documents.commercial_partner_id,
            invoices=documents.filtered(
                lambda move: move.move_type == "out_invoice" and move.state == "posted"
            ),
        )
