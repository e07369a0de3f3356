"""Odoo's processes: configuration, installing modules, the server."""

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from .python_env import PYTHON, cache_environment, site_packages
from .source import addons_paths
from .steps import DEV, LOGS, ROOT, call, write_file

CONFIG = DEV / "odoo.conf"
DATA = DEV / "data"
LAUNCHER = ROOT / "scripts" / "odoo_server.py"
INTERFACE = os.environ.get("BIND") or "127.0.0.1"
START_SECONDS = 180


def source_root():
    """Return the folder from which the environment imports Odoo."""
    return Path((site_packages() / "odoo-source.pth").read_text().strip())


def filestore(database):
    """Return the folder with the attachments of a database."""
    return DATA / "filestore" / database


def write_config():
    """Write the configuration file that every process of Odoo reads."""
    paths = [*addons_paths(source_root()), ROOT]
    options = {
        "addons_path": ",".join(map(str, paths)),
        "data_dir": DATA,
        "db_host": os.environ.get("PGHOST", ""),
        "db_port": os.environ.get("PGPORT", ""),
        "db_user": os.environ.get("PGUSER", ""),
        "db_password": os.environ.get("PGPASSWORD", ""),
        "http_interface": INTERFACE,
        "list_db": False,
        "screenshots": DEV / "screenshots",
        "workers": 0,
    }
    lines = [f"{name} = {value}" for name, value in options.items() if value != ""]
    # The file may hold a password.
    write_file(CONFIG, "\n".join(["[options]", *lines, ""]), mode=0o600)


def environment():
    """Return the environment variables for Odoo and for the tests."""
    path = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
    return {**cache_environment(), "PATH": path, "ODOO_RC": str(CONFIG)}


def command(*arguments):
    """Return the command line of Odoo with these arguments."""
    return [str(PYTHON), str(LAUNCHER), *map(str, arguments)]


def install(database, module, *, demo):
    """Install a module into a database."""
    run_once(database, "-i", module, "--with-demo" if demo else "--without-demo=True")


def update(database, module):
    """Update a module and those that depend on it."""
    run_once(database, "-u", module)


def run_once(database, *arguments):
    """Run Odoo without a web server until it has done what the arguments say."""
    once = ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
    options = ["-d", database, *once, "--log-level=warn", *arguments]
    call(command(*options), f"odoo-{database}", env=environment())


def free_port(first=None):
    """Return a free port: any, or the first one from the given number on."""
    if first is None:
        return bound_port(0)
    ports = filter(None, map(bound_port, range(first, first + 100)))
    return next(ports, None)


def bound_port(port):
    """Return the port if it can be had (0 stands for any), else None."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listener.bind((INTERFACE, port))
            return listener.getsockname()[1]
    return None


def die_with_parent():
    """Ask the kernel to stop this process when the one that started it is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG.


def is_main_thread():
    """Tell whether this is the thread that lives as long as the process."""
    return threading.current_thread() is threading.main_thread()


class Server:
    """A running Odoo server for one database, in a process group of its own."""

    def __init__(self, database, port=None, *, log_name=None, options=(), echo=None):
        """Start the process; :meth:`wait` waits until it answers.

        :param str database: the only database that it serves
        :param int port: where it listens; a free port without it
        :param str log_name: name of its log file
        :param options: further arguments for Odoo
        :param echo: called with each line that reports an error
        """
        self.database = database
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = LOGS / f"{log_name or f'odoo-{database}-{self.port}'}.log"
        self._echo = echo
        LOGS.mkdir(parents=True, exist_ok=True)
        own = ["-d", database, "--db-filter", f"^{re.escape(database)}$"]
        # Ctrl-C reaches the whole process group of the terminal. Odoo takes a second
        # signal as the wish to end at once, so the first must come from one place only.
        self.process = subprocess.Popen(
            command(*own, f"--http-port={self.port}", *options),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            # The kernel counts the thread that starts a process as its parent.
            preexec_fn=die_with_parent if is_main_thread() else None,
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def __enter__(self):
        """Wait for the server; it stops at the end of the block."""
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception):
        """Stop the server."""
        self.stop()

    def _read_log(self):
        """Copy the server's output to its log file, and hand errors on."""
        is_error = False
        with self.log.open("w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                # A line without a date goes on with the message before it.
                if re.match(r"\d{4}-\d\d-\d\d ", line):
                    is_error = " ERROR " in line or " CRITICAL " in line
                if is_error and self._echo:
                    self._echo(line.rstrip("\n"))

    def wait(self):
        """Wait until the login page answers.

        :raise RuntimeError: when the server ends or does not answer in time
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"Odoo ended while starting: see {self.log}")
            if self.answers():
                return
            time.sleep(0.2)
        raise RuntimeError(f"Odoo did not answer in time: see {self.log}")

    def answers(self):
        """Tell whether the login page comes, without an error."""
        try:
            urllib.request.urlopen(f"{self.url}/web/login", timeout=30).close()
        except OSError:
            return False
        return True

    def stop(self, seconds=20):
        """End the server, by force when it does not end in time."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reader.join(5)

    def kill(self):
        """Kill the server as a power cut would."""
        self.process.kill()
        self.process.wait()


def run_script(database, script):
    """Run a script in Odoo's shell; return what it printed.

    :raise RuntimeError: when it fails
    """
    options = ["-d", database, "--no-http", "--log-level=warn"]
    result = subprocess.run(
        command("shell", *options),
        env=environment(),
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{result.stdout}{result.stderr}")
    return result.stdout
