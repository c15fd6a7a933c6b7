"""What the daemon has of one configuration: all of it built, or nothing."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from apscheduler.triggers.base import BaseTrigger

from settlement_bridge.bridge import Bridge
from settlement_bridge.config import Configuration
from settlement_bridge.daemon.notify import Notifier
from settlement_bridge.daemon.schedule import trigger


@dataclass(frozen=True)
class Parts:
    """Everything that a reload replaces together."""

    configuration: Configuration
    bridge: Bridge
    trigger: BaseTrigger
    notifier: Notifier


def build(configuration: Configuration, stop: threading.Event) -> Parts:
    """Build what a configuration asks for; raises ConfigurationError, StoreUnavailable and StoreBroken."""
    with ExitStack() as undo:
        bridge = undo.enter_context(Bridge(configuration, stop=stop))
        parts = Parts(
            configuration=configuration,
            bridge=bridge,
            trigger=trigger(configuration.schedule, bridge.upkeep.minute()),
            notifier=Notifier(configuration.notify.urls),
        )
        undo.pop_all()
    return parts
