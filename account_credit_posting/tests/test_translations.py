import re

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open
from odoo.tools.translate import PoFileReader, TranslationModuleReader

from ..tools.texts import get_side_labels

ADDON = "account_credit_posting"

#: What a translation must keep: values, tags of HTML, and where an expression is. Not
#: all attributes of the tags: titles are translated, too.
KEPT = re.compile(r"%\(\w+\)[sd]|%[sd]|</?\w+|t-[\w-]+=|\{\{|\}\}")

#: Texts that some language has in common with English, and names that nobody reads: the
#: files leave them empty.
SAME = {
    "'%s %s' % (object.partner_id.name, object.date_to)",
    '<i class="fa fa-eye fa-fw me-1" role="img" aria-label="Public" title="Public"/>',
    *("Administrator", "Classification", "Contact", "Correction", "Date", "Document"),
    *("General", "ID", "Journal", "Logo", "Memo", "Message", "Messages", "Mode"),
    *(
        "Obstacle",
        "Remaining",
        "Source",
        "Status",
        "Taxes",
        "Total",
        "Transaction",
        "Type",
    ),
    *("XXXX-XXXX-XXXX-XXXX", "credit", "id", "credit_back", "credit_note", "entry"),
    *("credit_expired", "credit_extended"),
    *("payment", "refund", "Page", "Code", "Name", "minutes"),
    *("UTF-8", "UTF-16", "Mac OS Roman"),
    "'%s %s' % (object.display_name, object.date_to)",
    *("03", "12", "24", "36"),
    *(f"Windows-{number}" for number in range(1250, 1257)),
}


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """Each text is translated, and shows what the English one shows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rows = TranslationModuleReader(cls.env.cr, modules=[ADDON])
        cls.sources = {source for module, *_, source, _value, _comments in rows}

    def _read(self, lang):
        """Return ``{English: translation}``."""
        with file_open(f"{ADDON}/i18n/{lang}.po", "rb") as file:
            return {row["src"]: row["value"] for row in PoFileReader(file)}

    def test_complete(self):
        self.assertGreater(len(self.sources), 1000)
        for lang in ("de", "es", "fr"):
            translated = self._read(lang)
            missing = [
                source for source in self.sources - SAME if not translated.get(source)
            ]
            self.assertFalse(missing, f"{lang}: {len(missing)} texts")

    def test_values_and_tags_are_kept(self):
        for lang in ("de", "es", "fr"):
            for source, value in self._read(lang).items():
                self.assertEqual(
                    sorted(KEPT.findall(source)),
                    sorted(KEPT.findall(value or source)),
                    lang,
                )

    def test_shown_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search(
            [("name", "in", ("account", ADDON))]
        )._update_translations(["fr_FR"])
        transactions = self.env["account.post.transaction"].with_context(lang="fr_FR")
        selection = transactions.fields_get(["transaction_type"])["transaction_type"]
        self.assertIn(("payment", "Paiement"), selection["selection"])
        sides = get_side_labels(transactions.env)
        self.assertEqual(sides, {"debit": "Débit", "credit": "Crédit"})
        arch = transactions.get_view(view_type="form")["arch"]
        self.assertIn("Que souhaitez-vous comptabiliser", arch)
        movements = self.env["account.stored.value.movement"]
        events = movements.with_context(lang="fr_FR").fields_get(["event"])["event"]
        self.assertIn(("use", "Utilisé"), events["selection"])
