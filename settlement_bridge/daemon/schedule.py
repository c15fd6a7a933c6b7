"""When to run: the arithmetic of clocks, with nothing that waits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from settlement_bridge.config import Schedule, cron_fields

RUSH = timedelta(minutes=11)
"""How long after the hour the provider does not want to be called by programs."""
_LONGEST_SHIFT = timedelta(hours=3)
"""More than any clock is put forward or back."""


def trigger(schedule: Schedule, minute: int) -> BaseTrigger:
    """Return when runs are due; `minute` is this installation's own, for a schedule that says nothing else."""
    triggers = list(_triggers(schedule))
    return OrTrigger(triggers) if triggers else CronTrigger(minute=minute, timezone=UTC)


def _triggers(schedule: Schedule) -> Iterator[BaseTrigger]:
    for fields in cron_fields(schedule.cron) if schedule.cron else ():
        yield WallClock(fields, schedule.time_zone)
    for time in schedule.times or ():
        hour, minute = time.split(":")
        yield WallClock({"hour": hour, "minute": minute}, schedule.time_zone)


def retry_time(ended: datetime, seconds: float) -> datetime:
    """Return when to look again at what a run could not do: not in the first minutes of an hour."""
    due = ended + timedelta(seconds=seconds)
    into_the_hour = timedelta(minutes=due.minute, seconds=due.second)
    return due if seconds < RUSH.total_seconds() or into_the_hour >= RUSH else due + RUSH


class WallClock(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Cron's fields on the clock on the wall, every match once, also in the nights when that clock is changed.

    As cron does it: a time that is skipped comes by as much later as the clock was put forward; one that comes twice
    counts the first time. For a rule that runs in every hour (`*`), the hour skipped is none, the repeated one another.
    """

    def __init__(self, fields: dict[str, str], zone: ZoneInfo) -> None:
        # A clock that is never changed: what it shows is the time on the wall.
        self._wall = CronTrigger(**fields, timezone=UTC)
        self._zone = zone
        self._every_hour = fields["hour"].startswith("*")

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return the first instant after `previous`, and not before `now`; None where none will come."""
        after = now - timedelta.resolution
        if previous is not None:
            after = max(after, previous)
        found: datetime | None = None
        for wall in self._walls(after.astimezone(self._zone).replace(tzinfo=None) - _LONGEST_SHIFT):
            if found and wall > found.astimezone(self._zone).replace(tzinfo=None) + _LONGEST_SHIFT:
                break
            found = min((each for each in (found, *self._instants(wall)) if each and each > after), default=None)
        return found

    def _walls(self, since: datetime) -> Iterator[datetime]:
        at: Any = since.replace(tzinfo=UTC)
        while at := self._wall.get_next_fire_time(None, at):
            yield at.replace(tzinfo=None)
            at += timedelta(seconds=1)

    def _instants(self, wall: datetime) -> list[datetime]:
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        skipped = first.astimezone(self._zone).replace(tzinfo=None) != wall
        if skipped:
            return [] if self._every_hour else [first]
        return [first, second] if self._every_hour else [first]
