from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ...const import GROUP_MANAGER
from ...tools.actions import notify, open_known, open_record
from ...tools.days import get_today
from ...tools.rights import check_right
from ..credit.account_credit_answer import answered_once
from ..stored_value import stored_value_changes
from .account_unclaimed_letter import list_names
from .account_unclaimed_property import check_may_hand

#: Who posts refunds.
GROUP_INVOICE = "account.group_account_invoice"

#: What the owner does, or has done: it begins the years without activity anew.
ACTIVITIES = ("issue", "use", "move", "redeem", "refund")


class AccountUnclaimedDue(models.Model):
    """What the law of its owner's state says today of what is left, card by card.

    A view of the ledger, the records and the rules: what may be paid out in cash, and
    what becomes due to the state, and when. What was given away is not in it: no money
    came in for it.
    """

    _name = "account.unclaimed.due"
    _description = "Unclaimed Property Due"
    _auto = False
    _order = "due_date, id"
    _rec_name = "name"
    # What is to be in the database before the view is read.
    _depends = {
        "account.move": ["stored_value_event"],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "date",
            "move_id",
            "parent_state",
            "stored_value_id",
        ],
        "account.stored.value": [
            "awaits_payment",
            "company_id",
            "currency_id",
            "expiry_date",
            "funding",
            "given_account_id",
            "given_amount",
            "holder_state_id",
            "initial_amount",
            "issue_date",
            "name",
            "partner_id",
            "state",
            "value_type",
        ],
        "account.unclaimed.letter": ["date", "stored_value_id", "way"],
        "account.unclaimed.rule": [
            "active",
            "amount",
            "company_id",
            "country_id",
            "currency_id",
            "exemption",
            "is_amount_included",
            "kind",
            "state_id",
            "used_share",
            "valid_from",
            "valid_to",
            "value_type",
            "years",
        ],
        "res.company": ["paid_value_expires", "stored_value_for_services"],
        "res.country.state": ["country_id"],
    }

    id = fields.Id(help="That of the gift card or prepayment.")
    name = fields.Char(string="Number", readonly=True)
    stored_value_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Gift Card or Prepayment",
        readonly=True,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer Account",
        readonly=True,
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    value_type = fields.Selection(
        selection=[("gift_card", "Gift Card"), ("prepayment", "Prepayment")],
        string="Type",
        readonly=True,
    )
    state_id = fields.Many2one(
        comodel_name="res.country.state",
        string="Owner's State",
        readonly=True,
    )
    issue_date = fields.Date(string="Issued On", readonly=True)
    activity_date = fields.Date(
        string="Last Activity",
        readonly=True,
        help="The date of its last issue, use, move, redemption or refund, or of the "
        "owner's answer to a letter.",
    )
    balance = fields.Monetary(
        readonly=True, help="The remaining amount, as far as it was paid for."
    )
    rule_id = fields.Many2one(
        comodel_name="account.unclaimed.rule",
        readonly=True,
        help="How the due date is determined.",
    )
    exemption_id = fields.Many2one(
        comodel_name="account.unclaimed.rule",
        string="Exempt By",
        readonly=True,
    )
    letter_date = fields.Date(
        string="Letter On",
        readonly=True,
        help="The last letter to the owner since the last activity.",
    )
    due_date = fields.Date(
        string="Due On",
        readonly=True,
        help="The date from which it must be handed to the state; empty if no rule "
        "applies, or if it is exempt.",
    )
    cash_out_rule_id = fields.Many2one(
        comodel_name="account.unclaimed.rule",
        string="Paid Out By",
        readonly=True,
    )
    may_cash_out = fields.Boolean(
        string="May Be Paid Out",
        readonly=True,
        help="Whether the holder may ask for cash today.",
    )

    @property
    def _table_query(self):
        today = get_today(self.env.company)
        return SQL(
            """
            SELECT value.id,
                   value.id AS stored_value_id,
                   value.name,
                   value.partner_id,
                   value.company_id,
                   value.currency_id,
                   value.value_type,
                   value.holder_state_id AS state_id,
                   value.issue_date,
                   activity.date AS activity_date,
                   letter.date AS letter_date,
                   held.balance,
                   dormancy.id AS rule_id,
                   exemption.id AS exemption_id,
                   CASE WHEN exemption.id IS NULL
                        THEN (activity.date
                              + dormancy.years * INTERVAL '1 year')::date
                   END AS due_date,
                   CASE WHEN %(may_cash_out)s THEN cash.id END AS cash_out_rule_id,
                   COALESCE(%(may_cash_out)s, FALSE) AS may_cash_out
              FROM account_stored_value value
              JOIN res_company company ON company.id = value.company_id
              JOIN LATERAL (
                   SELECT SUM(-line.amount_currency) AS balance,
                          MAX(line.date) FILTER (
                              WHERE move.stored_value_event IN %(activities)s
                          ) AS activity_date
                     FROM account_move_line line
                     JOIN account_move move ON move.id = line.move_id
                    WHERE line.stored_value_id = value.id
                      AND line.parent_state = 'posted'
                      AND line.account_id IS DISTINCT FROM value.given_account_id
                   ) held ON held.balance > 0
        CROSS JOIN LATERAL (
                   SELECT value.initial_amount - COALESCE(value.given_amount, 0)
                       AS amount
                   ) paid
        CROSS JOIN LATERAL (
                   SELECT GREATEST(held.activity_date, MAX(letter.date)) AS date
                     FROM account_unclaimed_letter letter
                    WHERE letter.stored_value_id = value.id
                      AND letter.way = 'answer'
                   ) activity
        CROSS JOIN LATERAL (
                   SELECT MAX(letter.date) AS date
                     FROM account_unclaimed_letter letter
                    WHERE letter.stored_value_id = value.id
                      AND letter.way <> 'answer'
                      AND letter.date >= activity.date
                   ) letter
         LEFT JOIN res_country_state state ON state.id = value.holder_state_id
         LEFT JOIN LATERAL (%(cash_out)s) cash ON TRUE
         LEFT JOIN LATERAL (%(dormancy)s) dormancy ON TRUE
         LEFT JOIN LATERAL (%(exemption)s) exemption ON TRUE
             WHERE value.state IN ('active', 'blocked')
               AND value.awaits_payment IS NOT TRUE
               AND value.funding <> 'promotion'
            """,
            activities=ACTIVITIES,
            may_cash_out=SQL(
                """(value.state = 'active' AND (
                       (cash.currency_id = value.currency_id
                        AND (held.balance < cash.amount
                             OR (cash.is_amount_included
                                 AND held.balance = cash.amount)))
                       OR (cash.used_share > 0
                           AND (paid.amount - held.balance) * 100
                               >= paid.amount * cash.used_share::numeric)))"""
            ),
            cash_out=self._get_rule_query("cash_out", today),
            dormancy=self._get_rule_query("dormancy", today),
            exemption=self._get_rule_query(
                "exempt",
                today,
                SQL(
                    """AND (rule.exemption = 'all'
                            OR (rule.exemption = 'services'
                                AND company.stored_value_for_services)
                            OR (rule.exemption = 'no_expiry'
                                AND NOT (value.expiry_date IS NOT NULL
                                         AND company.paid_value_expires IS TRUE)))"""
                ),
            ),
        )

    def _get_rule_query(self, kind, day, condition=None):
        """Return the query of the rule in force for a stored value, the closest one.

        :param kind: see ``account.unclaimed.rule.kind``
        :param day: on which it is in force
        :param condition: further SQL
        """
        return SQL(
            """
            SELECT rule.*
              FROM account_unclaimed_rule rule
             WHERE rule.active
               AND rule.kind = %(kind)s
               AND rule.country_id = state.country_id
               AND (rule.state_id IS NULL OR rule.state_id = state.id)
               AND (rule.value_type IS NULL OR rule.value_type = value.value_type)
               AND (rule.company_id IS NULL OR rule.company_id::text = ANY (
                        STRING_TO_ARRAY(company.parent_path, '/')
                    ))
               AND rule.valid_from <= %(day)s
               AND (rule.valid_to IS NULL OR rule.valid_to >= %(day)s)
               %(condition)s
          ORDER BY rule.company_id IS NULL, rule.state_id IS NULL,
                   rule.value_type IS NULL, rule.valid_from DESC, rule.id DESC
             LIMIT 1
            """,
            kind=kind,
            day=day,
            condition=condition or SQL(),
        )

    def action_open(self):
        """Open the gift card or prepayment.

        :return: a window action
        """
        self.ensure_one()
        return open_record(self.name, self.stored_value_id)

    # -------------------------------------------------------------------------
    # CASH
    # -------------------------------------------------------------------------

    @answered_once
    def cash_out(self, journal_id, idempotency_key=None):
        """Pay out all that is left in cash, where the law grants it.

        :param int journal_id: bank or cash journal
        :return: id of the ``account.payment``
        :raise AccessError: when the user posts no refunds
        :raise UserError: when the law of the owner's state does not grant it today
        """
        self.ensure_one()
        check_right(
            self,
            f"{GROUP_INVOICE},{GROUP_MANAGER}",
            self.env._(
                "You are not allowed to pay out gift cards. Ask an administrator for "
                "the right to post invoices and refunds."
            ),
        )
        value = self.env["account.stored.value"].browse(self.id)
        value.check_access("read")
        # The law has decided, as an administrator does otherwise.
        value_sudo = value.sudo()
        value_sudo._lock()
        row_sudo = self._find_cash_out(value_sudo)
        journal_sudo = value_sudo.env["account.journal"].browse(journal_id)
        payment_sudo = stored_value_changes.refund(
            value_sudo, row_sudo.balance, journal_sudo
        )
        value_sudo.message_post(
            body=self.env._(
                "Paid out in cash. %(rule)s",
                rule=row_sudo.cash_out_rule_id.display_name,
            ),
            subtype_xmlid="mail.mt_note",
        )
        return payment_sudo.id

    def _find_cash_out(self, value):
        """Return the row of a stored value that may be paid out in cash today.

        :param value: ``account.stored.value``, with all rights
        :raise UserError: when the law does not grant it
        """
        rows = value.env[self._name]
        rows.invalidate_model()
        row = rows.search(
            [("stored_value_id", "=", value.id), ("may_cash_out", "=", True)]
        )
        if not row:
            raise UserError(
                self.env._(
                    "%(name)s cannot be paid out in cash: with %(balance)s left, the "
                    "rules for %(state)s do not allow it today. An administrator can "
                    "refund it.",
                    name=value.name,
                    balance=value.currency_id.format(value.balance),
                    state=value.holder_state_id.name
                    or self.env._("an owner without a state"),
                )
            )
        return row

    # -------------------------------------------------------------------------
    # UNCLAIMED PROPERTY
    # -------------------------------------------------------------------------

    @answered_once
    def action_hand(self, idempotency_key=None):
        """Hand what is due to the states of the owners.

        From then on it is owed to the state, and cannot be used.

        :return: a window action on ``account.unclaimed.property``
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when something is not due, or a date is locked; then nothing
            is handed over
        """
        # Of a row that another session has handed over meanwhile, this is what is left.
        check_may_hand(self.env["account.stored.value"].browse(self.ids))
        rows_sudo = self._lock_due()
        if early := rows_sudo.filtered(
            lambda row: not row.due_date or row.due_date > get_today(row.company_id)
        ):
            raise UserError(early[0]._explain_early())
        handed = self.env["account.unclaimed.property"]._hand(rows_sudo)
        return open_known(
            self.env,
            "account_credit_posting.account_unclaimed_property_action",
            domain=[("id", "in", handed.ids)],
            context={},
        )

    def _lock_due(self):
        """Make others wait, and return what is left of these afterwards.

        :return: these rows, with all rights
        :raise UserError: when one is used up meanwhile, or handed over
        """
        # The right to manage is enough, as with refunds.
        self.env["account.stored.value"].browse(self.ids).sudo()._lock()
        rows_sudo = self.sudo()
        rows_sudo.invalidate_model()
        left_sudo = rows_sudo.search([("id", "in", self.ids)])
        if len(left_sudo) < len(self):
            gone = self.env["account.stored.value"].browse((self - left_sudo).ids)
            raise UserError(
                self.env._(
                    "%(names)s: nothing is left, or it was already handed over. "
                    "Reload the page.",
                    names=list_names(gone),
                )
            )
        return left_sudo

    def _explain_early(self):
        """Say why it is not handed over today."""
        self.ensure_one()
        if self.exemption_id:
            return self.env._(
                "%(name)s is exempt: %(rule)s. It stays with its owner.",
                name=self.name,
                rule=self.exemption_id.display_name,
            )
        if not self.due_date:
            return self.env._(
                "%(name)s: no rule says when it is due. Set the state of its owner, or "
                "add a rule for that state.",
                name=self.name,
            )
        return self.env._(
            "%(name)s is not due until %(date)s: %(rule)s.",
            name=self.name,
            date=format_date(self.env, self.due_date),
            rule=self.rule_id.display_name,
        )

    def action_print_letters(self):
        """Write to the owners what is due, and print the letters.

        :return: the action of the report
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when something is due to no state
        """
        letters = self._create_letters("print")
        report = self.env.ref("account_credit_posting.action_report_unclaimed_letter")
        return report.report_action(letters)

    def action_send_letters(self):
        """Write to the owners what is due, by email.

        :return: a notification
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when something is due to no state, or an address is missing
        """
        letters = self._create_letters("email")
        return notify(
            self.env._("%s letters are being sent.", len(letters)),
            next={"type": "ir.actions.client", "tag": "soft_reload"},
        )

    def action_owner_answered(self):
        """Keep that the owners answered: the years without activity begin anew.

        :return: an action that loads the page again
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when something is due to no state
        """
        self._create_letters("answer")
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _create_letters(self, way):
        """Create letters, see ``account.unclaimed.letter``, with the user's rights."""
        check_may_hand(self)
        letters_sudo = self.env["account.unclaimed.letter"]._create_letters(
            self.sudo(), way
        )
        self.invalidate_model()
        return letters_sudo.sudo(False)
