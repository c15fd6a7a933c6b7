"""Ctrl-C and SIGTERM: an orderly end, also while threads wait for a slow server."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

EXIT_TERMINATED = 128 + signal.SIGTERM


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that is set when somebody wants the block to end; the block is then left by an exception.

    KeyboardInterrupt after Ctrl-C, SystemExit with code 143 after SIGTERM. Only for the main thread.
    """
    stop = threading.Event()

    def on_signal(number: int, _: FrameType | None) -> None:
        with _handling(
            signal.SIG_IGN
        ):  # another signal right behind this one would wait for ever for the lock of the event
            stop.set()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(EXIT_TERMINATED)

    with _handling(on_signal):
        yield stop


@contextmanager
def _handling(handler: Any) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
