"""The statements behind `Periods`, put together once: to build one takes longer than to run it on a small book.

What changes is bound: `ledger`, the ids of its books `funds` and `fees`, a payout's `first` and `last` position.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)

from settlement_bridge.model import MARK_TYPES, PAYOUT_TYPES, RETAINED, FeeSelection
from settlement_bridge.store.tables import books, entries, marks, settlements, transaction_index, transactions
from settlement_bridge.transaction_ids import FIRST_MAPPED

NO_ROWS = (*PAYOUT_TYPES, RETAINED)
"""Funds entries that are no rows of a settlement (rule 5)."""

_SHAPES_KEPT = 64


class FeeShape(NamedTuple):
    """What of a FeeSelection decides how a statement looks; everything else of it is bound."""

    spans: int
    invoiced: int
    dated: bool


def shape_of(selection: FeeSelection) -> FeeShape:
    """Return the shape of a selection."""
    return FeeShape(len(selection.spans), len(selection.invoiced), selection.until is not None)


def bound(selection: FeeSelection) -> dict[str, object]:
    """Return what a statement of the selection's shape binds."""
    values: dict[str, object] = {}
    for number, span in enumerate(selection.spans):
        values |= {f"first_{number}": span.first, f"last_{number}": span.last}
    for number, (position, settled) in enumerate(selection.invoiced):
        values |= {f"invoiced_{number}": position, f"settled_{number}": settled}
    if selection.until:
        values["until"] = selection.until.isoformat()
    return values


def _none_of(column: ColumnElement[str], words: Collection[str]) -> ColumnElement[bool]:
    # Not by NOT IN, whose list is put into the statement anew at every execution.
    return and_(*(column != word for word in words))


def _in(book: str) -> ColumnElement[bool]:
    return entries.c.book_id == bindparam(book)


def _last_mark(*types: str) -> ScalarSelect[int]:
    mine = and_(marks.c.book_id == bindparam("fees"), or_(*(marks.c.entry_type == name for name in types)))
    return select(func.coalesce(func.max(marks.c.position), 0)).where(mine).scalar_subquery()


_ROWS = and_(
    _in("funds"),
    entries.c.position.between(bindparam("first"), bindparam("last")),
    _none_of(entries.c.entry_type, NO_ROWS),
)

STATES = select(books.c.book, books.c.book_id, books.c.size, books.c.opening, books.c.by_payout).where(
    books.c.ledger_id == bindparam("ledger"), books.c.current
)
MARKS = (
    select(entries)
    .join(marks, and_(marks.c.book_id == entries.c.book_id, marks.c.position == entries.c.position))
    .where(marks.c.book_id == bindparam("book"), marks.c.position > bindparam("after"))
    .order_by(marks.c.position)
)
ENTRY = select(entries).where(_in("book"), entries.c.position == bindparam("position"))
KINDS = select(entries.c.entry_type, entries.c.handle).where(_ROWS).distinct()
# Apart from the kinds: to group all rows, of which mostly none has such fields, would mean to sort them all.
UNKNOWN_FIELDS = (
    select(func.max(entries.c.extra))
    .where(_ROWS, entries.c.extra.is_not(None))
    .group_by(entries.c.entry_type, entries.c.handle)
)
UNPAID_SINCE = select(func.min(entries.c.ledger_date)).where(
    _in("fees"), entries.c.position > _last_mark(*MARK_TYPES), entries.c.amount != 0
)
ENTRIES_SUM = select(func.coalesce(func.sum(entries.c.amount), 0)).where(
    _in("funds"), entries.c.position.between(bindparam("first"), bindparam("last") - 1)
)
MAPPED_NUMBERS = select(entries.c.number).where(_ROWS, entries.c.number >= FIRST_MAPPED).order_by(entries.c.number)
BEHIND = select(transactions.c.mapped_from, transactions.c.number).where(
    transaction_index.c.ledger_id == bindparam("ledger"),
    transaction_index.c.number == bindparam("number"),
    transactions.c.settlement_id == transaction_index.c.settlement_id,
    transactions.c.row == transaction_index.c.row,
)


def _shared_numbers() -> Select[Any]:
    counted = select(entries.c.number, func.count().label("uses")).where(_ROWS).group_by(entries.c.number).subquery()
    earlier = and_(transaction_index.c.ledger_id == bindparam("ledger"), transaction_index.c.number == counted.c.number)
    return (
        select(counted.c.number)
        .outerjoin(transaction_index, earlier)
        .where(or_(counted.c.uses > 1, transaction_index.c.number.is_not(None)))
    )


