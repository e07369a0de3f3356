"""The repository's commands, run by the environment's Python."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import readme as readme_files

from . import database, pictures, postgres, postmaster, python_env, system
from . import odoo_process as odoo
from .steps import (
    ADDON,
    ADDONS,
    DEV,
    ROOT,
    call,
    fail,
    remove_tree,
    say,
    step,
)

DEFAULT_PORT = 8069
# What writes an addon's README.rst and index.html; it is in no package index.
OCA_TOOLS = (
    "git+https://github.com/OCA/maintainer-tools"
    "@d4657f8c17a576d0c56c68064e199545ee75db52"
)
README_TOOL = "oca-gen-addon-readme"
PANDOC = "pypandoc-binary"
PROVE = """
proofs = env["account.credit.proof"]._cron_prove()
env.cr.commit()
print(proofs._get_text())
raise SystemExit("failed" in proofs.mapped("state"))
"""
LOGINS = ("admin", "clerk", "manager", "accountant", "portal")
WHEEL_BUILD = """
[build-system]
requires = ["whool==1.3.1"]
build-backend = "whool.buildapi"

[tool.whool]
post_version_strategy_override = "none"
"""
# How many processes share the tests, whole files each; `conftest.py` has their order.
PROCESSES = ("--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")
# The names that Odoo's own browser tests look for.
BROWSERS = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]


@contextlib.contextmanager
def services():
    """Give PostgreSQL and Odoo's configuration file to a command."""
    with postgres.running_postgres(on_start=database.drop_left_throwaways):
        odoo.write_config()
        yield


def run(_arguments):
    """Serve the demo database until the user stops it."""
    port = choose_port()
    with services():
        name = database.demo_database()
        server = odoo.Server(name, port, log_name="run", echo=say)
        try:
            with step("Odoo server"):
                server.wait()
            show_welcome(server)
            server.process.wait()
            fail(f"Odoo has ended by itself: see {server.log}")
        except RuntimeError as error:
            fail(error)
        finally:
            server.stop()


def choose_port():
    """Return the port that PORT asks for, or the first free one from 8069 on."""
    asked = os.environ.get("PORT")
    if asked:
        if not asked.isdigit() or not odoo.bound_port(int(asked)):
            fail(f"port {asked} is taken or no port: choose another one with PORT=")
        return int(asked)
    port = odoo.free_port(DEFAULT_PORT)
    if port != DEFAULT_PORT:
        say(f"Port {DEFAULT_PORT} is taken: using {port}.")
    return port


def show_welcome(server):
    """Print where to go and as whom."""
    lines = [
        f"Odoo is ready:  {server.url}",
        f"Database:       {server.database}",
        f"Logins:         {', '.join(LOGINS)}",
        "                (the password is the login)",
        "Start here:     as clerk, Invoicing opens: Customers → Post Transaction",
        f"Log:            {server.log.relative_to(ROOT)}",
        "Stop:           Ctrl-C",
    ]
    width = max(map(len, lines))
    print("┌" + "─" * (width + 2) + "┐")
    for line in lines:
        print(f"│ {line:{width}} │")
    print("└" + "─" * (width + 2) + "┘", flush=True)


def test(_arguments):
    """Run all tests, or what ARGS asks pytest for, on a fresh database.

    All of them run in two processes, each with a copy of that database; what ARGS names
    runs in one.
    """
    arguments = shlex.split(os.environ.get("ARGS", ""))
    if not any((ROOT / part.split("::")[0]).exists() for part in arguments):
        arguments = [*PROCESSES, *arguments, ADDON, "tests"]
    run_tests(arguments)


def matrix(_arguments):
    """Try the addon beside each of Odoo's that matter to it, and in each country.

    ARGS can choose, such as ``-k l10n_de``.
    """
    arguments = shlex.split(os.environ.get("ARGS", ""))
    run_tests(["--numprocesses=2", *arguments, "tests/test_matrix.py"], MATRIX="1")


def run_tests(arguments, **variables):
    """Run pytest on a fresh database, and end with its code."""
    system.require_program(BROWSERS, "chromium", "Testing in a browser")
    postmaster.choose(postmaster.TESTS)
    with services(), database.for_tests_with_set_up() as databases:
        installed, name, set_up, making = databases
        options = [f"--odoo-database={name}", "--odoo-http", "--durations=10"]
        code = run_in_foreground(
            [python_env.PYTHON, "-m", "pytest", *options, *arguments],
            ACP_INSTALLED_DATABASE=installed,
            ACP_SET_UP_DATABASE=set_up,
            ACP_MAKING=str(making),
            **variables,
        )
    sys.exit(code)


def bench(arguments):
    """Run the benchmarks on fresh databases: one with the addon and one without.

    :param arguments: names of tables, all by default; ARGS may name them, too
    """
    arguments = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    with (
        services(),
        database.for_tests() as (installed, name),
        database.throwaway() as plain,
    ):
        code = run_in_foreground(
            [python_env.PYTHON, "-m", "bench", *arguments],
            ACP_INSTALLED_DATABASE=installed,
            ACP_PLAIN_DATABASE=plain,
            PGDATABASE=name,
            PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "scripts")]),
        )
    sys.exit(code)


def shell(_arguments):
    """Open Odoo's shell on the demo database; a script may come from standard input."""
    with services():
        options = ["--no-http", "--log-level=warn"]
        name = database.demo_database()
        code = run_in_foreground(odoo.command("shell", "-d", name, *options))
    sys.exit(code)


