from lxml import html

from odoo.tests import HttpCase, tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestPortalCredit(AccountCreditCommon, HttpCase):
    """What the customer sees of a credit: in the portal, and in print."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_user("customer", "base.group_portal")
        cls.customer.partner_id.parent_id = cls.account
        cls.company.credit_application_policy = "manual"

    def _see(self, path, user=None):
        """Return the page of the portal that the customer gets, or somebody else."""
        login = (user or self.customer).login
        self.authenticate(login, login)
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    @staticmethod
    def _read(element):
        return " ".join(element.text_content().replace("\ufeff", "").split())

    def _see_row(self, move):
        """Return the texts of the row of a document: (amount, status).

        What Odoo's ``account_payment`` of 19.0 asks there, no customer may read: the
        clerk looks. What a customer may know is asked by itself.
        """
        self.assertEqual(
            move.with_user(self.customer)._get_credit_status(),
            move._get_credit_status(),
        )
        [row] = self._see("/my/invoices", self.clerk).xpath(
            f"//tr[td/a[contains(@href, '/my/invoices/{move.id}?')]]"
        )
        return tuple(
            self._read(row.xpath(f"td[@name='{name}']")[0])
            for name in ("invoice_amount", "invoice_status")
        )

    def _see_sidebar(self, move):
        page = self._see(f"/my/invoices/{move.id}")
        [sidebar] = page.xpath("//*[hasclass('o_portal_sidebar')]//h2/..")
        return self._read(sidebar)

    def _print(self, move):
        reports = self.env["ir.actions.report"]
        content, _kind = reports._render_qweb_html("account.account_invoices", move.ids)
        return html.fromstring(content)

    def _print_totals(self, move):
        """Return the rows below the total, in print."""
        rows = self._print(move).xpath("//table[hasclass('o_total_table')]//tr")
        return [self._read(row) for row in rows]

    def test_open_credit(self):
        credit = self._post_line(50).move_id
        self.assertEqual(
            self._see_row(credit), ("Credit: $ 50.00 Left: $ 50.00", "Open Credit")
        )
        self.assertEqual(
            self._see_sidebar(credit),
            "$ 50.00 Open Credit Left of this credit: $ 50.00",
        )
        self.assertNotIn("Reversed", self._read(self._print(credit)))

    def test_used_in_part(self):
        credit = self._post_line(50).move_id
        invoice = self._create_invoice(self.account, 20)
        invoice.apply_account_credits()
        self.assertEqual(
            self._see_row(credit), ("Credit: $ 50.00 Left: $ 30.00", "Open Credit")
        )
        used, left = self._print_totals(credit)[-2:]
        self.assertRegex(used, r"^Used on .* \$ 20.00$")
        self.assertEqual(left, "Left of this credit $ 30.00")

    def test_used_up(self):
        credit = self._post_line(50).move_id
        invoice = self._create_invoice(self.account, 80)
        invoice.apply_account_credits()
        self.assertEqual(
            self._see_row(credit), ("Credit: $ 50.00 Left: $ 0.00", "Used")
        )
        self.assertIn("Used", self._see_sidebar(credit))
        # The invoice is as Odoo shows any.
        self.assertEqual(self._see_row(invoice)[0], "$ 30.00")
        totals = self._print_totals(invoice)
        self.assertEqual(totals[-1], "Amount Due $ 30.00")
        self.assertIn("credited on", totals[-2])

    def test_reversed_credit_is_not_called_paid(self):
        line = self._post_line(50)
        line.action_reverse(reason="Wrong family")
        credit = line.move_id
        self.assertEqual(
            self._see_row(credit), ("Credit: $ 50.00 Left: $ 0.00", "Reversed")
        )
        self.assertEqual(
            self._see_sidebar(credit), "$ 50.00 Reversed Left of this credit: $ 0.00"
        )
        taken_back, left = self._print_totals(credit)[-2:]
        self.assertRegex(taken_back, r"^Reversed on .* \$ 50.00$")
        self.assertEqual(left, "Left of this credit $ 0.00")
        [stamp] = self._print(credit).xpath("//div[@name='credit_reversed']")
        self.assertEqual(self._read(stamp), "Reversed")

    def test_moved_credit_is_called_moved(self):
        line = self._post_line(50)
        line.with_user(self.manager).move_to(self.accounts[1].id, reason="A sibling")
        self.assertEqual(
            self._see_row(line.move_id), ("Credit: $ 50.00 Left: $ 0.00", "Moved")
        )

    def test_credit_note_of_somebody_else_is_as_odoo_shows_it(self):
        refund = self._create_invoice(self.account, 50, move_type="out_refund")
        self.assertFalse(refund._get_credit_status())
        self.assertEqual(self._see_row(refund), ("$ -50.00", "Waiting for Payment"))
