"""The daemon: everything started, kept going, reloaded and ended in order."""

import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final

from settlement_bridge import __version__
from settlement_bridge.bridge import tune_interpreter
from settlement_bridge.config import Configuration
from settlement_bridge.daemon import logs
from settlement_bridge.daemon.aftermath import Aftermath
from settlement_bridge.daemon.doors import Doors
from settlement_bridge.daemon.ending import EXIT_TERMINATED, end_at_once, ending_at_once
from settlement_bridge.daemon.parts import Parts, build
from settlement_bridge.daemon.pulse import Pulse
from settlement_bridge.daemon.runner import Ended, Runner
from settlement_bridge.daemon.scheduler import Scheduler
from settlement_bridge.daemon.systemd import ServiceManager
from settlement_bridge.daemon.worker import Worker
from settlement_bridge.errors import EXIT_DONE, BridgeError, ConfigurationError

CLOCK_SECONDS: Final = 10.0
"""How often somebody looks whether the machine's clock was set."""
_ENDED: Final = 0
"""What stands for the end of the worker where signals are waited for; no signal has this number."""


class Daemon:
    """One daemon. SIGTERM and SIGINT end it, a second one at once; SIGHUP has it read its configuration again."""

    def __init__(self, load: Callable[[], Configuration], environ: Mapping[str, str], *, debug: bool = False) -> None:
        """`load` reads the configuration, now and at every SIGHUP; `debug` logs everything, whatever it says."""
        self._load = load
        self._environ = environ
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
        faulthandler.enable()  # the watchdog's SIGABRT then shows where it hung
        with ending_at_once():
            parts = build(self._read(), self._stop)
        self._start(parts)
        while (asked := self._next_signal()) == signal.SIGHUP:
            self._reload()
        return self._end(asked)

    def _next_signal(self) -> int:
        while True:
            try:
                return self._signals.get(timeout=CLOCK_SECONDS)
            except Empty:
                self._scheduler.look_at_the_clock()

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._signals.put(number)

    def _read(self) -> Configuration:
        configuration = self._load()
        self._log(configuration)
        logs.event("starting", version=__version__, pid=os.getpid())
        return configuration

    def _log(self, configuration: Configuration) -> None:
        settings = configuration.daemon
        logs.log_to_stderr(settings.log_format, "debug" if self._debug else settings.log_level)
        self._pulse.check(configuration.report_api)

    def _start(self, parts: Parts) -> None:
        self._parts = parts
        self._runner = Runner(parts.bridge, self._pulse.beat, self._on_ended)
        self._scheduler = Scheduler(self._worker.ask, self._runner)
        self._aftermath = Aftermath(self._scheduler, self._manager, self._pulse)
        self._aftermath.begin(parts.bridge.upkeep)
        self._doors = Doors(self._environ, self._aftermath)
        self._doors.change(parts.configuration)()
        tune_interpreter()
        self._worker.start()
        self._scheduler.start(parts.trigger, self._pulse.idle_seconds)
        self._manager.ready("the first run has begun")
        logs.event("ready")

    def _on_ended(self, ended: Ended) -> None:
        if not self._stop.is_set():
            self._aftermath.of(ended, self._parts)

    def _reload(self) -> None:
        """Take over a new configuration, or none of it. A run under way ends as it began."""
        self._manager.reloading()
        try:
            with ExitStack() as undo:
                parts = build(self._load(), self._stop)
                undo.callback(parts.bridge.close)
                change_doors = self._doors.change(parts.configuration)
                undo.pop_all()
        except ConfigurationError as error:
            for problem in error.problems:
                logs.trouble("reload_refused", reason=problem)
        except BridgeError as error:
            logs.trouble("reload_refused", reason=str(error))
        else:
            change_doors()
            self._take_over(parts)
        self._manager.ready("at work")

    def _take_over(self, parts: Parts) -> None:
        self._parts = parts
        self._log(parts.configuration)
        self._runner.use(parts.bridge)
        self._scheduler.follow(parts.trigger)
        logs.event("reloaded")
        self._worker.ask(self._runner.run)

    def _end(self, asked: int) -> int:
        """Let the page, payout or file in hand be finished; return the exit code."""
        timeout = self._parts.configuration.daemon.stop_timeout
        self._manager.stopping(f"finishing what is in hand, for at most {timeout:g} s")
        logs.event("stopping", signal=signal.Signals(asked).name)
        self._stop.set()
        self._scheduler.stop()
        self._worker.end()
        closing = threading.Thread(target=self._doors.close, name="closing", daemon=True)
        closing.start()
        self._wait_for_the_worker(timeout)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        closing.join(timeout)
        self._aftermath.announce(None, self._runner.bridge.upkeep)
        self._runner.close()
        logs.event("stopped")
        return EXIT_DONE

    def _wait_for_the_worker(self, timeout: float) -> None:
        try:
            while (asked := self._signals.get(timeout=timeout)) == signal.SIGHUP:
                pass
        except Empty:
            logs.trouble("stopped_late", reason=f"what was in hand took longer than daemon.stop_timeout = {timeout:g}")
            os._exit(EXIT_TERMINATED)
        if asked != _ENDED:
            end_at_once(asked)
