"""One file over a period with every settlement of a sales unit in it: what the provider's portal gave for a month."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import BinaryIO

from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.format_choice import FormatChoice
from settlement_bridge.bridge.handover import report_over
from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.errors import NotFound, RenderingRefused
from settlement_bridge.model import PayoutRecord, PayoutState, Settlement
from settlement_bridge.publish import file_name
from settlement_bridge.settlement.rows import msn_of
from settlement_bridge.store import Store, StoredSettlement


@dataclass(frozen=True)
class PeriodReport:
    """A report that is ready to be written."""

    file_name: str
    settlements: tuple[Settlement, ...]
    """In the order of their dates."""
    left_out: tuple[PayoutRecord, ...]
    """Payouts that belong into the period but cannot be reported: withheld for ever, or waiting for their fees."""
    write: Callable[[BinaryIO], None]


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def period_report(
    store: Store, settings: BridgeSettings, msn: str, period: Period, choice: FormatChoice, now: datetime
) -> PeriodReport:
    """Prepare the report of a sales unit over a period, by SettlementDate; nothing is published.

    Raises NotFound where the period has no settlement of it, RenderingRefused where one file cannot hold them,
    DeliveryRefused where the sales unit's number is not safe in a file name.
    """
    dated = store.settlements.of_sales_unit(msn, first=period.first, last=period.last)
    withheld = [record for record in _records(store, dated) if record.state is PayoutState.WITHHELD]
    numbers = {(record.payout.ledger_id, record.payout.number) for record in withheld}
    found = [one for one in dated if (one.settlement.ledger_id, one.settlement.payout) not in numbers]
    if not found:
        raise NotFound(_nothing_found(store, msn, period))
    _refuse_what_one_file_cannot_hold([one.settlement for one in found], msn, period)
    deliverer, form = Deliverer(store, settings), choice.form()
    shown = [deliverer.as_published(one, now) for one in found]
    report = report_over(store, shown, settings, period.first, period.last)
    return PeriodReport(
        file_name=file_name(msn, f"{period.first}-{period.last}", form.extension),
        settlements=tuple(one.settlement for one in shown),
        left_out=(*withheld, *_waiting(store, msn, period)),
        write=partial(form.write, report),
    )


def _refuse_what_one_file_cannot_hold(settlements: Sequence[Settlement], msn: str, period: Period) -> None:
    currencies = sorted({one.currency for one in settlements})
    if len(currencies) > 1:
        raise RenderingRefused(
            f"sales unit {msn} was paid in {' and '.join(currencies)} from {period}: one file has one"
        )
    numbered: dict[int, Settlement] = {}
    for one in settlements:
        other = numbered.setdefault(one.payout, one)
        if other is not one:
            raise RenderingRefused(
                f"sales unit {msn} has two settlements {one.payout}, of {other.settlement_date} on ledger "
                f"{other.ledger_id} and of {one.settlement_date} on ledger {one.ledger_id}: a file tells settlements "
                "by their numbers; report them over periods of their own"
            )


def _records(store: Store, found: Sequence[StoredSettlement]) -> Iterator[PayoutRecord]:
    for one in found:
        yield store.settlements.payout(one.settlement.ledger_id, one.settlement.payout)


def _waiting(store: Store, msn: str, period: Period) -> Iterator[PayoutRecord]:
    """Yield the payouts of the period that wait, of every ledger that settles for the sales unit."""
    ledgers = {one.ledger.ledger_id for one in store.ledgers.all() if msn in map(msn_of, one.ledger.handles)}
    for record in store.settlements.payouts(PayoutState.WAITING):
        if record.payout.ledger_id in ledgers and record.payout.ledger_date in period:
            yield record


def _nothing_found(store: Store, msn: str, period: Period) -> str:
    every = store.settlements.of_sales_unit(msn)
    if not every:
        return f"this store has no settlement of sales unit {msn}; settlement-bridge ledgers lists the sales units"
    first, last = every[0].settlement, every[-1].settlement
    return (
        f"sales unit {msn} has no settlement from {period}; its first here is {first.payout} of "
        f"{first.settlement_date}, its last {last.payout} of {last.settlement_date}"
    )
