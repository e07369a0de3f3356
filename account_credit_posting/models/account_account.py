from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_list

from ..const import ACCOUNT_FIELDS, LIABILITY_FIELDS
from .stored_value import stored_value_wall


class AccountAccount(models.Model):
    """Keep the ledger accounts that credits and stored value are booked to."""

    _name = "account.account"
    _inherit = ["account.account", "account.credit.guard"]
    _writer = "event"

    holds_stored_value = fields.Boolean(
        readonly=True,
        copy=False,
        help="It holds or has held the money of gift cards or prepayments: nothing "
        "else is posted there.",
        written_by="event",
    )
    _holds = stored_value_wall.HOLDS
    _separate = stored_value_wall.SEPARATE

    def write(self, vals):
        """Keep accounts that hold stored value as they are.

        :raise UserError: when one of them would be archived, or of another type
        :raise ValidationError: when it is merged with one that holds something else
        """
        if "account_type" in vals or not vals.get("active", True):
            self._check_holds_nothing(vals)
        result = super().write(vals)
        if "company_ids" in vals:
            # The end of a merge of accounts: what the others held is here now.
            self._update_holders(self)
        return result

    def _check_holds_nothing(self, vals):
        for account in self:
            is_kept = account.account_type == vals.get(
                "account_type", account.account_type
            ) and vals.get("active", True)
            if account.holds_stored_value and not is_kept:
                raise UserError(
                    self.env._(
                        "%(account)s holds or has held the money of gift cards or "
                        "prepayments: you cannot archive it or change its type.",
                        account=account.display_name,
                    )
                )

    def _get_statutory_vals(self):
        """Return what statutory reports know an account by, for one that is like it.

        Its type, its tags, and what localizations add to accounts.
        """
        self.ensure_one()
        return {
            name: field.convert_to_write(self[name], self)
            for name, field in self._fields.items()
            if name in ("account_type", "tag_ids")
            or (name.startswith("l10n_") and field.store and field.copy)
        }

    @api.model
    def _update_holders(self, accounts):
        """Say which accounts hold stored value: those chosen, and those ever used.

        :param accounts: those that a company chose, or no longer chooses
        :raise ValidationError: when something else is booked on one of them
        """
        # Companies and records that the user cannot see, and archived ones, count, too.
        accounts_sudo = accounts.sudo().with_context(active_test=False)
        companies_sudo = accounts_sudo.env["res.company"].search(
            Domain.OR(Domain(name, "in", accounts.ids) for name in LIABILITY_FIELDS)
        )
        values_sudo = accounts_sudo.env["account.stored.value"]
        groups_sudo = [
            group
            for name in ("liability_account_id", "given_account_id")
            for group in values_sudo._read_group([(name, "in", accounts.ids)], [name])
        ]
        holders_sudo = accounts_sudo & accounts_sudo.browse().union(
            *(companies_sudo[name] for name in LIABILITY_FIELDS),
            *(account_sudo for [account_sudo] in groups_sudo),
        )
        new_sudo = holders_sudo.filtered(lambda account: not account.holds_stored_value)
        new_sudo._check_is_empty()
        new_sudo._write_guarded({"holds_stored_value": True})
        old_sudo = (accounts_sudo - holders_sudo).filtered("holds_stored_value")
        old_sudo._write_guarded({"holds_stored_value": False})

    def _check_is_empty(self):
        items = self.env["account.move.line"]
        for account in self:
            if items.search_count(
                [
                    ("account_id", "=", account.id),
                    ("parent_state", "=", "posted"),
                    "|",
                    ("stored_value_id", "=", False),
                    ("tax_repartition_line_id", "!=", False),
                ],
                limit=1,
            ):
                raise ValidationError(
                    self.env._(
                        "%(account)s cannot hold gift cards or prepayments because "
                        "it has other journal items. Choose an account without "
                        "journal items.",
                        account=account.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_account(self):
        # Companies that the user cannot see, and archived ones, count too. A key with
        # "restrict" would say it as well, but it would also stop Odoo from replacing a
        # chart of accounts that is not in use yet.
        company_sudo = (
            self.env["res.company"]
            .sudo()
            .with_context(active_test=False)
            .search(
                Domain.OR(Domain(name, "in", self.ids) for name in ACCOUNT_FIELDS),
                limit=1,
            )
        )
        if company_sudo:
            raise UserError(
                self.env._(
                    "%(accounts)s cannot be deleted: credits, gift cards or "
                    "prepayments of %(company)s are posted there. Choose another "
                    "account in the settings first.",
                    accounts=format_list(self.env, self.mapped("display_name")),
                    company=company_sudo.name,
                )
            )
