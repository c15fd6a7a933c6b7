"""From an order or transaction to its payout, its file, its amount and its date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from settlement_bridge.store import DeliveryState, Match, Store


@dataclass(frozen=True)
class Found:
    """One row, and where it went."""

    ledger_id: str
    msn: str | None
    payout: int | None
    """None while it is not part of a settled payout."""
    settlement_date: date | None
    transaction_id: int
    mapped_from: str | None
    """The provider's own reference, where it is not the TransactionID itself."""
    order_id: str
    time: datetime
    amount: int
    """Capture + refund, in minor units."""
    fee: int
    currency: str
    files: tuple[str, ...]
    """Every place that was given the file with this row, as destination and path."""


def find(store: Store, text: str) -> list[Found]:
    """Return the rows that an order id, a transaction id or either form of a mapped number names."""
    matches = store.search.find(text)
    return [_found(store, match) for match in matches]


def _found(store: Store, match: Match) -> Found:
    settled = store.settlements.get([match.settlement_id]) if match.settlement_id is not None else []
    return Found(
        ledger_id=match.ledger_id,
        msn=match.msn,
        payout=match.payout,
        settlement_date=settled[0].settlement.settlement_date if settled else None,
        transaction_id=match.transaction_id,
        mapped_from=match.mapped_from,
        order_id=match.order_id,
        time=match.time,
        amount=match.amount,
        fee=match.fee,
        currency=store.ledgers.get(match.ledger_id).ledger.currency,
        files=tuple(_files(store, match.settlement_id)) if match.settlement_id is not None else (),
    )


def _files(store: Store, settlement_id: int) -> Iterator[str]:
    for delivery in store.deliveries.of(settlement_id):
        if delivery.state is DeliveryState.DELIVERED:
            yield f"{delivery.destination}/{delivery.path}"
