"""Inbox and archive as one user sees them: a tree of folders that exists nowhere but here.

    /settlements/{inbox,archive}/<format>/<organization number>/<msn>/<msn>-<payout>.<format>

`inbox` and `archive` are always there; below them only what holds something for this user. No path of a client ever
reaches a file system: its parts are compared with columns of the store.
"""

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from settlement_bridge.sftp_server.library import Library
from settlement_bridge.sftp_server.packets import Attributes, Code, Refusal
from settlement_bridge.sftp_server.users import User
from settlement_bridge.store import Document, DocumentPlace, Folder

TOP, INBOX, ARCHIVE = "settlements", "inbox", "archive"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
"""What any name in the tree is made of; nothing else is even asked for."""
_FILE_DEPTH = len(DocumentPlace._fields)
# As if everybody could write: clients hand the bits on to the copies they make, and these are there to be worked with.
_FILE = stat.S_IFREG | 0o644
_FOLDER = stat.S_IFDIR | 0o755
_FOLDER_SIZE = 4096

Path = tuple[str, ...]
"""The parts of an absolute path, without `.` and `..`."""


@dataclass(frozen=True)
class Node:
    """A file or folder of the tree."""

    name: str
    attributes: Attributes
    document: Document | None = None
    """None for a folder."""
    archived: bool = False


def resolve(path: str) -> Path:
    """Return the parts of the path that a client means, by its letters alone; a relative one starts at `/`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


def written(path: Path) -> str:
    """Return a path as a client writes it."""
    return "/" + "/".join(path)


class Tree:
    """One user's tree. Raises Refusal, with the same words for what is not there and what is not theirs."""

    def __init__(self, library: Library, user: User) -> None:
        self._library = library
        self._user = user

    def node(self, path: Path) -> Node:
        """Return what is at a path."""
        _refuse_unless(all(map(_NAME.fullmatch, path)))
        if len(path) <= 1:
            _refuse_unless(path in ((), (TOP,)))
            return self._always(path[-1] if path else "/")
        archived = _is_archive(path)
        below = path[2:]
        if len(below) == _FILE_DEPTH:
            return _file(self._document(DocumentPlace(*below), archived), archived)
        _refuse_unless(len(below) < _FILE_DEPTH)
        with self._library.readers:
            found = self._library.inboxes.folder(self._user.view, below, archived=archived)
        if found is None and not below:
            return self._always(path[-1])
        if found is None:
            raise _not_there()
        return _folder(Folder(path[-1], found.changed_at))

    def children(self, path: Path) -> Sequence[Node]:
        """Return what is in a folder, by name."""
        _refuse_unless(all(map(_NAME.fullmatch, path)))
        if path == ():
            return [self._always(TOP)]
        if path == (TOP,):
            return [self.node((TOP, ARCHIVE)), self.node((TOP, INBOX))]
        archived = _is_archive(path)
        below = path[2:]
        _refuse_unless(len(below) < _FILE_DEPTH)
        view, inboxes = self._user.view, self._library.inboxes
        if len(below) == _FILE_DEPTH - 1:
            nodes = [_file(one, archived) for one in self._documents(below, archived)]
        else:
            with self._library.readers:
                nodes = [_folder(one) for one in inboxes.folders(view, below, archived=archived)]
        _refuse_unless(bool(nodes) or not below)
        return nodes

    def remove(self, path: Path) -> None:
        """Move a file from the inbox to the archive, as `rm` did at the old service."""
        node = self.node(path)
        if node.document is None:
            raise Refusal(Code.FAILURE, "Is a folder")
        if node.archived:
            raise Refusal(Code.PERMISSION_DENIED, "Permission denied")
        self.archive(node.document)

    def archive(self, document: Document) -> None:
        """Move a document to this user's archive; done when this returns, also if it was there already."""
        library, name = self._library, self._user.name
        library.found.forget(name, document.place)
        library.inboxes.archive(name, document.document_id, library.clock())
        library.found.forget(name, document.place)
        library.set_bookmark(name, document, 0)  # put back one day, it has to be read from its start

    def _document(self, place: DocumentPlace, archived: bool) -> Document:
        view, found = self._user.view, self._library.found
        document = None if archived else found.get(view.user_name, place)
        if document is None:
            changes = found.changes
            with self._library.readers:
                document = self._library.inboxes.document(view, place, archived=archived)
            if document is not None and not archived:
                found.remember(view.user_name, [document], changes)
        if document is None or not view.shows(document):
            raise _not_there()
        return document

    def _documents(self, path: Path, archived: bool) -> list[Document]:
        view, found = self._user.view, self._library.found
        changes = found.changes
        with self._library.readers:
            documents = self._library.inboxes.documents(view, path, archived=archived)
        if not archived:
            found.remember(view.user_name, documents, changes)
        return documents

    def _always(self, name: str) -> Node:
        return _folder(Folder(name, self._library.opened_at))


def _is_archive(path: Path) -> bool:
    _refuse_unless(path[0] == TOP and path[1] in (INBOX, ARCHIVE))
    return path[1] == ARCHIVE


def _file(document: Document, archived: bool) -> Node:
    attributes = Attributes(_FILE, document.size, document.published_at)
    return Node(document.place.name, attributes, document, archived)


def _folder(folder: Folder) -> Node:
    return Node(folder.name, Attributes(_FOLDER, _FOLDER_SIZE, _whole(folder.changed_at)))


def _whole(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def _refuse_unless(condition: bool) -> None:
    if not condition:
        raise _not_there()


def _not_there() -> Refusal:
    return Refusal(Code.NO_SUCH_FILE, "No such file")
