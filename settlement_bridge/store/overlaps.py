"""What a page brings that a book does not hold yet, and whether it can be true (rules 20 to 22). Pure."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import accumulate

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, EntryTable, LedgerEntry, differing
from settlement_bridge.money import decimal_text

Place = tuple[str, Book]
"""Ledger id and book: where entries are."""


def new_entries(
    place: Place, given: Sequence[LedgerEntry], held: Iterable[tuple[int, LedgerEntry]], *, by_payout: bool
) -> list[LedgerEntry]:
    """Return the entries of a page that are not held yet, in order, each once.

    `held` has every held entry, with its position, that could be the same as one of the page. Raises DataRefused
    where two that should be the same differ.
    """
    identity = _identity_by_payout if by_payout else _identity
    known: dict[Hashable, tuple[int | None, LedgerEntry]] = {
        identity(entry): (position, entry) for position, entry in held
    }
    new = []
    for entry in given:
        key = identity(entry)
        found = known.get(key)
        if found is None:
            known[key] = (None, entry)
            new.append(entry)
        elif found[1] != entry and differing(found[1], entry):
            raise _contradiction(place, *found, entry)
    return new


def _identity(entry: LedgerEntry) -> Hashable:
    return entry.psp_reference, entry.entry_type, entry.time, entry.balance_before


def _identity_by_payout(entry: LedgerEntry) -> Hashable:
    # Balances begin anew with every payout, so that they cannot tell two payouts' entries apart; nor may two
    # payouts have the same reference (rule 2).
    return entry.psp_reference, entry.entry_type, entry.time


def check_chain(place: Place, balance: int | None, entries: EntryTable, last_held: Callable[[], LedgerEntry]) -> int:
    """Return the balance behind entries that continue a book, each where the one before it ended.

    `balance` is the book's own, None where it is empty and may begin anywhere. Raises DataRefused at the first break;
    `last_held` then says which entry the book ends with.
    """
    befores = entries.columns.balances_before
    *expected, behind = accumulate(entries.columns.amounts, initial=befores[0] if balance is None else balance)
    if list(befores) == expected:
        return behind
    index = next(index for index, wanted in enumerate(expected) if befores[index] != wanted)
    raise _break(place, expected[index], entries[index - 1] if index else last_held(), entries[index])


def _break(place: Place, expected: int, before: LedgerEntry, entry: LedgerEntry) -> DataRefused:
    ledger_id, book = place
    return DataRefused(
        ledger_id,
        f"its {book} book has a break: {describe(before)} leaves {decimal_text(expected)}, but the next entry, "
        f"{describe(entry)}, begins at {decimal_text(entry.balance_before)}; something between them is missing or "
        f"wrong. Ask the provider, then run settlement-bridge resync {ledger_id}",
    )


def _contradiction(place: Place, position: int | None, held: LedgerEntry, entry: LedgerEntry) -> DataRefused:
    ledger_id, book = place
    where = f"entry {position}" if position else "an entry"
    fields = ", ".join(differing(held, entry))
    return DataRefused(
        ledger_id,
        f"{where} of its {book} book was given as {describe(held)} and again as {describe(entry)}; {fields} must "
        f"not change. Ask the provider which is right, then run settlement-bridge resync {ledger_id}",
    )


def describe(entry: LedgerEntry) -> str:
    """Return an entry in words: type, reference, instant, ledger date, amount and balance."""
    parts = [
        f"{entry.entry_type} {entry.psp_reference!r}",
        f"of {decimal_text(entry.amount)} at balance {decimal_text(entry.balance_before)}",
        f"({entry.time.isoformat()}, ledger date {entry.ledger_date.isoformat()}",
    ]
    details = [f"{name} {value!r}" for name in ("reference", "handle", "extra") if (value := getattr(entry, name))]
    return " ".join(parts) + "".join(f", {detail}" for detail in details) + ")"
