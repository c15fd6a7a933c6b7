"""One ledger from the Report API through the mirror to proven settlements."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, Progress
from settlement_bridge.bridge.payers import without_old_payers
from settlement_bridge.bridge.settle import SettlementRules, settle_ledger
from settlement_bridge.errors import ApiUnavailable, DataRefused, KeysRefused, StoreUnavailable, TooLarge
from settlement_bridge.model import Book, PayoutRecord
from settlement_bridge.report_api import ReportApi
from settlement_bridge.store import Store, StoredLedger

STOPPED = "stopped before it was read to its end"
UNSETTLED = "stopped while its payouts were being settled"


@contextmanager
def within_64_bits(ledger_id: str) -> Iterator[None]:
    """Turn sums that no amount of money can be into DataRefused: they are this ledger's fault, not the whole run's."""
    try:
        yield
    except TooLarge as error:
        raise DataRefused(ledger_id, f"{error}: one of its amounts cannot be true") from error


@dataclass(frozen=True)
class LedgerReader:
    """Brings ledgers up to date; usable from many threads, one ledger in each."""

    store: Store
    api: ReportApi
    rules: SettlementRules
    clock: Callable[[], datetime]
    progress: Progress
    stopped: Callable[[], bool]
    retention: timedelta | None = None

    def read(self, stored: StoredLedger, cursors: Mapping[Book, str | None], unsettled: bool) -> LedgerOutcome:
        """Mirror what is new of a ledger and settle what that completes; `unsettled` when payouts were left to settle.

        What is wrong with the ledger is kept with it and part of the outcome, never raised: other ledgers go on.
        """
        ledger_id = stored.ledger.ledger_id
        if stored.hold_reason:
            return LedgerOutcome(ledger_id, LedgerState.HELD, stored.hold_reason)
        try:
            with within_64_bits(ledger_id):
                return self._read(stored, cursors, unsettled)
        except DataRefused as refused:
            self.store.ledgers.hold(ledger_id, refused.reason, self.clock())
            return LedgerOutcome(ledger_id, LedgerState.HELD, refused.reason)
        except (ApiUnavailable, KeysRefused) as error:  # the keys were good enough to list the ledgers a moment ago
            self.store.ledgers.troubled(ledger_id, str(error), self.clock())
            return LedgerOutcome(ledger_id, LedgerState.TRY_LATER, str(error))
        except StoreUnavailable as error:
            return LedgerOutcome(ledger_id, LedgerState.TRY_LATER, str(error))

    def _read(self, stored: StoredLedger, cursors: Mapping[Book, str | None], unsettled: bool) -> LedgerOutcome:
        ledger = stored.ledger
        entries, reached = 0, dict(cursors)
        for page in self.api.pages(ledger, cursors):
            reached |= page.cursors
            new = self.store.mirror.append(without_old_payers(page, self.retention, self.clock()))
            entries += new
            self.progress.mirrored(ledger.ledger_id, new)
            if self.stopped():
                return LedgerOutcome(ledger.ledger_id, LedgerState.TRY_LATER, STOPPED, entries)
        payouts: list[PayoutRecord] = []
        if entries or unsettled:
            for record in settle_ledger(self.store, ledger, self.rules, self.clock()):
                payouts.append(record)
                self.progress.settled(record)
                if self.stopped():
                    return LedgerOutcome(ledger.ledger_id, LedgerState.TRY_LATER, UNSETTLED, entries, tuple(payouts))
        if stored.caught_up_at is None:
            self.store.ledgers.caught_up(ledger.ledger_id, self.clock())
        self._note_trouble(stored, self.api.payouts_left(ledger, reached))
        return LedgerOutcome(ledger.ledger_id, LedgerState.SERVED, entries=entries, payouts=tuple(payouts))

    def _note_trouble(self, stored: StoredLedger, left: range) -> None:
        """Note that a payout lacks its payout row, once another is listed behind it: the last may still be growing."""
        ledger_id, reason = stored.ledger.ledger_id, None
        if len(left) > 1:
            reason = f"payout {left[0]} still lacks its payout row, although the Report API lists payouts behind it"
        if stored.trouble not in (None, reason):
            self.store.ledgers.recovered(ledger_id)  # what lasts now began now
        if reason:
            self.store.ledgers.troubled(ledger_id, reason, self.clock())
