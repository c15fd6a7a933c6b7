"""Ctrl-C and SIGTERM: an orderly end, also while threads wait for a slow server."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_TERMINATED = 128 + signal.SIGTERM


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that is set when somebody wants the block to end; the block is then left by an exception.

    KeyboardInterrupt after Ctrl-C, SystemExit with code 143 after SIGTERM. Only for the main thread.
    """
    stop = threading.Event()

    def on_signal(number: int, _: FrameType | None) -> None:
        stop.set()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(EXIT_TERMINATED)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
