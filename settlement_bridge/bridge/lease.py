"""One worker at a time: a lease on the store, kept alive while the work lasts."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from settlement_bridge.errors import BridgeError
from settlement_bridge.store import Store

NAME = "work"
SECONDS = 90.0
"""How long a lease outlives a worker that was killed."""

log = logging.getLogger(__name__)


@contextmanager
def working(store: Store, task: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Hold the store's lease during a block, so that no two processes mirror, settle or publish at once.

    Raises Busy, naming the holder, where another process has it. Every transaction of the block verifies that the
    lease is still held, so that a worker who slept too long cannot do harm.
    """
    holder = f"`settlement-bridge {task}` (process {os.getpid()} on {socket.gethostname()})"
    store.leases.acquire(NAME, holder, SECONDS, clock())
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(store, clock, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        store.leases.release(NAME)


def _keep(store: Store, clock: Callable[[], datetime], done: threading.Event) -> None:
    while not done.wait(SECONDS / 3):
        try:
            store.leases.renew(NAME, SECONDS, clock())
        except BridgeError as error:  # the work itself finds out with its next transaction
            log.warning("lease not renewed: %s", error)
