from unittest.mock import patch

from odoo.tests import tagged

from ..models.account_move import AccountMove
from ..tools.posting import get_posting
from .common_application import AccountCreditApplicationCommon

#: What this addon does when a document is posted.
POST = AccountMove._post


@tagged("post_install", "-at_install")
class TestWaitingDocuments(AccountCreditApplicationCommon):
    """Credits wait until another addon has paid what was posted."""

    def setUp(self):
        super().setUp()
        self.credit = self._post_line(50)

    def _pay(self, paid):
        """Let another addon pay documents when they are posted, after we have posted.

        As if it was installed later than this one: its ``_post`` calls ours.

        :param paid: ``{invoice: payment}``
        """

        def _post(move, soft=True):
            posted = POST(move, soft=soft)
            for invoice in posted.filtered(lambda invoice: invoice in paid):
                items = paid[invoice].move_id.line_ids.filtered(
                    lambda item: item.account_id == self.receivable
                )
                invoice.js_assign_outstanding_line(items.id)
            return posted

        return self._post_as(_post)

    def _post_as(self, method):
        return patch.object(AccountMove, "_post", method)

    def _draft(self, *amounts, account=None):
        return self.env["account.move"].create(
            [
                self._prepare_invoice_vals(account or self.account, amount)
                for amount in amounts
            ]
        )

    def assertPartials(self, invoice, expected):
        """Assert all that pays an invoice.

        :param expected: ``[(credit or payment, amount)]`` in the order of paying
        """
        partials = invoice.line_ids.matched_credit_ids.sorted("id")
        self.assertEqual(
            [(item.credit_move_id.move_id, item.amount) for item in partials],
            [(document.move_id, amount) for document, amount in expected],
        )

    def test_credits_take_what_is_left(self):
        invoice, payment = self._draft(100), self._create_payment(60)
        with self._pay({invoice: payment}):
            invoice.action_post()
        self.assertPartials(invoice, [(payment, 60), (self.credit, 40)])
        self.assertPays(self.credit, [(invoice, 40)])
        self.assertRest({invoice: (0, "paid"), self.credit.move_id: (10, "partial")})
        self.assertItems(
            invoice,
            [
                (self.company_data["default_account_revenue"], -100, -100),
                (self.receivable, 100, 100),
            ],
        )
        self.assertTrue(payment.is_reconciled)

    def test_document_that_is_paid_leaves_credits_alone(self):
        invoice, payment = self._draft(100), self._create_payment(100)
        with self._pay({invoice: payment}):
            invoice.action_post()
        self.assertPartials(invoice, [(payment, 100)])
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        self.assertFalse(invoice.credit_application_ids)

    def test_credits_pay_what_nobody_paid(self):
        invoice = self._draft(100)
        with self._pay({}):
            invoice.action_post()
        self.assertPartials(invoice, [(self.credit, 50)])
        self.assertRest({invoice: (50, "partial")})

    def test_documents_of_one_posting_are_paid_together(self):
        invoices = self._draft(100, 30, 20)
        payment = self._create_payment(90)
        with self._pay({invoices[0]: payment}):
            invoices.action_post()
        self.assertPartials(invoices[0], [(payment, 90), (self.credit, 10)])
        self.assertPartials(invoices[1], [(self.credit, 30)])
        self.assertPartials(invoices[2], [(self.credit, 10)])
        self.assertRest({self.credit.move_id: (0, "paid")})

    def test_whoever_posts_sees_what_was_posted_as_before(self):
        invoice = self._draft(100).with_user(self.clerk)
        posted = invoice._post(soft=False)
        self.assertEqual(posted, invoice)
        # Odoo's own key, as without this addon.
        expected = {**invoice.env.context, "skip_is_manually_modified": True}
        self.assertEqual(dict(posted.env.context), expected)
        self.assertPartials(invoice.sudo(), [(self.credit, 50)])

    def test_posting_within_a_posting_waits_for_the_outer_one(self):
        outer, inner = self._draft(100), self._draft(30)
        payment = self._create_payment(30)
        states = []

        def _post(move, soft=True):
            posted = POST(move, soft=soft)
            if posted == outer:
                inner.with_env(move.env)._post(soft=False)
                states.append(inner.payment_state)
                item = payment.move_id.line_ids.filtered(
                    lambda item: item.account_id == self.receivable
                )
                inner.js_assign_outstanding_line(item.id)
            return posted

        with self._post_as(_post):
            outer.action_post()
        self.assertEqual(states, ["not_paid"])
        self.assertPartials(inner, [(payment, 30)])
        self.assertPartials(outer, [(self.credit, 50)])

    def test_error_ends_the_waiting(self):
        invoice = self._draft(100)
        envs = []

        def _post(move, soft=True):
            envs.append(move.env)
            POST(move, soft=soft)
            raise ValueError("The bank is closed.")

        with (
            self._post_as(_post),
            self.assertRaisesRegex(ValueError, "The bank is closed."),
            self.cr.savepoint(),
        ):
            invoice.action_post()
        self.assertFalse(get_posting(envs[0]).is_holding)
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        self.assertEqual(invoice.state, "draft")
        # Also in the context that was left.
        invoice.with_env(envs[0]).action_post()
        self.assertPartials(invoice, [(self.credit, 50)])

    def test_what_was_rolled_back_meanwhile_is_not_paid(self):
        invoice, gone = self._draft(100), []

        def _post(move, soft=True):
            posted = POST(move, soft=soft)
            if posted == invoice:
                with self.assertRaises(ValueError), self.cr.savepoint():
                    gone.append(self._draft(20).with_env(move.env))
                    gone[0]._post(soft=False)
                    raise ValueError("Not this one.")
            return posted

        with self._post_as(_post):
            invoice.action_post()
        self.assertFalse(gone[0].exists())
        self.assertPartials(invoice, [(self.credit, 50)])

    def test_credit_note_waits_too(self):
        self.company.credit_apply_credit_notes = True
        invoice = self._create_invoice(self.accounts[1], 100)
        note = self._draft(70, account=self.accounts[1])
        note.move_type = "out_refund"
        payment = self._create_payment(60, account=self.accounts[1])
        states = []

        def _post(move, soft=True):
            posted = POST(move, soft=soft)
            states.append(note.payment_state)
            item = payment.move_id.line_ids.filtered(
                lambda item: item.account_id == self.receivable
            )
            invoice.js_assign_outstanding_line(item.id)
            return posted

        with self._post_as(_post):
            note.action_post()
        self.assertEqual(states, ["not_paid"])
        partials = invoice.line_ids.matched_credit_ids.sorted("id")
        self.assertEqual(
            [(item.credit_move_id.move_id, item.amount) for item in partials],
            [(payment.move_id, 60), (note, 40)],
        )

    def test_no_caller_can_make_documents_wait(self):
        invoice = self._draft(100)
        invoice.with_context(credit_posting={"waiting": True}).action_post()
        self.assertPartials(invoice, [(self.credit, 50)])
