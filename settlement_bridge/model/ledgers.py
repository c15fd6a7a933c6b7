"""The words of the merchant: accounts and points of sale as the Report API describes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Identifier:
    """A number with the register it belongs to, e.g. `business:NO:ORG` 987654321."""

    scheme: str
    id: str


@dataclass(frozen=True)
class SalesUnit:
    """A point of sale as the Report API describes it."""

    handle: str
    name: str | None
    organization_number: str | None
    organization_scheme: str | None = None
    """The register that number belongs to, e.g. `business:NO:ORG`."""


@dataclass(frozen=True)
class Ledger:
    """An account the provider keeps for a merchant."""

    ledger_id: str
    currency: str
    owner: Identifier
    bank_account: Identifier | None
    handles: tuple[str, ...]
    """`settlesForRecipientHandles`, in the API's order."""
    sales_units: tuple[SalesUnit, ...] = ()
    first_payout: int | None = None
    last_payout: int | None = None


@dataclass(frozen=True)
class Organization:
    """What the Report API does not know of an organization; empty where nobody does."""

    name: str = ""
    address: str = ""
    zip_code: str = ""
    city: str = ""
    country_code: str = ""
    """ISO 3166 alpha-3, e.g. `NOR`."""
