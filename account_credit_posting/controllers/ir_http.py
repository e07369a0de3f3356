from psycopg2 import IntegrityError

from odoo import models
from odoo.exceptions import ValidationError
from odoo.http import request

from ..tools.triggers import explain_refusal


class IrHttp(models.AbstractModel):
    """Tell users what the database refuses when a transaction ends."""

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        # Odoo itself does the same for what is refused before that.
        if isinstance(exception, IntegrityError) and request.env is not None:
            request.env.cr.rollback()
            exception = ValidationError(explain_refusal(request.env, exception))
        return super()._handle_error(exception)
