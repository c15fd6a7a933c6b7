"""What is not well, or not yet done: since when, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from settlement_bridge.model import PayoutState
from settlement_bridge.store import Delivery, DeliveryState, Store


class ConditionKind(StrEnum):
    """The kinds of trouble there are, apart from one that stops a whole run."""

    HELD = "held"
    """A ledger whose books cannot be true (rule 21)."""
    UNREAD = "unread"
    """A ledger that could not be read to its end."""
    WAITING = "waiting"
    """A payout that waits for its fees."""
    REFUSED = "refused"
    """A file that must not be delivered."""
    FAILED = "failed"
    """A file that a destination did not take."""


@dataclass(frozen=True)
class Condition:
    """One thing that is not well."""

    kind: ConditionKind
    name: str
    """The ledger, payout or file it is about."""
    since: datetime
    reason: str


@dataclass(frozen=True)
class Stand:
    """How everything stands."""

    ledgers: int
    """How many are known."""
    conditions: tuple[Condition, ...]


def stand(store: Store) -> Stand:
    """Return how everything stands, from the store alone. Ledgers that are well are only counted."""
    return Stand(store.ledgers.count(), tuple(_conditions(store)))


def _conditions(store: Store) -> Iterator[Condition]:
    for stored in store.ledgers.in_trouble():
        ledger = f"ledger {stored.ledger.ledger_id}"
        if stored.hold_reason and stored.held_at:
            yield Condition(ConditionKind.HELD, ledger, stored.held_at, stored.hold_reason)
        if stored.trouble and stored.trouble_since:
            yield Condition(ConditionKind.UNREAD, ledger, stored.trouble_since, stored.trouble)
    for record in store.settlements.payouts(PayoutState.WAITING):
        payout = f"payout {record.payout.number} of ledger {record.payout.ledger_id}"
        yield Condition(ConditionKind.WAITING, payout, record.payout.time, record.reason or "")
    for state, kind in ((DeliveryState.REFUSED, ConditionKind.REFUSED), (DeliveryState.FAILED, ConditionKind.FAILED)):
        for delivery in store.deliveries.in_state(state):
            yield Condition(kind, _named(delivery), delivery.updated_at, delivery.reason or "")


def _named(delivery: Delivery) -> str:
    return f"{delivery.path or f'settlement {delivery.settlement_id}'} at {delivery.destination}"
