"""What a daemon keeps in the store, and looks up there: its schedule, what is not well, who has been told of what."""

import random
from datetime import datetime
from typing import Final

from settlement_bridge.bridge.conditions import Stand, stand
from settlement_bridge.store import Store

MINUTES: Final = range(11, 60)
"""The provider asks for a random minute outside the first ten of the hour."""

_MINUTE: Final = "minute of the hour"
_NEXT_RUN: Final = "next run"


class Upkeep:
    """A daemon's part of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.alarms = store.alarms
        """What somebody has been told of."""

    def minute(self) -> int:
        """Return the minute of the hour this installation runs at: drawn once, the same ever after."""
        kept = self._store.notes.get(_MINUTE)
        if kept is None:
            drawn = random.choice(MINUTES)  # noqa: S311 (spreads load, keeps no secret)
            kept = self._store.notes.keep_first(_MINUTE, str(drawn))
        return int(kept)

    def next_run(self) -> datetime | None:
        """Return when the next run is due; None where no daemon has said so, or it was stopped."""
        kept = self._store.notes.get(_NEXT_RUN)
        return None if kept is None else datetime.fromisoformat(kept)

    def announce(self, next_run: datetime | None) -> None:
        """Say when the next run is due; None where there will be none."""
        if next_run == self.next_run():
            return
        if next_run is None:
            self._store.notes.remove(_NEXT_RUN)
        else:
            self._store.notes.put(_NEXT_RUN, next_run.isoformat())

    def last_run(self) -> datetime | None:
        """Return when the last run ended; None before the first one, and where it was killed."""
        last = self._store.runs.last()
        return last.finished if last else None

    def last_success(self) -> datetime | None:
        """Return when a run last ended of which nothing had to be looked at or tried again."""
        return self._store.runs.last_success()

    def stand(self) -> Stand:
        """Return how everything stands."""
        return stand(self._store)
