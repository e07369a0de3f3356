from lxml import html

from odoo import http
from odoo.tests import HttpCase, new_test_user

from .common_stored_value import StoredValueCommon

#: Stands in what customers must not read.
SECRET = "Vermilion"


class PortalCommon(StoredValueCommon, HttpCase):
    """Users of the portal, and what they see there.

    The payer is the account's own user, the member a contact below it, and the stranger
    has another account.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payer = cls._create_customer("payer", cls.account)
        contact = cls.env["res.partner"].create(
            {"name": "Anna Portal", "parent_id": cls.account.id}
        )
        cls.member = cls._create_customer("member", contact)
        cls.stranger = cls._create_customer("stranger", cls.accounts[1])

    @classmethod
    def _create_customer(cls, name, partner):
        return new_test_user(
            cls.env,
            login=f"portal_{name}",
            groups="base.group_portal",
            partner_id=partner.id,
            company_id=cls.company.id,
            company_ids=cls.company.ids,
        )

    def setUp(self):
        super().setUp()
        # Rows of the tests before, in a database that keeps them.
        self._forget_attempts()

    def _login(self, user):
        self.authenticate(user and user.login, user and user.login)

    def _get(self, path, user=None, status=200, **kwargs):
        """Return the answer to a request of a user, by default the payer."""
        self._login(self.payer if user is None else user)
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, status, response.text[:500])
        return response

    def _see(self, path, user=None):
        """Return the page of a user, by default the payer."""
        return html.fromstring(self._get(path, user).text)

    def _send(self, path, user=None, **form):
        """Send a form as a user, by default the payer; False is the public."""
        self._login(self.payer if user is None else user)
        form = {"csrf_token": http.Request.csrf_token(self), **form}
        return self.url_open(path, data=form)

    @staticmethod
    def _read(element):
        text = element.text_content().replace("\ufeff", "").replace("\xa0", " ")
        return " ".join(text.split())

    def _read_all(self, page, name):
        """Return the texts of the parts of a page that have a name."""
        return [self._read(part) for part in page.xpath(f"//*[@name='{name}']")]

    def _read_error(self, response):
        self.assertEqual(response.status_code, 200)
        [error] = self._read_all(html.fromstring(response.text), "error")
        return error
