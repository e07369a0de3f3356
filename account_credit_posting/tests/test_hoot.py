from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestHoot(HttpCase):
    """The unit tests of our components, in a browser."""

    def test_components(self):
        suite = self._hash("@account_credit_posting")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            login="admin",
            timeout=600,
            success_signal="[HOOT] Test suite succeeded",
        )

    @staticmethod
    def _hash(name):
        """Return the id of a suite, as HOOT makes it: a hash of 32 bits."""
        value = 0
        for character in name:
            value = (31 * value + ord(character)) & 0xFFFFFFFF
        return f"{value:08x}"
