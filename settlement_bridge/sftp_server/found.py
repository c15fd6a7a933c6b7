"""Documents that were found in an inbox a moment ago: a client lists a file, asks about it, and then opens it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from settlement_bridge.store import Document, DocumentPlace

_MOST = 20_000
_SECONDS = 30.0


class FoundDocuments:
    """Remembers what is in whose inbox. Usable from many threads.

    Never wrong within one process: documents do not change, only `archive` takes one out of an inbox, and whoever
    calls it says so here first. Another server on the same store would be noticed half a minute later; listings and
    archives are not remembered at all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, DocumentPlace], tuple[float, Document]] = OrderedDict()
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often something has left an inbox; to be read before the store is asked."""
        return self._changes

    def get(self, user_name: str, place: DocumentPlace) -> Document | None:
        """Return a document that is in a user's inbox, if that is remembered."""
        with self._lock:
            until, document = self._found.get((user_name, place), (0.0, None))
        return document if self._clock() < until else None

    def remember(self, user_name: str, documents: Iterable[Document], changes: int) -> None:
        """Remember what the store has found, unless something has left an inbox since `changes` were read."""
        until = self._clock() + _SECONDS
        with self._lock:
            if changes != self._changes:
                return
            for document in documents:
                self._found[user_name, document.place] = until, document
            while len(self._found) > _MOST:
                self._found.popitem(last=False)

    def forget(self, user_name: str, place: DocumentPlace) -> None:
        """Forget a document that is about to leave a user's inbox, or has left it."""
        with self._lock:
            self._changes += 1
            self._found.pop((user_name, place), None)
