from odoo.tests import JsonRpcException, tagged

from .common_payment import PaymentProviderCommon


@tagged("post_install", "-at_install")
class TestPortalInvoice(PaymentProviderCommon):
    """A customer pays a part with a card, and the rest with a provider."""

    def _begin(self, amounts, amount, user=None, invoice=None, **kwargs):
        """Begin the payment of the rest, as the form of the page does.

        :param amount: the rest that the page has shown
        :return: what the form gets
        """
        self._login(self.payer if user is None else user)
        fields = self._choose(amounts)
        choice = ",".join(
            f"{name.removeprefix('use_')}-{text}" for name, text in fields.items()
        )
        invoice_id = (invoice or self.invoice).id
        return self.make_jsonrpc_request(
            f"/my/invoices/{invoice_id}/balance/transaction/{choice}",
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "amount": amount,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": "/my",
                "is_validation": False,
                "access_token": None,
                "csrf_token": None,
                **kwargs,
            },
        )

    def _end(self, processing, state="done"):
        """Let the provider answer, and the customer come back."""
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {
                "reference": processing["reference"],
                "payment_details": "1234",
                "simulated_state": state,
            },
        )
        return self.make_jsonrpc_request("/payment/status/poll", {})

    def _refuse(self, *args, **kwargs):
        """Return the kind of error with which no payment begins."""
        with self.assertRaises(JsonRpcException) as refusal:
            self._begin(*args, **kwargs)
        self.assertFalse(self._find_transactions())
        self.assertNothingUsed()
        return str(refusal.exception)

    def test_page(self):
        page = self._review({self.card: 50})
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(form.get("data-amount"), "50.0")
        self.assertEqual(
            form.get("data-transaction-route"),
            f"/my/invoices/{self.invoice.id}/balance/transaction/v{self.card.id}-50.00",
        )
        # Where nothing is left to pay, there is no provider.
        page = self._review({self.card: 60, self.prepayment: 40})
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))
        self.assertNothingUsed()

    def test_half_by_card_and_half_by_provider(self):
        processing = self._begin({self.card: 50}, 50)
        self.assertEqual(processing["amount"], 50)
        # README says: "is used when the payment is confirmed"
        self.assertNothingUsed()
        answer = self._end(processing)
        self.assertEqual(answer["state"], "done")
        self.assertEqual(answer["landing_route"], f"/my/invoices/{self.invoice.id}")
        [tx] = self._find_transactions()
        self.assertEqual((tx.state, tx.account_credit_state), ("done", "used"))
        self.assertUsed({self.card: 50})
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertEvents(
            self.card,
            [
                ("issue", [(self.outstanding, 60, 60), (self.sold, -60, -60)]),
                ("use", [(self.sold, 50, 50), (self.receivable, -50, -50)]),
            ],
        )
        [payment] = tx.payment_id
        self.assertItems(
            payment.move_id,
            [
                (payment.outstanding_account_id, 50, 50),
                (self.receivable, -50, -50),
            ],
        )
        self.assertEqual(self.invoice.credit_application_ids.create_uid, self.payer)
        # The webhook comes again, and the scheduled action, too.
        self._end(processing)
        tx._post_process()
        self.assertUsed({self.card: 50})
        self.assertEqual(tx.payment_id, payment)

    def test_payment_fails(self):
        for state in ("error", "cancel"):
            processing = self._begin({self.card: 50, self.credit: 10}, 40)
            self._end(processing, state)
            # README says: "If the payment fails, nothing is used"
            self.assertNothingUsed()
        self._find_transactions()._post_process()
        self.assertNothingUsed()
        # The next try.
        self._end(self._begin({self.card: 50, self.credit: 10}, 40))
        self.assertUsed({self.card: 50, self.credit: 10})
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_payment_under_way(self):
        processing = self._begin({self.card: 50}, 50)
        self._end(processing, "pending")
        self.assertNothingUsed()
        page = self._see(f"/my/invoices/{self.invoice.id}")
        [text] = self._read_all(page, "balance_chosen")
        self.assertIn("$ 50.00 of your account balance is used when", text)
        self.assertFalse(page.xpath("//*[@name='balance_payment']"))
        # Nothing else is used, or paid, until it is known what becomes of it.
        self._use({self.card: 10})
        self.assertNothingUsed()
        with self.assertRaises(JsonRpcException):
            self._begin({self.card: 50}, 50)
        self.assertEqual(len(self._find_transactions()), 1)
        tx = self._find_transactions()
        tx.action_demo_set_done()
        # The money has arrived, and is not on the invoice yet.
        self._use({self.card: 10})
        self.assertNothingUsed()
        tx._post_process()
        self.assertUsed({self.card: 50})
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_capture_by_hand(self):
        self.provider.capture_manually = True
        self._end(self._begin({self.card: 50}, 50))
        tx = self._find_transactions()
        self.assertEqual(tx.state, "authorized")
        self.assertNothingUsed()
        tx._capture()
        (tx | tx.child_transaction_ids)._post_process()
        self.assertUsed({self.card: 50})
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_gone_meanwhile(self):
        processing = self._begin({self.card: 50}, 50)
        # Another tab, a clerk, the daily run.
        other = self._create_invoice(self.account, 45)
        self.card.with_user(self.clerk).apply_to_invoice(other.id)
        self._end(processing)
        self.assertUsed({self.card: 15})
        self.assertEqual(self.invoice.amount_residual, 35)
        tx = self._find_transactions()
        self.assertEqual(tx.account_credit_state, "gone")
        [message] = self.invoice.message_ids.filtered(
            lambda message: "was received" in (message.body or "")
        )
        self.assertIn(self.payer.partner_id, message.partner_ids)
        self.assertRegex(
            message.body.replace("&nbsp;", " "),
            r"payment of \$ 50.00 .*\$ 35.00 was not used.*Left to pay: \$ 35.00",
        )
        page = self._see(f"/my/invoices/{self.invoice.id}")
        self.assertEqual(len(self._read_all(page, "balance_gone")), 1)

    def test_paid_meanwhile(self):
        processing = self._begin({self.card: 50}, 50)
        self._use({self.prepayment: 40, self.card: 60}, user=self.member)
        self.assertEqual(self.invoice.payment_state, "paid")
        self._end(processing)
        self._find_transactions()._post_process()
        # The money is on the account, as with Odoo; nothing more was used.
        self.assertUsed({self.prepayment: 40, self.card: 60})
        [tx] = self._find_transactions()
        self.assertEqual(tx.account_credit_state, "gone")
        self.assertEqual(
            tx.payment_id.move_id.line_ids.filtered(
                lambda item: item.account_id == self.receivable
            ).amount_residual,
            -50,
        )

    def test_no_longer_allowed(self):
        processing = self._begin({self.card: 50}, 50)
        self.company.portal_pay_gift_cards = False
        self._end(processing)
        self.assertUsed({})
        self.assertEqual(self.invoice.amount_residual, 50)

    def test_two_payments_of_one_choice(self):
        first = self._begin({self.card: 60}, 40)
        second = self._begin({self.card: 60}, 40)
        self._end(second)
        self.assertUsed({self.card: 60})
        self._end(first)
        self._find_transactions()[0]._post_process()
        self.assertUsed({self.card: 60})
        self.assertEqual(self.card.balance, 0)
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_saved_card_of_the_customer(self):
        token = self._create_token(self.payer)
        foreign = self._create_token(self.stranger)
        self.assertIn(
            "ValidationError",
            self._refuse({self.card: 50}, 50, flow="token", token_id=foreign.id),
        )
        self._begin({self.card: 50}, 50, flow="token", token_id=token.id)
        self.assertNothingUsed()
        self.make_jsonrpc_request("/payment/status/poll", {})
        self.assertUsed({self.card: 50})
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_saved_card_that_is_refused(self):
        token = self._create_token(self.payer, "error")
        self._begin({self.card: 50}, 50, flow="token", token_id=token.id)
        self.make_jsonrpc_request("/payment/status/poll", {})
        self.assertEqual(self._find_transactions().state, "error")
        self.assertNothingUsed()

    def test_tampered(self):
        other_card = self._issue(50, account=self.accounts[1])
        for amounts, amount in (
            ({self.card: 50}, 49),
            ({self.card: 50}, 51),
            ({self.card: 50}, -50),
            ({self.card: 50}, 0),
            ({self.card: 50}, None),
            ({self.card: 50}, "50"),
            ({self.card: 50}, True),
            ({self.card: 61}, 39),
            ({self.card: -50}, 150),
            ({self.card: "1e1"}, 90),
            ({other_card: 50}, 50),
            ({self.card: 60, self.prepayment: 40}, 0),
            ({self.card: 60, self.prepayment: 40, self.credit: 30}, -30),
        ):
            with self.subTest(amounts=amounts, amount=amount):
                self._refuse(amounts, amount)
        for kwargs in (
            {"provider_id": self.env.ref("payment.payment_provider_demo").id},
            {"provider_id": 2**40},
            {"provider_id": None},
            {"account_credit_choice": {}},
            {"reference_prefix": "x"},
            {"custom_create_values": {"amount": 1}},
        ):
            with self.subTest(kwargs=kwargs):
                self._refuse({self.card: 50}, 50, **kwargs)
        for user in (self.stranger, self.clerk, False):
            with self.subTest(user=user):
                self._refuse({self.card: 50}, 50, user)
        # The amount and the page afterwards are ours, whatever is sent.
        processing = self._begin(
            {self.card: 50}, 50, is_validation=True, landing_route="//example.com"
        )
        [tx] = self._find_transactions()
        self.assertEqual((tx.amount, processing["amount"]), (50, 50))
        self.assertEqual(tx.operation, "online_direct")
        self.assertEqual(tx.landing_route, f"/my/invoices/{self.invoice.id}")

    def test_foreign_currency(self):
        euro = self.env.ref("base.EUR")
        self.setup_other_currency("EUR", rates=[("2024-01-01", 2)])
        invoice = self._create_invoice(self.account, 100, currency_id=euro.id)
        card = self._issue(50, currency_id=euro.id)
        self._end(self._begin({card: 50}, 50, invoice=invoice))
        self.assertUsed({card: 50}, invoice)
        self.assertEqual(invoice.amount_residual, 0)

    def test_written_by_nobody_else(self):
        self._begin({self.card: 50}, 50)
        tx = self._find_transactions()
        for vals in (
            {"account_credit_choice": {f"v{self.card.id}": 60}},
            {"account_credit_state": "used"},
        ):
            with self.assertRaisesRegex(Exception, "cannot be written"):
                tx.write(vals)
