"""Terms of settlement that differ from the usual, and the exceptions of everyday life."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random

from settlement_bridge.model import Book, SalesUnit
from settlement_bridge.sandbox.names import ulid
from settlement_bridge.sandbox.sales import Account, Movement, SalesDay
from settlement_bridge.sandbox.scenarios.till import Frame, Place, Till, in_order, open_account, world_of
from settlement_bridge.sandbox.stored import StoredWorld


def gross(frame: Frame) -> StoredWorld:
    """Paid out daily without deduction; the fees of a month are invoiced on its last day."""
    rng = Random(f"gross {frame.seed}")  # noqa: S311
    place = Place("Stortinget Kiosk og Kantine AS", "Karl Johans gate 22", "0026", "OSLO")
    account = open_account("302410", place, SalesUnit("api:410001", "Kantinen", None), gross=True)
    till = Till(rng, account, prefix="lunch-")

    def days() -> Iterator[SalesDay]:
        for day in frame.dates():
            sales = [till.sale(day, rng.randrange(4500, 19500, 100)) for _ in range(rng.randint(0, 6))]
            yield SalesDay(day, in_order(sum(sales, ())), retain=False, invoice=_last_of_month(day))

    return world_of(frame, account, [place], days())


def rolling_reserve(frame: Frame) -> StoredWorld:
    """A tenth of each of the last 30 days' sales stays on the ledger when it is paid out."""
    rng = Random(f"reserve {frame.seed}")  # noqa: S311
    place = Place("Reisebyrået Langt Vekk AS", "Flyplassveien 1", "2060", "GARDERMOEN")
    account = open_account("302420", place, SalesUnit("api:420001", "Langt Vekk", None))
    till = Till(rng, account, prefix="trip-")

    def days() -> Iterator[SalesDay]:
        kept: list[int] = []
        for day in frame.dates():
            sales = [till.sale(day, rng.randrange(99000, 999000, 1000)) for _ in range(rng.randint(1, 5))]
            kept = [*kept[-29:], sum(capture.amount for capture, _ in sales) // 10]
            yield SalesDay(day, in_order(sum(sales, ())), reserve=sum(kept))

    return world_of(frame, account, [place], days())


def late_fees(frame: Frame) -> StoredWorld:
    """Everything that makes a settlement hard, over and over, in a cycle of ten days; paid out twice a week."""
    rng = Random(f"late {frame.seed}")  # noqa: S311
    place = Place("Unntak & Sønner AS", "Krokveien 99", "7010", "TRONDHEIM")
    account = open_account("302430", place, SalesUnit("api:430001", "Unntak & Sønner", None))
    till = Till(rng, account, prefix="ex-")

    def days() -> Iterator[SalesDay]:
        earlier: list[Movement] = []
        for number, day in enumerate(frame.dates()):
            captures = [till.capture(day, rng.randrange(10000, 90000, 100)) for _ in range(rng.randint(2, 6))]
            movements = [*captures, *(till.fee(capture) for capture in captures[1:])]
            movements.append(till.fee(captures[-1], 0, fixed=100))
            if earlier:
                movements += _exceptions(account, day, number % 10, earlier[0])
                movements += [_at(account, day, 7, till.fee(capture, 150)) for capture in earlier[:2]]
            earlier = captures
            yield SalesDay(day, in_order(movements), pay_out=day.weekday() in (1, 4), abort=number % 20 == 19)

    return world_of(frame, account, [place], days())


def _exceptions(account: Account, day: date, step: int, capture: Movement) -> list[Movement]:
    """Return the day's exception; a dispute keeps the references of its capture."""
    own = replace(capture, psp_reference=ulid(f"{account.ledger_id} {day} {step}", account.moment(day, 0)))
    fees = replace(own, book=Book.FEES)
    made = {
        1: replace(capture, entry_type="retained-disputed-capture", amount=-capture.amount),
        2: replace(own, entry_type="correction", amount=-250, reference="", handle=None),
        3: replace(capture, book=Book.FEES, entry_type="correction", amount=150),
        4: replace(fees, entry_type="credit-note", amount=5000, reference=""),
        5: replace(own, entry_type="credit-note", amount=1200, reference=None, handle=None),
        6: replace(own, entry_type="goodwill-2027", amount=40, reference=None, handle=None),
        7: replace(capture, entry_type="retained-disputed-capture", amount=-capture.amount),
    }
    movements = [_at(account, day, 8, made[step])] if step in made else []
    if step == 7:
        back = replace(capture, entry_type="returned-disputed-capture")
        movements.append(_at(account, day, 20, back))
    return movements


def _at(account: Account, day: date, hour: int, movement: Movement) -> Movement:
    return replace(movement, time=account.moment(day, hour * 3600))


def _last_of_month(day: date) -> bool:
    return day.month != date.fromordinal(day.toordinal() + 1).month
