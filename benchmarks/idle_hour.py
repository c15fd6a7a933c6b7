"""An hour of the daemon with 10,000 ledgers and nothing new, in processor time, beside a loop of the same requests.

What the daemon does in such an hour is one run, and a look at the clock every minute.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.children import Measured, measure, sandbox
from benchmarks.table import Row, show
from settlement_bridge.cli.sandbox_config import sandbox_config
from settlement_bridge.sandbox import Keys

LEDGERS = 10_000
GOAL = 1.5
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 1800
MORE = "[health]\nenabled = false\n"


def measure_all() -> Iterator[Row]:
    """Yield the one row."""
    with sandbox("ten-thousand-small", ledgers=LEDGERS) as (url, keys), tempfile.TemporaryDirectory() as folder:
        ours = idle_hour(Path(folder), url, keys)
        bare = measure("benchmarks.run_bare", url, keys.client_id, keys.client_secret, keys.subscription_key, folder)
    yield Row(f"daemon, idle hour, {LEDGERS:,} ledgers (processor)", ours.cpu, bare.cpu, GOAL, ours.peak, bare.peak)


def idle_hour(folder: Path, url: str, keys: Keys) -> Measured:
    """Let a daemon read everything, then measure the run of an hour in which nothing is new."""
    config, log = folder / "config.toml", folder / "log"
    (folder / "published").mkdir()
    config.touch(mode=0o600)
    config.write_text(sandbox_config(url, keys, {}).replace("lookup = true", "lookup = false") + "\n" + MORE)
    line = [sys.executable, "-m", "settlement_bridge", "--config", str(config), "run"]
    with log.open("wb") as written, subprocess.Popen(line, stderr=written, cwd=folder) as daemon:
        try:
            _wait_for(log, 1)
            began, cpu = time.perf_counter(), _cpu(daemon.pid)
            daemon.send_signal(signal.SIGHUP)  # a run, as at its minute of the hour
            _wait_for(log, 2)
            return Measured(time.perf_counter() - began, _peak(daemon.pid), _cpu(daemon.pid) - cpu)
        finally:
            daemon.terminate()


def _wait_for(log: Path, runs: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while log.read_bytes().count(b" event=waiting ") < runs:
        if time.monotonic() > deadline:
            sys.exit(f"the daemon took longer than {PATIENCE} s")
        time.sleep(0.1)


def _cpu(pid: int) -> float:
    behind_the_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, behind_the_name[11:13])) / TICK


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


if __name__ == "__main__":
    show(measure_all())
