"""Faults 15 to 18 and 22 to 24: what books, texts and importers do to a whole run."""

from pathlib import Path

import pytest
from lxml import etree

from settlement_bridge.model import Book
from settlement_bridge.sandbox import World, recorded
from tests.books import Books, ledger_of
from tests.recording import record
from tests.system.conftest import files, serving

INBOX = "settlements/inbox/xml"


def shop(number: str) -> Books:
    """A shop with two payouts."""
    books = Books(ledger_of(f"api:{number}", ledger_id=f"302{number}", owner=f"987654{number}"))
    for day in range(2):
        for order in range(3):
            books.capture(f"{number}-{day}-{order}", 100_00, 2_00, handle=f"api:{number}")
        books.end_of_day()
    return books


def world(folder: Path, *shops: Books) -> World:
    return recorded(*(record(books, folder / books.ledger.ledger_id) for books in shops))


def file_of(number: str, payout: int) -> str:
    return f"{INBOX}/987654{number}/{number}/{number}-{payout}.xml"


def test_fault_15_a_gap_holds_its_ledger_names_the_entries_and_stops_nobody_else(tmp_path: Path) -> None:
    broken = shop("402")
    funds = broken.entries[Book.FUNDS]
    before, after = funds[5], funds[7]
    del funds[6]
    with serving(tmp_path / "place", world(tmp_path / "books", shop("401"), broken, shop("403"))) as (place, _):
        done = place.run("sync")
    assert done.code == 1
    (held,) = [line for line in done.out.splitlines() if line.startswith("held")]
    assert held.startswith("held       ledger 302402: ")
    assert before.psp_reference in held
    assert after.psp_reference in held
    assert sorted(files(place)) == [file_of(shop, payout) for shop in ("401", "403") for payout in (2000001, 2000002)]
    assert "ledger 302402: held since" in place.run("status").out


def test_fault_16_a_payout_aborted_later_stays_as_it_is_and_its_money_comes_with_the_next(tmp_path: Path) -> None:
    books = shop("401")
    told = books.size()
    paid = -books.entries[Book.FUNDS][-1].amount
    books.funds("payout-aborted", paid, "Vipps utbet. 2000002", handle=None)
    books.capture("late", 50_00, handle="api:401")
    books.end_of_day()
    with serving(tmp_path / "place", world(tmp_path / "books", books)) as (place, sandbox):
        sandbox.reveal(sum(told.values()))
        assert place.run("sync").code == 0
        published = files(place)
        stamps = {path: (place.published / path).stat() for path in published}
        assert sorted(published) == [file_of("401", 2000001), file_of("401", 2000002)]

        sandbox.reveal(None)
        assert place.run("sync").code == 0
    assert {path: content for path, content in files(place).items() if path in published} == published
    assert {path: (place.published / path).stat() for path in published} == stamps
    (new,) = files(place).keys() - published.keys()
    assert new == file_of("401", 2000003)
    assert amount_of(files(place)[new]) == f"{(paid + 50_00) / 100:.2f}"


def amount_of(file: bytes) -> str:
    (amount,) = etree.fromstring(file).findall(".//{*}SettledAmount")
    return amount.text or ""


HOSTILE = [
    "\x00\x08\x1b[31m\x7f \ufffe",
    "😀𝔘𝔫𝔦",
    "=cmd|' /C calc'!A1",
    "</TransactionInfo><!--]]>&lt;",
    "x" * 65_536,
    "\u202eevil\u2028",
]


def test_faults_17_and_18_hostile_text_is_data_and_comes_out_the_same_everywhere(tmp_path: Path) -> None:
    books = Books()
    for text in HOSTILE:
        books.capture(text, 100_00)
    books.end_of_day()
    published = []
    for machine, zone in (("one", "UTC"), ("other", "Pacific/Kiritimati")):
        folder = tmp_path / machine
        with serving(folder / "place", world(folder / "books", books)) as (place, _):
            done = place.run("sync", TZ=zone, LC_ALL="C", PYTHONHASHSEED=str(len(zone)))
            assert done.code == 0, done.out
            published.append(files(place))
    assert published[0] == published[1]
    (content,) = published[0].values()
    orders = [one.text or "" for one in etree.fromstring(content, etree.XMLParser(huge_tree=True)).iter("{*}OrderID")]
    assert orders[1:5] == HOSTILE[1:5]
    assert orders[0].startswith("\ufffd\ufffd\ufffd[31m")


@pytest.mark.parametrize("msn", ["../../etc", "1/2", "1 2", "..", "1\x00"])
def test_fault_24_an_msn_that_is_no_name_is_refused_before_any_path_is_made(tmp_path: Path, msn: str) -> None:
    books = Books(ledger_of(f"api:{msn}"))
    books.capture("A-1", 100_00, handle=f"api:{msn}")
    books.end_of_day()
    with serving(tmp_path / "place", world(tmp_path / "books", books)) as (place, _):
        done = place.run("sync")
    assert done.code == 1
    assert files(place) == {}
    assert list(place.published.rglob("*")) == []


def test_faults_22_and_23_what_others_put_there_stays_and_what_importers_took_stays_away(tmp_path: Path) -> None:
    with serving(tmp_path / "place", world(tmp_path / "books", shop("401"))) as (place, _):
        assert place.run("sync", "--dry-run").code == 0
        theirs = place.published / file_of("401", 2000001)
        theirs.parent.mkdir(parents=True)
        theirs.write_text("somebody else's")

        done = place.run("sync")
        assert done.code == 1
        assert f"refused    payout 2000001 of ledger 302401: {file_of('401', 2000001)} at " in done.out
        assert theirs.read_text() == "somebody else's"

        theirs.unlink()
        (place.published / file_of("401", 2000002)).unlink()
        assert place.run("sync").code == 0
        assert list(files(place)) == [file_of("401", 2000001)]

        theirs.unlink()
        done = place.run("sync")
        assert (done.code, files(place)) == (0, {})
