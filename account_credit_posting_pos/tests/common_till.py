from uuid import uuid4

from odoo import fields
from odoo.fields import Command

# As modules: their tests would else be found here as well.
from odoo.addons.account_credit_posting.tests.common_stored_value import (
    StoredValueCommon,
)


class TillCommon(StoredValueCommon):
    """A till with an open session, and what a cashier does there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("point_of_sale.group_pos_manager")
        cls.cashier = cls._create_user(
            "cashier", "base.group_user,point_of_sale.group_pos_user"
        )
        cls.company.account_default_pos_receivable_account_id = cls.env[
            "account.account"
        ].create(
            {
                "name": "Till",
                "code": "TILL",
                "account_type": "asset_receivable",
                "reconcile": True,
            }
        )
        cls.till = cls.company.account_default_pos_receivable_account_id
        cls.cash = cls.company_data["default_journal_cash"]
        cls.cash_method, cls.bank_method, cls.later_method = cls.env[
            "pos.payment.method"
        ].create(
            [
                {"name": "Cash", "journal_id": cls.cash.id},
                {"name": "Card", "journal_id": cls.bank.id},
                {"name": "Later", "split_transactions": True},
            ]
        )
        cls.config = cls._create_config()
        products = cls.env["product.product"]
        cls.product, cls.book = products.create(
            [
                {
                    # Not the name of the product that `pos_loyalty` brings.
                    "name": "Studio Card",
                    "is_gift_card": True,
                    "available_in_pos": True,
                    "list_price": 50,
                },
                {
                    "name": "Book",
                    "available_in_pos": True,
                    "list_price": 20,
                    "taxes_id": [],
                },
            ]
        )
        cls.revenue = cls.company_data["default_account_revenue"]

    def setUp(self):
        super().setUp()
        self.pos_session = self._open()

    @classmethod
    def _create_config(cls, **vals):
        methods = vals.pop("methods", cls._get_methods())
        return cls.env["pos.config"].create(
            {
                "name": "Shop",
                "payment_method_ids": [Command.set(methods.ids)],
                **vals,
            }
        )

    @classmethod
    def _get_methods(cls):
        return cls.cash_method | cls.bank_method | cls.later_method

    def _open(self, config=None):
        config = config or self.config
        config.with_user(self.cashier).open_ui()
        session = config.current_session_id
        session.set_opening_control(0, "")
        return session

    def _close(self, session=None):
        """Close a session, as its cashier; return its entry."""
        session = session or self.pos_session
        session = session.with_user(self.cashier)
        orders = session.sudo().order_ids
        if session.config_id.cash_control:
            cash = orders.payment_ids.filtered("payment_method_id.is_cash_count")
            session.post_closing_cash_details(sum(cash.mapped("amount")))
        answer = session.close_session_from_ui()
        self.assertEqual(answer, {"successful": True})
        self.assertEqual(session.state, "closed")
        return session.sudo().move_id

    def _order(self, *lines, method=None, session=None, **vals):
        """Let the till send an order that is paid.

        :param lines: ``(product, quantity)`` or values of the line
        :return: the order
        """
        session = session or self.pos_session
        line_vals = [self._prepare_line(line) for line in lines]
        total = sum(line["price_subtotal_incl"] for line in line_vals)
        untaxed = sum(line["price_subtotal"] for line in line_vals)
        data = {
            "amount_paid": total,
            "amount_return": 0,
            "amount_tax": total - untaxed,
            "amount_total": total,
            "date_order": fields.Datetime.to_string(fields.Datetime.now()),
            "fiscal_position_id": False,
            "lines": [Command.create(line) for line in line_vals],
            "name": "Order",
            "partner_id": False,
            "payment_ids": [
                Command.create(
                    {
                        "amount": total,
                        "name": fields.Datetime.now(),
                        "payment_method_id": (method or self.cash_method).id,
                    }
                )
            ],
            "pricelist_id": False,
            "session_id": session.id,
            "state": "paid",
            "to_invoice": False,
            "user_id": self.cashier.id,
            "uuid": str(uuid4()),
            **vals,
        }
        orders = self.env["pos.order"].with_user(self.cashier)
        answer = orders.sync_from_ui([data])
        synced = orders.browse(order["id"] for order in answer["pos.order"])
        return synced.filtered(lambda order: order.uuid == data["uuid"]).sudo()

    def _prepare_line(self, line):
        vals = line if isinstance(line, dict) else {"product": line[0], "qty": line[1]}
        vals = dict(vals)
        product = vals.pop("product")
        price = vals.setdefault("price_unit", product.list_price)
        discounted = price * (1 - vals.get("discount", 0) / 100)
        total = vals["qty"] * discounted
        return {
            "product_id": product.id,
            "full_product_name": product.name,
            "price_subtotal": total,
            "price_subtotal_incl": total,
            "tax_ids": [],
            "pack_lot_ids": [],
            "uuid": str(uuid4()),
            **vals,
        }

    def _refund(self, lines, session=None, **vals):
        """Let the till take back lines of an order."""
        return self._order(
            *(
                {
                    "product": line.product_id,
                    "qty": -line.qty,
                    "price_unit": line.price_unit,
                    "refunded_orderline_id": line.id,
                }
                for line in lines
            ),
            session=session,
            is_refund=True,
            **vals,
        )

    def _get_events(self, cards):
        """Return what became of cards, as their history says it."""
        self.env.flush_all()
        movements = self.env["account.stored.value.movement"]
        found = movements.search([("stored_value_id", "in", cards.ids)], order="id")
        return found.mapped("event")

    def _send_cards(self):
        """Let the scheduled action email the cards whose day has come."""
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_credit_posting.ir_cron_send_gift_cards"
            ).method_direct_trigger()

    def assertCards(self, order, expected):
        """Assert the gift cards that an order sold.

        :param expected: ``[(state, balance)]``
        """
        self.env.flush_all()
        cards = order.lines.gift_card_ids
        self.assertEqual([(card.state, card.balance) for card in cards], expected)
        return cards
