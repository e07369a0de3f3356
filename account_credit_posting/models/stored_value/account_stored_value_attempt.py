import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import SQL

from ... import const
from ...tools.card_code import normalize_code


class AccountStoredValueAttempt(models.Model):
    """Wrong gift card codes in a row, of a user and of an address.

    Counted on a connection of its own, because the answer to a wrong code is an error,
    which undoes everything else.
    """

    _name = "account.stored.value.attempt"
    _description = "Wrong Gift Card Codes"

    source = fields.Char(
        required=True, help="Who tried: a user, or a user at an address."
    )
    count = fields.Integer(required=True)
    date = fields.Datetime(required=True, help="Of the last wrong code.")

    _source_unique = models.UniqueIndex("(source)")

    @api.model
    def _get_user(self):
        """Return the source that the user is: of the public, the browser."""
        if not self.env.user._is_public():
            return f"user {self.env.uid}"
        # All visitors are one user of Odoo: none of them makes the others wait. The
        # hash, because whoever knows the session has it.
        session = request.session.sid if request else ""
        return f"visitor {hashlib.sha256(session.encode()).hexdigest()[:32]}"

    @api.model
    def _get_address(self):
        """Return how sources at the address begin, empty where there is none.

        Visitors are apart from users: whoever does not log in makes no user wait.
        """
        address = request and request.httprequest.remote_addr
        kind = "visitors at" if self.env.user._is_public() else "address"
        return f"{kind} {address} " if address else ""

    @api.model
    def _normalize_code(self, code):
        """Return a code as it was made, from whatever somebody typed.

        Other addons know further kinds of codes.

        :return: the code; empty where it can be none, which costs no attempt
        """
        return normalize_code(code)

    @api.model
    def _check_pause(self):
        """Refuse to look at any code, right or wrong, during a pause.

        :raise UserError: after ten wrong codes of the user in a row, or a hundred from
            the address, of which those of one user are ten at most
        """
        [[is_paused]] = self._execute(
            SQL(
                """
                SELECT COALESCE(MAX(count) FILTER (WHERE source = %(user)s), 0)
                       >= %(most)s
                       OR COALESCE(SUM(LEAST(count, %(most)s))
                                   FILTER (WHERE source != %(user)s), 0)
                       >= %(most_at_address)s
                  FROM account_stored_value_attempt
                 WHERE date > %(start)s
                   AND (source = %(user)s
                        OR starts_with(source, NULLIF(%(address)s, '')))
                """,
                user=self._get_user(),
                address=self._get_address(),
                most=const.ATTEMPTS,
                most_at_address=const.ADDRESS_ATTEMPTS,
                start=fields.Datetime.now() - const.PAUSE,
            )
        )
        if is_paused:
            raise UserError(
                self.env._(
                    "Too many wrong codes. Wait %(minutes)s minutes, then try again.",
                    minutes=int(const.PAUSE.total_seconds() // 60),
                )
            )

    @api.model
    def _record_wrong(self):
        """Count a wrong code, whatever becomes of this transaction."""
        now = fields.Datetime.now()
        user, address = self._get_user(), self._get_address()
        self._execute(
            SQL(
                "INSERT INTO account_stored_value_attempt (source, count, date)"
                " SELECT source, 1, %(now)s FROM unnest(%(sources)s) AS source"
                " ON CONFLICT (source) DO UPDATE SET count ="
                " CASE WHEN account_stored_value_attempt.date"
                " < %(start)s THEN 1"
                " ELSE account_stored_value_attempt.count + 1 END,"
                " date = %(now)s RETURNING id",
                sources=[user, address + user] if address else [user],
                now=now,
                start=now - const.PAUSE,
            )
        )

    @api.model
    def _record_right(self):
        """Forget the wrong codes of the user before a right one.

        Those from the address stay: whoever has a card could guess at others for ever.
        Those of customers and visitors stay, too, until the pause has passed.
        """
        if self.env.user.share:
            return
        self._execute(
            SQL(
                "DELETE FROM account_stored_value_attempt WHERE source = %s"
                " RETURNING id",
                self._get_user(),
            )
        )

    @api.model
    def _execute(self, statement):
        """Execute SQL on a connection of its own.

        A row that this transaction had changed, or read, would make that connection
        wait for it, or see what was. Nothing is left locked on either.

        :return: the rows
        """
        with self.env.registry.cursor() as cr:
            cr.execute(statement)
            return cr.fetchall()

    @api.autovacuum
    def _gc_attempts(self):
        self.search([("date", "<", fields.Datetime.now() - const.PAUSE)]).unlink()
