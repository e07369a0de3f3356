from odoo import api, models

from ..credit.batch_figures import get_draws, get_unused
from .promise_drawing import reverse_draws


class AccountCreditFormPromise(models.AbstractModel):
    """Promise credits: nothing is posted until a part of one pays an invoice.

    What is posted then is a credit of its own, see ``promise_drawing``.
    """

    _name = "account.credit.form.promise"
    _inherit = "account.credit.form"
    _description = "Promised Credits"

    @api.model
    def _get_items(self, lines):
        return {}

    @api.model
    def _post(self, lines):
        lines._update_state("posted", error=False, is_promised=True)
        for observer in self.env["account.credit.observer"]._find_observers():
            observer._on_promised(lines)

    @api.model
    def _reverse(self, lines):
        """Take back what is unused; with the mode "all" what was used, too."""
        freed = self.env["res.partner"]
        if lines.batch_id.reversal_mode == "all":
            freed = self._free(lines)
        for line in lines:
            taken_back = line.amount_taken_back + get_unused(line)
            line._write_guarded({"amount_taken_back": taken_back})
        self._end_reversal(lines, freed)

    @api.model
    def _free(self, lines):
        draws = get_draws(lines)
        accounts = super()._free(lines)
        reverse_draws(draws, lines.batch_id.reversal_date)
        return accounts

    @api.model
    def _get_reconciliations(self, lines):
        return super()._get_reconciliations(get_draws(lines))
