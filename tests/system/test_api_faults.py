"""Faults 1 to 10: whatever the API does, the run ends with the right code, and nothing is lost, doubled or believed."""

import json
import re
from pathlib import Path

import pytest

from settlement_bridge.sandbox import World, recorded
from settlement_bridge.sandbox.stored import together
from tests.books import Books
from tests.recording import record
from tests.system.conftest import LEDGER, WORLD, files, serving

FOR_EVER = "times=forever"

PASSING = [
    "429:retry-after=1,path=/report/,times=2",
    "429:path=/report/",
    "503:path=/report/,times=2",
    "reset:path=/report/",
    "cut:path=/report/",
    "html:path=/report/,nth=2",
    "401:path=/funds/,nth=3",
    f"unknown-field:{FOR_EVER}",
]

LASTING = {
    f"429:path=/report/,{FOR_EVER}": "429",
    f"503:path=/report/,{FOR_EVER}": "503",
    f"reset:path=/report/,{FOR_EVER}": "connection",
    f"hang:path=/report/,{FOR_EVER}": "no answer in time",
    f"cut:path=/funds/,nth=3,{FOR_EVER}": "cut off",
    f"shortened:path=/funds/,nth=3,{FOR_EVER}": "JSON",
    f"html:path=/funds/,nth=3,{FOR_EVER}": "JSON",
    f"cursor-loop:path=/funds/,nth=3,{FOR_EVER}": "cursor",
    "repeat:path=/funds/,nth=2": "cursor",
    f"empty-page:path=/funds/,nth=2,{FOR_EVER}": "cursor",
}

