"""Cursors: opaque to the client, for us a place among the rows that one question is about."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from json import dumps, loads
from typing import NamedTuple

from settlement_bridge.sandbox.answers import Request, problem


class Place(NamedTuple):
    """Where an answer goes on: position `at` of the rows first to stop (None: to the end) of one source."""

    ledger_id: str
    rows: str
    first: int
    at: int
    stop: int | None

    def cursor(self) -> str:
        """Return the place as a cursor."""
        return urlsafe_b64encode(dumps(self).encode("ascii")).decode("ascii")


def place_of(request: Request, rows: str, ledger_id: str | None = None) -> Place:
    """Return the place a request's cursor stands for; refuse one that was given for other rows or another ledger."""
    try:
        place = Place(*loads(urlsafe_b64decode(request.query["cursor"].encode("ascii"))))
    except (ValueError, TypeError):
        raise problem(request, 400, "The cursor is not one that this API has given.") from None
    if not _whole(place) or place.rows != rows or ledger_id not in (None, place.ledger_id):
        raise problem(request, 400, "The cursor belongs to another request.")
    return place


def rewound(cursor: str) -> str | None:
    """Return the cursor of the first page of the same question; None for what is no cursor."""
    try:
        place = Place(*loads(urlsafe_b64decode(cursor.encode("ascii"))))
        return place._replace(at=place.first).cursor()
    except (ValueError, TypeError):
        return None


def _whole(place: Place) -> bool:
    if not isinstance(place.ledger_id, str):
        return False
    numbers = (place.first, place.at, 0 if place.stop is None else place.stop)
    return all(type(number) is int and number >= 0 for number in numbers)
