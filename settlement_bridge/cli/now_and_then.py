"""How long work gets on where there is no terminal: a line on stderr now and then."""

import time
from collections.abc import Callable
from contextlib import suppress

from settlement_bridge.cli.output import complain

SECONDS_BETWEEN_LINES = 15.0
"""Also the silence before the first: a run that cron starts every hour should not send mail."""


def now_and_then() -> Callable[[object], None]:
    """Return what says a thing's text, but passes most of what it is given over in silence."""
    last = time.monotonic()

    def line(said: object) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            with suppress(OSError):  # nobody listening is no reason to stop the work
                complain(str(said))

    return line
