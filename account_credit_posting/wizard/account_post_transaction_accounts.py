from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import safe_eval

from .account_post_transaction_texts import NAMES_LISTED


class AccountPostTransaction(models.TransientModel):
    """Open a transaction, and fill in the accounts: one, a tag, a saved filter."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # OPENING
    # -------------------------------------------------------------------------

    @api.model
    def _get_open_action(self, partners=None, invoices=None):
        """Open a new transaction with accounts filled in.

        :param partners: accounts or enrollees
        :param invoices: customer invoices; where an account has one of them, its
            credit pays that one first
        :return: a window action on ``account.post.transaction``
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        invoices = invoices or self.env["account.move"]
        contacts = partners or self.env["res.partner"]
        contacts |= invoices.commercial_partner_id
        company = self._get_common_company(contacts, invoices)
        transaction = self.create({"company_id": company.id})
        if contacts:
            contacts.check_access("read")
            transaction._add_accounts(contacts)
        transaction._set_invoices(
            invoices.filtered(lambda invoice: invoice.company_id == company)
        )
        return transaction._get_view_action()

    @api.model
    def _get_common_company(self, contacts, invoices):
        """Return the company that all of these belong to, else the current one.

        :param contacts: accounts and enrollees; most belong to every company
        :param invoices: customer invoices, which count before the contacts
        """
        companies = invoices.company_id or contacts.commercial_partner_id.company_id
        if (
            len(companies) == 1
            and companies in self.env.companies
            and (invoices or companies not in self.env.company.parent_ids)
        ):
            return companies
        return self.env.company

    def _get_view_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Post Transaction"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }

    def _set_invoices(self, invoices):
        """Let each account's credit pay its invoice first, where it has one only."""
        by_account = invoices.grouped("commercial_partner_id")
        domain = Domain("partner_id", "in", [account.id for account in by_account])
        lines = self._find_lines(domain).grouped("partner_id")
        for account, of_account in by_account.items():
            if len(of_account) == 1 and account in lines:
                lines[account].invoice_id = of_account

    # -------------------------------------------------------------------------
    # ADDING
    # -------------------------------------------------------------------------

    def _add_accounts(self, contacts):
        """Add the accounts of contacts, each once, and keep a notice of it.

        :param contacts: accounts and enrollees that the user may read; an enrollee
            stays as a label
        """
        self.ensure_one()
        own = {False, None, *self.company_id.parent_ids.ids}
        present = self._get_account_ids()
        added, known, archived, foreign = [], [], [], []
        for contact_id, account_id, is_active, company_id in self._find_accounts(
            contacts
        ):
            if account_id in present:
                known.append(account_id)
            elif not is_active:
                archived.append(account_id)
            elif company_id not in own:
                foreign.append(account_id)
            else:
                present.add(account_id)
                added.append((account_id, contact_id))
        self._insert_lines(added)
        self.notice = self._get_added_notice(len(added), known, archived, foreign)

    def _get_added_notice(self, count, known, archived, foreign):
        """Say what became of the accounts that were to be added.

        :param count: how many were added
        :param known: ids of accounts that were there before, one for each contact
        :param archived: ids of accounts that are no longer in use
        :param foreign: ids of accounts of another company
        """
        sentences = []
        if count > 1 or not (count or known or archived or foreign):
            sentences.append(
                self.env._("%(accounts)s added.", accounts=self._format_accounts(count))
            )
        if known:
            sentences.append(
                self.env._(
                    "Listed once, as already there: %(names)s.",
                    names=self._format_accounts_names(known),
                )
            )
        if archived:
            sentences.append(
                self.env._(
                    "Not added, as archived: %(names)s.",
                    names=self._format_accounts_names(archived),
                )
            )
        if foreign:
            sentences.append(
                self.env._(
                    "Not added, as accounts of another company than %(company)s: "
                    "%(names)s.",
                    company=self.company_id.display_name,
                    names=self._format_accounts_names(foreign),
                )
            )
        return " ".join(sentences) or False

    def _format_accounts_names(self, account_ids):
        """Return the names of accounts as text, each account once."""
        ids = list(dict.fromkeys(account_ids))
        listed = self.env["res.partner"].browse(ids[:NAMES_LISTED])
        return self._format_names(
            [account.name or str(account.id) for account in listed], len(ids)
        )

    def action_add_tagged(self):
        """Add everybody with one of the tags, by the account or by an enrollee."""
        self._check_open_step("accounts")
        contacts = self.env["res.partner"].search(
            [("category_id", "in", self.category_ids.ids)]
        )
        self._add_accounts(contacts)
        self.category_ids = False
        return True

    def action_add_filtered(self):
        """Add everybody whom a saved filter of contacts finds.

        :raise AccessError: when the filter belongs to somebody else
        :raise UserError: when the filter cannot be read
        """
        self._check_open_step("accounts")
        if self.filter_id:
            self._add_accounts(self._find_filtered_contacts())
            self.filter_id = False
        return True

    def action_clear(self):
        """Remove all accounts."""
        self._check_open_step("accounts")
        self._delete_lines()
        self.notice = False
        return True

    def action_import(self):
        """Open Odoo's import for accounts and amounts of a file: CSV or XLSX.

        :return: a client action of the module ``base_import``
        """
        self._check_open_step("accounts")
        return {
            "type": "ir.actions.client",
            "tag": "import",
            "name": self.env._("Import Accounts and Amounts"),
            "params": {
                "active_model": "account.post.transaction.line",
                "context": {"default_transaction_id": self.id},
            },
        }

    def action_view_lines(self):
        """Open all accounts, however many there are: to search, change and remove.

        :return: a window action on ``account.post.transaction.line``
        """
        self._check_open_step()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accounts"),
            "res_model": "account.post.transaction.line",
            "view_mode": "list",
            "views": [(False, "list")],
            "domain": [("transaction_id", "=", self.id)],
            "context": {"default_transaction_id": self.id},
        }

    def _find_filtered_contacts(self):
        saved = self.filter_id
        saved.check_access("read")
        is_mine = not saved.user_ids or self.env.user in saved.user_ids
        if saved.model_id != "res.partner" or not is_mine:
            raise AccessError(self.env._("This is no filter of contacts of yours."))
        try:
            domain = Domain(safe_eval.safe_eval(saved.domain, self._get_filter_names()))
            return self.env["res.partner"].search(domain)
        except (ValueError, TypeError) as error:
            raise UserError(
                self.env._(
                    "The filter %(name)s cannot be read. Search the contacts again, "
                    "and save the search under this name.",
                    name=saved.name,
                )
            ) from error

    def _get_filter_names(self):
        """Return what the web client lets the domain of a saved filter name."""
        return {
            "allowed_company_ids": self.env.companies.ids,
            "context_today": lambda: fields.Date.context_today(self),
            "current_company_id": self.env.company.id,
            "current_date": fields.Date.to_string(fields.Date.context_today(self)),
            "datetime": safe_eval.datetime,
            "relativedelta": relativedelta,
            "time": safe_eval.time,
            "uid": self.env.uid,
        }
