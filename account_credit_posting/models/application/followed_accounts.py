"""Let what is posted to an account follow it, when it becomes a contact of another one.

An account gets a parent, or is no longer a company: its journal items go to its
commercial partner, and what we know of them goes along, as when contacts are merged.
Who leaves an account again leaves there what was posted.
"""

from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.account.models.account_move import BYPASS_LOCK_CHECK

from ...const import SOURCES
from ...tools.posting import with_posting
from ...tools.rights import get_accounts_of


def find_accounts(partners):
    """Return the accounts among these contacts, and below, that we know something of.

    :param partners: ``res.partner`` records
    :return: sudoed records
    """
    # Whoever changes contacts need not see their credits.
    partners_sudo = partners.sudo().with_context(active_test=False)
    partners_sudo = partners_sudo.search([("id", "child_of", partners.ids)])
    accounts_sudo = partners_sudo.filtered(
        lambda partner: partner.commercial_partner_id == partner
    )
    known_sudo = accounts_sudo.browse()
    for name in ("account.credit.line", "account.credit.application", *SOURCES):
        rows = accounts_sudo.env[name]._read_group(
            [("partner_id", "in", accounts_sudo.ids)], ["partner_id"]
        )
        known_sudo |= known_sudo.union(*(account for [account] in rows))
    return known_sudo


def check_company(accounts, companies):
    """Check that accounts are not of another company than that which holds for them.

    :param accounts: of :func:`find_accounts`, after the change
    :param companies: ``{account: companies that hold money or credits for it}``
    :raise UserError: when one is
    """
    for account in accounts:
        target = account.commercial_partner_id
        for company in companies[account]:
            if target._is_foreign_to(company):
                raise UserError(
                    accounts.env._(
                        "%(account)s has open credits, or money on gift cards or "
                        "prepayments, at %(company)s: it cannot belong to another "
                        "company. Use, move, refund or reverse these first.",
                        account=account.display_name,
                        company=company.display_name,
                    )
                )


def check_not_own(user, accounts, companies):
    """Check that nobody takes what others hold to an account of their own.

    :param user: who changes the accounts
    :param accounts: see :func:`check_company`
    :param companies: see :func:`check_company`
    :raise UserError: then
    """
    own_sudo = get_accounts_of(user)
    for account in accounts:
        target = account.commercial_partner_id
        if account != target and target in own_sudo and companies[account]:
            raise UserError(
                accounts.env._(
                    "%(account)s has open credits, or money on gift cards or "
                    "prepayments, and %(own)s is your own account: another user must "
                    "do this.",
                    account=account.display_name,
                    own=target.display_name,
                )
            )


def find_companies_of_credits(accounts):
    """Return which companies have credits of accounts that are open.

    :return: ``{account: companies}``
    """
    items = accounts.env["account.move.line"]
    rows = items._read_group(
        items._get_credit_item_domain()
        & Domain("partner_id", "in", accounts.ids)
        & Domain("parent_state", "=", "posted")
        & Domain("amount_residual_currency", "!=", 0),
        ["partner_id"],
        ["company_id:recordset"],
    )
    companies = dict(rows)
    promised = accounts.env["account.credit.line"].search(
        [
            ("partner_id", "in", accounts.ids),
            ("is_promised", "=", True),
            ("state", "=", "posted"),
        ]
    )
    for line in promised.filtered("amount_open"):
        account = line.partner_id
        companies[account] = companies.get(account, line.company_id) | line.company_id
    return companies


def move_items(account, target):
    """Move the journal items of an account to its commercial partner.

    Odoo does so where the parent changes, and not where a company becomes a person.

    :param account: a sudoed ``res.partner``
    :param target: its commercial partner
    """
    items = account.env["account.move.line"].search([("partner_id", "=", account.id)])
    if not items:
        return
    # The ledger accounts and the amounts stay: no period changes by it.
    items = items.with_context(bypass_lock_check=BYPASS_LOCK_CHECK)
    items.partner_id = target
    moves = items.move_id.filtered(lambda move: move.partner_id == account)
    moves.commercial_partner_id = target


def move_credits(account, target):
    """Move the credits of an account; it is their enrollee where there is none.

    :param account: a sudoed ``res.partner``
    :param target: its commercial partner
    """
    lines = with_posting(account.env["account.credit.line"], "posting").search(
        [("partner_id", "=", account.id)]
    )
    lines.filtered(lambda line: not line.contact_id).contact_id = account
    for currency, part in lines.grouped("currency_id").items():
        # Said, because it follows the account where nothing is posted yet.
        part.write({"partner_id": target.id, "currency_id": currency.id})
    for observer in lines.env["account.credit.observer"]._find_observers():
        observer._on_account_moved(account, target)
