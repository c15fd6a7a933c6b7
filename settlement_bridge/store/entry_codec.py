"""Ledger entries as rows of the table `entries`, and back."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import count, repeat
from typing import Any

from settlement_bridge.model import LedgerEntry
from settlement_bridge.store.time_codec import from_micros
from settlement_bridge.transaction_ids import transaction_number

_iso = lru_cache(maxsize=64)(date.isoformat)
_date = lru_cache(maxsize=64)(date.fromisoformat)


def rows_of(
    book_id: int, first_position: int, given: Sequence[LedgerEntry], instants: Sequence[int]
) -> list[tuple[object, ...]]:
    """Return entries as rows, a value for every column, in positions from the first on; `instants` are their times.

    Column by column: by the million this takes half the time of row by row.
    """
    psp_references, _, dates, types, references, amounts, balances, handles, extras = zip(*given, strict=True)
    return list(
        zip(
            repeat(book_id),
            count(first_position),
            psp_references,
            map(transaction_number, psp_references),
            instants,
            map(_iso, dates),
            types,
            references,
            amounts,
            balances,
            handles,
            extras,
            strict=False,
        )
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