def prove(_arguments):
    """Prove the ledger of a database, of whoever's; end with 1 when something fails."""
    with services():
        options = ["--no-http", "--log-level=warn"]
        name = database.chosen_database()
        result = subprocess.run(
            odoo.command("shell", "-d", name, *options),
            cwd=ROOT,
            env=odoo.environment(),
            input=PROVE,
            text=True,
            check=False,
        )
    sys.exit(result.returncode)


def take_pictures(arguments):
    """Renew the pictures of the guides, from a copy of the demo database.

    :param arguments: what to take, such as ``credit``; all by default; ARGS, too
    """
    arguments = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    with services():
        demo = database.demo_database()
        with step("Pictures"), database.throwaway(demo) as name:
            output = odoo.run_script(name, pictures.PREPARE)
            made = json.loads(output.splitlines()[-1])
            with odoo.Server(name, options=["--max-cron-threads=0"]) as server:
                pictures.take_all(server, made, arguments)


def readme(_arguments):
    """Write README.rst and index.html of each addon of its folder readme.

    By OCA's own tool, from its repository; OCA_TOOLS names another place of it.
    """
    tool = os.environ.get("OCA_TOOLS") or OCA_TOOLS
    runner = [python_env.VENV / "bin" / "uv", "tool", "run", *python_env.uv_index()]
    places = [part for addon in ADDONS for part in ("--addon-dir", ROOT / addon)]
    # The addresses that it makes of these names are taken out again.
    names = ["--org-name", "local", "--repo-name", "local", "--branch", "19.0"]
    options = ["--template-filename", readme_files.TEMPLATE, "--no-commit"]
    with step("README.rst and index.html of each addon"):
        call(
            [*runner, "--from", tool, "--with", PANDOC, README_TOOL]
            + [*names, *options, *places],
            "readme",
            env=python_env.cache_environment(),
        )
        for addon in ADDONS:
            readme_files.finish(addon)


def execute(arguments):
    """Run any program with the environment, the configuration and PostgreSQL."""
    with services():
        code = run_in_foreground(arguments or [os.environ.get("SHELL", "bash")])
    sys.exit(code)


def lint(arguments):
    """Run the checks on all files that are or could be committed."""
    git = system.require_program(["git"], "git", "Linting")
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split("\0")
    # A file that was removed but not yet from git's index is still listed.
    files = [name for name in listing if name and (ROOT / name).is_file()]
    ensure_node()
    command = [python_env.PYTHON, "-m", "pre_commit", "run", *arguments]
    failed = run_in_foreground([*command, "--files", *files])
    sys.exit(failed or audit())


def audit():
    """Ask for known vulnerabilities of what the requirements pin, and print them.

    :return: 1 when there are some; where nobody answers, that is said, and it is 0
    """
    output = subprocess.run(
        python_env.audit_command(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        env=python_env.cache_environment(),
    ).stdout
    try:
        found = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        found = []
    answered = [package for package in found if "vulns" in package]
    faults = [package for package in answered if package["vulns"]]
    for package in faults:
        names = ", ".join(fault["id"] for fault in package["vulns"])
        print(f"{package['name']} {package['version']}: {names}")
    if answered:
        print(f"Dependency audit: {len(answered)} packages, {len(faults)} vulnerable.")
    else:
        print("Dependency audit: not done, nobody could be asked.")
    return 1 if faults else 0


def ensure_node():
    """Install Node.js into the environment where the machine has none."""
    if system.find_program(["node"]) and system.find_program(["npm"]):
        return
    if (python_env.VENV / "bin" / "npm").exists():
        return
    with step("Node.js"):
        python_env.install(python_env.NODE)


def pot(_arguments):
    """Export the addons' terms for translators."""
    with services(), database.installed_database() as name:
        odoo.install(name, ",".join(ADDONS), demo=False)
        for addon in ADDONS:
            target = ROOT / addon / "i18n" / f"{addon}.pot"
            target.parent.mkdir(exist_ok=True)
            options = ["-d", name, "--languages", "pot", "--output", target]
            command = odoo.command("i18n", "export", *options, addon)
            # Without our folder on its path Odoo exports no terms of the code.
            call(command, f"pot-{addon}", env=odoo.environment())


def wheel(_arguments):
    """Build a wheel of each addon into the folder of set-up files."""
    target = DEV / "wheel"
    remove_tree(target)
    # The builder asks git for the addon's files, and git ignores the folder .dev.
    with step("Wheels"), tempfile.TemporaryDirectory() as folder:
        sources = [Path(folder) / addon for addon in ADDONS]
        for source in sources:
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source.name, source, ignore=unwanted)
            (source / "pyproject.toml").write_text(WHEEL_BUILD)
        options = ["--no-deps", "--wheel-dir", target, *sources]
        command = [python_env.PYTHON, "-m", "pip", "wheel", *options]
        call(command, "wheel", env=python_env.cache_environment())
    print(*sorted(target.glob("*.whl")), sep="\n")


def run_in_foreground(command, **variables):
    """Run a program that owns the terminal; return its exit code.

    Ctrl-C is for the program alone: this process waits for it and then tidies up.

    :param variables: environment variables to add
    """
    environment = {**odoo.environment(), **variables}
    before = signal.signal(signal.SIGINT, lambda *_args: None)
    try:
        process = subprocess.Popen(list(map(str, command)), cwd=ROOT, env=environment)
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    finally:
        signal.signal(signal.SIGINT, before)


COMMANDS = {
    "run": run,
    "test": test,
    "matrix": matrix,
    "bench": bench,
    "lint": lint,
    "shell": shell,
    "prove": prove,
    "pictures": take_pictures,
    "readme": readme,
    "exec": execute,
    "pot": pot,
    "wheel": wheel,
}
