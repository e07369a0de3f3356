from odoo import api, fields, models
from odoo.fields import Domain

from ..const import BILLING_GROUPS
from ..tools.posting import get_posting
from .account_credit_guard import COMPUTE
from .credit import credit_wall
from .stored_value import gift_card_sale, stored_value_guard, stored_value_wall


class AccountMoveLine(models.Model):
    """Know the stored value of a line, and keep credits apart where a user says so."""

    _name = "account.move.line"
    _inherit = ["account.move.line", "account.credit.guard"]

    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        readonly=True,
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help="The gift card or prepayment whose money this line holds or uses.",
        written_by=("opener", "event"),
    )
    discount_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=BILLING_GROUPS,
        help=("The gift card given away whose use lowers the tax base of an invoice."),
        written_by="event",
    )
    # Whether it is posted is said by its entry alone.
    parent_state = fields.Selection(written_by=COMPUTE)
    credit_line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="move_line_id",
        readonly=True,
        groups=BILLING_GROUPS,
        help="The credit that this receivable item is; one at most.",
    )
    _stored_value_named = stored_value_wall.NAMED
    _stored_value_kept = stored_value_wall.KEPT
    # Of one record, and of all: in the order of their history.
    _stored_value_history_idx = models.Index(
        "(stored_value_id, date, id) WHERE stored_value_id IS NOT NULL"
    )
    _stored_value_date_idx = models.Index(
        "(date, id) WHERE stored_value_id IS NOT NULL"
    )
    _stored_value_covered = stored_value_wall.COVERED
    _credit_kept = credit_wall.KEPT

    @api.model_create_multi
    def create(self, vals_list):
        """Add no items to entries that are posted, where these are ours.

        :raise UserError: when an entry or an account is kept for what we post
        """
        items = super().create(vals_list)
        stored_value_guard.check_added(items)
        return items

    def write(self, vals):
        """Keep the posted items of credits and of stored value as they were posted.

        :raise UserError: when one of them would change
        """
        stored_value_guard.check_written(self, vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        stored_value_guard.check_removed(self)

    def _create_gift_card(self):
        """Return the gift card that this line of an invoice sells, a draft.

        Where it was sold elsewhere before, other addons return that one.
        """
        return gift_card_sale.create_card(self)

    def action_unreconcile_match_entries(self):
        """Keep credits apart from invoices when a user unreconciles both."""
        lines = self.browse(self.env.context.get("active_ids"))._all_reconciled_lines()
        partials = lines.matched_debit_ids | lines.matched_credit_ids
        applications_sudo = self.env["account.credit.application"]._find_of(
            partials.ids
        )
        result = super().action_unreconcile_match_entries()
        applications_sudo._pin(True)
        return result

    def _reconcile_post_hook(self, data):
        if get_posting(self.env).is_saving:
            self.move_id._recompute_recordset()
            # Whatever is done with paid invoices leaves nothing out.
            data = {
                name: moves.with_context(mail_notrack=False, skip_invoice_sync=False)
                for name, moves in data.items()
            }
        return super()._reconcile_post_hook(data)

    # -------------------------------------------------------------------------
    # THE RECEIVABLE ITEM OF AN ACCOUNT THAT IS A CREDIT
    # -------------------------------------------------------------------------

    @api.model
    def _get_credit_item_domain(self):
        """Return which receivable items are credits of ours."""
        return Domain("credit_line_ids", "!=", False)

    @api.model
    def _get_awaited_domain(self):
        """Return which open terms await money that is on its way, before credits."""
        return Domain.FALSE

    def _get_counterpart_key(self, amount):
        """Return what an item and its reversal have in common.

        :param amount: of the reversal, in the currency of the item
        """
        self.ensure_one()
        currency = self.currency_id
        return (self.partner_id, self.account_id, currency, currency.round(amount))

    # -------------------------------------------------------------------------
    # RECONCILE A PART OF AN ITEM, WHERE THE CREDIT MAY PAY NO MORE
    # -------------------------------------------------------------------------

    def _prepare_reconciliation_single_partial(
        self, debit_values, credit_values, shadowed_aml_values=None
    ):
        posting = get_posting(self.env)
        cap = posting.cap
        if posting.decision:
            pair = (credit_values["aml"].id, debit_values["aml"].id)
            cap = posting.decision.amounts.get(pair, cap)
        if cap is not None:
            credit_values = self._cap_credit_values(credit_values, cap)
        return super()._prepare_reconciliation_single_partial(
            debit_values, credit_values, shadowed_aml_values
        )

    @api.model
    def _cap_credit_values(self, values, cap):
        """Return what Odoo is to take of a credit: not more than the cap."""
        residual = values["amount_residual_currency"]
        item = values["aml"]
        if item.currency_id.compare_amounts(-residual, cap) <= 0:
            return values
        balance = values["amount_residual"] * cap / -residual
        return {
            **values,
            "amount_residual_currency": -cap,
            "amount_residual": item.company_currency_id.round(balance),
        }
