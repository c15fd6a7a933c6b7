"""One payout with any number of transactions, formatted page by page and held nowhere.

Amounts and fees repeat after a period, so that the balance before any row is known from two small tables.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, count, cycle, islice
from random import Random
from typing import NamedTuple

from settlement_bridge.model import Book, SalesUnit
from settlement_bridge.sandbox.books import UTC_TIME
from settlement_bridge.sandbox.names import ulid
from settlement_bridge.sandbox.sales import OSLO, Account
from settlement_bridge.sandbox.scenarios.till import Frame, Place, open_account, world_of
from settlement_bridge.sandbox.stored import StoredWorld, json_row
from settlement_bridge.sandbox.transactions import LOCAL_TIME
from settlement_bridge.sandbox.world import FIRST_PAYOUT

_PERIOD = 4096
_HOUR = 3_600_000_000
_SCATTER = 2_654_435_761
"""Odd, so that multiplying by it modulo 2³² gives every sale another reference, in no order."""
_HANDLE = "api:500001"
_CLOCK = tuple(f"{second // 60:02}:{second % 60:02}" for second in range(3600))


Format = Callable[[int, int], Iterator[str]]
"""Yields the rows at positions start to stop as JSON."""


class _Hour(NamedTuple):
    utc: str
    local: str
    offset: str
    ledger_date: str


class _Sums:
    """Amounts that repeat, and the sum of the first so many of them."""

    def __init__(self, amounts: Sequence[int]) -> None:
        self._amounts = amounts
        self._sums = tuple(accumulate(amounts, initial=0))

    def amounts(self, start: int, stop: int) -> Iterator[int]:
        """Yield the amounts at positions start to stop."""
        first = start % _PERIOD
        return islice(cycle(self._amounts), first, first + stop - start)

    def before(self, position: int) -> int:
        periods, rest = divmod(position, _PERIOD)
        return periods * self._sums[-1] + self._sums[rest]


class Sales:
    """The sales of the big merchant: evenly over the days, each with one fee."""

    def __init__(self, frame: Frame, account: Account, count: int) -> None:
        rng = Random(f"big {frame.seed}")  # noqa: S311
        amounts = [rng.randrange(1900, 199900, 100) for _ in range(_PERIOD)]
        self.amounts = _Sums(amounts)
        self.fees = _Sums([-((amount * 175 + 5000) // 10000) for amount in amounts])
        self.count = count
        self.account = account
        self.first_day = next(frame.dates())
        self.last_day = frame.until
        self.opening = account.moment(self.first_day, 0)
        self.closing = account.closing(frame.until)
        hours = (self.closing - self.opening) // timedelta(hours=1)
        self._hours = tuple(self._hour(self.opening + timedelta(hours=hour)) for hour in range(hours))
        self._step = hours * _HOUR // count

    @staticmethod
    def _hour(start: datetime) -> _Hour:
        local = start.astimezone(OSLO)
        return _Hour(f"{start:%Y-%m-%dT%H:}", f"{local:%Y-%m-%dT%H:}", f"{local:%z}", f"{local:%Y-%m-%d}")

    def moments(self, start: int, stop: int) -> Iterator[tuple[_Hour, str, int]]:
        """Yield of each sale its hour, its minute and second, and its microsecond."""
        hours, step = self._hours, self._step
        for micros in range(start * step, stop * step, step):
            hour, rest = divmod(micros, _HOUR)
            seconds, rest = divmod(rest, 1_000_000)
            yield hours[hour], _CLOCK[seconds], rest

    def references(self, start: int, stop: int) -> Iterator[int]:
        """Yield each sale's pspReference."""
        for scattered in range(start * _SCATTER, stop * _SCATTER, _SCATTER):
            yield 3_000_000_000 + scattered % 4_294_967_296

    def times(self) -> Iterator[datetime]:
        """Yield each sale's time."""
        for position in range(self.count):
            yield self.opening + timedelta(microseconds=position * self._step)

    def first_at(self, day: date) -> int:
        """Return the position of the first sale of a ledger date or later."""
        micros = (self.account.moment(day, 0) - self.opening) // timedelta(microseconds=1)
        return min(max(-(-micros // self._step), 0), self.count)


class GeneratedRows:
    """Rows formatted when asked for: one for every sale, and then a few closing ones."""

    def __init__(self, sales: Sales, rows: Format, closing_rows: Sequence[bytes]) -> None:
        self._sales = sales
        self._rows = rows
        self._closing_rows = closing_rows

    def __len__(self) -> int:
        return self._sales.count + len(self._closing_rows)

    def json(self, start: int, stop: int, personal: bool = False) -> list[bytes]:  # noqa: ARG002
        """Return the rows at positions start to stop; there are no personal data."""
        sold = self._sales.count
        rows = [row.encode("ascii") for row in self._rows(min(start, sold), min(stop, sold))]
        return [*rows, *self._closing_rows[max(start - sold, 0) : max(stop - sold, 0)]]

    def span(self, first: date, last: date) -> tuple[int, int]:
        """Return start and stop of the rows with these ledger dates."""
        start = self._sales.first_at(first) if first <= self._sales.last_day else len(self)
        stop = self._sales.first_at(last + timedelta(days=1)) if last < self._sales.last_day else len(self)
        return start, stop

    def times(self) -> Iterator[datetime]:
        """Yield the time of every row."""
        yield from self._sales.times()
        yield from [self._sales.closing] * len(self._closing_rows)


class GeneratedTransactions(GeneratedRows):
    """The sales as v1 transactions of one payout."""

    payouts = range(FIRST_PAYOUT, FIRST_PAYOUT + 1)

    def payout(self, number: int) -> tuple[int, int]:
        """Return start and stop of a payout's rows."""
        return (0, len(self)) if number in self.payouts else (0, 0)


class BigLedger:
    """The big merchant's ledger."""

    def __init__(self, sales: Sales) -> None:
        self.description = sales.account.description()
        self._books = {
            Book.FUNDS: GeneratedRows(sales, _entries(sales, sales.amounts, "capture"), _closing_funds(sales)),
            Book.FEES: GeneratedRows(sales, _entries(sales, sales.fees, "capture-fee"), _closing_fees(sales)),
        }
        self.transactions = GeneratedTransactions(sales, _transactions(sales), _closing_transactions(sales))

    def book(self, book: Book) -> GeneratedRows:
        """Return one of the two books."""
        return self._books[book]


def big_merchant(frame: Frame, transactions: int) -> StoredWorld:
    """Return a world of one ledger with so many captures in its one payout, fees retained when it closes."""
    place = Place("Stor Handel ASA", "Handelsveien 1000", "0484", "OSLO")
    account = open_account("302500", place, SalesUnit(_HANDLE, "Stor Handel", None))
    ledger = BigLedger(Sales(frame, account, transactions))
    return StoredWorld((ledger,), world_of(frame, account, [place], []).organizations, frame.until)


def _entries(sales: Sales, sums: _Sums, entry_type: str) -> Format:
    def rows(start: int, stop: int) -> Iterator[str]:
        before = sums.before(start)
        values = zip(
            sales.moments(start, stop),
            sales.references(start, stop),
            sums.amounts(start, stop),
            count(start + 1),
            strict=False,
        )
        for (hour, clock, micros), reference, amount, number in values:
            after = before + amount
            yield (
                f'{{"pspReference":"{reference}","time":"{hour.utc}{clock}.{micros:06}Z",'
                f'"ledgerDate":"{hour.ledger_date}","entryType":"{entry_type}","reference":"order-{number}",'
                f'"currency":"NOK","amount":{amount},"balanceBefore":{before},"balanceAfter":{after},'
                f'"recipientHandle":"{_HANDLE}"}}'
            )
            before = after

    return rows


def _transactions(sales: Sales) -> Format:
    def rows(start: int, stop: int) -> Iterator[str]:
        amounts, fees = sales.amounts.amounts(start, stop), sales.fees.amounts(start, stop)
        values = zip(
            sales.moments(start, stop), sales.references(start, stop), amounts, fees, count(start + 1), strict=False
        )
        for (hour, clock, micros), reference, amount, fee, number in values:
            yield (
                f'{{"transactionId":"{reference}","timestamp":"{hour.local}{clock}.{micros:06}{hour.offset}",'
                f'"ledgerDate":"{hour.ledger_date}","ledgerId":"{sales.account.ledger_id}",'
                f'"transactionType":"capture","orderId":"order-{number}","currency":"NOK",'
                f'"ledgerAmount":{amount + fee},"grossAmount":{amount},"fee":{-fee},"recipientHandle":"{_HANDLE}"}}'
            )

    return rows


def _closing_funds(sales: Sales) -> tuple[bytes, ...]:
    captured, fees = sales.amounts.before(sales.count), sales.fees.before(sales.count)
    number = f"{sales.account.ledger_id}-{FIRST_PAYOUT}"
    retained = _closing_entry(sales, "fees-retained", ulid(number, sales.closing), fees, captured)
    return retained, _closing_entry(sales, "payout-scheduled", number, -fees - captured, captured + fees)


def _closing_fees(sales: Sales) -> tuple[bytes, ...]:
    fees = sales.fees.before(sales.count)
    return (_closing_entry(sales, "fees-retained", f"{sales.account.ledger_id}-{FIRST_PAYOUT}", -fees, fees),)


def _closing_entry(sales: Sales, entry_type: str, reference: str, amount: int, before: int) -> bytes:
    return json_row(
        {
            "pspReference": reference,
            "time": sales.closing.astimezone(UTC).strftime(UTC_TIME),
            "ledgerDate": sales.last_day.isoformat(),
            "entryType": entry_type,
            "reference": f"Vipps utbet. {FIRST_PAYOUT}" if entry_type == "payout-scheduled" else "",
            "currency": "NOK",
            "amount": amount,
            "balanceBefore": before,
            "balanceAfter": before + amount,
            "recipientHandle": None,
        }
    )


def _closing_transactions(sales: Sales) -> tuple[bytes, ...]:
    amount = -sales.fees.before(sales.count) - sales.amounts.before(sales.count)
    return (
        json_row(
            {
                "transactionId": f"1000{int(sales.account.ledger_id):09}{FIRST_PAYOUT:09}",
                "timestamp": sales.closing.astimezone(OSLO).strftime(LOCAL_TIME),
                "ledgerDate": sales.last_day.isoformat(),
                "ledgerId": sales.account.ledger_id,
                "transactionType": "payout",
                "orderId": str(FIRST_PAYOUT),
                "currency": "NOK",
                "ledgerAmount": amount,
                "grossAmount": amount,
                "fee": 0,
                "recipientHandle": None,
            }
        ),
    )
