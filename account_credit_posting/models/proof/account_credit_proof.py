from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import format_datetime

from ... import const
from ...tools.actions import open_list, open_record
from ...tools.posting import with_posting
from ...tools.rights import check_right, find_managers, request_approval
from ...tools.texts import format_count
from .chain_checks import CHAIN_CHECKS
from .credit_checks import CREDIT_CHECKS
from .stored_value_checks import STORED_VALUE_CHECKS

#: The activity of administrators when something in the ledger is not as it should be.
ACTIVITY = "account_credit_posting.mail_activity_ledger_proof"


class AccountCreditProof(models.Model):
    """The ledger of a company was checked: by whom, when, how, and what was found.

    The checks read the tables themselves; PostgreSQL refuses them to write. Nothing
    here is written or deleted by hand.
    """

    _name = "account.credit.proof"
    _inherit = ["account.credit.guard", "mail.thread", "mail.activity.mixin"]
    _description = "Proof of the Ledger"
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="proving",
    )
    state = fields.Selection(
        selection=[("proven", "Proven"), ("failed", "Failed")],
        string="Result",
        required=True,
        readonly=True,
        written_by="proving",
    )
    check_ids = fields.One2many(
        comodel_name="account.credit.proof.check",
        inverse_name="proof_id",
        string="Checks",
        readonly=True,
        written_by="proving",
    )
    checked_count = fields.Integer(
        string="Checked",
        readonly=True,
        help="The number of records checked by all checks.",
        written_by="proving",
    )
    failed_count = fields.Integer(string="Failed", readonly=True, written_by="proving")
    seconds = fields.Float(
        readonly=True,
        digits=(10, 2),
        help="The total duration of all checks.",
        written_by="proving",
    )
    summary = fields.Char(compute="_compute_summary")

    @api.depends("company_id.name", "create_date")
    @api.depends_context("lang", "tz")
    def _compute_name(self):
        for proof in self:
            day = format_datetime(self.env, proof.create_date)
            proof.name = f"{proof.company_id.name} · {day}"

    @api.depends("state", "failed_count", "checked_count", "check_ids.failed_count")
    @api.depends_context("lang")
    def _compute_summary(self):
        for proof in self:
            failed = proof.check_ids.filtered("failed_count")
            proof.summary = (
                self.env._(
                    "%(failed)s of %(checks)s checks failed, with %(count)s records.",
                    failed=len(failed),
                    checks=len(proof.check_ids),
                    count=format_count(self.env, proof.failed_count),
                )
                if failed
                else self.env._(
                    "All %(checks)s checks passed on %(count)s records.",
                    checks=len(proof.check_ids),
                    count=format_count(self.env, proof.checked_count),
                )
            )

    # -------------------------------------------------------------------------
    # PROVE
    # -------------------------------------------------------------------------

    def action_prove(self):
        """Check the ledgers of the companies that the user works in now.

        A button of pages that need not show any record.

        :return: a window action on the result
        """
        check_right(
            self,
            const.PROVING_GROUPS,
            self.env._(
                "Only accountants and administrators of account credits can prove the "
                "ledger."
            ),
            "read",
        )
        # Nobody may write proofs; whoever may ask for one has it written.
        proofs = self.sudo()._prove(self.env.companies).sudo(False)
        if len(proofs) == 1:
            return open_record(proofs.name, proofs)
        return open_list(
            self.env._("Proofs of the Ledger"), self._name, [("id", "in", proofs.ids)]
        )

    @api.model
    def _cron_prove(self):
        """Check the ledgers of all companies; ``make prove`` does the same.

        :return: the proofs
        """
        return self._prove(self.env["res.company"].search([("active", "=", True)]))

    @api.model
    def _get_checks(self):
        """Return the checks, in their order; other addons may add theirs.

        :return: list of ``ledger_check.Check``
        """
        return [*CREDIT_CHECKS, *STORED_VALUE_CHECKS, *CHAIN_CHECKS]

    @api.model
    def _get_unbooked_query(self):
        """Return a SELECT of stored values whose entry comes later.

        Other addons name those that they issue, or take back, before they book it.

        :return: SQL of one column of ids, as a text
        """
        return "SELECT NULL::integer WHERE FALSE"

    @api.model
    def _prove(self, companies):
        """Run all checks, and keep what they found.

        :param companies: ``res.company`` records
        :return: the proofs, one for each company
        """
        self.env.flush_all()
        companies_sudo = companies.sudo()
        unbooked = self._get_unbooked_query()
        rows = {company: [] for company in companies_sudo}
        for check in self._get_checks():
            found, seconds = check.run(companies_sudo, unbooked)
            for company, of_company in found.items():
                # Kept as whoever reads the company's books reads it.
                speaking = self.with_context(lang=company.partner_id.lang)
                rows[company].append(
                    speaking._prepare_check_vals(check, of_company, seconds)
                )
        proofs_sudo = with_posting(self.sudo(), "proving").create(
            [
                {
                    "company_id": company.id,
                    "state": "failed"
                    if any(vals["failed_count"] for vals in vals_list)
                    else "proven",
                    "checked_count": sum(vals["checked_count"] for vals in vals_list),
                    "failed_count": sum(vals["failed_count"] for vals in vals_list),
                    "seconds": sum(vals["seconds"] for vals in vals_list),
                    "check_ids": [Command.create(vals) for vals in vals_list],
                }
                for company, vals_list in rows.items()
            ]
        )
        for proof_sudo in proofs_sudo:
            proof_sudo._tell_managers()
        return proofs_sudo.with_env(self.env)

    @api.model
    def _prepare_check_vals(self, check, found, seconds):
        """Prepare what is kept of a check in a company.

        :param found: a ``ledger_check.Found``
        """
        return {
            "code": check.code,
            "name": self.env._(check.name),
            "how": self.env._(check.how),
            "checked_count": found.checked,
            "failed_count": found.failed,
            "seconds": seconds,
            "failed_model": check.model,
            "failed_ids": [sample[0] for sample in found.samples],
            "failed_names": self._get_failed_names(check, found),
        }

    @api.model
    def _get_failed_names(self, check, found):
        """Return what the first records that failed are called, one in each line."""
        samples = found.samples[: const.NAMES_LISTED]
        records_sudo = self.env[check.model].sudo()
        records_sudo = records_sudo.browse(sample[0] for sample in samples).exists()
        names = {record.id: record.display_name for record in records_sudo}
        lines = []
        for record_id, detail in samples:
            name = names.get(record_id) or f"#{record_id}"
            lines.append(f"{name} · {detail}" if detail else name)
        if found.failed > len(lines):
            more = found.failed - len(lines)
            lines.append(
                self.env._("and %(count)s more", count=format_count(self.env, more))
            )
        return "\n".join(lines)

    def _tell_managers(self):
        """Let administrators look at what failed, and at no earlier result any more."""
        self.ensure_one()
        earlier = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("id", "<", self.id),
                ("activity_ids", "!=", False),
            ]
        )
        earlier.activity_unlink([ACTIVITY])
        if self.state == "failed":
            users = find_managers(self.company_id, self.env["res.users"])
            request_approval(
                self, ACTIVITY, users[: const.APPROVERS_ASKED], self.summary
            )

    # -------------------------------------------------------------------------
    # SHOW
    # -------------------------------------------------------------------------

    def action_print(self):
        """Print the proof.

        :return: a report action
        :raise AccessError: when the user may not read it
        """
        self.check_access("read")
        report = self.env.ref("account_credit_posting.action_report_credit_proof")
        return report.report_action(self)

    def _get_text(self):
        """Return the result as plain text, for a terminal."""
        blocks = []
        for proof in self:
            lines = [f"{proof.name}: {proof.summary} ({proof.seconds:.1f} s)"]
            for check in proof.check_ids:
                mark = "FAILED" if check.failed_count else "ok"
                counts = f"{check.failed_count} of {check.checked_count}"
                lines.append(
                    f"  {mark:6} {counts:>20} {check.seconds:7.2f} s  {check.name}"
                )
                names = check.failed_names.splitlines() if check.failed_names else []
                lines += [f"{'':38}{name}" for name in names]
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)
