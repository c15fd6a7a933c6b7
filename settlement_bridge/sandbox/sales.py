"""What happened at a merchant, day by day: the one history that both dialects tell in their own words."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from settlement_bridge.model import Book, SalesUnit

OSLO = ZoneInfo("Europe/Oslo")


class Country(NamedTuple):
    """What differs from one country to the next."""

    code: str
    """Of three letters, as addresses have it."""
    currency: str
    organizations: str
    """Scheme of its organization numbers."""
    accounts: str
    """Scheme of its bank accounts."""


NORWAY = Country("NOR", "NOK", "business:NO:ORG", "BBAN:NO")
FINLAND = Country("FIN", "EUR", "business:FI:Y-tunnus", "BBAN:FI")


@dataclass(frozen=True)
class Account:
    """Who a ledger belongs to and on which terms it is kept."""

    ledger_id: str
    owner: str
    """Organization number."""
    bank_account: str
    units: tuple[SalesUnit, ...]
    gross: bool = False
    cutoff: int = 0
    """Hours behind midnight at which a ledger date ends."""
    country: Country = NORWAY

    def description(self) -> dict[str, Any]:
        """Return the ledger as `GET /settlement/v1/ledgers` describes it in the v2 dialect."""
        return {
            "ledgerId": self.ledger_id,
            "currency": self.country.currency,
            "payoutBankAccount": {"scheme": self.country.accounts, "id": self.bank_account},
            "owner": self._organization(self.owner),
            "settlesForRecipientHandles": [unit.handle for unit in self.units],
            "salesUnits": [
                {
                    "name": unit.name,
                    "recipientHandle": unit.handle,
                    "businessIdentifier": self._organization(unit.organization_number or self.owner),
                }
                for unit in self.units
            ],
        }

    def _organization(self, number: str) -> dict[str, str]:
        return {"scheme": self.country.organizations, "id": number}

    def moment(self, day: date, seconds: float) -> datetime:
        """Return the moment so many seconds into a ledger date."""
        opening = datetime.combine(day, clock(self.cutoff), OSLO).astimezone(UTC)
        return opening + timedelta(seconds=seconds)

    def closing(self, day: date) -> datetime:
        """Return the moment at which a ledger date ends."""
        return self.moment(day + timedelta(days=1), 0)


@dataclass(frozen=True)
class Movement:
    """Something that happens on one book at a moment. Amounts in øre, with the sign of the book."""

    time: datetime
    book: Book
    entry_type: str
    amount: int
    psp_reference: str
    reference: str | None
    handle: str | None
    personal: dict[str, str] | None = None


@dataclass(frozen=True)
class SalesDay:
    """A ledger date: its movements in time order, and what the provider does when it closes."""

    day: date
    movements: tuple[Movement, ...] = ()
    retain: bool = True
    """Fees are kept back from the balance."""
    invoice: bool = False
    """Fees are put on an invoice."""
    pay_out: bool = True
    """The balance is paid out, where it is positive."""
    reserve: int = 0
    """What stays on the ledger when it is paid out."""
    abort: bool = False
    """The last payout came back from the bank before this day opened."""
