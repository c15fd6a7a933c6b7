"""Fault 34: keys, tokens and personal data are in no log, no output, no database and no file."""

import json
from pathlib import Path

import pytest

from settlement_bridge.sandbox import recorded
from tests.books import Books
from tests.recording import record
from tests.system.conftest import files, serving

CANARIES = {"message": "CANARY gratulerer", "name": "CANARY Nordmann", "maskedPhoneNo": "CANARY xxxx 12"}
KEYS = ("sandbox-merchant-secret", "sandbox-accounting-secret", "sandbox-subscription-key", "eyJ", "Bearer")

TROUBLE = {
    "none": 0,
    "401:path=/funds/": 0,
    "503:path=/report/,times=forever": 75,
    "html:path=/report/,times=forever": 75,
    "amount:as=float,path=/funds/": 1,
    "gap:position=1,path=/funds/": 1,
}


def club_with_names(folder: Path) -> Path:
    """A club whose API answers carry personal data, although nobody asked for them."""
    books = Books()
    for number in range(6):
        books.capture(f"A-{number}", 100_00, 2_00)
    books.end_of_day()
    record(books, folder)
    funds = folder / "funds.json"
    funds.write_text(json.dumps([item | CANARIES for item in json.loads(funds.read_text())]))
    return folder


@pytest.mark.parametrize("fault", TROUBLE)
def test_no_canary_sings(tmp_path: Path, fault: str) -> None:
    world = recorded(club_with_names(tmp_path / "recorded"))
    faults = [fault] if fault != "none" else []
    with serving(tmp_path / "place", world, *faults) as (place, _):
        place.rewrite("attempts = 1", "attempts = 2\nlongest_wait = 0.1")
        done = place.run("--verbose", "sync", "--json")
        status = place.run("--verbose", "status", "--json")
        check = place.run("--verbose", "check")
    assert done.code == TROUBLE[fault], done.out
    assert "/report/v2/ledgers/" in done.err
    assert (len(files(place)) == 1) is (done.code == 0)
    kept = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file() and path != place.config]
    said = "".join(one.out + one.err for one in (done, status, check)).encode()
    for text in (said, *kept):
        for canary in (*KEYS, "CANARY"):
            assert canary.encode() not in text, canary


@pytest.mark.parametrize("fault", TROUBLE)
def test_personal_data_that_is_asked_for_sings_nowhere_but_in_its_place(tmp_path: Path, fault: str) -> None:
    world = recorded(club_with_names(tmp_path / "recorded"))
    faults = [fault] if fault != "none" else []
    with serving(tmp_path / "place", world, *faults) as (place, _):
        place.rewrite("attempts = 1", "attempts = 2\nlongest_wait = 0.1")
        place.rewrite(
            'path = "published"', 'path = "published"\nformats = ["xml", "csv", "pdf", "xml.zip", "camt.053.xml"]'
        )
        place.rewrite("[registers]", "[sync]\npersonal_data = true\nretention_days = 3650\n\n[registers]")
        done = place.run("--verbose", "sync", "--json")
        others = [place.run("--verbose", *words) for words in (["status", "--json"], ["check"], ["find", "A-1"])]
    assert done.code == TROUBLE[fault], done.err
    said = "".join(one.out + one.err for one in (done, *others))
    assert "CANARY" not in said
    assert not any(b"CANARY" in content for content in files(place).values())
    assert (b"CANARY Nordmann" in (place.folder / "state.db").read_bytes()) is (done.code == 0)
