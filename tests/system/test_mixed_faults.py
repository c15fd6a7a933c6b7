"""Faults as they come: every kind again and again, and all of them mixed, until the bridge has got through."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from settlement_bridge.sandbox import GROUPS, Sandbox, parse_mix
from settlement_bridge.sandbox.application import Dialect
from tests.cli.command import Place, place_for, started
from tests.system.conftest import LEDGER, PAGE, WORLD, files, serving

MOST_RUNS = 25
IMPATIENT = "attempts = 2\nlongest_wait = 0.1\nread_timeout = 0.5"


@contextmanager
def mixed(
    folder: Path, mix: str, seed: int, dialect: Dialect = "v2", page_size: int = 5
) -> Iterator[tuple[Place, Sandbox]]:
    """A place whose sandbox strikes at random, and whose bridge does not wait long."""
    with Sandbox(WORLD, dialect=dialect, page_size=page_size, mix=parse_mix(mix, seed)) as sandbox:
        place = place_for(folder, sandbox.url, WORLD, sandbox.keys)
        place.rewrite("attempts = 1", IMPATIENT)
        yield place, sandbox


def run_until(place: Place, published: dict[str, bytes]) -> None:
    """Run again and again, as cron does; no run may find anything worse than a reason to try later."""
    for _ in range(MOST_RUNS):
        done = place.run("sync")
        assert done.code in (0, 75), done.out + done.err
        if files(place) == published:
            return
    raise AssertionError(f"not through after {MOST_RUNS} runs: {done.out}{done.err}")


def struck(sandbox: Sandbox) -> set[str]:
    return {request.fault for request in sandbox.requests if request.fault}


def is_part_of(published: dict[str, bytes], expected: dict[str, bytes]) -> bool:
    return published.items() <= expected.items()


@pytest.mark.parametrize("kind", GROUPS["passing"])
def test_a_passing_fault_again_and_again_leaves_no_trace(tmp_path: Path, expected: dict[str, bytes], kind: str) -> None:
    with mixed(tmp_path / "place", f"{kind}:0.4", seed=1, page_size=PAGE) as (place, sandbox):
        run_until(place, expected)
        assert struck(sandbox) == {kind}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_all_passing_faults_mixed_leave_no_trace(
    tmp_path: Path, expected: dict[str, bytes], expected_v1: dict[str, bytes], dialect: Dialect, seed: int
) -> None:
    with mixed(tmp_path / "place", "passing:0.3", seed, dialect) as (place, sandbox):
        run_until(place, expected if dialect == "v2" else expected_v1)
        assert len(struck(sandbox)) > 3


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_untrue_is_never_published_and_ends_with_a_true_answer(
    tmp_path: Path, expected: dict[str, bytes], seed: int
) -> None:
    with mixed(tmp_path / "place", "passing:0.1,untrue:0.3", seed) as (place, _):
        codes = [place.run("sync").code for _ in range(3)]
        assert 1 in codes, "no lie was told: take other seeds"
        assert is_part_of(files(place), expected)
    with serving(tmp_path / "place", WORLD) as (place, _):
        assert place.run("resync", LEDGER).code == 0
        assert place.run("sync").code == 0
        assert files(place) == expected


def test_what_is_new_is_booked_however_often_it_comes(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with mixed(tmp_path / "place", "new:1", seed=1) as (place, sandbox):
        done = place.run("sync")
        assert done.code == 0, done.out + done.err
        assert "brand-new-type" in done.out
        assert struck(sandbox) == set(GROUPS["new"])
    assert files(place).keys() == expected.keys()


def test_the_command_plays_a_mix_and_says_which(tmp_path: Path) -> None:
    with started("sandbox", "--port", "0", "--faults", "503:0.5", "--seed", "42") as process:
        assert process.stdout
        address = process.stdout.readline().split(" at ")[1].split()[0]
        assert "503 50 % of all requests, by seed 42" in process.stdout.readline()
        statuses = [requests.post(f"{address}/accesstoken/get", timeout=10).status_code for _ in range(20)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert set(statuses) == {401, 503}
