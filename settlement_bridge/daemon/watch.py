"""Looks after every run for what somebody has to be told, and remembers who has been."""

from dataclasses import replace
from datetime import UTC, datetime

from settlement_bridge.bridge import Alarm, Stand, Upkeep
from settlement_bridge.config import Alarms
from settlement_bridge.daemon import logs
from settlement_bridge.daemon.alarms import BROKEN_RUN, RUN, Changes, alarms, changes
from settlement_bridge.daemon.notify import Notifier
from settlement_bridge.daemon.runner import Ended
from settlement_bridge.errors import BridgeError


class Watch:
    """The alarms that are on, kept in the store; while that is out of reach, what was last known of them."""

    def __init__(self) -> None:
        self._known: dict[str, Alarm] = {}
        self._unsaved: dict[str, Alarm] = {}
        self._unforgotten: dict[str, Alarm] = {}
        """What the store could not be told yet: it would have people told again."""

    def look(self, upkeep: Upkeep, ended: Ended, limits: Alarms, notifier: Notifier) -> Stand | None:
        """Tell of what has changed for the worse or the better with a run.

        Return how everything stands; None where the store cannot say.
        """
        now = datetime.now(UTC)
        stand = None
        try:
            stored = {alarm.name: alarm for alarm in upkeep.alarms.all() if alarm.name not in self._unforgotten}
            stand = upkeep.stand()
        except BridgeError as error:
            others = [alarm for name, alarm in self._known.items() if name not in (RUN, BROKEN_RUN)]
            unreachable = Ended(error.exit_code, None, error=error)
            found = [*others, *alarms([], unreachable, now, self._known)]
        else:
            self._known = stored | self._unsaved
            found = list(alarms(stand.conditions, ended, now, self._known))
        changed = changes(self._known, found, limits, now)
        self._keep(upkeep, changed, told=self._tell(changed, notifier))
        return stand

    def _tell(self, changed: Changes, notifier: Notifier) -> bool:
        for alarm in changed.begun:
            logs.trouble("alarm", about=alarm.name, reason=alarm.sentence, since=alarm.since.isoformat())
        for alarm in changed.over:
            logs.event("alarm_over", about=alarm.name, since=alarm.since.isoformat())
        return not changed or notifier.send(f"settlement-bridge: {changed.title()}", changed.lines())

    def _keep(self, upkeep: Upkeep, changed: Changes, *, told: bool) -> None:
        begun = [replace(alarm, told=told) for alarm in changed.begun]
        gone = {alarm.name: alarm for alarm in (*changed.forgotten, *(changed.over if told else ()))}
        before = self._known
        still = () if told else changed.over
        self._known = {alarm.name: alarm for alarm in (*changed.quiet, *begun, *still)}
        news = {name: alarm for name, alarm in self._known.items() if before.get(name) != alarm}
        self._unsaved = {name: alarm for name, alarm in (self._unsaved | news).items() if name not in gone}
        self._unforgotten = {name: alarm for name, alarm in (self._unforgotten | gone).items() if name not in news}
        try:
            upkeep.alarms.change(self._unsaved.values(), self._unforgotten.values())
        except BridgeError as error:
            logs.trouble("store_unavailable", reason=str(error))
        else:
            self._unsaved, self._unforgotten = {}, {}
