from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, ConcurrencyError, ValidationError

from ...tools.days import get_today
from ...tools.posting import with_posting
from ...tools.reading import find_amount_error, read_date, read_id, read_text
from ...tools.requests import (
    find_malformed_lines,
    hash_request,
    is_id,
    parse_amount,
)


class CreditRequest:
    """What another program asks to post, see ``account.credit.batch.post_credits``."""

    def __init__(self, env, content, idempotency_key=None):
        """Check the shape of a request and bring it into one form.

        :param env: of who asks, in the company that posts
        :param dict content: the arguments of ``post_credits`` that say what is posted
        :param idempotency_key: of the client, if it has one
        :raise ValidationError: when the request is malformed
        """
        self.env = env
        self.content = self._read(**content)
        self.key = str(idempotency_key) if idempotency_key else False
        self.hash = hash_request(**self.content)

    def _read(self, credit_item_id, lines, date, public_comment, private_comment):
        """Return the content in one form.

        :return: ``{"credit_item_id", "lines": [[account id, amount as it came, invoice
            id or None]], "date", "public_comment", "private_comment"}``
        """
        errors = find_malformed_lines(lines)
        if errors:
            raise ValidationError(
                self.env._("The request is malformed:")
                + "".join(
                    f"\nlines[{place - 1}] {text}" if place else f"\n{text}"
                    for place, text in errors[:20]
                )
            )
        item = self.env["product.product"].browse(
            credit_item_id if is_id(credit_item_id) else None
        )
        item = item.exists()._filtered_access("read")
        if not item.is_credit_item:
            raise ValidationError(
                self.env._(
                    "There is no credit item with the id %(id)s.", id=credit_item_id
                )
            )
        return {
            "credit_item_id": item.id,
            "lines": [
                [line["account_id"], line["amount"], line.get("invoice_id") or None]
                for line in lines
            ],
            "date": read_date(self.env, "date", date),
            "public_comment": read_text(self.env, "public_comment", public_comment)
            or None,
            "private_comment": read_text(self.env, "private_comment", private_comment)
            or None,
        }

    def find_batch(self):
        """Return the batch of an earlier request with this key, if there is one.

        :raise ValidationError: when the key came with a different request
        """
        batches = self.env["account.credit.batch"]
        if not self.key:
            return batches
        batch = batches.search(
            [
                ("company_id", "=", self.env.company.id),
                ("idempotency_key", "=", self.key),
            ],
            limit=1,
        )
        if batch and batch.request_hash != self.hash:
            raise ValidationError(
                self.env._(
                    "The idempotency key %(key)s belongs to another request, "
                    "answered by %(batch)s. Use a new key for a new request.",
                    key=self.key,
                    batch=batch.name,
                )
            )
        return batch

    def create_batch(self):
        """Create the batch, with a line for each one requested.

        :raise ConcurrencyError: when another session posts the same key right now;
            Odoo then repeats the request, which finds the other's batch
        """
        batches = self.env["account.credit.batch"]
        batch_vals = {
            "company_id": self.env.company.id,
            "credit_item_id": self.content["credit_item_id"],
            "date": self.content["date"] or get_today(self.env.company),
            "public_comment": self.content["public_comment"],
            "private_comment": self.content["private_comment"],
            "idempotency_key": self.key,
            "request_hash": self.key and self.hash,
        }
        try:
            with self.env.cr.savepoint():
                # Nobody else may say under which key a batch was asked for.
                batch = with_posting(batches, "posting").create(batch_vals)
        except UniqueViolation as error:
            raise ConcurrencyError(
                f"idempotency key {self.key} is being posted"
            ) from error
        batch = batch.with_env(batches.env)
        self._create_lines(batch)
        return batch

    def _create_lines(self, batch):
        """Create a line for each one requested, failed ones with their reason.

        What the request says of one account never stops the others: a line that
        cannot be posted is kept, with an amount of zero where it was no amount.
        """
        requested = self.content["lines"]
        partners = self._get_reachable_ids("res.partner", [row[0] for row in requested])
        invoices = self._get_reachable_ids(
            "account.move", [row[2] for row in requested]
        )
        lines = self.env["account.credit.line"].create(
            [
                {
                    "batch_id": batch.id,
                    "partner_id": account_id if account_id in partners else False,
                    "invoice_id": invoice_id if invoice_id in invoices else False,
                    "amount": self._read_amount(amount),
                }
                for account_id, amount, invoice_id in requested
            ]
        )
        for line, row in zip(lines, requested, strict=True):
            error = get_line_error(line, row)
            if error:
                line._set_failed(error)

    def _get_reachable_ids(self, model, ids):
        """Return the set of those ids that exist and that the user may read."""
        records = self.env[model].browse({id_ for id_ in ids if id_})
        return set(records.exists()._filtered_access("read").ids)

    def _read_amount(self, value):
        """Return an amount of a request as a number, zero if it is none."""
        try:
            return float(parse_amount(value))
        except ValueError:
            return 0


def find_posting_company(env, company_id):
    """Return the company that posts.

    :param company_id: as the client said it; that of the user by default
    :raise AccessError: when the user does not work in that company
    """
    company_id = read_id(env, "company_id", company_id or env.company.id)
    company = env["res.company"].browse(company_id)
    if not env.su and company not in env.user.company_ids:
        raise AccessError(
            env._(
                "You do not have access to the company with the ID %(id)s.",
                id=company_id,
            )
        )
    return company


def get_answer(batch):
    """Return what the API answers for a batch, see ``post_credits``."""
    return {
        "batch_id": batch.id,
        "name": batch.name,
        "state": batch.state,
        "lines": [
            {
                "account_id": line.partner_id.id,
                "amount": line.amount,
                "state": line.state,
                "move_id": line.move_id.id,
                "move_name": line.move_id.sudo().name,
                "error": line.error,
            }
            for line in batch.line_ids.sorted("id")
        ],
    }


def get_line_error(line, requested):
    """Return why the line cannot be what a request asked for.

    :param line: an ``account.credit.line``
    :param requested: ``[account id, amount, invoice id or None]`` as they came
    """
    account_id, amount, invoice_id = requested
    if not line.partner_id:
        return line.env._(
            "There is no account with the id %(id)s at %(company)s. Choose an "
            "account, then retry.",
            id=account_id,
            company=line.company_id.display_name,
        )
    reason = find_amount_error(line.env, amount, line.currency_id)
    if reason:
        # A rounded amount would be posted by a retry: leave none.
        line._write_guarded({"amount": 0})
    elif invoice_id and not line.invoice_id:
        reason = line.env._(
            "There is no invoice with the id %(id)s. Choose another invoice or "
            "none, then retry.",
            id=invoice_id,
        )
    else:
        return None
    return line._get_not_credited_message(reason)
