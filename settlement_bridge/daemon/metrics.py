"""What Prometheus is told. No label has more than a handful of values, however many ledgers there are."""

import time
from collections import Counter as Counted
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from settlement_bridge import __version__
from settlement_bridge.bridge import ConditionKind, DeliveryState, Stand
from settlement_bridge.daemon.runner import Ended
from settlement_bridge.errors import EXIT_CONFIGURATION, EXIT_DONE, EXIT_TRY_LATER

_OUTCOMES = {EXIT_DONE: "done", EXIT_TRY_LATER: "try_later", EXIT_CONFIGURATION: "configuration"}
_BUCKETS = (1, 5, 15, 60, 300, 900, 3600, 14400)

Logins = Callable[[], Mapping[str, int]]
"""Says how many attempts to log in there were, by outcome."""


class Metrics:
    """The numbers, under their names for ever."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        _Process(registry=registry)
        name = "settlement_bridge"
        self._build = Gauge(f"{name}_build_info", "The version at work.", ["version"], registry=registry)
        self._build.labels(__version__).set(1)
        self._runs = Counter(
            f"{name}_runs_total", "Runs, retries among them, by how they ended.", ["outcome"], registry=registry
        )
        self._duration = Histogram(
            f"{name}_run_duration_seconds", "How long runs took.", buckets=_BUCKETS, registry=registry
        )
        self._last = Gauge(f"{name}_last_run_timestamp_seconds", "When the last run ended.", registry=registry)
        self._success = Gauge(
            f"{name}_last_success_timestamp_seconds",
            "When a run last ended of which nothing has to be looked at or tried again.",
            registry=registry,
        )
        self._next = Gauge(f"{name}_next_run_timestamp_seconds", "When the next run is due.", registry=registry)
        self._entries = Counter(f"{name}_entries_mirrored_total", "Entries of ledgers mirrored.", registry=registry)
        self._files = Counter(
            f"{name}_files_total", "Files delivered, refused or failed.", ["state"], registry=registry
        )
        self._ledgers = Gauge(f"{name}_ledgers", "Ledgers known.", registry=registry)
        self._held = Gauge(f"{name}_ledgers_held", "Ledgers that are held.", registry=registry)
        self._unread = Gauge(
            f"{name}_ledgers_unread", "Ledgers that could not be read to their end.", registry=registry
        )
        self._waiting = Gauge(f"{name}_payouts_waiting", "Payouts that wait for their fees.", registry=registry)
        self._undelivered = Gauge(
            f"{name}_files_undelivered", "Files some destination has not got.", ["state"], registry=registry
        )
        self._logins = _Logins(f"{name}_sftp_logins")
        registry.register(self._logins)

    def begin(self, stand: Stand, last_run: datetime | None, last_success: datetime | None) -> None:
        """Say how everything stood before this process, so that no alert comes and goes with a restart."""
        self.stand(stand)
        for gauge, time_of in ((self._last, last_run), (self._success, last_success)):
            if time_of:
                gauge.set(time_of.timestamp())

    def ended(self, ended: Ended) -> None:
        """Count a run."""
        outcome = "busy" if ended.again and ended.again.busy else _OUTCOMES.get(ended.exit_code, "failed")
        self._runs.labels(outcome).inc()
        self._duration.observe(ended.seconds)
        self._last.set_to_current_time()
        if ended.exit_code == EXIT_DONE:
            self._success.set_to_current_time()
        if ended.outcome:
            self._entries.inc(sum(ledger.entries for ledger in ended.outcome.ledgers))
            for delivered in ended.outcome.deliveries:
                self._files.labels(delivered.state.value).inc()

    def stand(self, stand: Stand | None) -> None:
        """Say how everything stands; where nobody knows (None), it stays as it was."""
        if stand is None:
            return
        found = Counted(condition.kind for condition in stand.conditions)
        self._ledgers.set(stand.ledgers)
        self._held.set(found[ConditionKind.HELD])
        self._unread.set(found[ConditionKind.UNREAD])
        self._waiting.set(found[ConditionKind.WAITING])
        self._undelivered.labels(DeliveryState.REFUSED.value).set(found[ConditionKind.REFUSED])
        self._undelivered.labels(DeliveryState.FAILED.value).set(found[ConditionKind.FAILED])

    def next_run(self, time: datetime | None) -> None:
        """Say when the next run is due."""
        self._next.set(time.timestamp() if time else 0)

    def count_logins(self, logins: Logins | None) -> None:
        """Say from now on what an SFTP server has counted; None where there is none."""
        self._logins.counted = logins

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)


class _Process(ProcessCollector):
    """Tells of the process also where `ProcSubset=pid` hides /proc/stat, which knows when the machine was started."""

    def _boot_time(self) -> float:
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


class _Logins(Collector):
    """Asks the SFTP server, which counts itself, whenever Prometheus asks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.counted: Logins | None = None

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Return the numbers; see Collector."""
        family = CounterMetricFamily(self._name, "Logins at the SFTP server, by how they ended.", labels=["outcome"])
        for outcome, number in (self.counted() if self.counted else {}).items():
            family.add_metric([outcome], number)
        yield family
