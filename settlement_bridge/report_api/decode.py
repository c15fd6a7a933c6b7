"""Entries to checked values, a column at a time.

A page is refused whole: one value that cannot be true (rule 21) raises Untrue, which names value, field and entry.
Whole columns are checked by C code where a loop over entries would cost several times as much; only when a column
fails is the culprit looked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, NoReturn

import orjson

from settlement_bridge.report_api.strict_json import Untrue, shown

LARGEST_INTEGER = 2**63 - 1
"""Of 64 bits, in both directions, so that every amount can be negated."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)
"""Outside of these, adding a day or changing the zone may overflow; no entry is that old or new."""
PERSONAL = frozenset(("message", "name", "maskedPhoneNo"))
"""Fields that are neither kept nor logged."""

_zone_of = attrgetter("tzinfo")


@dataclass(frozen=True)
class Shape:
    """The names a dialect gives to the fields of an entry."""

    psp_reference: str
    time: str
    ledger_date: str
    entry_type: str
    reference: str
    handle: str
    money: tuple[str, str, str]
    constants: tuple[str, ...]
    """Fields whose value is known before, such as the currency."""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        texts = (self.psp_reference, self.time, self.ledger_date, self.entry_type, self.reference, self.handle)
        object.__setattr__(self, "names", (*texts, *self.money, *self.constants))


class Columns(NamedTuple):
    """The entries of a page, one checked column a field."""

    psp_references: Sequence[str]
    times: Sequence[datetime]
    ledger_dates: Sequence[date]
    entry_types: Sequence[str]
    references: Sequence[str | None]
    handles: Sequence[str | None]
    money: Sequence[Sequence[int]]
    extras: Sequence[str | None]


NOTHING = Columns((), (), (), (), (), (), ((), (), ()), ())


def columns(items: list[dict[str, Any]], shape: Shape, constants: tuple[str, ...]) -> Columns:
    """Return a page's entries as checked columns; `constants` are the values wanted in `shape.constants`."""
    if not items:
        return NOTHING
    exact, (texts, moments, days, kinds, references, handles, *rest) = _table(items, shape)
    page = _Page(texts, shape)
    page.check_texts(shape.psp_reference, texts)
    page.check_texts(shape.entry_type, kinds)
    page.check_optional_texts(shape.reference, references)
    page.check_optional_texts(shape.handle, handles)
    for name, column in zip(shape.money, rest, strict=False):
        page.check_integers(name, column)
    for name, wanted, column in zip(shape.constants, constants, rest[len(shape.money) :], strict=True):
        page.check_constant(name, wanted, column)
    times = page.times(shape.time, moments)
    dates = page.dates(shape.ledger_date, days)
    extras = [None] * len(items) if exact else _extras(items, shape)
    return Columns(texts, times, dates, kinds, references, handles, rest[: len(shape.money)], extras)


class _Page:
    """The checks of a page's columns; knows the entries' names."""

    def __init__(self, names: Sequence[object], shape: Shape) -> None:
        self._names = names
        self._shape = shape

    def check_texts(self, name: str, column: Sequence[Any]) -> None:
        if set(map(type, column)) != {str} or "" in column:
            self._refuse(name, column, lambda value: type(value) is str and value != "", "a text that is not empty")

    def check_optional_texts(self, name: str, column: Sequence[Any]) -> None:
        if not set(map(type, column)) <= {str, type(None)}:
            self._refuse(name, column, lambda value: value is None or type(value) is str, "a text or null")

    def check_integers(self, name: str, column: Sequence[Any]) -> None:
        fits = set(map(type, column)) == {int} and min(column) >= -LARGEST_INTEGER and max(column) <= LARGEST_INTEGER
        if not fits:
            self._refuse(name, column, is_amount, "an integer of minor units within 64 bits")

    def check_constant(self, name: str, wanted: str, column: Sequence[Any]) -> None:
        if column.count(wanted) != len(column):
            self._refuse(name, column, lambda value: value == wanted, f"the ledger's {wanted}")

    def times(self, name: str, column: Sequence[Any]) -> list[datetime]:
        try:
            times = list(map(datetime.fromisoformat, column))
            fits = None not in map(_zone_of, times) and min(times) >= EARLIEST and max(times) <= LATEST
        except (TypeError, ValueError):
            fits = False
        if not fits:
            self._refuse(name, column, _is_time, "a time with its offset from UTC")
        return times

    def dates(self, name: str, column: Sequence[Any]) -> list[date]:
        try:
            known = {text: date.fromisoformat(text) for text in set(column)}
            fits = min(known.values()) >= EARLIEST.date() and max(known.values()) <= LATEST.date()
        except (TypeError, ValueError):
            fits = False
        if not fits:
            self._refuse(name, column, _is_date, "a date such as 2022-10-01")
        return [known[text] for text in column]

    def _refuse(self, name: str, column: Sequence[Any], fits: Callable[[Any], bool], wanted: str) -> NoReturn:
        position = next(index for index, value in enumerate(column) if not fits(value))
        entry = f"{self._shape.psp_reference} {shown(self._names[position])}, entry {position + 1} of the page"
        raise Untrue(f"{name} is {shown(column[position])} instead of {wanted} ({entry})")


def is_amount(value: object) -> bool:
    """Tell whether a JSON value can be money: an integer within 64 bits, and not a boolean (rule 15)."""
    return type(value) is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER


def _is_time(value: object) -> bool:
    try:
        time = datetime.fromisoformat(value)  # type: ignore[arg-type]
        return time.tzinfo is not None and EARLIEST <= time <= LATEST
    except (TypeError, ValueError):
        return False


def _is_date(value: object) -> bool:
    try:
        return EARLIEST.date() <= date.fromisoformat(value) <= LATEST.date()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _table(items: list[dict[str, Any]], shape: Shape) -> tuple[bool, list[tuple[Any, ...]]]:
    """Return the wanted fields as columns, and whether the entries hold exactly these fields."""
    try:
        rows = list(map(itemgetter(*shape.names), items))
        exact = set(map(len, items)) == {len(shape.names)}
    except KeyError:
        rows = [tuple(map(item.get, shape.names)) for item in items]
        exact = False
    return exact, list(zip(*rows, strict=True))


def _extras(items: list[dict[str, Any]], shape: Shape) -> list[str | None]:
    ignored = PERSONAL.union(shape.names)
    return [_extra({name: value for name, value in item.items() if name not in ignored}) for item in items]


def _extra(unknown: dict[str, Any]) -> str | None:
    return orjson.dumps(unknown, option=orjson.OPT_SORT_KEYS).decode() if unknown else None
