"""The end at once, where nobody waits for what is in hand."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from settlement_bridge.daemon import logs

EXIT_TERMINATED: Final = 128 + signal.SIGTERM


def end_at_once(number: int) -> NoReturn:
    """End the process because of a signal: whatever is cut off is absent or whole at the next start."""
    logs.trouble("stopped_at_once", signal=signal.Signals(number).name)
    os._exit(EXIT_TERMINATED)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the process right away, though they have handlers of their own, during the block.

    Handlers are not called while the main thread waits in a library, as for a locked database. Only for that thread.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    threading.Thread(target=_wait, args=(reading,), name="ending", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)


def _wait(reading: int) -> None:
    with open(reading, "rb", buffering=0) as numbers:
        while number := numbers.read(1):
            if number[0] in (signal.SIGTERM, signal.SIGINT):
                end_at_once(number[0])
