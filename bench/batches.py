"""One entry for many accounts, reversal, what cannot be posted, and invoices."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command

from .both import prepare_invoices
from .databases import WITH, WITHOUT
from .documents import DATE, create_invoices, get_item
from .posting import insert_rows, post_by_batch, prepare_model
from .tables import Goal, Table, Way


def post_as_entries(env, accounts):
    """Post with the addon, one journal entry for each chunk of accounts."""
    batch = env["account.credit.batch"].create(
        {
            "credit_item_id": get_item(env).id,
            "document_form": "entry",
            "line_ids": [
                Command.create({"partner_id": account.id, "amount": 10})
                for account in accounts
            ],
        }
    )
    batch.action_post()
    env.cr.commit()
    assert batch.state == "done", batch.state
    return batch


def prepare_batch(env, accounts):
    """Post a batch; return it."""
    answer = post_by_batch(env, accounts)
    return env["account.credit.batch"].browse(answer["batch_id"])


def reverse_batch(env, batch):
    """Reverse the batch with the addon."""
    batch.action_reverse()
    env.cr.commit()
    assert batch.state == "reversed", batch.state


def archive_some(env, accounts):
    """Archive every hundredth account: posting foresees that these cannot be posted."""
    accounts[50::100].active = False
    return accounts


def post_with_archived(env, accounts):
    """Post where every hundredth account is archived."""
    assert_one_in_a_hundred_fails(env, accounts)
    accounts.active = True
    env.cr.commit()


def post_with_refused_posting(env, accounts):
    """Post where an override refuses to post every hundredth credit note."""
    with refusing(env, "_post", accounts):
        assert_one_in_a_hundred_fails(env, accounts)


def post_with_refused_creation(env, accounts):
    """Post where an override refuses to create every hundredth credit note."""
    with refusing(env, "create", accounts):
        assert_one_in_a_hundred_fails(env, accounts)


def refusing(env, method, accounts):
    """Let a method that returns entries refuse those of every hundredth account.

    It refuses them after the work, as a check at the end of it does.
    """
    model = env.registry["account.move"]
    original = getattr(model, method)
    bad = set(accounts[50::100].ids)

    def refuse(*args, **kwargs):
        moves = original(*args, **kwargs)
        if not bad.isdisjoint(moves.partner_id.ids):
            raise UserError(env._("Another module refuses it"))
        return moves

    return patch.object(model, method, refuse)


def assert_one_in_a_hundred_fails(env, accounts):
    """Post, and count those that fail."""
    answer = env["account.credit.batch"].post_credits(
        get_item(env).id,
        [{"account_id": account.id, "amount": "10.00"} for account in accounts],
    )
    env.cr.commit()
    failed = [line for line in answer["lines"] if line["state"] == "failed"]
    assert len(failed) == len(accounts[50::100]), len(failed)


TABLE = Table(
    title="what else is done with a batch",
    unit="processor ms per credit",
    ours="posting",
    ways={
        "posting": Way(WITH, post_by_batch),
        "1 % bad, foreseen": Way(WITH, post_with_archived, archive_some),
        "1 % refused on posting": Way(WITH, post_with_refused_posting),
        "1 % refused on creation": Way(WITH, post_with_refused_creation),
        "one entry per chunk": Way(WITH, post_as_entries),
        "one entry per chunk, applied": Way(WITH, post_as_entries, prepare_invoices),
        "reversal": Way(WITH, reverse_batch, prepare_batch),
        "reversal, one entry per chunk": Way(WITH, reverse_batch, post_as_entries),
        "SQL floor": Way(WITHOUT, insert_rows, prepare_model),
    },
    sizes=(500,),
    goals=(
        Goal("1 % bad, foreseen", at_most=1.15, of="posting"),
        Goal("1 % refused on posting", at_most=1.3, of="posting"),
        Goal("1 % refused on creation", at_most=1.3, of="posting"),
        Goal("one entry per chunk", at_most=2),
        Goal("one entry per chunk, applied", at_most=4),
        Goal("reversal", at_most=1, of="posting"),
    ),
)


def charge(env, accounts):
    """Post an invoice and the credit that pays a part of it, for each account."""
    items = env["product.product"]
    tuition = items.search([("name", "=", "Tuition")]) or items.create(
        {"name": "Tuition", "taxes_id": [Command.clear()], "list_price": 30}
    )
    batch = env["account.credit.batch"].create(
        {
            "charge_item_id": tuition.id,
            "credit_item_id": get_item(env).id,
            "date": DATE,
            "line_ids": [
                Command.create(
                    {"partner_id": account.id, "charge_amount": 30, "amount": 10}
                )
                for account in accounts
            ],
        }
    )
    batch.action_post()
    env.cr.commit()
    assert batch.state == "done", batch.state


def prepare_applied(env, accounts):
    """Give each account an invoice that a credit has paid in part."""
    invoices = create_invoices(env, accounts)
    invoices.action_post()
    post_by_batch(env, accounts)
    assert all(invoices.mapped("account_credit_amount"))
    return invoices


def unapply(env, invoices):
    """Take back what credits paid."""
    invoices.unapply_account_credits()
    env.cr.commit()


PAIRS = Table(
    title="invoices with credits",
    unit="processor ms per invoice",
    ours="invoice with its credit",
    ways={
        "invoice with its credit": Way(WITH, charge),
        "unapply": Way(WITH, unapply, prepare_applied),
    },
    sizes=(100,),
    goals=(Goal("invoice with its credit", at_most=18), Goal("unapply", at_most=20)),
)
