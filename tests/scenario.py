"""One story of credits and gift cards, told in any company: for databases with others.

Run in Odoo's shell, with ``COUNTRY`` set before it; a comment says what each step is.
"""

SCENARIO = """
from datetime import timedelta
from odoo.fields import Command, Date

company = env["res.company"].search([("name", "=", "Matrix")]) or (
    env["res.company"].create({
        "name": "Matrix",
        "country_id": env.ref(f"base.{COUNTRY}").id if COUNTRY else False,
        "vat": VAT,
    })
)
env.user.company_ids += company
env = env(context={**env.context, "allowed_company_ids": company.ids})
charts = env["account.chart.template"]
if not company.chart_template:
    charts.try_loading(charts._guess_chart_template(company.country_id), company)
if not WITH_ADDON:
    env.cr.commit()
    raise SystemExit

today = Date.today()
account = env["res.partner"].create({
    "name": "Family",
    "company_id": company.id,
    "country_id": company.country_id.id,
    "vat": VAT,
    **PARTNER(env),
})
bank = env["account.journal"].search([
    ("type", "=", "bank"), ("company_id", "=", company.id),
], limit=1)
# Where the law wants a tax on each line: one of zero per cent.
taxes = [Command.set(env["account.tax"].search([
    *env["account.tax"]._check_company_domain(company),
    ("type_tax_use", "=", "sale"),
    *TAX,
], limit=1).ids)] if TAX else []
item = env["product.product"].create({
    "name": "Goodwill", "is_credit_item": True, "taxes_id": taxes,
})
card_product = env["product.product"].create({
    "name": "Gift Card", "is_gift_card": True, "list_price": 50, "taxes_id": taxes,
})
lesson = env["product.product"].create({
    "name": "Lesson", "type": "service", "taxes_id": [],
})


def invoice(amount, product=lesson):
    move = env["account.move"].create({
        "move_type": "out_invoice",
        "partner_id": account.id,
        "invoice_date": today,
        "invoice_line_ids": [Command.create({
            "product_id": product.id, "price_unit": amount, "tax_ids": taxes,
        })],
    })
    move.action_post()
    return move


def check(found, wanted, what):
    is_equal = company.currency_id.compare_amounts(found, wanted) == 0
    assert is_equal, (what, found, wanted)


# A credit, and an invoice that it pays.
batches = env["account.credit.batch"]
answer = batches.post_credits(item.id, [{"account_id": account.id, "amount": "30"}])
assert answer["state"] == "done", answer
first = invoice(100)
check(first.amount_residual, 70, "the credit pays")

# A gift card is sold, paid for, used, and what is left is refunded.
values = env["account.stored.value"]
sale = invoice(50, card_product)
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=sale.ids
).create({"journal_id": bank.id})._create_payments()
card = sale.sold_value_ids
assert card.state == "active", card.state
check(card.apply_to_invoice(first.id, "20"), 20, "the card pays")
card.refund("30", bank.id)
check(card.balance, 0, "all is refunded")

# A card given away expires.
company.expiry_grace_days = 0
answer = values.issue(
    "gift_card", account.id, "10", "promotion",
    date=today - timedelta(days=9), expiry_date=today - timedelta(days=2),
)
env.cr.commit()
env.ref("account_credit_posting.ir_cron_expire_stored_value").method_direct_trigger()
# It had a transaction of its own.
env.cr.commit()
env.invalidate_all()
gift = values.browse(answer["id"])
assert gift.state == "expired", gift.state
check(gift.balance, 0, "it expired")

# What the first one paid is undone, and the credit is reversed.
line = env["account.credit.line"].search([("partner_id", "=", account.id)])
line.batch_id.action_reverse("all", today, "A mistake")
assert line.state == "reversed", line.state
check(first.amount_residual, 80, "the credit is gone")

moves = env["account.move"].search([
    ("company_id", "=", company.id), ("state", "=", "posted"),
])
for move in moves:
    check(sum(move.line_ids.mapped("balance")), 0, move.name)
numbers = [(move.journal_id, move.name, move.l10n_latam_document_type_id
            if "l10n_latam_document_type_id" in move else 0) for move in moves]
assert len(set(numbers)) == len(numbers), numbers
env.cr.commit()
print(len(moves))
"""
