"""Faults 12 and 19: killed at any moment, run again, and every file is there once, whole and the same."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from subprocess import Popen

import pytest

from settlement_bridge.sandbox import Sandbox, scenario
from tests.cli.command import Place, command_line, environment, started
from tests.conftest import require
from tests.system.conftest import WORLD, files, let_the_lease_run_out, serving, undisturbed

KILLS = 4
PATIENCE = 30


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_moments(tmp_path: Path, expected: dict[str, bytes], seed: int) -> None:
    dice = random.Random(seed)
    with serving(tmp_path / "place", WORLD, page_size=7) as (place, sandbox):
        for _ in range(KILLS):
            with started("--config", place.config, "sync") as process:
                _kill_after(dice.randrange(1, len(expected)), dice.uniform(0, 0.02), process, place, sandbox)
            assert {
                path: content for path, content in files(place).items() if path in expected
            }.items() <= expected.items()
            let_the_lease_run_out(place)
        done = place.run("sync")
        assert done.code == 0, done.out + done.err
        assert files(place) == expected
        assert place.run("sync").out.endswith(" 0 files published\n")


def _kill_after(events: int, seconds: float, process: "Popen[str]", place: Place, sandbox: Sandbox) -> None:
    """Kill the process a little after so many things could be seen of it: requests and files."""
    before = _events(place, sandbox)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and _events(place, sandbox) - before < events:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.wait()


def _events(place: Place, sandbox: Sandbox) -> int:
    """Count without opening anything: files and folders come and go meanwhile."""
    return len(sandbox.requests) + sum(len(names) for _, _, names in os.walk(place.published))


def test_what_an_importer_took_before_the_kill_does_not_come_again(tmp_path: Path, expected: dict[str, bytes]) -> None:
    taken: dict[str, bytes] = {}
    with serving(tmp_path / "place", WORLD) as (place, sandbox):
        for number in range(1, 4):
            with started("--config", place.config, "sync") as process:
                _kill_after(8 + number, 0, process, place, sandbox)
            taken |= _take(place)
            let_the_lease_run_out(place)
        assert place.run("sync").code == 0
        last = _take(place)
    assert taken.keys().isdisjoint(last)
    assert taken | last == expected


POINTS = [("fsync", 6), ("fsync", 7), ("renameat2", 6), ("fsync", 8), ("fsync", 11)]
"""Around the rename of the first file, behind those of the five folders above it; and behind that of the second."""


@pytest.mark.parametrize(("call", "number"), POINTS)
def test_killed_at_the_calls_that_make_a_file_appear(tmp_path: Path, call: str, number: int) -> None:
    require(shutil.which("strace"), "install strace to kill at system calls")
    world = scenario("webshop", days=2)
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    with serving(tmp_path / "place", world) as (place, _):
        kill = ["-e", f"inject={call}:signal=KILL:when={number}"]
        line = [*strace, *kill, *command_line("--config", place.config, "sync")]
        done = subprocess.run(line, check=False, capture_output=True, env=environment(), timeout=PATIENCE)
        assert done.returncode != 0
        taken = _take(place)
        let_the_lease_run_out(place)
        assert place.run("sync").code == 0
        last = _take(place)
    assert taken.keys().isdisjoint(last)
    assert taken | last == undisturbed(tmp_path / "undisturbed", world)
    assert len(taken | last) == 2


def _take(place: Place) -> dict[str, bytes]:
    """Move away what an importer sees."""
    seen = {path: content for path, content in files(place).items() if path.endswith(".xml")}
    for path in seen:
        (place.published / path).unlink()
    return seen
