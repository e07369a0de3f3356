from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

#: From so many lines on, nobody waits for the disk.
HURRIED = 1000


class AccountPostTransaction(models.TransientModel):
    """Find, add and change the accounts of a transaction, one or fifty thousand.

    Each of these is one statement, whatever the number of accounts: a clerk waits
    for each step.
    """

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # FINDING
    # -------------------------------------------------------------------------

    def _find_lines(self, domain, limit=None):
        """Return lines of the transaction, as they are saved.

        With all rights, so that accounts and invoices are looked at that the user
        cannot see; the transaction is the user's own.

        :param domain: on ``account.post.transaction.line``
        :return: ``account.post.transaction.line`` records in the order of their ids
        """
        self.ensure_one()
        self.check_access("read")
        lines_sudo = self.env["account.post.transaction.line"].sudo()
        domain &= Domain("transaction_id", "=", self._origin.id)
        return lines_sudo.search(domain, order="id", limit=limit).sudo(self.env.su)

    def _sum_lines(self, column="amount"):
        """Add up the lines of the transaction, as they are saved.

        :param column: as in :meth:`_set_amounts`
        :return: ``{currency: (number of lines, amount)}``
        """
        self.ensure_one()
        self.check_access("read")
        rows = self.env["account.post.transaction.line"]._read_group(
            [("transaction_id", "=", self._origin.id)],
            ["currency_id"],
            ["__count", f"{column}:sum"],
        )
        return {currency: (count, amount) for currency, count, amount in rows}

    def _get_account_ids(self):
        """Return the set of the ids of the accounts."""
        self.ensure_one()
        lines = self.env["account.post.transaction.line"]
        lines.flush_model(["transaction_id", "partner_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id FROM account_post_transaction_line "
                "WHERE transaction_id = %s",
                self._origin.id,
            )
        )
        return {account_id for [account_id] in rows}

    def _find_accounts(self, contacts):
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

    # -------------------------------------------------------------------------
    # CHANGING
    # -------------------------------------------------------------------------

    def _insert_lines(self, pairs):
        """Insert a line for each account.

        They name no user, as their transaction does: the database would check each
        row, which takes a second for 50,000.

        :param pairs: ``[(account id, contact id it was found by)]``
        """
        self.ensure_one()
        self._hurry(len(pairs))
        accounts = self.env["res.partner"].browse(
            account for account, _contact in pairs
        )
        foreign = accounts._find_credited_in_foreign(self.company_id)
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
            accounts=accounts.ids,
            contacts=[contact for _account, contact in pairs],
            currency=self.company_id.currency_id.id,
            **self._split_currencies(foreign),
        )

    def _hurry(self, count):
        """Answer before very many lines are on the disk.

        They are what is being typed: where the machine fails at that very moment, the
        last step is lost, and nothing that was posted.

        :param count: of the lines that are written
        """
        if count > HURRIED:
            self.env.cr.execute("SET LOCAL synchronous_commit TO off")

    def _update_currencies(self):
        """Give each line the currency that its account has at the classification."""
        self.ensure_one()
        accounts = self.env["res.partner"].browse(self._get_account_ids())
        foreign = accounts._find_credited_in_foreign(self.company_id)
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
            currency=self.company_id.currency_id.id,
            **self._split_currencies(foreign),
        )

    def _set_amounts(self, amount, column="amount"):
        """Give all lines the same amount, rounded in the currency of each.

        :param column: "amount", or "credit_amount" for the credits beside invoices
        """
        self.ensure_one()
        self._hurry(self.line_count)
        for currency in self._sum_lines():
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

    def _delete_lines(self):
        """Delete all lines."""
        self.ensure_one()
        self._execute(
            "DELETE FROM account_post_transaction_line "
            "WHERE transaction_id = %(transaction)s"
        )

    def _split_currencies(self, foreign):
        """Return ``{account: currency}`` as two lists, for a statement."""
        return {
            "foreign": [account.id for account in foreign],
            "currencies": [currency.id for currency in foreign.values()],
        }

    def _execute(self, statement, **parameters):
        """Change lines by a statement, with nothing left in a cache that it outdates.

        :param statement: with ``%(transaction)s``, ``%(now)s`` and names
            of the parameters
        """
        self.check_access("write")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                statement,
                transaction=self.id,
                now=self.env.cr.now(),
                **parameters,
            )
        )
        self.env["account.post.transaction.line"].invalidate_model()
        self.invalidate_recordset()

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _create_credit_lines(self, batch):
        """Create the pending lines of a batch, all in one statement.

        What they may not be is found when they are posted, line by line.

        :param batch: a draft ``account.credit.batch`` without lines
        """
        self.ensure_one()
        lines = batch.line_ids
        columns = self._prepare_credit_line_columns(batch)
        lines.check_access("create")
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

    def _prepare_credit_line_columns(self, batch):
        """Prepare the columns of the credit lines; an addon may add its own.

        :param batch: the ``account.credit.batch`` that gets the lines
        :return: ``{column of account_credit_line: SQL value}``, where ``line`` is the
            row of ``account_post_transaction_line``
        """
        now = SQL("%s", self.env.cr.now())
        user = SQL("%s", self.env.uid)
        is_charge = bool(batch.charge_item_id)
        credit = SQL("line.amount")
        if is_charge:
            credit = SQL(
                "CASE WHEN %s THEN COALESCE(line.credit_amount, 0) ELSE 0 END",
                self.is_credit_posted,
            )
        return {
            "batch_id": SQL("%s", batch.id),
            "company_id": SQL("%s", batch.company_id.id),
            "date": SQL("%s", batch.date),
            "credit_item_id": SQL("%s::int", batch.credit_item_id.id or None),
            "partner_id": SQL("line.partner_id"),
            "contact_id": SQL("line.contact_id"),
            "invoice_id": SQL("NULL") if is_charge else SQL("line.invoice_id"),
            "currency_id": SQL("line.currency_id"),
            "charge_amount": SQL("line.amount") if is_charge else SQL("NULL"),
            "amount": credit,
            # Of those in another currency it is computed.
            "amount_company": credit,
            "state": SQL("'pending'"),
            # Not ``write_uid``: the posting writes it soon, and the database checks it
            # row by row, which is a tenth of the statement.
            "create_uid": user,
            "create_date": now,
            "write_date": now,
        }
