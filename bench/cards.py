"""Gift cards: issuing them, paying with them, and the history of one."""

from functools import partial

from odoo.tools import SQL

from .databases import WITH, WITHOUT
from .documents import DATE, create_invoices
from .invoices import switch_triggers
from .posting import create_payments, pay_in_bulk
from .tables import Goal, Table, Way

#: Of the card whose history is opened.
SHORT, LONG = 100, 100_000


def issue(env, accounts):
    """Issue a gift card for each account, paid to the bank."""
    journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
    values = env["account.stored.value"]
    ids = [
        values.issue(
            "gift_card",
            account.id,
            20,
            "payment",
            journal_id=journal.id,
            date=DATE,
        )["id"]
        for account in accounts
    ]
    env.cr.commit()
    return values.browse(ids)


def issue_many(env, accounts):
    """Issue a gift card for each account as sets, paid to the bank."""
    journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
    return issue_alike(
        env, accounts, funding="payment", journal_id=journal.id, date=DATE
    )


def issue_alike(env, accounts, **request):
    """Issue a gift card for each account as sets."""
    request |= {"value_type": "gift_card", "amount": 20}
    values = env["account.stored.value"]
    answers = values.issue_many(
        [request | {"account_id": account.id} for account in accounts]
    )
    env.cr.commit()
    return values.browse([answer["id"] for answer in answers])


def prepare_cards(env, accounts):
    """Give each account a gift card and an open invoice."""
    env.company.credit_application_policy = "manual"
    cards = issue_many(env, accounts)
    invoices = create_invoices(env, accounts)
    invoices.action_post()
    env.company.write(
        {"credit_application_policy": "posted", "auto_apply_gift_cards": True}
    )
    return cards, invoices


def pay_by_rule(env, prepared):
    """Let the daily run pay the invoices with the cards."""
    cards, invoices = prepared
    env["account.credit.application"]._apply(invoices.partner_id, env.company, "cron")
    env.cr.commit()
    env.invalidate_all()
    assert set(cards.mapped("state")) == {"used"}, cards.mapped("state")


def prepare_used(env, accounts):
    """Let cards pay invoices."""
    prepared = prepare_cards(env, accounts)
    pay_by_rule(env, prepared)
    return prepared[1]


def give_back(env, invoices):
    """Give back to the cards what they paid."""
    invoices.unapply_account_credits()
    env.cr.commit()


def prepare_to_expire(env, accounts):
    """Give each account a card that has expired."""
    return issue_alike(
        env,
        accounts,
        funding="promotion",
        date="2026-01-15",
        expiry_date="2026-06-30",
    )


def expire(env, cards):
    """Let the daily run take what has expired."""
    env["account.stored.value"]._cron_expire()
    env.cr.commit()
    env.invalidate_all()
    assert set(cards.mapped("state")) == {"expired"}, cards.mapped("state")


def reconcile_payments(env, pairs):
    """Reconcile Odoo's payments with invoices, with one call of Odoo's method."""
    env["account.move.line"]._reconcile_plan(pairs)
    env.cr.commit()


def prepare_payments(env, accounts):
    """Give each account an open invoice and an open payment, without the addon."""
    invoices = create_invoices(env, accounts)
    payments = create_payments(env, accounts)
    payments.action_post()
    invoices.action_post()
    return [
        (payment.move_id + invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        for payment, invoice in zip(payments, invoices, strict=True)
    ]


TABLE = Table(
    title="gift cards",
    unit="processor ms per card",
    ours="pays an invoice",
    ways={
        "issued one by one": Way(WITH, issue, most=25),
        "issued as sets": Way(WITH, issue_many),
        "Odoo's payments": Way(WITHOUT, pay_in_bulk),
        "pays an invoice": Way(WITH, pay_by_rule, prepare_cards),
        "Odoo's payment pays": Way(WITHOUT, reconcile_payments, prepare_payments),
        "its use undone": Way(WITH, give_back, prepare_used),
        "expires": Way(WITH, expire, prepare_to_expire),
    },
    sizes=(100,),
    goals=(
        Goal("issued as sets", at_most=30),
        Goal("pays an invoice", at_most=12),
        Goal("its use undone", at_most=20),
        Goal("expires", at_most=12),
    ),
)


def prepare_history(count, env, accounts):
    """Have a card that was corrected so often: up and down by one cent, in turn.

    On 200 days until today.
    """
    values = env["account.stored.value"]
    card = values.search([("memo", "=", f"{count} movements")])
    if card:
        return card
    card = values.browse(
        values.issue(
            "gift_card",
            accounts[0].id,
            20,
            "promotion",
            date=DATE,
            memo=f"{count} movements",
        )["id"]
    )
    card.adjust("20.01", "One cent up")
    env.cr.commit()
    # The triggers would look at the whole history for each of the copies.
    switch_triggers(env, SQL("DISABLE"))
    env.cr.execute(
        """
        INSERT INTO account_move_line
        SELECT copy.*
          FROM account_move_line line
               CROSS JOIN generate_series(2, %(count)s) AS serial (number),
               jsonb_populate_record(line, jsonb_build_object(
                   'id', nextval('account_move_line_id_seq'),
                   'date', line.date - (serial.number * 200 / %(count)s),
                   'debit', CASE WHEN serial.number %% 2 = 0
                                 THEN line.credit ELSE line.debit END,
                   'credit', CASE WHEN serial.number %% 2 = 0
                                  THEN line.debit ELSE line.credit END,
                   'balance', line.balance * (serial.number %% 2 * 2 - 1),
                   'amount_currency',
                   line.amount_currency * (serial.number %% 2 * 2 - 1)
               )) AS copy
         WHERE line.move_id = %(move)s
        """,
        {"count": count, "move": card.move_line_ids.move_id.sorted("id")[-1].id},
    )
    switch_triggers(env, SQL("ENABLE"))
    env.cr.execute("ANALYZE account_move_line")
    env.invalidate_all()
    return card


def open_movements(env, card):
    """Open the first page of the movements of one card."""
    env["account.stored.value.movement"].web_search_read(
        [("stored_value_id", "=", card.id)],
        {
            name: {}
            for name in ("date", "event", "label", "amount", "balance_after", "move_id")
        },
        limit=80,
        count_limit=10_001,
    )


def open_all_movements(env, _card):
    """Open the first page of the movements of all cards."""
    env["account.stored.value.movement"].web_search_read(
        [],
        {name: {} for name in ("date", "event", "label", "amount", "balance_after")},
        limit=80,
        count_limit=10_001,
    )


MOVEMENTS = Table(
    title=f"the history of one card: {SHORT} and {LONG} movements",
    unit="processor ms per page",
    ours="short",
    ways={
        "short": Way(WITH, open_movements, partial(prepare_history, SHORT)),
        "long": Way(WITH, open_movements, partial(prepare_history, LONG)),
        "of all cards": Way(WITH, open_all_movements, partial(prepare_history, LONG)),
    },
    sizes=(1,),
    rounds=9,
    shared=True,
)
