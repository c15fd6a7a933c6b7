"""How every ledger stands, from the store alone."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from settlement_bridge.bridge.lease import NAME
from settlement_bridge.bridge.upkeep import Upkeep
from settlement_bridge.model import Book, Ledger, PayoutRecord, PayoutState
from settlement_bridge.store import Delivery, DeliveryState, Holder, Run, Store, StoredLedger


@dataclass(frozen=True)
class LedgerStatus:
    """How one ledger stands."""

    ledger: Ledger
    balance: int | None
    """Of the funds book, in minor units; None before anything was mirrored."""
    last_payout: PayoutRecord | None
    waiting: tuple[PayoutRecord, ...]
    withheld: tuple[PayoutRecord, ...]
    hold_reason: str | None
    held_at: datetime | None
    trouble: str | None
    """Why it could not be read to its end the last time."""
    trouble_since: datetime | None
    undelivered: tuple[Delivery, ...]
    """Files that were refused or failed, or were cut short."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to look at in the last payout."""
        return self.last_payout.warnings if self.last_payout else ()


@dataclass(frozen=True)
class Status:
    """How everything stands."""

    last_run: Run | None
    next_run: datetime | None
    """When the daemon runs next, or should have; None where none was started, or it was stopped."""
    worker: Holder | None
    """Who works on the store now."""
    ledgers: tuple[LedgerStatus, ...]
    files: Counter[DeliveryState]


def status(store: Store, now: datetime) -> Status:
    """Return how every ledger stands; the Report API is not asked."""
    last = store.settlements.last_payouts()
    waiting = _by_ledger(store.settlements.payouts(PayoutState.WAITING))
    withheld = _by_ledger(store.settlements.payouts(PayoutState.WITHHELD))
    undelivered = _undelivered(store)
    balances = {ledger_id: books.get(Book.FUNDS) for ledger_id, books in store.mirror.books().items()}

    def of_ledger(stored: StoredLedger) -> LedgerStatus:
        ledger_id = stored.ledger.ledger_id
        funds = balances.get(ledger_id)
        return LedgerStatus(
            ledger=stored.ledger,
            balance=funds.balance if funds else None,
            last_payout=last.get(ledger_id),
            waiting=tuple(waiting.get(ledger_id, ())),
            withheld=tuple(withheld.get(ledger_id, ())),
            hold_reason=stored.hold_reason,
            held_at=stored.held_at,
            trouble=stored.trouble,
            trouble_since=stored.trouble_since,
            undelivered=tuple(undelivered.get(ledger_id, ())),
        )

    ledgers = tuple(of_ledger(stored) for stored in store.ledgers.all())
    worker = store.leases.holder(NAME, now)
    return Status(store.runs.last(), Upkeep(store).next_run(), worker, ledgers, store.deliveries.counts())


def _by_ledger(records: list[PayoutRecord]) -> Mapping[str, list[PayoutRecord]]:
    found: dict[str, list[PayoutRecord]] = defaultdict(list)
    for record in records:
        found[record.payout.ledger_id].append(record)
    return found


def _undelivered(store: Store) -> Mapping[str, list[Delivery]]:
    open_states = [state for state in DeliveryState if state is not DeliveryState.DELIVERED]
    deliveries = [one for state in open_states for one in store.deliveries.in_state(state)]
    ids = {one.settlement_id for one in deliveries}
    ledger_of = {one.settlement_id: one.settlement.ledger_id for one in store.settlements.get(ids)}
    found: dict[str, list[Delivery]] = defaultdict(list)
    for one in deliveries:
        found[ledger_of[one.settlement_id]].append(one)
    return found
