from dateutil.relativedelta import relativedelta

from ... import const
from ...tools.days import get_today


class UsualAmounts:
    """Above what a credit of an account is worth a second look: a slip of the comma.

    That is far more than the account owes, and far more than the largest credit that it
    got within a year; where there is neither, than what the company gives on average.

    :param env: of the user, who may know what accounts owe and got
    :param company: that gives the credits
    """

    def __init__(self, env, company):
        self.env = env
        self.company = company

    def find_limits(self, accounts):
        """Return the most that is usual for each account.

        :return: ``{account id: amount}`` in company currency; zero where there is
            nothing to compare with
        """
        accounts_sudo = accounts.sudo()
        dues = accounts_sudo._get_open_dues(self.company)
        largest = self._find_largest(accounts)
        others = None
        limits = {}
        for account_id in accounts.ids:
            basis = max(dues.get(account_id, 0), largest.get(account_id, 0))
            if not basis:
                others = self._get_average() if others is None else others
                basis = others
            limits[account_id] = self.company.currency_id.round(
                const.UNUSUAL_TIMES * basis
            )
        return limits

    def convert(self, limit, currency):
        """Return a limit in another currency."""
        company = self.company
        return company.currency_id._convert(
            limit, currency, company, get_today(company)
        )

    def _get_domain(self):
        today = get_today(self.company)
        return [
            ("company_id", "=", self.company.id),
            ("state", "=", "posted"),
            ("drawn_from_id", "=", False),
            ("date", ">", today - relativedelta(days=const.USUAL_DAYS)),
        ]

    def _find_largest(self, accounts):
        lines_sudo = self.env["account.credit.line"].sudo()
        rows = lines_sudo._read_group(
            [("partner_id", "in", accounts.ids), *self._get_domain()],
            ["partner_id"],
            ["amount_company:max"],
        )
        return {account.id: amount for account, amount in rows}

    def _get_average(self):
        lines_sudo = self.env["account.credit.line"].sudo()
        [[average]] = lines_sudo._read_group(
            self._get_domain(), [], ["amount_company:avg"]
        )
        return average or 0
