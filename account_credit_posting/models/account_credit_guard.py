from odoo import api, models, tools
from odoo.exceptions import AccessError
from odoo.fields import Command

from ..tools.posting import get_posting, with_posting
from ..tools.reading import check_number
from ..tools.rights import check_named

#: Anybody with the right to write, as long as nothing was posted; see `_check_draft`.
DRAFT = "draft"

#: Whoever opens a dialog or begins a record, on creating it, and nobody afterwards.
OPENER = "opener"

#: Odoo alone, from other fields.
COMPUTE = "compute"

#: `_update_state` alone.
STATE = "state"


def read_named(value):
    """Return what a value of a relational field names.

    :param value: an id, a dict, a recordset, or a list of ids or commands
    :return: ``(set of ids, [values of rows])``
    """
    if isinstance(value, models.BaseModel):
        return set(value.ids), []
    if not isinstance(value, (list, tuple)):
        value = [value]
    ids, rows = [], []
    for part in value:
        if isinstance(part, dict):
            ids.append(part.get("id"))
            rows.append(part)
        elif isinstance(part, (list, tuple)):
            _command, row_id, content = [*part, None, None, None][:3]
            ids.append(row_id)
            if isinstance(content, dict):
                rows.append(content)
            elif part and part[0] == Command.SET:
                ids += content or []
        else:
            ids.append(part)
    return {int(one) for one in ids if isinstance(one, (int, float)) and one}, rows


