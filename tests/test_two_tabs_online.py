"""Tabs that pay orders, and webhooks, at the same moment: nothing is used twice."""

import re

import pytest

from tests import test_two_tabs
from tests.servers import two_servers, with_addons

ORDERS = """
company.portal_pay_orders = True
lesson = env["product.product"].create({
    "name": "Lesson",
    "type": "service",
    "list_price": 80,
    "taxes_id": [],
    "invoice_policy": "order",
})
orders = env["sale.order"].create([
    {
        "partner_id": account.id,
        "require_payment": True,
        "require_signature": False,
        "state": "sent",
        "order_line": [(0, 0, {"product_id": lesson.id, "product_uom_qty": 1})],
    }
    for _number in range(2)
])
demo = env.ref("payment.payment_provider_demo")
demo.write({"state": "test", "is_published": True})
demo.journal_id = env["account.journal"].search(
    [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
)
env.cr.commit()
"""

PREPARE = test_two_tabs.PREPARE.replace("env.cr.commit()\n", ORDERS).replace(
    "login=login,",
    """login=login,
    orders=orders.ids,
    tokens=[order._portal_ensure_token() for order in orders],
    own=company._find_balance_providers().id,
    own_method=env.ref("account_credit_posting_sale.payment_method_balance").id,
    demo=demo.id,
    demo_method=env.ref("payment_demo.payment_method_demo").id,""",
)

FIND = """
import json
account = env["res.partner"].browse({account})
orders = env["sale.order"].browse({orders})
items = env["account.move.line"].search([
    ("partner_id", "=", account.id),
    ("parent_state", "=", "posted"),
    ("account_type", "=", "asset_receivable"),
])
invoices = orders.invoice_ids
payments = env["account.payment"].search([("partner_id", "=", account.id)])
print(json.dumps(dict(
    balance=env["account.stored.value"].browse({card}).balance,
    credit=env["account.move.line"].browse({credit}).amount_residual,
    receivable=sum(items.mapped("amount_residual")),
    orders=sorted(orders.mapped("state")),
    transactions=sorted(orders.transaction_ids.mapped("state")),
    invoices=[(invoice.amount_total, invoice.amount_residual) for invoice in invoices],
    applied=sorted(
        invoices.credit_application_ids.filtered("partial_id").mapped("amount")
    ),
    payments=[(payment.amount, payment.move_id.state) for payment in payments],
    chosen=env["payment.transaction"].search(
        [("partner_id", "=", account.id), ("account_credit_state", "!=", False)]
    ).filtered(lambda tx: tx.provider_code == "demo").mapped("state"),
)))
"""

PROCESS = """
env["payment.transaction"]._cron_post_process()
env.cr.commit()
print("true")
"""


class Payments(test_two_tabs.Tabs):
    """Tabs of one customer, which begin payments and end them."""

    def ask(self, tab, route, **params):
        """Call a route of a page as its script does; return the answer."""
        session, url = tab
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        return session.post(f"{url}{route}", json=body, timeout=300).json()

    def begin(self, tab, route, kind, amount, **params):
        """Begin a payment; return what the form gets."""
        answer = self.ask(
            tab,
            route,
            provider_id=self.data[kind],
            payment_method_id=self.data[f"{kind}_method"],
            token_id=None,
            amount=amount,
            flow="redirect" if kind == "own" else "direct",
            tokenization_requested=False,
            landing_route="/my",
            is_validation=False,
            **params,
        )
        return answer["result"]

    def begin_order(self, number):
        """Begin to pay an order with the account; return what sends its form."""
        tab = session, url = self.log_in(number)
        place = number // 4
        processing = self.begin(
            tab,
            f"/my/orders/{self.data['orders'][place]}/transaction",
            "own",
            80,
            access_token=self.data["tokens"][place],
        )
        page = processing["redirect_form_html"].replace("'", '"')
        form = {
            "csrf_token": re.search(r'name="csrf_token"[^>]*value="(\w+)"', page)[1],
            "reference": processing["reference"],
        }
        return lambda: session.post(
            f"{url}/payment/account_credit/process", data=form, timeout=300
        )

    def tell(self, tab, reference):
        """Tell that a payment has arrived, as a webhook does, and look at it."""
        self.ask(
            tab,
            "/payment/demo/simulate_payment",
            reference=reference,
            payment_details="1234",
            simulated_state="done",
        )
        return self.ask(tab, "/payment/status/poll")

    def find(self):
        """Return what the ledger says."""
        return self.run(FIND.format(**self.data))


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, on one database with orders and a provider."""
    source = with_addons("sale", "payment_demo")
    with two_servers(source, options=("--max-cron-threads=0",)) as servers:
        yield servers


@pytest.fixture
def payments(servers):
    """Give each test a credit of 30, a card of 60, two invoices and two orders."""
    return Payments(servers[0].database, servers, PREPARE)


def test_tabs_pay_orders(payments):
    # Both orders together would take more than there is.
    forms = [payments.begin_order(number) for number in range(test_two_tabs.TABS)]
    answers = payments.send_all(forms)
    assert {answer.status_code for answer in answers} == {200}
    assert sum("/payment/status" in answer.url for answer in answers) == 1
    assert payments.find() == {
        "balance": 10,
        "credit": 0,
        "receivable": 200,
        "orders": ["sale", "sent"],
        "transactions": ["cancel"] * 7 + ["done"],
        "invoices": [[80, 0]],
        "applied": [30, 50],
        "payments": [],
        "chosen": [],
    }


def test_webhooks_tabs_and_the_daily_run(payments):
    card, [first, second] = payments.data["card"], payments.data["invoices"]
    tab = payments.log_in(0)
    reference = payments.begin(
        tab,
        f"/my/invoices/{first}/balance/transaction/v{card}-60.00",
        "demo",
        40,
    )["reference"]
    fields = {f"use_v{card}": "60.00"}
    tabs = [
        payments.review(payments.log_in(number), second, fields) for number in range(2)
    ]
    # Whoever else hears of it has no page of its own.
    webhooks = [lambda: payments.tell(tab, reference)] * 4
    answers = payments.send_all(
        tabs,
        *webhooks,
        lambda: payments.run(PROCESS),
        lambda: payments.run(test_two_tabs.RUN),
    )
    assert {answer.status_code for answer in answers} == {200}
    # Where they met, they try again, as Odoo lets them.
    payments.tell(tab, reference)
    payments.run(PROCESS)
    payments.run(test_two_tabs.RUN)
    found = payments.find()
    assert found["payments"] == [[40, "posted"]]
    assert found["chosen"] == ["done"]
    # 200 less the payment, the card and the credit, each of them once.
    assert (found["balance"], found["credit"], found["receivable"]) == (0, 0, 70)
