"""A ledger's books read again ledger date by ledger date: another way to the same entries than the feed."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from settlement_bridge.model import Book, Ledger, LedgerDay
from settlement_bridge.report_api.client import Client
from settlement_bridge.report_api.paging import Trail
from settlement_bridge.report_api.strict_json import Untrue, listed, shown
from settlement_bridge.report_api.v1 import read_payouts
from settlement_bridge.report_api.v2 import decode_entries

DATES_AHEAD = 4
"""Dates asked for while one is worked on; most bring little, so that the way to the server is what takes time."""

_Answer = dict[str, Any]


def read_dates(
    client: Client, pool: Executor, ledger: Ledger, book: Book, first: date, last: date
) -> Iterator[LedgerDay]:
    """Yield every ledger date from the first to the last, in one part or more; one not closed yet is empty (v2)."""
    ahead: deque[tuple[date, Future[_Answer]]] = deque()
    try:
        for offset in range((last - first).days + 1):
            day = first + timedelta(offset)
            ahead.append((day, pool.submit(_ask(client, ledger, book, day), None)))
            if len(ahead) > DATES_AHEAD:
                yield from _day(client, ledger, book, *ahead.popleft())
        while ahead:
            yield from _day(client, ledger, book, *ahead.popleft())
    finally:
        for _, future in ahead:
            future.cancel()


def read_payout_dates(
    client: Client, pool: Executor, ledger: Ledger, book: Book, first: date, last: date
) -> Iterator[LedgerDay]:
    """Yield the ledger dates that entries have, from the first to the last, by reading every payout anew (v1)."""
    for page in read_payouts(client, pool, ledger, dict.fromkeys(Book)):
        entries = (entry for entry in page.entries.get(book, ()) if first <= entry.ledger_date <= last)
        for day, some in groupby(entries, key=lambda entry: entry.ledger_date):
            yield LedgerDay(day, tuple(some))


def _ask(client: Client, ledger: Ledger, book: Book, day: date) -> Callable[[str | None], _Answer]:
    path = _path(ledger, book, day)
    return lambda cursor: client.get(path, {"cursor": cursor} if cursor else {})


def _path(ledger: Ledger, book: Book, day: date) -> str:
    return f"/report/v2/ledgers/{ledger.ledger_id}/{book}/dates/{day}"


def _day(client: Client, ledger: Ledger, book: Book, day: date, first: Future[_Answer]) -> Iterator[LedgerDay]:
    trail = Trail(_path(ledger, book, day), None)
    ask = _ask(client, ledger, book, day)
    answer: Callable[[], _Answer] = first.result
    while True:
        trail.page += 1
        with trail.refusing(ledger.ledger_id):
            document = answer()
            # Entries may leave out the date that the path names.
            items = [{"ledgerDate": day.isoformat()} | item for item in listed(document)]
            entries = tuple(decode_entries(items, ledger))
            following = _following(document)
        closed = document.get("tryLater") is not True
        yield LedgerDay(day, entries, closed)
        if following is None or not closed:
            return
        trail.follow(following, len(items))
        answer = partial(ask, following)


def _following(document: Mapping[str, Any]) -> str | None:
    """Return the cursor of the next page; None on the last one."""
    if document.get("hasMore") is not True:
        return None
    cursor = document.get("cursor")
    if not isinstance(cursor, str) or not cursor:
        raise Untrue(f"hasMore is true, but cursor is {shown(cursor)}")
    return cursor
