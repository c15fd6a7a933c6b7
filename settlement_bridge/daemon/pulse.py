"""The sign of life: given by the work itself, so that work which hangs gives none."""

import time
from typing import Final

from settlement_bridge.daemon.systemd import ServiceManager

_PARTS: Final = 4
"""The watchdog hears from us so many times in its time, as long as there is something to hear."""
IDLE_SECONDS: Final = 60.0


class Pulse:
    """Is told whenever something got on: a page, a ledger, a file, or a worker that found nothing to do."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._least = (manager.watchdog or 0) / _PARTS
        self._beaten = self._told = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """How often a worker without work is to be asked for a sign of life."""
        return min(IDLE_SECONDS, self._least) if self._least else IDLE_SECONDS

    def beat(self) -> None:
        """Give a sign of life."""
        self._beaten = time.monotonic()
        if self._manager.watchdog and self._beaten - self._told >= self._least / 2:
            self._told = self._beaten
            self._manager.alive()

    def silence(self) -> float:
        """Return the seconds since the last sign of life."""
        return time.monotonic() - self._beaten
