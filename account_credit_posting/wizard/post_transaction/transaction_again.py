from odoo.tools import format_date

from ...tools.texts import format_accounts
from .transaction_accounts import TransactionAccounts


class TransactionAgain:
    """What the user posted last, to be proposed again: all but the amounts.

    :param transaction: an ``account.post.transaction``
    """

    def __init__(self, transaction):
        self.transaction = transaction
        self.env = transaction.env

    def find_batch(self):
        """Return the last batch that the user has posted in the company."""
        batches = self.env["account.credit.batch"]
        return batches.search(self._get_domain(), order="id desc", limit=1)

    def _get_domain(self):
        return [
            ("create_uid", "=", self.env.uid),
            ("company_id", "=", self.transaction.company_id.id),
            ("state", "not in", ("draft", "cancelled")),
            ("correction_ids", "=", False),
            ("draws_of_id", "=", False),
        ]

    def find_item(self):
        """Return the credit item that the user posted last, else the only one.

        :return: a ``product.product`` in use in the company, or none
        """
        items = self.env["product.product"]
        own = items._check_company_domain(self.transaction.company_id)
        batch = self.env["account.credit.batch"].search(
            [*self._get_domain(), ("credit_item_id", "any", [("active", "=", True)])],
            order="id desc",
            limit=1,
        )
        item = batch.credit_item_id.filtered_domain(own)
        if item:
            return item
        offered = items.search([("is_credit_item", "=", True), *own], limit=2)
        return offered if len(offered) == 1 else items

    def get_text(self):
        """Say what was posted last; False where there is nothing."""
        batch = self.find_batch()
        if not batch:
            return False
        item = (batch.charge_item_id or batch.credit_item_id).sudo()
        return self.env._(
            "Again as last time: %(item)s, %(accounts)s, %(date)s",
            item=item.name,
            accounts=format_accounts(self.env, batch.line_count),
            date=format_date(self.env, batch.date),
        )

    def fill(self):
        """Propose type, items, comments and form of that batch, and its accounts.

        The accounts only where none is chosen yet. Archived items are left out.
        """
        batch = self.find_batch()
        if not batch:
            return
        is_charge = bool(batch.charge_item_id)
        self.transaction.write(
            {
                "transaction_type": "invoice" if is_charge else "credit",
                "credit_item_id": batch.credit_item_id.filtered("active").id,
                "charge_item_id": batch.charge_item_id.filtered("active").id,
                "is_credit_posted": is_charge and bool(batch.credit_item_id),
                "public_comment": batch.public_comment,
                "private_comment": batch.private_comment,
                "analytic_distribution": batch.analytic_distribution,
                "document_form": batch.document_form,
                "notify_customers": batch.notify_customers,
                "step": "accounts",
            }
        )
        if not self.transaction.line_count:
            lines = self.env["account.credit.line"].search_fetch(
                [("batch_id", "=", batch.id)],
                ["contact_id", "partner_id"],
                order="id",
            )
            contacts = self.env["res.partner"].union(
                *((line.contact_id or line.partner_id) for line in lines)
            )
            accounts = TransactionAccounts(self.transaction)
            accounts.add(contacts._filtered_access("read"))
