from odoo import models

from ... import const


class AccountCreditLongList(models.AbstractModel):
    """Keep tens of thousands of rows out of a form, and out of the browser.

    Odoo sends the ids of all rows of a list to the form that shows it. Forms of this
    model get the first :data:`const.LISTED`.
    """

    _name = "account.credit.long.list"
    _description = "Long Lists in Forms"

    #: ``{one2many field: order of a list that is cut, so that what matters is in it}``
    _long_lists = {}

    def web_read(self, specification):
        """Read what a form shows; see ``web_read`` of Odoo's module ``web``.

        :return: list of dicts, with the first rows only of each long list
        """
        cut = {  # {field: what is read of its rows}
            name: spec
            for name, spec in specification.items()
            if name in self._long_lists and spec and all(self._ids)
        }
        values_list = super().web_read(
            {name: spec for name, spec in specification.items() if name not in cut}
        )
        for record, values in zip(self, values_list, strict=True):
            for name, spec in cut.items():
                values[name] = record._read_long_list(name, spec)
        return values_list

    def _read_long_list(self, name, spec):
        """Return the first rows of a list, those beyond the page by their id alone.

        :param name: a one2many field, or one related to it
        :param spec: ``{"fields", "limit", "order", "context"}`` as in ``web_read``
        """
        owner, field = self, self._fields[name]
        if field.related:
            path, _dot, last = field.related.rpartition(".")
            owner = self.mapped(path)
            field = owner._fields[last]
        rows = self.env[field.comodel_name].with_context(**spec.get("context", {}))
        domain = [(field.inverse_name, "in", owner.ids)]
        order = spec.get("order") or None
        found = rows.search(domain, order=order, limit=const.LISTED + 1)
        if len(found) > const.LISTED:
            found = rows.search(
                domain, order=order or self._long_lists[name], limit=const.LISTED
            )
        if "fields" not in spec:
            return found.ids
        page = found[: spec.get("limit", const.LISTED)]
        return page.web_read(spec["fields"]) + [
            {"id": row_id} for row_id in found[len(page) :].ids
        ]
