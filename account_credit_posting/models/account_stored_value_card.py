import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import consteq, format_date
from odoo.tools.misc import hmac

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..card_code import LENGTH, create_code, normalize_code
from ..const import HIDDEN_CODE
from ..narrowing import explain_refusal, narrow

_logger = logging.getLogger(__name__)

#: Characters of a code that stand together where people read it.
GROUP = 4


class AccountStoredValue(models.Model):
    """The code of a gift card, and the card: printed, or sent by e-mail.

    A code exists while it is told: in the answer that gives it, on the page that prints
    it, in the e-mail that leaves. What stays is its keyed hash.
    """

    # One file per concern.
    _inherit = "account.stored.value"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # CODES
    # -------------------------------------------------------------------------

    def action_new_code(self):
        """Give a gift card a new code, for instance after a wrong e-mail.

        Who may issue gives the first one, an administrator every other.

        :return: the code, told here and never again; the old one is worth nothing
        :raise AccessError: when the user may not
        """
        self.ensure_one()
        self._check_may_give_code()
        return self.sudo()._set_new_code()  # As in `issue`.

    def action_show_new_code(self):
        """Give a gift card a new code, and show it with a button that prints the card.

        :return: a client action that tells the code
        :raise AccessError: see :meth:`action_new_code`
        """
        return self._get_code_action(self.action_new_code())

    def _check_may_give_code(self):
        """Check the right to give a code.

        An administrator's, where there was one, or where the value came from another
        record: whoever has a code can move the money.
        """
        if any(value.code_last4 or value.origin_id for value in self):
            self._check_may_manage()
        else:
            self._check_may_use()
        self._check_state("active", "blocked")

    def _set_new_code(self):
        """Set and return a new code of a gift card."""
        self.ensure_one()
        if self.value_type != "gift_card":
            raise UserError(self.env._("Only gift cards have codes."))
        code = create_code()
        self._write_event(
            {"code_hash": self._hash_code(code), "code_last4": code[-GROUP:]}
        )
        return "-".join(
            code[start : start + GROUP] for start in range(0, LENGTH, GROUP)
        )

    @api.model
    def _hash_code(self, code):
        """Return the keyed hash of a code (``odoo.tools.hmac``, the database's key)."""
        # The key is the system's.
        return hmac(self.env(su=True), "account.stored.value", code)

    @api.model
    def _find_by_code(self, code):
        """Return the active gift card with a code, of a company of the user.

        Every wrong code takes the same way and gets the same answer; after ten in a
        row there is a pause.

        :return: a sudoed record
        """
        attempts = self.env["account.stored.value.attempt"]
        attempts._check_pause()
        # The hash is nobody's to read; whoever knows the code may use the card.
        value_sudo = self.sudo().search(
            [
                ("code_hash", "=", self._hash_code(normalize_code(code))),
                ("company_id", "in", self.env.companies.ids),
                ("state", "=", "active"),
            ]
        )
        if not value_sudo or value_sudo._is_expired():
            attempts._record_wrong()
            raise UserError(
                self.env._("There is no gift card to use with this code. Check it.")
            )
        attempts._record_right()
        return value_sudo

    def _check_code(self, code):
        """Check that a code is that of this gift card, whatever its state.

        :raise UserError: when it is not; this counts as a wrong code
        """
        self.ensure_one()
        attempts = self.env["account.stored.value.attempt"]
        attempts._check_pause()
        # The hash is nobody's to read.
        expected = self.sudo().code_hash or ""
        if not consteq(self._hash_code(normalize_code(code)), expected):
            attempts._record_wrong()
            raise UserError(
                self.env._(
                    "This is not the code of %(name)s any more. Give it a new one.",
                    name=self.name,
                )
            )

    # -------------------------------------------------------------------------
    # THE CARD
    # -------------------------------------------------------------------------

    def _get_code_action(self, code):
        """Return the action that tells a code once.

        :param code: of this gift card; False where it is told in an e-mail only
        """
        self.ensure_one()
        value_sudo = self.sudo()  # Whoever gets the code may know what it is worth.
        return {
            "type": "ir.actions.client",
            "tag": "account_credit_posting.card_code",
            "name": value_sudo.name,
            "target": "new",
            "params": {
                "id": value_sudo.id,
                "name": value_sudo.name,
                "account": value_sudo.partner_id.display_name,
                "amount": value_sudo.currency_id.format(value_sudo.balance),
                "code": code,
                "recipient_email": value_sudo._get_recipient(),
                "send_date": format_date(self.env, value_sudo.send_date)
                if value_sudo.send_date
                else False,
            },
        }

    def _get_card_code(self):
        """Return what stands on the card as its code.

        The code itself is in the context of whoever tells it, and nowhere else.
        """
        self.ensure_one()
        code = self.env.context.get("card_code")
        if code:
            return code
        return HIDDEN_CODE[:-GROUP] + (self.code_last4 or HIDDEN_CODE[-GROUP:])

    def _render_card(self, code):
        """Render the printable card.

        :param code: of this card
        :return: ``(content, "pdf")``, or ``"html"`` where there is no wkhtmltopdf
        """
        self.ensure_one()
        self._check_code(code)
        # Whoever knows the code holds the card.
        reports_sudo = self.env["ir.actions.report"].sudo()
        reports_sudo = reports_sudo.with_context(card_code=code)
        can_pdf = reports_sudo.get_wkhtmltopdf_state() in ("ok", "workers")
        render = (
            reports_sudo._render_qweb_pdf if can_pdf else reports_sudo._render_qweb_html
        )
        content, _report_type = render(
            "account_credit_posting.action_report_gift_card", self.ids
        )
        return content, "pdf" if can_pdf else "html"

    # -------------------------------------------------------------------------
    # E-MAIL
    # -------------------------------------------------------------------------

    def send_card(self, email=None, date=None):
        """Let the card be e-mailed, with a new code that is made when it leaves.

        :param str email: to whom; by default the recipient, else the account
        :param date: the day on which it leaves, today by default
        :return: True
        :raise AccessError: as for a new code
        :raise UserError: when there is no address
        """
        self._check_may_give_code()
        today = fields.Date.context_today(self)
        for value_sudo in self.sudo():  # As in `issue`.
            if value_sudo.value_type != "gift_card":
                raise UserError(self.env._("Only gift cards are sent."))
            if email:
                value_sudo._write_event({"recipient_email": email})
            if not value_sudo._get_recipient():
                raise UserError(
                    self.env._(
                        "%(name)s has no recipient, and %(account)s no e-mail address. "
                        "Enter one.",
                        name=value_sudo.name,
                        account=value_sudo.partner_id.display_name,
                    )
                )
            value_sudo._write_event({"send_date": date or today, "send_error": False})
        self._trigger_sending()
        return True

    def _trigger_sending(self):
        cron = self.env.ref(
            "account_credit_posting.ir_cron_send_gift_cards", raise_if_not_found=False
        )
        if cron:
            cron.sudo()._trigger()  # Whoever may send need not see scheduled actions.

    def _get_recipient(self):
        """Return the e-mail address that the card goes to."""
        self.ensure_one()
        return self.recipient_email or self.partner_id.email or False

    @api.model
    def _cron_send_cards(self):
        """E-mail the cards whose day has come; each one is committed by itself.

        Neither mail nor message is kept: they hold the code.
        """
        cards = self.search(
            [
                ("send_date", "<=", fields.Date.context_today(self)),
                ("state", "=", "active"),
            ]
        )
        self.env["ir.cron"]._commit_progress(remaining=len(cards))
        for card in cards:
            try:
                narrow(
                    self.env.cr,
                    card,
                    lambda one: one._send_card(),
                    lambda one, refusal: one._set_send_error(refusal),
                )
            except (OperationalError, ConcurrencyError):
                # Somebody works on this card: the next run has it.
                self.env.cr.rollback()
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _set_send_error(self, refusal):
        """Keep why the card was not e-mailed; the next run tries again."""
        # What a mail server refuses is an OSError (`smtplib.SMTPException`).
        if isinstance(refusal, (MailDeliveryException, OSError)):
            reason = " ".join(str(part) for part in refusal.args)
        else:
            label = f"Sending gift card {self.id}"
            reason = explain_refusal(self.env, refusal, _logger, label)
        self._write_event({"send_error": reason})

    def _send_card(self):
        """E-mail the card with a new code."""
        self.ensure_one()
        self._take()
        template = self.env.ref("account_credit_posting.mail_template_gift_card")
        recipient = self._get_recipient()
        if not recipient:
            raise UserError(
                self.env._("There is no e-mail address. Enter one and send it again.")
            )
        code = self._set_new_code()
        template.with_context(card_code=code).send_mail(
            self.id,
            force_send=True,
            raise_exception=True,
            # The mail holds the code: it goes when it is sent, before the commit.
            email_values={"auto_delete": True, "email_to": recipient},
        )
        self._write_event(
            {
                "sent_date": fields.Datetime.now(),
                "send_date": False,
                "send_error": False,
            }
        )
        self.message_post(
            body=self.env._("The card was e-mailed to %(email)s.", email=recipient)
        )
