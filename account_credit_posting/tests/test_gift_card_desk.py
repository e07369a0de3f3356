import io

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from ..models.stored_value.account_gift_card import GiftCard
from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestGiftCardDesk(StoredValueCommon, HttpCase):
    """A gift card from Post Transaction to the printer, and from the billing page."""

    def _open(self, transaction_type, user=None, **vals):
        transactions = self.env["account.post.transaction"]
        return transactions.with_user(user or self.clerk).create(
            {"transaction_type": transaction_type, **vals}
        )

    def _render(self, value, code):
        reports = self.env["ir.actions.report"].with_context(card_code=code)
        content, _type = reports._render_qweb_html(
            "account_credit_posting.action_report_gift_card", value.ids
        )
        return content.decode()

    def test_types_open_the_dialog_with_the_account(self):
        for value_type in ("gift_card", "prepayment"):
            action = self._open(value_type).action_next()
            self.assertEqual(action["res_model"], "account.stored.value")
            self.assertEqual(action["target"], "new")
            self.assertEqual(action["context"]["default_value_type"], value_type)
            self.assertFalse(action["context"]["default_partner_id"])
            lines = [Command.create({"partner_id": self.account.id})]
            action = self._open(value_type, line_ids=lines).action_next()
            self.assertEqual(action["context"]["default_partner_id"], self.account.id)

    def test_they_are_never_posted_as_credits(self):
        transaction = self._open(
            "gift_card",
            credit_item_id=self.item.id,
            step="setup",
            line_ids=[Command.create({"partner_id": self.account.id, "amount": 5})],
        )
        with self.assertRaisesRegex(UserError, "on their own page"):
            transaction.action_post()
        self.assertFalse(transaction.batch_id)
        with self.assertRaises(AccessError):
            self._open("gift_card", self.accountant)

    def test_card_has_a_qr_code_and_a_title(self):
        value = self._issue(100)
        card = self._render(value, self.code)
        self.assertIn('class="o_card_image" ', card)
        self.assertIn('src="data:image/svg+xml;base64,', card)
        self.assertIn(f"Gift Card {value.name}</title>", card)
        self.assertIn("window.print()", card)
        # README says of codes: no address has one.
        self.assertNotIn("/report/barcode", card)

    def test_card_without_its_code_has_no_qr_code(self):
        card = self._render(self._issue(100), None)
        self.assertNotIn("o_card_image", card)

    def test_qr_code_is_of_the_code(self):
        value = self._issue(100)
        images = [
            GiftCard(value.with_context(card_code=code)).get_code_image()
            for code in (self.code, self.code, "AAAA-AAAA-AAAA-AAAA")
        ]
        self.assertEqual(images[0], images[1])
        self.assertNotEqual(images[0], images[2])
        with self.assertNoLogs("odoo", "INFO"):
            GiftCard(value.with_context(card_code=self.code)).get_code_image()

    def test_pdf_is_printed_when_it_opens(self):
        value = self._issue(100)
        writer = PdfFileWriter()
        writer.add_blank_page(100, 100)
        with io.BytesIO() as plain:
            writer.write(plain)
            content = GiftCard(value)._print_at_once(plain.getvalue())
        reader = PdfFileReader(io.BytesIO(content))
        self.assertEqual(reader.metadata["/Title"], f"Gift Card {value.name}")
        self.assertEqual(reader.trailer["/Root"]["/OpenAction"]["/N"], "/Print")
        self.assertNotIn(self.code.encode(), content)

    def test_tour_sells_and_prints_in_five_clicks(self):
        self.account.customer_rank = 1
        self.start_tour(
            "/odoo/customers",
            "gift_card_from_post_transaction",
            login=self.clerk.login,
        )
        value = self.values.search([("partner_id", "=", self.account.id)])
        self.assertRecordValues(
            value,
            [
                {
                    "value_type": "gift_card",
                    "balance": 40,
                    "awaits_hand_over": False,
                    "recipient_email": "maya@example.com",
                    "message": "Keep on dancing!",
                }
            ],
        )
        self.assertTrue(value.sent_date)
        payment = self.env["account.payment"].search(
            [("stored_value_id", "=", value.id)]
        )
        self.assertItems(
            payment.move_id,
            [
                (payment._get_outstanding_account("inbound"), 40, 40),
                (self.sold, -40, -40),
            ],
        )

    def test_tour_row_of_the_billing_page_opens_the_card(self):
        self._issue(100)
        action = self.account.with_user(self.manager).action_view_billing()
        self.start_tour(
            f"/odoo/billing/{action['res_id']}",
            "gift_card_row_opens",
            login=self.manager.login,
        )
