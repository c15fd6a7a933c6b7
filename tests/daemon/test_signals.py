"""SIGTERM, a second one, SIGHUP: what is in hand is finished, or cut off where it does no harm."""

import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from tests.conftest import require
from tests.daemon.running import daemon, eventually
from tests.system.conftest import WORLD, files, let_the_lease_run_out, serving, undisturbed

TWO_FILES = scenario("webshop", days=2)


def slow_rename(seconds: int) -> list[str]:
    """Make the moment in which a file appears last some seconds."""
    require(shutil.which("strace"), "install strace to slow down system calls")
    slow = f"inject=renameat2:delay_enter={seconds * 1_000_000}"
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", slow]


def drafted(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.part"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_page_in_hand_is_the_last_one(tmp_path: Path, expected: dict[str, bytes], number: signal.Signals) -> None:
    with serving(tmp_path / "place", WORLD, "slow:seconds=1,path=/report/,times=3") as (place, sandbox):
        with daemon(place) as running:
            eventually(lambda: any("/report/" in request.target for request in sandbox.requests))
            running.send(number)
            assert running.ended() == 0
            assert running.event("stopping")["signal"] == number.name
            assert running.event("ledger_unread")["reason"] == "stopped before it was read to its end"
        assert files(place) == {}
        with daemon(place) as running:
            assert running.event("run_finished")["exit_code"] == 0
            assert running.stop() == 0
        assert files(place) == expected


def test_the_file_in_hand_is_finished_and_no_other_begun(tmp_path: Path) -> None:
    with serving(tmp_path / "place", TWO_FILES) as (place, _):
        with daemon(place, below=slow_rename(1)) as running:
            eventually(lambda: drafted(place.published))
            running.send(signal.SIGTERM)
            assert running.ended() == 0
            assert len(running.events("file_delivered")) == 1
        assert len(files(place)) == 1
        assert place.run("status", "--json").json["files"] == {"delivered": 1}
        assert place.run("sync").code == 0
        assert files(place) == undisturbed(tmp_path / "undisturbed", TWO_FILES)


@pytest.mark.parametrize("ending", ["stopped_at_once", "stopped_late"])
def test_cut_off_with_a_file_in_hand_nothing_is_there_by_halves(tmp_path: Path, ending: str) -> None:
    timeout = "0.5" if ending == "stopped_late" else "60.0"
    with serving(tmp_path / "place", TWO_FILES) as (place, _):
        with daemon(place, below=slow_rename(2), env={"SETTLEMENT_BRIDGE_DAEMON__STOP_TIMEOUT": timeout}) as running:
            eventually(lambda: drafted(place.published))
            running.send(signal.SIGTERM)
            running.event("stopping")
            if ending == "stopped_at_once":
                running.send(signal.SIGTERM)
            assert running.ended() == 143
            assert running.events(ending)
            assert not running.events("file_delivered")
        whole = undisturbed(tmp_path / "undisturbed", TWO_FILES)
        seen = {path: content for path, content in files(place).items() if not path.endswith(".part")}
        assert seen.items() <= whole.items()
        let_the_lease_run_out(place)
        assert place.run("sync").code == 0
        assert files(place) == whole


def test_a_reload_takes_over_all_of_it(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        (place.folder / "second").mkdir()
        with daemon(place, env={"SETTLEMENT_BRIDGE_SCHEDULE__TIME_ZONE": "UTC"}) as running:
            running.event("run_finished")
            with place.config.open("a", encoding="utf-8") as config:
                config.write('\n[[destinations]]\nkind = "local"\npath = "second"\nformats = ["csv"]\n')
                config.write('\n[schedule]\ncron = "41 3 1 1 *"\n')
            running.send(signal.SIGHUP)
            assert running.event("run_finished", 2)["delivered"] == len(expected)
            assert "-01-01T03:41:00" in running.event("waiting", 2)["next_run"]
            assert running.stop() == 0
            first, again = running.times("READY=1")
            assert first < running.times("RELOADING=1")[0] <= again
            assert any(line.startswith("MONOTONIC_USEC=") for line in running.told)
        assert {path.suffix for path in (place.folder / "second").rglob("*") if path.is_file()} == {".csv"}


def test_a_reload_with_mistakes_takes_over_nothing(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place) as running:
        before = running.event("waiting")["next_run"]
        good = place.config.read_text(encoding="utf-8")
        place.config.write_text(f'{good}\n[schedule]\ncron = "at noon"\n[sync]\nfirst_payment = 1\n', encoding="utf-8")
        running.send(signal.SIGHUP)
        running.event("reload_refused", 2)
        said = " ".join(each["reason"] for each in running.events("reload_refused"))
        assert "sync.first_payment is not a known key" in said
        assert 'schedule.cron is "at noon"; set it to a cron expression' in said
        place.config.unlink()
        running.send(signal.SIGHUP)
        assert "does not exist" in running.event("reload_refused", 3)["reason"]
        place.config.touch(mode=0o600)
        place.config.write_text(good, encoding="utf-8")
        running.send(signal.SIGHUP)
        running.event("reloaded")
        assert running.event("waiting", 2)["next_run"] == before
        assert running.stop() == 0
        assert files(place) == expected


def test_two_reloads_during_a_run_both_count_for_the_next_one(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD, "slow:seconds=2,path=/report/,times=1") as (place, sandbox):
        with daemon(place) as running:
            eventually(lambda: any("/report/" in request.target for request in sandbox.requests))
            for number, name in enumerate(("second", "third"), 1):
                (place.folder / name).mkdir()
                with place.config.open("a", encoding="utf-8") as config:
                    config.write(f'\n[[destinations]]\nkind = "local"\npath = "{name}"\nformats = ["csv"]\n')
                running.send(signal.SIGHUP)
                running.event("reloaded", number)
            assert not running.events("run_finished")
            running.event("waiting", 2)
            assert running.stop() == 0
        for name in ("second", "third"):
            assert sum(path.is_file() for path in (place.folder / name).rglob("*")) == len(expected)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_waits_to_start_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path / "place", TWO_FILES) as (place, _):
        place.run("status")  # makes the tables
        with closing(sqlite3.connect(place.folder / "state.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with daemon(place) as running:
                running.event("starting")
                time.sleep(0.5)  # it waits for the database
                running.send(number)
                assert running.ended(patience=5) == 143
                assert running.event("stopped_at_once")["signal"] == number.name
                assert not running.events("ready")
