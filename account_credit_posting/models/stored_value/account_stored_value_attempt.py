from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import SQL

from ... import const


class AccountStoredValueAttempt(models.Model):
    """Wrong gift card codes in a row, of a user and of an address.

    Counted on a connection of its own, because the answer to a wrong code is an error,
    which undoes everything else.
    """

    _name = "account.stored.value.attempt"
    _description = "Wrong Gift Card Codes"

    source = fields.Char(required=True, help="Who tried: a user or an address.")
    count = fields.Integer(required=True)
    date = fields.Datetime(required=True, help="Of the last wrong code.")

    _source_unique = models.UniqueIndex("(source)")

    @api.model
    def _get_sources(self):
        """Return who asks now: the user, and the address where there is one."""
        sources = [f"user {self.env.uid}"]
        if request and request.httprequest.remote_addr:
            sources.append(f"address {request.httprequest.remote_addr}")
        return sources

    @api.model
    def _check_pause(self):
        """Refuse to look at any code, right or wrong, during a pause.

        :raise UserError: after ten wrong codes in a row
        """
        # Nobody may read attempts; they count for everybody.
        paused_sudo = self.sudo().search(
            [
                ("source", "in", self._get_sources()),
                ("count", ">=", const.ATTEMPTS),
                ("date", ">", fields.Datetime.now() - const.PAUSE),
            ],
            limit=1,
        )
        if paused_sudo:
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
        with self.env.registry.cursor() as cr:
            for source in self._get_sources():
                cr.execute(
                    SQL(
                        "INSERT INTO account_stored_value_attempt (source, count, date)"
                        " VALUES (%(source)s, 1, %(now)s)"
                        " ON CONFLICT (source) DO UPDATE SET count ="
                        " CASE WHEN account_stored_value_attempt.date"
                        " < %(start)s THEN 1"
                        " ELSE account_stored_value_attempt.count + 1 END,"
                        " date = %(now)s",
                        source=source,
                        now=now,
                        start=now - const.PAUSE,
                    )
                )

    @api.model
    def _record_right(self):
        """Forget the wrong codes before a right one."""
        self.sudo().search(  # As in `_check_pause`.
            [("source", "in", self._get_sources())]
        ).unlink()

    @api.autovacuum
    def _gc_attempts(self):
        self.search([("date", "<", fields.Datetime.now() - const.PAUSE)]).unlink()
