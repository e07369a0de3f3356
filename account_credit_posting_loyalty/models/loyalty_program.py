from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_compare, format_list

from odoo.addons.account_credit_posting.tools.actions import open_dialog


class LoyaltyProgram(models.Model):
    """Programs of gift cards and eWallets whose money is kept in the ledger."""

    _inherit = "loyalty.program"

    is_in_ledger = fields.Boolean(
        string="Kept in the Ledger",
        copy=False,
        help="The cards of this program are gift cards in the ledger: selling one "
        "posts the liability, using one reduces it, and the balance follows from the "
        "posted entries. The same card pays invoices.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Let those keep programs in the ledger who may correct what is there.

        :raise AccessError: when the user may not
        """
        programs = super().create(vals_list)
        programs.filtered("is_in_ledger")._begin_in_ledger()
        return programs

    def write(self, vals):
        """Let those keep programs in the ledger who may correct what is there.

        :raise AccessError: when the user may not
        :raise UserError: when a program has points that nothing is booked for, or
            money that would no longer be in the ledger
        """
        if "is_in_ledger" not in vals:
            return super().write(vals)
        changed = self.filtered(
            lambda program: program.is_in_ledger != bool(vals["is_in_ledger"])
        )
        if changed:
            self.env["account.stored.value"]._check_may_manage()
        if not vals["is_in_ledger"]:
            changed._check_may_end_in_ledger()
            return super().write(vals)
        changed._check_has_no_points()
        result = super().write(vals)
        changed._begin_in_ledger()
        return result

    def _take_over(self):
        """Keep these in the ledger; whoever calls books the balance of their cards."""
        super().write({"is_in_ledger": True})
        self._begin_in_ledger()

    def _begin_in_ledger(self):
        if not self:
            return
        self.env["account.stored.value"]._check_may_manage()
        for program in self:
            # The last cent can be used, too.
            program.reward_ids.required_points = program.currency_id.rounding

    def _get_cards(self):
        """Return the cards of programs, also archived ones, with all rights."""
        cards_sudo = self.env["loyalty.card"].sudo().with_context(active_test=False)
        return cards_sudo.search([("program_id", "in", self.ids)], order="id")

    def _check_has_no_points(self):
        for program in self:
            if any(program._get_cards().mapped("points")):
                raise UserError(
                    self.env._(
                        "Cards of %(program)s have a balance. Take them over with Keep "
                        "in the Ledger.",
                        program=program.name,
                    )
                )

    def _check_may_end_in_ledger(self):
        for program in self:
            cards_sudo = program._get_cards()
            if cards_sudo.stored_value_ids or cards_sudo._find_reserved():
                raise UserError(
                    self.env._(
                        "Cards of %(program)s have money in the ledger: it stays "
                        "there. Archive the program and create another one.",
                        program=program.name,
                    )
                )

    @api.constrains(
        *("is_in_ledger", "program_type", "company_id", "currency_id", "applies_on"),
        *("rule_ids", "reward_ids"),
    )
    def _check_in_ledger(self):
        if self.env.context.get("loyalty_skip_reward_check"):
            return
        # Who may not see a rule may not break it, either.
        for program in self.sudo().filtered("is_in_ledger"):
            if problem := program._find_ledger_problem():
                raise ValidationError(
                    self.env._(
                        "%(program)s cannot be kept in the ledger: %(problem)s.",
                        program=program.name,
                        problem=problem,
                    )
                )

    def _find_ledger_problem(self):
        """Return why a program cannot be kept in the ledger.

        :return: a part of a sentence; None where nothing is wrong
        """
        self.ensure_one()
        env = self.env
        if self.program_type not in ("gift_card", "ewallet"):
            return env._("only gift cards and eWallets are money")
        if not self.company_id:
            return env._("the money is owed by one company. Choose it")
        if self.applies_on != "future":
            return env._("what is sold pays future orders")
        return self._find_reward_problem() or self._find_rule_problem()

    def _find_reward_problem(self):
        reward = self.reward_ids
        if (
            len(reward) != 1
            or reward.reward_type != "discount"
            or reward.discount_mode != "per_point"
            or reward.discount_applicability != "order"
            or float_compare(reward.discount, 1, precision_digits=6)
            or reward.discount_max_amount
            or reward.clear_wallet
        ):
            return self.env._(
                "its one reward is a discount of 1 per point on the whole order"
            )
        return None

    def _find_rule_problem(self):
        env = self.env
        for rule in self.rule_ids:
            if (
                rule.reward_point_mode != "money"
                or float_compare(rule.reward_point_amount, 1, precision_digits=6)
                or not rule.product_ids
                or rule.product_category_id
                or rule.product_tag_id
                or rule.product_domain not in (False, "", "[]")
            ):
                return env._("it gives 1 per amount spent on products that it names")
            if (self.program_type == "gift_card") != rule.reward_point_split:
                return env._("a gift card product gives one card per unit")
        products = self.rule_ids.product_ids
        if others := products.filtered(lambda product: not product.is_gift_card):
            return env._(
                "%(products)s would post revenue. Mark it as Gift Card, or sell "
                "another product",
                products=format_list(env, others.mapped("display_name")),
            )
        if single := products.filtered(
            lambda product: product.voucher_kind == "single"
        ):
            return env._(
                "%(products)s is a single-purpose voucher, whose tax is due when it is "
                "sold: sell it on an invoice, and use it there",
                products=format_list(env, single.mapped("display_name")),
            )
        if program := self._find_other_program(products):
            return env._("its product is that of %(program)s", program=program.name)
        return None

    def _find_other_program(self, products):
        """Return another program in the ledger that sells one of these products."""
        return self.sudo().search(
            [
                ("is_in_ledger", "=", True),
                ("company_id", "=", self.company_id.id),
                ("rule_ids.product_ids", "in", products.ids),
                ("id", "!=", self.id),
            ],
            limit=1,
        )

    @api.model
    def _find_program_of(self, product, company):
        """Return the program in the ledger that a product sells cards of.

        :param product: ``product.product``
        :param company: that sells it
        :return: a sudoed ``loyalty.program``, or none
        """
        # Whoever bills need not see programs.
        return self.sudo().search(
            [
                ("is_in_ledger", "=", True),
                ("company_id", "=", company.id),
                ("rule_ids.product_ids", "in", product.ids),
            ],
            limit=1,
        )

    def _find_open_documents(self):
        """Return the names of what has sold or used cards, and is not booked yet.

        Cards are not taken over meanwhile: their points say it already, or still.
        """
        self.ensure_one()
        return []

    def action_keep_in_ledger(self):
        """Open the dialog that takes over the cards of a program.

        :return: a window action on ``loyalty.program.keep``
        """
        self.ensure_one()
        return open_dialog(
            self.env._("Keep in the Ledger"), "loyalty.program.keep", program_id=self.id
        )
