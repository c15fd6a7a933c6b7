"""Ledger dates read one by one (v2)."""

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from settlement_bridge.errors import ApiUnavailable, DataRefused
from settlement_bridge.model import Book, LedgerDay, LedgerEntry
from settlement_bridge.report_api import ReportApi
from settlement_bridge.sandbox import Sandbox, recorded
from tests.books import MONDAY, Books
from tests.bridge.conftest import api_settings
from tests.recording import record
from tests.report_api.conftest import LEDGER
from tests.report_api.server import Server, entry, reply


@pytest.fixture
def books() -> Books:
    """Entries on a Monday and a Thursday, nothing between."""
    books = Books()
    for order in range(5):
        books.capture(f"m{order}", 100_00)
    books.payout()
    books.next_day(2)
    books.capture("t", 1_00)
    return books


def read(sandbox: Sandbox, books: Books, first: date, last: date) -> list[LedgerDay]:
    with closing(ReportApi(api_settings(sandbox))) as api:
        api.ledgers()
        return list(api.dates(books.ledger, Book.FUNDS, first, last))


@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_every_date_comes_with_its_entries_as_the_feed_has_them(books: Books, tmp_path: Path, page_size: int) -> None:
    with Sandbox(recorded(record(books, tmp_path / "books")), page_size=page_size) as sandbox:
        days = read(sandbox, books, MONDAY, MONDAY + timedelta(3))
    assert list(dict.fromkeys(day.ledger_date for day in days)) == [MONDAY + timedelta(n) for n in range(4)]
    assert all(day.closed for day in days)
    entries: list[LedgerEntry] = [entry for day in days for entry in day.entries]
    assert entries == books.entries[Book.FUNDS]
    assert len([day for day in days if day.ledger_date == MONDAY]) == -(-6 // page_size)


def test_a_date_that_has_not_closed_is_said_to_be_open(books: Books, tmp_path: Path) -> None:
    with Sandbox(recorded(record(books, tmp_path / "books"))) as sandbox:
        sandbox.reveal(3)
        (monday,) = read(sandbox, books, MONDAY, MONDAY)
    assert (monday.entries, monday.closed) == ((), False)


def test_an_answer_that_cannot_be_true_is_refused_with_its_place(books: Books, tmp_path: Path) -> None:
    books.entries[Book.FUNDS][5] = books.entries[Book.FUNDS][5]._replace(psp_reference="99-2000001")
    with Sandbox(recorded(record(books, tmp_path / "books"))) as sandbox, pytest.raises(DataRefused) as caught:
        read(sandbox, books, MONDAY, MONDAY)
    assert f"names ledger 99 (page 1 of /report/v2/ledgers/302321/funds/dates/{MONDAY})" in str(caught.value)


def test_a_server_that_cannot_be_reached_is_told(books: Books, tmp_path: Path) -> None:
    faults = ["503:path=/dates/,times=forever"]
    with Sandbox(recorded(record(books, tmp_path / "books")), faults=faults) as sandbox, pytest.raises(ApiUnavailable):
        read(sandbox, books, MONDAY, MONDAY)


def day_page(items: list[dict[str, object]], **flags: object) -> dict[str, object]:
    return {"items": items, "tryLater": False, "hasMore": False, **flags}


def ask(api: ReportApi) -> list[LedgerDay]:
    return list(api.dates(LEDGER, Book.FUNDS, MONDAY, MONDAY))


def test_a_date_whose_cursor_leads_nowhere_is_a_loop(server: Server, api: ReportApi) -> None:
    server.script = lambda _: reply(day_page([entry(0)], hasMore=True, cursor="a"))
    with pytest.raises(ApiUnavailable, match=f"dates/{MONDAY}: cursor loop, page 2 leads back to 'a'"):
        ask(api)


@pytest.mark.parametrize("cursor", ["", None, 5])
def test_more_to_come_without_a_cursor_is_refused(server: Server, api: ReportApi, cursor: object) -> None:
    server.script = lambda _: reply(day_page([entry(0)], hasMore=True, cursor=cursor))
    with pytest.raises(DataRefused, match="hasMore is true, but cursor is"):
        ask(api)


def test_an_open_date_is_asked_for_once(server: Server, api: ReportApi) -> None:
    server.script = lambda _: reply(day_page([], hasMore=True, cursor="a", tryLater=True))
    assert ask(api) == [LedgerDay(MONDAY, (), closed=False)]
    assert len(server.asked) == 1


def test_a_date_that_an_entry_tells_itself_is_believed(server: Server, api: ReportApi) -> None:
    own = {**entry(0), "ledgerDate": "2022-10-05"}
    server.script = lambda _: reply(day_page([own]))
    ((_, (told,), _),) = ask(api)
    assert told.ledger_date == date(2022, 10, 5)
