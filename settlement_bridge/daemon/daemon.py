"""The daemon: everything started, kept going, reloaded and ended in order."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final

from apscheduler.triggers.base import BaseTrigger

from settlement_bridge import __version__
from settlement_bridge.bridge import Bridge, tune_interpreter
from settlement_bridge.config import Configuration
from settlement_bridge.daemon import logs
from settlement_bridge.daemon.pulse import Pulse
from settlement_bridge.daemon.runner import BUSY_SECONDS, Ended, Runner
from settlement_bridge.daemon.schedule import retry_time, trigger
from settlement_bridge.daemon.scheduler import Scheduler
from settlement_bridge.daemon.systemd import ServiceManager
from settlement_bridge.daemon.worker import Worker
from settlement_bridge.errors import EXIT_DONE, BridgeError, ConfigurationError

EXIT_TERMINATED: Final = 128 + signal.SIGTERM
_ENDED: Final = 0
"""What stands for the end of the worker where signals are waited for; no signal has this number."""


class Daemon:
    """One daemon. SIGTERM and SIGINT end it, a second one at once; SIGHUP has it read its configuration again."""

    def __init__(self, load: Callable[[], Configuration], environ: Mapping[str, str], *, debug: bool = False) -> None:
        """`load` reads the configuration, now and at every SIGHUP; `debug` logs everything, whatever it says."""
        self._load = load
        self._debug = debug
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._stop = threading.Event()
        self._manager = ServiceManager(environ)
        self._pulse = Pulse(self._manager)
        self._worker = Worker(lambda: self._signals.put(_ENDED))

    def run(self) -> int:
        """Work until told to end; return the exit code. Only for the main thread.

        Raises ConfigurationError, StoreUnavailable and StoreBroken where it cannot begin.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._configuration = self._load()
        self._log()
        logs.event("starting", version=__version__, pid=os.getpid())
        self._runner = Runner(self._open(self._configuration), self._pulse.beat, self._on_ended)
        self._scheduler = Scheduler(self._worker.ask, self._runner)
        tune_interpreter()
        self._worker.start()
        self._scheduler.start(_trigger(self._configuration, self._runner.bridge), self._pulse.idle_seconds)
        self._manager.ready("the first run has begun")
        logs.event("ready")
        while (asked := self._signals.get()) == signal.SIGHUP:
            self._reload()
        return self._end(asked)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._signals.put(number)

    def _open(self, configuration: Configuration) -> Bridge:
        return Bridge(configuration, stop=self._stop)

    def _log(self) -> None:
        settings = self._configuration.daemon
        logs.log_to_stderr(settings.log_format, "debug" if self._debug else settings.log_level)

    def _reload(self) -> None:
        """Take over a new configuration, or none of it. A run under way ends as it began."""
        self._manager.reloading()
        try:
            configuration = self._load()
            bridge = self._open(configuration)
            following = _trigger(configuration, bridge)
        except ConfigurationError as error:
            for problem in error.problems:
                logs.trouble("reload_refused", reason=problem)
        except BridgeError as error:
            logs.trouble("reload_refused", reason=str(error))
        else:
            self._configuration = configuration
            self._log()
            self._worker.ask(lambda: self._runner.use(bridge))
            self._scheduler.follow(following)
            logs.event("reloaded")
            self._worker.ask(self._runner.run)
        self._manager.ready("at work")

    def _on_ended(self, ended: Ended) -> None:
        """Plan what follows a run; called by the worker."""
        now = datetime.now(UTC)
        schedule = self._configuration.schedule
        if ended.again and ended.again.busy:
            self._scheduler.retry_at(now + timedelta(seconds=min(BUSY_SECONDS, schedule.retry)))
        else:
            self._scheduler.retry_at(retry_time(now, schedule.retry) if ended.again else None)
        if self._stop.is_set():
            return
        next_run = self._scheduler.next_run()
        self._announce(next_run)
        due = f"next run {next_run:%H:%M} UTC" if next_run else "no run is due"
        self._manager.status(f"{due}; the last one {ended}")
        logs.event("waiting", next_run=next_run and next_run.isoformat(timespec="seconds"))

    def _announce(self, next_run: datetime | None) -> None:
        try:
            self._runner.bridge.plan.announce(next_run)
        except BridgeError as error:
            logs.trouble("store_unavailable", reason=str(error))

    def _end(self, asked: int) -> int:
        """Let the page or file in hand be finished; return the exit code."""
        timeout = self._configuration.daemon.stop_timeout
        self._manager.stopping(f"finishing what is in hand, for at most {timeout:g} s")
        logs.event("stopping", signal=signal.Signals(asked).name)
        self._stop.set()
        self._scheduler.stop()
        self._worker.end()
        try:
            while (asked := self._signals.get(timeout=timeout)) == signal.SIGHUP:
                pass
        except Empty:
            logs.trouble("stopped_late", reason=f"what was in hand took longer than daemon.stop_timeout = {timeout:g}")
            os._exit(EXIT_TERMINATED)
        if asked != _ENDED:
            # Whatever is cut off here is absent or whole at the next start: that is how it is written.
            logs.trouble("stopped_at_once", signal=signal.Signals(asked).name)
            os._exit(EXIT_TERMINATED)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        self._announce(None)
        self._runner.bridge.close()
        logs.event("stopped")
        return EXIT_DONE


def _trigger(configuration: Configuration, bridge: Bridge) -> BaseTrigger:
    return trigger(configuration.schedule, bridge.plan.minute())
