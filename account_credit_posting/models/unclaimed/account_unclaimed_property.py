from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...const import GROUP_MANAGER
from ...tools.actions import open_dialog, open_record
from ...tools.locks import lock_rows
from ...tools.posting import with_posting
from ...tools.rights import check_right
from ..stored_value import stored_value_changes
from ..stored_value.stored_value_events import get_outstanding_account
from ..stored_value.stored_value_posting import check_lock_dates
from .account_unclaimed_letter import list_names


def check_may_hand(records):
    """Check the right to hand property to a state, and to see these records.

    :raise AccessError: when the user has no such right
    """
    check_right(
        records,
        GROUP_MANAGER,
        records.env._(
            "Only an administrator of account credits can hand unclaimed property to "
            "a state."
        ),
        "read",
    )


class AccountUnclaimedProperty(models.Model):
    """What was left of a gift card, and is owed to a state instead of its owner.

    One row is one posted entry. Whether it is paid over is what its item on the payable
    account says: it is reconciled, by whatever came.
    """

    _name = "account.unclaimed.property"
    _inherit = ["account.credit.guard"]
    _description = "Unclaimed Property"
    _order = "date desc, id desc"
    _rec_name = "stored_value_id"
    _writer = "event"

    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        written_by="event",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Owner",
        required=True,
        readonly=True,
        ondelete="restrict",
        help="The account that it was held for.",
        written_by="event",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, written_by="event"
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", required=True, readonly=True, written_by="event"
    )
    amount = fields.Monetary(
        required=True, readonly=True, help="The remaining amount.", written_by="event"
    )
    state_id = fields.Many2one(
        comodel_name="res.country.state",
        string="Handed To",
        required=True,
        readonly=True,
        ondelete="restrict",
        written_by="event",
    )
    reason = fields.Char(
        readonly=True,
        help="The rule by which it was due, as it was on that day.",
        written_by="event",
    )
    activity_date = fields.Date(
        string="Last Activity", readonly=True, written_by="event"
    )
    due_date = fields.Date(string="Due On", readonly=True, written_by="event")
    letter_date = fields.Date(
        string="Letter On",
        readonly=True,
        help="The last letter to the owner.",
        written_by="event",
    )
    date = fields.Date(
        string="Handed On", required=True, readonly=True, written_by="event"
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Journal Entry",
        required=True,
        readonly=True,
        ondelete="restrict",
        written_by="event",
    )
    item_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Payable Item",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        written_by="event",
    )
    back_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Taken Back By",
        readonly=True,
        ondelete="restrict",
        written_by="event",
    )
    state = fields.Selection(
        selection=[
            ("handed", "To Be Paid"),
            ("remitted", "Paid to the State"),
            ("back", "Taken Back"),
        ],
        compute="_compute_state",
        store=True,
        help="Paid once its payable item is reconciled with a posted one.",
        written_by="compute",
    )
    _move_unique = models.UniqueIndex("(move_id)")

    @api.depends(
        "item_id.reconciled",
        "item_id.matched_debit_ids.debit_move_id.parent_state",
        "back_move_id",
    )
    def _compute_state(self):
        for row in self:
            # A payment that is reset to draft stays matched, and pays nothing.
            paying = row.item_id.matched_debit_ids.debit_move_id
            is_paid = row.item_id.reconciled and all(
                item.parent_state == "posted" for item in paying
            )
            if row.back_move_id:
                row.state = "back"
            else:
                row.state = "remitted" if is_paid else "handed"

    # -------------------------------------------------------------------------
    # HAND TO THE STATE, AND TAKE BACK
    # -------------------------------------------------------------------------

    @api.model
    def _hand(self, rows):
        """Book that what is left is owed to the state of its owner from now on.

        :param rows: ``account.unclaimed.due`` that is due, with all rights, locked
        :return: the new records
        :raise UserError: when a date is locked, or there is no account
        """
        handed = self.browse()
        for company, its_rows in rows.grouped("company_id").items():
            account = self._get_payable_account(company)
            labels = [
                self.env._("Handed to a state: %s", row.state_id.name)
                for row in its_rows
            ]
            moves = stored_value_changes.hand(its_rows.stored_value_id, account, labels)
            handed |= with_posting(self.sudo(), "event").create(
                [
                    self._prepare_handed(row, move, account)
                    for row, move in zip(its_rows, moves, strict=True)
                ]
            )
        for row in handed:
            row.stored_value_id.message_post(
                body=self.env._(
                    "%(amount)s was handed to %(state)s and can no longer be used: "
                    "there was no activity since %(date)s. %(reason)s",
                    amount=row.currency_id.format(row.amount),
                    state=row.state_id.name,
                    date=format_date(self.env, row.activity_date),
                    reason=row.reason,
                ),
                subtype_xmlid="mail.mt_note",
            )
        return handed

    @api.model
    def _prepare_handed(self, row, move, account):
        # What nobody paid for is not owed to a state.
        item = move.line_ids.filtered(lambda item: item.account_id == account)
        return {
            "stored_value_id": row.stored_value_id.id,
            "partner_id": row.partner_id.id,
            "company_id": row.company_id.id,
            "currency_id": row.currency_id.id,
            "amount": row.balance,
            "state_id": row.state_id.id,
            "reason": row.rule_id.display_name,
            "activity_date": row.activity_date,
            "due_date": row.due_date,
            "letter_date": row.letter_date,
            "date": move.date,
            "move_id": move.id,
            "item_id": item.id,
        }

    @api.model
    def _get_payable_account(self, company):
        """Return the account of what is owed to states.

        :raise UserError: when there is none, or it cannot be reconciled
        """
        account = company._get_own_or_parent("unclaimed_property_account_id")
        if not account or not account.reconcile:
            raise UserError(
                self.env._(
                    "%(company)s has no account for unclaimed property that allows "
                    "reconciliation. Choose one under Invoicing, Configuration, "
                    "Settings, Account Credits.",
                    company=company.display_name,
                )
            )
        return account

    def action_take_back(self):
        """Owe it to its owner again, who has come back or was wrongly given up.

        :return: True
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when it is paid to the state, or taken back already
        """
        check_may_hand(self)
        rows_sudo = self.sudo()  # The right to manage is enough, as with refunds.
        rows_sudo._lock_handed()
        for row_sudo in rows_sudo:
            move_sudo = stored_value_changes.hand_back(row_sudo.move_id)
            row_sudo._write_guarded({"back_move_id": move_sudo.id})
            row_sudo.stored_value_id.message_post(
                body=self.env._(
                    "Taken back from %(state)s: the owner can use it again.",
                    state=row_sudo.state_id.name,
                ),
                subtype_xmlid="mail.mt_note",
            )
        return True

    # -------------------------------------------------------------------------
    # PAY TO THE STATE
    # -------------------------------------------------------------------------

    def action_remit(self):
        """Open the dialog that pays these to their state.

        :return: a window action on ``account.unclaimed.remit``
        :raise AccessError: when the user is no administrator of credits
        """
        check_may_hand(self)
        return open_dialog(
            self.env._("Pay to the State"),
            "account.unclaimed.remit",
            property_ids=self.ids,
        )

    def _remit(self, agency, journal, date):
        """Pay these to their state, by one payment.

        :param agency: ``res.partner``
        :param journal: bank or cash ``account.journal``
        :param date: of the payment
        :return: the posted ``account.payment``
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when they belong to several states, or are paid already
        """
        check_may_hand(self)
        rows_sudo = self.sudo()  # As in `action_take_back`.
        rows_sudo._lock_handed()
        rows_sudo._check_together()
        first_sudo = rows_sudo[0]
        company = first_sudo.company_id
        if date < max(rows_sudo.mapped("date")):
            raise UserError(
                self.env._(
                    "It was handed over on %(date)s: choose that date or a later one.",
                    date=format_date(self.env, max(rows_sudo.mapped("date"))),
                )
            )
        check_lock_dates(self.env._("Unclaimed property"), company, date, journal)
        items_sudo = rows_sudo.item_id
        payment_sudo = (
            self.env["account.payment"]
            .sudo()
            .create(
                {
                    "payment_type": "outbound",
                    "partner_type": "supplier",
                    "partner_id": agency.id,
                    "amount": sum(rows_sudo.mapped("amount")),
                    "currency_id": first_sudo.currency_id.id,
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "date": date,
                    "memo": self.env._(
                        "Unclaimed property: %s", first_sudo.state_id.name
                    ),
                    # With this account it has an entry at once.
                    "outstanding_account_id": get_outstanding_account(
                        first_sudo, "outbound", journal
                    ).id,
                    "destination_account_id": items_sudo.account_id.id,
                }
            )
        )
        payment_sudo.action_post()
        paid_sudo = payment_sudo.move_id.line_ids.filtered(
            lambda item: item.account_id == items_sudo.account_id
        )
        (items_sudo + paid_sudo).reconcile()
        return payment_sudo

    def _find_last_payment(self):
        """Return the payment by which the state of these was paid last time.

        :return: an ``account.payment``, with all rights; empty where it was not yet
        """
        # Whoever pays a state may know whom it was paid to.
        paid_sudo = self.sudo().search(
            [
                ("company_id", "in", self.company_id.ids),
                ("state_id", "in", self.state_id.ids),
                ("state", "=", "remitted"),
            ]
        )
        items_sudo = paid_sudo.item_id.matched_debit_ids.debit_move_id
        return items_sudo.payment_id.sorted("date")[-1:]

    def _lock_handed(self):
        """Make others wait, and check that all are still to be paid.

        :raise UserError: when one is paid, or taken back
        """
        lock_rows(self)
        if done := self.filtered(lambda row: row.state != "handed"):
            states = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(names)s: already %(state)s.",
                    names=list_names(done),
                    state=states[done[0].state],
                )
            )

    def _check_together(self):
        """Check that one payment can pay these.

        :raise UserError: when they have several states, companies or currencies
        """
        if not self:
            raise UserError(self.env._("Choose what to pay."))
        if (
            len(self.state_id) > 1
            or len(self.company_id) > 1
            or len(self.currency_id) > 1
            or len(self.item_id.account_id) > 1
        ):
            raise UserError(
                self.env._(
                    "One payment is of one company, to one state and in one currency. "
                    "Choose those of one state."
                )
            )

    # -------------------------------------------------------------------------
    # SCREENS
    # -------------------------------------------------------------------------

    def action_open(self):
        """Open the gift card or prepayment.

        :return: a window action
        """
        self.ensure_one()
        return open_record(self.display_name, self.stored_value_id)
