"""The figures of Odoo's own tax reports, of posted journal items.

Community has the definitions of these reports (``account.report``), and shows none of
them. This reads what a test wants to know, in any country whose localization is
installed::

    report = TaxReport(company, "2024-03-01", "2024-03-31")
    report.read_tagged()  # {"DE_81.base": -100, "DE_81.tax": -19}
    report.get_figure("AGG_DE_19.tax")  # -19

A figure is named by the code of its line and the label of its expression.
"""

import ast
import operator
import re

#: What a formula may consist of, beside names and numbers.
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}
ROUND = re.compile(r"round\((\d+)\)")
BOUND = re.compile(r"if_(above|below)\(\w+\((-?[\d.]+)\)\)")
OTHER_ABOVE = re.compile(r"if_other_expr_above\(([\w.]+), \w+\((-?[\d.]+)\)\)")


class TaxReport:
    """The tax report of a company for a period."""

    def __init__(self, company, date_from, date_to):
        """Find the report of the company's country.

        :param company: ``res.company``, with a localization
        :param date_from: first day, an ISO string or a date
        :param date_to: last day
        """
        self.env = company.env
        self.company = company
        self.period = (date_from, date_to)
        self.report = self.env["account.report"].search(
            [
                ("country_id", "=", company.account_fiscal_country_id.id),
                ("root_report_id", "=", self.env.ref("account.generic_tax_report").id),
            ],
            order="id",
            limit=1,
        )
        assert self.report, f"{company.name} has no tax report"
        self.expressions = {
            f"{line.code or line.name}.{expression.label}": expression
            for line in self.report.line_ids
            for expression in line.expression_ids
        }

    def read_tagged(self):
        """Return all that is not zero of what items bring by their tax tags.

        :return: ``{name of the figure: amount in company currency}``
        """
        currency = self.company.currency_id
        figures = {
            name: self.get_figure(name)
            for name, expression in self.expressions.items()
            if expression.engine == "tax_tags"
        }
        return {
            name: amount
            for name, amount in figures.items()
            if not currency.is_zero(amount)
        }

    def get_figure(self, name):
        """Return one figure, as the report shows it.

        What is typed into the report by hand, or carried over, is zero.

        :param name: of a figure
        :raise NotImplementedError: where a formula has what this does not know
        """
        expression = self.expressions[name]
        if expression.engine == "external":
            return 0
        if expression.engine == "tax_tags":
            return self._sum_items(expression)
        if expression.engine != "aggregation":
            raise NotImplementedError(f"{name}: {expression.engine}")
        if expression.formula == "sum_children":
            label = expression.label
            amount = sum(
                self.get_figure(f"{child.code or child.name}.{label}")
                for child in expression.report_line_id.children_ids
                if label in child.expression_ids.mapped("label")
            )
        else:
            amount = self._evaluate(ast.parse(expression.formula, mode="eval").body)
        return self._bound(amount, expression.subformula)

    def _sum_items(self, expression):
        """Sum the items that have a tag of an expression, as its sign says."""
        items = self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("date", ">=", self.period[0]),
                ("date", "<=", self.period[1]),
                ("tax_tag_ids", "in", expression._get_matching_tags().ids),
            ]
        )
        sign = -1 if expression.formula.startswith("-") else 1
        return sign * self.company.currency_id.round(sum(items.mapped("balance")))

    def _evaluate(self, node):
        """Evaluate a part of a formula."""
        if isinstance(node, ast.Attribute):
            return self.get_figure(f"{node.value.id}.{node.attr}")
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp):
            return OPERATORS[type(node.op)](self._evaluate(node.operand))
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](
                self._evaluate(node.left), self._evaluate(node.right)
            )
        raise NotImplementedError(ast.dump(node))

    def _bound(self, amount, subformula):
        """Round an amount, or leave it out, as its expression says."""
        if not subformula:
            return amount
        if found := ROUND.fullmatch(subformula):
            return round(amount, int(found[1]))
        if found := BOUND.fullmatch(subformula):
            limit = float(found[2])
            is_shown = amount > limit if found[1] == "above" else amount < limit
        elif found := OTHER_ABOVE.fullmatch(subformula):
            is_shown = self.get_figure(found[1]) > float(found[2])
        else:
            raise NotImplementedError(subformula)
        return amount if is_shown else 0
