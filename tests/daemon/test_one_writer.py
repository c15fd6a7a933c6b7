"""Fault 14: of all that would work on one store one does, on SQLite and on PostgreSQL; the others wait their turn."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from settlement_bridge.sandbox import Sandbox
from settlement_bridge.store import open_store
from tests import postgresql
from tests.daemon.running import Running, daemon, eventually
from tests.system.conftest import WORLD, files, serving

SLOW = "slow:seconds=1,path=/report/,times=3"
SOON = {"SETTLEMENT_BRIDGE_SCHEDULE__RETRY": "0.5"}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.db"
        return
    with ExitStack() as stack:
        server = postgresql.address_given() or stack.enter_context(postgresql.private_server())
        yield stack.enter_context(postgresql.database(server))


def let_the_lease_run_out(url: str) -> None:
    """Do to the lease of a process that was killed what a minute and a half do."""
    store = open_store(url)
    with store.writing() as connection:
        connection.execute(text("UPDATE leases SET expires = 0"))
    store.close()


def wait_for_a_page(sandbox: Sandbox) -> None:
    eventually(lambda: any("/report/" in request.target for request in sandbox.requests))


def pid(running: Running) -> int:
    return int(running.event("starting")["pid"])


def test_a_sync_is_told_that_a_daemon_works(tmp_path: Path, url: str, expected: dict[str, bytes]) -> None:
    store = {"SETTLEMENT_BRIDGE_STORE__URL": url}
    with serving(tmp_path / "place", WORLD, SLOW) as (place, sandbox), daemon(place, env=store) as running:
        wait_for_a_page(sandbox)
        who = f"`settlement-bridge run` (process {pid(running)} on "
        with ThreadPoolExecutor() as pool:
            commands = (("status", "--json"), ("status",), ("sync",))
            as_json, shown, refused = pool.map(lambda command: place.run(*command, **store), commands)
        assert as_json.json["worker"]["name"].startswith(who)
        assert who in shown.out
        assert (refused.code, refused.out) == (75, "")
        assert who in refused.err
        assert running.event("run_finished")["delivered"] == len(expected)
        assert place.run("sync", **store).code == 0
        assert place.run("status", "--json", **store).json["worker"] is None
        assert running.stop() == 0
        assert files(place) == expected


def test_of_two_daemons_one_works_and_the_other_afterwards(
    tmp_path: Path, url: str, expected: dict[str, bytes]
) -> None:
    store = {"SETTLEMENT_BRIDGE_STORE__URL": url, **SOON}
    with serving(tmp_path / "place", WORLD, SLOW) as (place, sandbox), daemon(place, env=store) as first:
        wait_for_a_page(sandbox)
        with daemon(place, env=store) as second:
            assert f"(process {pid(first)} on " in second.event("store_busy")["reason"]
            assert first.event("run_finished")["delivered"] == len(expected)
            assert second.event("run_finished")["delivered"] == 0
            assert second.stop() == 0
        assert first.stop() == 0
        assert files(place) == expected


def test_what_a_killed_one_left_another_goes_on_with(tmp_path: Path, url: str, expected: dict[str, bytes]) -> None:
    store = {"SETTLEMENT_BRIDGE_STORE__URL": url, **SOON}
    with serving(tmp_path / "place", WORLD, SLOW) as (place, sandbox):
        with daemon(place, env=store) as killed:
            wait_for_a_page(sandbox)
            killed.send(signal.SIGKILL)
            killed.process.wait()
        with daemon(place, env=store) as running:
            assert f"(process {pid(killed)} on " in running.event("store_busy", 2)["reason"]
            let_the_lease_run_out(url)
            assert running.event("run_finished")["exit_code"] == 0
            assert running.stop() == 0
        assert files(place) == expected


def test_one_that_slept_past_its_lease_can_do_no_harm(tmp_path: Path, url: str, expected: dict[str, bytes]) -> None:
    store = {"SETTLEMENT_BRIDGE_STORE__URL": url, **SOON}
    with serving(tmp_path / "place", WORLD, SLOW) as (place, sandbox), daemon(place, env=store) as sleeper:
        wait_for_a_page(sandbox)
        sleeper.send(signal.SIGSTOP)
        let_the_lease_run_out(url)
        with daemon(place, env=store) as second:
            second.event("run_started")
            sleeper.send(signal.SIGCONT)
            assert f"(process {pid(second)} on " in sleeper.event("store_busy")["reason"]
            assert second.event("run_finished")["exit_code"] == 0
            assert second.stop() == 0
        assert sleeper.event("run_finished")["exit_code"] == 0
        assert sleeper.stop() == 0
        assert files(place) == expected
