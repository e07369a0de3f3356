"""Applying an open credit to an open invoice."""

from .databases import WITH, WITHOUT
from .documents import create_invoices, create_refunds
from .posting import post_by_batch
from .tables import Goal, Table, Way


def prepare_pairs(env, accounts):
    """Give each account an open invoice and an open credit note, without the addon.

    :return: ``[(invoice, receivable line of the credit note)]``
    """
    invoices = create_invoices(env, accounts)
    invoices.action_post()
    refunds = create_refunds(env, accounts)
    return [
        (
            invoice,
            refund.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            ),
        )
        for invoice, refund in zip(invoices, refunds, strict=True)
    ]


def assign_one_by_one(env, pairs):
    """Click Add in the payment area of one invoice after the other."""
    for invoice, credit in pairs:
        invoice.js_assign_outstanding_line(credit.id)
        env.cr.commit()


def reconcile_as_a_plan(env, pairs):
    """Reconcile all pairs with one call of Odoo's own method."""
    env["account.move.line"]._reconcile_plan(
        [
            credit
            + invoice.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            for invoice, credit in pairs
        ]
    )
    env.cr.commit()


def prepare_open_credits(env, accounts):
    """Give each account an open invoice and an open credit, with the addon."""
    env.company.credit_application_policy = "manual"
    create_invoices(env, accounts).action_post()
    post_by_batch(env, accounts)
    env.company.credit_application_policy = "posted"
    return accounts


def apply_by_rule(env, accounts):
    """Apply with the addon: find, plan, reconcile and explain."""
    env["account.credit.application"]._apply(accounts, env.company, "cron")
    env.cr.commit()


TABLE = Table(
    title="applying an open credit to an open invoice",
    unit="processor ms per applied credit",
    ours="by rule",
    ways={
        "js_assign_outstanding_line": Way(
            WITHOUT, assign_one_by_one, prepare_pairs, most=50
        ),
        "plain _reconcile_plan": Way(WITHOUT, reconcile_as_a_plan, prepare_pairs),
        "by rule": Way(WITH, apply_by_rule, prepare_open_credits),
    },
    sizes=(100, 300),
    goals=(Goal("by rule", at_most=4),),
)
