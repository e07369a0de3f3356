import base64
import inspect
import json
from typing import NamedTuple

from odoo import fields, http
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, mute_logger

from ..tools.posting import with_posting
from . import rights
from .common_stored_value import StoredValueCommon

ADDON = "account_credit_posting"
#: What JSON-2 wants of a browser, instead of a key.
HEADERS = {
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
}
REFUSED = (303, 401, 403, 404)
#: Odoo's tables that a posting changes, beside our own.
LEDGER = (
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "account.full.reconcile",
    "account.payment",
    "account.account",
    "account.journal",
    "mail.message",
    "mail.mail",
    "product.template",
    "res.company",
    "res.partner",
)
BOOKED = SQL(
    "SELECT account_id, SUM(balance) FROM account_move_line"
    " WHERE parent_state = 'posted' GROUP BY account_id"
)
#: What no argument is, and what no amount, id or date is.
WRONG = (True, 1e300, "NaN", 2**63, [1])
STRICT = ("amount", "_id", "date")
#: Stands in what outsiders and other companies must not read.
SECRET = "Vermilion"
SECRET_ELSEWHERE = "Cobalt"

#: Where in Post Transaction a method is for.
STEPS = {
    "action_add_tagged": "accounts",
    "action_add_filtered": "accounts",
    "action_clear": "accounts",
    "action_open_roster": "accounts",
    "action_import": "accounts",
    "action_set_all": "amounts",
    "action_set_all_credits": "amounts",
    "action_post": "setup",
}


class Answer(NamedTuple):
    """What came of a call."""

    status: int
    text: str
    #: Names of the tables that it changed.
    changed: set
    #: What is booked afterwards, if that changed: ``{account: balance}``.
    sums: dict

    def __str__(self):
        try:
            text = json.loads(self.text)["message"]
        except (KeyError, TypeError, ValueError):
            text = self.text
        return f"{self.status} {text[:200]!r} {self.changed or ''}"


