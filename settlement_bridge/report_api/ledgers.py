"""The list of ledgers the keys can see."""

import re
from collections.abc import Iterator
from typing import Any

from settlement_bridge.errors import ApiUnavailable, DataRefused
from settlement_bridge.model import Identifier, Ledger, SalesUnit
from settlement_bridge.report_api.client import LEDGERS_PATH, Client
from settlement_bridge.report_api.paging import Trail
from settlement_bridge.report_api.strict_json import Untrue, listed, shown

_SAFE_ID = re.compile("[A-Za-z0-9-]{1,64}")
_CURRENCY = re.compile("[A-Z]{3}")
_PAYOUT = re.compile("[0-9]{1,18}")


def read_ledgers(client: Client) -> tuple[list[Ledger], list[DataRefused], bool]:
    """Return all ledgers in the API's order, why others cannot be true, and whether any carries a `lastPayout` key.

    v1 has that key. Raises ApiUnavailable for a list that cannot be used.
    """
    ledgers: dict[str, Ledger] = {}
    refused: dict[str, DataRefused] = {}
    by_payout = False
    for record in _records(client):
        by_payout |= "lastPayout" in record
        ledger_id = _id(record)
        try:
            ledger = _ledger(ledger_id, record)
        except DataRefused as error:
            refused[ledger_id] = error
            continue
        if ledgers.setdefault(ledger_id, ledger) != ledger:
            refused[ledger_id] = DataRefused(ledger_id, "the list of ledgers holds it twice, with different content")
    return [one for one in ledgers.values() if one.ledger_id not in refused], list(refused.values()), by_payout


def _records(client: Client) -> Iterator[dict[str, Any]]:
    trail = Trail(LEDGERS_PATH, None)
    cursor = ""
    while True:
        try:
            document = client.get(LEDGERS_PATH, {"cursor": cursor} if cursor else {})
            items = listed(document)
        except Untrue as error:
            raise ApiUnavailable(f"the list of ledgers cannot be used: {error}") from error
        yield from items
        cursor = document.get("cursor") or ""
        if not cursor:
            return
        trail.page += 1
        trail.follow(str(cursor), len(items))


def _id(record: dict[str, Any]) -> str:
    """Return a ledger's id; no path is ever built from one that is not letters, digits and `-` (rule 18)."""
    ledger_id = record.get("ledgerId")
    if not isinstance(ledger_id, str) or not _SAFE_ID.fullmatch(ledger_id):
        raise ApiUnavailable(f"the list of ledgers cannot be used: ledgerId is {shown(ledger_id)}")
    return ledger_id


def _ledger(ledger_id: str, record: dict[str, Any]) -> Ledger:
    try:
        return Ledger(
            ledger_id=ledger_id,
            currency=_text(record, "currency", _CURRENCY),
            owner=_identifier(record, "owner"),
            bank_account=_identifier(record, "payoutBankAccount") if record.get("payoutBankAccount") else None,
            handles=_handles(record),
            sales_units=tuple(map(_sales_unit, record.get("salesUnits") or ())),
            first_payout=_payout(record, "firstPayout"),
            last_payout=_payout(record, "lastPayout"),
        )
    except Untrue as error:
        raise DataRefused(ledger_id, f"{error} (in the list of ledgers)") from error
    except (AttributeError, TypeError) as error:
        raise DataRefused(ledger_id, "its record in the list of ledgers is not built as the API describes") from error


def _text(record: dict[str, Any], name: str, pattern: re.Pattern[str] | None = None) -> str:
    value = record.get(name)
    if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
        raise Untrue(f"{name} is {shown(value)}")
    return value


def _identifier(record: dict[str, Any], name: str) -> Identifier:
    """Return a scheme with its id, both texts."""
    value = record.get(name)
    if not isinstance(value, dict):
        raise Untrue(f"{name} is {shown(value)}")
    return Identifier(_text(value, "scheme"), _text(value, "id"))


def _handles(record: dict[str, Any]) -> tuple[str, ...]:
    handles = record.get("settlesForRecipientHandles") or []
    if not isinstance(handles, list) or not set(map(type, handles)) <= {str}:
        raise Untrue(f"settlesForRecipientHandles is {shown(handles)}")
    return tuple(handles)


def _sales_unit(record: dict[str, Any]) -> SalesUnit:
    name = _text(record, "name") if record.get("name") is not None else None
    business = _identifier(record, "businessIdentifier") if record.get("businessIdentifier") else None
    number, scheme = (business.id, business.scheme) if business else (None, None)
    return SalesUnit(_text(record, "recipientHandle"), name, number, scheme)


def _payout(record: dict[str, Any], name: str) -> int | None:
    """Return a payout number, which v1 gives as a text; None before the first payout."""
    value = record.get(name)
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not _PAYOUT.fullmatch(text):
        raise Untrue(f"{name} is {shown(value)} instead of a payout number")
    return int(text)