UNTRUE = {
    "gap:position=9,path=/funds/": "its funds book has a break",
    "amount:as=float,position=9,path=/funds/": "12.5",
    "amount:as=nan,position=9,path=/funds/": "amount is nan",
    "amount:as=string,position=9,path=/funds/": "amount is '1200'",
    "amount:as=huge,position=9,path=/funds/": "amount is 1",
    "amount:as=boolean,position=9,path=/funds/": "amount is True",
    "duplicate-key:position=9,path=/funds/": "'amount' is given twice",
    f"other-ledger:path=/funds/,{FOR_EVER}": "999999",
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_leaves_no_trace(tmp_path: Path, expected: dict[str, bytes], fault: str) -> None:
    with serving(tmp_path / "place", WORLD, fault) as (place, _):
        place.rewrite("attempts = 1", "attempts = 4")
        done = place.run("sync")
        assert (done.code, done.err) == (0, "")
        assert files(place) == expected


@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_for_the_next_run(tmp_path: Path, expected: dict[str, bytes], fault: str) -> None:
    with serving(tmp_path / "place", WORLD, fault) as (place, sandbox):
        place.rewrite("attempts = 1", "attempts = 2\nlongest_wait = 0.1\nread_timeout = 0.5")
        done = place.run("sync")
        assert done.code == 75, done.out
        assert f"try later  ledger {LEDGER}: " in done.out
        assert LASTING[fault] in done.out
        assert len(sandbox.requests) < 100
    with serving(tmp_path / "place", WORLD) as (place, _):
        assert place.run("sync").code == 0
        assert files(place) == expected


@pytest.mark.parametrize("fault", UNTRUE)
def test_what_cannot_be_true_holds_the_ledger_until_it_is_read_again(
    tmp_path: Path, expected: dict[str, bytes], fault: str
) -> None:
    with serving(tmp_path / "place", WORLD, fault) as (place, _):
        done = place.run("sync")
        assert done.code == 1, done.out
        assert f"held       ledger {LEDGER}: " in done.out
        assert UNTRUE[fault] in done.out
        assert files(place) == {}
    with serving(tmp_path / "place", WORLD) as (place, _):
        assert place.run("resync", LEDGER).code == 0
        assert place.run("sync").code == 0
        assert files(place) == expected


def test_try_later_for_ever_is_no_failure_and_no_endless_run(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD, f"try-later:path=/funds/,{FOR_EVER}") as (place, sandbox):
        assert place.run("sync").code == 0
        assert len(sandbox.requests) < 20
    with serving(tmp_path / "place", WORLD) as (place, _):
        assert place.run("sync").code == 0
        assert files(place) == expected


def test_what_is_new_is_booked_and_flagged(tmp_path: Path, expected: dict[str, bytes]) -> None:
    faults = (f"unknown-type:position=9,path=/funds/,{FOR_EVER}", f"null-handle:position=12,path=/funds/,{FOR_EVER}")
    with serving(tmp_path / "place", WORLD, *faults) as (place, _):
        done = place.run("sync")
        assert done.code == 0, done.out
        assert "brand-new-type" in done.out
        assert files(place).keys() == expected.keys()


V1 = {
    "503:path=/report/": 0,
    "repeat:path=/report/,nth=2": 0,
    "401:path=/report/,nth=3": 0,
    f"cut:path=/report/,nth=3,{FOR_EVER}": 75,
    f"cursor-loop:path=/report/,nth=2,{FOR_EVER}": 75,
    "amount:as=float,position=9": 1,
    "duplicate-key:position=9": 1,
    f"other-ledger:{FOR_EVER}": 1,
    "gap:position=9": 1,
}


@pytest.mark.parametrize("fault", V1)
def test_the_same_in_v1(tmp_path: Path, expected_v1: dict[str, bytes], fault: str) -> None:
    with serving(tmp_path / "place", WORLD, fault, dialect="v1") as (place, _):
        place.rewrite("attempts = 1", "attempts = 2\nlongest_wait = 0.1")
        done = place.run("sync")
        assert done.code == V1[fault], done.out + done.err
        if done.code == 0:
            assert files(place) == expected_v1
        if done.code == 1:
            assert files(place) == {}
    with serving(tmp_path / "place", WORLD, dialect="v1") as (place, _):
        if V1[fault] == 1:
            assert place.run("resync", LEDGER).code == 0
        assert place.run("sync").code == 0
        assert files(place) == expected_v1


def test_an_entry_that_comes_back_changed_holds_the_ledger_and_both_are_shown(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD, "changed:path=/report/", dialect="v1") as (place, sandbox):
        sandbox.reveal(5)  # a payout under way is asked for again by the next run
        assert place.run("sync").code == 0
        sandbox.reveal(None)
        done = place.run("sync")
    assert done.code == 1, done.out
    (held,) = [line for line in done.out.splitlines() if line.startswith(f"held       ledger {LEDGER}: ")]
    (order,) = set(re.findall(r"'([^']*) \(changed\)'", held))
    assert held.count(order) > 1
    assert files(place) == {}


def test_fault_5_a_held_entry_that_comes_back_changed_holds_its_ledger_alone(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    books = Books()
    first = books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    folder = record(books, tmp_path / "recorded")
    with serving(tmp_path / "place", recorded(folder)) as (place, _):
        assert place.run("sync").code == 0
        published = files(place)
        assert len(published) == 1
    with serving(tmp_path / "place", _with_changed_first_entry(folder)) as (place, _):
        done = place.run("sync")
        assert done.code == 1, done.out
        held = next(
            line for line in done.out.splitlines() if line.startswith(f"held       ledger {books.ledger.ledger_id}: ")
        )
        assert held.count(first) == 2
        assert all(said in held for said in ("'A-1'", "'A-2'", "must not change"))
        assert held.partition(": ")[2] in " ".join(place.run("status").out.split())
        assert published.items() < files(place).items()
        assert files(place).keys() == published.keys() | expected.keys()


def _with_changed_first_entry(folder: Path) -> World:
    """A ledger that tells its first sale once more, with another order, beside a ledger that nothing is wrong with."""
    funds = folder / "funds.json"
    entries = json.loads(funds.read_text(encoding="utf-8"))
    funds.write_text(json.dumps([*entries, entries[0] | {"reference": "A-2"}]), encoding="utf-8")
    return together([recorded(folder), WORLD])
