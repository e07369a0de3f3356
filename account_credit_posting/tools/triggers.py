"""Rules that the database itself keeps, whatever code writes to it."""

from odoo.orm.table_objects import TableObject
from odoo.tools import SQL


class SqlFunction(TableObject):
    """A function of the database, which conditions of triggers can call.

    Its name is that of the model's table and its own: ``account_account_holds``.
    """

    def __init__(self, definition):
        """Say what it takes, returns and does.

        :param str definition: what follows the name in ``CREATE FUNCTION``
        """
        super().__init__()
        self._definition = definition

    def get_definition(self, registry):
        """Return what follows the name in ``CREATE FUNCTION``."""
        return self._definition

    def apply_to_database(self, model):
        """Create or replace it, before anything that calls it."""
        _create_function(model.env.cr, self.full_name(model), self._definition)


class ConstraintTrigger(TableObject):
    """Check rows that changed, when the transaction ends.

    Only then are an entry and what it belongs to both there. What concerns no row of
    ours is decided by ``WHEN``, at once: it must be cheap, since each invoice pays it.

    The error names this trigger as a constraint (``TG_ARGV[0]``), so that Odoo finds
    the sentence that users read.
    """

    def __init__(self, events, refused, reason, detail, message, first=""):  # noqa: PLR0913
        """Say when it looks, what it refuses, and what users read.

        :param dict events: ``{"INSERT", "UPDATE OF columns" or "DELETE": WHEN}``
        :param str refused: the condition, in SQL, of ``OLD`` and ``NEW``
        :param str reason: what the log says
        :param str detail: what the sentence names, an expression in SQL
        :param message: called with an environment and the value of ``detail``, which
            may be empty
        :param str first: a statement before it looks
        """
        super().__init__()
        self._events = events
        self._body = f"""
BEGIN
    {first}
    IF {refused} THEN
        RAISE check_violation USING
            MESSAGE = '{reason}',
            DETAIL = COALESCE({detail}, ''),
            CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
"""
        self.message = message

    def get_error_message(self, model, diagnostics=None):
        """Return the sentence of a refusal.

        :param diagnostics: of the error, which may be missing
        """
        detail = (diagnostics and diagnostics.message_detail) or ""
        return self.message(model.env, detail)

    def get_definition(self, registry):
        """Return all that makes a difference in the database."""
        clauses = [f"{event} WHEN ({when})" for event, when in self._events.items()]
        return "\n".join((*clauses, self._body))

    def apply_to_database(self, model):
        """Create the triggers when all tables and functions are there."""
        model.pool.post_init(self._create, model)

    def _create(self, model):
        cr = model.env.cr
        name = self.full_name(model)
        _create_function(
            cr, name, f"() RETURNS trigger LANGUAGE plpgsql AS $body${self._body}$body$"
        )
        for event, when in self._events.items():
            trigger = f"{name}_{event.split()[0].lower()}"
            definition = f"{event} WHEN ({when})"
            if _get_comment(cr, model._table, trigger) == definition:
                continue
            cr.execute(
                SQL(
                    "DROP TRIGGER IF EXISTS %s ON %s",
                    SQL.identifier(trigger),
                    SQL.identifier(model._table),
                )
            )
            cr.execute(
                SQL(
                    "CREATE CONSTRAINT TRIGGER %s AFTER %s ON %s "
                    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (%s) "
                    "EXECUTE FUNCTION %s(%s)",
                    SQL.identifier(trigger),
                    SQL(event),
                    SQL.identifier(model._table),
                    SQL(when),
                    SQL.identifier(name),
                    name,
                )
            )
            cr.execute(
                SQL(
                    "COMMENT ON TRIGGER %s ON %s IS %s",
                    SQL.identifier(trigger),
                    SQL.identifier(model._table),
                    definition,
                )
            )


def _create_function(cr, name, definition):
    cr.execute(
        SQL("CREATE OR REPLACE FUNCTION %s %s", SQL.identifier(name), SQL(definition))
    )


def _get_comment(cr, table, trigger):
    cr.execute(
        """
        SELECT obj_description(oid, 'pg_trigger')
          FROM pg_trigger
         WHERE tgname = %s AND tgrelid = %s::regclass
        """,
        [trigger, table],
    )
    [comment] = cr.fetchone() or [None]
    return comment


def drop_triggers(env, module):
    """Drop all triggers and functions of an addon: Odoo does not know of them.

    :param module: the name of the addon
    """
    for model in env.values():
        for name, item in model._table_objects.items():
            if item._module == module and isinstance(
                item, ConstraintTrigger | SqlFunction
            ):
                env.cr.execute(
                    SQL("DROP FUNCTION IF EXISTS %s CASCADE", SQL.identifier(name))
                )


def check_now(cr):
    """Let triggers check now what they would check when the transaction ends.

    Not the keys, which may be half written.

    :raise psycopg2.IntegrityError: when the database refuses
    """
    cr.flush()
    cr.execute("SELECT conname FROM pg_constraint WHERE contype = 't'")
    names = SQL(", ").join(SQL.identifier(name) for [name] in cr.fetchall())
    if names:
        cr.execute(SQL("SET CONSTRAINTS %s IMMEDIATE", names))
        cr.execute(SQL("SET CONSTRAINTS %s DEFERRED", names))


def explain_refusal(env, error):
    """Return the sentence of what the database refused.

    :param error: a ``psycopg2.IntegrityError``; the cursor is in a valid state
    """
    model = env["base"]
    for candidate in env.values():
        if candidate._table == error.diag.table_name and not candidate._abstract:
            model = candidate
            break
    return model._sql_error_to_message(error)
