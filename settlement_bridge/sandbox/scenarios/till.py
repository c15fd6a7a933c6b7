"""Rings up sales: the movements every scenario is made of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from settlement_bridge.model import Book, SalesUnit
from settlement_bridge.sandbox.books import keep_books
from settlement_bridge.sandbox.names import bank_account, business_id, organization_number, ulid
from settlement_bridge.sandbox.sales import FINLAND, NORWAY, Account, Country, Movement, SalesDay
from settlement_bridge.sandbox.stored import StoredWorld

MOST_SECONDS = 23 * 3600 - 1
"""Sales end an hour before the ledger date does, which lasts 23 hours on one night of the year."""


class Frame(NamedTuple):
    """What a scenario is made from."""

    seed: int
    until: date
    days: int

    def dates(self) -> Iterator[date]:
        """Yield every ledger date."""
        for days_left in range(self.days - 1, -1, -1):
            yield self.until - timedelta(days=days_left)


@dataclass(frozen=True)
class Place:
    """An organization and where it lives."""

    name: str
    address: str
    zip_code: str
    city: str
    country: Country = NORWAY

    @property
    def number(self) -> str:
        """Its organization number."""
        return business_id(self.name) if self.country is FINLAND else organization_number(self.name)


def open_account(ledger_id: str, place: Place, *units: SalesUnit, gross: bool = False, cutoff: int = 0) -> Account:
    """Return the account of a merchant; a sales unit without an organization number belongs to the place."""
    own = tuple(replace(unit, organization_number=unit.organization_number or place.number) for unit in units)
    return Account(ledger_id, place.number, bank_account(place.name), own, gross, cutoff, place.country)


def world_of(frame: Frame, account: Account, places: Iterable[Place], days: Iterable[SalesDay]) -> StoredWorld:
    """Return a world of one ledger with this history."""
    organizations = {
        place.number: {
            "name": place.name,
            "address": place.address,
            "zip_code": place.zip_code,
            "city": place.city,
            "country_code": place.country.code,
        }
        for place in places
    }
    return StoredWorld((keep_books(account, days),), organizations, frame.until)


def in_order(movements: Iterable[Movement]) -> tuple[Movement, ...]:
    """Return the movements of a day by time."""
    return tuple(sorted(movements, key=lambda movement: movement.time))


class Till:
    """Rings up captures, fees and refunds for one sales unit."""

    def __init__(self, rng: Random, account: Account, unit: int = 0, prefix: str = "order-") -> None:
        self._rng = rng
        self._account = account
        self._handle = account.units[unit].handle
        self._prefix = prefix
        self._sales = 0
        self._last_reference = 3_300_000_000 + rng.randrange(10**8)

    def capture(self, day: date, amount: int, personal: dict[str, str] | None = None) -> Movement:
        """Return a capture of so many øre at some moment of the day."""
        self._sales += 1
        reference = f"{self._prefix}{self._sales}" if self._prefix else ""
        return self._move(day, "capture", amount, reference, personal)

    def refund(self, day: date, capture: Movement, amount: int | None = None) -> Movement:
        """Return a refund of a capture, all of it or a part."""
        return self._move(day, "refund", -(amount or capture.amount), capture.reference, None)

    def fee(self, capture: Movement, basis_points: int = 275, fixed: int = 0) -> Movement:
        """Return the fee of a capture, posted together with it."""
        amount = (capture.amount * basis_points + 5000) // 10000 + fixed
        return replace(capture, book=Book.FEES, entry_type="capture-fee", amount=-amount, personal=None)

    def sale(self, day: date, amount: int, personal: dict[str, str] | None = None) -> tuple[Movement, Movement]:
        """Return a capture and its fee."""
        capture = self.capture(day, amount, personal)
        return capture, self.fee(capture)

    def _move(
        self, day: date, entry_type: str, amount: int, reference: str | None, personal: dict[str, str] | None
    ) -> Movement:
        time = self._account.moment(day, self._rng.randrange(MOST_SECONDS * 10**6) / 10**6)
        psp_reference = self._psp_reference(f"{self._account.ledger_id} {self._handle} {time}", day)
        return Movement(time, Book.FUNDS, entry_type, amount, psp_reference, reference, self._handle, personal)

    def _psp_reference(self, text: str, day: date) -> str:
        """Half the references are numbers, half ULIDs, as in the years both were given out."""
        if self._rng.random() < 0.5:
            return ulid(text, self._account.moment(day, 0))
        self._last_reference += self._rng.randrange(1, 5000)
        return str(self._last_reference)
