"""One file on its way to one destination: drafted, proven, recorded, published, recorded (docs/architecture.md)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePosixPath

from settlement_bridge.bridge import served
from settlement_bridge.bridge.payers import PayersOfRows
from settlement_bridge.bridge.settings import BridgeSettings, Outlet
from settlement_bridge.errors import BridgeError, DeliveryFailed, DeliveryRefused, RenderingRefused
from settlement_bridge.formats import Format
from settlement_bridge.model import Report
from settlement_bridge.publish import Fingerprint, Outcome, explained, inbox_path
from settlement_bridge.store import Delivery, DeliveryState, Store, StoredSettlement

_MOVE_AWAY = "Compare the two, move the old one away, then run the same command again"
_SERVED = "What is served is never changed; `settlement-bridge render` writes the file as it would be now"


@dataclass(frozen=True)
class Delivered:
    """What became of one file in this run."""

    ledger_id: str
    payout: int
    destination: str
    path: str
    state: DeliveryState
    reason: str | None = None


class Handover:
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
        self._path: PurePosixPath | None = None
        self._claimed = False
        """Whether the file may have appeared already: then only `recover` can tell."""

    def run(self, known: Delivery | None) -> Delivered:
        """Hand the file over, or finish what a crash has left of it; what fails is kept with the record."""
        try:
            if known is None or known.state is not DeliveryState.PUBLISHING:
                self._hand_over(self._choose_path())
            elif not self._recovered(known):
                self._hand_over(PurePosixPath(known.path))
            return self._result(DeliveryState.DELIVERED)
        except (DeliveryRefused, RenderingRefused) as error:
            return self._failed(DeliveryState.REFUSED, error)
        except DeliveryFailed as error:
            return self._failed(DeliveryState.FAILED, error)

    def run_again(self, known: Delivery | None) -> Delivered:
        """Hand the file over although it was delivered before; what fails leaves the record as it was."""
        try:
            self._hand_over(self._choose_path())
            return self._result(DeliveryState.DELIVERED)
        except (DeliveryRefused, RenderingRefused, DeliveryFailed) as error:
            if known and not self._claimed:
                self._store.deliveries.record(known)
            state = DeliveryState.FAILED if isinstance(error, DeliveryFailed) else DeliveryState.REFUSED
            return replace(self._result(state), reason=str(error))

    def _choose_path(self) -> PurePosixPath:
        """Take the path that no other settlement has; raise DeliveryRefused where there is none (rule 13)."""
        settlement = self._stored.settlement
        self._path = path = self._wanted()
        owner = self._owner(path)
        if owner is not None and self._outlet.suffix_on_conflict:
            self._path = path = self._wanted(suffix=settlement.ledger_id)
            owner = self._owner(path)
        if owner is not None:
            other = self._store.settlements.get([owner])[0].settlement
            raise DeliveryRefused(
                f"payout {settlement.payout} of ledger {settlement.ledger_id} ({settlement.settlement_date}) wants "
                f"{path}, which payout {other.payout} of ledger {other.ledger_id} ({other.settlement_date}) has; "
                'set on_conflict = "suffix" for this destination to put the ledger id into such names'
            )
        return path

    def _wanted(self, suffix: str = "") -> PurePosixPath:
        settlement = self._stored.settlement
        organization = settlement.merchant.organization_number
        return inbox_path(organization, settlement.msn, settlement.payout, self._form.extension, suffix)

    def _owner(self, path: PurePosixPath) -> int | None:
        owner = self._store.deliveries.claimed(self._outlet.destination.name, str(path))
        return None if owner == self._stored.settlement_id else owner

    def _recovered(self, known: Delivery) -> bool:
        """Find out what a crash left of a file that was about to appear; tell whether it is delivered."""
        self._path, self._claimed = PurePosixPath(known.path), True
        sealed = Fingerprint(known.sha256 or "", known.size or 0)
        outcome = self._outlet.destination.recover(self._path, sealed)
        self._claimed = False
        if outcome is Outcome.TAKEN:
            raise self._taken()
        if outcome is Outcome.DELIVERED:
            self._record(DeliveryState.DELIVERED, sealed)
            return True
        # Left as publishing, what is begun anew and fails would pass for one that an importer has taken.
        self._record(DeliveryState.FAILED, None, "its draft was damaged")
        return False

    def _hand_over(self, path: PurePosixPath) -> None:
        destination = self._outlet.destination
        present = destination.look(path)
        draft = destination.draft(path)
        try:
            self._form.write(self._report(), draft.stream)
            sealed = draft.seal()
            with explained(draft.local_path):
                self._form.check(draft.local_path)
        except BaseException:
            draft.discard()
            raise
        if present is not None:
            draft.discard()
            if present != sealed:
                raise self._taken()
            self._record(DeliveryState.DELIVERED, sealed)
            return
        self._claimed = True  # also where the database fails: what it was told last, it may have kept
        try:
            self._record(DeliveryState.PUBLISHING, sealed)
            draft.publish()
        except DeliveryRefused as error:
            self._claimed = False
            self._record(DeliveryState.REFUSED, None, str(error))
            draft.discard()
            raise
        except BaseException:
            draft.leave()
            raise
        self._record(DeliveryState.DELIVERED, sealed)

    def _report(self) -> Report:
        report = report_of(self._store, self._stored, self._settings)
        return replace(report, payers=None) if self._outlet.in_store else report

    def _taken(self) -> DeliveryRefused:
        name = self._outlet.destination.name
        return DeliveryRefused(
            f"{self._path} at {name} exists already with other content; nothing was overwritten. "
            + (_SERVED if name == served.NAME else _MOVE_AWAY)
        )

    def _record(self, state: DeliveryState, sealed: Fingerprint | None, reason: str | None = None) -> None:
        self._store.deliveries.record(
            Delivery(
                destination=self._outlet.destination.name,
                settlement_id=self._stored.settlement_id,
                extension=self._form.extension,
                path=str(self._path or ""),
                state=state,
                updated_at=self._now,
                sha256=sealed.sha256 if sealed else None,
                size=sealed.size if sealed else None,
                reason=reason,
            )
        )

    def _failed(self, state: DeliveryState, error: BridgeError) -> Delivered:
        if not self._claimed:
            self._record(state, None, str(error))
        return replace(self._result(state), reason=str(error))

    def _result(self, state: DeliveryState) -> Delivered:
        settlement, destination = self._stored.settlement, self._outlet.destination.name
        return Delivered(settlement.ledger_id, settlement.payout, destination, str(self._path or ""), state)


def report_of(store: Store, stored: StoredSettlement, settings: BridgeSettings) -> Report:
    """Return the report that one settlement's file is rendered from."""
    return report_over(store, [stored], settings)


def report_over(
    store: Store,
    settlements: Sequence[StoredSettlement],
    settings: BridgeSettings,
    date_from: date | None = None,
    date_to: date | None = None,
) -> Report:
    """Return the report that holds these settlements, the latest last, over a period or over their own."""
    first, last = settlements[0].settlement, settlements[-1].settlement
    return Report(
        merchant=last.merchant,
        date_from=date_from or first.date_from,
        date_to=date_to or last.settlement_date,
        currency=last.currency,
        bank_account=last.bank_account,
        sections=[(one.settlement, store.settlements.transactions(one.settlement_id)) for one in settlements],
        issuer=settings.issuer,
        zone=settings.zone,
        payers=PayersOfRows(store) if settings.retention else None,
    )
