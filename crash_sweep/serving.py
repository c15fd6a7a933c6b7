"""Serving: settled payouts' files, from the store's books into its documents, for the SFTP server to serve."""

from collections.abc import Callable, Iterator
from pathlib import Path

from crash_sweep import payouts
from crash_sweep.child import Ended, Say
from crash_sweep.ground import Ground
from settlement_bridge.bridge.served import ServedDestination
from settlement_bridge.store import CHUNK, Document, Store, View

SPOOL = "spool"
USER = "import"
VIEW = View(USER, frozenset(("xml",)), None)


class Serving:
    """Two payouts' documents, written to a spool first and kept in the store."""

    name = "serving"
    disks = (payouts.STORE, SPOOL)

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}

    def prepare(self, place: Path) -> None:
        """See `Scenario.prepare`."""
        payouts.settle(place)
        (place / SPOOL).mkdir()

    def work(self, place: Path, say: Say) -> None:  # noqa: ARG002 (nobody listens while it works)
        """See `Scenario.work`."""
        with payouts.opened(place) as store:
            payouts.publish(store, ServedDestination(store, lambda: payouts.NOW, place / SPOOL))

    def learn(self, place: Path) -> None:
        """See `Scenario.learn`."""
        self._documents = _served(place)

    def violations(self, ground: Ground, ended: Ended, again: Callable[[], Ended]) -> Iterator[str]:
        """See `Scenario.violations`: at once, behind the next run, and behind one more."""
        ground.restore()
        served = _served(ground.place)
        for name, content in served.items():
            if content != self._documents.get(name):
                yield f"{name} is served with {len(content)} bytes that are not the document's"
        if ended.code == 0 and served != self._documents:
            yield "said to be done, and is not"
        ground.restore()  # to have a look is to open the store, which mends it
        for when in ("the next run", "the run behind it"):
            run = again()
            if run.code != 0:
                yield f"{when} ended with {run.code}: {run.said}"
            if _served(ground.place) != self._documents:
                yield f"{when} did not leave every document, once"
            left = [path.name for path in (ground.place / SPOOL).iterdir() if path.is_file()]
            if left and ground.keeps_all:  # that temporary files are gone is nothing to wait for the disk for
                yield f"{when} left {', '.join(left)} in the spool"


def content_of(store: Store, document: Document) -> bytes:
    """Return all of a document."""
    return b"".join(store.documents.chunk(document.document_id, number) for number in range(-(-document.size // CHUNK)))


def _served(place: Path) -> dict[str, bytes]:
    """Return what is served at a place, by name."""
    with payouts.opened(place) as store:
        return {one.place.name: content_of(store, one) for one in store.inboxes.documents(VIEW, archived=False)}
