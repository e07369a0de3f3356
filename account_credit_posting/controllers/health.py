from odoo import http
from odoo.http import request

from ..models.run.worker_watch import WorkerWatch


class Health(http.Controller):
    """Tell whatever looks after the server whether workers come for what is queued."""

    @http.route(
        "/account_credit_posting/health",
        type="http",
        auth="none",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def health(self):
        """Return figures as JSON: 200 when all is well, 503 when workers are late.

        Nothing in them is secret: see ``WorkerWatch.get_health``. Where the database
        is out of reach there is no such answer at all.
        """
        health = WorkerWatch(request.env).get_health()
        return request.make_json_response(
            health,
            headers=[("Cache-Control", "no-store")],
            status=200 if health["status"] == "ok" else 503,
        )
