"""Runs, one after the other, each logged; what one could not do is what the next retry looks at."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any

from settlement_bridge.bridge import Bridge, Delivered, DeliveryState, LedgerOutcome, LedgerState, RunOutcome
from settlement_bridge.daemon import logs
from settlement_bridge.errors import EXIT_FAILED, EXIT_TRY_LATER, BridgeError, Busy, NotFound
from settlement_bridge.model import PayoutRecord, PayoutState

Ledgers = frozenset[str] | None
"""Some ledgers by id; None for all."""

BUSY_SECONDS = 30.0
"""A third of a lease: how long a store stays taken after its worker was killed."""


@dataclass(frozen=True)
class Again:
    """What is to be looked at again, and whether only because somebody else was at work."""

    ledgers: Ledgers
    busy: bool = False


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    exit_code: int
    again: Again | None
    outcome: RunOutcome | None = None
    error: Exception | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        """Say it in a line."""
        if self.outcome is None:
            return f"could not be done: {self.error}"
        found = self.outcome.summary()
        return ", ".join(f"{number} {name}" for name, number in found.items() if number or name == "delivered")


class Runner:
    """Does runs in the thread that calls it."""

    def __init__(self, bridge: Bridge, beat: Callable[[], None], ended: Callable[[Ended], None]) -> None:
        """`beat` is told of every step, `ended` of every run."""
        self.bridge = bridge
        self._beat = beat
        self._ended = ended
        self._again: Again | None = None
        self._newer: SimpleQueue[Bridge] = SimpleQueue()

    def run(self) -> None:
        """Read every ledger and deliver whatever is due."""
        self._do(None)

    def retry(self) -> None:
        """Look again at what the last run could not do."""
        if self._again:
            self._do(self._again.ledgers)

    def use(self, bridge: Bridge) -> None:
        """Work with another configuration from the next run on, whoever has asked for that; for any thread."""
        self._newer.put(bridge)

    def idle(self) -> None:
        """Show that there is somebody here who would work."""
        self._beat()

    def close(self) -> None:
        """Let go of everything; only where no run will follow."""
        self._take_over()
        self.bridge.close()

    def _do(self, ledgers: Ledgers) -> None:
        self._take_over()
        began = time.monotonic()
        ended = replace(self._try(ledgers), seconds=time.monotonic() - began)
        self._again = ended.again
        logs.of_run(None)
        self._beat()
        self._ended(ended)

    def _take_over(self) -> None:
        while not self._newer.empty():
            before, self.bridge = self.bridge, self._newer.get()
            before.close()

    def _try(self, ledgers: Ledgers) -> Ended:
        try:
            outcome = self.bridge.sync(ledgers, progress=_Logged(ledgers, self._beat), command="run")
        except Busy as error:
            logs.event("store_busy", reason=str(error))
            return Ended(error.exit_code, Again(ledgers, busy=True), error=error)
        except BridgeError as error:
            if ledgers and isinstance(error, NotFound):
                return self._try(None)  # they are listed no more: what is left of their files needs a whole run
            logs.trouble("run_failed", exit_code=error.exit_code, reason=str(error))
            later = error.exit_code == EXIT_TRY_LATER
            return Ended(error.exit_code, Again(ledgers) if later else None, error=error)
        except Exception as error:
            logging.getLogger(__name__).exception("a mistake in this program")
            logs.trouble("run_failed", exit_code=EXIT_FAILED, reason=f"a mistake in this program: {error!r}")
            return Ended(EXIT_FAILED, None, error=error)
        _log_outcome(outcome)
        unfinished = _unfinished(outcome)
        return Ended(outcome.exit_code, Again(unfinished) if unfinished else None, outcome)


def _unfinished(outcome: RunOutcome) -> frozenset[str]:
    """Return the ledgers that a retry may get further with: unread, with payouts that wait, with files left over."""
    unread = {one.ledger_id for one in outcome.ledgers if one.state is LedgerState.TRY_LATER}
    waiting = {
        one.ledger_id for one in outcome.ledgers if any(each.state is PayoutState.WAITING for each in one.payouts)
    }
    undelivered = {one.ledger_id for one in outcome.deliveries if one.state is DeliveryState.FAILED}
    return frozenset(unread | waiting | undelivered)


def _log_outcome(outcome: RunOutcome) -> None:
    for problem in outcome.problems:
        logs.trouble("run_problem", reason=problem)
    for warning in outcome.warnings:
        logs.trouble("run_warning", reason=warning)
    told: dict[str, Any] = {"exit_code": outcome.exit_code, **outcome.summary()}
    logs.event("run_finished", **told)


class _Logged:
    """A run's progress, as lines of the log and as signs of life."""

    def __init__(self, ledgers: Ledgers, beat: Callable[[], None]) -> None:
        self._scope = "all" if ledgers is None else f"{len(ledgers)} to retry"
        self._beat = beat

    def begun(self, run_id: int) -> None:
        """See bridge.Progress."""
        logs.of_run(run_id)
        logs.event("run_started", ledgers=self._scope)
        self._beat()

    def listed(self, ledgers: int) -> None:
        """See bridge.Progress."""
        logs.event("ledgers_listed", logging.DEBUG, ledgers=ledgers)
        self._beat()

    def mirrored(self, ledger_id: str, entries: int) -> None:
        """See bridge.Progress."""
        if entries:
            logs.event("entries_mirrored", logging.DEBUG, ledger=ledger_id, entries=entries)
        self._beat()

    def settled(self, record: PayoutRecord) -> None:  # noqa: ARG002 - told of with the whole ledger
        """See bridge.Progress."""
        self._beat()

    def read(self, outcome: LedgerOutcome) -> None:
        """See bridge.Progress."""
        self._beat()
        if outcome.state is not LedgerState.SERVED:
            name = "ledger_held" if outcome.state is LedgerState.HELD else "ledger_unread"
            logs.trouble(name, ledger=outcome.ledger_id, reason=outcome.reason)
        for record in outcome.payouts:
            payout = record.payout
            told: dict[str, Any] = {"ledger": payout.ledger_id, "payout": payout.number, "date": payout.ledger_date}
            logs.event(f"payout_{record.state.value}", **told, reason=record.reason)
            for warning in record.warnings:
                logs.trouble("payout_warning", **told, reason=warning)

    def delivered(self, delivered: Delivered) -> None:
        """See bridge.Progress."""
        self._beat()
        logs.event(
            f"file_{delivered.state.value}",
            logging.INFO if delivered.state is DeliveryState.DELIVERED else logging.WARNING,
            ledger=delivered.ledger_id,
            payout=delivered.payout,
            destination=delivered.destination,
            path=delivered.path,
            reason=delivered.reason,
        )
