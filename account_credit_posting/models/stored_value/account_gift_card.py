"""The code of a gift card, and the card: printed, or sent by email."""

import base64
import hashlib
import hmac
import io
import logging
import secrets

from reportlab.graphics.barcode import createBarcodeDrawing

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import consteq, email_normalize, format_date
from odoo.tools.pdf import (
    DictionaryObject,
    NameObject,
    PdfFileReader,
    PdfFileWriter,
)

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ...const import CODE_GROUP, CODE_KEYS, HIDDEN_CODE, UNPAID_FUNDINGS
from ...tools.actions import render_report
from ...tools.card_code import LENGTH, create_code
from ...tools.days import get_today
from ...tools.isolating import explain_error, isolate
from ...tools.working import trigger, work_list
from .stored_value_events import check_state

_logger = logging.getLogger(__name__)


def hash_code(env, code):
    """Return the hash of a new code, with the newest key."""
    return _hash(_get_keys(env)[0], code)


def hash_code_with_all(env, code):
    """Return the hashes that a code may have: one with each key, the newest first."""
    return [_hash(key, code) for key in _get_keys(env)]


def _hash(key, code):
    # As `odoo.tools.misc.hmac`, which made the hashes of older databases.
    message = repr(("account.stored.value", code))
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def _get_keys(env):
    """Return the keys of codes, the newest first.

    Not ``database.secret``: a copy of the database gets another one, and would void
    each code.
    """
    # The keys are the system's.
    parameters_sudo = env["ir.config_parameter"].sudo()
    keys = (parameters_sudo.get_param(CODE_KEYS) or "").split()
    return keys or [rotate_code_key(env(su=True))]


def rotate_code_key(env):
    """Make a new key for the codes to come; those made before stay valid.

    :param env: of who may write system parameters
    :return: the key
    """
    parameters = env["ir.config_parameter"]
    key = secrets.token_hex()
    keys = (parameters.get_param(CODE_KEYS) or "").split()
    parameters.set_param(CODE_KEYS, " ".join([key, *keys]))
    return key


def find_by_code(env, code):
    """Return the active gift card with a code, of a company of the user.

    Every wrong code gets the same answer; after ten in a row there is a pause. What can
    be no code is a typing error, and costs no attempt.

    :return: a sudoed ``account.stored.value``
    :raise UserError: when there is none to use
    """
    attempts = env["account.stored.value.attempt"]
    attempts._check_pause()
    normal = attempts._normalize_code(code)
    # The hash is nobody's to read; whoever knows the code may use the card.
    values_sudo = env["account.stored.value"].sudo()
    value_sudo = values_sudo.search(
        [
            ("code_hash", "in", hash_code_with_all(env, normal)),
            ("company_id", "in", env.companies.ids),
            ("state", "=", "active"),
        ]
    )
    if not value_sudo or value_sudo._is_expired():
        if normal:
            attempts._record_wrong()
        raise UserError(env._("There is no gift card to use with this code. Check it."))
    attempts._record_right()
    return value_sudo


def send_due_cards(env):
    """Email the cards whose day has come; each one is committed by itself.

    Neither mail nor message is kept: they hold the code.
    """
    values = env["account.stored.value"]
    due = [
        value
        for company in env["res.company"].search([])
        for value in values.search(
            [
                ("company_id", "=", company.id),
                ("send_date", "<=", get_today(company)),
                ("state", "=", "active"),
            ]
        )
    ]
    work_list(
        env,
        due,
        lambda value: isolate(
            env.cr,
            value,
            lambda one: GiftCard(one).send(),
            lambda one, error: GiftCard(one).set_send_error(error),
        ),
    )


def check_may_give_code(values):
    """Check the right to give codes.

    Whoever has a code can move the money: the first one belongs to whoever issued the
    card, every other to administrators, as where the value came from another record.

    :param values: ``account.stored.value`` records
    :raise AccessError: when the user may not
    """
    values._check_may_use()
    if any(
        value.code_last4
        or value.origin_id
        or value.env.user not in (value.create_uid | value.requested_by_id)
        for value in values
    ):
        values._check_may_manage()
    check_state(values, "active", "blocked")


