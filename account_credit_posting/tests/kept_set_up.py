"""The set-up that test classes share, kept in the database once for all of them.

A company with its chart takes seconds, and so do the files of the web client: each
class, or each tour, would make them. Where :func:`keep` has committed them before, a
class takes the records over by their ids, and its own transaction begins there. A
database that keeps nothing is fit for tests, too.

What else each test would make again, a process keeps: bundles of files that are not in
the database (:func:`build_once`).
"""

import json

from odoo.models import BaseModel
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from odoo.addons.base.models.assetsbundle import AssetsBundle

KEY = "account_credit_posting.kept_set_up"
# What a page of the web client loads during a tour.
BUNDLES = (
    ("web.assets_web", {"js": True, "css": True}),
    ("web.assets_web_print", {"js": False, "css": True}),
    ("web.assets_tests", {"js": True, "css": False}),
)
# What this process has built, by addresses that change with the files.
_built = {}


def keep(common):
    """Make a class's set-up and commit it, with the ids of all its records.

    :param common: a test class; only one can be kept in a database
    """
    common.setUpClass()
    try:
        env = common.env
        common.kept_other_company = common.setup_other_company()
        # A test that has to do with it says so.
        env.user.company_ids -= common.kept_other_company["company"]
        for name, kinds in BUNDLES:
            bundle = env["ir.qweb"].sudo()._get_asset_bundle(name, **kinds)
            for kind in filter(kinds.get, kinds):
                getattr(bundle, kind)()
        kept = {
            "env": [env.uid, env.su, dict(env.context)],
            "attributes": {
                name: value
                for name, value in map(_encode_item, vars(common).items())
                if value is not None
            },
        }
        parameters = env["ir.config_parameter"].sudo()
        parameters.set_param(KEY, json.dumps(kept))
        env.flush_all()
        # The class forbids it to itself, for good reasons.
        type(env.cr).commit(env.cr)
    finally:
        common.doClassCleanups()


def _encode_item(item):
    name, value = item
    return name, _encode(value)


def _encode(value):
    """Return what stands for records, or for a dict of them; None for all else."""
    if isinstance(value, BaseModel):
        env = value.env
        return [value._name, value.ids, env.uid, env.su, dict(env.context)]
    if isinstance(value, dict) and value:
        encoded = {key: _encode(part) for key, part in value.items()}
        if None not in encoded.values():
            return encoded
    return None


def read():
    """Return what the tests' database keeps, or None."""
    with Registry(get_db_name()).cursor() as cr:
        cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [KEY])
        row = cr.fetchone()
    return row and json.loads(row[0])


def take(test_class, kept):
    """Set a class's environment and attributes to what :func:`read` has found."""
    uid, su, context = kept["env"]
    test_class.env = test_class.env(user=uid, su=su, context=context)
    for name, value in kept["attributes"].items():
        setattr(test_class, name, _decode(test_class.env, value))
    test_class.maxDiff = None
    test_class.tax_number = 0


def _decode(env, value):
    if isinstance(value, dict):
        return {key: _decode(env, part) for key, part in value.items()}
    model, ids, uid, su, context = value
    return env(user=uid, su=su, context=context)[model].browse(ids)


def build_once(kind):
    """Return a method of bundles that builds each of them once in this process.

    The test before has rolled it back.

    :param str kind: ``js`` or ``css``, the method that it stands for
    """
    build, extension = getattr(AssetsBundle, kind), f"min.{kind}"

    def build_or_save(bundle):
        url = bundle.get_link(kind)
        if url in _built and not bundle.get_attachments(extension):
            return bundle.save_attachment(extension, _built[url])
        attachment = build(bundle)
        if attachment.url == url:
            _built.setdefault(url, attachment.raw.decode())
        return attachment

    return build_or_save
