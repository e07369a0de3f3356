"""Two sessions that lower the price of one invoice, which is paid already."""

import pytest

from tests.servers import two_servers
from tests.test_two_sessions import Sessions

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
item = env["product.product"].create({
    "name": "Discount",
    "is_credit_item": True,
    "taxes_id": [],
    "credit_vat_treatment": "price_reduction",
})
account = env["res.partner"].create({"name": "Family"})
clerk = env["res.users"].create({
    "name": "Clerk",
    "login": f"clerk of {account.id}",
    "group_ids": [(4, env.ref("account.group_account_invoice").id)],
})
key = env["res.users.apikeys"].with_user(clerk).sudo()._generate("rpc", "two", False)
tax = company.account_sale_tax_id
invoice = env["account.move"].create({
    "move_type": "out_invoice",
    "partner_id": account.id,
    "invoice_line_ids": [
        (0, 0, {"name": "Course", "price_unit": 100, "tax_ids": [(6, 0, tax.ids)]})
    ],
})
invoice.action_post()
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=invoice.ids
).create({})._create_payments()
assert not invoice.amount_residual
batches = env["account.credit.batch"].with_user(clerk).create([
    {
        "credit_item_id": item.id,
        "line_ids": [(0, 0, {
            "partner_id": account.id, "amount": 69, "invoice_id": invoice.id,
        })],
    }
    for _number in range(2)
])
note = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
note.invoice_line_ids.price_unit = 60
env.cr.commit()
print(json.dumps(dict(
    key=key,
    invoice=invoice.id,
    total=invoice.amount_total,
    batches=batches.ids,
    note=note.id,
)))
"""

# What was taken back of the invoice, with its taxes.
TAKEN_BACK = """
import json
invoice = env["account.move"].browse({0})
lines = env["account.credit.line"].search([("invoice_id", "=", invoice.id)])
notes = (lines.move_id | invoice.reversal_move_ids).filtered(
    lambda move: move.state == "posted"
)
print(json.dumps(dict(
    states=sorted(lines.mapped("state")),
    errors=[error for error in lines.mapped("error") if error],
    items=sorted(
        [item.display_type, item.balance] for item in notes.line_ids
    ),
)))
"""


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, on one new database."""
    with two_servers(options=("--max-cron-threads=0",)) as servers:
        yield servers


@pytest.fixture
def sessions(servers):
    """Give each test an invoice, two batches and a credit note of its own."""
    sessions = Sessions(servers[0].database, servers, PREPARE)
    assert sessions.data["total"] == 115
    return sessions


def test_two_batches_take_back_no_more_than_was_invoiced(sessions):
    first, second = sessions.data["batches"]
    sessions.post_both(first, second)
    found = sessions.run(TAKEN_BACK.format(sessions.data["invoice"]))
    assert found["states"] == ["failed", "posted"]
    [error] = found["errors"]
    assert "46.00 is left of it" in error
    assert found["items"] == [["payment_term", -69], ["product", 60], ["tax", 9]]


def test_a_batch_and_a_credit_note(sessions):
    batch, note = sessions.data["batches"][0], sessions.data["note"]
    responses = sessions.call_both(
        "; ".join(
            [
                f"SELECT FROM account_credit_batch WHERE id = {batch:d} FOR UPDATE",
                f"SELECT FROM account_move WHERE id = {note:d} FOR UPDATE",
            ]
        ),
        ("action_post", {"ids": [batch]}),
        ("action_post", {"model": "account.move", "ids": [note]}),
    )
    posted, noted = responses
    assert posted.status_code == 200, posted.text
    found = sessions.run(TAKEN_BACK.format(sessions.data["invoice"]))
    if noted.status_code == 200:
        [error] = found["errors"]
        assert "46.00 is left of it" in error
    else:
        assert "$ 46.00 that is left of its price" in noted.text
    # Whichever came first.
    assert found["items"] == [["payment_term", -69], ["product", 60], ["tax", 9]]
