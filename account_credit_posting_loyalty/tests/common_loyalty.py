from odoo.fields import Command

# As a module: its tests would else be found here as well.
from odoo.addons.account_credit_posting.tests.common_stored_value import (
    StoredValueCommon,
)


class LoyaltyCommon(StoredValueCommon):
    """A program of gift cards and one of eWallets, with a product for each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Without sales and tills nobody has a right to loyalty.
        cls.env["ir.model.access"].create(
            [
                {
                    "name": model,
                    "model_id": cls.env["ir.model"]._get_id(model),
                    "group_id": cls.env.ref(
                        "account_credit_posting.group_credit_manager"
                    ).id,
                    **dict.fromkeys(
                        ("perm_read", "perm_write", "perm_create", "perm_unlink"),
                        True,
                    ),
                }
                for model in (
                    *("loyalty.program", "loyalty.card", "loyalty.history"),
                    *("loyalty.reward", "loyalty.rule", "loyalty.mail"),
                    *("loyalty.generate.wizard", "loyalty.card.update.balance"),
                )
            ]
        )
        cls.card_product, cls.top_up_product = cls.env["product.product"].create(
            [
                {"name": "Gift Card", "is_gift_card": True, "list_price": 50},
                {"name": "Top-Up", "is_gift_card": True, "list_price": 30},
            ]
        )
        cls.program = cls._create_program("gift_card", cls.card_product)
        cls.wallets = cls._create_program("ewallet", cls.top_up_product)

    @classmethod
    def _create_card_product(cls):
        return cls.env["product.product"].create(
            {"name": "Another Gift Card", "is_gift_card": True}
        )

    @classmethod
    def _create_program(cls, program_type, product, **vals):
        """Create a program as Odoo's template does."""
        programs = cls.env["loyalty.program"]
        template = programs._get_template_values()[program_type]
        program = programs.create({**template, "company_id": cls.company.id})
        program.rule_ids.product_ids = product
        program.write(vals)
        return program

    @classmethod
    def _create_cards(cls, program, *points, **vals):
        return cls.env["loyalty.card"].create(
            [{"program_id": program.id, "points": each, **vals} for each in points]
        )

    def _take_over(self, program, user=None, **vals):
        """Take over the cards of a program, as the manager if nobody else."""
        dialogs = self.env["loyalty.program.keep"].with_user(user or self.manager)
        dialog = dialogs.create(
            {
                "program_id": program.id,
                "opening_account_id": self.opening.id,
                "account_id": self.accounts[9].id,
                **vals,
            }
        )
        return dialog, dialog.action_keep()

    def _sell(self, product, quantity=1, account=None, **vals):
        """Post an invoice that sells cards; it is not paid."""
        return self._create_invoice(
            account or self.account,
            0,
            invoice_line_ids=[
                Command.create(
                    {
                        "product_id": product.id,
                        "quantity": quantity,
                        "price_unit": product.list_price,
                        "tax_ids": [],
                    }
                )
            ],
            **vals,
        )

    def _pay(self, invoice):
        """Pay an invoice by Odoo's dialog."""
        return (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": self.bank.id})
            ._create_payments()
        )

    def assertPoints(self, cards, *expected):
        """Assert the balance that loyalty shows, and that it is not stale."""
        self.env.flush_all()
        self.assertEqual(cards.mapped("points"), list(expected))
        cards._compute_points()
        self.assertEqual(cards.mapped("points"), list(expected))
