"""Two sessions at one loyalty card: orders and a till never use the same money."""

import pytest

from tests.servers import two_servers, with_addons
from tests.test_two_sessions import Sessions

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
account = env["res.partner"].create({"name": "Family"})
groups = (
    "account.group_account_manager", "sales_team.group_sale_manager",
    "point_of_sale.group_pos_manager",
)
clerk = env["res.users"].create({
    "name": "Clerk",
    "login": f"clerk of {account.id}",
    "group_ids": [(4, env.ref(group).id) for group in groups],
})
key = env["res.users.apikeys"].with_user(clerk).sudo()._generate("rpc", "two", False)
product, book = env["product.product"].create([
    {"name": "Gift Card", "is_gift_card": True, "list_price": 50},
    {
        "name": "Book", "list_price": 80, "taxes_id": [],
        "invoice_policy": "order", "available_in_pos": True,
    },
])
programs = env["loyalty.program"]
programs.search([]).active = False
program = programs.create({
    **programs._get_template_values()["gift_card"], "company_id": company.id,
})
program.rule_ids.product_ids = product
program.pos_report_print_id = env.ref("loyalty.report_gift_card")
program.is_in_ledger = True
invoice = env["account.move"].create({
    "move_type": "out_invoice",
    "partner_id": account.id,
    "invoice_line_ids": [(0, 0, {"product_id": product.id, "price_unit": 50})],
})
invoice.action_post()
bank = env["account.journal"].search(
    [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
)
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=invoice.ids
).create({"journal_id": bank.id})._create_payments()
card = invoice.sold_value_ids.loyalty_card_id
orders = env["sale.order"].create([
    {
        "partner_id": account.id,
        "order_line": [(0, 0, {"product_id": book.id, "product_uom_qty": 1})],
    }
    for _number in range(2)
])
for order in orders:
    order._apply_program_reward(order._try_apply_code(card.code)[card], card)
method = env["pos.payment.method"].create({"name": "Card", "journal_id": bank.id})
tills = env["pos.config"].create([
    {
        "name": f"Till {number} of {account.id}",
        "payment_method_ids": [(6, 0, method.ids)],
    }
    for number in range(2)
])
for till in tills:
    till.with_user(clerk).open_ui()
    till.current_session_id.set_opening_control(0, "")
reward = program.reward_ids


def prepare(number):
    def line(product, price, **vals):
        return (0, 0, {
            "product_id": product.id, "full_product_name": product.name,
            "qty": 1, "price_unit": price, "price_subtotal": price,
            "price_subtotal_incl": price, "tax_ids": [], "pack_lot_ids": [],
            "uuid": f"{number} {product.id}", **vals,
        })

    return {
        "amount_paid": 30, "amount_return": 0, "amount_tax": 0, "amount_total": 30,
        "date_order": "2026-01-02 10:00:00", "fiscal_position_id": False,
        "lines": [
            line(book, 80),
            line(
                reward.discount_line_product_id, -50, is_reward_line=True,
                reward_id=reward.id, coupon_id=card.id, points_cost=50,
                reward_identifier_code=str(number),
            ),
        ],
        "name": f"Order {number}", "partner_id": False,
        "payment_ids": [(0, 0, {
            "amount": 30, "name": "2026-01-02 10:00:00",
            "payment_method_id": method.id,
        })],
        "pricelist_id": False, "state": "paid",
        "session_id": tills[number].current_session_id.id,
        "to_invoice": False, "user_id": clerk.id, "uuid": f"{account.id} {number}",
    }


env.cr.commit()
print(json.dumps(dict(
    key=key,
    card=card.stored_value_ids.id,
    loyalty=card.id,
    orders=orders.ids,
    till=[prepare(number) for number in range(2)],
)))
"""

FIND = """
import json
card = env["loyalty.card"].browse({0})
print(json.dumps(dict(
    points=card.points,
    balance=card.stored_value_ids.balance,
    reserved=sum(card._find_reserved().values()),
)))
"""


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, where orders and tills know loyalty."""
    source = with_addons("point_of_sale", "pos_loyalty", "sale_loyalty")
    with two_servers(source, options=("--max-cron-threads=0",)) as servers:
        yield servers


@pytest.fixture
def sessions(servers):
    """Give each test a card of 50, and two orders of each kind that use it."""
    return Sessions(servers[0].database, servers, PREPARE)


def call_both(sessions, *calls):
    """Hold both sessions at the card, let them go together; return the responses."""
    return sessions.call_both(
        f"SELECT FROM account_stored_value WHERE id = {sessions.data['card']:d}"
        " FOR UPDATE",
        *calls,
    )


def confirm(sessions, number):
    """Return the call that confirms an order."""
    ids = [sessions.data["orders"][number]]
    return ("action_confirm", {"model": "sale.order", "ids": ids})


def pay(sessions, number):
    """Return the call by which a till sends a paid order."""
    orders = [sessions.data["till"][number]]
    return ("sync_from_ui", {"model": "pos.order", "orders": orders})


@pytest.mark.parametrize(
    "kinds", [(confirm, confirm), (pay, pay), (confirm, pay), (pay, confirm)]
)
def test_one_of_two_orders_at_once_uses_the_card(sessions, kinds):
    calls = [kind(sessions, number) for number, kind in enumerate(kinds)]
    responses = call_both(sessions, *calls)
    assert sorted(response.ok for response in responses) == [False, True]
    [refused] = [response for response in responses if not response.ok]
    assert refused.status_code == 422
    assert sessions.run(FIND.format(sessions.data["loyalty"])) == {
        "points": 0,
        "balance": 50,
        "reserved": 50,
    }
