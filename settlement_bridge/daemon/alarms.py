"""What somebody has to be told: once when it begins, or has lasted too long, and once when it is over."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from settlement_bridge.bridge import Alarm, Condition, ConditionKind, alike, cause
from settlement_bridge.config import Alarms
from settlement_bridge.daemon.runner import Ended
from settlement_bridge.errors import EXIT_TRY_LATER

RUN = "run"
"""The name of the alarm that no run can be done at all."""
BROKEN_RUN = "broken run"
"""The same, where trying again does not help."""

_LATELY: Mapping[str, str] = {
    ConditionKind.HELD: "held",
    ConditionKind.UNREAD: "cannot be read to its end",
    ConditionKind.WAITING: "waits for its fees",
    ConditionKind.REFUSED: "was refused",
    ConditionKind.FAILED: "cannot be delivered",
}


@dataclass(frozen=True)
class Changes:
    """What has changed for somebody who is told of alarms only."""

    begun: tuple[Alarm, ...]
    over: tuple[Alarm, ...]
    quiet: tuple[Alarm, ...]
    """What has not lasted long enough, or was told of before."""
    forgotten: tuple[Alarm, ...]
    """What is over before anybody was told."""

    def __bool__(self) -> bool:
        return bool(self.begun or self.over)

    def title(self) -> str:
        """Say in a few words what has changed."""
        counts = ((self.begun, "to look at"), (self.over, "over"))
        return ", ".join(f"{len(some):,} {what}" for some, what in counts if some)

    def lines(self) -> list[str]:
        """Say what has changed, a line for each thing; one for all files that cannot be delivered for one cause."""
        begun = (
            f"{alarm.sentence} (since {_said(alarm.since)}){_more(more)}" for alarm, more in alike(self.begun, _cause)
        )
        return [*begun, *(f"{_over(alarm)}{_more(more)}" for alarm, more in alike(self.over, _cause))]


def alarms(
    found: Iterable[Condition], ended: Ended, now: datetime, before: Mapping[str, Alarm] = MappingProxyType({})
) -> Iterator[Alarm]:
    """Yield everything that may become an alarm, or is one; `before` is what was known until now."""
    for one in found:
        yield Alarm(f"{one.kind} {one.name}", f"{one.name} {_LATELY[one.kind]}: {one.reason}", one.since)
    if ended.error is not None:
        later = ended.exit_code == EXIT_TRY_LATER
        yield Alarm(RUN if later else BROKEN_RUN, f"no run can be done: {ended.error}", now)
        if later and BROKEN_RUN in before:
            yield before[BROKEN_RUN]  # a run that did not get that far cannot say that it is over


def changes(before: Mapping[str, Alarm], found: Iterable[Alarm], limits: Alarms, now: datetime) -> Changes:
    """Compare what was known with what is so now."""
    lasting = [_lasting(before.get(alarm.name), alarm) for alarm in found]
    begun = {alarm.name for alarm in lasting if not alarm.told and now - alarm.since >= _patience(alarm, limits)}
    names = {alarm.name for alarm in lasting}
    gone = [alarm for alarm in before.values() if alarm.name not in names]
    return Changes(
        begun=tuple(alarm for alarm in lasting if alarm.name in begun),
        over=tuple(alarm for alarm in gone if alarm.told),
        quiet=tuple(alarm for alarm in lasting if alarm.name not in begun),
        forgotten=tuple(alarm for alarm in gone if not alarm.told),
    )


def _lasting(before: Alarm | None, now: Alarm) -> Alarm:
    if before is None:
        return now
    # A file is tried again and again, and a run fails anew; of a ledger it is known since when it cannot be read.
    since = now.since if _kind(now) == ConditionKind.UNREAD else min(before.since, now.since)
    return replace(now, since=since, told=before.told)


def _kind(alarm: Alarm) -> str:
    return alarm.name.split()[0]


def _patience(alarm: Alarm, limits: Alarms) -> timedelta:
    kind = _kind(alarm)
    if kind in (ConditionKind.UNREAD, ConditionKind.FAILED, RUN):
        return timedelta(hours=limits.unreachable_hours)
    return timedelta(hours=limits.waiting_hours if kind == ConditionKind.WAITING else 0)


def _cause(alarm: Alarm) -> object:
    kind, _, name = alarm.name.partition(" ")
    return cause(alarm.sentence, name.rpartition(" at ")[0]) if kind == ConditionKind.FAILED else None


def _more(others: int) -> str:
    return f"; {others:,} more for the same reason" if others else ""


def _over(alarm: Alarm) -> str:
    return f"over: {alarm.sentence}"


def _said(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M %z}"
