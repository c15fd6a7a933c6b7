"""The clock that asks for runs."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from settlement_bridge.daemon import logs
from settlement_bridge.daemon.runner import Runner

_RUN, _RETRY, _TICK = "run", "retry", "tick"


LEAST_SHIFT = 5.0
"""Seconds; less than this is a clock that is kept right."""


class Scheduler:
    """Asks for what is due; asking takes no time, so nothing that is due waits for anything here.

    What was missed, while the machine slept or its clock was put forward, is asked for once.
    """

    def __init__(self, ask: Callable[[Callable[[], None]], None], runner: Runner) -> None:
        """`ask` is how something is asked for."""
        self._run = partial(ask, runner.run)
        self._retry = partial(ask, runner.retry)
        self._tick = partial(ask, runner.idle)
        once = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        self._jobs = BackgroundScheduler(timezone=UTC, job_defaults=once)
        logging.getLogger("apscheduler").setLevel(logging.WARNING)

    def start(self, trigger: BaseTrigger, tick_seconds: float) -> None:
        """Begin: with a run at once."""
        self._tick_seconds = tick_seconds
        self._clock_ahead = _clock_ahead()
        self._jobs.start()
        self._follow_ticks()
        self.follow(trigger)
        self._run()

    def follow(self, trigger: BaseTrigger) -> None:
        """Let runs be due by another schedule."""
        self._trigger = trigger
        self._jobs.add_job(self._run, trigger, id=_RUN, replace_existing=True)

    def _follow_ticks(self) -> None:
        ticks = IntervalTrigger(seconds=self._tick_seconds, timezone=UTC)  # one remembers when it began
        self._jobs.add_job(self._tick, ticks, id=_TICK, replace_existing=True)

    def look_at_the_clock(self) -> None:
        """Plan anew, with a run at once, where the clock was set back: what was due by it would be due too late.

        Where it was put forward, what is due already is found due with the next tick.
        """
        before, self._clock_ahead = self._clock_ahead, _clock_ahead()
        if self._clock_ahead > before - LEAST_SHIFT:
            return
        logs.trouble("clock_set_back", seconds=round(before - self._clock_ahead))
        self._follow_ticks()
        self.follow(self._trigger)
        self._run()

    def retry_at(self, due: datetime | None) -> None:
        """Have a retry at a time, instead of any other; None for no retry."""
        if due is not None:
            self._jobs.add_job(self._retry, DateTrigger(due, timezone=UTC), id=_RETRY, replace_existing=True)
        elif self._jobs.get_job(_RETRY):
            self._jobs.remove_job(_RETRY)

    def next_run(self) -> datetime | None:
        """Return when the next run or retry is due."""
        jobs = (self._jobs.get_job(name) for name in (_RUN, _RETRY))
        return min((job.next_run_time for job in jobs if job and job.next_run_time), default=None)

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._jobs.shutdown(wait=False)


def _clock_ahead() -> float:
    """Return how far the clock on the wall is ahead of the one that nobody sets."""
    return time.time() - time.monotonic()
