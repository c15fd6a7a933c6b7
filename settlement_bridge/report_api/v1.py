"""A ledger's transactions payout by payout (Report API v1), translated into v2's words at the door."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, Ledger, Page, Payer
from settlement_bridge.report_api.client import V1_PATH, Client
from settlement_bridge.report_api.paging import Trail, read_ahead
from settlement_bridge.report_api.payers import payers_of
from settlement_bridge.report_api.payout_books import TRANSACTION, Entries, PayoutBooks
from settlement_bridge.report_api.strict_json import Untrue, listed, shown

FIRST_PAYOUT = 2000001
NOTHING_DONE = "0"
"""The cursor of both books before the first payout is complete."""


def read_payouts(client: Client, pool: Executor, ledger: Ledger, cursors: Mapping[Book, str | None]) -> Iterator[Page]:
    """Yield the pages of every payout after the cursor, which is the number of the last complete one.

    The cursor moves on with the page that carries the payout entry, so that an interrupted payout is read again
    from its start. A payout without a payout row yet is as far as this goes (rule 2), whatever is listed behind it: a
    wait can be undone, what was passed over never comes again.
    """
    done = _last_complete(ledger, cursors)
    for number in payouts_left(ledger, cursors):
        complete = yield from _read_payout(client, pool, ledger, number, str(done))
        if not complete:
            return
        done = number


def payouts_left(ledger: Ledger, cursors: Mapping[Book, str | None]) -> range:
    """Return the numbers of the payouts that the ledger says it has, behind the last complete one."""
    if ledger.last_payout is None:
        return range(0)
    first = max(_last_complete(ledger, cursors) + 1, ledger.first_payout or FIRST_PAYOUT)
    return range(first, ledger.last_payout + 1)


def _last_complete(ledger: Ledger, cursors: Mapping[Book, str | None]) -> int:
    texts = [cursors.get(book) or NOTHING_DONE for book in Book]
    for text in texts:
        if not (text.isascii() and text.isdecimal()):
            raise DataRefused(
                ledger.ledger_id,
                f"its mirror was read with v2 (cursor {shown(text)}), but the server speaks v1; resync",
            )
    return min(map(int, texts))


def _read_payout(client: Client, pool: Executor, ledger: Ledger, number: int, done: str) -> Generator[Page, None, bool]:
    """Yield a payout's pages; return whether it is complete."""
    trail = Trail(f"{V1_PATH} for payout {number}", None)
    books = PayoutBooks(ledger, number)

    def parameters(cursor: str | None) -> dict[str, str]:
        place = {"cursor": cursor} if cursor else {"inPayout": str(number)}
        return {"ledgerId": ledger.ledger_id, **place}

    def take(answer: Callable[[], dict[str, Any]]) -> tuple[Page, str | None]:
        trail.page += 1
        with trail.refusing(ledger.ledger_id):
            document = answer()
            items = listed(document)
            following = _following(document)
            entries = books.take(items)
            payers = tuple(payers_of(items, TRANSACTION)) if client.personal_data else ()
            if following is None and books.complete:
                return _page(ledger, _joined(entries, books.close()), str(number), payers), None
        if following is not None:
            trail.follow(following, len(items))
        return _page(ledger, entries, done, payers), following

    for page in read_ahead(client, pool, V1_PATH, parameters, take, None):
        if any(page.entries.values()):
            yield page
    return books.complete


def _following(document: Mapping[str, Any]) -> str | None:
    cursor = document.get("cursor") or None
    if not isinstance(cursor, str | None):
        raise Untrue(f"cursor is {shown(cursor)} instead of a text")
    return cursor


def _joined(entries: Entries, more: Entries) -> Entries:
    return {book: entries[book] + more[book] for book in Book}


def _page(ledger: Ledger, entries: Entries, cursor: str, payers: Sequence[Payer]) -> Page:
    return Page(ledger.ledger_id, entries, dict.fromkeys(Book, cursor), by_payout=True, payers=payers)
