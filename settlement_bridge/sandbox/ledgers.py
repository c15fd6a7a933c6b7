"""`GET /settlement/v1/ledgers`, in either dialect."""

from collections.abc import Iterator
from typing import Any

from settlement_bridge.sandbox.answers import Page, Request
from settlement_bridge.sandbox.cursors import Place, place_of
from settlement_bridge.sandbox.stored import json_row
from settlement_bridge.sandbox.view import View
from settlement_bridge.sandbox.world import LedgerBooks

_SOURCE = ("", "ledgers")


def ledgers_page(view: View, dialect: str, request: Request) -> Page:
    """Return a page of ledgers; a cursor carries the filter of the request it was given for."""
    if request.query.get("cursor"):
        place = place_of(request, "ledgers")
    else:
        place = Place(request.query.get("settlesForRecipientHandles", ""), "ledgers", 0, 0, None)
    items: list[bytes] = []
    following = None
    for index, ledger in _matching(view, place):
        if len(items) == view.page_size:
            following = index
            break
        items.append(json_row(_described(view, dialect, ledger)))
    cursor = "" if following is None else place._replace(at=following).cursor()
    return Page(_SOURCE, place.at, items, place.cursor(), cursor)


def _matching(view: View, place: Place) -> Iterator[tuple[int, LedgerBooks]]:
    handle = place.ledger_id
    for index in range(place.at, len(view.world)):
        ledger = view.world.ledger(index)
        if not handle or handle in ledger.description["settlesForRecipientHandles"]:
            yield index, ledger


def _described(view: View, dialect: str, ledger: LedgerBooks) -> dict[str, Any]:
    description = dict(ledger.description)
    if dialect == "v2":
        return description
    description.pop("salesUnits", None)
    payouts = view.payouts(ledger)
    description["firstPayout"] = str(payouts[0]) if payouts else None
    description["lastPayout"] = str(payouts[-1]) if payouts else None
    return description
