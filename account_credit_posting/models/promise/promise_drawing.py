"""Post what invoices use of promised credits, and reverse it where they do not.

A promised credit is a posted line without an entry. Each use posts a part of it: a
credit like any other, in a batch of its own, which names the line that it is part of.
What is left of a promise is what no posted part has taken.
"""

import math
from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL, clean_context

from ...tools.applying import OpenItem
from ...tools.days import get_today
from ...tools.locks import touch_rows
from ...tools.posting import get_posting, with_posting


def get_domain(company):
    """Return which credit lines are promised and have not expired."""
    return Domain(
        [
            ("company_id", "=", company.id),
            ("is_promised", "=", True),
            ("state", "=", "posted"),
            "|",
            ("expiry_date", "=", False),
            ("expiry_date", ">=", get_today(company)),
        ]
    )


def find_open_items(accounts, company):
    """Return what is left of promised credits, as what can pay invoices.

    :param accounts: ``res.partner`` records
    :return: list of :class:`OpenItem`, their invoices not named
    """
    lines = accounts.env["account.credit.line"].search(
        get_domain(company) & Domain("partner_id", "in", accounts.ids)
    )
    today = get_today(company)
    return [
        OpenItem(
            move=line,
            line=None,
            account=line.partner_id,
            ledger=line._get_receivable(line._get_fiscal_position()),
            currency=line.currency_id,
            residual=line.amount_open,
            # Behind what is posted already, of those that expire together.
            order=(
                0,
                line.expiry_date or date.max,
                False,
                line.date,
                math.inf,
                line.id,
            ),
            draw=draw,
            credit_line=line,
            usable_from=line.date if line.date > today else None,
        )
        for line in lines.filtered("amount_open")
    ]


def find_unused(company):
    """Return all promised credits of which something is left today.

    By one query: those that are used up stay in the table.

    :return: ``account.credit.line`` records
    """
    lines = company.env["account.credit.line"]
    lines.flush_model()
    today = get_today(company)
    rows = company.env.execute_query(
        SQL(
            """
            SELECT line.id
              FROM account_credit_line line
             WHERE line.company_id = %(company)s
               AND line.is_promised
               AND line.state = 'posted'
               AND line.date <= %(today)s
               AND (line.expiry_date IS NULL OR line.expiry_date >= %(today)s)
               AND line.amount > COALESCE(line.amount_taken_back, 0) + (
                   SELECT COALESCE(SUM(draw.amount), 0)
                     FROM account_credit_line draw
                    WHERE draw.drawn_from_id = line.id AND draw.state = 'posted'
               )
            """,
            company=company.id,
            today=today,
        )
    )
    return lines.browse(row[0] for row in rows)


def find_come_due(company, accounts=None):
    """Return promised credits dated ahead whose day has come and that name an invoice.

    :param accounts: only theirs
    """
    domain = get_domain(company) & Domain(
        [
            ("invoice_id.payment_state", "in", ("not_paid", "partial")),
            ("date", "<=", get_today(company)),
            ("draw_ids", "=", False),
        ]
    )
    if accounts is not None:
        domain &= Domain("partner_id", "in", accounts.ids)
    lines = company.env["account.credit.line"].search(domain)
    return lines.filtered(lambda line: line.create_date.date() < line.date)


def sum_open(accounts, company):
    """Return what is left of the promised credits of accounts.

    :return: ``{account id: amount}``, in company currency, at the rate of today
    """
    sums = {}
    today = get_today(company)
    lines = accounts.env["account.credit.line"].search(
        get_domain(company) & Domain("partner_id", "in", accounts.ids)
    )
    for line in lines:
        amount = line.currency_id._convert(
            line.amount_open, company.currency_id, company, today
        )
        sums[line.partner_id.id] = sums.get(line.partner_id.id, 0) + amount
    return sums


# -----------------------------------------------------------------------------
# DRAW
# -----------------------------------------------------------------------------


def draw(applications):
    """Post the parts of promised credits that invoices use, as one set.

    :param list applications: of ``plan_applications``, of one company
    :return: for each the receivable item, to be reconciled with that of the invoice
    :raise UserError: when one cannot be posted, with the reason
    """
    promises = applications[0].credit.credit_line.union(
        *(application.credit.credit_line for application in applications)
    )
    # Whoever uses one at the same time fails to serialize, and begins again.
    promises.flush_recordset()
    touch_rows(promises)
    groups = {}  # {what parts of one batch have in common: [places in the list]}
    for place, application in enumerate(applications):
        groups.setdefault(_get_key(application), []).append(place)
    items = {}  # {place in the list: receivable item}
    for places in groups.values():
        draws = _post_draws([applications[place] for place in places])
        items |= {
            place: one.move_line_id for place, one in zip(places, draws, strict=True)
        }
    return [items[place] for place in range(len(applications))]


