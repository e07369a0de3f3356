"""Posting in the background, by size and by number of workers."""

import contextlib
import time
from pathlib import Path

from .measuring import show_goal
from .tables import describe_bound

#: ``{name: (credits, servers)}``
RUNS = {
    "1,000": (1000, 1),
    "10,000": (10_000, 1),
    "10,000 by two": (10_000, 2),
    "50,000 by two": (50_000, 2),
}
#: ``{what: (at least, at most)}``
GOALS = {
    "10,000 against 1,000, ms per credit": (0, 1.1),
    "50,000 against 10,000, ms per credit": (0, 1.1),
    "50,000 against 1,000, peak memory": (0, 1.2),
    "two workers, times as fast": (1.7, 2),
}


def measure_workers():
    """Measure posting in the background: by size and by number of workers."""
    ms, mib = {}, {}
    print("\nposting in the background")
    for name, (lines, count) in RUNS.items():
        seconds, mib[name] = post_on_servers(lines, count)
        ms[name] = seconds * 1000 / lines
        print(
            f"{name:28}{ms[name]:10.2f} ms per credit{mib[name]:10.0f} MiB", flush=True
        )
    ratios = {
        "10,000 against 1,000, ms per credit": ms["10,000"] / ms["1,000"],
        "50,000 against 10,000, ms per credit": ms["50,000 by two"]
        / ms["10,000 by two"],
        "50,000 against 1,000, peak memory": mib["50,000 by two"] / mib["1,000"],
        "two workers, times as fast": ms["10,000"] / ms["10,000 by two"],
    }
    goals = []
    for name, ratio in ratios.items():
        least, most = GOALS[name]
        text = f"{name}: {describe_bound(least, most)}"
        goals.append(show_goal(text, ratio, least <= ratio <= most))
    return {"ms": ms, "mib": mib, "ratios": ratios, "goals": goals}


def post_on_servers(lines, count):
    """Let so many servers with one worker each post a batch in the background.

    :return: ``(seconds from the first chunk to the last, largest memory of a server in
        MiB)``
    """
    # They need the folders of the addons, which are known by now.
    from tests import servers
    from tests.test_background_workers import PREPARE, STATE, Watch

    options = ("--max-cron-threads=1",)
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(servers.throwaway_database())
        watch = Watch(stack.enter_context(contextlib.closing(servers.connect(name))))
        running = [
            stack.enter_context(servers.running_server(name, options=options))
            for _number in range(count)
        ]
        servers.run_script(name, f"LINES = {lines:d}\nIS_HASHED = False\n{PREPARE}")
        watch.wait_until(lambda: watch.ask(STATE) != ("queued",))
        start = time.perf_counter()
        watch.wait_until(lambda: watch.ask(STATE) == ("done",), seconds=3600)
        seconds = time.perf_counter() - start
        return seconds, max(read_peak_memory(server) for server in running)


def read_peak_memory(server):
    """Return the most memory that a process has ever held, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024
