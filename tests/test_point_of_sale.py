"""With point_of_sale installed, gift cards are sold at the till: the addon for that."""

import subprocess
import sys

import pytest
from devenv import odoo_process as odoo
from devenv.steps import POS_ADDON, ROOT

from tests.servers import throwaway_database


@pytest.fixture(scope="module")
def installed():
    """Give a database in which point_of_sale alone was installed by name."""
    with throwaway_database() as name:
        odoo.install(name, "point_of_sale", demo=False)
        yield name


def test_tests_of_the_addon(installed):
    command = [sys.executable, "-m", "pytest", "-q", f"--odoo-database={installed}"]
    tests = subprocess.run(
        [*command, "--odoo-http", ROOT / POS_ADDON],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