def _get_key(application):
    line = application.credit.credit_line
    # No credit is posted before the day that it was given for.
    day = max(get_today(line.company_id), line.date)
    return (
        line.batch_id,
        day,
        line.expiry_date,
        line.public_comment or False,
        line.private_comment or False,
    )


def _post_draws(applications):
    """Post parts of promised credits of one batch.

    They were approved, counted and told of when they were given.

    :return: the posted lines, in the order of the applications
    """
    given, day, expiry, public, private = _get_key(applications[0])
    # Whoever posts an invoice, or the customer who pays it, gave nothing: he does not
    # follow the batch, and defaults of his screen are not its values.
    context = {**clean_context(given.env.context), "mail_create_nosubscribe": True}
    batches = given.env(context=context)["account.credit.batch"]
    batches = batches.with_company(given.company_id)
    batch = with_posting(batches, "posting").create(
        {
            "company_id": given.company_id.id,
            "date": day,
            "credit_item_id": given.credit_item_id.id,
            "credit_booking": "given",
            "use_invoice_taxes": given.use_invoice_taxes,
            # Taxes need a document for each account.
            "document_form": "credit_note"
            if given.use_invoice_taxes
            else given.document_form,
            "analytic_distribution": given.analytic_distribution,
            "public_comment": public,
            "private_comment": private,
            "expiry_date": expiry,
            "draws_of_id": given.id,
            "line_ids": [
                Command.create(_prepare_draw_vals(application))
                for application in applications
            ],
        }
    )
    draws = batch.line_ids.sorted("id").with_env(batches.env)
    # The rule would let them pay before they are reconciled as planned.
    with_posting(draws, is_carrying_over=True)._post()
    if failed := draws.filtered(lambda line: line.state != "posted"):
        raise UserError("\n".join(failed.mapped("error")))
    batch._update_from_lines()
    return draws


def _prepare_draw_vals(application):
    line = application.credit.credit_line
    is_reduction = line.batch_id.use_invoice_taxes
    return {
        "partner_id": line.partner_id.id,
        "contact_id": line.contact_id.id,
        "currency_id": line.currency_id.id,
        "amount": application.amount,
        # It lowers the taxes of what it pays, and of nothing else.
        "invoice_id": is_reduction and application.term.move.id,
        "drawn_from_id": line.id,
    }


# -----------------------------------------------------------------------------
# GIVE BACK
# -----------------------------------------------------------------------------


def give_back(applications):
    """Reverse parts of promised credits whose reconciliation is gone.

    Not those that somebody is about to reverse.

    :param applications: ``account.credit.application`` records, unapplied just now
    """
    draws = applications.credit_line_id.filtered("drawn_from_id")
    reversed_ids = get_posting(draws.env).reversed_ids
    reverse_draws(draws.filtered(lambda draw: draw.move_id.id not in reversed_ids))


def reverse_draws(draws, day=None):
    """Reverse posted parts of promised credits, of which nothing pays any more.

    :param draws: ``account.credit.line`` records
    :param day: of the entries; today by default, not before what they reverse
    :raise UserError: when the date is locked
    """
    # No rule may use what is open in between.
    draws = with_posting(draws, is_carrying_over=True)
    for batch, part in draws.grouped("batch_id").items():
        posted = part.filtered(lambda line: line.state == "posted")
        if not posted:
            continue
        day_of_batch = max(day or get_today(batch.company_id), batch.date)
        checks = batch.env["account.credit.check"]
        checks._check_reversal_date(batch, day_of_batch)
        form = posted._get_form()._get_booking(posted)
        form._reverse_open(posted, day_of_batch)
        posted.filtered(lambda line: line.state == "posted")._set_reversed()
        batch._update_from_lines()


def check_is_booked(line):
    """Check that a credit is one that can be corrected by itself.

    :raise UserError: when it is promised, or the used part of one that is
    """
    if line.is_promised:
        raise UserError(
            line.env._(
                "%(line)s is promised: no entry is posted before it is used, so there "
                "is nothing to replace or to move. Take back what is unused, and post "
                "another credit.",
                line=line.display_name,
            )
        )
    if line.drawn_from_id:
        raise UserError(
            line.env._(
                "%(line)s is the used part of %(promise)s. Unapply it from the "
                "invoice, and it can be used again.",
                line=line.display_name,
                promise=line.drawn_from_id.display_name,
            )
        )
