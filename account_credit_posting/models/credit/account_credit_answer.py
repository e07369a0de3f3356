import functools
import inspect
import json

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, ValidationError

from ...const import GROUP_USER, KEY_LENGTH
from ...tools.reading import read_arguments
from ...tools.requests import hash_request
from ...tools.rights import check_right

#: What is told once, and kept nowhere.
SECRETS = ("code",)


def answered_once(method):
    """Let a public method take an ``idempotency_key``, and read its arguments.

    The same request under the same key gets the first answer and does nothing; another
    one under it is refused. The method declares the key, and never sees it.
    """
    signature = inspect.signature(method)

    @functools.wraps(method)
    def answer(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        read_arguments(self.env, bound.arguments)
        key = bound.arguments.pop("idempotency_key", None)
        if not key:
            return method(*bound.args, **bound.kwargs)
        arguments = {
            name: value for name, value in bound.arguments.items() if name != "self"
        }
        return self.env["account.credit.answer"]._answer(
            _get_company(self, arguments),
            key,
            {"ids": self.ids, **arguments},
            lambda: method(*bound.args, **bound.kwargs),
            f"{self._name}.{method.__name__}",
        )

    return answer


def _get_company(records, arguments):
    """Return the company that a call is about; keys are unique in each."""
    company_id = {**arguments, **arguments.get("details", {})}.get("company_id")
    if company_id:
        return records.env["res.company"].browse(company_id)
    if "company_id" in records._fields:
        # Only where the key belongs is asked; the method asks for the right.
        company_sudo = records.sudo().company_id
        if len(company_sudo) == 1:
            return company_sudo.sudo(False)
    return records.env.company


class AccountCreditAnswer(models.Model):
    """The first answer to a request that came with an idempotency key."""

    _name = "account.credit.answer"
    _description = "Answer to a Request"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, ondelete="cascade"
    )
    key = fields.Char(required=True, help="Of the client; unique in each company.")
    method = fields.Char(required=True, help="The model and the method.")
    request_hash = fields.Char(
        help="SHA-256 of the request. Without one, any request to the method counts.",
    )
    answer = fields.Json(
        help="``{'value'}``, or ``{'model', 'ids'}`` of records; codes are not in it.",
    )

    _key_unique = models.UniqueIndex("(company_id, key)")

    @api.model
    def _answer(self, company, key, request, do, method):  # noqa: PLR0913
        """Return the first answer to a request; without one, do what is asked.

        Where another session is at the same request, this one waits for its answer.

        :param company: that the request is about
        :param key: of the client; without one it is done
        :param dict request: what is asked
        :param do: called without arguments; returns records, or what JSON can hold
        :param str method: the model and the method
        :raise ValidationError: when the key came with a different request
        :raise ConcurrencyError: see ``account.credit.batch.post_credits``
        """
        key = self._read_key(key)
        if not key:
            return do()
        request_hash = hash_request(method=method, **request)
        # Answers are nobody's to read or to write; who may call gets the own one.
        answers_sudo = self.sudo()
        answer_sudo = answers_sudo.search(
            [("company_id", "=", company.id), ("key", "=", key)]
        )
        if answer_sudo.answer:
            self._check_may_know(company)
            answer_sudo._check_same(method, request_hash)
            return self._read_answer(answer_sudo.answer)
        if not answer_sudo:
            answer_sudo = answers_sudo._reserve(
                {
                    "company_id": company.id,
                    "key": key,
                    "method": method,
                    "request_hash": request_hash,
                }
            )
        answer = do()
        answer_sudo.answer = self._prepare_answer(answer)
        return answer

    @api.model
    def _read_key(self, key):
        """Return a key as text, empty without one.

        :raise ValidationError: when it is none
        """
        if key is None or key is False:
            return ""
        is_key = isinstance(key, str | int) and not isinstance(key, bool)
        if not is_key or len(str(key)) > KEY_LENGTH:
            raise ValidationError(
                self.env._(
                    "The idempotency key must be a text of at most %(count)s "
                    "characters.",
                    count=KEY_LENGTH,
                )
            )
        return str(key)

    @api.model
    def _reserve(self, vals):
        """Create the row of a key; who else wants it waits here.

        :raise ConcurrencyError: when another session has it; Odoo then repeats the
            request, which finds the other's answer
        """
        try:
            with self.env.cr.savepoint():
                return self.create(vals)
        except UniqueViolation as error:
            raise ConcurrencyError("the same request is being answered") from error

    @api.model
    def _check_may_know(self, company):
        """Check that the user could have made the request.

        :raise AccessError: when not
        """
        message = self.env._(
            "You are not allowed to do this. Ask an administrator for the access right."
        )
        check_right(self, GROUP_USER, message)
        if not self.env.su and company not in self.env.user.company_ids:
            raise AccessError(message)

    def _check_same(self, method, request_hash):
        known = self.request_hash or request_hash
        if self.method != method or known != request_hash:
            raise ValidationError(
                self.env._(
                    "The idempotency key %(key)s belongs to another request. Use a new "
                    "key for a new request.",
                    key=self.key,
                )
            )

    @api.model
    def _prepare_answer(self, answer):
        """Return an answer as it is kept."""
        if isinstance(answer, models.BaseModel):
            return {"model": answer._name, "ids": answer.ids}
        answer = json.loads(json.dumps(answer, default=str))
        return {"value": self._without_secrets(answer)}

    @api.model
    def _without_secrets(self, value):
        if isinstance(value, dict):
            return {
                name: False if name in SECRETS else self._without_secrets(item)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._without_secrets(item) for item in value]
        return value

    @api.model
    def _read_answer(self, kept):
        if "model" in kept:
            return self.env[kept["model"]].browse(kept["ids"])
        return kept["value"]
