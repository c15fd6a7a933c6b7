"""The one thread that works: what it is asked for, one after the other, and nothing twice."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

Task = Callable[[], None]

_log = logging.getLogger(__name__)


class Worker:
    """Does tasks in a thread of its own. A task that is asked for while it waits its turn is done once."""

    def __init__(self, ended: Callable[[], None]) -> None:
        """`ended` is called as the last thing the thread does."""
        self._inbox: SimpleQueue[Task | None] = SimpleQueue()
        self._waiting: set[Task] = set()
        self._lock = threading.Lock()
        self._ended = ended
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ask(self, task: Task) -> None:
        """Have a task done when those before it are."""
        with self._lock:
            if task in self._waiting:
                return
            self._waiting.add(task)
        self._inbox.put(task)

    def end(self) -> None:
        """Let the task in hand be the last one."""
        with self._lock:
            self._waiting.clear()
        self._inbox.put(None)

    def _do(self, task: Task) -> None:
        try:
            task()
        except Exception:  # a mistake in this program must not be the end of all runs to come
            _log.exception("a mistake in this program")

    def _work(self) -> None:
        try:
            while (task := self._inbox.get()) is not None:
                with self._lock:
                    wanted = task in self._waiting
                    self._waiting.discard(task)
                if wanted:
                    self._do(task)
        finally:
            self._ended()
