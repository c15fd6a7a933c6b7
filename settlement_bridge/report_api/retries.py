"""Bounded, jittered retries whose waits end when the program is asked to stop."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from settlement_bridge.errors import ApiUnavailable
from settlement_bridge.report_api.settings import ApiSettings

Result = TypeVar("Result")
FIRST_WAIT = 0.5

_log = logging.getLogger(__name__)


class TryAgain(Exception):
    """One attempt failed in a way that passes; `retry_after` is what the API asked for, in seconds."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Retries:
    """Runs an attempt until it succeeds, fails for good, or has been tried often enough."""

    def __init__(self, settings: ApiSettings, stop: threading.Event) -> None:
        self._longest_wait = settings.longest_wait
        self._stop = stop
        self._retrying = Retrying(
            retry=retry_if_exception_type(TryAgain),
            stop=stop_after_attempt(settings.attempts),
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=_tell,
            retry_error_callback=_give_up,
        )

    def __call__(self, attempt: Callable[..., Result], path: str, *rest: Any) -> Result:
        """Return `attempt(path, *rest)`; raise ApiUnavailable, naming the path, when its TryAgain is the last one."""
        return self._retrying(attempt, path, *rest)

    def _wait(self, state: RetryCallState) -> float:
        error = _failure(state)
        least = error.retry_after or FIRST_WAIT * 2.0 ** (state.attempt_number - 1)
        return min(self._longest_wait, least * random.uniform(1, 1.5))  # noqa: S311 (jitter, not a secret)

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise ApiUnavailable("stopped while waiting to ask the Report API again; the next run goes on from here")


def _failure(state: RetryCallState) -> TryAgain:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TryAgain) else TryAgain(str(error))


def _tell(state: RetryCallState) -> None:
    _log.info("%s: %s; attempt %d follows", state.args[0], _failure(state), state.attempt_number + 1)


def _give_up(state: RetryCallState) -> Any:
    tries = "once" if state.attempt_number == 1 else f"{state.attempt_number} times"
    raise ApiUnavailable(f"{state.args[0]}: {_failure(state)} (tried {tries}); the next run tries again")