@tagged("post_install", "-at_install")
class TestAttack(StoredValueCommon, HttpCase):
    """Every public method of ours, called over HTTP by every kind of user.

    The methods come from the registry, who may call them from ``rights``: a method
    that is new fails until it is in that table. After each call everything is undone.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            kind: cls._create_user(f"attack_{kind}", groups)
            for kind, groups in rights.USERS.items()
            if groups
        }
        cls.clerk = cls.users["clerk"]
        cls.company.credit_background_lines = 3
        cls.company.credit_approval_amount = 1000
        cls.account.write({"name": f"{SECRET} Family", "email": "v@example.com"})
        cls.records = cls._create_records()
        cls.others = cls._find_others()
        cls.dialogs = {
            kind: cls._create_dialogs(user) for kind, user in cls.users.items()
        }
        cls.foreign = cls._create_foreign()
        cls.fingerprint = cls._make_fingerprint()
        cls.writes = cls._make_writes()

    @classmethod
    def _create_foreign(cls):
        """Create what another company has, with an administrator of that one alone.

        :return: ``{parameter: record}``: what of it each argument can name
        """
        data = cls.setup_other_company()
        company = data["company"]
        cls.users["stranger"] = cls._create_user(
            "attack_stranger", rights.USERS["administrator"]
        )
        cls.users["stranger"].write(
            {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
        )
        account = cls.env["res.partner"].create(
            {"name": f"{SECRET_ELSEWHERE} Family", "company_id": company.id}
        )
        item = cls._create_credit_item(
            f"{SECRET_ELSEWHERE} Item", company_id=company.id
        )
        invoice = cls._create_invoice(account, 90, company_id=company.id)
        return {
            "account_id": account,
            "company_id": company,
            "contact_id": account,
            "credit_item_id": item,
            "invoice_id": invoice,
            "journal_id": data["default_journal_bank"],
            "partner_id": account,
        }

    @classmethod
    def _as_clerk(cls, records):
        return records.with_user(cls.clerk).sudo(False)

    @classmethod
    def _create_batch_of(cls, amounts, post=True, **vals):
        batch = cls.batches.with_user(cls.clerk).create(
            {
                "credit_item_id": cls.item.id,
                "date": "2024-03-15",
                "public_comment": f"{SECRET} in public",
                "private_comment": f"{SECRET} in private",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": amount})
                    for account, amount in amounts.items()
                ],
                **vals,
            }
        )
        if post:
            batch.action_post()
        return batch.sudo()

    @classmethod
    def _issue_card(cls, amount=50, **vals):
        answer = cls.values.with_user(cls.clerk).issue(
            "gift_card",
            cls.account.id,
            amount,
            "payment",
            journal_id=cls.bank.id,
            date="2024-03-15",
            **{"recipient_email": "v@example.com", "memo": f"{SECRET} memo", **vals},
        )
        return cls.values.browse(answer["id"]), answer["code"]

    @classmethod
    def _issue_due_card(cls):
        """Issue a card that is due to Colorado, and that may be paid out until then."""
        state = cls._owe_to_a_state(number=6)
        value, _code = cls._issue_card(amount=4)
        value.holder_state_id = state
        return value

    @classmethod
    def _create_billing_mail(cls):
        """Create an email that could not be written: it is to be sent again."""
        mails = with_posting(cls.env["account.billing.mail"].sudo(), "notifying")
        return mails.create(
            {
                "kind": "statement",
                "company_id": cls.company.id,
                "partner_id": cls.account.id,
                "date": "2024-03-01",
                "error": "No address",
            }
        )

    @classmethod
    def _create_records(cls):
        """Create a record of each kind, in each state that a method wants.

        :return: ``{name: record}``
        """
        account, other = cls.accounts[:2]
        paid = cls._create_invoice(account, 30)
        posted = cls._create_batch_of({account: 30})
        unused = cls._create_batch_of({cls.accounts[2]: 40}, expiry_date="2099-06-30")
        cls.accounts[3].active = False
        failed = cls._create_batch_of({cls.accounts[3]: 10})
        cls.accounts[3].active = True
        queued = cls._create_batch_of(dict.fromkeys(cls.accounts[4:9], 10))
        card, cls.code = cls._issue_card()
        blocked, _code = cls._issue_card()
        blocked.with_user(cls.clerk).action_block("Lost")
        draft_value = cls.values.with_user(cls.clerk).create(
            {
                "value_type": "prepayment",
                "partner_id": account.id,
                "initial_amount": 10,
                "funding": "payment",
                "journal_id": cls.bank.id,
            }
        )
        application = cls.env["account.credit.application"].search(
            [("credit_line_id", "in", posted.line_ids.ids)]
        )
        undone = cls._create_invoice(cls.accounts[9], 20)
        cls._create_batch_of({cls.accounts[9]: 20})
        free = cls.env["account.credit.application"].search(
            [("invoice_id", "=", undone.id)]
        )
        free.with_user(cls.clerk).action_unapply()
        posted.with_user(cls.clerk).action_notify()
        mailed, _code = cls._issue_card(send_date="2030-01-01")
        due, handed = cls._issue_due_card(), cls._issue_due_card()
        cls.env["account.unclaimed.due"].browse(handed.id).action_hand()
        gift = cls.values.with_user(cls.clerk).create(
            {
                "value_type": "gift_card",
                "partner_id": account.id,
                "initial_amount": 2000,
                "funding": "promotion",
            }
        )
        gift.action_issue()
        wrong = cls._create_batch_of({cls.accounts[4]: 30}).line_ids
        right = wrong.with_user(cls.users["administrator"]).replace(
            amount=20, reason="A typo"
        )
        return {
            "correction": right.sudo().origin_ids,
            "due": due,
            "handed": cls.env["account.unclaimed.property"].search(
                [("stored_value_id", "=", handed.id)]
            ),
            "mailed": mailed,
            "gift": gift.sudo(),
            "account": account,
            "other": other,
            "draft": cls._create_batch_of({account: 10}, post=False),
            "waiting": cls._create_batch_of({account: 2000}),
            "posted": posted,
            "unused": unused,
            "failed": failed,
            "queued": queued,
            "card": card,
            "blocked": blocked,
            "draft_value": draft_value.sudo(),
            "open": cls._create_invoice(account, 70),
            "paid": paid,
            "payment": cls._create_payment(15),
            "application": application,
            "free": free,
            "billing_mail": cls._create_billing_mail(),
            "letter": due.unclaimed_ids._create_letters("print"),
            "proof": cls.env["account.credit.proof"].sudo()._prove(cls.company),
            "estimate": cls.env["account.breakage.estimate"].create(
                {"issue_date": "2024-03-15", "unused_share": 10}
            ),
        }

    @classmethod
    def _get_dialog_vals(cls):
        """Return what each dialog is created with: ``{model: values}``."""
        known = cls.records
        account, line = known["account"], known["unused"].line_ids
        return {
            "account.billing.statement": {"partner_id": account.id},
            "account.credit.batch.notify": {"batch_id": known["unused"].id},
            "account.credit.batch.reverse": {
                "batch_id": known["unused"].id,
                "reason": "A mistake",
            },
            "account.credit.extend": {
                "line_id": line.id,
                "expiry_date": "2099-12-31",
                "reason": "Illness",
            },
            "account.credit.item.request": {"name": "Snow Day"},
            "account.credit.line.change": {
                "line_id": line.id,
                "change": "edit",
                "public_comment": "Changed",
                "amount": line.amount,
                "credit_item_id": cls.item.id,
                "partner_id": line.partner_id.id,
            },
            "account.liability.report": {},
            "account.post.payment": {
                "partner_id": account.id,
                "journal_id": cls.bank.id,
                "amount": 5,
            },
            "account.post.refund": {
                "partner_id": account.id,
                "journal_id": cls.bank.id,
                "reason": "Paid twice",
            },
            "account.post.transaction": {
                "credit_item_id": cls.item.id,
                "line_ids": [Command.create({"partner_id": account.id, "amount": 5})],
            },
            "account.stored.value.change": {
                "value_id": known["card"].id,
                "change": "adjust",
                "amount": 60,
                "reason": "A typo",
            },
            "account.unclaimed.remit": {
                "property_ids": known["handed"].ids,
                "partner_id": account.id,
                "journal_id": cls.bank.id,
            },
        }

    def _get_vals(self, model):
        """Return values with which a record of a model can be created."""
        known = self.records
        others = {
            "account.breakage.estimate": {"unused_share": 10},
            "account.credit.batch": {"credit_item_id": self.item.id},
            "account.credit.line": {
                "batch_id": known["draft"].id,
                "partner_id": known["other"].id,
                "amount": 5,
            },
            "account.stored.value": {
                "value_type": "prepayment",
                "partner_id": known["account"].id,
                "initial_amount": 5,
                "funding": "payment",
                "journal_id": self.bank.id,
            },
            "account.unclaimed.rule": {
                "kind": "dormancy",
                "country_id": self.env.ref("base.us").id,
                "valid_from": "2024-01-01",
                "years": 3,
            },
        }
        return {**self._get_dialog_vals(), **others}.get(model, {})

    @classmethod
    def _create_dialogs(cls, user):
        """Open each dialog as a user, who then has it.

        :return: ``{model: record}``
        """
        env = cls.env(user=user, context={"mail_notrack": True})
        account = cls.records["account"]
        opened = {
            model: env[model].create(vals)
            for model, vals in cls._get_dialog_vals().items()
            if env[model].has_access("create")
        }
        if transaction := opened.get("account.post.transaction"):
            opened["account.post.transaction.line"] = transaction.line_ids
            transaction.step = "accounts"
            action = transaction.action_open_roster()
            roster = env[action["res_model"]].browse(action["res_id"])
            roster.write({"text": account.name})
            action = transaction.action_import()
            opened[action["res_model"]] = env[action["res_model"]].browse(
                action["res_id"]
            )
            opened[action["res_model"]].file = base64.b64encode(account.name.encode())
            opened["account.post.refund"].line_ids.filtered("item_id")[:1].amount = 5
            opened["account.post.refund.line"] = opened["account.post.refund"].line_ids
        if report := opened.get("account.liability.report"):
            report.action_show()
            opened["account.liability.report.line"] = report.line_ids[:1]
        # The dialog lists invoices.
        if env["account.move"].has_access("write"):
            action = account.with_user(user).action_use_stored_value()
            use = env[action["res_model"]].browse(action["res_id"])
            opened[use._name] = use
            opened[use.line_ids._name] = use.line_ids
        return opened

    # -------------------------------------------------------------------------
    # WHAT IS CALLED, AND WITH WHAT
    # -------------------------------------------------------------------------

    @classmethod
    def _find_methods(cls):
        """Return the public methods that the addon gives to models.

        :return: ``{(model, method)}``, those of records that exist
        """
        return {
            (name, method)
            for name, model in cls.registry.items()
            if not model._abstract
            for part in model.mro()
            if part is not model and part.__module__.startswith(f"odoo.addons.{ADDON}.")
            for method, value in vars(part).items()
            if not method.startswith("_")
            and callable(value)
            and not isinstance(value, (type, fields.Field))
        }

    @classmethod
    def _find_own_models(cls):
        return sorted(
            name
            for name, model in cls.registry.items()
            if model._original_module == ADDON and not model._abstract
        )

    @classmethod
    def _find_others(cls):
        """Return a record of each model that is no dialog: ``{model: record}``."""
        known = cls.records
        company = [("company_id", "=", cls.company.id)]
        card = [("stored_value_id", "=", known["card"].id)]
        listed = {
            "account.billing.movement": cls.env["account.billing.movement"].search(
                [], limit=1
            ),
            **{
                name: cls.env[name].search(company, limit=1)
                for name in ("account.credit.dashboard", "account.stored.value.curve")
            },
            **{
                name: cls.env[name].search(card)
                for name in (
                    "account.stored.value.ageing",
                    "account.stored.value.liability",
                )
            },
        }
        return {
            **listed,
            "account.billing.mail": known["billing_mail"],
            "account.credit.application": known["application"],
            "account.credit.correction": known["correction"],
            "account.credit.notice": known["posted"].notice_ids,
            "account.breakage.estimate": known["estimate"],
            "account.credit.batch": known["posted"],
            "account.credit.line": known["posted"].line_ids,
            "account.credit.proof": known["proof"],
            "account.credit.proof.check": known["proof"].check_ids[:1],
            "account.credit.run": known["posted"].run_id,
            "account.move": known["open"],
            "account.stored.value": known["card"],
            "account.stored.value.movement": known["card"].movement_ids,
            "account.unclaimed.due": known["due"].unclaimed_ids,
            "account.unclaimed.letter": known["letter"],
            "account.unclaimed.property": known["handed"],
            "res.partner": known["account"],
        }

    def _prepare(self, kind, model, method):
        """Return what a kind of user calls a method with, so that it can succeed.

        :return: ``(ids, arguments)``
        """
        dialogs = self.dialogs.get(kind, {})
        fallback = self.dialogs["administrator"]
        records = dialogs.get(model) or fallback.get(model)
        if records is None:
            records = self.others.get(model, self.env[model].browse(1))
        if model == "account.post.transaction":
            self._set_step(records, STEPS.get(method, "type"))
        elif model == "account.post.transaction.import":
            self._set_step(records.sudo().transaction_id, "accounts")
        special = self._get_special(model, method)
        ids = special.pop("ids", records).ids
        if getattr(getattr(self.registry[model], method), "_api_model", False):
            ids = []
        return ids, special

    def _get_special(self, model, method):
        """Return what a method needs beside a record of its model.

        It is the same for each caller: whatever was done is undone.
        """
        key = (model, method)
        if key not in self.special:
            self.special[key] = self._make_special(model, method)
        return dict(self.special[key])

    def _make_special(self, model, method):
        known = self.records
        general = {
            "create": {"vals_list": [self._get_vals(model)]},
            "write": {"vals": {}},
            "read": {"fields": ["display_name"]},
            "web_read": {"specification": {"display_name": {}}},
        }
        account = known["account"]
        later = {"expiry_date": "2099-12-31", "reason": "Illness"}
        special = {
            "account.credit.application": {
                "read": {"fields": ["company_id"]},
                "action_unpin": {"ids": known["free"]},
                "action_pin": {"ids": known["free"]},
            },
            "account.credit.batch": {
                "write": {"ids": known["draft"], "vals": {"public_comment": "x"}},
                "unlink": {"ids": known["draft"]},
                "post_credits": {
                    "credit_item_id": self.item.id,
                    "lines": [{"account_id": account.id, "amount": "5.00"}],
                },
                "action_post": {"ids": known["draft"]},
                "action_retry": {"ids": known["failed"]},
                "action_cancel": {"ids": known["draft"]},
                "action_approve": {"ids": known["waiting"]},
                "action_pause": {"ids": known["queued"]},
                "action_resume": {"ids": known["queued"]},
                "action_cancel_pending": {"ids": known["queued"]},
                "action_reverse": {"reason": "A mistake"},
                "action_extend": {"ids": known["unused"], **later},
            },
            "account.credit.line": {
                "write": {"ids": known["draft"].line_ids, "vals": {"amount": 6}},
                "unlink": {"ids": known["draft"].line_ids},
                "change_labels": {"labels": {"public_comment": "x"}},
                "action_change": {"context": {"change": "edit"}},
                "action_reverse": {"reason": "A mistake"},
                "replace": {"amount": 7, "reason": "A typo"},
                "extend": {"ids": known["unused"].line_ids, **later},
                "move_to": {
                    "ids": known["unused"].line_ids,
                    "account_id": known["other"].id,
                    "reason": "A sibling",
                },
            },
            "account.billing.movement": {"read": {"fields": ["company_id"]}},
            "account.liability.report.line": {
                "action_open_figure": {"context": {"figure": "closing"}}
            },
            "account.move": {
                "unapply_account_credits": {"ids": known["paid"]},
                "action_unapply_account_credits": {"ids": known["paid"]},
            },
            "account.stored.value": {
                "write": {"ids": known["draft_value"], "vals": {"initial_amount": 6}},
                "unlink": {"ids": known["draft_value"]},
                "issue": {
                    "value_type": "prepayment",
                    "account_id": account.id,
                    "amount": 5,
                    "funding": "payment",
                    "journal_id": self.bank.id,
                },
                "issue_many": {
                    "requests": [
                        {
                            "value_type": "prepayment",
                            "account_id": account.id,
                            "amount": 5,
                            "funding": "payment",
                            "journal_id": self.bank.id,
                        }
                    ]
                },
                "action_issue": {"ids": known["draft_value"]},
                "apply_to_invoice": {"invoice_id": known["open"].id, "amount": 5},
                "redeem": {"code": self.code, "account_id": known["other"].id},
                "balance_of": {"code": self.code},
                "action_block": {"reason": "Lost"},
                "adjust": {"amount": 60, "reason": "A typo"},
                "move_to": {"account_id": known["other"].id, "amount": 5},
                "refund": {"amount": 5, "journal_id": self.bank.id},
                "action_unblock": {"ids": known["blocked"]},
                "action_void": {"reason": "A typo"},
                "action_approve": {"ids": known["gift"]},
                "action_refuse": {"ids": known["gift"]},
                "action_new_code": {"ids": known["mailed"]},
                "action_show_new_code": {"ids": known["mailed"]},
                "send_card": {"ids": known["mailed"]},
                "action_change": {"context": {"change": "adjust"}},
            },
            "account.unclaimed.due": {"cash_out": {"journal_id": self.bank.id}},
            "res.partner": {
                "action_view_section": {"context": {"section": "current"}},
                "action_new_stored_value": {"context": {"value_type": "prepayment"}},
            },
        }
        special = special.get(model, {})
        return special.get(method) or general.get(method) or {}

    @classmethod
    def _get_tables(cls):
        """Return the tables that a call may change."""
        return {
            cls.env[name]._table
            for name in (*cls._find_own_models(), *LEDGER)
            if cls.env[name]._auto
        }

    @classmethod
    def _make_writes(cls):
        """Return the query of how many rows of these tables this transaction wrote.

        That is cheap to ask: where nothing was written, the fingerprint is as it was.
        """
        return SQL(
            "SELECT SUM(pg_stat_get_xact_tuples_inserted(table_id)"
            " + pg_stat_get_xact_tuples_updated(table_id)"
            " + pg_stat_get_xact_tuples_deleted(table_id))"
            " FROM UNNEST(%s::regclass[]) AS table_id",
            sorted(cls._get_tables()),
        )

    @classmethod
    def _make_fingerprint(cls):
        """Return the query of one row for each of these tables."""
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT %s, md5(string_agg(t::text, '' ORDER BY id)) FROM %s t",
                table,
                SQL.identifier(table),
            )
            for table in sorted(cls._get_tables())
        )

    def _get_fingerprint(self):
        return dict(self.env.execute_query(self.fingerprint))

    # -------------------------------------------------------------------------
    # CALLING
    # -------------------------------------------------------------------------

    def setUp(self):
        super().setUp()
        self.openers = {}
        self.special = {}
        self.before = None
        self.enterContext(mute_logger("odoo.http", "odoo.sql_db"))

    def _log_in(self, kind):
        """Let the next calls be of a kind of user."""
        if kind not in self.openers:
            self.session = None  # Else Odoo deletes that of the last one.
            login = self.users[kind].login if kind in self.users else None
            self.authenticate(login, login)
            self.openers[kind] = (self.session, self.opener)
        self.session, self.opener = self.openers[kind]

    def _set_step(self, transaction, step):
        """Let a transaction be where a method is for."""
        if transaction.sudo().step != step:
            transaction.sudo().step = step
            self.before = None

    def _call(self, kind, model, method, ids=(), **arguments):
        """Call a method over HTTP, and undo whatever it did.

        :return: an :class:`Answer`
        """
        body = {**arguments, **({"ids": list(ids)} if ids else {})}
        return self._request(
            kind,
            f"/json/2/{model}/{method}",
            data=json.dumps(body),
            headers={**HEADERS, "Content-Type": "application/json"},
        )

    def _request(self, kind, url, **options):
        self._log_in(kind)
        self.env.flush_all()
        before = self.before = self.before or self._get_fingerprint()
        written = self.env.execute_query(self.writes)
        self.cr.execute("SAVEPOINT attack")
        response = self.url_open(url, **options)
        is_written = self.env.execute_query(self.writes) != written
        after = self._get_fingerprint() if is_written else before
        sums = {}
        if after["account_move_line"] != before["account_move_line"]:
            sums = dict(self.env.execute_query(BOOKED))
        self.cr.execute("ROLLBACK TO SAVEPOINT attack")
        self.env.invalidate_all()
        changed = {table for table in before if before[table] != after[table]}
        return Answer(response.status_code, response.text, changed, sums)

    # -------------------------------------------------------------------------
    # WHO MAY WHAT
    # -------------------------------------------------------------------------

    def test_each_method_and_route_is_in_the_table(self):
        known = {
            (model, method)
            for model, methods in rights.METHODS.items()
            for method in methods
        }
        wanted = {
            (model, method)
            for model, method in self._find_methods()
            if method not in rights.EXTENDED
        } | {
            (model, method)
            for model in self._find_own_models()
            for method in ("create", "read", "write", "unlink")
        }
        self.assertEqual(wanted - known, set())
        self.assertEqual(
            {
                (model, method)
                for model, method in known
                if not callable(getattr(self.registry.get(model), method, None))
            },
            set(),
        )
        routes = {
            url
            for url, _endpoint in http._generate_routing_rules([ADDON], nodb_only=False)
            if url.startswith(f"/{ADDON}/")
        }
        self.assertEqual(routes, set(rights.ROUTES))

    def test_methods_are_for_those_whom_the_table_names(self):
        # README says: "see everything, change nothing"
        # README says: "nothing; customers see their own credit notes, as ever"
        faults = []
        for model, methods in rights.METHODS.items():
            for method, right in methods.items():
                for kind in rights.USERS:
                    ids, arguments = self._prepare(kind, model, method)
                    answer = self._call(kind, model, method, ids, **arguments)
                    if fault := self._find_fault(kind, right, answer):
                        faults.append(f"{model}.{method} as {kind}: {fault}")
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_routes_are_for_those_whom_the_table_names(self):
        posted, card = self.records["posted"], self.records["card"]
        report_name = "account.liability.report"
        faults = []
        for kind in rights.USERS:
            self._log_in(kind)
            dialogs = self.dialogs.get(kind, {})
            fallback = self.dialogs["administrator"]
            report = (dialogs if report_name in dialogs else fallback)[report_name]
            requests = {
                "/account_credit_posting/batch/<int:batch_id>/results.xlsx": (
                    f"/account_credit_posting/batch/{posted.id}/results.xlsx",
                    {},
                ),
                "/account_credit_posting/health": (
                    "/account_credit_posting/health",
                    {},
                ),
                "/account_credit_posting/liability/<int:report_id>/liability.xlsx": (
                    f"/account_credit_posting/liability/{report.id}/liability.xlsx",
                    {},
                ),
                **{
                    url: (
                        url,
                        {
                            "data": {
                                "value_id": card.id,
                                "code": self.code,
                                "email": "maya@example.com",
                                "csrf_token": http.Request.csrf_token(self),
                            }
                        },
                    )
                    for url in (
                        "/account_credit_posting/card",
                        "/account_credit_posting/card/email",
                    )
                },
            }
            self.assertEqual(set(requests), set(rights.ROUTES))
            for route, (url, options) in requests.items():
                answer = self._request(kind, url, allow_redirects=False, **options)
                if fault := self._find_fault(kind, rights.ROUTES[route], answer):
                    faults.append(f"{route} as {kind}: {fault}")
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def _find_fault(self, kind, right, answer):
        """Return what is wrong with an answer, or None.

        Who may succeeds. Who may not is refused, changes nothing and reads nothing.
        """
        if kind in rights.HOLDERS[right]:
            # Some dialogs want a record that only their button names; without workers
            # all is not well.
            return None if answer.status in (200, 422, 503) else str(answer)
        if answer.status not in REFUSED or answer.changed or SECRET in answer.text:
            return str(answer)
        return None

    def test_nothing_is_of_another_company(self):
        faults = []
        mine = self.env["account.account"].search(
            [("company_ids", "in", self.company.ids)]
        )
        booked = dict(self.env.execute_query(BOOKED))
        for model, method, ids, arguments in self._find_calls("administrator"):
            answer = self._call("stranger", model, method, ids, **arguments)
            moved = answer.sums and {
                account.name
                for account in mine
                if answer.sums.get(account.id) != booked.get(account.id)
            }
            # A contact is of all companies, and so is what asks nothing of a record.
            is_for_all = model == "res.partner" or method == "action_post_another"
            if not ids or is_for_all:
                is_fault = answer.status >= 500 or moved
            else:
                is_no = answer.status in (*REFUSED, 422)
                is_fault = not is_no or answer.changed or SECRET in answer.text
            if is_fault:
                faults.append(f"{model}.{method}: {answer} {moved or ''}")
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_no_argument_names_what_another_company_has(self):
        faults, tried = [], set()
        for model, method, ids, arguments in self._find_calls("administrator"):
            for name in self._get_parameters(model, method):
                if not name.endswith("_id"):
                    continue
                tried.add(name)
                named = {**arguments, name: self.foreign[name].id}
                answer = self._call("administrator", model, method, ids, **named)
                if (
                    answer.status not in (*REFUSED, 422)
                    or answer.changed
                    or SECRET_ELSEWHERE in answer.text
                ):
                    faults.append(f"{model}.{method} {name}: {answer}")
        self.assertFalse(faults, "\n" + "\n".join(faults))
        self.assertLessEqual({"account_id", "invoice_id", "journal_id"}, tried)

    # -------------------------------------------------------------------------
    # WRONG SHAPES
    # -------------------------------------------------------------------------

    def _get_parameters(self, model, method):
        """Return the names of what a method is called with, beside records."""
        signature = inspect.signature(getattr(self.registry[model], method))
        names = [
            name
            for name, parameter in signature.parameters.items()
            if parameter.kind is not parameter.VAR_KEYWORD and name != "self"
        ]
        has_details = len(names) < len(signature.parameters) - 1
        return [*names, "company_id", "date"] if has_details else names

    def _find_calls(self, kind):
        """Return what a kind of user may call of ours, and with what.

        :return: generator of ``(model, method, ids, arguments)``
        """
        for model, method in sorted(self._find_methods()):
            right = rights.METHODS.get(model, {}).get(method, rights.NOBODY)
            if method not in rights.EXTENDED and kind in rights.HOLDERS[right]:
                yield model, method, *self._prepare(kind, model, method)

    def test_no_argument_of_a_wrong_shape_posts_or_breaks(self):
        faults = []
        for model, method, ids, arguments in self._find_calls("administrator"):
            for name in self._get_parameters(model, method):
                for value in WRONG:
                    wrong = {**arguments, name: value}
                    answer = self._call("administrator", model, method, ids, **wrong)
                    is_no = name.endswith(STRICT)
                    if answer.status >= 500 or (is_no and answer.status == 200):
                        faults.append(f"{model}.{method} {name}={value!r}: {answer}")
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_no_record_named_twice_counts_twice(self):
        faults = []
        for model, method, ids, arguments in self._find_calls("administrator"):
            if not ids:
                continue
            once = self._call("administrator", model, method, ids, **arguments)
            twice = self._call("administrator", model, method, ids * 2, **arguments)
            # What is for one record refuses two, as Odoo words it.
            is_for_one = "Expected singleton" in twice.text and not twice.changed
            if is_for_one:
                continue
            if twice.status >= 500 or twice.sums not in ({}, once.sums):
                faults.append(f"{model}.{method}: {twice}")
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_no_context_says_what_was_not_done(self):
        # What a field or a hook may ask of the context, as a caller can send it.
        forged = {
            "credit_posting": {"writers": ["posting", "event", "state"]},
            "default_state": "done",
            "default_company_id": self.company.id,
            "default_balance": 1000,
            "default_name": "Forged",
            "active_ids": "abc",
            "change": "private",
        }
        faults = []
        for model, method, ids, arguments in self._find_calls("poster"):
            once = self._call("poster", model, method, ids, **arguments)
            arguments["context"] = {**arguments.get("context", {}), **forged}
            answer = self._call("poster", model, method, ids, **arguments)
            if answer.status >= 500 or answer.sums not in ({}, once.sums):
                faults.append(f"{model}.{method}: {answer}")
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_no_private_method_is_called(self):
        for model in self._find_own_models():
            for method in ("_write_guarded", "_update_state", "_lock", "init"):
                answer = self._call("administrator", model, method, [1])
                self.assertIn(answer.status, REFUSED, (model, method, answer))