def trigger_sending(env):
    """Let the scheduled action that emails cards run as soon as possible."""
    trigger(env, "account_credit_posting.ir_cron_send_gift_cards")


def check_may_print(value):
    """Check the right to print a card with a new code.

    Beside those who may give codes: whoever issued it, once more, while it is not
    marked as handed over and nothing of it is used.

    :param value: one ``account.stored.value``
    :raise AccessError: when the user may not
    """
    issuers = value.create_uid | value.requested_by_id
    is_whole = (
        value.currency_id.compare_amounts(value.balance, value.initial_amount) >= 0
    )
    if value.awaits_hand_over and value.env.user in issuers and is_whole:
        value._check_may_use()
        check_state(value, "active", "blocked")
    else:
        check_may_give_code(value)


def hand_over(values):
    """Mark cards as handed over; log that, once.

    :param values: ``account.stored.value`` records; the right is checked
    """
    for value_sudo in values.sudo().filtered("awaits_hand_over"):
        value_sudo._write_guarded({"awaits_hand_over": False})
        value_sudo._message_log(
            body=value_sudo.env._(
                "The card was handed over by %s.", values.env.user.name
            )
        )


class GiftCard:
    """One gift card. Its code is told when it is made, and is nowhere after that."""

    def __init__(self, value):
        """Look at a stored value as a card.

        :param value: one ``account.stored.value``; whoever calls has checked the right
        """
        value.ensure_one()
        self.env = value.env
        self.value = value
        #: With all rights: the hash is nobody's to read, and whoever has the code may
        #: know what it is worth.
        self.value_sudo = value.sudo()

    def set_new_code(self):
        """Set and return a new code; the old one is worth nothing.

        :raise UserError: for a prepayment
        """
        if self.value.value_type != "gift_card":
            raise UserError(self.env._("Only gift cards have codes."))
        code = create_code()
        self.value_sudo._write_guarded(
            {
                "code_hash": hash_code(self.env, code),
                "code_last4": code[-CODE_GROUP:],
                # What was emailed is void.
                "sent_date": False,
            }
        )
        return "-".join(
            code[start : start + CODE_GROUP] for start in range(0, LENGTH, CODE_GROUP)
        )

    def renew_code(self):
        """Set and return a new code; log that, and tell the recipient of a paid card.

        :raise UserError: for a prepayment
        """
        value_sudo = self.value_sudo
        void = value_sudo.code_last4
        code = self.set_new_code()
        user = self.env.user.name
        body = self.env._("The card was given a new code by %s.", user)
        if void:
            body = self.env._(
                "The card was given a new code by %(user)s: it ends in %(new)s, and "
                "the one that ends in %(old)s is void.",
                user=user,
                new=value_sudo.code_last4,
                old=void,
            )
        value_sudo._message_log(body=body)
        value_sudo._write_guarded({"awaits_hand_over": False})
        self._warn_recipient(value_sudo._get_recipient())
        return code

    def print_with_new_code(self):
        """Give the card a new code, and return the action that tells it.

        A second click waits, and finds that it was printed once more already.
        """
        value_sudo = self.value_sudo
        value_sudo._lock()
        is_first = not value_sudo.code_last4
        code = self.renew_code()
        if is_first:
            return self.show_first_code(code)
        return self.get_code_action(code)

    def show_first_code(self, code):
        """Return the action that tells the first code of the card.

        :param code: False where it is told in an email only
        """
        if code:
            value_sudo = self.value_sudo
            value_sudo._write_guarded({"awaits_hand_over": True})
            value_sudo._message_log(
                body=self.env._(
                    "The code that ends in %(last4)s was shown to %(user)s.",
                    last4=value_sudo.code_last4,
                    user=self.env.user.name,
                )
            )
        return self.get_code_action(code)

    def _warn_recipient(self, email):
        """Tell the recipient on file of a paid card of another code or address.

        :param email: the address; nobody is told without one
        """
        value = self.value
        if (
            email
            and value.value_type == "gift_card"
            and value.funding not in UNPAID_FUNDINGS
        ):
            template = "account_credit_posting.mail_template_gift_card_new_code"
            # Whoever may give a code need not see mails.
            self.env.ref(template).sudo().send_mail(
                value.id, email_values={"email_to": email}
            )

    def check_code(self, code):
        """Check that a code is that of this card, whatever its state.

        :raise UserError: when it is not; this counts as a wrong code
        """
        attempts = self.env["account.stored.value.attempt"]
        attempts._check_pause()
        expected = self.value_sudo.code_hash or ""
        normal = attempts._normalize_code(code)
        hashes = hash_code_with_all(self.env, normal)
        if not any(consteq(code_hash, expected) for code_hash in hashes):
            if normal:
                attempts._record_wrong()
            raise UserError(
                self.env._(
                    "This is no longer the code of %(name)s. Give it a new one.",
                    name=self.value.name,
                )
            )

    def get_code_action(self, code):
        """Return the action that tells a code once.

        :param code: of this card; False where it is told in an email only
        """
        value_sudo = self.value_sudo
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
                "awaits_hand_over": value_sudo.awaits_hand_over,
                "recipient_email": value_sudo._get_recipient(),
                "message": value_sudo.message,
                "send_date": format_date(self.env, value_sudo.send_date)
                if value_sudo.send_date
                else False,
            },
        }

    def get_shown_code(self):
        """Return what stands on the card as its code.

        The code itself is in the context of whoever tells it, and nowhere else.
        """
        last4 = self.value.code_last4 or HIDDEN_CODE[-CODE_GROUP:]
        return self.env.context.get("card_code") or HIDDEN_CODE[:-CODE_GROUP] + last4

    def get_code_image(self):
        """Return the code as a QR code for ``img``; False where it is not told.

        The image is in the card itself: Odoo's address of barcodes would have the code
        in it, and so would the log. An SVG, which needs no library of the system.
        """
        code = self.env.context.get("card_code")
        if not code:
            return False
        drawing = createBarcodeDrawing("QR", value=code, width=180, height=180)
        image = base64.b64encode(drawing.asString("svg").encode())
        return f"data:image/svg+xml;base64,{image.decode()}"

    def render(self, code):
        """Render the printable card, which opens the dialog of the printer.

        :param code: of this card
        :return: ``(content, "pdf")``, or ``"html"`` where there is no wkhtmltopdf
        :raise UserError: see :meth:`check_code`
        """
        self.check_code(code)
        # Whoever knows the code holds the card.
        reports_sudo = self.env["ir.actions.report"].sudo()
        reports_sudo = reports_sudo.with_context(card_code=code)
        content, kind = render_report(
            reports_sudo,
            "account_credit_posting.action_report_gift_card",
            self.value.ids,
        )
        return self._print_at_once(content) if kind == "pdf" else content, kind

    def get_title(self):
        """Return what the printed card is called; its code is not in it."""
        return self.env._("Gift Card %(name)s", name=self.value.name)

    def _print_at_once(self, content):
        """Let a PDF have the title of the card, and be printed when it is opened."""
        writer = PdfFileWriter()
        writer.append_pages_from_reader(PdfFileReader(io.BytesIO(content)))
        writer.add_metadata({"/Title": self.get_title()})
        writer._root_object[NameObject("/OpenAction")] = DictionaryObject(
            {
                NameObject("/S"): NameObject("/Named"),
                NameObject("/N"): NameObject("/Print"),
            }
        )
        with io.BytesIO() as result:
            writer.write(result)
            return result.getvalue()

    def schedule(self, email, date):
        """Let the card be emailed, with a new code that is made when it leaves.

        :param email: to whom; by default the recipient, else the account
        :param date: the day on which it leaves
        :raise UserError: when there is no address
        """
        value_sudo = self.value_sudo
        if value_sudo.value_type != "gift_card":
            raise UserError(self.env._("Only gift cards are sent."))
        # The address on file now: that of the account may be changed by others.
        self.set_recipient(email or value_sudo._get_recipient())
        if not value_sudo._get_recipient():
            raise UserError(
                self.env._(
                    "%(name)s has no recipient, and %(account)s no email address. "
                    "Enter one.",
                    name=value_sudo.name,
                    account=value_sudo.partner_id.display_name,
                )
            )
        value_sudo._write_guarded({"send_date": date, "send_error": False})

    def set_recipient(self, email):
        """Set to whom the card goes; log that, and tell whoever it went to so far.

        :param email: the address; without one the card goes to that of the account
        """
        value_sudo = self.value_sudo
        known = value_sudo._get_recipient()
        value_sudo._write_guarded({"recipient_email": email})
        new = value_sudo._get_recipient()
        if new == known:
            return
        nobody = self.env._("nobody")
        value_sudo._message_log(
            body=self.env._(
                "The card goes to %(new)s instead of %(old)s.",
                new=new or nobody,
                old=known or nobody,
            )
        )
        self._warn_recipient(known)

    def send_shown(self, code, email, message=None):
        """Email the card with the code that is shown: once, to one address.

        Whoever wants it emailed again needs a new code, by the rules of new codes.

        :param code: of this card
        :param email: to whom; kept as the recipient
        :param message: to the recipient; kept on the card
        :raise UserError: see :meth:`check_code`; when it was emailed already, cannot be
            used, or the email is not sent, with the reason
        """
        value_sudo = self.value_sudo
        # A second click waits, and finds that it was sent.
        value_sudo._lock()
        self.check_code(code)
        check_state(value_sudo, "active")
        if value_sudo.sent_date:
            raise UserError(
                self.env._(
                    "%(name)s was emailed to %(email)s with this code. To email it "
                    "again, give it a new code.",
                    name=value_sudo.name,
                    email=value_sudo._get_recipient(),
                )
            )
        address = email_normalize(email)
        if not address:
            raise UserError(
                self.env._(
                    "%s is not an email address. Enter one, such as maya@example.com.",
                    email or "–",
                )
            )
        if value_sudo.recipient_email:
            self.set_recipient(address)
        else:
            # Nobody was told of the card so far.
            value_sudo._write_guarded({"recipient_email": address})
        if message is not None:
            value_sudo._write_guarded({"message": message.strip()})
        try:
            GiftCard(value_sudo).send(code.strip())
        except (MailDeliveryException, OSError) as error:
            raise UserError(
                self.env._(
                    "The email was not sent: %s Check the address, or print the card.",
                    self._explain_send_error(error),
                )
            ) from error

    def send(self, code=None):
        """Email the card.

        :param code: of this card, as it is shown; without it the card gets a new one
        :raise UserError: when there is no address
        """
        value = self.value
        value._lock()
        template = self.env.ref("account_credit_posting.mail_template_gift_card")
        recipient = value._get_recipient()
        if not recipient:
            raise UserError(
                self.env._("There is no email address. Enter one and send it again.")
            )
        template.with_context(card_code=code or self.set_new_code()).send_mail(
            value.id,
            force_send=True,
            raise_exception=True,
            # The mail holds the code: it goes when it is sent, before the commit.
            email_values={"auto_delete": True, "email_to": recipient},
        )
        value._write_guarded(
            {
                "awaits_hand_over": False,
                "sent_date": fields.Datetime.now(),
                "send_date": False,
                "send_error": False,
            }
        )
        value.message_post(
            body=self.env._("The card was emailed to %(email)s.", email=recipient)
        )

    def set_send_error(self, error):
        """Keep why the card was not emailed; the next run tries again.

        :param error: the exception
        """
        self.value._write_guarded({"send_error": self._explain_send_error(error)})

    def _explain_send_error(self, error):
        # What a mail server refuses is an OSError (`smtplib.SMTPException`).
        if isinstance(error, (MailDeliveryException, OSError)):
            return " ".join(str(part) for part in error.args)
        label = f"Sending gift card {self.value.id}"
        return explain_error(self.env, error, _logger, label)
