"""Progress where there is no terminal."""

import os
import pty
import subprocess
import sys
import threading
import time

import pytest

from settlement_bridge.bridge import Delivered, DeliveryState, LedgerOutcome, LedgerState
from settlement_bridge.cli import now_and_then as module
from settlement_bridge.cli.copy_progress import copy_progress
from settlement_bridge.cli.progress import Tally, progress
from settlement_bridge.cli.steps import steps

OUTCOME = LedgerOutcome("302321", LedgerState.SERVED)
FILE = Delivered("302321", 2000001, "local:/srv", "a.xml", DeliveryState.DELIVERED)
REFUSED = Delivered("302321", 2000002, "local:/srv", "b.xml", DeliveryState.REFUSED, "it is taken")


def test_counts_from_many_threads_add_up() -> None:
    seen: list[str] = []
    drawing = threading.Lock()

    def draw(tally: Tally) -> None:
        assert drawing.acquire(blocking=False), "two threads draw at once"
        time.sleep(0)
        seen.append(str(tally))
        drawing.release()

    tally = Tally(draw)
    tally.listed(8)

    def work() -> None:
        for _ in range(100):
            tally.mirrored("302321", 1000)
        tally.read(OUTCOME)
        tally.delivered(FILE)
        tally.delivered(REFUSED)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert str(tally) == seen[-1] == "8 of 8 ledgers read, 800,000 new entries, 8 files published"


def test_a_short_run_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    with progress() as tally:
        tally.mirrored("302321", 1)

    assert capfd.readouterr() == ("", "")


def test_a_long_run_says_a_line_now_and_then(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with progress() as tally:
        for _ in range(40):
            now += 1
            tally.mirrored("302321", 1000)

    assert capfd.readouterr().err.splitlines() == [
        "settlement-bridge: 15,000 new entries, 0 files published",
        "settlement-bridge: 30,000 new entries, 0 files published",
    ]


def test_a_closed_stderr_does_not_stop_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> None:
        raise BrokenPipeError(text)

    monkeypatch.setattr(module, "complain", fail)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    with progress() as tally, copy_progress() as copied, steps("files compared", 2) as done:
        tally.mirrored("302321", 1)
        copied.copied("entries", 1)
        done(1)

    assert (tally.entries, copied.rows) == (1, 1)


def test_steps_say_a_line_now_and_then(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with steps("files compared", 40) as done:
        for _ in range(40):
            now += 1
            done(1)

    assert capfd.readouterr().err.splitlines() == [
        "settlement-bridge: 15 of 40 files compared",
        "settlement-bridge: 30 of 40 files compared",
    ]


def test_steps_draw_a_bar_on_a_terminal() -> None:
    code = (
        "from settlement_bridge.cli.steps import steps\n"
        "with steps('files compared', 3) as done:\n"
        "    done(2)\n"
        "    import time; time.sleep(0.5)\n"
    )
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", code], stderr=theirs, check=True, timeout=60, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    assert b"2/3" in (drawn := os.read(ours, 100_000))
    assert b"files compared" in drawn
    os.close(ours)
