from odoo import api, models

from ... import const


class AccountCreditObserver(models.AbstractModel):
    """What becomes of credits, for models that have a say in it.

    Batches and lines know nothing of approvals, caps or emails. They call the models
    that ``const.OBSERVERS`` names, in that order; each inherits this one and overrides
    what it has to say.
    """

    _name = "account.credit.observer"
    _description = "Observer of Credits"

    @api.model
    def _find_observers(self):
        """Return the models that have a say, in their order."""
        return [self.env[name] for name in const.OBSERVERS]

    @api.model
    def _on_change(self, batches):
        """Do what follows when what is not posted of batches changes.

        :raise UserError: when it must not change
        """

    @api.model
    def _hold(self, batch, poster):
        """Tell whether a batch has to wait before it is posted; if so, let it wait.

        :param poster: in whose name it is posted; empty where nobody is left who may
        """
        return False

    @api.model
    def _get_hold_text(self, batch):
        """Return whom or what a batch that is held waits for, and why; or False."""
        return False

    @api.model
    def _can_release(self, batch):
        """Tell whether this user can let a batch go on that is held."""
        return False

    @api.model
    def _on_cancel(self, batch, reason):
        """Do what follows when a batch, or what waits of it, is about to be cancelled.

        :param reason: what the user said, if anything
        """

    @api.model
    def _on_done(self, batches):
        """Do what follows when all of batches is posted that can be."""

    @api.model
    def _on_promised(self, lines):
        """Do what follows when credits were given that are booked when used.

        :param lines: of one batch
        """

    @api.model
    def _on_charged(self, invoices):
        """Do what follows when invoices were posted that have no credit beside them.

        :param invoices: ``account.move`` records
        """

    @api.model
    def _on_freed(self, accounts, company):
        """Do what follows when invoices are open again that credits have paid.

        :param accounts: whose invoices, ``res.partner`` records
        """

    @api.model
    def _on_account_moved(self, account, target):
        """Do what follows when an account becomes a contact of another one.

        :param account: a ``res.partner``
        :param target: its commercial partner
        """

    @api.model
    def _lock(self, lines, accounts=None):
        """Lock what lines need to themselves, before they are checked and posted.

        :param accounts: those that are credited, where not those of the lines
        """

    @api.model
    def _get_errors(self, lines, batch):
        """Find the lines that cannot be posted.

        :param lines: of one batch, nothing else being wrong with them
        :return: ``{line: sentence}``
        """
        return {}

    @api.model
    def _check_credited(self, account, company):
        """Check an account that was credited otherwise than by posting a line.

        :raise UserError: when it must not have the credit
        """
