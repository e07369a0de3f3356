from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import html_escape

from ... import const
from ...tools.reading import read_arguments


class AccountCreditCorrectionLabel(models.AbstractModel):
    """Comments and enrollee of a posted credit: no facts, so they can be mended."""

    _name = "account.credit.correction.label"
    _description = "Labels of a Credit"

    @api.model
    def _change(self, line, labels):
        """Change labels, see ``account.credit.line.change_labels``."""
        self._check_may_change(line)
        read_arguments(self.env, {"labels": labels})
        unknown = labels.keys() - const.LABEL_FIELDS
        if unknown:
            raise UserError(
                self.env._(
                    "%(names)s cannot be changed this way: reverse the credit and "
                    "post another.",
                    names=", ".join(sorted(unknown)),
                )
            )
        corrections = self.env["account.credit.correction"]
        corrections._check_is_posted(line)
        corrections._lock(line)
        # The right was checked, and nobody writes posted lines directly.
        self._write(line.sudo(), labels)

    def _check_may_change(self, line):
        """Check that the user posted the credit, or is an administrator.

        :raise AccessError: when not
        """
        line.check_access("read")
        user = self.env.user
        if self.env.su or user.has_group(const.GROUP_MANAGER):
            return
        # The entry is in the name of whoever posted it, the batch in that of whoever
        # prepared it.
        line_sudo = line.sudo()
        authors_sudo = line_sudo.move_id.create_uid | line_sudo.batch_id.create_uid
        if user not in authors_sudo or not user.has_group(const.GROUP_USER):
            raise AccessError(
                self.env._(
                    "Comments and the enrollee of a credit can only be changed by "
                    "the user who posted it, or by an administrator of credits."
                )
            )

    def _write(self, line, labels):
        """Write what is new, and keep it in the log of the batch."""
        vals = {}
        notes = []
        for name in ("public_comment", "private_comment"):
            comment = labels.get(name, line[name]) or False
            vals[f"own_{name}"] = comment
            if comment != (line[name] or False):
                vals["has_own_comments"] = True
                notes.append(self._get_comment_note(line, name, comment))
        if not notes:
            vals = {}
        contact = line.contact_id
        if "contact_id" in labels:
            contact = contact.browse(labels["contact_id"] or [])
        if contact != line.contact_id:
            self._check_contact(line, contact)
            vals["contact_id"] = contact.id
            notes.append(
                self.env._(
                    "Enrollee: %(old)s → %(new)s",
                    old=line.contact_id.name or "–",
                    new=contact.name or "–",
                )
            )
        if not vals:
            return
        line._write_guarded(vals)
        line.batch_id.message_post(
            body=Markup("<br/>").join(
                html_escape(note) for note in (line.display_name, *notes)
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _get_comment_note(self, line, name, comment):
        """Say what changed; of a private comment only that it did."""
        if name == "private_comment":
            return self.env._("Private comment changed.")
        return self.env._(
            "Public comment: %(old)s → %(new)s",
            old=line.public_comment or "–",
            new=comment or "–",
        )

    def _check_contact(self, line, contact):
        if contact and (
            not contact.exists() or contact.commercial_partner_id != line.partner_id
        ):
            raise UserError(
                self.env._(
                    "The enrollee must be a contact of %(account)s.",
                    account=line.partner_id.display_name,
                )
            )
