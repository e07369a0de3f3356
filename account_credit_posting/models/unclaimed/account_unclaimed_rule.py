from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date


class AccountUnclaimedRule(models.Model):
    """What the law of a state says of gift cards and prepayments, from a day on.

    Three kinds: what may be paid out in cash, when it becomes unclaimed property, and
    what never does. Data, which administrators keep; the law of the owner's state
    counts (``account.stored.value.holder_state_id``). Of several rules in force that of
    the company comes before the shared one, that of the state before that of the
    country, and the newest first.
    """

    _name = "account.unclaimed.rule"
    _description = "Rule of a State for Gift Cards"
    _order = "country_id, state_id, kind, valid_from desc, id desc"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    kind = fields.Selection(
        selection=[
            ("cash_out", "May Be Paid Out in Cash"),
            ("dormancy", "Becomes Unclaimed Property"),
            ("exempt", "Is Exempt from Unclaimed Property"),
        ],
        required=True,
    )
    country_id = fields.Many2one(
        comodel_name="res.country",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env.company.country_id,
    )
    state_id = fields.Many2one(
        comodel_name="res.country.state",
        ondelete="restrict",
        domain="[('country_id', '=', country_id)]",
        help="Empty: each state of the country without a rule of its own.",
    )
    value_type = fields.Selection(
        selection=[("gift_card", "Gift Cards"), ("prepayment", "Prepayments")],
        string="Concerns",
        help="Empty: both gift cards and prepayments.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        help="Empty: for all companies.",
    )
    valid_from = fields.Date(required=True, help="The first day of the rule.")
    valid_to = fields.Date(help="The last day of the rule; empty while it is in force.")
    # Cash.
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="The rule concerns gift cards in this currency.",
    )
    amount = fields.Monetary(
        string="Below",
        help="The holder may ask for cash when less than this is left.",
    )
    is_amount_included = fields.Boolean(
        string="This Amount, Too",
        help="Also when exactly this amount is left.",
    )
    used_share = fields.Float(
        string="Used (%)",
        help="The holder may also ask for cash once so much of it is used; zero: "
        "never.",
    )
    # Unclaimed property.
    years = fields.Integer(
        string="Years without Activity",
        help="After this many years without activity of the owner, the balance is due "
        "to the state.",
    )
    exemption = fields.Selection(
        selection=[
            ("all", "All"),
            ("no_expiry", "Those that do not expire"),
            ("services", "Those that pay for services only"),
        ],
        string="Exempt Are",
        help="Whether gift cards pay for services only is set in the settings of the "
        "company.",
    )
    source = fields.Text(help="The law, and where it can be read.")

    _numbers_not_negative = models.Constraint(
        "CHECK (amount >= 0 AND years >= 0 AND used_share BETWEEN 0 AND 100)",
        "Amounts and years are zero or above, and shares at most 100 %.",
    )
    _valid_to_after_from = models.Constraint(
        "CHECK (valid_to IS NULL OR valid_to >= valid_from)",
        "The last day of a rule must be after its first day.",
    )

    @api.depends("kind", "country_id", "state_id", "valid_from")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for rule in self:
            rule.display_name = self.env._(
                "%(state)s: %(kind)s, from %(date)s on",
                state=rule.state_id.name or rule.country_id.name or "",
                kind=kinds.get(rule.kind, ""),
                date=format_date(self.env, rule.valid_from),
            )

    @api.constrains("kind", "amount", "used_share", "years", "exemption")
    def _check_says_something(self):
        for rule in self:
            says = {
                "cash_out": rule.amount or rule.used_share,
                "dormancy": rule.years,
                "exempt": rule.exemption,
            }
            if not says[rule.kind]:
                raise ValidationError(
                    self.env._(
                        "%(rule)s: enter an amount or a share, a number of years, or "
                        "what is exempt.",
                        rule=rule.display_name,
                    )
                )

    @api.constrains("country_id", "state_id")
    def _check_state_of_country(self):
        for rule in self:
            if rule.state_id and rule.state_id.country_id != rule.country_id:
                raise ValidationError(
                    self.env._(
                        "%(state)s is not a state of %(country)s. Choose another one.",
                        state=rule.state_id.name,
                        country=rule.country_id.name,
                    )
                )
