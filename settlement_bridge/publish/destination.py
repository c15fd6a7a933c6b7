"""The port of every place that takes documents, and what its two sides owe each other.

The bridge looks, drafts, writes, seals, validates the sealed draft, records it as *publishing* with its fingerprint,
publishes, and records it as *delivered*. Whatever kills it, the next run finds one of these states and converges:
a document is absent or complete under its final name, and is handed to importers once.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Fingerprint:
    """What tells one document from another."""

    sha256: str
    """Lower-case hexadecimal."""
    size: int
    """Bytes."""


class Outcome(StrEnum):
    """What became of a document that was sealed, but not recorded as delivered."""

    DELIVERED = "delivered"
    """It is at its final name, or was and an importer has taken it since."""
    TAKEN = "taken"
    """Other content holds its final name; somebody has to look."""
    ABSENT = "absent"
    """It never got its final name and no usable draft is left: start anew.

    What is left stays for the next draft to replace: until it is recorded that the document failed, its absence would
    say that an importer took it.
    """


class Draft(Protocol):
    """A document in the making, under a name that no importer matches.

    A draft that is left, or whose process dies, stays where it is for `Destination.recover`.
    """

    @property
    def stream(self) -> BinaryIO:
        """Where the document is written, buffered and seekable; a full disk raises DeliveryFailed here."""

    @property
    def local_path(self) -> Path:
        """Where the sealed draft can be read back on this machine, to validate it."""

    def seal(self) -> Fingerprint:
        """Close the stream, make content and draft name durable, and say what was written.

        Raises DeliveryFailed.
        """

    def publish(self) -> None:
        """Give the sealed draft its final name, in one atomic and durable step that never overwrites.

        Raises DeliveryRefused where the name exists already; the draft is still there. Raises DeliveryFailed where
        the destination fails; how far it came is for `Destination.recover` to find out.
        """

    def leave(self) -> None:
        """Let go of the sealed draft where it lies, for `Destination.recover`; once published or discarded, do nothing.

        A draft that is merely forgotten may stay locked for as long as an exception refers to it.
        """

    def discard(self) -> None:
        """Remove the draft, and the folders that were made for it if they are empty; once published, do nothing.

        A draft recorded as publishing must be recorded as refused first: `recover` takes a missing one as delivered.
        Raises DeliveryFailed.
        """


class Destination(Protocol):
    """A place where importers find their documents."""

    @property
    def name(self) -> str:
        """Identity kept in the database, the same in every run, e.g. `local:/srv/settlements`."""

    def draft(self, path: PurePosixPath) -> Draft:
        """Begin the document that shall appear at `path`, anew if an earlier draft is left; makes missing folders.

        Raises DeliveryRefused for an unsafe path and DeliveryFailed, also while another process drafts the same one.
        """

    def look(self, path: PurePosixPath) -> Fingerprint | None:
        """What is at the final name now; None where there is nothing.

        Raises DeliveryRefused where it is something else than a file, and DeliveryFailed.
        """

    def recover(self, path: PurePosixPath, sealed: Fingerprint) -> Outcome:
        """Finish what a crash left between recording a draft as publishing and recording it as delivered.

        A complete draft is published now. Where neither draft nor document exists the document had been published
        and an importer has taken it: publishing leaves no moment without either. That is believed only while their
        folder exists, lest a share that is not mounted passes for a diligent importer.
        Raises DeliveryRefused where something else than a file is in the way, and DeliveryFailed.
        """

    def check(self) -> None:
        """Draft, seal and discard a small document, to find out before it matters; leaves nothing behind.

        Raises DeliveryFailed, with a remedy, and DeliveryRefused for a server that is not who it should be.
        """

    def close(self) -> None:
        """Let go of connections; what is asked afterwards opens them anew."""


def try_out(draft: Draft) -> None:
    """Write, seal and discard a draft, as `Destination.check` promises; raises what they raise."""
    try:
        draft.stream.write(b"settlement-bridge check\n")
        draft.seal()
    finally:
        draft.discard()


def draft_name(path: PurePosixPath) -> str:
    """The one name of the draft of `path`: hidden, and without the extension that importers look for."""
    return f".{path.name}.part"
