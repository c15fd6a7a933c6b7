"""Faults of the matrix against a daemon that goes on: it says what is wrong, loses nothing, and gets over it."""

import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from settlement_bridge.sandbox import recorded, scenario
from tests.cli.command import Place
from tests.daemon.running import Running, daemon, eventually
from tests.system.conftest import WORLD, files, let_the_lease_run_out, serving, undisturbed
from tests.system.test_canaries import KEYS, club_with_names
from tests.system.test_full_disk import disk, resize

__all__ = ["disk"]

SOON = {"SETTLEMENT_BRIDGE_SCHEDULE__RETRY": "0.3"}


@pytest.mark.parametrize("kilobytes", [250, 450])
def test_fault_13_a_full_disk(disk: Path, tmp_path: Path, expected: dict[str, bytes], kilobytes: int) -> None:
    with serving(disk / "place", WORLD) as (place, _):
        place.run("status")  # makes the tables
        resize(disk, kilobytes)
        with daemon(place, env=SOON) as running:
            running.event("waiting", 2)
            said = " ".join(running.lines).lower()
            assert "the disk is full; make room" in said or "no space left on device" in said
            seen = {path: content for path, content in files(place).items() if path.endswith(".xml")}
            assert seen.items() < expected.items()
            resize(disk, 65_536)
            let_the_lease_run_out(place)  # there may have been no room to give it back
            eventually(lambda: files(place) == expected)
            assert running.stop() == 0


def test_fault_13_a_locked_database(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, sandbox):
        sandbox.reveal(0)
        url = f"sqlite:///{place.folder}/state.db?timeout=0.2"
        with daemon(place, env={**SOON, "SETTLEMENT_BRIDGE_STORE__URL": url}) as running:
            running.event("waiting")
            with closing(sqlite3.connect(place.folder / "state.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                sandbox.reveal(None)
                running.send(signal.SIGHUP)
                assert "locked it for too long" in running.event("run_failed", 2)["reason"]
                eventually(lambda: running.get("/readyz").status_code == 503)
                assert files(place) == {}
                other.execute("COMMIT")
            assert running.event("run_finished", 2)["delivered"] == len(expected)
            eventually(lambda: running.get("/readyz").status_code == 200)
            assert running.stop() == 0
        assert files(place) == expected


def test_fault_16_what_comes_after_a_file_never_changes_it(tmp_path: Path) -> None:
    world = scenario("late-fees", days=32)
    entries = 420
    first_seen: dict[str, tuple[bytes, int, int]] = {}
    with serving(tmp_path / "place", world, page_size=100) as (place, sandbox):
        sandbox.reveal(entries // 12)
        with daemon(place, env=SOON) as running:
            running.event("waiting")
            for part in range(2, 14):
                _remember(place, first_seen)
                sandbox.reveal(entries * part // 12 if part < 13 else None)
                _run_again(running)
            _remember(place, first_seen)
            assert running.stop() == 0
        aborted = _aborted(place)
        assert aborted
    whole = undisturbed(tmp_path / "undisturbed", world)
    assert {path: content for path, (content, _, _) in first_seen.items()} == whole
    for payout in aborted:
        assert len([path for path in whole if path.endswith((f"-{payout}.xml", f"-{payout + 1}.xml"))]) == 2


def _remember(place: Place, first_seen: dict[str, tuple[bytes, int, int]]) -> None:
    """Note every file with its inode and time; what was noted before must be as it was."""
    for path, content in files(place).items():
        status = (place.published / path).stat()
        seen = (content, status.st_ino, status.st_mtime_ns)
        assert first_seen.setdefault(path, seen) == seen


def _run_again(running: Running) -> None:
    before = len(running.events("run_finished"))
    running.send(signal.SIGHUP)
    running.event("run_finished", before + 1)


def _aborted(place: Place) -> list[int]:
    """Return the payouts whose money came back afterwards."""
    query = (
        "SELECT max(payouts.number) FROM entries JOIN books USING (book_id) JOIN payouts USING (ledger_id)"
        " WHERE entries.entry_type = 'payout-aborted' AND payouts.last_position < entries.position"
        " GROUP BY ledger_id, entries.position"
    )
    with closing(sqlite3.connect(place.folder / "state.db")) as database:
        return [number for (number,) in database.execute(query)]


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_fault_34_no_canary_sings_at_debug(tmp_path: Path, form: str) -> None:
    world = recorded(club_with_names(tmp_path / "recorded"))
    faults = ("503:path=/report/,times=1", "401:path=/funds/")
    with serving(tmp_path / "place", world, *faults) as (place, _):
        place.rewrite("attempts = 1", "attempts = 2\nlongest_wait = 0.1")
        with daemon(place, "--verbose") as running:
            port = running.event("health")["port"]
            running.event("waiting")
            pages = "".join(running.get(path).text for path in ("/livez", "/readyz", "/metrics"))
            assert running.stop() == 0
        if form == "logfmt":
            with daemon(place, "--verbose", env={"SETTLEMENT_BRIDGE_DAEMON__LOG_FORMAT": form}) as running:
                eventually(lambda: any(" event=waiting " in line for line in running.lines))
                running.process.send_signal(signal.SIGTERM)
                running.ended()
            assert all(re.fullmatch(r'(?:[a-z_]+=(?:"(?:[^"\\]|\\.)*"|[^ "=\\]+) ?)+', line) for line in running.lines)
        said = "\n".join(running.lines) + pages + "\n".join(running.told)
        assert "/report/v2/ledgers/" in said
        assert "\x1b" not in said
        for canary in (*KEYS, "CANARY"):
            assert canary not in said, canary
        assert port


def test_fault_35_every_problem_of_the_configuration_at_once(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        text = place.config.read_text(encoding="utf-8")
        place.config.write_text(
            text + '\n[schedule]\ncron = "61 * * * *"\nretry = "soon"\nevery = 1\n', encoding="utf-8"
        )
        place.config.chmod(0o644)
        refused = place.run("run")
        assert (refused.code, refused.out) == (78, "")
        for said in ("others can read it", 'schedule.cron is "61 * * * *"', "schedule.retry", "schedule.every is not"):
            assert said in refused.err
        assert not (place.folder / "state.db").exists()
