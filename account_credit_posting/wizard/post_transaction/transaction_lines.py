from odoo.fields import Command, Domain
from odoo.tools import SQL

from ... import const
from ...tools.texts import format_accounts, format_count, format_totals


class TransactionLines:
    """All accounts of a transaction, one or fifty thousand, each step a statement.

    The ORM would need seconds for each of them. What counts is what is saved.

    :param transaction: an ``account.post.transaction``
    """

    def __init__(self, transaction):
        transaction.ensure_one()
        self.transaction = transaction
        self.env = transaction.env
        self.rows = self.env["account.post.transaction.line"]
        self.id = transaction._origin.id

    # -------------------------------------------------------------------------
    # READ
    # -------------------------------------------------------------------------

    def sum(self, column="amount", *conditions):
        """Add up the lines.

        :param column: as in :meth:`set_amounts`
        :param conditions: of a domain on the lines
        :return: ``{currency: (number of lines, amount, largest amount)}``
        """
        self.transaction.check_access("read")
        rows = self.rows._read_group(
            [("transaction_id", "=", self.id), *conditions],
            ["currency_id"],
            ["__count", f"{column}:sum", f"{column}:max"],
        )
        return {currency: tuple(sums) for currency, *sums in rows}

    def sum_changed(self, commands):
        """Add up the lines with changes that are not saved yet.

        :param commands: ``UPDATE``, ``DELETE`` and ``UNLINK`` of ``line_ids``
        :return: ``(number of lines, how many are above zero, {currency: amount})``
        """
        self.transaction.check_access("write")
        changes = {  # {line id: values, None where the row is removed}
            command[1]: command[2] if command[0] == Command.UPDATE else None
            for command in commands
        }
        others = ("id", "not in", list(changes))
        unchanged = self.sum("amount", others)
        filled = self.sum("amount", others, ("amount", ">", 0))
        count = sum(count for count, _amount, _largest in unchanged.values())
        filled = sum(count for count, _amount, _largest in filled.values())
        totals = {currency: sums[1] for currency, sums in unchanged.items()}
        for line in self.rows.browse(changes).exists():
            vals = changes[line.id]
            if vals is None or line.transaction_id != self.transaction:
                continue
            currency = line.currency_id
            if "currency_id" in vals:
                currency = currency.browse(vals["currency_id"])
            count += 1
            amount = vals.get("amount", line.amount)
            filled += amount > 0
            totals[currency] = totals.get(currency, 0) + amount
        return count, filled, totals

    def describe(self, count, filled, totals):
        """Describe all lines together, as the form does.

        :param count: number of lines
        :param filled: number of those that have an amount above zero
        :param totals: ``{currency: amount}``
        :return: values of the transaction
        """
        currencies = self.env["res.currency"].union(*totals)
        company_currency = self.transaction.company_id.currency_id
        return {
            "line_count": count,
            "is_cut": count > const.LISTED,
            "accounts_text": format_accounts(self.env, count),
            "filled_text": self.env._(
                "%(filled)s of %(count)s filled",
                filled=format_count(self.env, filled),
                count=format_count(self.env, count),
            ),
            "total": format_totals(totals, company_currency),
            "currency_symbol": currencies.symbol if len(currencies) == 1 else "",
        }

    def find_account_ids(self):
        """Return the set of the ids of the accounts."""
        self.rows.flush_model(["transaction_id", "partner_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id FROM account_post_transaction_line "
                "WHERE transaction_id = %s",
                self.id,
            )
        )
        return {account_id for [account_id] in rows}

    def find_amounts(self):
        """Return the accounts and their amounts.

        :return: ``{account id: (currency id, amount)}``
        """
        self.rows.flush_model(["transaction_id", "partner_id", "currency_id", "amount"])
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, currency_id, COALESCE(amount, 0)::float "
                "FROM account_post_transaction_line WHERE transaction_id = %s",
                self.id,
            )
        )
        return {account_id: tuple(rest) for account_id, *rest in rows}

    def find_repeated(self, column, credit_item, date_from, typed=0):
        """Return the lines whose account got the same item and amount lately.

        :param column: as in :meth:`set_amounts`
        :param date_from: the day before the first that counts
        :param typed: the amount that is set for all lines when they are posted, or zero
        """
        # With the rules of the user.
        posted = self.env["account.credit.line"]._search(
            [
                ("credit_item_id", "=", credit_item.id),
                ("state", "=", "posted"),
                ("drawn_from_id", "=", False),
                ("date", ">", date_from),
            ]
        )
        self.rows.flush_model()
        amount = SQL.identifier(column)
        if typed:
            amounts = SQL(" ").join(
                SQL("WHEN %s THEN %s::numeric", currency.id, currency.round(typed))
                for currency in self.sum()
            )
            amount = SQL("CASE currency_id %s END", amounts)
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM account_post_transaction_line "
                "WHERE transaction_id = %(id)s "
                "AND (partner_id, currency_id, %(amount)s) IN %(posted)s ORDER BY id",
                id=self.id,
                amount=amount,
                posted=posted.subselect("partner_id", "currency_id", "amount"),
            )
        )
        return self.rows.browse(row[0] for row in rows)

    # -------------------------------------------------------------------------
    # CHANGE
    # -------------------------------------------------------------------------

    def insert(self, pairs):
        """Insert a line for each account.

        They name no user, as their transaction does: the database would check each
        row, which takes a second for 50,000.

        :param pairs: ``[(account id, contact id it was found by)]``
        """
        self._hurry(len(pairs))
        account_ids = [account_id for account_id, _contact_id in pairs]
        self._execute(
            """
            INSERT INTO account_post_transaction_line (
                   transaction_id, partner_id, contact_id, currency_id, amount,
                   create_date, write_date
            )
            SELECT %(transaction)s, chosen.account, NULLIF(contact, chosen.account),
                   COALESCE(abroad.currency, %(currency)s), 0, %(now)s, %(now)s
              FROM unnest(%(accounts)s::int[], %(contacts)s::int[]) WITH ORDINALITY
                   AS chosen (account, contact, place)
         LEFT JOIN unnest(%(foreign)s::int[], %(currencies)s::int[])
                   AS abroad (account, currency)
             USING (account)
          ORDER BY chosen.place
            """,
            accounts=account_ids,
            contacts=[contact_id for _account_id, contact_id in pairs],
            **self._get_currencies(account_ids),
        )

    def update_currencies(self):
        """Give each line the currency that its account has at the classification."""
        self._execute(
            """
            UPDATE account_post_transaction_line line
               SET currency_id = COALESCE(
                       (SELECT currency_id FROM account_move
                         WHERE id = line.invoice_id),
                       (SELECT abroad.currency
                          FROM unnest(%(foreign)s::int[], %(currencies)s::int[])
                               AS abroad (account, currency)
                         WHERE abroad.account = line.partner_id),
                       %(currency)s
                   )
             WHERE transaction_id = %(transaction)s
            """,
            **self._get_currencies(self.find_account_ids()),
        )

    def set_amounts(self, amount, column="amount"):
        """Give all lines the same amount, rounded in the currency of each.

        :param column: "amount", or "credit_amount" for the credits beside invoices
        """
        currencies = self.sum()
        self._hurry(sum(count for count, *_sums in currencies.values()))
        for currency in currencies:
            self._execute(
                """
                UPDATE account_post_transaction_line
                   SET %(column)s = %(amount)s, write_date = %(now)s
                 WHERE transaction_id = %(transaction)s AND currency_id = %(currency)s
                """,
                column=SQL.identifier(column),
                amount=currency.round(amount),
                currency=currency.id,
            )

    def set_each(self, amounts):
        """Give each account an amount of its own.

        :param amounts: ``{account id: amount}``, rounded; zero changes nothing
        """
        self._hurry(len(amounts))
        self._execute(
            """
            UPDATE account_post_transaction_line line
               SET amount = given.amount, write_date = %(now)s
              FROM unnest(%(accounts)s::int[], %(amounts)s::numeric[])
                   AS given (account, amount)
             WHERE line.transaction_id = %(transaction)s
               AND line.partner_id = given.account
               AND given.amount > 0
            """,
            accounts=list(amounts),
            amounts=list(amounts.values()),
        )

    def set_price(self, before, item):
        """Give the price of an item to lines without an amount.

        :param before: the ``product.product`` whose price is no longer meant: lines
            that have it count as those without an amount
        :param item: the ``product.product``; without one they have no amount
        """
        for currency in self.sum():
            self._execute(
                """
                UPDATE account_post_transaction_line
                   SET amount = %(price)s, write_date = %(now)s
                 WHERE transaction_id = %(transaction)s AND currency_id = %(currency)s
                   AND COALESCE(amount, 0) IN (0, %(before)s)
                """,
                price=self._get_price(item, currency),
                before=self._get_price(before, currency),
                currency=currency.id,
            )

    def _get_price(self, item, currency):
        """Return what an invoice of an item says as Odoo makes it; zero without one."""
        if not item:
            return 0
        # Whoever may post may know the price.
        price = item.sudo()._get_tax_included_unit_price(
            self.transaction.company_id, currency, self.transaction.date, "sale"
        )
        return currency.round(max(price, 0))

    def delete(self):
        """Delete all lines."""
        self._execute(
            "DELETE FROM account_post_transaction_line "
            "WHERE transaction_id = %(transaction)s"
        )

    def transfer(self, batch):
        """Create the pending lines of a batch.

        What they may not be is found when they are posted, line by line.

        :param batch: a draft ``account.credit.batch`` without lines
        """
        lines = batch.line_ids
        lines.check_access("create")
        columns = self.rows._prepare_credit_line_columns(self.transaction, batch)
        self._execute(
            """
            INSERT INTO account_credit_line (%(names)s)
            SELECT %(values)s
              FROM account_post_transaction_line line
             WHERE line.transaction_id = %(transaction)s
          ORDER BY line.id
            """,
            names=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(columns.values()),
        )
        lines.invalidate_model()
        batch.invalidate_recordset()
        # What is stored, computed, and not among the columns.
        domain = Domain("batch_id", "=", batch.id)
        own = Domain("currency_id", "=", batch.currency_id.id)
        for field in lines._fields.values():
            if field.store and field.compute and field.name not in columns:
                self.env.add_to_compute(field, lines.search(domain))
        amount_company = lines._fields["amount_company"]
        self.env.add_to_compute(amount_company, lines.search(domain & ~own))
        self.env.add_to_compute(batch._fields["amount_total"], batch)

    def _get_currencies(self, account_ids):
        """Return in which currencies accounts are credited, for a statement."""
        company = self.transaction.company_id
        accounts = self.env["res.partner"].browse(account_ids)
        foreign = accounts._find_credited_in_foreign(company)
        return {
            "currency": company.currency_id.id,
            "foreign": [account.id for account in foreign],
            "currencies": [currency.id for currency in foreign.values()],
        }

    def _hurry(self, count):
        """Answer before very many lines are on the disk.

        They are what is being typed: where the machine fails at that very moment, the
        last step is lost, and nothing that was posted.

        :param count: of the lines that are written
        """
        if count > const.HURRIED:
            self.env.cr.execute("SET LOCAL synchronous_commit TO off")

    def _execute(self, statement, **parameters):
        """Change lines by a statement, with nothing left in a cache that it outdates.

        :param statement: with ``%(transaction)s``, ``%(now)s`` and names
            of the parameters
        """
        self.transaction.check_access("write")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                statement,
                transaction=self.transaction.id,
                now=self.env.cr.now(),
                **parameters,
            )
        )
        self.rows.invalidate_model()
        self.transaction.invalidate_recordset()
