"""The feed of a ledger's two books (Report API v2)."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from operator import add
from typing import Any

from settlement_bridge.model import PAYOUT_TYPES, Book, EntryColumns, EntryTable, Ledger, Page
from settlement_bridge.report_api.client import Client
from settlement_bridge.report_api.decode import Columns, Shape, columns
from settlement_bridge.report_api.paging import Trail, read_ahead
from settlement_bridge.report_api.payers import payers_of
from settlement_bridge.report_api.strict_json import Untrue, listed, shown

ENTRY = Shape(
    psp_reference="pspReference",
    time="time",
    ledger_date="ledgerDate",
    entry_type="entryType",
    reference="reference",
    handle="recipientHandle",
    money=("amount", "balanceBefore", "balanceAfter"),
    constants=("currency",),
)
_LEDGER_AND_PAYOUT = re.compile("([0-9]+)-[0-9]+")


def read_feed(client: Client, pool: Executor, ledger: Ledger, cursors: Mapping[Book, str | None]) -> Iterator[Page]:
    """Yield the pages of both books from the cursors until the API says `tryLater`, funds first.

    Funds come first because a payout with gross settlement needs the fees feed read to its end after the payout
    was seen (rule 8). An answer without entries yields no page: a run that brings nothing writes nothing.
    """
    for book in Book:
        yield from _read_book(client, pool, ledger, book, cursors.get(book))


def _read_book(client: Client, pool: Executor, ledger: Ledger, book: Book, cursor: str | None) -> Iterator[Page]:
    path = f"/report/v2/ledgers/{ledger.ledger_id}/{book}/feed"
    trail = Trail(path, cursor)

    def parameters(cursor: str | None) -> dict[str, str]:
        return {"cursor": cursor} if cursor else {}

    def follow(answer: Callable[[], dict[str, Any]]) -> tuple[tuple[list[dict[str, Any]], str], str | None]:
        trail.page += 1
        with trail.refusing(ledger.ledger_id):
            document = answer()
            items = listed(document)
            following, caught_up = _following(document)
        if not caught_up:
            trail.follow(following, len(items))
        return (items, following), None if caught_up else following

    for items, following in read_ahead(client, pool, path, parameters, follow, cursor):
        with trail.refusing(ledger.ledger_id):
            entries = decode_entries(items, ledger)
        if entries:
            named = client.personal_data and book is Book.FUNDS
            payers = payers_of(items, ENTRY) if named else ()
            yield Page(ledger.ledger_id, {book: entries}, {book: following}, payers=tuple(payers))


def decode_entries(items: list[dict[str, Any]], ledger: Ledger) -> EntryTable:
    """Return the entries of one answer; raise Untrue for any that cannot be the ledger's (rule 21)."""
    page = columns(items, ENTRY, (ledger.currency,))
    _check_balances(page)
    if not set(PAYOUT_TYPES).isdisjoint(page.entry_types):
        _check_payouts(page, ledger.ledger_id)
    amounts, befores, _ = page.money
    return EntryTable(
        EntryColumns(
            page.psp_references,
            page.times,
            page.ledger_dates,
            page.entry_types,
            page.references,
            amounts,
            befores,
            page.handles,
            page.extras,
        )
    )


def _following(document: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the next cursor, and whether the feed has been read to its end."""
    cursor, try_later = document.get("cursor"), document.get("tryLater")
    if not isinstance(cursor, str) or not cursor:
        raise Untrue(f"cursor is {shown(cursor)}, but a feed always has one")
    if type(try_later) not in (bool, type(None)):
        raise Untrue(f"tryLater is {shown(try_later)} instead of true or false")
    return cursor, try_later is True


def _check_balances(page: Columns) -> None:
    amounts, befores, afters = page.money
    if list(map(add, befores, amounts)) == list(afters):
        return
    for psp_reference, amount, before, after in zip(page.psp_references, amounts, befores, afters, strict=True):
        if before + amount != after:
            raise Untrue(
                f"balanceBefore {before} and amount {amount} do not make balanceAfter {after} "
                f"(pspReference {shown(psp_reference)})"
            )


def _check_payouts(page: Columns, ledger_id: str) -> None:
    for entry_type, psp_reference in zip(page.entry_types, page.psp_references, strict=True):
        named = _LEDGER_AND_PAYOUT.fullmatch(psp_reference) if entry_type in PAYOUT_TYPES else None
        if named and named[1] != ledger_id:
            raise Untrue(f"the answer is about another ledger: pspReference {psp_reference!r} names ledger {named[1]}")
