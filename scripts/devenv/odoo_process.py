"""Odoo's processes: configuration, installing modules, the server."""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from .python_env import PYTHON, VENV, cache_environment, site_packages
from .source import addons_paths
from .steps import DEV, LOGS, ROOT, call, show_progress, write_file

CONFIG = DEV / "odoo.conf"
# What Python compiles of Odoo and of the packages: seconds, for every process.
BYTECODE = DEV / "cache" / "bytecode"
LAUNCHER = ROOT / "scripts" / "odoo_server.py"
SCRIPTS = ROOT / "scripts" / "odoo_scripts.py"
INTERFACE = os.environ.get("BIND") or "127.0.0.1"
START_SECONDS = 180
# Of a log no more than errors, and which of the modules is loaded.
QUIET = ("--log-level=warn", "--log-handler=odoo.modules.loading:INFO")
LOADED = re.compile(r"Loading module \S+ \((\d+)/(\d+)\)")


def source_root():
    """Return the folder from which the environment imports Odoo."""
    return Path((site_packages() / "odoo-source.pth").read_text().strip())


def write_config():
    """Write the configuration file that every process of Odoo reads.

    Where PostgreSQL is, Odoo reads from the variables PGHOST, PGUSER and so on.
    """
    options = {
        "addons_path": ",".join(map(str, [*addons_paths(source_root()), ROOT])),
        "data_dir": DEV / "data",
        "http_interface": INTERFACE,
        "list_db": False,
        "screenshots": DEV / "screenshots",
        "workers": 0,
    }
    lines = [f"{name} = {value}\n" for name, value in options.items()]
    write_file(CONFIG, "".join(["[options]\n", *lines]))


def environment():
    """Return the environment variables for Odoo and for the tests.

    What Python has compiled is kept in the repository's own folder, also where it may
    not be kept beside its source.
    """
    path = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
    own = {"PATH": path, "ODOO_RC": str(CONFIG), "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    variables = {**cache_environment(), **own}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables


def command(*arguments):
    """Return the command line of Odoo with these arguments."""
    return [str(PYTHON), str(LAUNCHER), *map(str, arguments)]


def install(database, module, *, demo):
    """Install a module into a database."""
    what = ["-d", database, "-i", module]
    what.append("--with-demo" if demo else "--without-demo=True")
    how = ["--stop-after-init", "--no-http", "--max-cron-threads=0", *QUIET]
    log_name = f"odoo-{database}"
    call(command(*what, *how), log_name, watch=watch_modules(), env=environment())


def watch_modules():
    """Return what prints how many of the modules are loaded, each tenth of them once.

    :return: a function of the log of an installation
    """
    shown = 0

    def watch(log):
        nonlocal shown
        *_earlier, (done, count) = [(0, 1), *LOADED.findall(log)]
        # The first module is loaded alone, before Odoo knows of the others.
        percent = int(count) > 1 and int(done) * 10 // int(count) * 10
        if percent > shown:
            shown = percent
            show_progress(f"{percent} %")

    return watch


def click_odoo(program, option, database, *arguments):
    """Run one of the programs of click-odoo-contrib on a database."""
    program = f"click-odoo-{program}"
    level = "--log-level=info"  # It says which module is loaded.
    line = [VENV / "bin" / program, level, option, database, *arguments]
    log_name = f"{program}-{database}"
    call(line, log_name, watch=watch_modules(), env=environment())


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
        # The kernel counts the thread that starts a process as its parent.
        in_main_thread = threading.current_thread() is threading.main_thread()
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
            preexec_fn=die_with_parent if in_main_thread else None,
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


class Scripts:
    """A process that runs one script after the other on a database.

    Threads that ask at once wait for each other.
    """

    def __init__(self, database):
        """Start it."""
        self._asking = threading.Lock()
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"scripts-{database}.log"
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [str(PYTHON), str(SCRIPTS), "-d", database, "--log-level=warn"],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def __enter__(self):
        """Give the process; it ends at the end of the block."""
        return self

    def __exit__(self, *_exception):
        """End it."""
        self.stop()

    def run(self, script):
        """Run a script; return what it printed.

        :raise RuntimeError: when it fails
        """
        with self._asking:
            self.process.stdin.write(f"{json.dumps(script)}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The process has ended: {self.process.wait()}")
        succeeded, output = json.loads(answer)
        if not succeeded:
            raise RuntimeError(output)
        return output

    def stop(self):
        """End it at once: it has answered to all, and holds nothing."""
        self.process.kill()
        self.process.communicate()


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
