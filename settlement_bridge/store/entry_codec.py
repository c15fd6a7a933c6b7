"""Ledger entries as rows of the table `entries`, and back."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from settlement_bridge.model import LedgerEntry
from settlement_bridge.store.time_codec import from_micros, to_micros
from settlement_bridge.transaction_ids import transaction_number

_iso = lru_cache(maxsize=64)(date.isoformat)
_date = lru_cache(maxsize=64)(date.fromisoformat)


def row_of(book_id: int, position: int, entry: LedgerEntry) -> tuple[object, ...]:
    """Return an entry as a row, a value for every column."""
    psp_reference, time, ledger_date, entry_type, reference, amount, balance_before, handle, extra = entry
    return (
        book_id,
        position,
        psp_reference,
        transaction_number(psp_reference),
        to_micros(time),
        _iso(ledger_date),
        entry_type,
        reference,
        amount,
        balance_before,
        handle,
        extra,
    )


def entry_of(row: Sequence[Any]) -> LedgerEntry:
    """Return the entry of a row of `select(entries)`."""
    _, _, psp_reference, _, time, ledger_date, entry_type, reference, amount, balance_before, handle, extra = row
    return LedgerEntry(
        psp_reference,
        from_micros(time),
        _date(ledger_date),
        entry_type,
        reference,
        amount,
        balance_before,
        handle,
        extra,
    )


def storable(entry: LedgerEntry) -> LedgerEntry:
    """Return an entry without NUL characters, which PostgreSQL cannot hold; no format could write them either."""
    return LedgerEntry._make(part.replace("\0", "\ufffd") if isinstance(part, str) else part for part in entry)


def is_storable(entry: LedgerEntry) -> bool:
    """Tell whether every database can hold an entry as it is."""
    psp_reference, _, _, entry_type, reference, _, _, handle, extra = entry
    return not (
        "\0" in psp_reference
        or "\0" in entry_type
        or (reference is not None and "\0" in reference)
        or (handle is not None and "\0" in handle)
        or (extra is not None and "\0" in extra)
    )
