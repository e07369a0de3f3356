from odoo import models
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common_stored_value import StoredValueCommon

#: What every company has in common, or everybody may read.
SHARED = {
    "res.country.state",
    "res.currency",
    "res.partner.category",
    "account.payment.method.line",
}


@tagged("post_install", "-at_install")
class TestWhatDialogsName(StoredValueCommon):
    """A dialog shows more of a record than its rules: it names none of another company.

    The dialogs are those of the registry: a new one is in it by itself.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.poster = cls._create_user(
            "poster", "account_credit_posting.group_credit_user"
        )
        cls.other = cls.setup_other_company()["company"]
        cls.own = cls._create_records(cls.company, cls.bank)
        cls.foreign = cls._create_records(
            cls.other,
            cls.env["account.journal"].search(
                [("company_id", "=", cls.other.id), ("type", "=", "bank")], limit=1
            ),
        )

    @classmethod
    def _hand_to_a_state(cls, env, company, account, bank):
        """Hand a gift card to a state; return what is owed to it."""
        state = env.ref("base.state_us_8")
        account.write({"country_id": state.country_id.id, "state_id": state.id})
        env["account.unclaimed.rule"].create(
            {
                "kind": "dormancy",
                "country_id": state.country_id.id,
                "state_id": state.id,
                "company_id": company.id,
                "valid_from": "2020-01-01",
                "years": 1,
            }
        )
        answer = env["account.stored.value"].issue(
            "gift_card",
            account.id,
            5,
            "payment",
            journal_id=bank.id,
            date="2020-01-01",
        )
        env.flush_all()
        env["account.unclaimed.due"].sudo().browse(answer["id"]).action_hand()
        return env["account.unclaimed.property"].search(
            [("stored_value_id", "=", answer["id"])]
        )

    @classmethod
    def _create_records(cls, company, bank):
        """Create what dialogs name, in a company.

        :return: ``{model: record}``
        """
        env = cls.env(
            context={**cls.env.context, "allowed_company_ids": company.ids},
        )
        account = env["res.partner"].create(
            {"name": f"Family of {company.name}", "company_id": company.id}
        )
        item = env["product.product"].create(
            {
                "name": f"Item of {company.name}",
                "is_credit_item": True,
                "company_id": company.id,
            }
        )
        batch = env["account.credit.batch"].create(
            {
                "credit_item_id": item.id,
                "line_ids": [Command.create({"partner_id": account.id, "amount": 5})],
            }
        )
        batch.action_post()
        answer = env["account.stored.value"].issue(
            "gift_card", account.id, 50, "payment", journal_id=bank.id
        )
        invoice = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 10})],
            }
        )
        invoice.action_post()
        receivable = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        transaction = env["account.post.transaction"].create({})
        handed = cls._hand_to_a_state(env, company, account, bank)
        return {
            record._name: record
            for record in (
                company,
                account,
                item,
                batch,
                batch.line_ids,
                env["account.stored.value"].browse(answer["id"]),
                invoice,
                receivable,
                bank,
                env["account.payment.term"].create(
                    {"name": "Soon", "company_id": company.id}
                ),
                env["account.payment"].search(
                    [("company_id", "=", company.id)], limit=1
                ),
                env["ir.filters"].create(
                    {
                        "name": company.name,
                        "model_id": "res.partner",
                        "user_ids": [Command.set(env.user.ids)],
                    }
                ),
                transaction,
                handed,
                env["account.post.transaction.import"].create(
                    {"transaction_id": transaction.id}
                ),
                env["account.post.refund"].create({}),
                env["account.stored.value.use"].create(
                    {"partner_id": account.id, "company_id": company.id}
                ),
            )
        }

    def _find_dialogs(self):
        return [
            model
            for model in self.env.values()
            if model._transient
            and not model._abstract
            and model._module == "account_credit_posting"
            or model._name == "account.billing.statement"
        ]

    def _find_fields(self, model):
        """Return the fields by which a dialog names what it is about."""
        return [
            field
            for field in model._fields.values()
            if field.store
            and field.type in ("many2one", "many2many")
            and field.name not in models.MAGIC_COLUMNS
            and field.comodel_name not in SHARED
        ]

    def _prepare_vals(self, model, user):
        """Prepare values that fit a dialog, of what the user may name."""
        vals = {}
        for field in model._fields.values():
            if not field.required or field.compute:
                continue
            if field.type == "char":
                vals[field.name] = "x"
            elif field.type == "selection" and not field.default:
                vals[field.name] = field.get_values(self.env)[0]
            elif field.comodel_name in self.own:
                record = self.own[field.comodel_name]
                if record._transient:
                    record = record.with_user(user).create(
                        self._prepare_vals(record.browse(), user)
                    )
                is_set = field.type == "many2many"
                vals[field.name] = [Command.link(record.id)] if is_set else record.id
        return vals

    def _get_attempts(self, dialog, vals, field):
        """Return the ways to name something foreign, each as a function."""
        dialogs = dialog.browse()
        foreign = self.foreign[field.comodel_name].id
        is_set = field.type == "many2many"
        named = {field.name: [Command.link(foreign)] if is_set else foreign}
        default = dialogs.with_context(
            **{f"default_{field.name}": [foreign] if is_set else foreign}
        )
        attempts = {
            "create": lambda: dialogs.create({**vals, **named}),
            "write": lambda: dialog.write(named),
            "onchange": lambda: dialogs.onchange({**vals, **named}, [field.name], {}),
        }
        if getattr(field, "written_by", "") not in ("posting", "checking"):
            # What nobody may say at all is dropped from the defaults.
            attempts["default"] = lambda: default.onchange({}, [], {field.name: {}})
        return attempts

    def test_no_dialog_names_what_its_user_may_not_read(self):
        tried = set()
        for user in (self.clerk, self.poster, self.manager):
            for model in self._find_dialogs():
                dialogs = model.with_user(user).with_context(
                    allowed_company_ids=self.company.ids
                )
                if not dialogs.has_access("create") or (
                    user == self.manager and model in tried
                ):
                    continue
                tried.add(model)
                vals = self._prepare_vals(model, user)
                dialog = dialogs.create(vals)
                for field in self._find_fields(model):
                    attempts = self._get_attempts(dialog, vals, field)
                    for how, attempt in attempts.items():
                        with (
                            self.subTest(user=user.login, field=str(field), how=how),
                            self.assertRaises(AccessError),
                        ):
                            attempt()
        self.assertGreater(len(tried), 10)

    def test_rows_of_a_form_name_nothing_foreign_either(self):
        value = self.foreign["account.stored.value"]
        line = self.foreign["account.credit.line"]
        for model, name, row in (
            ("account.stored.value.use", "line_ids", {"value_id": value.id}),
            ("account.post.refund", "line_ids", {"value_id": value.id}),
            (
                "account.post.transaction",
                "line_ids",
                {"partner_id": line.partner_id.id},
            ),
        ):
            dialogs = self.env[model].with_user(self.clerk)
            for rows in ([Command.create(row)], [[1, "virtual_1", row]]):
                with self.assertRaises(AccessError):
                    dialogs.onchange({name: rows}, [name], {name: {"fields": {}}})
        # A form may say the id within a dict.
        with self.assertRaises(AccessError):
            self.env["account.stored.value.change"].with_user(self.clerk).onchange(
                {"value_id": {"id": value.id}}, ["value_id"], {"balance": {}}
            )