class AccountCreditGuard(models.AbstractModel):
    """Let a field be written by those alone whom it names.

    A field says who writes it: ``written_by="posting"``, or several of them. What it
    may name is above, and whoever is at work by ``tools.posting.with_posting``. The
    guard holds for create, write, import, and for defaults of a user or a context.
    """

    _name = "account.credit.guard"
    _description = "Guarded Fields"

    #: Who writes by `_write_guarded`, and along with a state.
    _writer = "posting"

    #: ``{state: states that may follow}``, for models with a guarded state.
    _state_changes = {}

    def _valid_field_parameter(self, field, name):
        return name == "written_by" or super()._valid_field_parameter(field, name)

    @api.model
    @tools.ormcache()
    def _get_writers(self):
        """Return who writes which field.

        :return: ``{field name: frozenset of writers}``, guarded fields only
        """
        writers = {}
        for name, field in self._fields.items():
            if named := getattr(field, "written_by", None):
                names = (named,) if isinstance(named, str) else named
                writers[name] = frozenset(names)
        return writers

    @api.model
    def default_get(self, fields):
        """Give guarded fields their own default, whatever a context or a user says."""
        writers = self._get_writers()
        guarded = [
            name
            for name in fields
            if name in writers and not writers[name] & {DRAFT, OPENER}
        ]
        defaults = super().default_get(list(set(fields) - set(guarded)))
        self._check_named([defaults])
        return {**defaults, **self._get_own_defaults(guarded)}

    @api.model
    def _get_own_defaults(self, names):
        """Return the defaults that fields have by themselves."""
        own = {name: self._fields[name].default for name in names}
        return {name: default(self) for name, default in own.items() if default}

    @api.model_create_multi
    def create(self, vals_list):
        """Create records whose guarded fields say nothing that did not happen.

        :raise AccessError: when the values say what only others may
        :raise ValidationError: when a number is none
        """
        writers = self._get_writers()
        for vals in vals_list:
            self._check_numbers(vals)
        vals_list = [
            self._guard_create_vals(vals, names)
            if (names := writers.keys() & vals.keys())
            else vals
            for vals in vals_list
        ]
        self._check_named(vals_list)
        return super().create(vals_list)

    @api.model
    def _guard_create_vals(self, vals, names):
        """Return values for ``create`` without what is nobody's to say.

        :param names: of the guarded fields among the values
        """
        writers = self._get_writers()
        working = get_posting(self.env).writers | {DRAFT, OPENER}
        dropped = {name for name in names if not writers[name] & working}
        defaults = self._get_own_defaults(dropped)
        forged = [
            name
            for name in dropped
            if COMPUTE not in writers[name]
            and vals[name]
            and vals[name] != defaults.get(name)
        ]
        if forged:
            raise AccessError(self._get_guard_message(forged))
        return {name: value for name, value in vals.items() if name not in dropped}

    def write(self, vals):
        """Write fields, as far as they are the caller's to write.

        :raise AccessError: when a field is written by anybody else than it names
        :raise ValidationError: when a number is none
        """
        self._check_numbers(vals)
        writers = self._get_writers()
        working = get_posting(self.env).writers
        guarded = {
            name: writers[name]
            for name in writers.keys() & vals.keys()
            if not writers[name] & working
        }
        if guarded:
            forged = [name for name, named in guarded.items() if DRAFT not in named]
            if forged:
                raise AccessError(self._get_guard_message(forged))
            self._check_draft(set(guarded))
        self._check_named([vals])
        return super().write(vals)

    @api.model
    @tools.ormcache()
    def _get_number_names(self):
        """Return the names of the fields that hold amounts and other numbers."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.type in ("float", "monetary")
        )

    @api.model
    def _check_numbers(self, vals):
        for name in self._get_number_names() & vals.keys():
            check_number(self.env, name, vals[name])

    def onchange(self, values, field_names, fields_spec):
        """Answer a change in a form, whose fields show what its values name.

        :raise AccessError: when the values name what the user may not read
        """
        self._check_named([values])
        return super().onchange(values, field_names, fields_spec)

    # -------------------------------------------------------------------------
    # WHAT IS NAMED
    # -------------------------------------------------------------------------

    @api.model
    def _check_named(self, vals_list):
        """Check that the user may read what values name.

        Related and computed fields show more of it than its own rules allow.

        :param vals_list: of create, write, onchange or a default
        :raise AccessError: when the user may not
        """
        if self.env.su or get_posting(self.env).writers:
            return
        named = {}  # {model: ids}
        for vals in vals_list:
            self._collect_named(vals, named)
        for model, ids in named.items():
            check_named(self.env[model].browse(ids))

    @api.model
    def _collect_named(self, vals, named):
        """Collect what values name, also in the values of their rows.

        :param dict named: ``{model: ids}``, which grows
        """
        for name, value in vals.items():
            field = self._fields.get(name)
            if not (value and field and field.relational):
                continue
            comodel = self.env[field.comodel_name]
            ids, rows = read_named(value)
            named.setdefault(comodel._name, set()).update(ids)
            if hasattr(comodel, "_collect_named"):
                for row in rows:
                    comodel._collect_named(row, named)

    def _write_guarded(self, vals):
        """Write fields that only the model's own code writes (see ``_writer``)."""
        return with_posting(self, self._writer).write(vals)

    def _check_draft(self, names):
        """Check that fields may still change, because nothing was posted with them.

        :param names: of the fields that are about to be written
        :raise UserError: when something was posted
        """

    def _get_guard_message(self, names):
        """Say who writes fields.

        :param names: of guarded fields of the model
        """
        return self.env._(
            "%(fields)s of %(model)s cannot be written: they follow from the posted "
            "entries.",
            fields=", ".join(sorted(names)),
            model=self._description,
        )

    # -------------------------------------------------------------------------
    # STATE
    # -------------------------------------------------------------------------

    def _update_state(self, state, **vals):
        """Change the state: the only way there is (see ``_state_changes``).

        :param state: the new one; records that have it already keep it
        :param vals: what is written along with it
        :raise ValueError: when the new state does not follow the old one
        """
        for record in self:
            allowed = self._state_changes[record.state]
            if record.state != state and state not in allowed:
                raise ValueError(f"{record}: {state} does not follow {record.state}")
        return with_posting(self, STATE, self._writer).write({"state": state, **vals})
