"""Fault 14: two runs on one store never work at once."""

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from settlement_bridge.sandbox import Sandbox
from tests.cli.command import Finished, run_command, started
from tests.system.conftest import LEDGER, WORLD, files, let_the_lease_run_out, serving

PATIENCE = 30
SLOW = "slow:seconds=1,path=/report/,times=4"


def _wait_for_a_page(sandbox: Sandbox) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any("/report/" in request.target for request in sandbox.requests):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_second_says_who_works_and_ends_with_75(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD, SLOW) as (place, sandbox):
        with started("--config", place.config, "sync") as first:
            _wait_for_a_page(sandbox)
            commands = [("sync",), ("republish", LEDGER, "2000001"), ("resync", LEDGER)]
            with ThreadPoolExecutor() as pool:
                refused = list(pool.map(lambda command: place.run(*command), commands))
            for second in refused:
                assert (second.code, second.out) == (75, "")
                assert f"`settlement-bridge sync` (process {first.pid} on " in second.err
                assert re.search(r"since 20\d\d-.*wait until it is done, or stop it", second.err)
            out, err = first.communicate(timeout=PATIENCE)
        assert (first.returncode, err) == (0, ""), out
        assert files(place) == expected


def test_of_many_started_at_once_each_file_comes_from_one(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), ExitStack() as stack:
        racers = [stack.enter_context(started("--config", place.config, "sync", "--json")) for _ in range(4)]
        ended = [Finished(0, *racer.communicate(timeout=PATIENCE)) for racer in racers]
        codes = [racer.returncode for racer in racers]
        assert set(codes) <= {0, 75}
        assert 0 in codes
        published = [
            file["path"] for one, code in zip(ended, codes, strict=True) if code == 0 for file in one.json["files"]
        ]
        assert sorted(published) == sorted(expected)
        assert files(place) == expected


def test_one_that_slept_past_its_lease_can_do_no_harm(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD, SLOW) as (place, sandbox):
        with started("--config", place.config, "sync") as sleeper:
            _wait_for_a_page(sandbox)
            sleeper.send_signal(signal.SIGSTOP)
            let_the_lease_run_out(place)
            with started("--config", place.config, "sync") as second:
                while "settlement-bridge sync" not in _said(place.config, second.pid):
                    assert second.poll() is None
                    time.sleep(0.02)
                sleeper.send_signal(signal.SIGCONT)
                out, err = sleeper.communicate(timeout=PATIENCE)
                assert sleeper.returncode == 75, out + err
                assert f"process {second.pid} on " in out + err
                second.communicate(timeout=PATIENCE)
        assert second.returncode == 0
        assert files(place) == expected


def _said(config: Path, pid: int) -> str:
    """Return what a third run is told, once the lease is that process's."""
    said = run_command("--config", config, "republish", LEDGER, "2000001").err
    return said if f"process {pid} " in said else ""
