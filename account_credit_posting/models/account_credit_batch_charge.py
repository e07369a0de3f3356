from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountCreditBatch(models.Model):
    """Invoice each account of a batch, with a credit beside it or without."""

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    charge_item_id = fields.Many2one(
        comodel_name="product.product",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain=lambda self: self._get_charge_item_domain(),
        tracking=True,
        help="What the accounts are invoiced for. Its ledger account and its taxes are "
        "those of any customer invoice. A credit of the same line pays that invoice.",
    )
    invoice_date_due = fields.Date(
        string="Due Date",
        help="Of the invoices. The payment terms count before it.",
    )
    invoice_payment_term_id = fields.Many2one(
        comodel_name="account.payment.term",
        string="Payment Terms",
        check_company=True,
        help="Of the invoices. Without terms and due date, those of each account.",
    )
    charge_total = fields.Monetary(
        compute="_compute_charge_total",
        string="Invoiced",
        help="What the accounts are charged, before taxes that come on top, in company "
        "currency at the rate of the date.",
    )

    _credit_item_or_charge_item = models.Constraint(
        "CHECK (credit_item_id IS NOT NULL OR charge_item_id IS NOT NULL)",
        "A credit batch needs a credit item, or an item to invoice.",
    )

    @api.model
    def _get_charge_item_domain(self):
        """Return which products can be invoiced by a batch."""
        return [
            ("sale_ok", "=", True),
            ("is_credit_item", "=", False),
            ("is_gift_card", "=", False),
        ]

    @api.depends("line_ids.charge_amount", "charge_item_id", "date")
    def _compute_charge_total(self):
        sums = {}  # {batch: [(currency, amount)]}
        charged = self.filtered("charge_item_id")
        for batch, currency, amount in self.env["account.credit.line"]._read_group(
            [("batch_id", "in", charged.ids)],
            ["batch_id", "currency_id"],
            ["charge_amount:sum"],
        ):
            sums.setdefault(batch, []).append((currency, amount))
        for batch in self:
            batch.charge_total = sum(
                currency._convert(
                    amount, batch.currency_id, batch.company_id, batch.date
                )
                for currency, amount in sums.get(batch._origin, ())
            )

    def action_view_charges(self):
        """Open the invoices of the batch.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        lines = self.env["account.credit.line"]._search([("batch_id", "=", self.id)])
        return {
            **action,
            "name": self.env._("Invoices of %(batch)s", batch=self.name),
            "domain": [("id", "in", lines.subselect("charge_move_id"))],
            "context": {"create": False},
        }

    def _check_charge(self):
        """Check what the invoices of the batch need.

        :raise UserError: when an item cannot be invoiced, or no document is wanted
        """
        self.ensure_one()
        item = self.charge_item_id
        if not item:
            return
        if item.is_credit_item or item.is_gift_card or not item.active:
            raise UserError(
                self.env._(
                    "%(item)s cannot be invoiced here: it is archived, a credit item "
                    "or a gift card. Choose another item.",
                    item=item.display_name,
                )
            )
        if self.document_form == "entry":
            raise UserError(
                self.env._(
                    "Credits beside invoices are posted as credit notes. Choose "
                    "this under Posted As."
                )
            )
