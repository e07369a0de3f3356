from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, ValidationError

from ..utils import find_malformed_lines, hash_request, is_id, parse_amount


class AccountCreditBatch(models.Model):
    """Post credits on behalf of another program: JSON-2 and XML-RPC."""

    # One file per concern.
    _inherit = "account.credit.batch"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def post_credits(  # noqa: PLR0913 - the signature that clients call.
        self,
        credit_item_id,
        lines,
        company_id=None,
        date=None,
        public_comment=None,
        private_comment=None,
        idempotency_key=None,
    ):
        """Post credits for many accounts in one call.

        The same path as the wizard: a batch is created and posted. A line that cannot
        be posted fails alone and says why in the answer. Above the limits of the user
        the batch waits for approval: its state is ``to_approve``, its lines pending.

        :param int credit_item_id: a ``product.product`` that is a credit item
        :param list lines: ``[{"account_id": int, "amount": number or decimal string,
            "invoice_id": int or None}]``; amounts above zero, in the currency of the
            invoice or else of the account, at most as precise as that currency
        :param int company_id: the classification; the user's company by default
        :param date: accounting date, ``YYYY-MM-DD``; today by default
        :param str idempotency_key: unique per company; the same request under the
            same key gets the first answer again and posts nothing
        :return: ``{"batch_id", "name", "state", "lines": [{"account_id", "amount",
            "state", "move_id", "move_name", "error"}]}``, lines as in the request;
            what there is none of is False, as XML-RPC knows no null
        :raise AccessError: when the user may not post credits in that company
        :raise ValidationError: when the request is malformed, or its key belongs to
            another request
        """
        batches = self._with_posting_company(company_id)
        batches._check_may_post()
        request = batches._read_request(
            credit_item_id, lines, date, public_comment, private_comment
        )
        request_hash = hash_request(**request)
        batch = batches._find_request(idempotency_key, request_hash)
        if not batch:
            batch = batches._create_for_request(
                request, idempotency_key=idempotency_key, request_hash=request_hash
            )
            batch.action_post()
        return batch._get_answer()

    @api.model
    def _with_posting_company(self, company_id):
        """Return the model in the company that posts.

        :raise AccessError: when the user does not work in that company
        """
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        if not self.env.su and company not in self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "You do not work in the company with the id %(id)s.", id=company_id
                )
            )
        return self.with_context(allowed_company_ids=company.ids)

    @api.model
    def _read_request(
        self, credit_item_id, lines, date, public_comment, private_comment
    ):
        """Check the shape of a request and bring it into one form.

        :return: ``{"credit_item_id", "lines", "date", "public_comment",
            "private_comment"}``, amounts of lines as ``Decimal``, or as they came
            where they are no number
        :raise ValidationError: when the request is malformed
        """
        faults = find_malformed_lines(lines)
        if faults:
            raise ValidationError(
                self.env._("The request is malformed:")
                + "".join(f"\nlines[{place - 1}] {text}" for place, text in faults[:20])
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
        try:
            date = fields.Date.to_date(date or None)
        except (TypeError, ValueError) as error:
            raise ValidationError(
                self.env._(
                    "%(date)s is no date. Write it as YYYY-MM-DD.", date=str(date)
                )
            ) from error
        return {
            "credit_item_id": item.id,
            "lines": [
                [line["account_id"], line["amount"], line.get("invoice_id") or None]
                for line in lines
            ],
            "date": date,
            "public_comment": public_comment or None,
            "private_comment": private_comment or None,
        }

    @api.model
    def _find_request(self, idempotency_key, request_hash):
        """Return the batch of an earlier request with this key, if there is one.

        :raise ValidationError: when the key came with a different request
        """
        if not idempotency_key:
            return self.browse()
        batch = self.search(
            [
                ("company_id", "=", self.env.company.id),
                ("idempotency_key", "=", str(idempotency_key)),
            ],
            limit=1,
        )
        if batch and batch.request_hash != request_hash:
            raise ValidationError(
                self.env._(
                    "The idempotency key %(key)s belongs to another request, "
                    "answered by %(batch)s. Use a new key for a new request.",
                    key=idempotency_key,
                    batch=batch.name,
                )
            )
        return batch

    @api.model
    def _create_for_request(self, request, *, idempotency_key, request_hash):
        """Create the batch of a request.

        :raise ConcurrencyError: when another session posts the same key right now;
            Odoo then repeats the request, which finds the other's batch
        """
        batch_vals = {
            "company_id": self.env.company.id,
            "credit_item_id": request["credit_item_id"],
            "date": request["date"] or fields.Date.context_today(self),
            "public_comment": request["public_comment"],
            "private_comment": request["private_comment"],
            "idempotency_key": str(idempotency_key) if idempotency_key else False,
            "request_hash": request_hash if idempotency_key else False,
        }
        try:
            with self.env.cr.savepoint():
                batch = self.create(batch_vals)
        except UniqueViolation as error:
            raise ConcurrencyError(
                f"idempotency key {idempotency_key} is being posted"
            ) from error
        batch._create_request_lines(request["lines"])
        return batch

    def _create_request_lines(self, requested):
        """Create a line for each one requested, failed ones with their reason.

        What the request says of one account never stops the others: a line that
        cannot be posted is kept, with an amount of zero where it was no amount.

        :param requested: ``[[account id, amount, invoice id or None]]``
        """
        self.ensure_one()
        partners = self._get_reachable_ids("res.partner", [row[0] for row in requested])
        invoices = self._get_reachable_ids(
            "account.move", [row[2] for row in requested]
        )
        amounts = [self._read_amount(row[1]) for row in requested]
        lines = self.env["account.credit.line"].create(
            [
                {
                    "batch_id": self.id,
                    "partner_id": account_id if account_id in partners else False,
                    "invoice_id": invoice_id if invoice_id in invoices else False,
                    "amount": float(amount or 0),
                }
                for (account_id, _, invoice_id), amount in zip(
                    requested, amounts, strict=True
                )
            ]
        )
        for line, row, amount in zip(lines, requested, amounts, strict=True):
            fault = line._get_request_fault(row, amount)
            if fault:
                line._set_failed(fault)

    @api.model
    def _get_reachable_ids(self, model, ids):
        """Return the set of those ids that exist and that the user may read."""
        records = self.env[model].browse({id_ for id_ in ids if id_})
        return set(records.exists()._filtered_access("read").ids)

    @api.model
    def _read_amount(self, value):
        """Return an amount of a request as ``Decimal``, or None if it is none."""
        try:
            return parse_amount(value)
        except ValueError:
            return None

    def _get_answer(self):
        """Return what the API answers for this batch, see :meth:`post_credits`."""
        self.ensure_one()
        return {
            "batch_id": self.id,
            "name": self.name,
            "state": self.state,
            "lines": [
                {
                    "account_id": line.partner_id.id,
                    "amount": line.amount,
                    "state": line.state,
                    "move_id": line.move_id.id,
                    "move_name": line.move_id.sudo().name,
                    "error": line.error,
                }
                for line in self.line_ids.sorted("id")
            ],
        }
