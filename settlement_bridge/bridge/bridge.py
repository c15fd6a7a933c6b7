"""The bridge as its doors see it: one object, opened from a configuration."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from settlement_bridge.bridge.audit import Audit, audit, audit_period
from settlement_bridge.bridge.check import Finding, check, check_serving
from settlement_bridge.bridge.compare import ComparedFile, Comparer
from settlement_bridge.bridge.copies import CopyProgress, back_up, migrate_store
from settlement_bridge.bridge.find import Found, find
from settlement_bridge.bridge.format_choice import XML, FormatChoice
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.inbox import Inbox, inbox, restore
from settlement_bridge.bridge.lease import working
from settlement_bridge.bridge.open_items import OpenItems, open_entries, open_items
from settlement_bridge.bridge.outcome import LedgerOutcome, NoProgress, Progress, RunOutcome
from settlement_bridge.bridge.period_report import Period, PeriodReport, period_report
from settlement_bridge.bridge.render import render, republish
from settlement_bridge.bridge.resync import resync
from settlement_bridge.bridge.serving import sftp_server, view_of, with_served_outlet
from settlement_bridge.bridge.settings import api_settings, bridge_settings
from settlement_bridge.bridge.status import Status, status
from settlement_bridge.bridge.sync import Sync
from settlement_bridge.bridge.upkeep import Upkeep
from settlement_bridge.config import Configuration
from settlement_bridge.errors import EXIT_FAILED, EXIT_INTERRUPTED, BridgeError
from settlement_bridge.model import Ledger, LedgerEntry
from settlement_bridge.report_api import ReportApi
from settlement_bridge.store import Document, TableSum, open_store

if TYPE_CHECKING:
    from settlement_bridge.sftp_server import SftpServer


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


def _exit_code(error: BaseException) -> int:
    """Return the code that a command ends with when this ends its run."""
    match error:
        case BridgeError():
            return error.exit_code
        case KeyboardInterrupt():
            return EXIT_INTERRUPTED
        case SystemExit(code=int(code)):
            return code
        case _:
            return EXIT_FAILED


class Bridge:
    """Everything the commands do. Close it, or use it as a context manager.

    Opening raises ConfigurationError, StoreUnavailable and StoreBroken; the Report API is not asked before it is
    needed. `stop`, once set, ends waits for the Report API and
    runs as soon as the page, payout or file in hand is done.
    """

    def __init__(
        self,
        configuration: Configuration,
        clock: Callable[[], datetime] = utc_now,
        stop: threading.Event | None = None,
    ) -> None:
        settings = bridge_settings(configuration)
        self._configuration = configuration
        self._clock = clock
        self._store = open_store(configuration.store.url.get_secret_value())
        self._settings = with_served_outlet(settings, configuration, self._store, clock)
        self._stop = stop or threading.Event()
        self._api = ReportApi(api_settings(configuration), self._stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections to the Report API, to destinations and to the database."""
        with closing(self._store), closing(self._api):
            for outlet in self._settings.outlets:
                outlet.destination.close()

    def sync(
        self,
        only: frozenset[str] | None = None,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
        command: str = "sync",
    ) -> RunOutcome:
        """Mirror, settle and deliver whatever is new; see Sync.run. Raises Busy while another process works.

        `command` is what others are told who wants the store meanwhile.
        """
        progress = progress or NoProgress()
        with working(self._store, command, self._clock):
            run_id = self._store.runs.start(self._clock())
            progress.begun(run_id)
            try:
                run = Sync(self._store, self._api, self._settings, self._clock, progress, self._stop)
                outcome = run.run(only, dry_run)
            except BaseException as error:
                said = {"error": str(error) or type(error).__name__}
                self._store.runs.finish(run_id, _exit_code(error), said, self._clock())
                raise
            self._store.runs.finish(run_id, outcome.exit_code, outcome.summary(), self._clock())
        return outcome

    @property
    def upkeep(self) -> Upkeep:
        """What a daemon keeps in the store."""
        return Upkeep(self._store)

    def ledgers(self) -> list[Ledger]:
        """Return the ledgers as the Report API lists them now."""
        return self._api.ledgers()

    def status(self) -> Status:
        """Return how every ledger stands, from the store alone."""
        return status(self._store, self._clock())

    def find(self, text: str) -> list[Found]:
        """Return where an order id, transaction id or mapped number went."""
        return find(self._store, text)

    def render(
        self, ledger_id: str, payout: int, choice: FormatChoice = XML
    ) -> Iterator[tuple[str, Callable[[BinaryIO], None]]]:
        """Yield name and writer of each file of a payout, without publishing; see render."""
        return render(self._store, self._settings, ledger_id, payout, choice, self._clock())

    def compare(self, path: Path) -> ComparedFile:
        """Compare an archived settlement file with what would be rendered for it; see Comparer.compare."""
        return Comparer(self._store, self._settings, self._clock()).compare(path)

    def report(self, msn: str, period: Period, choice: FormatChoice = XML) -> PeriodReport:
        """Prepare one file with every settlement of a sales unit over a period; see period_report."""
        return period_report(self._store, self._settings, msn, period, choice, self._clock())

    def open_items(self, ledger_id: str) -> OpenItems:
        """Return what a ledger has not paid out yet, from the store alone; see open_items."""
        return open_items(self._store, ledger_id)

    def open_entries(self, items: OpenItems) -> Iterator[LedgerEntry]:
        """Yield the entries that are not paid out yet, as a stream."""
        return open_entries(self._store, items)

    def audit_period(self, ledger_id: str, first: date | None, last: date | None) -> Period:
        """Return the period that an audit covers; see audit_period."""
        return audit_period(self._store, ledger_id, first, last)

    def audit(self, ledger_id: str, period: Period, days_read: Callable[[int], None]) -> Audit:
        """Read a ledger again by dates and hold it against the mirror; see audit."""
        return audit(self._store, self._api, ledger_id, period, days_read)

    def republish(self, ledger_id: str, payout: int) -> list[Delivered]:
        """Deliver a payout's files once more; see republish."""
        with working(self._store, "republish", self._clock):
            return republish(self._store, self._settings, ledger_id, payout, self._clock())

    def resync(self, ledger_id: str, progress: Progress | None = None) -> LedgerOutcome:
        """Read a ledger again from the start; see resync."""
        with working(self._store, "resync", self._clock):
            rules, retention = self._settings.rules, self._settings.retention
            return resync(self._store, self._api, rules, ledger_id, self._clock, progress or NoProgress(), retention)

    def back_up(self, file: Path, progress: CopyProgress) -> list[TableSum]:
        """Copy the store into a new SQLite file; see back_up."""
        return back_up(self._store, file, self._clock, progress)

    def migrate_store(self, target: str, progress: CopyProgress, *, trial: bool = False) -> list[TableSum]:
        """Move the store to an empty database; see migrate_store."""
        return migrate_store(self._store, target, self._clock, progress, trial=trial)

    def inbox(self, user_name: str) -> Inbox:
        """Return what a user of the SFTP server finds there; raises NotFound."""
        return inbox(self._store, view_of(self._configuration, user_name))

    def restore(self, user_name: str, pattern: str) -> Sequence[Document]:
        """Put files back into a user's inbox, and return them; see restore. Raises NotFound."""
        return restore(self._store, view_of(self._configuration, user_name), pattern)

    def sftp_server(self) -> "SftpServer":
        """Return the SFTP server of this store, to be started and stopped before the bridge is closed.

        Raises ConfigurationError where none is configured, or its own keys cannot be used.
        """
        return sftp_server(self._configuration, self._store, self._clock)

    def check(self) -> list[Finding]:
        """Return what a run would run into; see check."""
        findings = check(self._store, self._api, self._settings, self._clock)
        return [*findings, *check_serving(self._configuration)]
