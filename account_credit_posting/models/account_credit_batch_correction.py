from odoo import fields, models

from .account_credit_batch import POSTING_FIELDS

POSTING_FIELDS |= {"correction"}


class AccountCreditBatch(models.Model):
    """Batches of one line that correct a credit: another one instead, or moved."""

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    correction = fields.Selection(
        selection=[
            ("replace", "Replaces a credit"),
            ("move", "Moved from another account"),
        ],
        readonly=True,
        copy=False,
        help="Why it was posted, when it corrects a credit.",
    )

    def _is_large(self):
        """Post corrections while the user waits: they are one step."""
        return not self.correction and super()._is_large()

    def _get_document_form_fault(self):
        """Let a taxed credit be moved: its taxes stay with its credit note."""
        if self.correction == "move":
            return False
        return super()._get_document_form_fault()

    def _log_correction(self, message, reason=None):
        """Keep what was done, and why, in the log, for the office.

        :param message: a sentence
        :param reason: what the user said
        """
        self.ensure_one()
        if reason:
            message = self.env._(
                "%(message)s Reason: %(reason)s", message=message, reason=reason
            )
        self.message_post(body=message, subtype_xmlid="mail.mt_note")
