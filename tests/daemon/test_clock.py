"""A machine whose clock is set under a running daemon: back, forward, and over the nights when clocks are changed."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import require
from tests.daemon.running import Running, daemon, eventually
from tests.system.conftest import WORLD, serving

AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When it is three o'clock in Oslo, and then two."""


class Clock:
    """What a daemon takes for the time (libfaketime); time that cannot be set goes on as ever."""

    def __init__(self, file: Path, library: Path) -> None:
        self._file = file
        self.env = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }
        self.shift(timedelta())

    def shift(self, by: timedelta) -> None:
        """Let it be so much ahead of the real one."""
        changed = self._file.with_suffix(".new")
        changed.write_text(f"{by.total_seconds():+.0f}\n", encoding="ascii")
        changed.rename(self._file)

    def set(self, to: datetime) -> None:
        """Let it be that time now."""
        self.shift(to - datetime.now(UTC))


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    require(found, "install faketime to set the clock of one process")
    yield Clock(tmp_path / "clock", found[0])


def minutes_ahead(running: Running, number: int, now: datetime) -> float:
    """Return how long after a time the next run was due, as said for the so-manieth time."""
    due = datetime.fromisoformat(running.event("waiting", number)["next_run"])
    return (due - now).total_seconds() / 60


def test_set_forward_what_is_due_is_run_once(tmp_path: Path, clock: Clock) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place, watchdog=2.0, env=clock.env) as running:
        running.event("waiting")
        clock.shift(timedelta(hours=7))
        later = datetime.now(UTC) + timedelta(hours=7)
        assert 0 < minutes_ahead(running, 2, later) <= 60
        time.sleep(2)
        assert len(running.events("run_started")) == 2
        assert running.stop() == 0


def test_set_back_the_next_run_is_within_the_hour_again(tmp_path: Path, clock: Clock) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        clock.shift(timedelta(days=1))
        with daemon(place, watchdog=2.0, env=clock.env) as running:
            assert minutes_ahead(running, 1, datetime.now(UTC)) > 24 * 60 - 1
            clock.shift(timedelta())
            assert running.event("clock_set_back")["seconds"] == pytest.approx(86400, abs=5)
            assert 0 < minutes_ahead(running, 2, datetime.now(UTC)) <= 60
            before = len(running.times("WATCHDOG=1"))
            eventually(lambda: len(running.times("WATCHDOG=1")) > before + 2)
            next_run = place.run("status", "--json").json["next_run"]
            assert datetime.fromisoformat(next_run) - datetime.now(UTC) < timedelta(hours=1)
            assert running.stop() == 0


def test_in_the_night_with_an_hour_twice_it_runs_once_at_half_past_two(tmp_path: Path, clock: Clock) -> None:
    env = {**clock.env, "SETTLEMENT_BRIDGE_SCHEDULE__TIMES": '["02:30", "04:30"]'}
    with serving(tmp_path / "place", WORLD) as (place, _):
        clock.set(AUTUMN - timedelta(minutes=45))
        with daemon(place, watchdog=2.0, env=env) as running:
            assert running.event("waiting")["next_run"].startswith("2026-10-25T00:30")
            clock.set(AUTUMN - timedelta(minutes=30, seconds=1))
            assert running.event("waiting", 2)["next_run"].startswith("2026-10-25T03:30")
            clock.set(AUTUMN + timedelta(minutes=31))  # half past two once more
            time.sleep(2)
            assert len(running.events("run_started")) == 2
            clock.set(AUTUMN + timedelta(hours=2, minutes=29, seconds=59))
            assert running.event("waiting", 3)["next_run"].startswith("2026-10-26T01:30")
            assert running.stop() == 0
