"""From proven settlements to files at their destinations: what is due goes where it is still missing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from settlement_bridge.bridge.handover import Delivered, Handover
from settlement_bridge.bridge.merchants import Merchants
from settlement_bridge.bridge.settings import BridgeSettings, Outlet
from settlement_bridge.formats import Format
from settlement_bridge.store import Delivery, DeliveryState, Store, StoredSettlement

Known = dict[tuple[str, str], Delivery]
"""What is recorded of a settlement's files, by destination and extension."""

_MAY_HAVE_APPEARED = {DeliveryState.PUBLISHING, DeliveryState.DELIVERED}


class Deliverer:
    """Delivers what is due; every file once, and none that is not proven."""

    def __init__(self, store: Store, settings: BridgeSettings) -> None:
        self._store = store
        self._settings = settings
        self._merchants = Merchants(store, settings.rules.directory, settings.registers)

    def due(self, ledger_ids: Iterable[str] | None = None) -> list[StoredSettlement]:
        """Return the settlements that some destination has still to get, the earliest SettlementDate first.

        Those that are not to be published are no longer due, until the configuration changes.
        """
        due = self._store.settlements.due(None if ledger_ids is None else list(ledger_ids))
        publishable = [one for one in due if self._settings.scope.publishes(one.settlement)]
        if len(publishable) < len(due):
            kept = {one.settlement_id for one in publishable}
            self._store.settlements.done_with([one.settlement_id for one in due if one.settlement_id not in kept])
        return publishable

    def deliver(self, stored: StoredSettlement, now: datetime) -> Iterator[Delivered]:
        """Give a settlement's files to every destination that has not got them; say what became of each, at once.

        Iterate to the end: only then is it known whether anything is still due.
        """
        known = self._known(stored)
        shown = self._shown(stored, known, now)
        if shown != stored:
            self._store.settlements.renew(shown)
        states = {DeliveryState.DELIVERED}
        for outlet in self._settings.outlets:
            for form in outlet.formats_for(stored.settlement):
                delivery = known.get((outlet.destination.name, form.extension))
                if delivery is None or delivery.state is not DeliveryState.DELIVERED:
                    result = self._handover(outlet, form, shown, now).run(delivery)
                    states.add(result.state)
                    yield result
        if states == {DeliveryState.DELIVERED}:
            self._store.settlements.done_with([stored.settlement_id])

    def deliver_again(self, stored: StoredSettlement, now: datetime) -> list[Delivered]:
        """Give a settlement's files to every destination once more; what fails leaves no trace in the record."""
        known = self._known(stored)
        return [
            self._handover(outlet, form, stored, now).run_again(known.get((outlet.destination.name, form.extension)))
            for outlet in self._settings.outlets
            for form in outlet.formats_for(stored.settlement)
        ]

    def as_published(self, stored: StoredSettlement, now: datetime) -> StoredSettlement:
        """Return a settlement as its files have it, or will have it.

        What is known of the merchant is kept with the payout from its first file on (rules 14 and 23).
        """
        return self._shown(stored, self._known(stored), now)

    def described(self, stored: StoredSettlement, now: datetime) -> StoredSettlement:
        """Return a settlement with what is known of its merchant now (rule 14)."""
        ledger = self._store.ledgers.get(stored.settlement.ledger_id).ledger
        merchant = self._merchants.describe(ledger, stored.settlement.msn, now)
        return replace(stored, settlement=replace(stored.settlement, merchant=merchant))

    def _shown(self, stored: StoredSettlement, known: Known, now: datetime) -> StoredSettlement:
        appeared = any(one.state in _MAY_HAVE_APPEARED for one in known.values())
        return stored if appeared else self.described(stored, now)

    def _known(self, stored: StoredSettlement) -> Known:
        return {(one.destination, one.extension): one for one in self._store.deliveries.of(stored.settlement_id)}

    def _handover(self, outlet: Outlet, form: Format, stored: StoredSettlement, now: datetime) -> Handover:
        return Handover(self._store, self._settings, outlet, form, stored, now)
