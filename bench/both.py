"""Posting a credit and applying it to an open invoice."""

from .databases import WITH, WITHOUT
from .documents import (
    create_invoices,
    create_refunds,
    get_receivable_lines,
    prepare_refund_vals,
)
from .posting import post_by_batch
from .tables import Goal, Table, Way


def prepare_invoices(env, accounts):
    """Give each account an open invoice."""
    create_invoices(env, accounts).action_post()
    return accounts


def prepare_terms(env, accounts):
    """Give each account an open invoice; return their receivable lines."""
    invoices = create_invoices(env, accounts)
    invoices.action_post()
    return get_receivable_lines(invoices)


def post_and_apply_as_a_clerk(env, terms):
    """Create, post and assign one credit note after the other."""
    for term in terms:
        move = env["account.move"].create(prepare_refund_vals(env, term.partner_id))
        move.action_post()
        term.move_id.js_assign_outstanding_line(get_receivable_lines(move).id)
        env.cr.commit()


def post_and_apply_in_a_plain_loop(env, terms):
    """Create all credit notes at once, post all, reconcile all with one call."""
    refunds = create_refunds(env, terms.partner_id)
    terms_by_account = terms.grouped("partner_id")
    env["account.move.line"]._reconcile_plan(
        [
            line + terms_by_account[line.partner_id]
            for line in get_receivable_lines(refunds)
        ]
    )
    env.cr.commit()


TABLE = Table(
    title="posting a credit and applying it to an open invoice",
    unit="processor ms per posted and applied credit",
    ours="credit batch",
    ways={
        "one by one, as a clerk": Way(
            WITHOUT, post_and_apply_as_a_clerk, prepare_terms, most=50
        ),
        "plain loop": Way(WITHOUT, post_and_apply_in_a_plain_loop, prepare_terms),
        "credit batch": Way(WITH, post_by_batch, prepare_invoices),
    },
    sizes=(300,),
    goals=(
        Goal("credit batch", at_most=8),
        Goal("one by one, as a clerk", at_least=10, of="credit batch"),
        Goal("plain loop", at_least=1.6, of="credit batch"),
    ),
)
