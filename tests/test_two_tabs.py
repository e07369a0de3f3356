"""A customer in many tabs at once, and the daily run: nothing is used twice."""

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.servers import two_servers
from tests.test_two_sessions import Sessions

#: Tabs that send their form at the same moment.
TABS = 8

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
company.write({
    "portal_pay_gift_cards": True,
    "portal_pay_credits": True,
    "credit_application_policy": "manual",
})
account = env["res.partner"].create({"name": "Family"})
login = f"tabs of {account.id}"
env["res.users"].create({
    "name": "Payer",
    "login": login,
    "password": login,
    "partner_id": account.id,
    "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
})
invoices = env["account.move"].create([
    {
        "move_type": "out_invoice",
        "partner_id": account.id,
        "invoice_line_ids": [
            (0, 0, {"name": "Tuition", "price_unit": 100, "tax_ids": []})
        ],
    }
    for _number in range(2)
])
invoices.action_post()
card = env["account.stored.value"].issue("gift_card", account.id, 60, "promotion")
item = env["product.product"].create({"name": "Goodwill", "is_credit_item": True})
answer = env["account.credit.batch"].post_credits(
    item.id, [{"account_id": account.id, "amount": 30}]
)
credit = env["account.credit.line"].search([("batch_id", "=", answer["batch_id"])])
env.cr.commit()
print(json.dumps(dict(
    login=login,
    account=account.id,
    invoices=invoices.ids,
    card=card["id"],
    credit=credit.move_line_id.id,
)))
"""

FIND = """
import json
value = env["account.stored.value"].browse({card})
invoices = env["account.move"].browse({invoices})
applications = invoices.credit_application_ids.filtered("partial_id")
print(json.dumps(dict(
    balance=value.balance,
    credit=env["account.move.line"].browse({credit}).amount_residual,
    applied=sorted(applications.mapped("amount")),
    origins=sorted(set(applications.mapped("origin"))),
    open=sum(invoices.mapped("amount_residual")),
)))
"""

RUN = """
env.company.write({
    "credit_application_policy": "posted", "auto_apply_gift_cards": True
})
env.cr.commit()
env["account.credit.application"]._cron_apply()
env.cr.commit()
print("true")
"""


class Tabs(Sessions):
    """Tabs of one customer, each with a log-in of its own."""

    def log_in(self, number):
        """Return a session that is logged in, and what its forms are signed with."""
        url = self.servers[number % 2].url
        tab = requests.Session()
        page = tab.get(f"{url}/web/login", timeout=300).text
        login = self.data["login"]
        form = {
            "csrf_token": self.find_token(page),
            "login": login,
            "password": login,
        }
        tab.post(f"{url}/web/login", data=form, timeout=300)
        page = tab.get(f"{url}/my/invoices/{self.data['invoices'][0]}", timeout=300)
        assert "balance_payment" in page.text
        return tab, url

    def review(self, tab, invoice_id, fields):
        """Return the form that says what will be used."""
        session, url = tab
        address = f"{url}/my/invoices/{invoice_id}/balance"
        page = session.get(address, params=fields, timeout=300).text
        key = re.search(r'name="key" value="(\w+)"', page)[1]
        form = {"csrf_token": self.find_token(page), "key": key, **fields}
        return lambda: session.post(address, data=form, timeout=300)

    @staticmethod
    def find_token(page):
        """Return what a form of a page is signed with."""
        return re.search(r'name="csrf_token" value="(\w+)"', page)[1]

    def send_all(self, forms, *others):
        """Send forms at the same moment: all of them wait for the invoices' items.

        :param others: what else is done meanwhile, called without arguments
        :return: the answers
        """
        with (
            contextlib.closing(self.connect()) as holder,
            ThreadPoolExecutor(TABS + len(others)) as pool,
        ):
            holder.cursor().execute(
                "SELECT id FROM account_move_line WHERE partner_id = %s FOR UPDATE",
                [self.data["account"]],
            )
            futures = [pool.submit(form) for form in forms]
            done = [pool.submit(other) for other in others]
            try:
                self.wait_for_waiting(2)
            finally:
                holder.rollback()
            for future in done:
                future.result()
            return [future.result() for future in futures]

    def find(self):
        """Return what the ledger says."""
        return self.run(FIND.format(**self.data))


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, on one new database."""
    with two_servers(options=("--max-cron-threads=0",)) as servers:
        yield servers


@pytest.fixture
def tabs(servers):
    """Give each test an account with two invoices, a credit and a gift card."""
    return Tabs(servers[0].database, servers, PREPARE)


def count_used(answers):
    """Return how many answers say that something was used."""
    assert {answer.status_code for answer in answers} == {200}
    return sum("balance_used" in answer.url for answer in answers)


def test_tabs_use_a_card_once(tabs):
    # README says: "at the same time, nothing is used twice"
    fields = {f"use_v{tabs.data['card']}": "60.00"}
    forms = [
        tabs.review(tabs.log_in(number), tabs.data["invoices"][number // 4], fields)
        for number in range(TABS)
    ]
    assert count_used(tabs.send_all(forms)) == 1
    assert tabs.find() == {
        "balance": 0,
        "credit": -30,
        "applied": [60],
        "origins": ["customer"],
        "open": 140,
    }


def test_tabs_with_parts(tabs):
    fields = {
        f"use_v{tabs.data['card']}": "20.00",
        f"use_c{tabs.data['credit']}": "10.00",
    }
    invoice_id = tabs.data["invoices"][0]
    forms = [
        tabs.review(tabs.log_in(number), invoice_id, fields) for number in range(TABS)
    ]
    # As often as it is there, and no more often.
    assert count_used(tabs.send_all(forms)) == 3
    assert tabs.find() == {
        "balance": 0,
        "credit": 0,
        "applied": [10, 10, 10, 20, 20, 20],
        "origins": ["customer"],
        "open": 110,
    }


def test_one_form_sent_often(tabs):
    tab = tabs.log_in(0)
    fields = {f"use_v{tabs.data['card']}": "20.00"}
    form = tabs.review(tab, tabs.data["invoices"][0], fields)
    assert count_used(tabs.send_all([form] * TABS)) == TABS
    assert tabs.find()["balance"] == 40


def test_tabs_and_the_daily_run(tabs):
    fields = {f"use_v{tabs.data['card']}": "60.00"}
    forms = [
        tabs.review(tabs.log_in(number), tabs.data["invoices"][1], fields)
        for number in range(4)
    ]
    used = count_used(tabs.send_all(forms, lambda: tabs.run(RUN)))
    assert used <= 1
    assert (tabs.find()["balance"], tabs.find()["open"] >= 110) == (0, True)
    # Where it met a tab, the next run goes on.
    tabs.run(RUN)
    found = tabs.find()
    assert (found["balance"], found["credit"], found["open"]) == (0, 0, 110)
    assert sum(found["applied"]) == 90
