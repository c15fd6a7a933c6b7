"""Users, their clients and a publishing bridge, in any order, against a plain model of the tree: ten thousand steps.

Every client is a real one, logged in over loopback; every document is 1,000 bytes, read in tenths.
"""

import io
import os
import shutil
import socket
import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from settlement_bridge.bridge.inbox import restore
from settlement_bridge.sftp_server import SftpServer, User, Users, listen
from settlement_bridge.sftp_server.packets import Fields
from settlement_bridge.store import DocumentPlace, Store, open_store
from tests.sftp_server.raw import Sftp, string
from tests.sftp_server.served import MSN, NOON, THEIRS, new_key, path_of, place, publish, user
from tests.sftp_server.waiting import wait_for

SEED = int(os.environ.get("SETTLEMENT_BRIDGE_SEED", "1"))
"""Set the variable for other histories; what fails is printed as the steps that lead there."""
PARTS, HISTORIES, STEPS = 4, 15, 200
SIZE, TENTH = 1000, 100
NOT_THERE, PERMISSION_DENIED, OK = 2, 3, 0
PLACES = [place(payout, extension, msn) for msn in (MSN, THEIRS) for extension in ("xml", "csv") for payout in (1, 2)]
NAMES = ["one", "all", "habit"]
CLIENTS = ["one", "one", "all", "all", "habit"]
"""Whose the clients are; two of a user see what the other one does."""
CLIENT = st.integers(0, len(CLIENTS) - 1)
VIEWS: dict[str, Sequence[User]] = {
    "one": [user("one", MSN, formats=["xml"]), user("one", MSN, THEIRS, formats=["xml", "csv"])],
    "all": [user("all", formats=["xml", "csv"]), user("all", formats=["csv"])],
    "habit": [user("habit", THEIRS, formats=["xml"], archives=False)],
}
DAY = 80
"""Steps that the server stays up at least."""
done: Counter[str] = Counter()
"""How many steps there were in the histories of a part, and what became of them."""


