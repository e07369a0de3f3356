"""Companies of real countries, and stories that are told there.

A story is the code of a script: what :data:`BEGIN` has defined is there. It prints what
the test wants to know as JSON, and nothing of it stays.
"""

import contextlib
import json
import os

from devenv import database

from tests.servers import INSTALLED, run_script, throwaway_database

#: ``{localization: chart}`` of the companies that stories are told in.
CHARTS = {
    "l10n_de": "de_skr03",
    "l10n_fr_account": "fr",
    "l10n_be": "be_comp",
    "l10n_es": "es_pymes",
    "l10n_mx": "mx",
    "l10n_ar": "ar_ri",
    "l10n_ro": "ro",
}

SET_UP = """
import json
from unittest.mock import patch
charts = json.loads('''{charts}''')
templates = env["account.chart.template"]
companies = env.registry["res.company"]
# Without statistics, PostgreSQL looks for the parents of 700 groups by nested loops.
env.cr.execute("SET enable_nestloop = off")
mapping = templates._get_chart_template_mapping(get_all=True)
for chart in charts:
    # A country would bring further addons: these are tested in the matrix.
    with patch.object(companies, "install_l10n_modules", lambda self: False):
        company = env["res.company"].create(
            {{"name": chart, "country_id": mapping[chart]["country_id"]}}
        )
    templates.try_loading(chart, company, install_demo=False)
    env.cr.commit()
"""

#: What stories begin with: the company of a chart, and what one does there.
BEGIN = """
import json
from odoo.fields import Command
company = env["res.company"].search([("name", "=", "{chart}")])
env = env(context={{**env.context, "allowed_company_ids": company.ids}})
company = env.company
batches = env["account.credit.batch"]
today = "2024-03-15"

def account(name="Family", **vals):
    return env["res.partner"].create({{
        "name": name, "country_id": company.country_id.id, **vals
    }})

def item(taxes=(), **vals):
    return env["product.product"].create({{
        "name": "Goodwill", "is_credit_item": True,
        "taxes_id": [Command.set([tax.id for tax in taxes])], **vals,
    }})

def prepare(item, amounts, **vals):
    return batches.create({{
        "credit_item_id": item.id, "company_id": company.id, "date": today,
        "line_ids": [
            Command.create({{"partner_id": account.id, "amount": amount}})
            for account, amount in amounts.items()
        ],
        **vals,
    }})

def post(batch):
    batch.action_post()
    assert batch.state == "done", batch.line_ids.mapped("error")
    return batch.line_ids

def shown(batch):
    items = batch.line_ids._get_form()._get_items(batch.line_ids)
    codes = env["account.account"].browse
    return [
        [
            [codes(vals["account_id"]).code, round(vals["balance"], 2)]
            for vals in of_line.all
        ]
        for of_line in items.values()
    ]

def booked(moves):
    return [
        [[line.account_id.code, line.balance] for line in move.line_ids.sorted(
            lambda line: (line.display_type == "payment_term", line.id))]
        for move in moves
    ]
"""


@contextlib.contextmanager
def countries():
    """Give the name of a new database with a company of each of :data:`CHARTS`."""
    script = SET_UP.format(charts=json.dumps(list(CHARTS.values())))
    source = database.with_addons(os.environ[INSTALLED], ",".join(CHARTS), script)
    with throwaway_database(source) as name:
        yield name


def run(name, script):
    """Run a script and return the JSON that it printed last."""
    return json.loads(run_script(name, script).strip().splitlines()[-1])


def tell(name, chart, story):
    """Run a story in the company of a chart; nothing of it stays."""
    return run(name, BEGIN.format(chart=chart) + story)
