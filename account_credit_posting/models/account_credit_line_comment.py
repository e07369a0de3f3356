from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import html_escape

from .account_credit_line import RESULT_FIELDS

RESULT_FIELDS |= {"has_own_comments", "own_public_comment", "own_private_comment"}

#: What may be changed of a posted credit without a new entry.
LABEL_FIELDS = frozenset(("public_comment", "private_comment", "contact_id"))


class AccountCreditLine(models.Model):
    """Comments and enrollee of a posted credit: no facts, so they can be mended.

    A line has the comments of its batch until somebody changes them. The document
    keeps what was printed on it.
    """

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    public_comment = fields.Text(
        compute="_compute_comments",
        search="_search_public_comment",
        help="For the customer: that of the batch, until it is changed here.",
    )
    private_comment = fields.Text(
        compute="_compute_comments",
        help="For the office only: that of the batch, until it is changed here.",
    )
    has_own_comments = fields.Boolean(
        readonly=True,
        copy=False,
        help="Its comments were changed after it was posted.",
    )
    own_public_comment = fields.Text(readonly=True, copy=False)
    own_private_comment = fields.Text(readonly=True, copy=False)

    @api.depends(
        "has_own_comments",
        "own_public_comment",
        "own_private_comment",
        "batch_id.public_comment",
        "batch_id.private_comment",
    )
    def _compute_comments(self):
        for line in self:
            batch = line.batch_id
            is_own = line.has_own_comments
            line.public_comment = (
                line.own_public_comment if is_own else batch.public_comment
            )
            line.private_comment = (
                line.own_private_comment if is_own else batch.private_comment
            )

    def _search_public_comment(self, operator, value):
        return (
            Domain("has_own_comments", "=", True)
            & Domain("own_public_comment", operator, value)
        ) | (
            Domain("has_own_comments", "!=", True)
            & Domain("batch_id.public_comment", operator, value)
        )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def change_labels(self, labels):
        """Change comments and the enrollee of a posted credit; nothing is posted.

        :param dict labels: new values of ``public_comment``, ``private_comment`` and
            ``contact_id`` (an id or False); what is not in it stays
        :return: True
        :raise AccessError: when the user neither posted the credit nor is an
            administrator of credits
        :raise UserError: when the credit is not posted, or the enrollee is none of
            the account
        """
        self.ensure_one()
        self._check_may_change_labels()
        unknown = labels.keys() - LABEL_FIELDS
        if unknown:
            raise UserError(
                self.env._(
                    "%(names)s cannot be changed this way: reverse the credit and "
                    "post another.",
                    names=", ".join(sorted(unknown)),
                )
            )
        self._check_is_posted()
        self._take()
        # The right was checked, and nobody writes posted lines directly.
        self.sudo()._change_labels(labels)
        return True

    def _may_change_labels(self):
        """Tell whether the user posted the credit, or is an administrator."""
        self.ensure_one()
        user = self.env.user
        if self.env.su or user.has_group("account_credit_posting.group_credit_manager"):
            return True
        # The entry is in the name of whoever posted it, the batch in that of whoever
        # prepared it.
        authors_sudo = self.sudo().move_id.create_uid | self.sudo().batch_id.create_uid
        return user in authors_sudo and user.has_group(
            "account_credit_posting.group_credit_user"
        )

    def _check_may_change_labels(self):
        self.check_access("read")
        if not self._may_change_labels():
            raise AccessError(
                self.env._(
                    "Comments and the enrollee of a credit are changed by whoever "
                    "posted it, or by an administrator of credits."
                )
            )

    def _check_is_posted(self):
        self.ensure_one()
        if self.state != "posted":
            raise UserError(
                self.env._(
                    "%(line)s is not posted, or reversed already: there is nothing to "
                    "correct.",
                    line=self.display_name,
                )
            )

    def _change_labels(self, labels):
        self.ensure_one()
        vals = {}
        notes = []
        for name in ("public_comment", "private_comment"):
            comment = labels.get(name, self[name]) or False
            vals[f"own_{name}"] = comment
            if comment == (self[name] or False):
                continue
            vals["has_own_comments"] = True
            notes.append(self._get_comment_note(name, comment))
        changed = vals if vals.get("has_own_comments") else {}
        if "contact_id" in labels:
            contact = self.env["res.partner"].browse(labels["contact_id"] or [])
            if contact != self.contact_id:
                self._check_contact(contact)
                notes.append(
                    self.env._(
                        "Enrollee: %(old)s → %(new)s",
                        old=self.contact_id.name or "–",
                        new=contact.name or "–",
                    )
                )
                changed = {**changed, "contact_id": contact.id}
        if not changed:
            return
        self._write_result(changed)
        self.batch_id.message_post(
            body=Markup("<br/>").join(
                html_escape(note) for note in (self.display_name, *notes)
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _get_comment_note(self, name, comment):
        """Say what changed; of a private comment only that it did."""
        if name == "private_comment":
            return self.env._("Private comment changed.")
        return self.env._(
            "Public comment: %(old)s → %(new)s",
            old=self.public_comment or "–",
            new=comment or "–",
        )

    def _check_contact(self, contact):
        if contact and (
            not contact.exists() or contact.commercial_partner_id != self.partner_id
        ):
            raise UserError(
                self.env._(
                    "The enrollee must be a contact of %(account)s.",
                    account=self.partner_id.display_name,
                )
            )
