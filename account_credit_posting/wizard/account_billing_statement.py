from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.days import get_today


class AccountBillingStatement(models.TransientModel):
    """What an account was charged, credited and paid within a period, on paper."""

    _name = "account.billing.statement"
    _inherit = "account.credit.guard"
    _description = "Account Statement"

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: (
            get_today(self.env.company) - relativedelta(months=3, day=1)
        ),
    )
    date_to = fields.Date(
        string="To",
        required=True,
        default=lambda self: get_today(self.env.company),
    )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for statement in self:
            if statement.date_to < statement.date_from:
                raise UserError(
                    self.env._("The statement ends before it begins. Change a date.")
                )

    def action_print(self):
        """Print the statement.

        :return: a report action
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self.partner_id._check_may_see_billing()
        report = self.env.ref("account_credit_posting.action_report_billing_statement")
        return report.report_action(self)

    def _get_movements(self):
        """Return the movements of the period, the oldest first."""
        self.ensure_one()
        return self.env["account.billing.movement"].search(
            [
                *self._get_domain(),
                ("date", ">=", self.date_from),
                ("date", "<=", self.date_to),
            ],
            order="date, id",
        )

    def _get_opening(self):
        """Return what the account owed, and what was held for it, before the period.

        :return: ``(owed, held)``, in company currency
        """
        self.ensure_one()
        [sums] = self.env["account.billing.movement"]._read_group(
            [*self._get_domain(), ("date", "<", self.date_from)],
            [],
            ["amount_due:sum", "amount_held:sum"],
        )
        return tuple(amount or 0 for amount in sums)

    def _get_domain(self):
        return [
            ("partner_id", "=", self.partner_id.commercial_partner_id.id),
            ("company_id", "=", self.company_id.id),
        ]

    def _get_sections(self):
        """Return both parts of the statement: what is owed, and what is held.

        What the office alone may read is not in it.

        :return: ``[{"title", "opening", "rows": [{"date", "name", "what", "comment",
            "date_due", "amount", "balance"}], "closing"}]``, in company currency; the
            second part only where there is something to say
        """
        self.ensure_one()
        movements = self._get_movements()
        opening_due, opening_held = self._get_opening()
        sections = [
            self._prepare_section(
                self.env._("Account"), movements, "amount_due", opening_due
            )
        ]
        held = self._prepare_section(
            self.env._("Gift Cards and Prepayments"),
            movements,
            "amount_held",
            opening_held,
        )
        if held["rows"] or not self.currency_id.is_zero(opening_held):
            sections.append(held)
        return sections

    def _prepare_section(self, title, movements, name, opening):
        events = dict(movements._fields["event"]._description_selection(self.env))
        balance = opening
        rows = []
        for movement in movements:
            amount = movement[name]
            if self.currency_id.is_zero(amount):
                continue
            balance = self.currency_id.round(balance + amount)
            rows.append(
                {
                    "date": movement.date,
                    # Whoever sees the account sees the numbers of its documents.
                    "name": movement.sudo().move_id.name,
                    "what": events[movement.event],
                    "comment": movement.public_comment,
                    "date_due": movement.event == "invoice" and movement.date_due,
                    "amount": amount,
                    "balance": balance,
                }
            )
        return {"title": title, "opening": opening, "rows": rows, "closing": balance}
