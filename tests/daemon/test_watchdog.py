"""The watchdog hears from the work: as long as that gets on, and no longer."""

import time
from itertools import pairwise
from pathlib import Path

from tests.daemon.running import daemon, eventually
from tests.system.conftest import WORLD, serving

WATCHDOG = 2.0


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


def test_one_without_work_gives_signs_of_life(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place, watchdog=WATCHDOG) as running:
        running.event("waiting")
        idle = time.monotonic()
        eventually(lambda: len([at for at in running.times("WATCHDOG=1") if at > idle]) >= 5)
        assert max(gaps(running.times("WATCHDOG=1"))) < WATCHDOG
        assert running.stop() == 0


def test_a_run_that_gets_on_gives_signs_of_life(tmp_path: Path) -> None:
    slow = "slow:seconds=0.5,path=/report/,times=forever"
    with serving(tmp_path / "place", WORLD, slow) as (place, _), daemon(place, watchdog=WATCHDOG) as running:
        running.event("run_finished")
        times = [*running.times("READY=1"), *running.times("WATCHDOG=1"), time.monotonic()]
        assert times[-1] - times[0] > WATCHDOG
        assert max(gaps(times)) < WATCHDOG
        assert running.stop() == 0


def test_a_run_that_hangs_gives_none(tmp_path: Path) -> None:
    hangs = f"slow:seconds={3 * WATCHDOG},path=/report/,times=1"
    with serving(tmp_path / "place", WORLD, hangs) as (place, sandbox), daemon(place, watchdog=WATCHDOG) as running:
        eventually(lambda: any("/report/" in request.target for request in sandbox.requests))
        began = time.monotonic()
        time.sleep(2 * WATCHDOG)
        assert not [at for at in running.times("WATCHDOG=1") if at > began + WATCHDOG / 4]
        assert running.process.poll() is None
