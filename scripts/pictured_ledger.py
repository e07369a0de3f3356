"""What the pictures of the guides show, posted in a copy of the demo database.

Runs in Odoo's shell: :func:`prepare` gets its environment.
"""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.fields import Command

MODULE = "account_credit_posting"
COMPANY = "base.main_company"
DISTRICT = 600
CODE = "6MK6-90CB-R4A4-WDCK"


class Studio:
    """The demo database's first company, and two of its users.

    :param env: an environment with all rights
    """

    def __init__(self, env):
        self.company = env.ref(COMPANY)
        self.env = env(context={**env.context, "allowed_company_ids": self.company.ids})
        self.clerk = self.ref("user_clerk")
        self.manager = self.ref("user_manager")
        # The pictures are of one company.
        (self.clerk | self.manager).company_ids = self.company
        # One day for all users, whatever the hour.
        self.company.credit_tz = "UTC"
        self.item = env.ref(f"{MODULE}.credit_item_goodwill")
        self.tuition = self.ref("product_tuition")
        self.batches = self.get("account.credit.batch")

    def ref(self, name):
        """Return a record of the demo data."""
        return self.env.ref(f"{MODULE}.{name}_demo")

    def family(self, name):
        """Return an account by its name in the demo data."""
        return self.ref(f"partner_{name}")

    def get(self, model):
        """Return a model as the clerk sees it."""
        return self.env[model].with_user(self.clerk)

    def post_invoice(self, family, price, days):
        """Post an invoice that is due in so many days."""
        today = fields.Date.context_today(family)
        line = {"product_id": self.tuition.id, "price_unit": price}
        invoice = self.get("account.move").create(
            {
                "move_type": "out_invoice",
                "partner_id": family.id,
                "invoice_date": today - relativedelta(days=20),
                "invoice_date_due": today + relativedelta(days=days),
                "invoice_line_ids": [Command.create(line)],
            }
        )
        invoice.action_post()
        return invoice

    def post_credits(self, lines, **vals):
        """Post a batch; return it."""
        answer = self.batches.post_credits(self.item.id, lines, **vals)
        return self.batches.browse(answer["batch_id"])

    def begin(self, transaction_type, lines, **vals):
        """Begin a transaction at its second step; return it."""
        return self.get("account.post.transaction").create(
            {
                "transaction_type": transaction_type,
                "step": "accounts",
                "company_id": self.company.id,
                "credit_item_id": self.item.id,
                "line_ids": [Command.create(line) for line in lines],
                **vals,
            }
        )


def prepare(env):
    """Post it all; return ids by what they are, and the page of a printed card."""
    studio = Studio(env)
    made = {}
    for part in (_begin, _owe, _post_batches, _hold):
        made.update(part(studio))
    return made


def _begin(studio):
    """Return transactions that are not posted yet."""
    families = [studio.family(name) for name in ("bennett", "gupta", "castillo")]
    credit = studio.begin(
        "credit",
        [{"partner_id": family.id, "amount": 150} for family in families],
        public_comment="The snow day",
        private_comment="Agreed by the director",
    )
    charge = studio.begin(
        "invoice",
        [
            {"partner_id": family.id, "amount": 100, "credit_amount": 30}
            for family in families
        ],
        charge_item_id=studio.tuition.id,
        is_credit_posted=True,
        public_comment="Thank you for dancing with us as a family.",
    )
    payment = studio.get("account.post.payment").create(
        {
            "company_id": studio.company.id,
            "partner_id": studio.family("foster").id,
            "amount": 250,
            "rest_as": "prepayment",
            "memo": "Cheque 1017",
        }
    )
    begun = credit.with_user(studio.manager).create(
        {
            "step": "setup",
            "company_id": studio.company.id,
            "line_ids": [Command.create({"partner_id": families[0].id, "amount": 15})],
        }
    )
    return {
        "credit": credit.id,
        "charge": charge.id,
        "payment": payment.id,
        "begun": begun.id,
    }


def _owe(studio):
    """Return an account that owes, and an invoice that is paid in part."""
    owing = studio.family("abernathy")
    studio.post_invoice(owing, 95, days=-6)
    studio.post_invoice(owing, 70, days=10)
    studio.post_credits(
        [{"account_id": owing.id, "amount": "35"}],
        public_comment="Thank you for helping at the recital",
        private_comment="Agreed by phone",
    )
    partner = studio.family("hayes")
    invoice = studio.post_invoice(partner, 180, days=10)
    line = {"account_id": partner.id, "amount": "100", "invoice_id": invoice.id}
    studio.post_credits([line], public_comment="The snow day")
    return {"owing": owing.id, "partly": invoice.id}


def _post_batches(studio):
    """Return a batch that is being posted, and one whose credits are used."""
    district = studio.env["res.partner"].create(
        [
            {"name": f"District Family {number:03}", "is_company": True}
            for number in range(1, DISTRICT + 1)
        ]
    )
    batch = studio.batches.create(
        {
            "credit_item_id": studio.item.id,
            "company_id": studio.company.id,
            "public_comment": "The snow day",
            "line_ids": [
                Command.create({"partner_id": family.id, "amount": 15})
                for family in district
            ],
        }
    )
    batch.action_post()
    run = studio.env["account.credit.run"].search([("batch_id", "=", batch.id)])
    run._start()
    run._work_chunk()
    paying = [studio.family(name) for name in ("chandra", "delgado", "ellison", "kim")]
    for family in paying:
        studio.post_invoice(family, 60, days=14)
    used = studio.post_credits(
        [{"account_id": family.id, "amount": "75"} for family in paying]
    )
    return {"batch": batch.id, "used": used.id}


def _hold(studio):
    """Return accounts with gift cards, and a card as it is printed."""
    holder = studio.family("brooks")
    cash = studio.ref("journal_cash_downtown")
    values = studio.get("account.stored.value")
    answer = values.issue("gift_card", holder.id, "100", "payment", cash.id)
    card = values.browse(answer["id"])
    card.apply_to_invoice(studio.post_invoice(holder, 60, days=14).id, 60)
    reports = studio.env["ir.actions.report"].with_context(card_code=CODE)
    page, _type = reports._render_qweb_html(
        f"{MODULE}.action_report_gift_card", card.ids
    )
    return {
        "holder": holder.id,
        "card": card.name,
        "given": studio.family("coleman").id,
        "printed": page.decode(),
    }
