"""The clock that asks for runs."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from settlement_bridge.daemon.runner import Runner

_RUN, _RETRY, _TICK = "run", "retry", "tick"


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
        self._jobs.start()
        self._jobs.add_job(self._tick, IntervalTrigger(seconds=tick_seconds, timezone=UTC), id=_TICK)
        self.follow(trigger)
        self._run()

    def follow(self, trigger: BaseTrigger) -> None:
        """Let runs be due by another schedule."""
        self._jobs.add_job(self._run, trigger, id=_RUN, replace_existing=True)

    def retry_at(self, time: datetime | None) -> None:
        """Have a retry at a time, instead of any other; None for no retry."""
        if time is not None:
            self._jobs.add_job(self._retry, DateTrigger(time, timezone=UTC), id=_RETRY, replace_existing=True)
        elif self._jobs.get_job(_RETRY):
            self._jobs.remove_job(_RETRY)

    def next_run(self) -> datetime | None:
        """Return when the next run or retry is due."""
        jobs = (self._jobs.get_job(name) for name in (_RUN, _RETRY))
        return min((job.next_run_time for job in jobs if job and job.next_run_time), default=None)

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._jobs.shutdown(wait=False)
