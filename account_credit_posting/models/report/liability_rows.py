"""The lines of the liability report, of two sources: its items, and the ledger."""

from collections import defaultdict

from odoo.fields import Domain
from odoo.tools import SQL, format_date

from .liability_period import FLOWS, KINDS

#: The figures that are summed up of the items.
SUMMED = ("opening", *FLOWS, "revenue_from_opening")

#: The journal items of what nobody paid for of cards sold below their face.
GIVEN_ITEMS = SQL(
    """(
        SELECT item.id
          FROM account_move_line item
          JOIN account_stored_value value ON value.id = item.stored_value_id
         WHERE item.account_id = value.given_account_id
    )"""
)

#: The order of the lines of a company.
KIND_ORDER = (*dict(KINDS), False)


class LiabilityRows:
    """Prepares the lines of a report: two queries, however many items there are."""

    def __init__(self, report):
        """Look at an ``account.liability.report``."""
        self.report = report
        self.env = report.env
        self.kinds = dict(report._fields["kind"]._description_selection(self.env))
        # Whoever reads the report need not see the settings of companies.
        self.estimates_sudo = self.env["account.breakage.estimate"].sudo()
        self.contra = self.estimates_sudo._get_contra_accounts()

    def prepare(self):
        """Return the values of the lines, in order.

        Of each company, liability account and currency a line, its parts where there
        are several, and totals of each currency that the amounts are in.
        """
        # With the rights of the user, and first: who may not read it ends here.
        accounts = self._read_items()
        ledger = self._read_ledger()
        rows, added = [], defaultdict(list)  # {currency: [values]}
        for key in sorted(
            {**accounts, **ledger},
            key=lambda key: self._get_order(key, accounts.get(key)),
        ):
            parts = accounts.get(key, [])
            row = self._prepare_account(key, parts, ledger.get(key, 0))
            if not any(row[name] for name in (*SUMMED, "ledger")):
                continue
            rows.append(row)
            added[self._get_shown(key)].append(row)
            if self.report.grouping or len(parts) > 1:
                rows += [self._prepare_part(key, *part) for part in parts]
        for currency, summed in added.items():
            if len(summed) > 1:
                rows.append(self._prepare_total(currency, summed))
        return rows

    # -------------------------------------------------------------------------
    # SOURCES
    # -------------------------------------------------------------------------

    def _read_items(self):
        """Sum up the items.

        :return: ``{(company, account, currency): [(kind, cohort, {figure: amount})]}``;
            the cohort is a date, a product, or nothing
        """
        report = self.report
        items = self.env["account.stored.value.liability"]
        by_cohort = [report.grouping] if report.grouping else []
        accounts = defaultdict(list)
        for company, account, currency, kind, *rest in items.with_context(
            **report._get_context()
        )._read_group(
            report._get_domain(),
            ["company_id", "account_id", "currency_id", "kind", *by_cohort],
            [f"{name}:sum" for name in SUMMED],
        ):
            cohort = rest.pop(0) if by_cohort else None
            key = (company, account, currency)
            figures = self._round(key, dict(zip(SUMMED, rest, strict=True)))
            accounts[key].append((kind, cohort, figures))
        for parts in accounts.values():
            parts.sort(
                key=lambda part: (KIND_ORDER.index(part[0]), self._sort(part[1]))
            )
        return accounts

    def _read_ledger(self):
        """Return what the general ledger says, read from the journal items themselves.

        :return: ``{(company, account, currency): amount}``
        """
        report = self.report
        domain = (
            Domain("parent_state", "=", "posted")
            & (
                Domain("account_id.holds_stored_value", "=", True)
                | Domain("account_id", "in", self.contra.ids)
            )
            & Domain("company_id", "in", report._get_companies().ids)
            & Domain("date", "<=", report.date_to)
        )
        if report.currency_id:
            domain &= Domain("currency_id", "=", report.currency_id.id)
        if report.kind:
            domain &= Domain("stored_value_id", "=", False) | self._get_kind_domain()
            others_sudo = self.estimates_sudo._get_booked(
                Domain("kind", "!=", report.kind)
            )
            domain &= Domain("move_id", "not in", others_sudo.ids)
        amount = "amount_currency" if report.in_currency else "balance"
        # Administrators of credits need no right to read journal items.
        items_sudo = self.env["account.move.line"].sudo()
        return {
            (company, account, currency): self._get_shown(
                (company, account, currency)
            ).round(-total)
            for company, account, currency, total in items_sudo._read_group(
                domain,
                ["company_id", "account_id", "currency_id"],
                [f"{amount}:sum"],
            )
        }

    def _get_kind_domain(self):
        """Return the journal items of the kind that the report is about."""
        kind = self.report.kind
        given = Domain("stored_value_id.funding", "=", "promotion") | Domain(
            "id", "in", GIVEN_ITEMS
        )
        if kind == "given":
            return given
        value_type = "prepayment" if kind == "prepayment" else "gift_card"
        return Domain("stored_value_id.value_type", "=", value_type) & ~given

    # -------------------------------------------------------------------------
    # LINES
    # -------------------------------------------------------------------------

    def _prepare_account(self, key, parts, ledger):
        """Prepare the line of a liability account, with all its figures."""
        company, account, _currency = key
        figures = self._round(
            key, {name: sum(part[2][name] for part in parts) for name in SUMMED}
        )
        kind = next((kind for kind, _cohort, _figures in parts if kind), False)
        name = self.kinds.get(kind) or self.env._("No gift card or prepayment")
        return {
            **self._prepare(key, kind, figures),
            "level": "account",
            "name": self.env._("Expected Breakage") if account in self.contra else name,
            "ledger_account_name": account.sudo().with_company(company).display_name,
            "ledger": ledger,
            "difference": self._get_shown(key).round(
                self._get_closing(key, figures) - ledger
            ),
        }

    def _prepare_part(self, key, kind, cohort, figures):
        """Prepare the line of a part: a kind, of one cohort where it is divided."""
        by_product = self.report.grouping == "product_id"
        label = self._get_cohort_label(cohort)
        name = self.kinds.get(kind) or self.env._("No gift card or prepayment")
        return {
            **self._prepare(key, kind, figures),
            "level": "part",
            "name": f"{name}: {label}" if label else name,
            "product_id": by_product and cohort.id,
            "cohort_date": not by_product and cohort,
        }

    def _prepare_total(self, currency, rows):
        """Prepare the line that adds up those of accounts."""
        names = (*SUMMED, "closing", "ledger", "difference")
        return {
            "level": "total",
            "name": self.env._("Total %s", currency.name),
            "shown_currency_id": currency.id,
            **{name: currency.round(sum(row[name] for row in rows)) for name in names},
        }

    def _prepare(self, key, kind, figures):
        company, account, currency = key
        return {
            "company_id": company.id,
            "ledger_account_id": account.id,
            "currency_id": currency.id,
            "shown_currency_id": self._get_shown(key).id,
            "kind": kind,
            **figures,
            "closing": self._get_closing(key, figures),
        }

    def _get_closing(self, key, figures):
        """Add up the opening and all that happened."""
        added = sum(figures[name] for name in ("opening", *FLOWS))
        return self._get_shown(key).round(added)

    def _get_shown(self, key):
        """Return the currency that the amounts of a line are in."""
        company, _account, currency = key
        return currency if self.report.in_currency else company.sudo().currency_id

    def _round(self, key, figures):
        shown = self._get_shown(key)
        return {name: shown.round(amount or 0) for name, amount in figures.items()}

    def _get_order(self, key, parts):
        company, account, currency = key
        kind = parts[0][0] if parts else False
        return (
            company.sequence,
            company.id,
            KIND_ORDER.index(kind),
            account.id,
            currency.name,
        )

    def _sort(self, cohort):
        """Return what cohorts are sorted by; what belongs to none comes last."""
        if self.report.grouping == "product_id":
            return (not cohort, cohort.id)
        return (not cohort, str(cohort or ""))

    def _get_cohort_label(self, cohort):
        """Return what a month, quarter or year of issue, or a product, is called."""
        if not self.report.grouping:
            return ""
        if not cohort:
            return self.env._("none")
        if self.report.grouping == "product_id":
            return cohort.sudo().display_name
        formats = {"month": "MMMM yyyy", "quarter": "QQQ yyyy", "year": "yyyy"}
        period = self.report.grouping.split(":")[1]
        return format_date(self.env, cohort, date_format=formats[period])
