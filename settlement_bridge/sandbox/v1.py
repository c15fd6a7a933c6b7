"""The v1 dialect: a ledger's transactions, by payout or by ledger date."""

from datetime import date

from settlement_bridge.sandbox.answers import Page, Request, a_date, problem
from settlement_bridge.sandbox.cursors import Place, place_of
from settlement_bridge.sandbox.view import View
from settlement_bridge.sandbox.world import LedgerBooks

_ROWS = "v1"


def transactions_page(view: View, request: Request) -> Page:
    """Return a page of transactions. Its cursor is empty on the last one and goes with the ledgerId alone."""
    ledger_id = request.query.get("ledgerId")
    if not ledger_id:
        raise problem(request, 400, "ledgerId is missing.")
    ledger = view.ledger(request, ledger_id)
    if request.query.get("cursor"):
        place = place_of(request, _ROWS, ledger_id)
    else:
        start, stop = _asked_for(request, ledger)
        place = Place(ledger_id, _ROWS, start, start, stop)
    visible = view.transactions(ledger)
    stop = visible if place.stop is None else min(place.stop, visible)
    end = view.page_end(place.at, stop)
    items = ledger.transactions.json(place.at, end)
    cursor = place._replace(at=end).cursor() if end < stop else ""
    return Page((ledger_id, _ROWS), place.at, items, place.cursor(), cursor)


def _asked_for(request: Request, ledger: LedgerBooks) -> tuple[int, int]:
    query, transactions = request.query, ledger.transactions
    if "inPayout" in query:
        return transactions.payout(_payout_number(request, "inPayout"))
    if "sincePayout" in query:
        return transactions.payout(_payout_number(request, "sincePayout"))[1], len(transactions)
    if "ledgerDate" in query:
        day = a_date(request, "ledgerDate", query["ledgerDate"])
        return transactions.span(day, day)
    first = a_date(request, "fromLedgerDate", query.get("fromLedgerDate", date.min.isoformat()))
    last = a_date(request, "toLedgerDate", query.get("toLedgerDate", date.max.isoformat()))
    if last < first:
        raise problem(request, 400, f"toLedgerDate {last} lies before fromLedgerDate {first}.")
    return transactions.span(first, last)


def _payout_number(request: Request, name: str) -> int:
    text = request.query[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise problem(request, 400, f"{name} must be the number of a payout, not {text!r}.")
    return int(text)
