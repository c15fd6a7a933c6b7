"""What is in one settlement file, and whether it adds up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from settlement_bridge.model import Filed, FiledKey, FiledRow, FiledSettlement, FiledTotals
from settlement_bridge.money import decimal_text

MOST_SLIPS = 100
"""Rows named one by one; behind them only their number counts."""


@dataclass(frozen=True)
class RowSums:
    """The sums over a settlement's rows, in minor units; captures and refunds by sign where a file has them in one."""

    count: int = 0
    captures: int = 0
    refunds: int = 0
    fees: int = 0
    net: int = 0
    first: date | None = None
    last: date | None = None

    @property
    def gross(self) -> int:
        """Captures + refunds."""
        return self.captures + self.refunds


@dataclass(frozen=True)
class Slip:
    """A place where a file contradicts itself, as a sentence."""

    key: FiledKey | None
    line: int | None
    sentence: str


@dataclass(frozen=True)
class SettlementContents:
    """One settlement: what the file states of it, and what its rows come to."""

    key: FiledKey
    stated: FiledSettlement | None
    rows: RowSums


@dataclass(frozen=True)
class FileContents:
    """A whole file."""

    settlements: tuple[SettlementContents, ...]
    slips: tuple[Slip, ...]
    slips_untold: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether nothing in the file contradicts anything else in it."""
        return not self.slips


def contents(filed: Iterable[Filed]) -> FileContents:
    """Read a file to its end and add it up; only sums are kept."""
    taken = _Taken()
    for each in filed:
        taken.take(each)
    keys = dict.fromkeys((*taken.stated, *taken.sums))
    settlements = [SettlementContents(key, taken.stated.get(key), taken.sums_of(key)) for key in keys]
    slips = [
        *(slip for one in settlements for slip in _settlement_slips(one)),
        *_total_slips(settlements, taken.totals),
    ]
    return FileContents(tuple(settlements), (*slips, *taken.slips), taken.slips_untold)


class _Taken:
    """What was read so far."""

    def __init__(self) -> None:
        self.stated: dict[FiledKey, FiledSettlement] = {}
        self.sums: dict[FiledKey, list[int]] = {}
        self.totals = FiledTotals()
        self.slips: list[Slip] = []
        self.slips_untold = 0
        self._days: dict[FiledKey, tuple[date, date]] = {}

    def take(self, filed: Filed) -> None:
        if isinstance(filed, FiledRow):
            self._add(filed)
        elif isinstance(filed, FiledSettlement):
            self.stated[filed.key] = filed
        else:
            self.totals = filed

    def sums_of(self, key: FiledKey) -> RowSums:
        first, last = self._days.get(key, (None, None))
        count, captures, refunds, fees, net = self.sums.get(key, [0] * 5)
        return RowSums(count, captures, refunds, fees, net, first, last)

    def _add(self, row: FiledRow) -> None:
        capture = max(row.gross, 0) if row.capture is None else row.capture
        refund = min(row.gross, 0) if row.refund is None else row.refund
        sums = self.sums.setdefault(row.key, [0] * 5)
        for place, each in enumerate((1, capture, refund, row.fee, row.net)):
            sums[place] += each
        day = row.when.date() if isinstance(row.when, datetime) else row.when
        first, last = self._days.get(row.key, (day, day))
        self._days[row.key] = min(first, day), max(last, day)
        if capture + refund != row.gross:
            made = decimal_text(capture + refund)
            self._slip(row, f"capture and refund make {made}, but gross is {decimal_text(row.gross)}")
        if row.gross - row.fee != row.net:
            right = decimal_text(row.gross - row.fee)
            self._slip(row, f"gross less fee is {right}, but net is {decimal_text(row.net)}")

    def _slip(self, row: FiledRow, sentence: str) -> None:
        if len(self.slips) == MOST_SLIPS:
            self.slips_untold += 1
        else:
            self.slips.append(Slip(row.key, row.line, f"transaction {row.number}: {sentence}"))


def _settlement_slips(one: SettlementContents) -> Iterator[Slip]:
    stated, rows = one.stated, one.rows
    if stated is None:
        yield Slip(one.key, None, "it has rows, but the file does not state it as a settlement")
        return
    if stated.count is not None and stated.count != rows.count:
        yield Slip(one.key, None, f"it states {stated.count} as the number of transactions, but has {rows.count}")
    for name in ("captures", "refunds", "gross", "fees", "net"):
        said, summed = getattr(stated, name), getattr(rows, name)
        if said is not None and said != summed:
            sentence = f"it states {name} of {decimal_text(said)}, but its rows make {decimal_text(summed)}"
            yield Slip(one.key, None, sentence)
    first, last, day = stated.date_from, stated.date_to, stated.settlement_date
    if first and last and day and not first <= day <= last:
        yield Slip(one.key, None, f"its date {day} lies outside of the report's period, {first} to {last}")


def _total_slips(settlements: list[SettlementContents], totals: FiledTotals) -> Iterator[Slip]:
    if totals.settlements is not None and totals.settlements != len(settlements):
        sentence = f"the file states {totals.settlements} as the number of settlements, but has {len(settlements)}"
        yield Slip(None, None, sentence)
    for name in ("gross", "refunds", "fees", "net"):
        said, summed = getattr(totals, name), sum(getattr(one.rows, name) for one in settlements)
        if said is not None and said != summed:
            sentence = (
                f"the file states {name} of {decimal_text(said)} in all, but its rows make {decimal_text(summed)}"
            )
            yield Slip(None, None, sentence)
