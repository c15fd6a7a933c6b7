"""The SFTP server's documents as a destination: one more place where a settlement goes, by the same rules.

Its final names are rows of the store, so that what is served and what is recorded of it never disagree for longer
than a crash lasts. Nobody takes a document away here: importers move it from their inbox to their archive.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath

from settlement_bridge.publish import (
    Fingerprint,
    LocalDraft,
    Outcome,
    SpooledDraft,
    explained,
    inbox_path,
    spooled,
    try_out,
)
from settlement_bridge.store import Document, DocumentPlace, Store
from settlement_bridge.store.documents import Documents

NAME = "sftp-server"
_PROBE = inbox_path("check", "check", 1, "xml")


class ServedDestination:
    """Publishes into the store, from where the SFTP server serves. Its paths are those of `layout.inbox_path`."""

    name = NAME

    def __init__(self, store: Store, clock: Callable[[], datetime], spool: Path | None = None) -> None:
        self._documents = store.documents
        self._spooled_for = f"{NAME} {store.address}"  # another store may be about to serve a file of the same path
        self._clock = clock
        self._spool = spool

    def draft(self, path: PurePosixPath) -> "ServedDraft":
        """See `Destination.draft`."""
        return ServedDraft(self._documents, self._clock, _place(path), self._spooled(path))

    def look(self, path: PurePosixPath) -> Fingerprint | None:
        """See `Destination.look`."""
        document = self._documents.published(_place(path))
        return None if document is None else _fingerprint(document)

    def recover(self, path: PurePosixPath, sealed: Fingerprint) -> Outcome:
        """See `Destination.recover`. Nobody can take a document away: where there is none, there was none."""
        spooled = self._spooled(path)  # while another process writes it, nothing is known
        try:
            return self._recover(_place(path), sealed)
        finally:
            spooled.discard()

    def _recover(self, place: DocumentPlace, sealed: Fingerprint) -> Outcome:
        document = self._documents.published(place)
        if document is not None:
            return Outcome.DELIVERED if _fingerprint(document) == sealed else Outcome.TAKEN
        draft = self._documents.draft(place)
        if draft is None or _fingerprint(draft) != sealed or not self._documents.complete(draft):
            return Outcome.ABSENT
        self._documents.publish(place, self._clock())
        return Outcome.DELIVERED

    def check(self) -> None:
        """See `Destination.check`."""
        try_out(self.draft(_PROBE))

    def close(self) -> None:
        """See `Destination.close`."""

    def _spooled(self, path: PurePosixPath) -> LocalDraft:
        return spooled(self._spooled_for, path, self._spool)


class ServedDraft(SpooledDraft):
    """Kept in the store when it is sealed; that becomes durable with the record that follows."""

    def __init__(
        self, documents: Documents, clock: Callable[[], datetime], place: DocumentPlace, spool: LocalDraft
    ) -> None:
        super().__init__(spool)
        self._documents = documents
        self._clock = clock
        self._place = place

    def publish(self) -> None:
        """See `Draft.publish`."""
        self._documents.publish(self._place, self._clock())
        self._published = True
        self._spool.discard()

    def _send(self, sealed: Fingerprint) -> None:
        with explained(self.local_path), self.local_path.open("rb") as content:
            self._documents.write_draft(self._place, content, sealed.sha256, sealed.size, self._clock())

    def _withdraw(self) -> None:
        self._documents.discard(self._place)


def _place(path: PurePosixPath) -> DocumentPlace:
    _, _, extension, organization_number, msn, name = path.parts
    return DocumentPlace(extension, organization_number, msn, name)


def _fingerprint(document: Document) -> Fingerprint:
    return Fingerprint(document.sha256, document.size)
