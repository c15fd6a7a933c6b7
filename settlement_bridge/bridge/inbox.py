"""What an import job has still to fetch from the SFTP server, and what it has fetched to be put back."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from settlement_bridge.store import Document, Store, View


@dataclass(frozen=True)
class Inbox:
    """One user's files."""

    inbox: Sequence[Document]
    archive: Sequence[Document]


def inbox(store: Store, view: View) -> Inbox:
    """Return what a user finds in the inbox and in the archive."""
    return Inbox(
        inbox=store.inboxes.documents(view, archived=False),
        archive=store.inboxes.documents(view, archived=True),
    )


def restore(store: Store, view: View, pattern: str) -> Sequence[Document]:
    """Put the files of a user's archive that match a pattern back into the inbox, and return them.

    The pattern is that of a shell, for the file's name or, with a `/` in it, for its path below the archive.
    """
    chosen = [one for one in store.inboxes.documents(view, archived=True) if _matches(one, pattern)]
    store.inboxes.restore(view.user_name, [one.document_id for one in chosen])
    return chosen


def _matches(document: Document, pattern: str) -> bool:
    path = "/".join(document.place)
    return fnmatchcase(path if "/" in pattern else document.place.name, pattern)
