"""What SFTP asks for, said in the words of the tree: every request is answered, and nothing is ever written."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from settlement_bridge.sftp_server import packets
from settlement_bridge.sftp_server.delivered import Delivered
from settlement_bridge.sftp_server.library import Library
from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.packets import READ_ONLY, Code, Fields, Kind, Refusal
from settlement_bridge.sftp_server.tree import Node, Tree, resolve, written
from settlement_bridge.sftp_server.users import User
from settlement_bridge.store import Document, View

_NAMES_AT_ONCE = 100
_DENIED = frozenset(
    (
        Kind.WRITE,
        Kind.SETSTAT,
        Kind.FSETSTAT,
        Kind.MKDIR,
        Kind.RMDIR,
        Kind.RENAME,
        Kind.READLINK,
        Kind.SYMLINK,
    )
)
"""Refused whatever they name, so that the refusal says nothing of what is there."""
_SHORT = frozenset((Kind.OPEN, Kind.STAT, Kind.LSTAT, Kind.FSTAT, Kind.REALPATH))
_SHORT_READ = 32 * 1024
_READ_BYTES = 21
"""Bytes of a READ besides the handle."""
_LAST_GIVEN = 256


@dataclass
class OpenFile:
    """A file that a client reads."""

    node: Node
    document: Document
    delivered: Delivered
    given: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_LAST_GIVEN))
    """The parts given last, as start and length."""

    def arrived(self, lost: int) -> int:
        """Return how many bytes from the beginning the client has, when so many of the last ones are on their way."""
        so_far = self.delivered.prefix
        for start, length in reversed(self.given):
            if lost <= 0:
                return so_far
            so_far, lost = min(so_far, start), lost - length
        return so_far if lost <= 0 or len(self.given) < _LAST_GIVEN else 0


@dataclass
class OpenFolder:
    """A folder that a client lists."""

    node: Node
    children: Iterator[Node]
    view: View
    """What the user was allowed to see when it was opened."""


Handle = TypeVar("Handle", OpenFile, OpenFolder)


@dataclass
class Filesystem:
    """One session's open files and folders, and the answers to its requests.

    `user` returns the user as they are now, or raises Refusal once they are none any more. `drained` returns whether
    the client has received everything that was sent, waiting for it if need be.
    """

    library: Library
    limits: Limits
    user_name: str
    user: Callable[[], User]
    drained: Callable[[], bool]
    stopping: Callable[[], bool]
    unconfirmed: Callable[[], int] = lambda: 0
    """Bytes sent that the client's machine has not confirmed."""
    _handles: dict[bytes, OpenFile | OpenFolder] = field(default_factory=dict)
    _opened: int = 0

    def is_short(self, packet: bytes) -> bool:
        """Tell whether a request, of which there are five bytes at least, has a short answer that waits for nobody.

        What archives waits for the disk, and before that for the client.
        """
        kind = packet[0]
        if kind == Kind.READ:
            exact = int.from_bytes(packet[5:9], "big") + _READ_BYTES == len(packet)
            return exact and int.from_bytes(packet[-4:], "big") <= _SHORT_READ
        if kind == Kind.CLOSE:
            return not self._may_archive()
        return kind in _SHORT

    def answer(self, kind: int, request: int, fields: Fields) -> bytes:
        """Return the answer to a request. Raises Refusal, and what the store raises."""
        self.user()
        if kind in _DENIED:
            raise Refusal(Code.PERMISSION_DENIED, "Permission denied")
        if kind not in _ANSWERS:
            raise Refusal(Code.OP_UNSUPPORTED, "Operation unsupported")
        return _ANSWERS[kind](self, request, fields)

    @property
    def busy(self) -> bool:
        """Whether a file is open."""
        return any(isinstance(one, OpenFile) for one in list(self._handles.values()))

    def drop(self, lost: int) -> None:
        """Let go of everything, as when the line is cut: what the client has not closed stays where it was.

        The last so many bytes of answers were never sent.
        """
        for handle in self._handles.values():
            if isinstance(handle, OpenFile):
                self._remember(handle, lost)
        self._handles.clear()

    def _may_archive(self) -> bool:
        try:
            return self.user().archives
        except Refusal:
            return False

    def _open(self, request: int, fields: Fields) -> bytes:
        path, flags = fields.path(), fields.number()
        if flags != READ_ONLY:
            raise Refusal(Code.PERMISSION_DENIED, "Permission denied")
        user = self.user()
        node = Tree(self.library, user).node(resolve(path))
        if node.document is None:
            raise Refusal(Code.FAILURE, "Is a folder")
        so_far = self.library.bookmark(self.user_name, node.document)
        return self._keep(request, OpenFile(node, node.document, Delivered(so_far)))

    def _open_folder(self, request: int, fields: Fields) -> bytes:
        path = resolve(fields.path())
        user = self.user()
        tree = Tree(self.library, user)
        node = tree.node(path)
        if node.document is not None:
            raise Refusal(Code.FAILURE, "Not a folder")
        return self._keep(request, OpenFolder(node, iter(tree.children(path)), user.view))

    def _keep(self, request: int, handle: OpenFile | OpenFolder) -> bytes:
        if self.stopping():
            raise Refusal(Code.FAILURE, "The server is stopping: try again later")
        if len(self._handles) >= self.limits.handles:
            raise Refusal(Code.FAILURE, f"Too many open files: {self.limits.handles}")
        if isinstance(handle, OpenFolder) and self._open_folders() >= self.limits.folders:
            raise Refusal(Code.FAILURE, f"Too many open folders: {self.limits.folders}")
        self._opened += 1
        name = b"%d" % self._opened
        self._handles[name] = handle
        return packets.handle(request, name)

    def _handle(self, fields: Fields, kind: type[Handle]) -> Handle:
        handle = self._handles.get(fields.string())
        if not isinstance(handle, kind):
            raise Refusal(Code.BAD_MESSAGE, "Invalid handle")
        return handle

    def _read(self, request: int, fields: Fields) -> bytes:
        handle = self._handle(fields, OpenFile)
        offset, length = fields.large_number(), fields.number()
        if not self.user().view.shows(handle.document):
            raise Refusal(Code.NO_SUCH_FILE, "No such file")
        content = self.library.read(handle.document, offset, min(length, self.limits.read))
        if not content:
            raise Refusal(Code.EOF, "End of file")
        handle.delivered.add(offset, offset + len(content))
        handle.given.append((offset, len(content)))
        return packets.data(request, content)

    def _close(self, request: int, fields: Fields) -> bytes:
        name = fields.string()
        handle = self._handles.pop(name, None)
        if handle is None:
            raise Refusal(Code.BAD_MESSAGE, "Invalid handle")
        if isinstance(handle, OpenFile):
            self._finish(handle)
        return packets.status(request, Code.OK, "Success")

    def _finish(self, file: OpenFile) -> None:
        """Move a file to the archive if its user has it now: every byte arrived, and the client says it is done."""
        user = self.user()
        self._remember(file)
        if file.node.archived or not user.archives or file.delivered.prefix < file.document.size:
            return
        if not self.drained():
            raise Refusal(Code.FAILURE, "The file did not arrive and stays in the inbox")
        Tree(self.library, user).archive(file.document)

    def _remember(self, file: OpenFile, lost: int = 0) -> None:
        """Remember how far a reading came that did not come to the end, for whoever resumes it."""
        so_far = max(file.arrived(lost + self.unconfirmed()), self.library.bookmark(self.user_name, file.document))
        self.library.set_bookmark(self.user_name, file.document, so_far if so_far < file.document.size else 0)

    def _stat(self, request: int, fields: Fields) -> bytes:
        node = Tree(self.library, self.user()).node(resolve(fields.path()))
        return packets.attributes(request, node.attributes)

    def _stat_handle(self, request: int, fields: Fields) -> bytes:
        name = fields.string()
        if name not in self._handles:
            raise Refusal(Code.BAD_MESSAGE, "Invalid handle")
        return packets.attributes(request, self._handles[name].node.attributes)

    def _open_folders(self) -> int:
        return sum(isinstance(one, OpenFolder) for one in self._handles.values())

    def _read_folder(self, request: int, fields: Fields) -> bytes:
        handle = self._handle(fields, OpenFolder)
        if handle.view != self.user().view:
            raise Refusal(Code.NO_SUCH_FILE, "No such file")
        nodes = list(islice(handle.children, _NAMES_AT_ONCE))
        if not nodes:
            raise Refusal(Code.EOF, "End of file")
        entries = [(node.name, node.attributes) for node in nodes]
        return packets.names(request, entries, self.library.clock())

    def _remove(self, request: int, fields: Fields) -> bytes:
        Tree(self.library, self.user()).remove(resolve(fields.path()))
        return packets.status(request, Code.OK, "Success")

    def _real_path(self, request: int, fields: Fields) -> bytes:
        return packets.real_path(request, written(resolve(fields.path())))


_ANSWERS: Mapping[int, Callable[[Filesystem, int, Fields], bytes]] = {
    Kind.READ: Filesystem._read,
    Kind.OPEN: Filesystem._open,
    Kind.CLOSE: Filesystem._close,
    Kind.STAT: Filesystem._stat,
    Kind.LSTAT: Filesystem._stat,
    Kind.FSTAT: Filesystem._stat_handle,
    Kind.OPENDIR: Filesystem._open_folder,
    Kind.READDIR: Filesystem._read_folder,
    Kind.REMOVE: Filesystem._remove,
    Kind.REALPATH: Filesystem._real_path,
}
