"""Ledger entries as rows of the table `entries`, and back."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, count, repeat
from typing import Any

from settlement_bridge.instants import from_micros
from settlement_bridge.model import EntryColumns, LedgerEntry
from settlement_bridge.transaction_ids import transaction_numbers

_date = lru_cache(maxsize=64)(date.fromisoformat)


def values_of(book_id: int, first_position: int, columns: EntryColumns, instants: Sequence[int]) -> Sequence[object]:
    """Return entries as rows of the table, value after value, in positions from the first on.

    `instants` are their times. By columns: by the million this takes half the time of row by row.
    """
    iso = {day: day.isoformat() for day in set(columns.ledger_dates)}
    rows = zip(
        repeat(book_id),
        count(first_position),
        columns.psp_references,
        transaction_numbers(columns.psp_references),
        instants,
        map(iso.__getitem__, columns.ledger_dates),
        columns.entry_types,
        columns.references,
        columns.amounts,
        columns.balances_before,
        columns.handles,
        columns.extras,
        strict=False,
    )
    return tuple(chain.from_iterable(rows))


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
