import subprocess
import sys
from pathlib import Path

from lxml import etree

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.account_credit_posting.tests.common_stored_value import (
    StoredValueCommon,
)

#: What the same thing is called in UBL and in CII.
PATHS = {
    "ubl": {
        "category": "//*[local-name()='ClassifiedTaxCategory']/*[local-name()='ID']",
        "breakdown": "//*[local-name()='TaxSubtotal']/*[local-name()='TaxCategory']"
        "/*[local-name()='ID']",
        "reason": "//*[local-name()='TaxExemptionReason']",
        "rate": "//*[local-name()='Percent']",
        "vat": "//*[local-name()='PartyTaxScheme'][*/*[.='VAT']]",
        "total": "//*[local-name()='TaxInclusiveAmount']",
        "prepaid": "//*[local-name()='PrepaidAmount']",
        "payable": "//*[local-name()='PayableAmount']",
    },
    "cii": {
        "category": "//*[local-name()='SpecifiedLineTradeSettlement']"
        "//*[local-name()='CategoryCode']",
        "breakdown": "//*[local-name()='ApplicableHeaderTradeSettlement']"
        "/*[local-name()='ApplicableTradeTax']/*[local-name()='CategoryCode']",
        "reason": "//*[local-name()='ExemptionReason']",
        "rate": "//*[local-name()='RateApplicablePercent']",
        "vat": "//*[local-name()='SpecifiedTaxRegistration']/*[@schemeID='VA']",
        "total": "//*[local-name()='GrandTotalAmount']",
        "prepaid": "//*[local-name()='TotalPrepaidAmount']",
        "payable": "//*[local-name()='DuePayableAmount']",
    },
}
#: ``{format: (country of both, VAT identifier of the company, of the customer,
#: registry)}``
FORMATS = {
    "ubl_bis3": ("base.be", "BE0202239951", "BE0477472701", "0202239951"),
    "xrechnung": ("base.de", "DE257486969", "DE136695976", "HRB 1234"),
    "nlcius": ("base.nl", "NL000099998B57", "NL123456782B90", "77777677"),
    "ciusro": ("base.ro", "RO1234567897", "RO8001011234567", "J40/1234/2020"),
    "facturx": ("base.fr", "FR23334175221", "FR05677404089", "334175221"),
}


