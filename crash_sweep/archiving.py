"""Archiving: what a client of the SFTP server has fetched or removed goes from the inbox to the archive, and back when
somebody asks for it (fault 30)."""

import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crash_sweep import payouts
from crash_sweep.child import Ended, Say
from crash_sweep.ground import Ground
from crash_sweep.serving import SPOOL, USER, VIEW, Serving, content_of
from settlement_bridge.bridge.inbox import restore
from settlement_bridge.errors import BridgeError
from settlement_bridge.sftp_server import Limits, User
from settlement_bridge.sftp_server.filesystem import Filesystem
from settlement_bridge.sftp_server.library import Library
from settlement_bridge.sftp_server.packets import READ_ONLY, Code, Fields, Kind, Refusal
from settlement_bridge.store import Document, Store
from settlement_bridge.store.inboxes import Inboxes

STEPS = ("read a half", "fetched", "removed", "restored")
"""What the client is told, in this order: it may rely on each from then on."""

_HALF = 4000
_PIECE = 3000


class Archiving:
    """One session of a client: a file read by half, then whole, another one removed; then both are put back."""

    name = "archiving"
    disks = (payouts.STORE,)

    def __init__(self, inboxes: Callable[[Store], Inboxes] = lambda store: store.inboxes) -> None:
        self._inboxes = inboxes
        self._documents: dict[str, bytes] = {}

    def prepare(self, place: Path) -> None:
        """See `Scenario.prepare`: both payouts' documents are served."""
        serving = Serving()
        serving.prepare(place)
        serving.work(place, lambda _: None)
        shutil.rmtree(place / SPOOL)

    def work(self, place: Path, say: Say) -> None:
        """See `Scenario.work`. What is not in the inbox any more was done before."""
        with payouts.opened(place) as store:
            client = _Client(store, self._inboxes(store))
            first, second = sorted(client.documents(), key=lambda one: one.place)
            client.read(first, _HALF)
            say("read a half")
            client.read(first, first.size)
            say("fetched")
            client.remove(second)
            say("removed")
            restore(store, VIEW, "*")
            say("restored")

    def learn(self, place: Path) -> None:
        """See `Scenario.learn`."""
        self._documents, archived = _found(place)
        assert len(self._documents) == 2
        assert not archived

    def violations(self, ground: Ground, ended: Ended, again: Callable[[], Ended]) -> Iterator[str]:
        """See `Scenario.violations`: what was said holds, and of the next step all or nothing."""
        ground.restore()
        yield from self._broken_promises(ground.place, said=[line for line in ended.said.splitlines() if line in STEPS])
        ground.restore()
        run = again()
        if run.code != 0:
            yield f"the next session ended with {run.code}: {run.said}"
        yield from self._broken_promises(ground.place, said=STEPS)

    def _broken_promises(self, place: Path, said: Sequence[str]) -> Iterator[str]:
        try:
            inbox, archive = _found(place)
        except BridgeError as error:
            yield str(error)
            return
        if {**inbox, **archive} != self._documents or inbox.keys() & archive.keys():
            yield f"the inbox holds {', '.join(inbox)}; the archive {', '.join(archive)}"
        first, second = sorted(self._documents)
        states: list[set[str]] = [set(), set(), {first}, {first, second}, set()]
        if set(archive) not in states[len(said) : len(said) + 2]:
            yield f"the archive holds {', '.join(archive) or 'nothing'} although it was said: {', '.join(said)}"


class _Client:
    """Asks the server's file system what a client's packets ask, without the line in between."""

    def __init__(self, store: Store, inboxes: Inboxes) -> None:
        self._store = store
        library = Library(store, lambda: payouts.NOW)
        library.inboxes = inboxes
        user = User(USER, frozenset(), VIEW)
        self._files = Filesystem(library, Limits(), USER, lambda: user, lambda: True, lambda: False)

    def documents(self) -> list[Document]:
        """Return every document, wherever it is now."""
        return [one for archived in (False, True) for one in self._store.inboxes.documents(VIEW, archived=archived)]

    def read(self, document: Document, end: int) -> None:
        """Read a file of the inbox up to `end` and close it, if it is there."""
        opened = self._ask(Kind.OPEN, _string(_path(document)), struct.pack(">II", READ_ONLY, 0))
        if opened is None:
            return
        handle = opened[9:]  # behind length, kind, request
        for start in range(0, end, _PIECE):
            self._ask(Kind.READ, handle, struct.pack(">QI", start, min(_PIECE, end - start)))
        self._ask(Kind.CLOSE, handle)

    def remove(self, document: Document) -> None:
        """Remove a file from the inbox, if it is there."""
        self._ask(Kind.REMOVE, _string(_path(document)))

    def _ask(self, kind: Kind, *fields: bytes) -> bytes | None:
        try:
            return self._files.answer(kind, 1, Fields(b"".join(fields)))
        except Refusal as refusal:
            if refusal.code is not Code.NO_SUCH_FILE:
                raise
            return None


def _found(place: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return what the user finds in the inbox and in the archive."""
    with payouts.opened(place) as store:
        inbox, archive = (
            {one.place.name: content_of(store, one) for one in store.inboxes.documents(VIEW, archived=archived)}
            for archived in (False, True)
        )
    return inbox, archive


def _path(document: Document) -> str:
    return "/settlements/inbox/" + "/".join(document.place)


def _string(text: str) -> bytes:
    return struct.pack(">I", len(text)) + text.encode()
