"""Debian packages that are unpacked into a folder and never installed.

This needs no rights and leaves the machine's own packages alone. apt checks the
archive's signature as always; only its folders and its list of sources are our own.
"""

from . import system
from .steps import DEV, call, download_size, remove_tree, write_file

# The releases whose packages Odoo 19 is known to fit; the newer one serves elsewhere.
KNOWN_RELEASES = ("bookworm", "trixie")


def own_release():
    """Return the name of the machine's release, or of the newest known one."""
    codename = system.os_release().get("VERSION_CODENAME")
    return codename if codename in KNOWN_RELEASES else KNOWN_RELEASES[-1]


def unpack(packages, target, notes):
    """Download packages and unpack them into a new folder.

    :param packages: pairs of package and release, e.g. ("libjs-jquery", "sid")
    :param target: the folder to create
    :param notes: list to which the size of the download is added
    :return: whether it worked; the reason for a failure is in the log folder
    """
    # Two folders may be filled at once.
    name = target.name
    work = DEV / f"apt-{name}"
    options = apt_options(work, sorted({release for _name, release in packages}))
    if options is None:
        return False
    debs = work / "debs"
    remove_tree(debs)
    debs.mkdir(parents=True)
    names = [f"{name}/{release}" for name, release in packages]
    apt = ["apt-get", *options]
    update, download = [*apt, "update"], [*apt, "download", *names]
    fetched = call(update, f"apt-update-{name}", check=False) and call(
        download, f"apt-download-{name}", check=False, cwd=debs
    )
    if not fetched:
        return False
    notes.append(download_size(debs))
    remove_tree(target)
    for deb in debs.iterdir():
        call(["dpkg", "-x", deb, target], f"unpack-{name}")
    remove_tree(work)
    return True


def apt_options(work, releases):
    """Return the options that make apt use our own folders and sources, or None."""
    mirror, keyring = system.debian_mirror(), system.debian_keyring()
    if not mirror or not keyring:
        return None
    lines = [f"deb [signed-by={keyring}] {mirror} {name} main\n" for name in releases]
    sources = work / "sources.list"
    write_file(sources, "".join(lines))
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        # The user _apt could not write into a folder of root.
        "APT::Sandbox::User": "root",
    }
    return [part for item in settings.items() for part in ("-o", "{}={}".format(*item))]
