"""The development environment: Odoo, Python packages, PostgreSQL and databases.

Everything that it downloads or creates lies in the folder ``.dev`` of the repository.
"""
