"""A hundred thousand paths, tried by users who see different files: no name and no byte of anybody else's."""

import os
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Protocol

import paramiko
import pytest

from settlement_bridge.sftp_server import Limits, User
from settlement_bridge.sftp_server import packets as answers
from settlement_bridge.sftp_server.filesystem import Filesystem
from settlement_bridge.sftp_server.library import Library
from settlement_bridge.sftp_server.packets import Fields, Refusal
from settlement_bridge.store import DocumentPlace, Store
from tests.sftp_server.paths import Parts, meant, tried
from tests.sftp_server.raw import Sftp, string
from tests.sftp_server.served import NOON, place, publish, serving, user

SEED = int(os.environ.get("SETTLEMENT_BRIDGE_SEED", "1"))
"""Set the variable to try others; a failure says which one it was."""
IN_PROCESS, OVER_THE_LINE = 97_000, 3_000
STATUS, HANDLE, DATA, NAMES, ATTRIBUTES = range(101, 106)
OK, END, NOT_THERE, FAILURE = 0, 1, 2, 4
OPEN, CLOSE, READ, LSTAT, OPENDIR, READDIR, STAT = 3, 4, 5, 7, 11, 12, 17
DOCUMENTS = [
    place(payout, extension, msn, orgno)
    for orgno, msn in (("998724341", "16655"), ("998724341", "123456"), ("987654321", "1665"), ("987654321", "166555"))
    for extension in ("xml", "xml.zip", "csv", "xlsx", "pdf")
    for payout in (2000001, 2000002)
]
USERS = [
    user("one unit", "16655"),
    user("its neighbours", "123456", "1665", formats=["xml.zip", "xlsx"], archives=False),
    user("all units", formats=["csv"]),
    user("nothing yet", "999999", formats=["xml", "csv", "pdf"]),
]


class Asked(Protocol):
    """Something that answers requests."""

    def request(self, kind: int, content: bytes) -> tuple[int, bytes]:
        """Return kind and content, behind the request's number, of the answer."""


@dataclass
class Inside:
    """A session without its line: what a conversation asks of the file system."""

    filesystem: Filesystem

    def request(self, kind: int, content: bytes) -> tuple[int, bytes]:
        try:
            packet = self.filesystem.answer(kind, 7, Fields(content))
        except Refusal as refusal:
            packet = answers.status(7, refusal.code, str(refusal))
        return packet[4], packet[9:]


class Visitor:
    """One user who tries paths, and what they may find."""

    def __init__(self, asked: Asked, who: User, archived: Sequence[DocumentPlace]) -> None:
        self._asked = asked
        self._files: dict[Parts, bytes] = {}
        self._folders: dict[Parts, set[bytes]] = {(): {b"settlements"}, (b"settlements",): {b"archive", b"inbox"}}
        for folder in (b"archive", b"inbox"):
            self._folders[b"settlements", folder] = set()
        mine = [each for each in DOCUMENTS if _sees(who, each)]
        for each in mine:
            self._add(each, b"archive" if each in archived else b"inbox")
        names = " ".join(each.name for each in mine)
        self._foreign = [each.name.encode() for each in DOCUMENTS if each.name not in names]
        self.found = 0

    def _add(self, each: DocumentPlace, folder: bytes) -> None:
        path: Parts = (b"settlements", folder, *(part.encode() for part in each))
        self._files[path] = _content(each)
        for depth in range(2, len(path)):
            self._folders.setdefault(path[:depth], set()).add(path[depth])

    def tries(self, path: bytes, kind: int) -> None:
        """Ask for a path, look at all that comes, and compare it with what there is for this user."""
        there = meant(path)
        is_file, is_folder = there in self._files, there in self._folders
        answer, rest = self._ask(kind, string(path) + (struct.pack(">II", 1, 0) if kind == OPEN else b""))
        self.found += is_file or is_folder
        if not is_file and not is_folder:
            assert (answer, rest[:4]) == (STATUS, struct.pack(">I", NOT_THERE))
        elif kind in (STAT, LSTAT):
            mode, size = struct.unpack(">I", rest[20:24])[0], struct.unpack(">Q", rest[4:12])[0]
            assert (answer, mode & 0o170000) == (ATTRIBUTES, 0o100000 if is_file else 0o040000)
            assert not is_file or size == len(self._files[there])
        elif (kind == OPEN) != is_file:
            assert (answer, rest[:4]) == (STATUS, struct.pack(">I", FAILURE))
        else:
            assert answer == HANDLE
            self._look(rest, there, kind)

    def _look(self, handle: bytes, there: Parts, kind: int) -> None:
        if kind == OPEN:
            wanted = self._files[there]
            if there[1] == b"inbox":
                wanted = wanted[:-1]  # so that nothing moves
            answer, rest = self._ask(READ, handle + struct.pack(">QI", 0, len(wanted)))
            assert (answer, rest[4:]) == (DATA, wanted)
        else:
            answer, rest = self._ask(READDIR, handle)
            assert (_names(rest) if answer == NAMES else set()) == self._folders[there]
        assert self._ask(CLOSE, handle)[1][:4] == struct.pack(">I", OK)

    def _ask(self, kind: int, content: bytes) -> tuple[int, bytes]:
        answer, rest = self._asked.request(kind, content)
        assert not any(name in rest for name in self._foreign)
        return answer, rest


