from odoo.tools import format_datetime

from ... import const
from ...tools.actions import notify
from ...tools.texts import format_accounts, format_amounts


class TransactionResult:
    """What became of a transaction, in sentences for the clerk.

    :param transaction: an ``account.post.transaction``
    """

    def __init__(self, transaction):
        self.transaction = transaction
        self.env = transaction.env
        self.batch = transaction.batch_id
        self.lines = self.env["account.credit.line"]

    def sum_posted(self):
        """Sum up the credits in force, as the ledger has them, taxes included.

        :return: ``({currency: amount}, {currency: what of it paid invoices})``
        """
        if self.batch.credit_booking == "used":
            return self._sum_promised()
        sums = self._sum_ledger(
            "account.move.line",
            "move_line_id",
            ["amount_currency:sum", "amount_residual_currency:sum"],
            ("state", "=", "posted"),
        )
        return (
            {currency: -total for currency, total, _open in sums},
            {currency: left - total for currency, total, left in sums},
        )

    def _sum_promised(self):
        """Sum up what is promised, and what of it was booked; see `sum_posted`."""
        promised = self.lines._read_group(
            [("batch_id", "=", self.batch.id), ("state", "=", "posted")],
            ["currency_id"],
            ["amount:sum", "amount_taken_back:sum"],
        )
        used = self.lines._read_group(
            [("drawn_from_id.batch_id", "=", self.batch.id), ("state", "=", "posted")],
            ["currency_id"],
            ["amount:sum"],
        )
        return {currency: given - back for currency, given, back in promised}, dict(
            used
        )

    def _sum_ledger(self, model, name, aggregates, *conditions):
        """Sum up what lines of the batch have posted, for each currency.

        :param model: of what they have posted
        :param name: of the field of the lines that names it
        :param conditions: of a domain on the lines
        """
        # Whoever posted them may know their totals.
        posted_sudo = self.lines.sudo()._search(
            [("batch_id", "=", self.batch.id), *conditions]
        )
        records_sudo = self.env[model].sudo()
        domain = [("id", "in", posted_sudo.subselect(name))]
        return records_sudo._read_group(domain, ["currency_id"], aggregates)

    def format(self, totals):
        """Return amounts as text, as far as there are any.

        :param totals: ``{currency: amount}``
        """
        return format_amounts(totals, self.transaction.company_id.currency_id)

    def can_undo(self):
        """Tell whether the user can take back what was posted."""
        return bool(self.batch) and not self.env["account.credit.undo"]._get_error(
            self.batch
        )

    def get_action(self):
        """Return what says the result where all was entered on one page.

        :return: a notification with a link to the document, after which the screen is
            read again; the page of the result where it needs a look
        """
        line = self.batch.line_ids
        if self.batch.state != "done" or not line.move_id or len(line) != 1:
            return self.transaction._get_view_action()
        return notify(
            f"{self.get_text(*self.sum_posted())} %s",
            links=[
                {
                    "label": line.move_name,
                    "url": f"/odoo/account.move/{line.move_id.id}",
                }
            ],
            next={"type": "ir.actions.act_window_close"},
        )

    def get_text(self, posted, paid):
        """Say what became of the accounts, and of what they were credited.

        :param posted: ``{currency: amount}`` that is in force
        :param paid: ``{currency: amount}`` that paid invoices
        """
        batch = self.batch
        if waiting := self._get_waiting_text():
            return waiting
        sentences = self._get_charge_sentences() if batch.charge_item_id else []
        if batch.posted_count and (total := self.format(posted)):
            count = self.lines.search_count(
                [
                    ("batch_id", "=", batch.id),
                    ("state", "=", "posted"),
                    "|",
                    ("move_id", "!=", False),
                    ("is_promised", "=", True),
                ]
            )
            accounts = format_accounts(self.env, count)
            sentences.append(
                self.env._(
                    "%(total)s promised to %(accounts)s.",
                    total=total,
                    accounts=accounts,
                )
                if batch.credit_booking == "used"
                else self.env._(
                    "%(total)s credited to %(accounts)s.",
                    total=total,
                    accounts=accounts,
                )
            )
            if paid := self.format(paid):
                sentences.append(self.env._("%(paid)s of it paid invoices.", paid=paid))
        if batch.failed_count:
            accounts = format_accounts(self.env, batch.failed_count)
            sentences.append(
                self.env._(
                    "%(accounts)s could not be invoiced. Fix the problem, then click "
                    "Retry Failed. Posted invoices stay as they are.",
                    accounts=accounts,
                )
                if batch.charge_item_id
                else self.env._(
                    "%(accounts)s could not be credited. Fix the problem, then click "
                    "Retry Failed. Posted credits stay as they are.",
                    accounts=accounts,
                )
            )
        if not sentences and batch:
            sentences.append(self.env._("None of this is posted anymore."))
        return " ".join(sentences)

    def _get_waiting_text(self):
        """Say whom or what the credits wait for; False where they do not."""
        batch = self.batch
        if self.transaction.is_transferring:
            return self.env._(
                "%(accounts)s are added to %(batch)s, then posted in the background. "
                "You can close this page.",
                accounts=self.transaction.accounts_text,
                batch=batch.name,
            )
        if batch.state == "to_approve":
            return self.env._(
                "%(approval)s Nothing is posted until then.",
                approval=batch.approval_text,
            )
        if batch.is_scheduled:
            return self.env._(
                "The credits are posted on %(time)s. Until then you can cancel the "
                "batch.",
                time=format_datetime(self.env, batch.post_at, dt_format="short"),
            )
        if batch.state in const.IN_WORK:
            return self.env._(
                "The credits are posted in the background. You can leave this page "
                "or close the browser: posting continues, and the batch shows the "
                "result."
            )
        return False

    def _get_charge_sentences(self):
        """Say what the accounts were invoiced, as the ledger has it."""
        sums = self._sum_ledger(
            "account.move", "charge_move_id", ["__count", "amount_total:sum"]
        )
        if not sums:
            return []
        total = self.format({currency: total for currency, _count, total in sums})
        accounts = format_accounts(
            self.env, sum(count for _currency, count, _total in sums)
        )
        # As they were typed, and added up before they were posted.
        typed = self.format(
            dict(
                self.lines._read_group(
                    [("batch_id", "=", self.batch.id), ("charge_move_id", "!=", False)],
                    ["currency_id"],
                    ["charge_amount:sum"],
                )
            )
        )
        if typed != total:
            return [
                self.env._(
                    "%(total)s invoiced to %(accounts)s, %(typed)s before taxes.",
                    total=total,
                    accounts=accounts,
                    typed=typed,
                )
            ]
        return [
            self.env._(
                "%(total)s invoiced to %(accounts)s.", total=total, accounts=accounts
            )
        ]
