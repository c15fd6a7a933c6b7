"""What a run did and what it could not do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED, EXIT_TRY_LATER
from settlement_bridge.model import PayoutRecord
from settlement_bridge.store import DeliveryState


class LedgerState(StrEnum):
    """How a run left a ledger."""

    SERVED = "served"
    HELD = "held"
    """Nothing more of it is published until somebody looks (rule 21)."""
    TRY_LATER = "try later"
    """It could not be read, or was stopped on its way; the next run goes on where this one ended."""


@dataclass(frozen=True)
class LedgerOutcome:
    """What a run did with one ledger."""

    ledger_id: str
    state: LedgerState
    reason: str | None = None
    entries: int = 0
    """New entries mirrored."""
    payouts: tuple[PayoutRecord, ...] = ()
    """Payouts looked at: settled, withheld, or still waiting."""


@dataclass(frozen=True)
class RunOutcome:
    """What a run did altogether."""

    ledgers: Sequence[LedgerOutcome]
    deliveries: Sequence[Delivered]
    problems: Sequence[str] = ()
    """What went wrong apart from any one ledger or file; counts as a failure."""
    warnings: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """1 if anything is held or refused; else 75 if anything must be tried again; else 0."""
        states = {ledger.state for ledger in self.ledgers} | {delivery.state for delivery in self.deliveries}
        if self.problems or states & {LedgerState.HELD, DeliveryState.REFUSED}:
            return EXIT_FAILED
        return EXIT_TRY_LATER if states & {LedgerState.TRY_LATER, DeliveryState.FAILED} else EXIT_DONE

    def summary(self) -> dict[str, int]:
        """Return the run in numbers, to be kept with its record."""
        ledgers = Counter(ledger.state for ledger in self.ledgers)
        files = Counter(delivery.state for delivery in self.deliveries)
        return {
            "ledgers": len(self.ledgers),
            "held": ledgers[LedgerState.HELD],
            "try_later": ledgers[LedgerState.TRY_LATER],
            "entries": sum(ledger.entries for ledger in self.ledgers),
            "delivered": files[DeliveryState.DELIVERED],
            "refused": files[DeliveryState.REFUSED],
            "failed": files[DeliveryState.FAILED],
            "problems": len(self.problems),
        }


class Progress(Protocol):
    """Is told how a run gets on; called from many threads."""

    def begun(self, run_id: int) -> None:
        """A run begins, with this number in the store."""

    def listed(self, ledgers: int) -> None:
        """So many ledgers are to be read."""

    def mirrored(self, ledger_id: str, entries: int) -> None:
        """So many more entries of a ledger are kept."""

    def settled(self, record: PayoutRecord) -> None:
        """A payout of a ledger is settled, or has to wait, or is withheld."""

    def read(self, outcome: LedgerOutcome) -> None:
        """A ledger has been read and settled, or not."""

    def delivered(self, delivered: Delivered) -> None:
        """A file has been delivered, or not."""


class NoProgress:
    """Tells nobody."""

    def begun(self, run_id: int) -> None:
        """See Progress."""

    def listed(self, ledgers: int) -> None:
        """See Progress."""

    def mirrored(self, ledger_id: str, entries: int) -> None:
        """See Progress."""

    def settled(self, record: PayoutRecord) -> None:
        """See Progress."""

    def read(self, outcome: LedgerOutcome) -> None:
        """See Progress."""

    def delivered(self, delivered: Delivered) -> None:
        """See Progress."""