def content_of(of: DocumentPlace) -> bytes:
    return f"{of.name:>{TENTH}}".encode() * (SIZE // TENTH)


@dataclass
class Reading:
    """A file that the model thinks is open."""

    handle: bytes
    place: DocumentPlace
    from_archive: bool
    tenths: set[int]

    @property
    def prefix(self) -> int:
        return next(tenth for tenth in range(SIZE // TENTH + 1) if tenth not in self.tenths)


@dataclass
class Client:
    """A connection with its session, and the files that are open there."""

    name: str
    sftp: Sftp
    readings: list[Reading] = field(default_factory=list)


def _sees(who: User, of: DocumentPlace) -> bool:
    return of.msn in (who.view.sales_units or {MSN, THEIRS}) and of.extension in who.view.extensions


def _sessions() -> int:
    return sum(thread.name == "sftp session" for thread in threading.enumerate())


def _path(of: DocumentPlace, archived: bool = False) -> str:
    return path_of(of, "archive" if archived else "inbox")


def _listed(sftp: Sftp, path: str) -> set[str] | None:
    """Return the names in a folder; None where there is no such folder."""
    answer, rest = sftp.request(11, string(path))
    if answer != 102:
        assert rest[:4] == struct.pack(">I", NOT_THERE)
        return None
    names = set()
    answer, listing = sftp.request(12, rest)
    if answer == 104:
        fields = Fields(listing)
        for _ in range(fields.number()):
            names.add(fields.string().decode())
            fields.string()
            for _ in range(8):
                fields.number()
    assert sftp.close(rest[4:]) == OK
    return names


class Histories(RuleBasedStateMachine):
    """The model is five lines: who sees what, what is published, archived, begun, and open."""

    blank: Path
    host_keys: Sequence[paramiko.PKey]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copyfile(self.blank, folder / "state.db")
        self.store: Store = open_store(f"sqlite:///{folder / 'state.db'}")
        self.stack.callback(self.store.close)
        self.users = {name: views[0] for name, views in VIEWS.items()}
        self.published: set[DocumentPlace] = set()
        for each in PLACES[::2]:
            self.publishes(each)
        self.archived: dict[str, set[DocumentPlace]] = {name: set() for name in NAMES}
        self.begun: dict[tuple[str, DocumentPlace], int] = {}
        self.clients: dict[int, Client] = {}
        self.server = self._started()

    # The bridge

    @rule(which=st.sampled_from(PLACES))
    def publishes(self, which: DocumentPlace) -> None:
        if which not in self.published:
            publish(self.store, which, content_of(which))
            self.published.add(which)

    @rule(which=st.sampled_from(PLACES))
    def drafts(self, which: DocumentPlace) -> None:
        """A draft is nobody's business yet."""
        if which not in self.published:
            self.store.documents.write_draft(which, io.BytesIO(b"a draft"), "", 7, NOON)

    @rule(name=st.sampled_from(NAMES), pattern=st.sampled_from(["*", "*.xml", f"{MSN}-1.*", f"csv/*/{THEIRS}/*"]))
    def restores(self, name: str, pattern: str) -> None:
        put_back = {one.place for one in restore(self.store, self.users[name].view, pattern)}
        assert put_back <= self._seen(name, archived=True)
        assert pattern != "*" or put_back == self._seen(name, archived=True)
        self.archived[name] -= put_back

    @rule(name=st.sampled_from(NAMES), number=st.integers(0, 1))
    def sees_other_things(self, name: str, number: int) -> None:
        self.users[name] = VIEWS[name][number % len(VIEWS[name])]
        self.server.reload(Users(self.users.values()))

    @precondition(lambda self: self.up > DAY)
    @rule()
    def starts_again(self) -> None:
        """What was begun is forgotten, what was archived is not."""
        self._stop()
        self.begun.clear()
        self.server = self._started()

    # The clients

    @rule(
        number=CLIENT,
        archived=st.booleans(),
        depth=st.integers(0, 3),
        of=st.sampled_from(PLACES),
    )
    def lists(self, number: int, archived: bool, depth: int, of: DocumentPlace) -> None:
        sftp = self._client(number).sftp
        below = tuple(of)[:depth]
        seen = self._seen(CLIENTS[number], archived=archived)
        wanted = {each[depth] for each in seen if tuple(each)[:depth] == below}
        path = "/".join(("/settlements", "archive" if archived else "inbox", *below))
        assert _listed(sftp, path) == (wanted if wanted or not depth else None)

    @rule(data=st.data(), requests=st.lists(st.sampled_from(["open", *["read"] * 4, "close", "cut"]), min_size=1))
    def goes_on(self, data: st.DataObject, requests: list[str]) -> None:
        """What makes up a transfer is one rule, so that every history has some."""
        for request in requests:
            readings = [(client, one) for _, client in sorted(self.clients.items()) for one in client.readings]
            if request == "open" or not readings:
                self._opens(data)
                continue
            client, reading = data.draw(st.sampled_from(readings))
            if request == "read":
                self._reads(data, client, reading)
            elif request == "close":
                self._closes(client, reading)
            else:
                self._is_cut(client)

    def _opens(self, data: st.DataObject) -> None:
        client, archived = self._client(data.draw(CLIENT)), data.draw(st.booleans())
        there = sorted(self._seen(client.name, archived=archived))
        of = data.draw(st.sampled_from(there or PLACES) | st.sampled_from(PLACES))
        answer, rest = client.sftp.request(3, string(_path(of, archived)) + struct.pack(">II", 1, 0))
        if of not in there:
            assert (answer, rest[:4]) == (101, struct.pack(">I", NOT_THERE))
            return
        assert answer == 102
        so_far = set(range(self.begun.get((client.name, of), 0)))
        client.readings.append(Reading(rest[4:], of, archived, so_far))
        done["resumed"] += bool(so_far)

    def _reads(self, data: st.DataObject, client: Client, reading: Reading) -> None:
        first = data.draw(st.just(reading.prefix) | st.integers(0, 9))
        count = data.draw(st.integers(1, 10))
        content = client.sftp.read(reading.handle, first * TENTH, count * TENTH)
        if not _sees(self.users[client.name], reading.place):
            assert content == b""
            return
        assert content == content_of(reading.place)[first * TENTH : (first + count) * TENTH]
        reading.tenths |= set(range(first, min(10, first + count)))
        done["read"] += 1

    def _is_cut(self, client: Client) -> None:
        self.clients = {number: one for number, one in self.clients.items() if one is not client}
        client.sftp.transport.sock.shutdown(socket.SHUT_RDWR)
        client.sftp.transport.close()
        wait_for(lambda: _sessions() == len(self.clients))
        for reading in client.readings:
            self._remembers(client.name, reading)
        done["cut"] += 1

    @rule(number=CLIENT, of=st.sampled_from(PLACES))
    def fetches(self, number: int, of: DocumentPlace) -> None:
        client = self._client(number)
        if of in self._seen(client.name, archived=False):
            handle = client.sftp.open(_path(of))
            assert client.sftp.read(handle, 0, 2 * SIZE) == content_of(of)
            self._closes(client, Reading(handle, of, False, set(range(10))))

    @rule(number=CLIENT, archived=st.booleans(), of=st.sampled_from(PLACES))
    def removes(self, number: int, archived: bool, of: DocumentPlace) -> None:
        client = self._client(number)
        there = of in self._seen(client.name, archived=archived)
        wanted = (PERMISSION_DENIED if archived else OK) if there else NOT_THERE
        assert client.sftp.status(13, string(_path(of, archived))) == wanted
        if wanted == OK:
            self.archived[client.name].add(of)

    def teardown(self) -> None:
        """At the end every document is with every user in one of two places."""
        try:
            for name in NAMES:
                view = self.users[name].view
                for archived in (False, True):
                    found = self.store.inboxes.documents(view, archived=archived)
                    assert {one.place for one in found} == self._seen(name, archived=archived)
        finally:
            self._stop()  # also behind a failure: the next history counts the sessions there are
            self.stack.close()

    @invariant()
    def counts(self) -> None:
        done["steps"] += 1
        self.up += 1

    # The model

    def _seen(self, name: str, *, archived: bool) -> set[DocumentPlace]:
        mine = {one for one in self.published if _sees(self.users[name], one)}
        return mine & self.archived[name] if archived else mine - self.archived[name]

    def _closes(self, client: Client, reading: Reading) -> None:
        assert client.sftp.close(reading.handle) == OK
        client.readings = [one for one in client.readings if one.handle != reading.handle]
        self._remembers(client.name, reading)
        if reading.prefix == 10 and not reading.from_archive and self.users[client.name].archives:
            self.archived[client.name].add(reading.place)
            done["archived"] += 1

    def _remembers(self, name: str, reading: Reading) -> None:
        so_far = max(reading.prefix, self.begun.pop((name, reading.place), 0))
        if 0 < so_far < 10:
            self.begun[name, reading.place] = so_far

    # The real ones

    def _client(self, number: int) -> Client:
        if number not in self.clients:
            transport = paramiko.Transport(("127.0.0.1", self.server.addresses[0][1]))
            transport.connect(username=CLIENTS[number], pkey=new_key(CLIENTS[number]))
            self.clients[number] = Client(CLIENTS[number], Sftp(transport))
        return self.clients[number]

    def _started(self) -> SftpServer:
        self.up = 0
        server = SftpServer(self.store, self.host_keys, Users(self.users.values()), clock=lambda: NOON)
        server.start([listen("127.0.0.1", 0)])
        return server

    def _stop(self) -> None:
        self.server.stop(0)
        for client in self.clients.values():
            client.sftp.transport.close()
        self.clients.clear()


@pytest.mark.parametrize("part", range(PARTS))
def test_any_history_leaves_the_tree_of_the_model(blank: Path, host_keys: Sequence[paramiko.PKey], part: int) -> None:
    done.clear()
    machine = type("Histories", (Histories,), {"blank": blank, "host_keys": host_keys})
    run_state_machine_as_test(
        seed(SEED * PARTS + part)(machine),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # to shrink a history takes longer than a test may
        ),
    )
    assert done["steps"] >= 10_000 / PARTS
    assert min(done["archived"], done["resumed"], done["read"], done["cut"]) > 10, done