def find_broken_rules(syntax, content):
    """Return what a validator of EN 16931 says of a document.

    :param syntax: "ubl" or "cii"
    :param bytes content: the document
    :return: list of sentences; none where it holds
    """
    validator = Path(__file__).with_name("validator.py")
    return subprocess.run(
        [sys.executable, validator, syntax],
        input=content.decode().partition("?>")[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


@tagged("post_install", "-at_install")
class TestElectronicInvoice(StoredValueCommon):
    """Credits and gift cards leave as electronic invoices that say: this is no sale."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.belgium = cls.env.ref("base.be")
        cls._move_to(cls.belgium, "BE0202239951", "BE0477472701", "0202239951")
        cls.bank_account = cls.env["res.partner.bank"].create(
            {
                "acc_number": "BE68539007547034",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        cls.card = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 50}
        )
        cls.vat = cls.env["account.tax"].create(
            {
                "name": "VAT",
                "amount": 21,
                "type_tax_use": "sale",
                "country_id": cls.belgium.id,
                "company_id": cls.company.id,
            }
        )
        cls.book = cls.env["product.product"].create(
            {
                "name": "Book",
                "list_price": 100,
                "taxes_id": [Command.set(cls.vat.ids)],
            }
        )

    @classmethod
    def _move_to(cls, country, vat, customer_vat, registry):
        """Let the company and its customer be of a country."""
        address = {
            "street": "Main Street 1",
            "city": "Capital",
            "zip": "1000",
            "country_id": country.id,
            "state_id": country.state_ids[:1].id,
            "phone": "+32 2 123 45 67",
            "email": "office@example.com",
        }
        cls.company.partner_id.write({**address, "vat": vat})
        cls.company.company_registry = registry
        cls.company.account_fiscal_country_id = country
        cls.account.write({**address, "vat": customer_vat, "ref": "Buyer"})
        cls.company._say_what_is_no_sale()

    def _get_no_sale(self):
        return self.company._get_no_sale_tax()

    def _sell(self, *products, **vals):
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-15",
                "ref": "Order 1",
                "partner_bank_id": self.bank_account.id,
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, **line})
                    for product, line in products
                ],
                **vals,
            }
        )

    def _export(self, move, edi_format):
        """Export a document.

        :return: ``({name: list of texts, see PATHS}, errors)``
        """
        builder = self.account._get_edi_builder(edi_format)
        content, errors = builder._export_invoice(move)
        syntax = "cii" if edi_format == "facturx" else "ubl"
        errors = [*filter(None, errors), *find_broken_rules(syntax, content)]
        tree = etree.fromstring(content)
        paths = PATHS[syntax]
        return {
            name: [node.text for node in tree.xpath(path)]
            for name, path in paths.items()
        }, errors

    def _post_credit(self, amount=30):
        answer = (
            self.env["account.credit.batch"]
            .with_user(self.clerk)
            .post_credits(
                self.item.id, [{"account_id": self.account.id, "amount": amount}]
            )
        )
        line = self.env["account.credit.batch"].browse(answer["batch_id"]).line_ids
        self.assertEqual(line.state, "posted", line.error)
        return line.move_id

    # -------------------------------------------------------------------------
    # THE TAX
    # -------------------------------------------------------------------------

    def test_on_credit_items_and_gift_cards_without_taxes(self):
        tax = self._get_no_sale()
        self.assertEqual(
            (tax.amount, tax.ubl_cii_tax_category_code), (0, "O"), "outside the scope"
        )
        self.assertEqual(tax.ubl_cii_tax_exemption_reason_code, "VATEX-EU-O")
        self.assertFalse(
            (tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids).tag_ids
        )
        self.assertEqual(self.item.taxes_id, tax)
        self.assertEqual(self.card.taxes_id, tax)
        self.assertEqual(self._get_no_sale(), tax, "there is one")

    def test_leaves_where_a_tax_is_chosen_and_comes_back(self):
        self.item.taxes_id = self.vat
        self.assertEqual(self.item.taxes_id, self.vat)
        self.item.taxes_id += self._get_no_sale()
        self.assertEqual(self.item.taxes_id, self.vat)
        self.item.taxes_id = False
        self.assertEqual(self.item.taxes_id, self._get_no_sale())

    def test_a_tax_that_charges_is_refused_on_a_gift_card(self):
        with self.assertRaises(ValidationError):
            self.card.taxes_id = self.vat

    def test_single_purpose_voucher_is_a_sale_with_its_tax(self):
        shares = self.vat.repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        )
        shares.account_id = self.company_data["default_account_tax_sale"]
        for edi_format in ("ubl_bis3", "facturx"):
            voucher = self.env["product.product"].create(
                {
                    "name": "Massage",
                    "is_gift_card": True,
                    "voucher_kind": "single",
                    "taxes_id": [Command.set(self.vat.ids)],
                }
            )
            self.assertEqual(voucher.taxes_id, self.vat)
            # It needs no document of its own.
            invoice = self._sell(
                (voucher, {"price_unit": 100, "quantity": 2}),
                (self.book, {"quantity": 1}),
            )
            invoice.action_post()
            texts, errors = self._export(invoice, edi_format)
            self.assertFalse(errors, edi_format)
            self.assertEqual(texts["category"], ["S"] * 3)
            self.assertEqual(texts["breakdown"], ["S"])
            self.assertAmounts(texts, 363, 0)
            self.assertEqual(invoice.sold_value_ids.mapped("balance"), [121, 121])

    def test_others_are_left_alone(self):
        product = self.env["product.product"].create(
            {"name": "Book", "taxes_id": [Command.clear()]}
        )
        self.assertFalse(product.taxes_id)

    def test_each_company_has_its_own(self):
        company = self._create_company(name="Other")
        company.account_fiscal_country_id = self.belgium
        company._say_what_is_no_sale()
        taxes = self.item.sudo().taxes_id
        self.assertEqual(taxes.company_id, self.company | company)
        self.assertEqual(len(taxes), 2)
        abroad = self._create_company(name="Abroad")
        abroad.account_fiscal_country_id = self.env.ref("base.us")
        self.assertFalse(abroad._get_no_sale_tax())

    # -------------------------------------------------------------------------
    # WHAT IS BOOKED: AS WITHOUT IT
    # -------------------------------------------------------------------------

    def test_credit_is_booked_as_without_it(self):
        move = self._post_credit(30)
        self.assertItems(
            move, [(self.credit_account, 30, 30), (self.receivable, -30, -30)]
        )
        line = move.invoice_line_ids
        self.assertEqual(line.tax_ids, self._get_no_sale())
        self.assertFalse(line.tax_tag_ids)
        self.assertEqual((move.amount_untaxed, move.amount_tax), (30, 0))

    def test_credit_is_as_odoo_makes_it(self):
        ours = self._post_credit(30)
        theirs = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.account.id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.item.id, "price_unit": 30})
                ],
            }
        )
        for name in ("tax_ids", "account_id", "balance", "tax_base_amount"):
            self.assertEqual(
                theirs.invoice_line_ids.mapped(name), ours.invoice_line_ids.mapped(name)
            )
        self.assertEqual(len(theirs.line_ids), len(ours.line_ids))
        self.assertEqual(theirs.tax_totals, ours.tax_totals)

    def test_gift_card_is_sold_as_without_it(self):
        invoice = self._sell((self.card, {}))
        invoice.action_post()
        self.assertItems(invoice, [(self.receivable, 50, 50), (self.sold, -50, -50)])
        self.assertEqual(invoice.sold_value_ids.initial_amount, 50)

    # -------------------------------------------------------------------------
    # WHAT IS SENT
    # -------------------------------------------------------------------------

    def assertNoSale(self, move, edi_format, amount, prepaid):
        """Assert that a document can be sent, by the rules of category O.

        BT-112 less BT-113 is BT-115.
        """
        texts, errors = self._export(move, edi_format)
        self.assertFalse(errors, edi_format)
        self.assertEqual(texts["category"], ["O"])
        self.assertEqual(texts["breakdown"], ["O"])
        self.assertEqual(texts["reason"], ["Not subject to VAT"])
        self.assertFalse(texts["rate"], "BR-O-05: there is no rate")
        self.assertFalse(texts["vat"], "BR-O-02: there is no VAT identifier")
        self.assertAmounts(texts, amount, prepaid)

    def assertAmounts(self, texts, amount, prepaid):
        [total], [payable] = texts["total"], texts["payable"]
        self.assertEqual(float(total), amount)
        self.assertEqual(sum(map(float, texts["prepaid"])), prepaid)
        self.assertEqual(float(payable), round(amount - prepaid, 2))

    def test_validator_finds_what_is_wrong(self):
        invoice = self._sell((self.card, {}))
        invoice.action_post()
        builder = self.account._get_edi_builder("ubl_bis3")
        content, _errors = builder._export_invoice(invoice)
        wrong = content.replace(b">O<", b">S<")
        self.assertNotEqual(content, wrong)
        [*broken] = find_broken_rules("ubl", wrong)
        self.assertTrue(any("BR-S-05" in rule for rule in broken), broken)

    def test_each_format(self):
        for edi_format, (xmlid, *facts) in FORMATS.items():
            with self.subTest(format=edi_format):
                # Of its own: nothing is left open by the format before.
                self.account = self.account.copy()
                country = self.env.ref(xmlid)
                self._move_to(country, *facts)
                self.vat.country_id = country
                self.account.invoice_edi_format = edi_format
                credit = self._post_credit(30)
                credit.ref = "Order 1"
                self.assertNoSale(credit, edi_format, 30, 0)
                sale = self._sell((self.card, {}))
                sale.action_post()
                self.assertNoSale(sale, edi_format, 50, 0)
                self._sell((self.book, {})).action_post()
                self.assertNoSale(credit, edi_format, 30, 30)

    def test_denmark(self):
        """OIOUBL is no EN 16931: what is no sale is zero rated there."""
        self._move_to(self.env.ref("base.dk"), "DK58403288", "DK12345674", "58403288")
        self.account.invoice_edi_format = "oioubl_201"
        sale = self._sell((self.card, {}))
        sale.action_post()
        builder = self.account._get_edi_builder("oioubl_201")
        content, errors = builder._export_invoice(sale)
        self.assertFalse([*filter(None, errors)])
        tree = etree.fromstring(content)
        for path, text in (
            (PATHS["ubl"]["category"], "ZeroRated"),
            (PATHS["ubl"]["payable"], "50.00"),
        ):
            self.assertEqual([node.text for node in tree.xpath(path)], [text])

    def test_denmark_half_paid(self):
        """As its addons want it: OIOUBL 2.01 of Odoo says what is left, no more."""
        self._move_to(self.env.ref("base.dk"), "DK58403288", "DK12345674", "58403288")
        self.vat.country_id = self.env.ref("base.dk")
        for edi_format, prepaid in (("oioubl_201", []), ("oioubl_21", ["30.00"])):
            with self.subTest(format=edi_format):
                self.account = self.account.copy()
                self.account.invoice_edi_format = edi_format
                self._post_credit(30)
                invoice = self._sell((self.book, {}))
                invoice.action_post()
                self.assertEqual(invoice.amount_residual, 91)
                builder = self.account._get_edi_builder(edi_format)
                content, errors = builder._export_invoice(invoice)
                self.assertFalse([*filter(None, errors)])
                tree = etree.fromstring(content)
                for name, texts in (
                    ("total", ["121.00"]),
                    ("prepaid", prepaid),
                    ("payable", ["91.00"]),
                ):
                    nodes = tree.xpath(PATHS["ubl"][name])
                    self.assertEqual([node.text for node in nodes], texts, name)

    def test_malaysia(self):
        """As its addon wants it: a prepaid payment, and the rest is payable."""
        self._move_to_malaysia()
        self.book.l10n_my_edi_classification_code = "001"
        value = self._issue(91)
        self._post_credit(30)
        invoice = self._sell((self.book, {}))
        invoice.action_post()
        names = ("PaidAmount", "PayableAmount")
        texts = self._export_to_malaysia(invoice, *names)
        self.assertEqual(texts, (["30.00"], ["91.00"]))
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        texts = self._export_to_malaysia(invoice, *names)
        self.assertEqual(texts, (["121.00"], ["0.00"]))

    def test_no_sale_in_malaysia(self):
        """No sale is "06", not applicable, and each line says what it is."""
        self._move_to_malaysia()
        tax = self._get_no_sale()
        self.assertRecordValues(
            tax,
            [
                {
                    "amount": 0,
                    "l10n_my_tax_type": "06",
                    "ubl_cii_tax_category_code": False,
                    "ubl_cii_tax_exemption_reason_code": False,
                }
            ],
        )
        self.assertEqual(self._get_no_sale(), tax, "there is one")
        self.assertEqual((self.item | self.card).taxes_id, tax)
        credit = self._post_credit(30)
        self.assertItems(
            credit, [(self.credit_account, 30, 30), (self.receivable, -30, -30)]
        )
        # What is no sale may stand beside others: there is no category O.
        self.account.invoice_edi_format = "ubl_bis3"
        self.book.l10n_my_edi_classification_code = "001"
        sale = self._sell((self.card, {}))
        mixed = self._sell((self.card, {}), (self.book, {}))
        (sale | mixed).action_post()
        self.assertItems(sale, [(self.receivable, 50, 50), (self.sold, -50, -50)])
        for move, kinds, categories, total in (
            (credit, ["022"], {"06"}, "30.00"),
            (sale, ["044"], {"06"}, "50.00"),
            (mixed, ["044", "001"], {"06", "01"}, "171.00"),
        ):
            with self.subTest(move.name):
                found, codes, totals = self._export_to_malaysia(
                    move,
                    "TaxCategory']/*[local-name()='ID",
                    "ItemClassificationCode",
                    "TaxInclusiveAmount",
                )
                self.assertEqual(set(found), categories)
                self.assertEqual(codes, kinds)
                self.assertEqual(totals, [total])

    def test_malaysia_keeps_what_was_chosen(self):
        self.item.l10n_my_edi_classification_code = "010"
        self._move_to_malaysia()
        self.assertEqual(self.item.l10n_my_edi_classification_code, "010")

    def _move_to_malaysia(self):
        country = self.env.ref("base.my")
        self._move_to(country, "C2584563200", "C2584563201", "202001234567")
        classes = self.env["l10n_my_edi.industry_classification"]
        facts = {
            "l10n_my_identification_type": "BRN",
            "l10n_my_identification_number": "202001234567",
            "l10n_my_edi_industrial_classification": classes.search([], limit=1).id,
            "phone": "+60123456789",
        }
        self.company.write({**facts, "l10n_my_edi_mode": "test"})
        self.account.write(facts)
        self.env["account.tax.group"].create(
            {"name": "SST", "company_id": self.company.id, "country_id": country.id}
        )
        self.vat.write({"country_id": country.id, "l10n_my_tax_type": "01"})

    def _export_to_malaysia(self, invoice, *names):
        """Export a document; return the texts of its nodes with these names."""
        document = invoice._create_myinvois_document()
        content, errors = document._myinvois_generate_xml_file()
        self.assertFalse(errors)
        tree = etree.fromstring(content)
        return tuple(
            [node.text for node in tree.xpath(f"//*[local-name()='{name}']")]
            for name in names
        )

    def test_italy(self):
        self._move_to(self.env.ref("base.it"), "IT12345670017", "IT12345670017", "1")
        tax = self._get_no_sale()
        self.assertEqual(tax.l10n_it_exempt_reason, "N2.2")
        sale = self._sell((self.card, {}))
        sale.action_post()
        self.assertFalse(sale._l10n_it_edi_export_taxes_check())
        self.assertEqual(self._post_credit(30)._l10n_it_edi_export_taxes_check(), {})

    def test_taxed_invoice_paid_by_credit_and_card(self):
        self._post_credit(30)
        value = self._issue(91)
        invoice = self._sell((self.book, {}))
        invoice.action_post()
        texts, errors = self._export(invoice, "ubl_bis3")
        self.assertFalse(errors)
        self.assertEqual(texts["category"], ["S"])
        self.assertEqual([float(rate) for rate in set(texts["rate"])], [21])
        self.assertTrue(texts["vat"])
        self.assertAmounts(texts, 121, 30)
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        texts, errors = self._export(invoice, "ubl_bis3")
        self.assertFalse(errors)
        self.assertAmounts(texts, 121, 121)

    # -------------------------------------------------------------------------
    # ALONE ON ITS DOCUMENT
    # -------------------------------------------------------------------------

    def test_gift_card_is_alone_on_an_electronic_invoice(self):
        self.account.invoice_edi_format = "ubl_bis3"
        invoice = self._sell((self.card, {}), (self.book, {}))
        with self.assertRaisesRegex(UserError, "Gift Card must be invoiced separately"):
            invoice.action_post()
        self.assertEqual(invoice.state, "draft")
        self.account.invoice_edi_format = False
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 171)

    def test_the_draft_says_so_before_it_is_posted(self):
        self.account.invoice_edi_format = "ubl_bis3"
        sentence = "Gift Card must be invoiced separately"
        with Form(
            self.env["account.move"]
            .with_user(self.clerk)
            .with_context(default_move_type="out_invoice")
        ) as form:
            form.partner_id = self.account
            with form.invoice_line_ids.new() as line:
                line.product_id = self.card
            self.assertNotIn(sentence, str(form.alerts))
            with form.invoice_line_ids.new() as line:
                line.product_id = self.book
            self.assertIn(sentence, str(form.alerts))
        invoice = form.record
        self.assertIn(sentence, str(invoice.alerts))
        invoice.invoice_line_ids.filtered(
            lambda line: line.product_id == self.book
        ).unlink()
        self.assertNotIn(sentence, str(invoice.alerts))
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")

    def test_who_gets_no_electronic_invoice_is_not_told(self):
        self.account.invoice_edi_format = False
        invoice = self._sell((self.card, {}), (self.book, {}))
        self.assertNotIn("invoiced separately", str(invoice.alerts))

    # -------------------------------------------------------------------------
    # PRICE REDUCTIONS
    # -------------------------------------------------------------------------

    def test_price_reduction_leaves_with_the_tax_of_its_invoice(self):
        """A credit of 60.50 on an invoice of 121: VAT goes down by 10.50."""
        self.item.credit_vat_treatment = "price_reduction"
        invoice = self._sell((self.book, {}))
        invoice.action_post()
        answer = (
            self.env["account.credit.batch"]
            .with_user(self.clerk)
            .post_credits(
                self.item.id,
                [
                    {
                        "account_id": self.account.id,
                        "amount": "60.5",
                        "invoice_id": invoice.id,
                    }
                ],
            )
        )
        note = self.env["account.move"].browse(answer["lines"][0]["move_id"])
        self.assertEqual((note.amount_tax, note.amount_total), (10.5, 60.5))
        note.ref = "Order 1"
        texts, errors = self._export(note, "ubl_bis3")
        self.assertFalse(errors)
        self.assertEqual(texts["category"], ["S"])
        self.assertEqual({float(rate) for rate in texts["rate"]}, {21})
        self.assertAmounts(texts, 60.5, 60.5)
        texts, errors = self._export(invoice, "ubl_bis3")
        self.assertFalse(errors)
        self.assertAmounts(texts, 121, 60.5)
