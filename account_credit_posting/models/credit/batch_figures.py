from collections import Counter

from odoo.fields import Domain
from odoo.tools import SQL

from ...const import TO_NOTIFY_DOMAIN
from ...tools.days import get_today


def find_undelivered(batches):
    """Return the emails of batches that the mail server did not take.

    :return: ``mail.mail`` records, with all rights
    """
    lines_sudo = batches.env["account.credit.line"].sudo()
    notified = lines_sudo._search(
        [("batch_id", "in", batches.ids), ("notified_date", "!=", False)]
    )
    return (
        batches.env["mail.mail"]
        .sudo()
        .search(
            [
                ("model", "=", lines_sudo._name),
                ("res_id", "in", notified),
                ("state", "=", "exception"),
            ]
        )
    )


def find_lines_to_tell_again(mails_sudo):
    """Return the credits that such emails told of, and that still stand.

    :param mails_sudo: of :func:`find_undelivered`
    :return: ``account.credit.line`` records, with all rights
    """
    lines_sudo = mails_sudo.env["account.credit.line"].browse(
        mails_sudo.mapped("res_id")
    )
    return lines_sudo.notice_id.line_ids.filtered(
        lambda line: line.state == "posted" and not line.is_to_reverse
    )


def lead_to_accounts(env, vals_list):
    """Replace enrollees by their accounts in values for lines, which are changed.

    :param list vals_list: for create or write
    """
    partners = env["res.partner"].browse(
        [vals["partner_id"] for vals in vals_list if vals.get("partner_id")]
    )
    for vals in vals_list:
        if not vals.get("partner_id"):
            continue
        # With the prefetch of all partners, one query reads them.
        partner = partners.browse(vals["partner_id"]).with_prefetch(partners.ids)
        account = partner.commercial_partner_id
        if account and account != partner:
            vals["partner_id"] = account.id
            vals.setdefault("contact_id", partner.id)


def assign_amounts(lines):
    """Assign what lines credited, and what is left of it.

    Of a credit that is promised, that is what no posted part of it has used.
    """
    for line in lines:
        item = line.move_line_id
        line.move_amount_total = -item.amount_currency or 0
        line.amount_open = -item.amount_residual_currency or 0
        if line.is_promised:
            line.move_amount_total = line.amount
            is_past = line.expiry_date and line.expiry_date < get_today(line.company_id)
            line.amount_open = 0 if is_past else get_unused(line)


def get_draws(lines):
    """Return the parts of promised credits that are posted and in force."""
    return lines.draw_ids.filtered(lambda draw: draw.state == "posted")


def get_unused(line):
    """Return what nothing has used of a promised credit, expired or not."""
    drawn = sum(get_draws(line).mapped("amount"))
    return line.currency_id.round(line.amount - line.amount_taken_back - drawn)


def assign_corrections(lines):
    """Assign to credits what they came of, and what came of them.

    :param lines: ``account.credit.line`` records, with all rights
    """
    for line in lines:
        origins = line.origin_ids.grouped("kind")
        corrections = line.correction_ids.grouped("kind")
        none = line.origin_ids.browse()
        line.replaces_id = origins.get("replace", none).line_id
        line.moved_from_id = origins.get("move", none).line_id
        line.replacement_ids = corrections.get("replace", none).new_line_id
        line.replaced_by_id = line.replacement_ids[:1]
        line.moved_line_ids = corrections.get("move", none).new_line_id


def find_lines_told_with(line):
    """Return the lines of the batch and the account that one email tells about."""
    lines = line.search(
        [
            ("batch_id", "=", line.batch_id.id),
            ("partner_id", "=", line.partner_id.id),
            *TO_NOTIFY_DOMAIN,
        ],
        order="id",
    )
    return lines | line


def get_payments(line):
    """Return which invoices a credit pays, and how much in its own currency."""
    return [
        (application.invoice_id.name, application.partial_id.credit_amount_currency)
        for application in line._get_applications().sorted("id")
        if application.partial_id
    ]


