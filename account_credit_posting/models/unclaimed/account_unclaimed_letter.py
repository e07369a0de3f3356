from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list

from ...const import NAMES_LISTED
from ...tools.days import get_today
from ...tools.posting import with_posting

TEMPLATE = "account_credit_posting.mail_template_unclaimed_letter"


class AccountUnclaimedLetter(models.Model):
    """A letter that told the owner what is due to the state, or the owner's answer.

    One row is one letter. An answer is an activity of the owner: the years without one
    begin anew.
    """

    _name = "account.unclaimed.letter"
    _inherit = ["account.credit.guard"]
    _description = "Letter about Unclaimed Property"
    _order = "date desc, id desc"
    _rec_name = "stored_value_id"
    _writer = "event"

    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="event",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer Account",
        required=True,
        readonly=True,
        ondelete="restrict",
        written_by="event",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, written_by="event"
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", required=True, readonly=True, written_by="event"
    )
    amount = fields.Monetary(
        readonly=True, help="The remaining amount.", written_by="event"
    )
    state_id = fields.Many2one(
        comodel_name="res.country.state",
        string="Owner's State",
        readonly=True,
        written_by="event",
    )
    activity_date = fields.Date(
        string="Last Activity", readonly=True, written_by="event"
    )
    due_date = fields.Date(string="Due On", readonly=True, written_by="event")
    date = fields.Date(
        string="Written On", required=True, readonly=True, written_by="event"
    )
    way = fields.Selection(
        selection=[
            ("print", "Printed"),
            ("email", "Emailed"),
            ("answer", "The owner answered"),
        ],
        required=True,
        readonly=True,
        written_by="event",
    )

    @api.model
    def _create_letters(self, rows, way):
        """Create the letters about what becomes due.

        :param rows: ``account.unclaimed.due``, with all rights
        :param way: see ``way``
        :raise UserError: when something is not due, or has no address
        """
        if undue := rows.filtered(lambda row: not row.due_date):
            raise UserError(
                self.env._(
                    "%(names)s: no rule says when it is due to a state. There is no "
                    "letter to write.",
                    names=list_names(undue),
                )
            )
        if way == "email" and (
            silent := rows.filtered(lambda row: not row.partner_id.email)
        ):
            raise UserError(
                self.env._(
                    "%(names)s: the account has no email address. Print the letter.",
                    names=list_names(silent),
                )
            )
        letters_sudo = with_posting(self.sudo(), "event").create(
            [
                {
                    "stored_value_id": row.stored_value_id.id,
                    "partner_id": row.partner_id.id,
                    "company_id": row.company_id.id,
                    "currency_id": row.currency_id.id,
                    "amount": row.balance,
                    "state_id": row.state_id.id,
                    "activity_date": row.activity_date,
                    "due_date": row.due_date,
                    "date": get_today(row.company_id),
                    "way": way,
                }
                for row in rows
            ]
        )
        if way == "email":
            template_sudo = self.env.ref(TEMPLATE).sudo()
            template_sudo.send_mail_batch(letters_sudo.ids)
        return letters_sudo


def list_names(rows):
    """Name records in a message, the first ones of many."""
    names = rows[:NAMES_LISTED].mapped("display_name")
    if len(rows) > NAMES_LISTED:
        names.append("…")
    return format_list(rows.env, names)
