from odoo.tools import SQL


class PostedCredits:
    """The posted credits of a batch, however many they are: by queries, not one by one.

    The caller has checked who may know them.
    """

    def __init__(self, batch):
        """Look at a batch; what is not saved yet is saved."""
        self.env = batch.env
        self.env["account.credit.line"].flush_model()
        self.env["account.move.line"].flush_model(
            ["amount_currency", "amount_residual_currency"]
        )
        #: The posted lines, with total and open amount of each: both above zero, in
        #: the currency of the line. What is promised is open until a part uses it.
        self.lines_sql = SQL(
            """
            SELECT line.id, line.currency_id,
                   COALESCE(-item.amount_currency, line.amount) AS total,
                   CASE WHEN line.is_promised
                        THEN line.amount - COALESCE(line.amount_taken_back, 0) - (
                             SELECT COALESCE(SUM(draw.amount), 0)
                               FROM account_credit_line draw
                              WHERE draw.drawn_from_id = line.id
                                AND draw.state = 'posted')
                        ELSE -item.amount_residual_currency
                    END AS open
              FROM account_credit_line line
         LEFT JOIN account_move_line item ON item.id = line.move_line_id
             WHERE line.batch_id = %(batch)s
               AND line.state = 'posted'
               AND (line.is_promised OR item.id IS NOT NULL)
            """,
            batch=batch.id,
        )

    def mark_to_reverse(self, mode, lines=None):
        """Mark the lines that are to be reversed, in one statement.

        :param mode: "all", or "unused": only where something is open
        :param lines: only these
        :return: how many
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_credit_line line
                   SET is_to_reverse = TRUE, reversal_error = NULL
                  FROM (%(lines)s) AS posted
                 WHERE line.id = posted.id
                   AND (%(is_all)s OR posted.open != 0)
                   AND (%(is_whole)s OR line.id = ANY(%(line_ids)s))
                """,
                lines=self.lines_sql,
                is_whole=lines is None,
                line_ids=lines.ids if lines else [],
                is_all=mode == "all",
            )
        )
        count = self.env.cr.rowcount
        self.env["account.credit.line"].invalidate_model(
            ["is_to_reverse", "reversal_error"]
        )
        return count

    def get_figures(self):
        """Return what of the credits is used and what is not.

        :return: ``{currency: {"credited", "unused": amounts in that currency,
            "untouched", "partly", "used_up": numbers of accounts}}``
        """
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT currency_id,
                       SUM(total) AS credited,
                       SUM(open) AS unused,
                       COUNT(*) FILTER (WHERE open = total) AS untouched,
                       COUNT(*) FILTER (WHERE open != total AND open != 0) AS partly,
                       COUNT(*) FILTER (WHERE open = 0) AS used_up
                  FROM (%(lines)s) AS posted
              GROUP BY currency_id
              ORDER BY currency_id
                """,
                lines=self.lines_sql,
            )
        )
        return {
            self.env["res.currency"].browse(row.pop("currency_id")): row for row in rows
        }