def _sees(who: User, each: DocumentPlace) -> bool:
    units = who.view.sales_units
    return each.extension in who.view.extensions and (units is None or each.msn in units)


def _content(of: DocumentPlace) -> bytes:
    """Return what is served as a document: its name."""
    return f"<{of.name}>".encode()


def _names(rest: bytes) -> set[bytes]:
    fields, names = Fields(rest), set()
    for _ in range(fields.number()):
        names.add(fields.string())
        fields.string()
        for _ in range(8):
            fields.number()
    return names


@pytest.fixture
def archived(store: Store) -> Sequence[DocumentPlace]:
    """Fill the store; every user has archived the second payouts."""
    for each in DOCUMENTS:
        publish(store, each, _content(each))
    seconds = [each for each in DOCUMENTS if "2000002" in each.name]
    for each, who in product(seconds, USERS):
        document = store.documents.published(each)
        assert document
        store.inboxes.archive(who.name, document.document_id, NOON)
    return seconds


def try_paths(visitors: Sequence[Visitor], count: int, chance: random.Random) -> None:
    """Have the visitors try so many paths in all; the same again for the same `chance`."""
    folders = [b"inbox", b"archive"]
    paths = [
        (b"settlements", folder, *(part.encode() for part in each)) for folder, each in product(folders, DOCUMENTS)
    ]
    known: list[Parts] = [(), *{path[:depth] for path in paths for depth in range(1, len(path) + 1)}]
    known.sort()
    for number in range(count):
        path, kind = tried(chance, known), chance.choice((OPEN, LSTAT, STAT, OPENDIR))
        try:
            visitors[number % len(visitors)].tries(path, kind)
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}, path {number}, request {kind}: {path[:400]!r}") from error
    found = sum(visitor.found for visitor in visitors)
    assert 0.02 < found / count < 0.6, f"{found} of {count} paths led somewhere: the others hide what is wrong"


def test_many_paths(store: Store, archived: Sequence[DocumentPlace]) -> None:
    library = Library(store, lambda: NOON + timedelta(days=1))

    def visitor(who: User) -> Visitor:
        inside = Filesystem(library, Limits(), who.name, lambda: who, lambda: True, lambda: False)
        return Visitor(Inside(inside), who, archived)

    try_paths([visitor(who) for who in USERS], IN_PROCESS, random.Random(SEED))


def test_some_over_the_line(
    store: Store, archived: Sequence[DocumentPlace], host_keys: Sequence[paramiko.PKey]
) -> None:
    with serving(store, host_keys, USERS) as served:
        visitors = [Visitor(Sftp(served.transport(who.name)), who, archived) for who in USERS]
        try_paths(visitors, OVER_THE_LINE, random.Random(SEED + 1))
