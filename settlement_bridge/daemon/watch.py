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

    def look(self, upkeep: Upkeep, ended: Ended, limits: Alarms, notifier: Notifier) -> Stand | None:
        """Tell of what has changed for the worse or the better with a run.

        Return how everything stands; None where the store cannot say.
        """
        now = datetime.now(UTC)
        of_runs = {name: alarm for name, alarm in self._known.items() if name in (RUN, BROKEN_RUN)}
        stand = None
        try:
            stored = {alarm.name: alarm for alarm in upkeep.alarms.all()}
            stand = upkeep.stand()
        except BridgeError as error:
            others = [alarm for name, alarm in self._known.items() if name not in of_runs]
            found = [*others, *alarms([], Ended(error.exit_code, None, error=error), now)]
        else:
            self._known = of_runs | stored
            found = list(alarms(stand.conditions, ended, now))
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
        gone = [*changed.forgotten, *(changed.over if told else ())]
        before = self._known
        still = () if told else changed.over
        self._known = {alarm.name: alarm for alarm in (*changed.quiet, *begun, *still)}
        news = [alarm for alarm in self._known.values() if before.get(alarm.name) != alarm]
        try:
            upkeep.alarms.change(news, gone)
        except BridgeError as error:
            logs.trouble("store_unavailable", reason=str(error))
