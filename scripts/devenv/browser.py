"""Chromium without a window, driven over its debugging port."""

import base64
import contextlib
import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

START_SECONDS = 30
WAIT_SECONDS = 30
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
# What a condition may use: elements by selector and by a text that they contain.
HELPERS = """
const all = (selector, text = "") =>
    [...document.querySelectorAll(selector)].filter(
        (element) => element.getClientRects().length &&
            (element.value || element.textContent).includes(text)
    );
const find = (selector, text) => all(selector, text)[0];
"""


class Browser:
    """A browser with one page; use it in a ``with`` block.

    :param str program: path of Chromium
    :param int width: of the page, in pixels
    """

    def __init__(self, program, width):
        self.program = program
        self.width = width
        self._calls = 0

    def __enter__(self):
        """Start it."""
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            )
            process = subprocess.Popen(
                [self.program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            port = self._read_port(Path(folder) / "DevToolsActivePort")
            with urllib.request.urlopen(f"http://localhost:{port}/json/list") as answer:
                pages = json.load(answer)
            address = next(
                page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"
            )
            self._socket = websocket.create_connection(address, timeout=WAIT_SECONDS)
            stack.callback(self._socket.close)
            self._call("Page.enable")
            self.resize(900)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception):
        """End it."""
        self._stack.close()

    def _read_port(self, file):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if file.is_file() and (lines := file.read_text().splitlines()):
                return int(lines[0])
            time.sleep(0.1)
        raise RuntimeError(f"{self.program} did not start")

    def _call(self, method, **params):
        """Return the answer of the browser to a command of its protocol."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": params}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._calls:
                break
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def run(self, script):
        """Return the value of an expression of JavaScript.

        :raise RuntimeError: when it throws
        """
        answer = self._call(
            "Runtime.evaluate",
            expression=f"(() => {{{HELPERS} return ({script});}})()",
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(f"{script}: {details['exception']['description']}")
        return answer["result"].get("value")

    def wait(self, condition):
        """Wait until an expression of JavaScript is true.

        :raise RuntimeError: when it stays false
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            # While a page is being left, it has no document.
            with contextlib.suppress(RuntimeError):
                if self.run(f"Boolean({condition})"):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.run('location.href')}: it stays false: {condition}")

    def see(self, selector, text=""):
        """Wait until something visible has this selector and contains this text."""
        self.wait(f"find({json.dumps(selector)}, {json.dumps(text)})")

    def open(self, address):
        """Go to an address."""
        self._call("Page.navigate", url=address)
        self.wait('document.readyState === "complete"')

    def click(self, selector, text=""):
        """Click on what :meth:`see` finds."""
        self.see(selector, text)
        self.run(f"find({json.dumps(selector)}, {json.dumps(text)}).click()")

    def type(self, selector, text):
        """Type a text into a field, instead of what it has."""
        self.see(selector)
        self.run(
            f"find({json.dumps(selector)}).focus() || document.activeElement.select()"
        )
        self._call("Input.insertText", text=text)

    def press(self, key):
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def resize(self, height):
        """Set the height of the page, in pixels."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=self.width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def shoot(self, path, selector=None):
        """Write what is seen to a PNG file, or of it the part with this selector."""
        options = {}
        if selector:
            self.see(selector)
            box = self.run(
                f"find({json.dumps(selector)}).getBoundingClientRect().toJSON()"
            )
            part = {name: box[name] for name in ("x", "y", "width", "height")}
            options["clip"] = {**part, "scale": 1}
        answer = self._call("Page.captureScreenshot", format="png", **options)
        path.write_bytes(base64.b64decode(answer["data"]))