class BatchFigures:
    """What batches count and add up of their lines: by queries, however many there are.

    Each method assigns the fields of all batches, as ``compute`` wants it.
    """

    def __init__(self, batches):
        """Look at batches, saved or not."""
        self.env = batches.env
        self.batches = batches
        self.lines = self.env["account.credit.line"]

    def count_lines(self):
        """Assign how many lines there are, in which state."""
        counts = {}  # {(batch, state): number of lines}
        credits, charges = Counter(), Counter()  # {batch: number of documents}
        for batch, state, count, credited, charged in self.lines._read_group(
            [("batch_id", "in", self.batches.ids)],
            ["batch_id", "state"],
            ["__count", "move_line_id:count", "charge_move_id:count"],
        ):
            counts[batch, state] = count
            credits[batch] += credited
            charges[batch] += charged
        for batch in self.batches:
            pending = counts.get((batch._origin, "pending"), 0)
            batch.posted_count = counts.get((batch._origin, "posted"), 0)
            batch.failed_count = counts.get((batch._origin, "failed"), 0)
            batch.reversed_count = counts.get((batch._origin, "reversed"), 0)
            batch.credit_count = credits[batch._origin]
            batch.charge_count = charges[batch._origin]
            done = batch.posted_count + batch.failed_count + batch.reversed_count
            batch.line_count = pending + done
            batch.progress = 100 * done / batch.line_count if batch.line_count else 0

    def sum_charges(self):
        """Assign what the accounts are invoiced, in company currency.

        That is the total of the invoices, taxes included, and of pending lines what
        they say; those that failed are not invoiced.
        """
        sums = {}  # {batch: [(currency, amount)]}
        charged = self.batches.filtered("charge_item_id")
        invoiced = self._sum_invoices(charged)
        for batch, currency, amount in self.lines._read_group(
            [("batch_id", "in", charged.ids), ("state", "=", "pending")],
            ["batch_id", "currency_id"],
            ["charge_amount:sum"],
        ):
            sums.setdefault(batch, []).append((currency, amount))
        for batch in self.batches:
            batch.charge_total = sum(
                currency._convert(
                    amount, batch.currency_id, batch.company_id, batch.date
                )
                for currency, amount in sums.get(batch._origin, ())
            ) + invoiced.get(batch._origin.id, 0)

    def _sum_invoices(self, batches):
        """Return ``{batch id: total of its invoices}``, in company currency."""
        self.lines.flush_model(["batch_id", "charge_move_id"])
        self.env["account.move"].flush_model(["amount_total_signed"])
        # Whoever sees the batch may know its total.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.batch_id, SUM(move.amount_total_signed)::float
                  FROM account_credit_line line
                  JOIN account_move move ON move.id = line.charge_move_id
                 WHERE line.batch_id = ANY(%s)
              GROUP BY line.batch_id
                """,
                batches.ids,
            )
        )
        return dict(rows)

    def count_notices(self):
        """Assign how many lines were told of, are to be, or cannot be."""
        own = Domain("batch_id", "in", self.batches.ids)
        unnotified = own & Domain(TO_NOTIFY_DOMAIN)
        notified = self._count(own & Domain("notified_date", "!=", False))
        waiting = self._count(unnotified)
        refused = self._count(unnotified & Domain("notice_error", "!=", False))
        for batch in self.batches:
            batch.notified_count = notified.get(batch._origin.id, 0)
            batch.to_notify_count = waiting.get(batch._origin.id, 0)
            batch.notice_failed_count = refused.get(batch._origin.id, 0)
            batch.undelivered_count = 0
            if batch.notified_count:
                # Whoever sees the batch may know how many these are.
                mails_sudo = find_undelivered(batch._origin)
                batch.undelivered_count = len(mails_sudo)
                batch.to_notify_count += len(find_lines_to_tell_again(mails_sudo))

    def _count(self, domain):
        """Return ``{batch id: number of lines}``."""
        groups = self.lines._read_group(domain, ["batch_id"], ["__count"])
        return {batch.id: number for batch, number in groups}

    def find_notifying(self):
        """Return the batches whose emails are being written."""
        return self.batches.search(
            [
                ("id", "in", self.batches.ids),
                (
                    "notice_ids",
                    "any",
                    [("notified_date", "=", False), ("error", "=", False)],
                ),
            ]
        )
