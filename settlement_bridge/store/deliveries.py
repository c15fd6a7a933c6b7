"""What became of every settlement's file at every destination."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import TAKES_PATH, deliveries

_ALL = select(deliveries).order_by(deliveries.c.settlement_id, deliveries.c.destination, deliveries.c.extension)
_OF = _ALL.where(deliveries.c.settlement_id == bindparam("settlement_id"))
_IN_STATE = _ALL.where(deliveries.c.state == bindparam("state"))
_OWNER = select(deliveries.c.settlement_id).where(
    deliveries.c.destination == bindparam("destination"), deliveries.c.path == bindparam("path"), TAKES_PATH
)


class DeliveryState(StrEnum):
    """How far a file has come."""

    PUBLISHING = "publishing"
    """Its path is claimed; it may or may not be there already."""
    DELIVERED = "delivered"
    """It was there, complete, and is never published again, also when an importer has taken it away (fault 23)."""
    REFUSED = "refused"
    """Its path holds or belongs to something else; somebody has to look."""
    FAILED = "failed"
    """The destination did not take it; the next run tries again."""


@dataclass(frozen=True)
class Delivery:
    """A settlement's file in one format at one destination."""

    destination: str
    settlement_id: int
    extension: str
    path: str
    state: DeliveryState
    updated_at: datetime
    sha256: str | None = None
    size: int | None = None
    reason: str | None = None


class Deliveries:
    """The record of all deliveries. A path at a destination belongs to one settlement at most (rule 13)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, delivery: Delivery) -> None:
        """Keep how far a delivery has come, instead of what was known of it.

        Raises DeliveryRefused where its path already belongs to another settlement.
        """
        values = {**vars(delivery), "updated_at": to_micros(delivery.updated_at)}
        try:
            with self._database.writing() as connection:
                self._database.upsert(connection, deliveries, values)
        except IntegrityError:
            owner = self.claimed(delivery.destination, delivery.path)
            if owner is None:
                raise
            raise DeliveryRefused(
                f"{delivery.path} at {delivery.destination} already belongs to another settlement; "
                'on_conflict = "suffix" puts the ledger id into the name of such files'
            ) from None

    def claimed(self, destination: str, path: str) -> int | None:
        """Return the id of the settlement a path belongs to; None while it is free."""
        with self._database.reading() as connection:
            return connection.scalar(_OWNER, {"destination": destination, "path": path})

    def of(self, settlement_id: int) -> list[Delivery]:
        """Return a settlement's deliveries, by destination and extension."""
        return self._all(_OF, {"settlement_id": settlement_id})

    def in_state(self, state: DeliveryState) -> list[Delivery]:
        """Return the deliveries that have come so far and no farther."""
        return self._all(_IN_STATE, {"state": state})

    def counts(self) -> Counter[DeliveryState]:
        """Return how many deliveries there are of each state."""
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        with self._database.reading() as connection:
            return Counter({DeliveryState(state): count for state, count in connection.execute(query)})

    def _all(self, query: Select[tuple[object, ...]], values: Mapping[str, object]) -> list[Delivery]:
        with self._database.reading() as connection:
            return [_delivery(row) for row in connection.execute(query, values)]


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    values = row._asdict()
    return Delivery(
        **values | {"state": DeliveryState(values["state"]), "updated_at": from_micros(values["updated_at"])}
    )
