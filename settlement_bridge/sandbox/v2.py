"""The v2 dialect: two books per ledger, as a feed or ledger date by ledger date."""

from json import loads

from settlement_bridge.model import Book
from settlement_bridge.sandbox.answers import Page, Request, a_date, problem
from settlement_bridge.sandbox.cursors import Place, place_of
from settlement_bridge.sandbox.stored import json_row
from settlement_bridge.sandbox.view import View, is_closed


def feed_page(view: View, request: Request, ledger_id: str, topic: str) -> Page:
    """Return a page of the feed. Its cursor is never empty; `tryLater` says that this is all there is for now."""
    ledger, book = view.ledger(request, ledger_id), _book(request, topic)
    personal = _wants_personal_data(request)
    place = Place(ledger_id, book, 0, 0, None)
    if request.query.get("cursor"):
        place = place_of(request, book, ledger_id)
    visible = view.length(ledger, book)
    end = view.page_end(place.at, visible)
    items = ledger.book(book).json(place.at, end, personal)
    flags = {"tryLater": end >= visible}
    return Page((ledger_id, book), place.at, items, place.cursor(), place._replace(at=end).cursor(), flags)


def date_page(view: View, request: Request, ledger_id: str, topic: str, ledger_date: str) -> Page:
    """Return a page of one ledger date, or `tryLater` while it has not closed.

    The entries do not repeat the ledger date that the path names, which a client must be able to live with.
    """
    ledger, book = view.ledger(request, ledger_id), _book(request, topic)
    personal = _wants_personal_data(request)
    day = a_date(request, "ledgerDate", ledger_date)
    rows, visible = ledger.book(book), view.length(ledger, book)
    start, stop = rows.span(day, day)
    place = Place(ledger_id, f"{book} {day}", start, start, stop)
    if request.query.get("cursor"):
        place = place_of(request, place.rows, ledger_id)
    if day > view.world.until or not is_closed(rows, visible, stop):
        flags = {"tryLater": True, "hasMore": False}
        return Page((ledger_id, book), place.at, [], place.cursor(), None, flags)
    end = view.page_end(place.at, stop)
    items = [_without_date(row) for row in rows.json(place.at, end, personal)]
    cursor = place._replace(at=end).cursor() if end < stop else None
    return Page((ledger_id, book), place.at, items, place.cursor(), cursor, {"tryLater": False, "hasMore": end < stop})


def _book(request: Request, topic: str) -> Book:
    if topic not in list(Book):
        raise problem(request, 400, f"The topic must be funds or fees, not {topic!r}.")
    return Book(topic)


def _wants_personal_data(request: Request) -> bool:
    wanted = request.query.get("includeGDPRSensitiveData", "false").lower()
    if wanted not in ("true", "false"):
        raise problem(request, 400, f"includeGDPRSensitiveData must be true or false, not {wanted!r}.")
    return wanted == "true"


def _without_date(row: bytes) -> bytes:
    return json_row({name: value for name, value in loads(row).items() if name != "ledgerDate"})
