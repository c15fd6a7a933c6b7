"""Which fees a payout bears, and whether they are known yet (rules 6 to 8)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import (
    INVOICED,
    RETAINED,
    FeeSelection,
    FeeSpan,
    LedgerEntry,
    Mark,
    Payout,
    SettlementType,
)

PATIENCE = timedelta(hours=36)
"""How long fees may trail their payout before somebody is told, and before a gross payout goes without them."""


@dataclass(frozen=True)
class Decision:
    """A payout's settlement type, and whether anything proved it (rule 6)."""

    type: SettlementType
    decided: bool


@dataclass(frozen=True)
class Waiting:
    """Why a payout cannot be settled yet."""

    reason: str


def decide_type(
    configured: SettlementType | None,
    has_retained: bool,
    previous: Decision | None,
    has_unretained: Callable[[], bool],
) -> Decision:
    """Return a payout's settlement type: the first that decides (rule 6).

    `has_unretained` tells whether the fees book holds fees of the payout's rows, dated up to its ledger date, that
    nothing has retained; it is asked last, because it costs a look through the rows.
    """
    if configured:
        return Decision(configured, decided=True)
    if has_retained:
        return Decision(SettlementType.NET, decided=True)
    if previous and previous.decided:
        return previous
    if has_unretained():
        return Decision(SettlementType.GROSS, decided=True)
    return Decision(SettlementType.NET, decided=False)


@dataclass(frozen=True)
class Collection:
    """What the fees book collected for one of its `fees-retained` entries."""

    span: FeeSpan
    """From behind the `fees-retained` before up to this one."""
    level: int | None
    """The balance the collection started from; None where the book opens with what nobody knows (rule 4)."""
    closed: Mark
    """The `fees-retained` entry itself."""
    invoices: tuple[Mark, ...] = ()


def pair_retained(
    ledger_id: str, retained: Sequence[Mark], collected: Sequence[Collection]
) -> Sequence[Collection] | None:
    """Pair the funds book's `fees-retained` of a payout with the fees book's, in order (rule 7).

    Returns the collections that belong to the payout, or None while the fees book has not reached the last of them.
    Raises DataRefused where a pair disagrees, or a collection is not what its entry retained.
    """
    for funds_mark, collection in zip(retained, collected, strict=False):
        _check_pair(ledger_id, funds_mark, collection)
    return collected[: len(retained)] if len(collected) >= len(retained) else None


def _check_pair(ledger_id: str, funds_mark: Mark, collection: Collection) -> None:
    fees_mark = collection.closed
    if funds_mark.entry.amount != -fees_mark.entry.amount:
        raise DataRefused(
            ledger_id,
            f"{_where('funds', funds_mark)} does not agree with {_where('fees', fees_mark)}: "
            "the two amounts must cancel out",
        )
    level = collection.level
    if level is not None and fees_mark.entry.balance_after != level:
        raise DataRefused(
            ledger_id,
            f"{_where('fees', fees_mark)} is not what the fees book collected since the one before: "
            f"the balance behind them is {fees_mark.entry.balance_after}, not {level}",
        )


def _where(book: str, mark: Mark) -> str:
    entry = mark.entry
    return f"{RETAINED} {entry.psp_reference} of {entry.ledger_date} on {book} (entry {mark.position}, {entry.amount})"


def collections(marks: Iterable[Mark], first: int, level: int | None) -> Iterator[Collection]:
    """Cut a fees book's marks into collections, one for each `fees-retained`, with the invoices that lie within.

    `first` is the position behind the last collection already used, `level` the balance there (see Collection).
    """
    invoices: list[Mark] = []
    for mark in marks:
        if mark.entry.entry_type == INVOICED:
            invoices.append(mark)
        elif mark.entry.entry_type == RETAINED:
            yield Collection(FeeSpan(first, mark.position - 1), level, mark, tuple(invoices))
            first, level, invoices = mark.position + 1, mark.entry.balance_after, []


def select_net(
    collected: Sequence[Collection], entries: Callable[[FeeSpan], Iterable[tuple[int, LedgerEntry]]]
) -> FeeSelection:
    """Return the fees of a net payout: what was collected, less what invoices had settled, oldest first (rule 7).

    `entries` gives a stretch's fees with their positions, marks left out; it is only asked where there is an invoice.
    """
    spans: list[FeeSpan] = []
    invoiced: list[tuple[int, int]] = []
    for collection in collected:
        span, invoices = _behind_clearing_invoice(collection)
        settled = sum(mark.entry.amount for mark in invoices)
        if settled > 0:
            span, rest = _behind_invoices(span, settled, entries(span))
            invoiced.extend(rest)
        if spans and spans[-1].last == span.first - 2:
            spans[-1] = FeeSpan(spans[-1].first, span.last)
        elif span.first <= span.last:
            spans.append(span)
    return FeeSelection(spans=tuple(spans), invoiced=tuple(invoiced))


def _behind_clearing_invoice(collection: Collection) -> tuple[FeeSpan, Sequence[Mark]]:
    """Leave out what was settled whole, fees and credits: all before the last invoice that nothing was owed behind."""
    for number, mark in reversed(tuple(enumerate(collection.invoices, 1))):
        if mark.entry.balance_after == collection.level:
            return FeeSpan(mark.position + 1, collection.span.last), collection.invoices[number:]
    return collection.span, collection.invoices


def _behind_invoices(
    span: FeeSpan, settled: int, entries: Iterable[tuple[int, LedgerEntry]]
) -> tuple[FeeSpan, list[tuple[int, int]]]:
    for position, entry in entries:
        owed = -entry.amount
        if settled == 0 or owed > settled:
            return FeeSpan(position, span.last), [(position, settled)] if settled else []
        settled -= owed
    return FeeSpan(span.last + 1, span.last), []


def select_gross(payout: Payout) -> FeeSelection:
    """Return the fees of a gross payout: those of its rows with a ledger date up to its own (rule 8)."""
    return FeeSelection(spans=(FeeSpan(1, 2**62),), until=payout.ledger_date, rows_only=True)


def waits_for_pair(payout: Payout, now: datetime) -> Waiting:
    """Say that the fees book has not reached the entry that pairs with the payout's last `fees-retained`.

    That is normal for hours; after 36 the reason says whom to ask.
    """
    if now - payout.time > PATIENCE:
        return Waiting("the fees book has not reached the payout's fees after more than 36 hours; ask the provider")
    return Waiting("the fees book has not reached the payout's fees yet")


def gross_fees_may_come(payout: Payout, fees_reach: date | None, now: datetime) -> Waiting | None:
    """Tell whether fees of a gross payout may still be under way (rule 8); None when it need not wait any longer.

    `fees_reach` is the ledger date of the last entry of the fees book, which must have been read to its end since
    the payout entry was seen.
    """
    if (fees_reach and fees_reach > payout.ledger_date) or now - payout.time >= PATIENCE:
        return None
    return Waiting("fees of the payout's rows may still come; settled gross")