def _fee_positions() -> Select[Any]:
    fees = entries.alias()
    same = and_(fees.c.number == entries.c.number, fees.c.psp_reference == entries.c.psp_reference)
    return (
        select(fees.c.position)
        .select_from(entries.join(fees, same))
        .where(
            _ROWS,
            fees.c.book_id == bindparam("fees"),
            fees.c.ledger_date <= bindparam("until"),
            _none_of(fees.c.entry_type, MARK_TYPES),
        )
    )


SHARED_NUMBERS = _shared_numbers()
FEE_POSITIONS = _fee_positions()


@lru_cache(_SHAPES_KEPT)
def funds_rows(shape: FeeShape | None) -> Select[Any]:
    """Return a payout's rows in ledger order, each with the sum and number of its reference's selected fees, if any."""
    columns = [
        entries.c.psp_reference,
        entries.c.number,
        entries.c.time,
        entries.c.entry_type,
        entries.c.reference,
        entries.c.amount,
        entries.c.handle,
    ]
    if shape is None:
        return select(*columns, literal(0), literal(0)).where(_ROWS).order_by(entries.c.position)
    fees = _fee_sums(shape)
    same = and_(fees.c.number == entries.c.number, fees.c.psp_reference == entries.c.psp_reference)
    fee, count = func.coalesce(fees.c.fee, 0), func.coalesce(fees.c.entries, 0)
    return select(*columns, fee, count).outerjoin(fees, same).where(_ROWS).order_by(entries.c.position)


@lru_cache(_SHAPES_KEPT)
def fees(shape: FeeShape) -> Select[Any]:
    """Return the selected entries of the fees book, in order."""
    return select(entries).where(_fees_in(shape)).order_by(entries.c.position)


@lru_cache(_SHAPES_KEPT)
def fee_count(shape: FeeShape) -> Select[Any]:
    """Return how many entries of the fees book are selected."""
    return select(func.count()).select_from(entries).where(_fees_in(shape))


@lru_cache(_SHAPES_KEPT)
def fee_groups(shape: FeeShape) -> Select[Any]:
    """Return the first entry, the sum, and the sales unit of an earlier row, of each reference that is on no row.

    Besides those without a row in the payout, these are the `disowned` ones and those that come out as a credit.
    """
    sums = _fee_sums(shape)
    rows = select(entries.c.number, entries.c.psp_reference).where(_ROWS).distinct().subquery()
    first = entries.alias("first")
    return (
        select(first, sums.c.fee, settlements.c.msn)
        .select_from(sums)
        .outerjoin(rows, and_(rows.c.number == sums.c.number, rows.c.psp_reference == sums.c.psp_reference))
        .join(first, and_(first.c.book_id == bindparam("fees"), first.c.position == sums.c.first_position))
        .outerjoin(
            transaction_index,
            and_(transaction_index.c.ledger_id == bindparam("ledger"), transaction_index.c.number == sums.c.number),
        )
        .outerjoin(settlements, settlements.c.settlement_id == transaction_index.c.settlement_id)
        .where(
            or_(
                rows.c.number.is_(None),
                sums.c.fee < 0,
                sums.c.psp_reference.in_(bindparam("disowned", expanding=True)),
            )
        )
        .order_by(sums.c.first_position)
    )


def _fee_sums(shape: FeeShape) -> Subquery:
    owed: ColumnElement[int] = -entries.c.amount
    for number in range(shape.invoiced):
        here = entries.c.position == bindparam(f"invoiced_{number}")
        owed = case((here, owed - bindparam(f"settled_{number}", type_=BigInteger)), else_=owed)
    return (
        select(
            entries.c.number,
            entries.c.psp_reference,
            cast(func.sum(owed), BigInteger).label("fee"),
            func.count().label("entries"),
            func.min(entries.c.position).label("first_position"),
        )
        .where(_fees_in(shape))
        .group_by(entries.c.number, entries.c.psp_reference)
        .subquery()
    )


def _fees_in(shape: FeeShape) -> ColumnElement[bool]:
    spans = (
        entries.c.position.between(bindparam(f"first_{number}"), bindparam(f"last_{number}"))
        for number in range(shape.spans)
    )
    conditions = [_in("fees"), _none_of(entries.c.entry_type, MARK_TYPES), or_(*spans)]
    if shape.dated:
        conditions.append(entries.c.ledger_date <= bindparam("until"))
    return and_(*conditions)
