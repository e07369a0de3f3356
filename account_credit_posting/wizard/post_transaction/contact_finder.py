from odoo.tools import SQL, email_normalize

from .similar_names import SimilarNames


class ContactFinder:
    """Find the contacts that texts mean: an email address, a reference or a name.

    A text means the contacts with exactly this address, else those with exactly this
    reference, else those with exactly this name, whatever the case. With the rules of
    the user: nobody finds whom he cannot see.

    :param env: of the user
    :param company: that gives the credits
    """

    def __init__(self, env, company):
        self.env = env
        self.company = company

    def find(self, texts):
        """Return the contacts that each text means, in three queries for all of them.

        :param texts: without needless spaces
        :return: for each text ``[(contact id, id of its account)]``
        """
        return self._find(texts, self.env["res.partner"]._search(self._get_domain()))

    def find_unusable(self, texts):
        """As :meth:`find`, with contacts that can get no credit from the company.

        Archived ones are among them, and accounts of other companies.
        """
        contacts = self.env["res.partner"].with_context(active_test=False)
        return self._find(texts, contacts._search([]))

    def find_similar(self, texts):
        """Return the contacts whose names are nearly what each text says.

        In Python, so that they are the same whichever extensions PostgreSQL has. All
        names are read in one query, and only where a text is no email address.

        :param texts: that mean nobody
        :return: as :meth:`find`, the best ones first
        """
        names = [text.partition("<")[0] for text in texts]
        names = ["" if "@" in name else name for name in names]
        if not any(names):
            return [[] for _name in names]
        allowed = self.env["res.partner"]._search(self._get_domain())
        self.env["res.partner"].flush_model(["name", "commercial_partner_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contact.id, COALESCE(contact.commercial_partner_id, contact.id),
                       contact.name
                  FROM res_partner contact
                 WHERE contact.id IN %s AND contact.name IS NOT NULL
              ORDER BY contact.id
                """,
                allowed.subselect(),
            )
        )
        return SimilarNames(
            [((contact_id, account_id), name) for contact_id, account_id, name in rows]
        ).find(names)

    def _get_domain(self):
        return [
            ("commercial_partner_id.active", "=", True),
            "|",
            ("commercial_partner_id.company_id", "=", False),
            ("commercial_partner_id.company_id", "parent_of", self.company.id),
        ]

    def _find(self, texts, allowed):
        emails, references, names = [], [], []  # [(position of the text, key)]
        for position, text in enumerate(texts):
            email = "@" in text and email_normalize(text)
            if email:
                emails.append((position, email))
            references.append((position, text))
            # Of "Doe, Jane" <jane@example.com>, what stands before the address.
            name = text.partition("<")[0].strip(' "')
            last, comma, first = name.partition(",")
            keys = {name, f"{first.strip()} {last.strip()}" if comma else name}
            names += [(position, key.strip()) for key in keys if key.strip()]
        found = [
            self._match(SQL.identifier("contact", column), keys, allowed)
            for column, keys in (
                ("email_normalized", emails),
                ("ref", references),
                ("name", names),
            )
        ]
        return [
            next((pairs[place] for pairs in found if place in pairs), [])
            for place in range(len(texts))
        ]

    def _match(self, column, keys, allowed):
        """Return the contacts whose column is one of the keys, whatever the case.

        :param column: SQL of a column of ``contact``
        :param keys: ``[(position, key)]``
        :param allowed: query of the contacts that may be found
        :return: ``{position: [(contact id, id of its account)]}``
        """
        self.env["res.partner"].flush_model(
            ["name", "ref", "email_normalized", "commercial_partner_id"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT typed.place, contact.id,
                       COALESCE(contact.commercial_partner_id, contact.id)
                  FROM unnest(%(places)s::int[], %(keys)s::text[])
                       AS typed (place, key)
                  JOIN res_partner contact ON lower(%(column)s) = lower(typed.key)
                 WHERE contact.id IN %(allowed)s
              ORDER BY typed.place, contact.id
                """,
                places=[position for position, _key in keys],
                keys=[key for _position, key in keys],
                column=column,
                allowed=allowed.subselect(),
            )
        )
        found = {}
        for position, contact_id, account_id in rows:
            found.setdefault(position, []).append((contact_id, account_id))
        return found
