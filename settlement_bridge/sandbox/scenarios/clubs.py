"""A sports club and a concert: balances that turn negative."""

from collections.abc import Iterator
from datetime import date
from random import Random

from settlement_bridge.model import Book, SalesUnit
from settlement_bridge.sandbox.names import ulid
from settlement_bridge.sandbox.sales import Account, Movement, SalesDay
from settlement_bridge.sandbox.scenarios.till import Frame, Place, Till, in_order, open_account, world_of
from settlement_bridge.sandbox.stored import StoredWorld

_BUYERS = ("Kari N.", "Ola H.", "Åse B.", "Mikkel S.", "Inga-Lill Ø.")
_MESSAGES = ("Pølse og kaffe", "Lodd ⚽", "Kontingent 2026", "", "Dugnad – takk!")


def sports_club(frame: Frame) -> StoredWorld:
    """A VM number without references, fees retained daily, paid out on Sundays; one week ends below zero."""
    rng = Random(f"club {frame.seed}")  # noqa: S311
    place = Place("Blåsvart Sportsklubb", "Kastellveien 2", "1176", "OSLO")
    account = open_account("302322", place, SalesUnit("NO:57860", place.name, None))
    till = Till(rng, account, prefix="")
    bad_sunday = _sunday_in_the_middle(frame)

    def days() -> Iterator[SalesDay]:
        week: list[Movement] = []
        for day in frame.dates():
            count = rng.randint(4, 9) if day.weekday() >= 5 else rng.randint(0, 2)
            sales = [till.sale(day, rng.randrange(2000, 50000, 500), _personal(rng)) for _ in range(count)]
            week += [capture for capture, _ in sales]
            refunds = [till.refund(day, capture) for capture in week] if day == bad_sunday else []
            yield SalesDay(day, in_order([*sum(sales, ()), *refunds]), pay_out=day.weekday() == 6)
            if day.weekday() == 6:
                week = []

    return world_of(frame, account, [place], days())


def concert(frame: Frame) -> StoredWorld:
    """Tickets sold and paid out, then all refunded at once; months below zero until the organizer tops up.

    Its ledger dates end at four in the morning.
    """
    rng = Random(f"concert {frame.seed}")  # noqa: S311
    place = Place("Midnattsol Konserter AS", "Sjøgata 12", "9008", "TROMSØ")
    account = open_account("302377", place, SalesUnit("api:330010", "Midnattsol Billett", None), cutoff=4)
    till = Till(rng, account, prefix="ticket-")
    dates = list(frame.dates())
    third = max(len(dates) // 3, 1)

    def days() -> Iterator[SalesDay]:
        tickets: list[Movement] = []
        owed = 0
        for number, day in enumerate(dates):
            movements: list[Movement] = []
            if number < third:
                sales = [till.sale(day, 49500) for _ in range(rng.randint(1, 8))]
                tickets += [capture for capture, _ in sales]
                movements = [*sum(sales, ())]
            elif number == third:
                movements = [till.refund(day, capture) for capture in tickets]
                owed = -sum(movement.amount for movement in movements)
            elif number == 2 * third:
                movements = [_top_up(account, day, owed)]
            elif number > 2 * third:
                movements = [*till.sale(day, 29500)]
            yield SalesDay(day, in_order(movements))

    return world_of(frame, account, [place], days())


def _sunday_in_the_middle(frame: Frame) -> date | None:
    sundays = [day for day in frame.dates() if day.weekday() == 6]
    return sundays[len(sundays) // 2] if sundays else None


def _personal(rng: Random) -> dict[str, str]:
    phone = f"xxxx {rng.randrange(10**4):04}"
    return {"message": rng.choice(_MESSAGES), "name": rng.choice(_BUYERS), "maskedPhoneNo": phone}


def _top_up(account: Account, day: date, amount: int) -> Movement:
    time = account.moment(day, 9 * 3600)
    return Movement(time, Book.FUNDS, "top-up", amount, ulid("top-up", time), "Innbetaling", None)
