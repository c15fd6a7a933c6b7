"""Ctrl-C and SIGTERM: an orderly end, also while threads wait for a slow server."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType

EXIT_TERMINATED = 128 + signal.SIGTERM


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that is set when somebody wants the block to end; the block is then left by an exception.

    KeyboardInterrupt after Ctrl-C, SystemExit with code 143 after SIGTERM. Only for the main thread.
    """
    stop = threading.Event()
    # A handler may interrupt who holds the event's lock, and would wait for ever for it: so another thread sets it.
    asked: SimpleQueue[bool] = SimpleQueue()

    def set_when_asked() -> None:
        if asked.get():
            stop.set()

    def on_signal(number: int, _: FrameType | None) -> None:
        asked.put(True)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(EXIT_TERMINATED)

    threading.Thread(target=set_when_asked, name="signals", daemon=True).start()
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
        asked.put(False)
