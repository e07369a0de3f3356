from odoo import api, models

from ... import const


class AccountCreditObserver(models.AbstractModel):
    """What other rooms do when something becomes of a batch: by itself, nothing.

    A model that inherits this one, and is named in ``const.OBSERVERS``, does more.
    """

    _name = "account.credit.observer"
    _description = "Observer of Credit Batches"

    @api.model
    def _find_observers(self):
        """Return those who want to know, in their order: a list of models."""
        return [self.env[name] for name in const.OBSERVERS]

    @api.model
    def _on_done(self, batches):
        """Do what follows when all is posted of batches that can be."""
