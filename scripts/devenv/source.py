"""Odoo 19 itself: one that is there already, Debian's package, or Odoo's repository."""

import os
import re
from pathlib import Path

from . import debian, system
from .steps import (
    DEV,
    LOGS,
    call,
    digest,
    download_size,
    fail,
    is_done,
    mark_done,
    remove_tree,
    say,
    step,
)

SERIES = "19.0"
REPOSITORY = "https://github.com/odoo/odoo.git"
PACKAGED = DEV / "odoo"
PACKAGED_ROOT = PACKAGED / "usr/lib/python3/dist-packages"
CLONED_ROOT = DEV / "odoo-git"

# Debian's package links to fonts and scripts that live in other packages.
LINKED_FROM_SID = ("libjs-jquery", "libjs-jquery-form", "libjs-underscore")
LINKED_FROM_SID += ("fonts-montserrat", "fonts-roboto-unhinted", "fonts-ocr-b")
LINKED_FROM_SID += ("fonts-glyphicons-halflings", "fonts-dejavu-core", "gsfonts")
# Newer versions of these lack the linked files.
LINKED_FROM_OWN_RELEASE = ("fonts-font-awesome", "fonts-inconsolata")
# Left out of the package for its licence. Its absence would be an error in the
# browser's console, and that fails every browser test.
STUB = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def ensure_source():
    """Return the folder from which Odoo is imported, fetching it when needed."""
    given = os.environ.get("ODOO_SRC")
    if given:
        root = Path(given).expanduser().resolve()
        check_version(root)
        return root
    key = digest(LINKED_FROM_SID, LINKED_FROM_OWN_RELEASE)
    for root in (PACKAGED_ROOT, CLONED_ROOT):
        if is_done("odoo", f"{key} {root.relative_to(DEV)}"):
            return root
    root = unpack_package() or clone_repository()
    check_version(root)
    mark_done("odoo", f"{key} {root.relative_to(DEV)}")
    return root


def check_version(root):
    """Refuse a folder that does not hold Odoo 19."""
    release = root / "odoo" / "release.py"
    if not release.is_file():
        fail(f"{root} holds no Odoo: there is no file {release}")
    version = re.search(
        r"^version_info = \((\d+), (\d+)", release.read_text(), re.MULTILINE
    )
    if not version or ".".join(version.groups()) != SERIES:
        fail(f"{root} does not hold Odoo {SERIES}: see {release}")


def addons_paths(root):
    """List Odoo's own addons folders, for a checkout as for a package.

    A package has all addons in ``odoo/addons``, and beside it a copy ``addons`` of
    their Python files alone, which must not be used.
    """
    inside = root / "odoo" / "addons"
    beside = root / "addons"
    return [inside] if (inside / "web").is_dir() else [inside, beside]


def unpack_package():
    """Unpack Debian's package of Odoo; return its root, or None without one."""
    if not system.debian_mirror():
        say("This machine has no Debian mirror: Odoo comes from its own repository.")
        return None
    packages = [(name, "sid") for name in ("odoo-19", *LINKED_FROM_SID)]
    packages += [(name, debian.own_release()) for name in LINKED_FROM_OWN_RELEASE]
    with step(f"Odoo {SERIES} source, Debian's package odoo-19 from sid") as notes:
        if not debian.unpack(packages, PACKAGED, notes):
            notes.append("not available, Odoo comes from its own repository")
            return None
        stub = PACKAGED_ROOT / STUB
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.touch()
    return PACKAGED_ROOT


def clone_repository():
    """Clone the newest commit of Odoo's branch; return its root."""
    git = system.require_program(["git"], "git", "Fetching Odoo")
    remove_tree(CLONED_ROOT)
    command = [git, "clone", "--depth=1", "-b", SERIES, REPOSITORY, CLONED_ROOT]
    with step(f"Odoo {SERIES} source, clone of {REPOSITORY}") as notes:
        if not call(command, "clone", check=False):
            fail(
                "Odoo could neither be had from a Debian mirror nor be cloned: see "
                f"{LOGS}, or point ODOO_SRC at a folder with Odoo {SERIES}"
            )
        notes.append(download_size(CLONED_ROOT / ".git"))
        remove_tree(CLONED_ROOT / ".git")
    return CLONED_ROOT
