"""A program that publishes one document as the bridge does, looked at call by call, cut off and run again.

    python -m tests.publish.publisher KIND FOLDER RECORD

Its record, a file of its own, stands for the database. One kind is bad on purpose: a test that does not notice it is
worth nothing.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from settlement_bridge.errors import BridgeError, DeliveryFailed, DeliveryRefused
from settlement_bridge.publish.destination import Destination, Draft, Fingerprint, Outcome
from settlement_bridge.publish.local import LocalDestination

PATH = PurePosixPath("settlements/inbox/xml/998724341/16655/16655-2000001.xml")
CONTENT = b"<SettlementReport/>\n" * 120_000  # more than two buffers


@contextmanager
def own(what: str) -> Iterator[None]:
    """Tell a fault of this program's own files from one of the destination."""
    try:
        yield
    except OSError as error:
        raise DeliveryFailed(f"{what}: {error}") from error


class Record:
    """The state of the one document, kept as durably as a database would."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> tuple[str, Fingerprint | None]:
        if not self.file.exists():
            return "new", None
        state, *sealed = json.loads(self.file.read_text())
        return state, Fingerprint(*sealed)

    def write(self, state: str, sealed: Fingerprint) -> None:
        new = self.file.with_suffix(".new")
        with own("the record"):
            with new.open("w") as file:
                file.write(json.dumps([state, sealed.sha256, sealed.size]))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.file)


def good(destination: Destination, record: Record, content: bytes = CONTENT) -> None:
    """Go by the port's own words."""
    state, sealed = record.read()
    if sealed and state == "publishing" and destination.recover(PATH, sealed) is Outcome.DELIVERED:
        record.write("delivered", sealed)
    elif state != "delivered":
        _publish_anew(destination, record, content)


def _publish_anew(destination: Destination, record: Record, content: bytes) -> None:
    if destination.look(PATH):
        raise DeliveryRefused(f"{PATH} is taken")
    draft = destination.draft(PATH)
    try:
        sealed = _write_and_seal(draft, content)
    except DeliveryFailed:
        draft.discard()
        raise
    record.write("publishing", sealed)
    draft.publish()
    record.write("delivered", sealed)


def _write_and_seal(draft: Draft, content: bytes = CONTENT) -> Fingerprint:
    for start in range(0, len(content), 10_000):
        draft.stream.write(content[start : start + 10_000])
    sealed = draft.seal()
    with own("the validation"):
        assert draft.local_path.read_bytes() == content
    return sealed


def never_looks(destination: LocalDestination, record: Record) -> None:
    """Meet what holds the final name no sooner than in the last step."""
    draft = destination.draft(PATH)
    sealed = _write_and_seal(draft)
    draft.publish()
    record.write("delivered", sealed)


def never_syncs(destination: LocalDestination, record: Record) -> None:
    """Bad: a power cut can leave the final name without content."""
    file = destination.path / PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.part")
    temporary.write_bytes(CONTENT)
    temporary.rename(file)
    record.write("delivered", Fingerprint("", len(CONTENT)))


KINDS: dict[str, Callable[[LocalDestination, Record], None]] = {
    kind.__name__: kind for kind in (good, never_looks, never_syncs)
}

if __name__ == "__main__":
    kind, folder, record = sys.argv[1:]
    try:
        KINDS[kind](LocalDestination(Path(folder)), Record(Path(record)))
    except BridgeError as failed:
        print(failed, file=sys.stderr)
        sys.exit(failed.exit_code)
