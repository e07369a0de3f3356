"""What the machine itself offers: its packages, its programs, its Debian mirror."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from .steps import call, fail, step

KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")


def os_release():
    """Return what /etc/os-release says, e.g. {"ID": "debian"}."""
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))


def require_program(names, package, purpose):
    """Return the path of a program, installing its package where that is possible.

    :param names: the names that the program goes by
    :param package: the Debian package that has it
    :param purpose: what it is needed for, as the start of a sentence
    """
    found = find_program(names)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        install_package(package)
        found = find_program(names)
    if not found:
        fail(f"{purpose} needs {package}: install it (apt-get install {package})")
    return found


def find_program(names):
    """Return the path of the first of these programs that is installed."""
    return next(filter(None, map(shutil.which, names)), None)


def install_package(package):
    """Install a package of the machine's own distribution, as root."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", package]
    options = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    with step(f"System package {package} (apt-get install)"):
        # A fresh machine or container has no package lists yet.
        if not call(command, "apt-install", check=False, **options):
            call(["apt-get", "update"], "apt-update", **options)
            call(command, "apt-install", **options)


def debian_mirror():
    """Return the address of the Debian mirror that this machine uses, or None."""
    if os_release().get("ID") != "debian" or not shutil.which("apt-get"):
        return None
    # What an update would fetch; it needs neither rights nor downloaded lists.
    listing = subprocess.run(
        ["apt-get", "update", "--print-uris"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    # The archive of security updates has another name, and is no mirror of the main.
    found = re.search(r"'((?:https?|file):/\S*/debian)/dists/", listing)
    return found and found[1]


def debian_keyring():
    """Return the path of the keys that sign Debian's archive, or None."""
    paths = (Path("/usr/share/keyrings") / name for name in KEYRINGS)
    return next((path for path in paths if path.is_file()), None)
