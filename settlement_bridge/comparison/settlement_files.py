"""An old settlement file against a new one of the same format: field by field, sums first, whatever the rows' order."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from settlement_bridge.comparison.differences import Difference, Grade, RowName, SettlementDifferences, Value
from settlement_bridge.comparison.pairs import paired
from settlement_bridge.model import Filed, FiledKey, FiledRow, FiledSettlement

MOST_ROWS_TOLD = 1000
"""Of one settlement; who sees a thousand wrong rows needs no more of them."""


class _Field(NamedTuple):
    """A field of FiledSettlement, and what an accountant calls it."""

    name: str
    words: str
    grade: Grade
    is_amount: bool = False


_FIELDS = (
    _Field("settled_amount", "amount paid out", Grade.SUMS, True),
    _Field("count", "number of transactions", Grade.SUMS),
    _Field("captures", "captures", Grade.SUMS, True),
    _Field("refunds", "refunds", Grade.SUMS, True),
    _Field("gross", "gross", Grade.SUMS, True),
    _Field("fees", "fees", Grade.SUMS, True),
    _Field("net", "net", Grade.SUMS, True),
    _Field("settlement_date", "settlement date", Grade.FACTS),
    _Field("type", "settlement type", Grade.FACTS),
    _Field("currency", "currency", Grade.FACTS),
    _Field("bank_account", "bank account", Grade.FACTS),
    _Field("organization_number", "organization number", Grade.FACTS),
    _Field("sales_unit_name", "sales unit's name", Grade.TEXTS),
    _Field("organization_name", "organization's name", Grade.TEXTS),
    _Field("address", "address", Grade.TEXTS),
    _Field("zip_code", "zip code", Grade.TEXTS),
    _Field("city", "city", Grade.TEXTS),
    _Field("country_code", "country code", Grade.TEXTS),
)
"""All but the period, which is what somebody once asked for."""


def compare(old: Iterable[Filed], new: Iterable[Filed], keys: Collection[FiledKey]) -> list[SettlementDifferences]:
    """Compare two files about the settlements `keys`, in that order; both must be of one format.

    A field of which either file says nothing is not compared. Rows are matched by TransactionID, those that then are
    left over by order id.
    """
    of_old, of_new = _Side(old, keys), _Side(new, keys)
    rows = _Rows()
    for one, other in paired(of_old.rows(), of_new.rows(), _identity):
        rows.take(one, other)
    found = rows.differences()
    return [
        SettlementDifferences(
            key,
            rows.compared[key],
            (*_stated(of_old.stated.get(key), of_new.stated.get(key)), *_by_grade(found[key])),
            rows.untold[key],
        )
        for key in keys
    ]


class _Side:
    """One of the two files: its rows as a stream, what it states of settlements once that stream has ended."""

    def __init__(self, filed: Iterable[Filed], keys: Collection[FiledKey]) -> None:
        self._filed = filed
        self._keys = set(keys)
        self.stated: dict[FiledKey, FiledSettlement] = {}

    def rows(self) -> Iterator[FiledRow]:
        for each in self._filed:
            if isinstance(each, FiledRow):
                if each.key in self._keys:
                    yield each
            elif isinstance(each, FiledSettlement):
                self.stated[each.key] = each


class _Rows:
    """The rows of both files, as they find one another."""

    def __init__(self) -> None:
        self.compared: dict[FiledKey, int] = defaultdict(int)
        self.untold: dict[FiledKey, int] = defaultdict(int)
        self._found: dict[FiledKey, list[Difference]] = defaultdict(list)
        self._told: dict[FiledKey, int] = defaultdict(int)
        self._gone: list[FiledRow] = []
        self._added: dict[tuple[FiledKey, str], list[FiledRow]] = defaultdict(list)

    def take(self, old: FiledRow | None, new: FiledRow | None) -> None:
        """Take two rows with one TransactionID, or one that is alone with its own."""
        if old and new:
            self._compare(old, new)
        elif old:
            self._gone.append(old)
        elif new:
            self._added[new.key, new.order_id].append(new)

    def differences(self) -> dict[FiledKey, list[Difference]]:
        """Match what is left by order id, and return all that was found."""
        for old in self._gone:
            twins = self._added[old.key, old.order_id] if old.order_id else []
            if twins:
                twin = min(twins, key=lambda new: (new.gross != old.gross, new.fee != old.fee))
                twins.remove(twin)
                self._compare(old, twin)
            else:
                self._alone(old, None)
        for new in chain.from_iterable(self._added.values()):
            self._alone(None, new)
        return self._found

    def _compare(self, old: FiledRow, new: FiledRow) -> None:
        self.compared[old.key] += 1
        if old._replace(line=new.line) != new:
            self._tell(old.key, list(_of_row(old, new)))

    def _alone(self, old: FiledRow | None, new: FiledRow | None) -> None:
        row = old or new
        if row is None:
            return
        self.compared[row.key] += 1
        words = "transaction only in the old file" if old else "transaction only in the new file"
        name = RowName(row.number, row.order_id, row.line if old else None)
        amounts = (old.net if old else None, new.net if new else None)
        self._tell(row.key, [Difference(Grade.ROWS, words, *amounts, is_amount=True, row=name)])

    def _tell(self, key: FiledKey, found: list[Difference]) -> None:
        grave = any(each.grade is not Grade.TEXTS for each in found)
        if self._told[key] < MOST_ROWS_TOLD:
            self._found[key].extend(found)
            self._told[key] += 1
        elif grave:
            self.untold[key] += 1


def _identity(row: FiledRow) -> tuple[FiledKey, str]:
    return row.key, row.number


def _stated(old: FiledSettlement | None, new: FiledSettlement | None) -> Iterator[Difference]:
    for field in _FIELDS if old and new else ():
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was is not None and now is not None and was != now:
            yield Difference(field.grade, field.words, was, now, field.is_amount)


def _of_row(old: FiledRow, new: FiledRow) -> Iterator[Difference]:
    """Yield what differs, each cause once: gross and net only where nothing that they follow from tells it."""
    name = RowName(old.number, old.order_id, old.line)

    def differs(field: str, was: Value, now: Value, grade: Grade = Grade.ROWS) -> Iterator[Difference]:
        if was != now:
            yield Difference(grade, field, was, now, isinstance(was, int), name)

    yield from differs("TransactionID", old.number, new.number)
    # Where an old file has no OrderID, nobody has booked by it.
    yield from differs("OrderID", old.order_id, new.order_id, Grade.ROWS if old.order_id else Grade.TEXTS)
    yield from differs("time" if isinstance(old.when, datetime) else "date", old.when, new.when)
    yield from differs("capture", old.capture, new.capture)
    yield from differs("refund", old.refund, new.refund)
    if (old.capture, old.refund) == (new.capture, new.refund):
        yield from differs("gross", old.gross, new.gross)
    yield from differs("fee", old.fee, new.fee)
    if (old.gross, old.fee) == (new.gross, new.fee):
        yield from differs("net", old.net, new.net)


def _by_grade(found: Iterable[Difference]) -> list[Difference]:
    return sorted(found, key=lambda each: list(Grade).index(each.grade))
