"""A run: every ledger the keys can see, side by side, and every file that is due."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from typing import Any

from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.families import Gate
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, Progress, RunOutcome
from settlement_bridge.bridge.read import LedgerReader
from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.errors import DataRefused, NotFound
from settlement_bridge.model import Ledger
from settlement_bridge.report_api import ReportApi
from settlement_bridge.settlement.rows import msn_of
from settlement_bridge.store import NOT_READ, Store, StoredLedger

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sync:
    """The parts of a run."""

    store: Store
    api: ReportApi
    settings: BridgeSettings
    clock: Callable[[], datetime]
    progress: Progress
    stop: threading.Event
    """Once set, the run ends as soon as the page, payout or file in hand is done."""

    def run(self, only: frozenset[str] | None = None, dry_run: bool = False) -> RunOutcome:
        """Read every ledger in scope, or `only` some, and deliver what is due; `dry_run` delivers nothing.

        Raises what concerns the whole run: KeysRefused, ApiUnavailable where not even the ledgers could be listed,
        Busy, StoreUnavailable, StoreBroken; and NotFound where none of `only` is among the ledgers.
        """
        self.store.mirror.clean_up()
        self._purge()
        listed, refused = self.api.listing()
        chosen = self._choose(listed, refused, only)
        self.store.ledgers.remember(chosen)
        self.store.settlements.plan_deliveries(self.settings.delivery_plan())
        known = {one.ledger.ledger_id: one for one in self.store.ledgers.all()}
        for one in known.values():
            if one.trouble and not self.settings.scope.includes(one.ledger.ledger_id):
                self.store.ledgers.recovered(one.ledger.ledger_id)  # nobody wants to read it any more
        left_out = [error for error in refused if self.settings.scope.includes(error.ledger_id)]
        for error in left_out:
            if error.ledger_id in known:
                self.store.ledgers.troubled(error.ledger_id, error.reason, self.clock())
        self.progress.listed(len(chosen))
        run = _Run(self, [known[ledger.ledger_id] for ledger in chosen], dry_run)
        run.go()
        if not dry_run:
            run.deliver_unlisted(known.values(), only)
        ids = {one.ledger_id for one in listed} | {error.ledger_id for error in refused}
        warnings = [*_lost(ids, known), *self._strange_sales_units(listed)]
        problems = [f"ledger {error.ledger_id} was left out of this run: {error.reason}" for error in left_out]
        return RunOutcome(run.ledgers, run.deliveries, [*problems, *self._problems(ids, known)], warnings)

    def _purge(self) -> None:
        """Forget the payers whose time is up; all of them where personal data is no longer wanted."""
        retention = self.settings.retention
        if self.store.payers.purge(self.clock() - retention if retention else None):
            _log.info("names and messages of payers whose time was up have been purged")

    def _choose(
        self, listed: Sequence[Ledger], refused: Iterable[DataRefused], only: frozenset[str] | None
    ) -> list[Ledger]:
        ledgers = [ledger for ledger in listed if self.settings.scope.includes(ledger.ledger_id)]
        if only is None:
            return ledgers
        chosen = [ledger for ledger in ledgers if ledger.ledger_id in only]
        if not chosen:
            for error in refused:
                if error.ledger_id in only:
                    raise error
            wanted = ", ".join(sorted(only)) or repr("")
            raise NotFound(
                f"ledger {wanted} is not among the {len(ledgers)} ledgers that these keys can see and sync.ledgers "
                "includes; `settlement-bridge ledgers` lists them"
            )
        return chosen

    def _problems(self, listed: Collection[str], known: Collection[str]) -> list[str]:
        if not listed:
            return ["the Report API lists no ledger for these keys: grant them access to one in the merchant portal"]
        return [
            f"sync.ledgers names {ledger_id}, which is not among the {len(listed)} ledgers that these keys can see; "
            "correct it or leave it out (`settlement-bridge ledgers` lists them)"
            for ledger_id in sorted((self.settings.scope.ledgers or frozenset()).difference(listed, known))
        ]

    def _strange_sales_units(self, listed: Iterable[Ledger]) -> Iterator[str]:
        # No failure: a sales unit may have been closed, and its settlements published long ago.
        found = {msn_of(handle) for ledger in listed for handle in ledger.handles}
        named = self.settings.scope.sales_units or frozenset()
        for msn in sorted(named - {msn for msn in found if msn}):
            yield f"sync.sales_units names {msn}, which no ledger settles for now; if it is misspelt, correct it"


def _lost(listed: Collection[str], known: Iterable[str]) -> list[str]:
    gone = [ledger_id for ledger_id in known if ledger_id not in listed]
    return [f"ledger {ledger_id} is no longer listed: these keys have lost access to it" for ledger_id in gone]


class _Run:
    """One run under way. Ledgers are read side by side; a ledger's files follow as soon as its gate opens."""

    def __init__(self, sync: Sync, chosen: Sequence[StoredLedger], dry_run: bool) -> None:
        self._sync = sync
        self._chosen = chosen
        self._dry_run = dry_run
        self._abandoned = False
        self._deliverer = Deliverer(sync.store, sync.settings)
        self._reader = LedgerReader(
            sync.store,
            sync.api,
            sync.settings.rules,
            sync.clock,
            sync.progress,
            self._stopped,
            sync.settings.retention,
        )
        self._gate = Gate(chosen)
        self._finished: SimpleQueue[Future[Any]] = SimpleQueue()
        self._under_way = 0
        self._due = {one.settlement.ledger_id for one in self._deliverer.due()}
        self.ledgers: list[LedgerOutcome] = []
        self.deliveries: list[Delivered] = []

    def go(self) -> None:
        """Read all, deliver all; raises the first error that concerns the whole run, after those under way ended."""
        unsettled = self._sync.store.settlements.ledgers_to_settle()
        cursors = self._sync.store.mirror.cursors(by_payout=self._sync.api.by_payout)
        with ThreadPoolExecutor(self._sync.settings.parallel, thread_name_prefix="ledger") as pool:
            try:
                for stored in self._chosen:
                    ledger_id = stored.ledger.ledger_id
                    self._start(
                        pool.submit(self._reader.read, stored, cursors.get(ledger_id, NOT_READ), ledger_id in unsettled)
                    )
                while self._under_way:
                    self._take(pool, self._finished.get().result())
            except BaseException:
                self._abandoned = True
                pool.shutdown(cancel_futures=True)
                raise

    def _stopped(self) -> bool:
        return self._abandoned or self._sync.stop.is_set()

    def _start(self, future: Future[Any]) -> None:
        self._under_way += 1
        future.add_done_callback(self._finished.put)

    def _take(self, pool: ThreadPoolExecutor, result: LedgerOutcome | list[Delivered]) -> None:
        self._under_way -= 1
        if isinstance(result, list):
            self.deliveries.extend(result)
            return
        self.ledgers.append(result)
        self._sync.progress.read(result)
        opened = [one for one in self._gate.read(result) if one.payouts or one.ledger_id in self._due]
        deliverable = [one.ledger_id for one in opened if one.state is not LedgerState.HELD]
        if deliverable and not self._dry_run:
            self._start(pool.submit(self._deliver, deliverable))

    def _deliver(self, ledger_ids: Collection[str]) -> list[Delivered]:
        results: list[Delivered] = []
        for stored in self._deliverer.due(ledger_ids):
            if self._stopped():
                break
            for delivered in self._deliverer.deliver(stored, self._sync.clock()):
                self._sync.progress.delivered(delivered)
                results.append(delivered)
        return results

    def deliver_unlisted(self, known: Iterable[StoredLedger], only: frozenset[str] | None) -> None:
        """Deliver what was proven of ledgers, of `only` some, that are not part of this run any more."""
        chosen = {one.ledger.ledger_id for one in self._chosen}
        held = {one.ledger.ledger_id for one in known if one.hold_reason}
        left = (self._due if only is None else self._due & only) - chosen - held
        if left:
            self.deliveries.extend(self._deliver(left))
