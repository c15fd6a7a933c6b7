"""The sign of life: given by the work itself, so that work which hangs gives none."""

import time
from typing import Final

from settlement_bridge.config import ReportApi
from settlement_bridge.daemon import logs
from settlement_bridge.daemon.systemd import ServiceManager

_PARTS: Final = 4
"""The watchdog hears from us so many times in its time, as long as there is something to hear."""
IDLE_SECONDS: Final = 60.0


class Pulse:
    """Is told whenever something got on: a page, a payout, a ledger, a file, or a worker that found nothing to do."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._least = (manager.watchdog or 0) / _PARTS
        self._beaten = self._told = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """How often a worker without work is to be asked for a sign of life."""
        return min(IDLE_SECONDS, self._least) if self._least else IDLE_SECONDS

    def check(self, api: ReportApi) -> None:
        """Say so where one request may be silent for longer than the watchdog bears."""
        longest = api.attempts * (api.connect_timeout + api.read_timeout) + (api.attempts - 1) * api.longest_wait
        if self._manager.watchdog and longest > self._manager.watchdog:
            reason = (
                f"one request may take {longest:.0f} s with all its attempts, and systemd kills a service that is "
                f"silent for {self._manager.watchdog:.0f} s: raise WatchdogSec, or lower the timeouts of [report_api]"
            )
            logs.trouble("watchdog_short", reason=reason)

    def beat(self) -> None:
        """Give a sign of life."""
        self._beaten = time.monotonic()
        if self._manager.watchdog and self._beaten - self._told >= self._least / 2:
            self._told = self._beaten
            self._manager.alive()

    def silence(self) -> float:
        """Return the seconds since the last sign of life."""
        return time.monotonic() - self._beaten
