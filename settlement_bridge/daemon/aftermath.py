"""What follows a run: the next one planned, the numbers kept, whoever has to be told is told."""

import gc
from datetime import UTC, datetime, timedelta

from settlement_bridge.bridge import Upkeep
from settlement_bridge.daemon import logs
from settlement_bridge.daemon.metrics import Metrics
from settlement_bridge.daemon.parts import Parts
from settlement_bridge.daemon.pulse import Pulse
from settlement_bridge.daemon.runner import BUSY_SECONDS, Ended
from settlement_bridge.daemon.schedule import retry_time
from settlement_bridge.daemon.scheduler import Scheduler
from settlement_bridge.daemon.systemd import ServiceManager
from settlement_bridge.daemon.watch import Watch
from settlement_bridge.errors import BridgeError

LONGEST_SILENCE = 1200.0
"""Seconds without a sign of life before `/livez` says so, where systemd does not watch; as in its unit."""


class Aftermath:
    """Knows how the last run ended."""

    def __init__(self, scheduler: Scheduler, manager: ServiceManager, pulse: Pulse) -> None:
        self._scheduler = scheduler
        self._manager = manager
        self._pulse = pulse
        self._watch = Watch()
        self._last: Ended | None = None
        self.metrics = Metrics()

    def begin(self, upkeep: Upkeep) -> None:
        """Take up the numbers where the daemon before left them."""
        try:
            self.metrics.begin(upkeep.stand(), upkeep.last_run(), upkeep.last_success())
        except BridgeError as error:
            logs.trouble("store_unavailable", reason=str(error))

    def of(self, ended: Ended, parts: Parts) -> None:
        """Do what follows a run; called by the worker."""
        upkeep = parts.bridge.upkeep
        busy = ended.again is not None and ended.again.busy
        self._last = self._last if busy else ended
        self._plan_retry(ended, parts.configuration.schedule.retry)
        self.metrics.ended(ended)
        self.metrics.stand(self._watch.look(upkeep, ended, parts.configuration.alarms, parts.notifier))
        next_run = self._scheduler.next_run()
        self.metrics.next_run(next_run)
        self.announce(next_run, upkeep)
        due = f"next run {next_run:%H:%M} UTC" if next_run else "no run is due"
        self._manager.status(f"{due}; the last one {ended}")
        gc.collect()  # nobody else would for days: see tune_interpreter
        logs.event("waiting", next_run=next_run and next_run.isoformat(timespec="seconds"))

    def announce(self, next_run: datetime | None, upkeep: Upkeep) -> None:
        """Let `status` show when the next run is due."""
        try:
            upkeep.announce(next_run)
        except BridgeError as error:
            logs.trouble("store_unavailable", reason=str(error))

    def not_alive(self) -> str | None:
        """Say since when the work has not got on; None while it does."""
        silence = self._pulse.silence()
        longest = self._manager.watchdog or LONGEST_SILENCE
        return f"no sign of life for {silence:.0f} s" if silence > longest else None

    def not_ready(self) -> str | None:
        """Say why the last run could not be done; None where it could, or none has ended yet."""
        error = self._last.error if self._last else None
        return f"no run can be done: {error}" if error else self.not_alive()

    def _plan_retry(self, ended: Ended, seconds: float) -> None:
        now = datetime.now(UTC)
        if ended.again is None:
            self._scheduler.retry_at(None)
        elif ended.again.busy:
            self._scheduler.retry_at(now + timedelta(seconds=min(BUSY_SECONDS, seconds)))
        else:
            self._scheduler.retry_at(retry_time(now, seconds))
