"""From proven settlements to files at their destinations: plan, look for collisions, then act."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from settlement_bridge.bridge.settings import BridgeSettings, Outlet
from settlement_bridge.errors import BridgeError, DeliveryFailed, DeliveryRefused, RenderingRefused
from settlement_bridge.formats import Format
from settlement_bridge.model import Report, Settlement
from settlement_bridge.publish import Fingerprint, Outcome, inbox_path
from settlement_bridge.store import Delivery, DeliveryState, Store, StoredSettlement


@dataclass(frozen=True)
class Delivered:
    """What became of one file in this run."""

    ledger_id: str
    payout: int
    destination: str
    path: str
    state: DeliveryState
    reason: str | None = None


class Deliverer:
    """Delivers what is due; every file once, and none that is not proven."""

    def __init__(self, store: Store, settings: BridgeSettings) -> None:
        self._store = store
        self._settings = settings

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

    def deliver(self, stored: StoredSettlement, now: datetime) -> list[Delivered]:
        """Give a settlement's files to every destination that has not got them; say what became of each."""
        known = self._known(stored)
        if not known and (described := self.described(stored)) != stored:
            # Until its first file it may still change; from then on it is kept with the payout (rules 14 and 23).
            self._store.settlements.renew(described)
            stored = described
        results = [
            self._handover(outlet, form, stored, now).run(delivery)
            for outlet in self._settings.outlets
            for form in outlet.formats
            if (delivery := known.get((outlet.destination.name, form.extension))) is None
            or delivery.state is not DeliveryState.DELIVERED
        ]
        if all(result.state is DeliveryState.DELIVERED for result in results):
            self._store.settlements.done_with([stored.settlement_id])
        return results

    def deliver_again(self, stored: StoredSettlement, now: datetime) -> list[Delivered]:
        """Give a settlement's files to every destination once more; what fails leaves no trace in the record."""
        known = self._known(stored)
        return [
            self._handover(outlet, form, stored, now).run_again(known.get((outlet.destination.name, form.extension)))
            for outlet in self._settings.outlets
            for form in outlet.formats
        ]

    def described(self, stored: StoredSettlement) -> StoredSettlement:
        """Return a settlement with what is known of its merchant now (rule 14)."""
        ledger = self._store.ledgers.get(stored.settlement.ledger_id).ledger
        merchant = self._settings.rules.directory.merchant(ledger, stored.settlement.msn)
        return replace(stored, settlement=replace(stored.settlement, merchant=merchant))

    def _known(self, stored: StoredSettlement) -> dict[tuple[str, str], Delivery]:
        return {(one.destination, one.extension): one for one in self._store.deliveries.of(stored.settlement_id)}

    def _handover(self, outlet: Outlet, form: Format, stored: StoredSettlement, now: datetime) -> "_Handover":
        return _Handover(self._store, self._settings, outlet, form, stored, now)


