"""What has to be so of credits, of what they paid, and of the batches behind them."""

from odoo.tools.translate import LazyTranslate

from .ledger_check import Check

_lt = LazyTranslate(__name__)

BOOKED = Check(
    code="booked",
    name=_lt("Each credit is one receivable item"),
    how=_lt(
        "Each posted credit names a posted item on a receivable account, of its "
        "document, customer, company and currency; the document names the credit, or "
        "its batch. Each credit that names one is posted or reversed."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           item.move_name AS detail,
           (line.state NOT IN ('posted', 'reversed')
            OR (item.move_id, item.partner_id, item.company_id, item.currency_id,
                item.parent_state, account.account_type)
               IS DISTINCT FROM
               (line.move_id, line.partner_id, line.company_id, line.currency_id,
                'posted', 'asset_receivable')
            OR CASE WHEN line.debit_line_id IS NULL
                    THEN move.credit_line_id IS DISTINCT FROM line.id
                    ELSE move.credit_batch_id IS DISTINCT FROM line.batch_id
               END) AS failed
      FROM account_credit_line line
 LEFT JOIN account_move move ON move.id = line.move_id
 LEFT JOIN account_move_line item ON item.id = line.move_line_id
 LEFT JOIN account_account account ON account.id = item.account_id
     WHERE line.move_id IS NOT NULL
        OR line.move_line_id IS NOT NULL
        OR (line.state IN ('posted', 'reversed') AND line.charge_move_id IS NULL
            AND line.is_promised IS NOT TRUE)
    """,
)

ITEMS = Check(
    code="items",
    name=_lt("Each receivable item of a credit document is one credit"),
    how=_lt(
        "Each item that lowers a receivable, on a credit note or an entry posted by "
        "a batch, is named by exactly one credit. That credit names the document, "
        "and the document names the credit or its batch."
    ),
    model="account.move.line",
    rows="""
    SELECT item.company_id,
           item.id,
           NULL AS detail,
           (COUNT(line.id) <> 1
            OR BOOL_OR(line.move_id IS DISTINCT FROM move.id
                       OR COALESCE(move.credit_line_id, line.id) <> line.id
                       OR COALESCE(move.credit_batch_id, line.batch_id)
                          <> line.batch_id)) AS failed
      FROM account_move move
      JOIN account_move_line item ON item.move_id = move.id
      JOIN account_account account ON account.id = item.account_id
 LEFT JOIN account_credit_line line ON line.move_line_id = item.id
     WHERE (move.credit_line_id IS NOT NULL OR move.credit_batch_id IS NOT NULL)
       AND account.account_type = 'asset_receivable'
       AND item.amount_currency < 0
  GROUP BY item.id
    """,
)

DOCUMENTS = Check(
    code="documents",
    name=_lt(
        "Each document of a credit is posted, balanced, and belongs to that credit"
    ),
    how=_lt(
        "A credit note names one credit, which names it; an entry for many names a "
        "batch, and one or more of its credits name it. None of them is a draft, and "
        "debit equals credit."
    ),
    model="account.move",
    rows="""
    SELECT move.company_id,
           move.id,
           move.state AS detail,
           (move.state <> 'posted'
            OR ledger.balance <> 0
            OR (move.credit_line_id IS NOT NULL AND (
                    move.move_type <> 'out_refund'
                    OR line.move_id IS DISTINCT FROM move.id
                    OR line.debit_line_id IS NOT NULL))
            OR (move.credit_batch_id IS NOT NULL AND (
                    move.move_type <> 'entry'
                    OR NOT EXISTS (
                        SELECT FROM account_credit_line part
                         WHERE part.move_id = move.id
                           AND part.batch_id = move.credit_batch_id
                    )))) IS TRUE AS failed
      FROM account_move move
 LEFT JOIN account_credit_line line ON line.id = move.credit_line_id
 LEFT JOIN (
           SELECT item.move_id, SUM(item.balance) AS balance
             FROM account_move_line item
             JOIN account_move posted ON posted.id = item.move_id
            WHERE posted.credit_line_id IS NOT NULL
               OR posted.credit_batch_id IS NOT NULL
         GROUP BY item.move_id
           ) AS ledger ON ledger.move_id = move.id
     WHERE move.credit_line_id IS NOT NULL OR move.credit_batch_id IS NOT NULL
    """,
)

AMOUNTS = Check(
    code="amounts",
    name=_lt("Each document has the amount of its credit"),
    how=_lt(
        "The receivable item of an untaxed credit, or of one that lowers the taxes "
        "of an invoice, has its amount, in its currency; for any other taxed credit, "
        "the price on the credit note has it. The total of a credit note equals its "
        "receivable item."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           item.move_name AS detail,
           (line.amount IS DISTINCT FROM CASE
                WHEN batch.use_invoice_taxes AND line.invoice_id IS NOT NULL
                THEN -item.amount_currency
                ELSE COALESCE(taxed.price, -item.amount_currency)
            END
            OR (move.credit_line_id IS NOT NULL
                AND move.amount_total IS DISTINCT FROM -item.amount_currency)) AS failed
      FROM account_credit_line line
      JOIN account_credit_batch batch ON batch.id = line.batch_id
      JOIN account_move_line item ON item.id = line.move_line_id
      JOIN account_move move ON move.id = item.move_id
 LEFT JOIN (
           SELECT part.move_id,
                  SUM(part.price_unit * part.quantity)
                  FILTER (WHERE part.display_type = 'product') AS price
             FROM account_move_line part
             JOIN account_move note ON note.id = part.move_id
            WHERE note.credit_line_id IS NOT NULL
         GROUP BY part.move_id
           HAVING COUNT(part.tax_line_id) > 0
           ) AS taxed ON taxed.move_id = item.move_id
    """,
)

DEBITS = Check(
    code="debits",
    name=_lt(
        "In an entry for many accounts, the counterpart is the sum of its credits"
    ),
    how=_lt(
        "Each item that is the counterpart of several credits, or of a credit that "
        "was moved, equals their sum, in their currency and in company currency."
    ),
    model="account.move.line",
    rows="""
    SELECT debit.company_id,
           debit.id,
           NULL AS detail,
           (debit.amount_currency <> -SUM(item.amount_currency)
            OR debit.balance <> -SUM(item.balance)
            OR BOOL_OR(item.move_id <> debit.move_id
                       OR item.currency_id <> debit.currency_id)) IS TRUE AS failed
      FROM account_credit_line line
      JOIN account_move_line item ON item.id = line.move_line_id
      JOIN account_move_line debit ON debit.id = line.debit_line_id
  GROUP BY debit.id
    """,
)

REVERSALS = Check(
    code="reversals",
    name=_lt("A credit is reversed when its reversal is posted, and only then"),
    how=_lt(
        "Each reversed credit has a posted entry that reverses its document and is "
        "reconciled with it, and has no open amount. No other credit that was "
        "reversed in full is still marked as posted."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           item.move_name AS detail,
           CASE line.state
                WHEN 'reversed' THEN
                    reversed.amount IS NULL OR item.amount_residual_currency <> 0
                ELSE reversed.amount >= -item.amount_currency
           END IS TRUE AS failed
      FROM account_credit_line line
      JOIN account_move_line item ON item.id = line.move_line_id
 LEFT JOIN (
           SELECT own.id, SUM(partial.credit_amount_currency) AS amount
             FROM account_credit_line own
             JOIN account_partial_reconcile partial
               ON partial.credit_move_id = own.move_line_id
             JOIN account_move_line debit ON debit.id = partial.debit_move_id
             JOIN account_move reversal ON reversal.id = debit.move_id
            WHERE reversal.reversed_entry_id = own.move_id
              AND reversal.state = 'posted'
              AND NOT EXISTS (
                      SELECT FROM account_credit_correction expiry
                       WHERE expiry.move_id = reversal.id
                         AND expiry.line_id = own.id
                  )
         GROUP BY own.id
           ) AS reversed ON reversed.id = line.id
    """,
)

EXPIRED = Check(
    code="expired",
    name=_lt("A credit is expired when its expiry is posted, and only then"),
    how=_lt(
        "Each expired credit has an expiry date, and a posted entry that reverses "
        "its document and is reconciled with it. No other credit is reconciled with "
        "such an entry: after an extension, another entry reverses that one with the "
        "same amount, and both are reconciled with each other."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           item.move_name AS detail,
           ((line.expired_on IS NOT NULL AND line.expiry_date IS NULL)
            OR (line.expired_on IS NOT NULL)
               IS DISTINCT FROM (COALESCE(booked.in_force, 0) > 0)
            OR COALESCE(booked.unsound, 0) > 0) AS failed
      FROM account_credit_line line
      JOIN account_move_line item ON item.id = line.move_line_id
 LEFT JOIN (
           SELECT expiry.line_id,
                  COUNT(*) FILTER (WHERE taken.amount > 0) AS in_force,
                  COUNT(*) FILTER (
                      WHERE entry.state <> 'posted'
                         OR entry.reversed_entry_id IS DISTINCT FROM own.move_id
                         OR (taken.amount IS NULL AND NOT EXISTS (
                                SELECT FROM account_move undone
                                  JOIN account_credit_correction extension
                                    ON extension.move_id = undone.id
                                   AND extension.kind = 'extend'
                                   AND extension.line_id = expiry.line_id
                                 WHERE undone.reversed_entry_id = entry.id
                                   AND undone.state = 'posted'
                            ))
                  ) AS unsound
             FROM account_credit_correction expiry
             JOIN account_credit_line own ON own.id = expiry.line_id
             JOIN account_move entry ON entry.id = expiry.move_id
        LEFT JOIN LATERAL (
                  SELECT SUM(partial.credit_amount_currency) AS amount
                    FROM account_partial_reconcile partial
                    JOIN account_move_line debit ON debit.id = partial.debit_move_id
                   WHERE partial.credit_move_id = own.move_line_id
                     AND debit.move_id = entry.id
                  ) AS taken ON TRUE
            WHERE expiry.kind = 'expire'
         GROUP BY expiry.line_id
           ) AS booked ON booked.line_id = line.id
    """,
)

OPEN = Check(
    code="open",
    name=_lt("The open amount of each credit is what no invoice has used"),
    how=_lt(
        "The open amount of its receivable item is its amount less all that is "
        "reconciled with it, and never more than that."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           item.move_name AS detail,
           (item.amount_residual_currency
            <> item.amount_currency + COALESCE(taken.amount, 0)
            OR item.amount_residual_currency > 0) IS NOT FALSE AS failed
      FROM account_credit_line line
      JOIN account_move_line item ON item.id = line.move_line_id
 LEFT JOIN (
           SELECT own.id, SUM(partial.credit_amount_currency) AS amount
             FROM account_credit_line own
             JOIN account_partial_reconcile partial
               ON partial.credit_move_id = own.move_line_id
         GROUP BY own.id
           ) AS taken ON taken.id = line.id
    """,
)

APPLIED = Check(
    code="applied",
    name=_lt("Each application matches its reconciliation"),
    how=_lt(
        "The reconciliation exists, with this amount, between posted items of this "
        "credit, or of this use of a gift card or prepayment, and of this invoice. "
        "No such invoice is overpaid."
    ),
    model="account.credit.application",
    rows="""
    SELECT application.company_id,
           application.id,
           debit.move_name AS detail,
           ((partial.debit_amount_currency, debit.move_id, credit.move_id,
             debit.parent_state, credit.parent_state, debit.partner_id)
            IS DISTINCT FROM
            (application.amount, application.invoice_id, application.credit_move_id,
             'posted', 'posted', application.partner_id)
            OR debit.amount_residual_currency < 0
            OR COALESCE(line.move_line_id, credit.id) IS DISTINCT FROM credit.id
            OR (application.stored_value_id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM account_move_line held
                    WHERE held.move_id = credit.move_id
                      AND held.stored_value_id = application.stored_value_id
               ))) AS failed
      FROM account_credit_application application
 LEFT JOIN account_partial_reconcile partial ON partial.id = application.partial_id
 LEFT JOIN account_move_line debit ON debit.id = partial.debit_move_id
 LEFT JOIN account_move_line credit ON credit.id = partial.credit_move_id
 LEFT JOIN account_credit_line line ON line.id = application.credit_line_id
     WHERE application.state = 'applied'
    """,
)

PAID = Check(
    code="paid",
    name=_lt("Each invoice that a credit pays has an application that says why"),
    how=_lt(
        "Each reconciliation of a credit with an invoice, except for the invoice "
        "that reverses it, has exactly one active application."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           invoice.name AS detail,
           application.id IS NULL AS failed
      FROM account_credit_line line
      JOIN account_partial_reconcile partial
        ON partial.credit_move_id = line.move_line_id
      JOIN account_move_line debit ON debit.id = partial.debit_move_id
      JOIN account_move invoice ON invoice.id = debit.move_id
 LEFT JOIN account_credit_application application
        ON application.partial_id = partial.id
       AND application.state = 'applied'
       AND application.credit_line_id = line.id
     WHERE invoice.move_type IN ('out_invoice', 'out_receipt')
       AND invoice.reversed_entry_id IS DISTINCT FROM line.move_id
    """,
)

PROMISED = Check(
    code="promised",
    name=_lt("No more is posted of a promised credit than was promised"),
    how=_lt(
        "What is posted of a promised credit, and what was taken back of it, is at "
        "most its amount. Each posted part is of its account, company and currency. A "
        "promised credit has no entry itself, and nothing else has parts."
    ),
    model="account.credit.line",
    rows="""
    SELECT line.company_id,
           line.id,
           batch.name AS detail,
           (line.is_promised IS NOT TRUE
            OR line.move_id IS NOT NULL
            OR line.state NOT IN ('posted', 'reversed')
            OR line.amount_taken_back < 0
            OR line.amount < COALESCE(line.amount_taken_back, 0)
                             + COALESCE(draws.amount, 0)
            OR (line.state = 'reversed'
                AND line.amount IS DISTINCT FROM line.amount_taken_back)
            OR draws.unsound > 0) IS TRUE AS failed
      FROM account_credit_line line
      JOIN account_credit_batch batch ON batch.id = line.batch_id
 LEFT JOIN (
           SELECT draw.drawn_from_id,
                  SUM(draw.amount) FILTER (WHERE draw.state = 'posted') AS amount,
                  COUNT(*) FILTER (
                      WHERE draw.move_id IS NULL
                         OR (draw.partner_id, draw.company_id, draw.currency_id)
                            IS DISTINCT FROM
                            (own.partner_id, own.company_id, own.currency_id)
                  ) AS unsound
             FROM account_credit_line draw
             JOIN account_credit_line own ON own.id = draw.drawn_from_id
         GROUP BY draw.drawn_from_id
           ) AS draws ON draws.drawn_from_id = line.id
     WHERE line.is_promised OR draws.drawn_from_id IS NOT NULL
    """,
)

BATCHES = Check(
    code="batches",
    name=_lt("The status of each credit batch matches its lines"),
    how=_lt(
        "A draft or cancelled batch has nothing posted, a posted one has nothing "
        "pending, a partly posted one has failed lines, and a reversed one is "
        "entirely reversed. Each failed line has a reason."
    ),
    model="account.credit.batch",
    rows="""
    SELECT batch.company_id,
           batch.id,
           batch.state AS detail,
           (CASE batch.state
                 WHEN 'draft' THEN lines.posted + lines.reversed > 0
                 WHEN 'cancelled' THEN lines.posted + lines.reversed > 0
                 WHEN 'done' THEN lines.pending + lines.failed > 0 OR lines.posted = 0
                 WHEN 'partial' THEN lines.failed = 0 OR lines.pending > 0
                 WHEN 'reversed' THEN
                     lines.pending + lines.failed + lines.posted > 0
                 ELSE FALSE
            END
            OR lines.unexplained > 0) IS TRUE AS failed
      FROM account_credit_batch batch
 LEFT JOIN (
           SELECT batch_id,
                  COUNT(*) FILTER (WHERE state = 'pending') AS pending,
                  COUNT(*) FILTER (WHERE state = 'posted') AS posted,
                  COUNT(*) FILTER (WHERE state = 'failed') AS failed,
                  COUNT(*) FILTER (WHERE state = 'reversed') AS reversed,
                  COUNT(*) FILTER (
                      WHERE (state = 'failed') IS DISTINCT FROM (error <> '')
                        AND (state = 'failed' OR error <> '')
                  ) AS unexplained
             FROM account_credit_line
         GROUP BY batch_id
           ) AS lines ON lines.batch_id = batch.id
    """,
)

STUCK = Check(
    code="stuck",
    name=_lt("No work is stuck"),
    how=_lt(
        "Each batch that is queued or being posted has a responsible user and is not "
        "paused; part of it was processed within the last day, or its scheduled time "
        "is within that day or still to come. No reversal is waiting in a batch that "
        "nobody works on."
    ),
    model="account.credit.batch",
    rows="""
    SELECT batch.company_id,
           batch.id,
           batch.state AS detail,
           CASE WHEN batch.state IN ('queued', 'posting')
                THEN run.id IS NULL
                     OR run.end IS NOT NULL
                     OR (run.is_paused IS NOT TRUE
                         AND GREATEST(run.create_date, batch.post_at, (
                                 SELECT MAX(line.write_date)
                                   FROM account_credit_line line
                                  WHERE line.batch_id = batch.id
                             )) < NOW() AT TIME ZONE 'UTC' - INTERVAL '1 day')
                ELSE EXISTS (
                     SELECT FROM account_credit_line line
                      WHERE line.batch_id = batch.id AND line.is_to_reverse
                )
           END AS failed
      FROM account_credit_batch batch
 LEFT JOIN account_credit_run run ON run.id = batch.run_id
    """,
)

CREDIT_CHECKS = (
    BOOKED,
    ITEMS,
    DOCUMENTS,
    AMOUNTS,
    DEBITS,
    OPEN,
    APPLIED,
    PAID,
    REVERSALS,
    EXPIRED,
    PROMISED,
    BATCHES,
    STUCK,
)
