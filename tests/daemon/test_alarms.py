"""Who is told: once when something begins or lasts too long, once when it is over; by real messages."""

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from settlement_bridge.bridge import Alarm
from settlement_bridge.config import Alarms
from settlement_bridge.daemon.alarms import changes
from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, started
from tests.daemon.running import Running, daemon, eventually
from tests.system.conftest import LEDGER, WORLD, files, serving


class Inbox:
    """A chat to which Apprise posts; refuses what comes while it is shut."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.shut = False
        self.knocks = 0
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inbox.knocks += 1
                if not inbox.shut:
                    inbox.messages.append((said["title"], said["message"]))
                self.send_response(500 if inbox.shut else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def env(self) -> dict[str, str]:
        """Let a daemon post here, with a password that must not show."""
        url = f"json://someone:CANARY-password@127.0.0.1:{self.server.server_address[1]}/"
        return {"SETTLEMENT_BRIDGE_NOTIFY__URLS": url, "SETTLEMENT_BRIDGE_SCHEDULE__RETRY": "0.3"}


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    thread = threading.Thread(target=inbox.server.serve_forever)
    thread.start()
    yield inbox
    inbox.server.shutdown()
    thread.join()
    inbox.server.server_close()


def one_run(place: Place, env: dict[str, str], *options: str) -> Running:
    """Let a daemon do its first run and end."""
    with daemon(place, *options, env=env) as running:
        running.event("waiting")
        assert running.stop() == 0
    return running


def test_a_held_ledger_is_told_of_once_and_once_that_it_is_over(tmp_path: Path, inbox: Inbox) -> None:
    place_folder = tmp_path / "place"
    with serving(place_folder, WORLD, "gap:position=1,path=/funds/") as (place, _):
        with daemon(place, env=inbox.env) as running:
            assert running.event("alarm")["about"] == f"held ledger {LEDGER}"
            running.event("waiting")
            assert running.stop() == 0
        one_run(place, inbox.env)
        assert [title for title, _ in inbox.messages] == ["settlement-bridge: 1 to look at"]
        assert inbox.messages[0][1].startswith(f"ledger {LEDGER} held: ")
    with serving(place_folder, WORLD) as (place, _):
        assert place.run("resync", LEDGER).code == 0
        one_run(place, inbox.env)
        one_run(place, inbox.env)
    assert [title for title, _ in inbox.messages[1:]] == ["settlement-bridge: 1 over"]
    assert f"over: ledger {LEDGER} held" in inbox.messages[1][1]


def test_what_does_not_last_is_nobodys_business(tmp_path: Path, inbox: Inbox) -> None:
    with serving(tmp_path / "place", WORLD, "503:path=/report/,times=2") as (place, _):
        with daemon(place, env=inbox.env) as running:
            running.event("ledger_unread")
            running.event("run_finished", 3)
            running.event("waiting", 3)
            assert running.stop() == 0
        assert not running.events("alarm") and not running.events("alarm_over")
    assert inbox.messages == []


@pytest.mark.parametrize("fault", ["503:path=/report/,times=4", "503:path=/ledgers,times=4"])
def test_what_cannot_be_reached_for_long_is_told_of(tmp_path: Path, inbox: Inbox, fault: str) -> None:
    short = {**inbox.env, "SETTLEMENT_BRIDGE_ALARMS__UNREACHABLE_HOURS": "0.0001"}
    with serving(tmp_path / "place", WORLD, fault) as (place, _), daemon(place, env=short) as running:
        running.event("alarm_over")
        running.event("waiting", len(running.events("run_finished")) + len(running.events("run_failed")))
        assert running.stop() == 0
    assert [title for title, _ in inbox.messages] == ["settlement-bridge: 1 to look at", "settlement-bridge: 1 over"]
    assert "503" in inbox.messages[0][1]


def test_a_payout_may_wait_for_its_fees_but_not_for_ever(tmp_path: Path, inbox: Inbox) -> None:
    with serving(tmp_path / "place", scenario("gross", days=3)) as (place, _):
        calm = one_run(place, {**inbox.env, "SETTLEMENT_BRIDGE_ALARMS__WAITING_HOURS": "8000"})
        assert calm.events("payout_waiting")
        assert inbox.messages == []
        one_run(place, {**inbox.env, "SETTLEMENT_BRIDGE_ALARMS__WAITING_HOURS": "0"})
    assert "waits for its fees" in inbox.messages[0][1]


def test_a_refused_file_is_told_of(tmp_path: Path, inbox: Inbox, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        blocked = place.published / sorted(expected)[0]
        blocked.parent.mkdir(parents=True)
        blocked.write_text("something else")
        running = one_run(place, inbox.env)
        assert running.events("file_refused")
        assert len(files(place)) == len(expected)
        assert blocked.read_text() == "something else"
        assert "was refused" in inbox.messages[0][1]
        blocked.unlink()
        one_run(place, inbox.env)
    assert [title for title, _ in inbox.messages] == ["settlement-bridge: 1 to look at", "settlement-bridge: 1 over"]


def test_a_message_that_did_not_get_through_is_sent_again_and_no_password_is_logged(
    tmp_path: Path, inbox: Inbox
) -> None:
    inbox.shut = True
    with serving(tmp_path / "place", WORLD, "gap:position=1,path=/funds/") as (place, _):
        running = one_run(place, inbox.env, "--verbose")
        assert running.events("notify_failed")
        assert "CANARY" not in "".join(running.lines)
        inbox.shut = False
        one_run(place, inbox.env)
        one_run(place, inbox.env)
    assert len(inbox.messages) == 1
    assert inbox.knocks >= 2


def test_an_address_that_is_none_is_said_without_showing_it(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        refused = place.run("run", SETTLEMENT_BRIDGE_NOTIFY__URLS="json://127.0.0.1/ CANARY-nothing")
    assert refused.code == 78
    assert "notify.urls: address 2 of 2 is none that Apprise knows" in refused.err
    assert "CANARY" not in refused.err


def test_ten_thousand_ledgers_at_once_are_one_message_and_no_work() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    found = [Alarm(f"unread ledger {number}", "ledger", noon) for number in range(10_000)]
    began = time.monotonic()
    begun = changes({}, found, Alarms(), noon + timedelta(hours=7))
    told = {alarm.name: replace(alarm, told=True) for alarm in begun.begun}
    over = changes(told, [], Alarms(), noon + timedelta(hours=8))
    assert time.monotonic() - began < 1
    assert (begun.title(), over.title()) == ("10,000 to look at", "10,000 over")
    assert not changes(told, found, Alarms(), noon + timedelta(days=9))


def test_a_ledger_knows_since_when_it_cannot_be_read() -> None:
    """Its trouble of yesterday is another one; a file that fails is the same file, however often it is tried."""
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    names = ("unread ledger 1", "failed a.xml at local:/srv")
    before = {name: Alarm(name, "trouble", noon - timedelta(days=1)) for name in names}
    begun = changes(before, [Alarm(name, "trouble", noon) for name in names], Alarms(), noon + timedelta(hours=1)).begun
    assert [alarm.name for alarm in begun] == [names[1]]


def test_somebody_else_at_work_for_long_is_told_of(tmp_path: Path, inbox: Inbox) -> None:
    env = {**inbox.env, "SETTLEMENT_BRIDGE_ALARMS__UNREACHABLE_HOURS": "0.0001"}
    slow = "slow:seconds=3,path=/report/,times=1"
    with (
        serving(tmp_path / "place", WORLD, slow) as (place, sandbox),
        started("--config", place.config, "sync") as other,
    ):
        eventually(lambda: any("/report/" in request.target for request in sandbox.requests))
        with daemon(place, env=env) as running:
            assert f"process {other.pid} on" in running.event("alarm")["reason"]
            running.event("alarm_over")
            running.event("run_finished")
            assert running.stop() == 0
    assert [title for title, _ in inbox.messages] == ["settlement-bridge: 1 to look at", "settlement-bridge: 1 over"]


def test_nobody_is_told_twice_while_the_store_cannot_keep_who_was_told(tmp_path: Path, inbox: Inbox) -> None:
    with serving(tmp_path / "place", WORLD, "503:path=/ledgers,times=forever") as (place, _):
        url = f"sqlite:///{place.folder}/state.db?timeout=0.2"
        env = {**inbox.env, "SETTLEMENT_BRIDGE_STORE__URL": url}
        env["SETTLEMENT_BRIDGE_ALARMS__UNREACHABLE_HOURS"] = str(3 / 3600)
        with daemon(place, env=env) as running:
            running.event("waiting")
            with closing(sqlite3.connect(place.folder / "state.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                running.event("alarm")
                runs = len(running.events("run_failed"))
                running.event("run_failed", runs + 3)
                other.execute("COMMIT")
            running.event("waiting", len(running.events("run_failed")) + 2)
            assert running.stop() == 0
        one_run(place, env)
    assert [title for title, _ in inbox.messages] == ["settlement-bridge: 1 to look at"]


def test_that_keys_are_refused_is_not_over_because_somebody_else_is_at_work(tmp_path: Path, inbox: Inbox) -> None:
    env = {**inbox.env, "SETTLEMENT_BRIDGE_REPORT_API__CLIENT_SECRET": "none-of-its-keys"}
    slow = "slow:seconds=4,path=/report/,times=1"
    with serving(tmp_path / "place", WORLD, slow) as (place, sandbox), daemon(place, env=env) as running:
        running.event("waiting")
        with started("--config", place.config, "sync"):
            eventually(lambda: any("/report/" in request.target for request in sandbox.requests))
            running.send(signal.SIGHUP)
            running.event("store_busy")
            running.event("run_failed", 2)
        running.event("waiting", 3)
        assert running.stop() == 0
        assert not running.events("alarm_over")
    assert [title for title, _ in inbox.messages] == ["settlement-bridge: 1 to look at"]


def test_files_that_fail_for_one_reason_are_one_line(tmp_path: Path, inbox: Inbox, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        (place.published / "settlements/inbox/xml").mkdir(parents=True)
        for folder in {path.split("/")[3] for path in expected}:
            (place.published / "settlements/inbox/xml" / folder).touch()  # a file where a folder has to be
        one_run(place, {**inbox.env, "SETTLEMENT_BRIDGE_ALARMS__UNREACHABLE_HOURS": "0"})
    ((title, message),) = inbox.messages
    assert title == f"settlement-bridge: {len(expected)} to look at"
    assert len(message.splitlines()) == 1
    assert f"; {len(expected) - 1} more for the same reason" in message
