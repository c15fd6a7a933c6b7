"""`audit`, by the real command."""

from pathlib import Path

from settlement_bridge.model import Book
from settlement_bridge.sandbox import recorded
from tests.books import Books
from tests.cli.command import Place
from tests.recording import record
from tests.system.conftest import serving

LEDGER = "302321"


def shop() -> Books:
    books = Books()
    for order in range(3):
        books.capture(f"order-{order}", 100_00, 2_00)
    books.end_of_day()
    return books


def test_audit_of_a_true_mirror(webshop: Place) -> None:
    webshop.run("sync")

    done = webshop.run("audit", LEDGER)

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"ledger {LEDGER}, 2026-11-")
    assert all("compared, all as they were" in line for line in lines[1:])
    assert len(lines) == 3
    found = webshop.run("audit", LEDGER, "--json").json
    assert (found["differs"], found["exit_code"]) == (False, 0)
    assert [one["book"] for one in found["books"]] == ["funds", "fees"]


def test_audit_shows_what_has_changed_and_changes_nothing(tmp_path: Path) -> None:
    books = shop()
    with serving(tmp_path / "place", recorded(record(books, tmp_path / "before"))) as (place, _):
        assert place.run("sync").code == 0
    books.entries[Book.FUNDS][1] = books.entries[Book.FUNDS][1]._replace(handle="api:666")
    with serving(tmp_path / "place", recorded(record(books, tmp_path / "after"))) as (place, _):
        before = place.run("status", "--json").json

        done = place.run("audit", LEDGER)

        assert done.code == 1
        assert "changed  funds, handle changed: capture " in done.out
        assert "5 entries compared, 1 difference" in done.out
        (funds, fees) = place.run("audit", LEDGER, "--json").json["books"]
        ((finding,), held) = funds["findings"], funds["findings"][0]["held"]
        assert (finding["what"], finding["fields"], held["handle"]) == ("changed", ["handle"], "api:100001")
        assert fees["findings"] == []
        assert place.run("status", "--json").json == before


def test_audit_refuses_in_one_sentence(webshop: Place) -> None:
    done = webshop.run("audit", LEDGER)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert f"no ledger {LEDGER} is known here" in done.err
    assert webshop.run("audit", LEDGER, "--from", "2026-11-30", "--to", "2026-11-01").code == 2
    webshop.run("sync")
    done = webshop.run("audit", LEDGER, "--from", "2027-01-01")
    assert done.code == 1
    assert "none from 2027-01-01 to 2026-11-" in done.err
