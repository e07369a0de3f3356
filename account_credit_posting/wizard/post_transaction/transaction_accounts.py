import ast

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ... import const
from ...tools.days import get_today
from ...tools.texts import format_accounts, format_names
from .transaction_lines import TransactionLines


class KnownNames(ast.NodeTransformer):
    """Put values where names stand; what stays a name is no literal."""

    def __init__(self, names):
        self.names = names

    def visit_Name(self, node):
        """Replace a known name."""
        if node.id not in self.names:
            return node
        return ast.parse(repr(self.names[node.id]), mode="eval").body


def read_literal(text, names):
    """Return the value of a literal; nothing is called or computed.

    :param text: such as the domain of a saved filter
    :param dict names: what it may name, and the values
    :raise ValueError: when it is something else, or too long
    """
    if len(text) > const.FILTER_LENGTH:
        raise ValueError("too long")
    try:
        return ast.literal_eval(KnownNames(names).visit(ast.parse(text, mode="eval")))
    except (MemoryError, RecursionError, SyntaxError) as error:
        raise ValueError("no literal") from error


class TransactionAccounts:
    """Who gets it: contacts become accounts of a transaction, each of them once.

    :param transaction: an ``account.post.transaction``
    """

    def __init__(self, transaction):
        transaction.ensure_one()
        self.transaction = transaction
        self.env = transaction.env

    def add(self, contacts):
        """Add the accounts of contacts, and keep a notice of it.

        :param contacts: accounts and enrollees that the user may read; an enrollee
            stays as a label
        """
        lines = TransactionLines(self.transaction)
        own = {False, None, *self.transaction.company_id.parent_ids.ids}
        present = lines.find_account_ids()
        accounts = set()  # Of which the first contact is the label, as it comes.
        added, known, archived, foreign = [], [], [], []
        for contact_id, account_id, is_active, company_id in self._find(contacts):
            if account_id in accounts:
                continue
            accounts.add(account_id)
            if account_id in present:
                known.append(account_id)
            elif not is_active:
                archived.append(account_id)
            elif company_id not in own:
                foreign.append(account_id)
            else:
                added.append((account_id, contact_id))
        lines.insert(added)
        self.transaction.notice = self._get_notice(len(added), known, archived, foreign)

    def _find(self, contacts):
        """Return the accounts of contacts, in the order of the contacts.

        :return: ``[(contact id, account id, whether the account is in use, id of the
            company that it belongs to alone or None)]``
        """
        contacts.flush_model(["active", "commercial_partner_id", "company_id"])
        return self.env.execute_query(
            SQL(
                """
                SELECT contact.id, account.id, account.active, account.company_id
                  FROM unnest(%(ids)s::int[]) WITH ORDINALITY AS chosen (id, place)
                  JOIN res_partner contact ON contact.id = chosen.id
                  JOIN res_partner account
                    ON account.id = COALESCE(contact.commercial_partner_id, contact.id)
              ORDER BY chosen.place
                """,
                ids=contacts.ids,
            )
        )

    def _get_notice(self, count, known, archived, foreign):
        """Say what became of the accounts that were to be added.

        :param count: how many were added
        :param known: ids of accounts that were there before
        :param archived: ids of accounts that are no longer in use
        :param foreign: ids of accounts of another company
        """
        sentences = []
        if count > 1 or not (count or known or archived or foreign):
            sentences.append(
                self.env._(
                    "%(accounts)s added.", accounts=format_accounts(self.env, count)
                )
            )
        if known:
            sentences.append(
                self.env._(
                    "Listed once, as already there: %(names)s.",
                    names=self._format(known),
                )
            )
        if archived:
            sentences.append(
                self.env._(
                    "Not added because they are archived: %(names)s.",
                    names=self._format(archived),
                )
            )
        if foreign:
            sentences.append(
                self.env._(
                    "Not added because they belong to another company than "
                    "%(company)s: %(names)s.",
                    company=self.transaction.company_id.display_name,
                    names=self._format(foreign),
                )
            )
        return " ".join(sentences) or False

    def _format(self, account_ids):
        """Return the names of accounts as text."""
        listed = self.env["res.partner"].browse(account_ids[: const.NAMES_LISTED])
        names = [account.name or str(account.id) for account in listed]
        return format_names(self.env, names, len(account_ids))

    def add_tagged(self):
        """Add everybody with one of the tags, by the account or by an enrollee."""
        tags = self.transaction.category_ids
        self.add(self.env["res.partner"].search([("category_id", "in", tags.ids)]))
        self.transaction.category_ids = False

    def add_filtered(self):
        """Add everybody whom the saved filter of contacts finds.

        :raise AccessError: when the filter belongs to somebody else
        :raise UserError: when the filter cannot be read
        """
        saved = self.transaction.filter_id
        if not saved:
            return
        saved.check_access("read")
        is_mine = not saved.user_ids or self.env.user in saved.user_ids
        if saved.model_id != "res.partner" or not is_mine:
            raise AccessError(self.env._("This is not one of your contact filters."))
        try:
            domain = Domain(read_literal(saved.domain, self._get_filter_names()))
            contacts = self.env["res.partner"].search(domain)
        except (TypeError, ValueError) as error:
            raise UserError(
                self.env._(
                    "The filter %(name)s cannot be read. Search the contacts again, "
                    "and save the search under this name.",
                    name=saved.name,
                )
            ) from error
        self.add(contacts)
        self.transaction.filter_id = False

    def _get_filter_names(self):
        """Return what the domain of a saved filter may name."""
        today = get_today(self.transaction.company_id)
        return {
            "allowed_company_ids": self.env.companies.ids,
            "current_company_id": self.env.company.id,
            "current_date": fields.Date.to_string(today),
            "uid": self.env.uid,
        }

    def set_invoices(self, invoices):
        """Let each account's credit pay its invoice first, where it has one only.

        :param invoices: ``account.move`` records
        """
        by_account = invoices.grouped("commercial_partner_id")
        domain = Domain("partner_id", "in", [account.id for account in by_account])
        lines = self.transaction._find_lines(domain).grouped("partner_id")
        for account, of_account in by_account.items():
            if len(of_account) == 1 and account in lines:
                lines[account].invoice_id = of_account
