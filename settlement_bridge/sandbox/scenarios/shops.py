"""Shops on the web and in the street."""

from collections.abc import Callable, Iterator
from random import Random

from settlement_bridge.model import SalesUnit
from settlement_bridge.sandbox.sales import FINLAND, Movement, SalesDay
from settlement_bridge.sandbox.scenarios.till import Frame, Place, Till, in_order, open_account, world_of
from settlement_bridge.sandbox.stored import StoredWorld

Tell = Callable[[Frame], StoredWorld]
"""Tells the story of one ledger."""


def webshop(frame: Frame) -> StoredWorld:
    """Daily payouts, fees retained daily, one sale in twelve refunded some days later."""
    return _webshop(frame, "302321", Place("Fjellvak Friluft AS", "Storgata 14", "2615", "LILLEHAMMER"), 100716)


def second_webshop(frame: Frame) -> StoredWorld:
    """Another webshop, so that a world has two of the commonest kind."""
    return _webshop(frame, "302355", Place("Kaffe & Kakao Ørnes AS", "Havnegata 3", "8150", "ØRNES"), 100802)


def finnish_cafe(frame: Frame) -> StoredWorld:
    """A café paid out in euro, whose owner is in Finland's register of organizations."""
    rng = Random(f"cafe {frame.seed}")  # noqa: S311
    place = Place("Kahvila Hyljetie Oy", "Hyljetie 18", "02260", "ESPOO", FINLAND)
    account = open_account("302450", place, SalesUnit("FI:450001", "Kahvila Hyljetie", None))
    till = Till(rng, account, prefix="kahvi-")

    def days() -> Iterator[SalesDay]:
        for day in frame.dates():
            sales = [till.sale(day, rng.randrange(290, 2490, 10)) for _ in range(rng.randint(0, 9))]
            yield SalesDay(day, in_order(sum(sales, ())))

    return world_of(frame, account, [place], days())


def _webshop(frame: Frame, ledger_id: str, place: Place, msn: int) -> StoredWorld:
    rng = Random(f"webshop {ledger_id} {frame.seed}")  # noqa: S311
    account = open_account(ledger_id, place, SalesUnit(f"api:{msn}", place.name.removesuffix(" AS"), None))
    till = Till(rng, account)

    def days() -> Iterator[SalesDay]:
        refundable: list[Movement] = []
        for day in frame.dates():
            sales = [till.sale(day, rng.randrange(4900, 249900, 100)) for _ in range(rng.randint(3, 14))]
            refunds = [till.refund(day, capture) for capture in refundable]
            refundable = [capture for capture, _ in sales if rng.random() < 1 / 12]
            yield SalesDay(day, in_order([*sum(sales, ()), *refunds]))

    return world_of(frame, account, [place], days())


def chain_of_shops(frame: Frame) -> StoredWorld:
    """Three sales units of two organizations on one ledger; paid out on weekdays; one entry in fifty has no handle."""
    rng = Random(f"chain {frame.seed}")  # noqa: S311
    place = Place("Nordbakst Kjeden AS", "Torggata 8", "0181", "OSLO")
    franchise = Place("Bakst på Brygga AS", "Bryggen 21", "5003", "BERGEN")
    account = open_account(
        "302400",
        place,
        SalesUnit("api:210001", "Nordbakst Torggata", None),
        SalesUnit("api:210002", "Nordbakst Grünerløkka", None),
        SalesUnit("api:210003", "Bakst på Brygga", franchise.number),
    )
    tills = [Till(rng, account, unit, prefix=f"shop{unit + 1}-") for unit in range(3)]

    def days() -> Iterator[SalesDay]:
        sold: list[tuple[Till, Movement]] = []
        for day in frame.dates():
            sales = [
                till.sale(day, rng.randrange(2900, 39900, 100)) for till in tills for _ in range(rng.randint(0, 5))
            ]
            refunds = [till.refund(day, capture, capture.amount // 2) for till, capture in sold]
            sold = [(rng.choice(tills), capture) for capture, _ in sales if rng.random() < 1 / 15]
            yield SalesDay(day, in_order([*sum(sales, ()), *refunds]), pay_out=day.weekday() < 5)

    return world_of(frame, account, [place, franchise], days())