class _Handover:
    """One file on its way to one destination."""

    def __init__(
        self,
        store: Store,
        settings: BridgeSettings,
        outlet: Outlet,
        form: Format,
        stored: StoredSettlement,
        now: datetime,
    ) -> None:
        self._store = store
        self._settings = settings
        self._outlet = outlet
        self._form = form
        self._stored = stored
        self._now = now
        self._claimed = False
        """Whether the file may have appeared already: then only `recover` can tell."""

    def run(self, known: Delivery | None) -> Delivered:
        path = PurePosixPath()
        try:
            path = self._path()
            self._claimed = known is not None and known.state is DeliveryState.PUBLISHING
            if not (known and self._claimed and self._recovered(path, known)):
                self._hand_over(path)
            return self._result(path, DeliveryState.DELIVERED)
        except (DeliveryRefused, RenderingRefused) as error:
            return self._failed(path, DeliveryState.REFUSED, error)
        except DeliveryFailed as error:
            return self._failed(path, DeliveryState.FAILED, error)

    def run_again(self, known: Delivery | None) -> Delivered:
        path = PurePosixPath()
        try:
            path = self._path()
            self._hand_over(path)
            return self._result(path, DeliveryState.DELIVERED)
        except (DeliveryRefused, RenderingRefused, DeliveryFailed) as error:
            if known and not self._claimed:
                self._store.deliveries.record(known)
            state = DeliveryState.FAILED if isinstance(error, DeliveryFailed) else DeliveryState.REFUSED
            return replace(self._result(path, state), reason=str(error))

    def _path(self) -> PurePosixPath:
        """Return the path the file shall have; raise DeliveryRefused where another settlement has it (rule 13)."""
        settlement, extension = self._stored.settlement, self._form.extension
        values = (settlement.merchant.organization_number, settlement.msn, settlement.payout, extension)
        path = inbox_path(*values)
        owner = self._owner(path)
        if owner is not None and self._outlet.suffix_on_conflict:
            path = inbox_path(*values, suffix=settlement.ledger_id)
            owner = self._owner(path)
        if owner is not None:
            other = self._store.settlements.get([owner])[0].settlement
            raise DeliveryRefused(
                f"payout {settlement.payout} of ledger {settlement.ledger_id} ({settlement.settlement_date}) wants "
                f"{path}, which payout {other.payout} of ledger {other.ledger_id} ({other.settlement_date}) has; "
                'set on_conflict = "suffix" for this destination to put the ledger id into such names'
            )
        return path

    def _owner(self, path: PurePosixPath) -> int | None:
        owner = self._store.deliveries.claimed(self._outlet.destination.name, str(path))
        return None if owner == self._stored.settlement_id else owner

    def _recovered(self, path: PurePosixPath, known: Delivery) -> bool:
        """Find out what a crash left of a file that was about to appear; tell whether it is delivered."""
        sealed = Fingerprint(known.sha256 or "", known.size or 0)
        outcome = self._outlet.destination.recover(PurePosixPath(known.path), sealed)
        if outcome is Outcome.TAKEN:
            raise self._taken(path)
        if outcome is Outcome.DELIVERED:
            self._record(path, DeliveryState.DELIVERED, sealed)
        return outcome is Outcome.DELIVERED

    def _hand_over(self, path: PurePosixPath) -> None:
        destination = self._outlet.destination
        present = destination.look(path)
        draft = destination.draft(path)
        try:
            self._form.write(report_of(self._store, self._stored, self._settings), draft.stream)
            sealed = draft.seal()
            self._form.check(draft.local_path)
        except BaseException:
            draft.discard()
            raise
        if present is not None:
            draft.discard()
            if present != sealed:
                raise self._taken(path)
            self._record(path, DeliveryState.DELIVERED, sealed)
            return
        self._record(path, DeliveryState.PUBLISHING, sealed)
        self._claimed = True
        try:
            draft.publish()
        except DeliveryRefused as error:
            self._claimed = False
            self._record(path, DeliveryState.REFUSED, None, str(error))
            draft.discard()
            raise
        self._record(path, DeliveryState.DELIVERED, sealed)

    def _taken(self, path: PurePosixPath) -> DeliveryRefused:
        return DeliveryRefused(
            f"{path} at {self._outlet.destination.name} exists already with other content; nothing was overwritten. "
            "Compare the two, move the old one away, and the next run publishes"
        )

    def _record(
        self, path: PurePosixPath, state: DeliveryState, sealed: Fingerprint | None, reason: str | None = None
    ) -> None:
        self._store.deliveries.record(
            Delivery(
                destination=self._outlet.destination.name,
                settlement_id=self._stored.settlement_id,
                extension=self._form.extension,
                path=str(path),
                state=state,
                updated_at=self._now,
                sha256=sealed.sha256 if sealed else None,
                size=sealed.size if sealed else None,
                reason=reason,
            )
        )

    def _failed(self, path: PurePosixPath, state: DeliveryState, error: BridgeError) -> Delivered:
        if state is DeliveryState.REFUSED or not self._claimed:
            self._record(path, state, None, str(error))
        return replace(self._result(path, state), reason=str(error))

    def _result(self, path: PurePosixPath, state: DeliveryState) -> Delivered:
        settlement = self._stored.settlement
        return Delivered(settlement.ledger_id, settlement.payout, self._outlet.destination.name, str(path), state)


def report_of(store: Store, stored: StoredSettlement, settings: BridgeSettings) -> Report:
    """Return the report that one settlement's file is rendered from."""
    settlement: Settlement = stored.settlement
    return Report(
        merchant=settlement.merchant,
        date_from=settlement.date_from,
        date_to=settlement.settlement_date,
        currency=settlement.currency,
        bank_account=settlement.bank_account,
        sections=[(settlement, store.settlements.transactions(stored.settlement_id))],
        issuer=settings.issuer,
        zone=settings.zone,
    )
