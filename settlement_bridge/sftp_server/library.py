"""What all sessions share: the store, the parts of files that were read last, and how far each user has read."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from settlement_bridge.errors import StoreBroken
from settlement_bridge.sftp_server.found import FoundDocuments
from settlement_bridge.store import CHUNK, Document, Store

_CACHE = 128
"""Chunks in memory (16 MiB), for all users together: documents never change."""
_BOOKMARKS = 10_000
_READERS = 4
"""Who reads in the database at once: less than the connections it keeps open, since to open one takes far longer."""


class Library:
    """Documents to read. Usable from many threads; raises StoreUnavailable and StoreBroken."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.inboxes = store.inboxes
        self.found = FoundDocuments()
        self.clock = clock
        self.opened_at = clock()
        self._documents = store.documents
        self._lock = threading.Lock()
        self.readers = threading.Semaphore(_READERS)
        """Held by whoever reads in the database."""
        self._chunks: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._bookmarks: OrderedDict[tuple[str, int], int] = OrderedDict()

    def read(self, document: Document, offset: int, length: int) -> bytes:
        """Return the bytes of a document from `offset` on, fewer than `length` only at its end."""
        end = min(offset + length, document.size)
        if offset >= end:
            return b""
        first, last = offset // CHUNK, (end - 1) // CHUNK
        chunks = [self._chunk(document, number) for number in range(first, last + 1)]
        content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return content[offset - first * CHUNK : end - first * CHUNK]

    def bookmark(self, user_name: str, document: Document) -> int:
        """Return how many bytes from the beginning a user has been given, in sessions that did not get to the end."""
        with self._lock:
            return self._bookmarks.get((user_name, document.document_id), 0)

    def set_bookmark(self, user_name: str, document: Document, prefix: int) -> None:
        """Remember how far a user has read, so that a transfer cut short can be resumed; 0 forgets."""
        key = user_name, document.document_id
        with self._lock:
            self._bookmarks.pop(key, None)
            if prefix:
                self._bookmarks[key] = prefix
            while len(self._bookmarks) > _BOOKMARKS:
                self._bookmarks.popitem(last=False)

    def _chunk(self, document: Document, number: int) -> bytes:
        key = document.document_id, number
        with self._lock:
            if key in self._chunks:
                self._chunks.move_to_end(key)
                return self._chunks[key]
        with self.readers:
            chunk = self._documents.chunk(*key)
        if len(chunk) != min(CHUNK, document.size - number * CHUNK):
            raise StoreBroken(f"a part of {document.place.name} is missing in the database; restore it from a backup")
        with self._lock:
            self._chunks[key] = chunk
            while len(self._chunks) > _CACHE:
                self._chunks.popitem(last=False)
        return chunk
