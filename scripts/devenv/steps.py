"""Paths, set-up steps with their stamps, and messages."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / ".dev"
LOGS = DEV / "log"
ADDON = "account_credit_posting"
# Installed by themselves where queue_job, point_of_sale, sale, website_sale,
# account_payment, account_edi_ubl_cii, loyalty, sale_loyalty, pos_loyalty or
# mis_builder is beside that addon.
QUEUE_JOB_ADDON = f"{ADDON}_queue_job"
POS_ADDON = f"{ADDON}_pos"
SALE_ADDON = f"{ADDON}_sale"
SHOP_ADDON = f"{ADDON}_website_sale"
PAYMENT_ADDON = f"{ADDON}_payment"
UBL_ADDON = f"{ADDON}_ubl_cii"
LOYALTY_ADDON = f"{ADDON}_loyalty"
SALE_LOYALTY_ADDON = f"{ADDON}_sale_loyalty"
POS_LOYALTY_ADDON = f"{ADDON}_pos_loyalty"
MIS_ADDON = f"{ADDON}_mis_builder"
# How long a program runs until somebody looks at its log again.
WATCH_SECONDS = 1
ADDONS = (
    ADDON,
    QUEUE_JOB_ADDON,
    POS_ADDON,
    SALE_ADDON,
    SHOP_ADDON,
    PAYMENT_ADDON,
    UBL_ADDON,
    LOYALTY_ADDON,
    SALE_LOYALTY_ADDON,
    POS_LOYALTY_ADDON,
    MIS_ADDON,
)
# Whose line on the screen is not yet ended, and who may write on it.
_unfinished = []
_saying = threading.Lock()


def say(message="", end="\n"):
    """Print a progress message; standard output belongs to the command's result."""
    print(message, end=end, file=sys.stderr, flush=True)


def fail(message):
    """End the program with one line that says what to do."""
    say(f"error: {message}")
    sys.exit(1)


@contextlib.contextmanager
def step(title):
    """Print the title of a slow step, then how long it took.

    Of two steps at once each has a line of its own.

    :return: a list; what the step appends to it is printed in brackets
    """
    _say_of_step(title, f"{title} … ", end="")
    started = time.monotonic()
    notes = []
    try:
        yield notes
    except SystemExit:
        # Whoever ended the program has said why.
        raise
    except BaseException:
        _say_of_step(title, "failed")
        raise
    seconds = time.monotonic() - started
    took = f"{seconds:.1f} s" + (f" ({', '.join(notes)})" if notes else "")
    _say_of_step(title, took)


def _say_of_step(title, message, end="\n"):
    """Print a part of a step's line, and its title again where the line has ended."""
    with _saying:
        begun = _unfinished[:]
        _unfinished[:] = [] if end else [title]
        if begun and begun != [title]:
            say()
        if end and begun != [title]:
            message = f"{title} … {message}"
        say(message, end=end)


def show_progress(part):
    """Print how far the step is that is printed last, on its line.

    :param str part: such as ``40 %``
    """
    with _saying:
        if _unfinished:
            say(f"{part} ", end="")


def digest(*parts):
    """Return a short hash of strings and of the contents of files."""
    result = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        result.update(hashlib.sha256(content).digest())
    return result.hexdigest()[:12]


def is_done(name, key):
    """Tell whether the step was finished with exactly these inputs."""
    stamp = DEV / "stamps" / name
    return stamp.is_file() and stamp.read_text() == key


def mark_done(name, key):
    """Remember that the step is finished; an interrupted step never gets here."""
    write_file(DEV / "stamps" / name, key)


def write_file(path, content):
    """Write a file in one go, and only when its content changes."""
    if path.is_file() and path.read_text() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(content)
    temporary.rename(path)


def remove_tree(path):
    """Remove a folder, if it is there."""
    if path.exists():
        shutil.rmtree(path)


def download_size(folder):
    """Return the size of a folder of downloads in words."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e6:.0f} MB"


def call(command, log_name, *, check=True, watch=None, **options):
    """Run a program with its output in a log file, and show the end of it on failure.

    :param list command: the program and its arguments
    :param str log_name: name of the log file, without its suffix
    :param bool check: end this program when the other one fails
    :param watch: called with the log each second while the program runs
    :return: whether the program succeeded
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{log_name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **options,
        )
        try:
            while process.poll() is None:
                if watch:
                    watch(log.read_text(errors="replace"))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(WATCH_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode and check:
        lines = log.read_text(errors="replace").splitlines()[-25:]
        say("failed\n  " + "\n  ".join(lines))
        fail(f"`{' '.join(map(str, command[:3]))} …` failed; all of it is in {log}")
    return not process.returncode


@contextlib.contextmanager
def setup_lock():
    """Let one command at a time set things up in this repository."""
    DEV.mkdir(exist_ok=True)
    with (DEV / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is setting up; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
