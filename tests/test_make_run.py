"""``make run`` from nothing: set-up, the API, the end of all processes, a restart."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
import requests
from devenv.odoo_process import free_port

ROOT = Path(__file__).parents[1]
DATABASE = "credits_from_nothing"
START_SECONDS = 600
STOP_SECONDS = 60

# Prints what a client of the API needs to know.
PREPARE = """
clerk = env["res.users"].search([("login", "=", "clerk")])
keys = env["res.users.apikeys"].with_user(clerk).sudo()
item = env.ref("account_credit_posting.product_misc_credit_demo")
accounts = env["res.partner"].search([("is_company", "=", True)], order="id", limit=2)
print(keys._generate("rpc", "test_make_run", False))
print(item.product_variant_id.id if item._name == "product.template" else item.id)
print(*accounts.ids)
assert clerk.action_id.id == env.ref("account.action_move_out_invoice").id
env.cr.commit()
"""

# Changes the amount of a posted credit behind all that would refuse it.
FORGE = """
env.cr.execute("ALTER TABLE account_credit_line DISABLE TRIGGER USER")
env.cr.execute(
    "UPDATE account_credit_line SET amount = amount + 1 WHERE id = "
    "(SELECT MAX(id) FROM account_credit_line WHERE state = 'posted')"
)
env.cr.execute("ALTER TABLE account_credit_line ENABLE TRIGGER USER")
env.cr.commit()
"""


class MakeRun:
    """A ``make run`` in a copy of the repository, with its output."""

    def __init__(self, folder, environment):
        """Start it in a process group of its own, as a terminal would."""
        self.output = ""
        self.process = subprocess.Popen(
            ["make", "run"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line

    def wait_until_ready(self):
        """Wait for the address; fail with the output when it does not come."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"Odoo is ready: +(http://\S+)", self.output)
            if found:
                return found[1]
            time.sleep(0.2)
        pytest.fail(f"make run printed no address:\n{self.output}")
        return None

    def interrupt(self):
        """Press Ctrl-C and wait for the end."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)

    def end(self):
        """End what a failed test has left."""
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.interrupt()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture(scope="module", autouse=True)
def load_registry():
    """Leave the databases of other tests, which are being made, alone."""


@pytest.fixture(scope="module", autouse=True)
def load_http(load_registry):
    """Serve none of them."""


@pytest.fixture(scope="module")
def repository():
    """Give a copy of the repository's files in a new folder, without any set-up."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    folder = Path(tempfile.mkdtemp(prefix="make-run-"))
    try:
        for name in filter(None, listing.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def environment():
    """Give the environment variables of somebody who has never used the repository."""
    own = {name: os.environ[name] for name in os.environ if not is_ours(name)}
    return {**own, "PORT": str(free_port()), "DB": DATABASE}


def is_ours(name):
    """Tell whether ``make test`` has set a variable that a new user does not have."""
    if name.startswith("PG"):
        # A server that the user named is the user's for ``make run`` too.
        return "ACP_EMBEDDED_POSTGRES" in os.environ
    # The packages' caches stay: they spare the downloads and change nothing else.
    return name.startswith(("ACP_", "PYTEST_", "MAKE", "MFLAGS")) or name in (
        "ARGS",
        "ODOO_RC",
        "PYTHONPYCACHEPREFIX",
        "VIRTUAL_ENV",
    )


def processes_in(folder):
    """List the processes whose command line names the folder."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        if str(folder) in " ".join(process.info["cmdline"] or []):
            found.append(process.info)
    return found


def post_credits(url, key, credit_item_id, accounts):
    """Post a credit of 12.50 to each account as an API client does."""
    lines = [{"account_id": account, "amount": "12.50"} for account in accounts]
    response = requests.post(
        f"{url}/json/2/account.credit.batch/post_credits",
        headers={"Authorization": f"bearer {key}"},
        json={"credit_item_id": credit_item_id, "lines": lines},
        timeout=120,
    )
    assert response.status_code == 200, response.text
    return response.json()


def prove(folder, environment):
    """Prove the ledger of the demo database from a terminal."""
    return subprocess.run(
        ["make", "-s", "prove"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_runs_from_nothing_and_starts_again(repository, environment):
    """A new user's first hour: start, use, prove, stop, start again."""
    first = MakeRun(repository, environment)
    try:
        url = first.wait_until_ready()
        assert requests.get(f"{url}/web/login", timeout=60).status_code == 200
        # The longest step says how far it is.
        assert re.search(
            r"^Template database.* … \d+ % .*[\d.]+ s$", first.output, re.MULTILINE
        ), first.output
        shell = subprocess.run(
            ["make", "-s", "shell"],
            cwd=repository,
            env=environment,
            input=PREPARE,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        key, credit_item_id, accounts = shell.stdout.splitlines()
        accounts = [int(account) for account in accounts.split()]
        result = post_credits(url, key, int(credit_item_id), accounts)
        assert [line["account_id"] for line in result["lines"]] == accounts
        assert {line["state"] for line in result["lines"]} == {"posted"}
        assert all(line["move_id"] for line in result["lines"])
        # README says: "``make prove`` proves the ledger".
        sound = prove(repository, environment)
        assert sound.returncode == 0, sound.stdout
        assert re.search(r"All \d+ checks passed", sound.stdout), sound.stdout
        subprocess.run(
            ["make", "-s", "shell"],
            cwd=repository,
            env=environment,
            input=FORGE,
            text=True,
            check=True,
        )
        failed = prove(repository, environment)
        assert failed.returncode, failed.stdout
        assert re.search(r"FAILED +1 of \d+ .* document has", failed.stdout)
        missing = prove(repository, {**environment, "DB": "nothing_there"})
        assert missing.returncode
        assert "there is no database nothing_there" in missing.stderr
        first.interrupt()
    finally:
        first.end()
    assert not processes_in(repository)

    second = MakeRun(repository, environment)
    try:
        second.wait_until_ready()
        second.interrupt()
    finally:
        second.end()
    steps = re.findall(r"^(.*) … [\d.]+ s", second.output, re.MULTILINE)
    assert steps == ["Odoo server"], second.output
    assert not processes_in(repository)
