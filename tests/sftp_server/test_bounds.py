"""What a server built on paramiko has to do itself. Each test fails on a plain one: that is asserted, too."""

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest
from paramiko.common import MSG_KEXINIT, cMSG_CHANNEL_EXTENDED_DATA

from settlement_bridge.sftp_server import Limits
from settlement_bridge.sftp_server.transport import Transport
from settlement_bridge.store import Store
from tests.sftp_server.plain import Plain, serving_plainly
from tests.sftp_server.raw import FAILURE, PK_OK, SUCCESS, Sftp, dripping, is_closed_within, logging_in, string
from tests.sftp_server.served import (
    MSN,
    NAME,
    OpenSsh,
    Served,
    new_key,
    path_of,
    place,
    private_text,
    publish,
    serving,
    user,
)
from tests.sftp_server.waiting import wait_for

FILE = place(2000009)
BIG = bytes(range(256)) * 4096
QUICK = Limits(login_grace=1.5, idle=1.5, send=1.5)


@dataclass
class Target:
    """A server, ours or a plain one, with a file to fetch."""

    port: int
    path: str
    taken: Callable[[], Sequence[str]]
    """The files that the server takes for fetched."""
    content: Callable[[], bytes]
    transports: Callable[[], Sequence[paramiko.Transport]]
    """The server's side of all connections."""

    def ask_for_new_keys(self) -> None:
        """Have the server do what it does after half a GiB."""
        for transport in self.transports():
            transport.packetizer._trigger_rekey()  # type: ignore[attr-defined]

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10, (source, 0))

    @contextmanager
    def transport(self) -> Iterator[paramiko.Transport]:
        transport = paramiko.Transport(("127.0.0.1", self.port))
        try:
            transport.connect(username=NAME, pkey=new_key(NAME))
            yield transport
        finally:
            transport.close()


@contextmanager
def ours(store: Store, host_keys: Sequence[paramiko.PKey], limits: Limits = QUICK) -> Iterator[Target]:
    with serving(store, host_keys, [user(NAME, MSN)], limits) as served:
        yield target_of(served)


def target_of(served: Served) -> Target:
    publish(served.store, FILE, BIG)

    def content() -> bytes:
        document = served.store.documents.published(FILE)
        assert document
        return b"".join(served.store.documents.chunk(document.document_id, number) for number in range(8))

    def transports() -> Sequence[paramiko.Transport]:
        return [thread for thread in threading.enumerate() if isinstance(thread, Transport)]

    return Target(served.port, path_of(FILE), served.archive, content, transports)


@pytest.fixture(params=["ours", pytest.param("plain", marks=pytest.mark.xfail(strict=True, raises=AssertionError))])
def target(
    request: pytest.FixtureRequest, store: Store, host_keys: Sequence[paramiko.PKey], tmp_path: Path
) -> Iterator[Target]:
    """Our server, and a plain one, on which each test of this file must fail."""
    if request.param == "ours":
        with ours(store, host_keys) as running:
            yield running
        return
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / FILE.name).write_bytes(BIG)
    with serving_plainly(Plain(folder, NAME, new_key(NAME)), host_keys) as plain:
        yield Target(
            plain.port, f"/{FILE.name}", lambda: plain.closed, (folder / FILE.name).read_bytes, lambda: plain.transports
        )


# No packet cap before login


def test_a_giant_packet_before_the_login_ends_the_connection(target: Target) -> None:
    with target.connect() as connection:
        connection.sendall(b"SSH-2.0-test\r\n" + struct.pack(">I", (300 << 20) + 4) + bytes(100_000))
        assert is_closed_within(connection, 3)


def test_a_greeting_without_an_end_ends_the_connection(target: Target) -> None:
    with target.connect() as connection:
        connection.sendall(b"A" * 10_000)
        assert is_closed_within(connection, 3)


# No total login timer


@pytest.mark.parametrize(
    "said",
    [b"SSH-2.0-" + b"x" * 8000, b"SSH-2.0-x\r\n" + struct.pack(">I", 8004) + bytes(8000)],
    ids=["greeting", "keys"],
)
def test_a_dripping_client_has_to_go(target: Target, said: bytes) -> None:
    stop = threading.Event()
    with target.connect() as connection:
        drip = dripping(connection, said, 0.05, stop)
        closed = is_closed_within(connection, 4)
        stop.set()
        drip.join()
    assert closed


# A thread and more per connection


def test_a_flood_costs_few_threads_and_leaves_room_for_others(target: Target) -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        crowd = [stack.enter_context(target.connect()) for _ in range(40)]
        time.sleep(0.7)
        assert threading.active_count() - before <= 12
        assert len(greeted(crowd)) <= 10
        with target.connect("127.0.0.2") as other:
            assert other.recv(100).startswith(b"SSH-2.0")


def greeted(connections: Sequence[socket.socket]) -> list[socket.socket]:
    """Return the connections that the server has begun to speak on."""
    found = []
    for connection in connections:
        connection.setblocking(False)
        try:
            if connection.recv(100):
                found.append(connection)
        except (BlockingIOError, ConnectionError):
            pass
    return found


# Probes


def test_a_key_that_is_only_asked_about_is_a_try(target: Target) -> None:
    with logging_in(target.port) as login:
        answers = [login.probe(NAME, new_key(NAME))[0] for _ in range(14)]
        assert answers[0] == PK_OK
        assert answers[-1] in (0, FAILURE)


def test_many_wrong_keys_are_too_many(target: Target, openssh: OpenSsh) -> None:
    for number in range(7):
        key = openssh.folder / f"wrong{number}"
        key.touch(mode=0o600)
        key.write_text(private_text(f"wrong {number}"))
    assert login_code(openssh, target.port, range(5)) == 0
    assert login_code(openssh, target.port, range(7)) != 0


def login_code(openssh: OpenSsh, port: int, wrong: range) -> int:
    """Log in with some wrong keys before the right one."""
    folder = openssh.folder
    openssh.write_for(port, NAME, first_keys=[folder / f"wrong{number}" for number in wrong])
    return openssh.run("ls /").returncode


# Keys exchanged over and over


def test_keys_are_exchanged_once_before_the_login(target: Target) -> None:
    with logging_in(target.port) as login:
        with suppress(paramiko.SSHException, EOFError):
            for _ in range(3):
                login.transport.renegotiate_keys()
        assert login.sign(NAME, new_key(NAME))[0] != SUCCESS


# Channels, handles, repeated subsystem requests


def test_few_sessions_at_once(target: Target) -> None:
    with target.transport() as transport:
        opened = []
        for _ in range(8):
            try:
                opened.append(transport.open_session(timeout=5))
            except paramiko.ChannelException:
                break
        assert len(opened) == 4
        opened.pop().close()
        time.sleep(0.2)
        opened.append(transport.open_session(timeout=5))


def test_one_subsystem_a_session(target: Target) -> None:
    with target.transport() as transport:
        channel = Sftp(transport).channel
        with pytest.raises(paramiko.SSHException):
            channel.invoke_subsystem("sftp")
            raise AssertionError("a second one was granted")


def test_few_open_files(target: Target) -> None:
    with target.transport() as transport:
        sftp = Sftp(transport)
        handles = [sftp.open(target.path) for _ in range(60)]
        refused = 0
        for _ in range(10):
            answer, _ = sftp.request(3, string(target.path) + struct.pack(">II", 1, 0))
            refused += answer == 101
        assert refused == 6
        assert sftp.read(handles[0], 0, 10) == BIG[:10]
        sftp.close(handles[0])
        sftp.open(target.path)


# READ, OPEN, EXTENDED


def test_a_read_is_answered_with_a_part_at_most(target: Target) -> None:
    with target.transport() as transport:
        sftp = Sftp(transport)
        assert sftp.read(sftp.open(target.path), 10, 1 << 30) == BIG[10 : 10 + 255 * 1024]


@pytest.mark.parametrize("flags", [1 | 0x10, 1 | 2, 2, 2 | 8 | 0x10, 4, 1 | 8, 0], ids=hex)
def test_a_file_can_be_opened_to_read_and_for_nothing_else(target: Target, flags: int) -> None:
    with target.transport() as transport:
        sftp = Sftp(transport)
        answer, _ = sftp.request(3, string(target.path) + struct.pack(">II", flags, 0))
        assert answer == 101
        assert target.content() == BIG


def test_no_extension_is_offered_or_granted(target: Target) -> None:
    with target.transport() as transport:
        sftp = Sftp(transport)
        handle = sftp.open(target.path)
        assert sftp.version == struct.pack(">I", 3)
        check = string("check-file") + string(handle) + string("md5") + struct.pack(">QQI", 0, 0, 0)
        assert sftp.request(200, check)[0] == 101
        assert sftp.status(200, string("posix-rename@openssh.com") + string(target.path) + string("/x")) == 8


# A dropped transport


def test_a_line_that_is_cut_takes_nothing(target: Target) -> None:
    with target.transport() as transport:
        assert Sftp(transport).fetch(target.path, len(BIG)) == BIG
    time.sleep(0.5)
    assert FILE.name not in target.taken()


def test_the_end_of_a_file_is_not_the_file(target: Target) -> None:
    with target.transport() as transport:
        sftp = Sftp(transport)
        handle = sftp.open(target.path)
        assert sftp.read(handle, len(BIG) - 100, 200) == BIG[-100:]
        assert sftp.close(handle) == 0
    time.sleep(0.2)
    assert FILE.name not in target.taken()


# Who says nothing, and who takes nothing


def test_who_is_idle_has_to_go(target: Target) -> None:
    with target.transport() as transport:
        Sftp(transport)
        deadline = time.monotonic() + 4
        while transport.is_active() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not transport.is_active()


def test_who_takes_nothing_of_what_was_asked_for_has_to_go(target: Target) -> None:
    """A client that grants no window blocks its own session only, and for a short time."""
    with target.transport() as transport:
        sftp = Sftp(transport)
        handle = sftp.open(target.path)
        sftp.channel.in_window_threshold = 1 << 40  # it never says that it has read anything
        for offset in range(40):
            sftp.send(5, struct.pack(">I", offset) + string(handle) + struct.pack(">QI", 0, 255 * 1024))
        deadline = time.monotonic() + 5
        while not sftp.channel.closed and time.monotonic() < deadline:
            sftp.channel.in_buffer.empty()
            time.sleep(0.05)
        assert sftp.channel.closed


def test_what_nobody_reads_is_not_kept(target: Target) -> None:
    with target.transport() as transport:
        sftp = Sftp(transport)
        for _ in range(100):
            message = paramiko.Message().add_byte(cMSG_CHANNEL_EXTENDED_DATA).add_int(sftp.channel.remote_chanid)
            transport._send_message(message.add_int(1).add_string(bytes(30_000)))  # type: ignore[attr-defined]
        assert sftp.open(target.path), "all of that was taken before"
        (serving,) = target.transports()
        (channel,) = serving._channels.values()  # type: ignore[attr-defined]
        assert len(channel.in_stderr_buffer) == 0


def test_who_lets_what_was_asked_for_lie_on_the_line_has_to_go(
    store: Store, host_keys: Sequence[paramiko.PKey], caplog: pytest.LogCaptureFixture
) -> None:
    """A client that grants all the window there is, and then reads nothing any more."""
    caplog.set_level(logging.INFO, "settlement_bridge.sftp_server")
    with ours(store, host_keys, Limits(send=0.5)) as target, target.transport() as transport:
        sftp = Sftp(transport, window=1 << 30)
        handle = sftp.open(target.path)
        awake = threading.Event()
        transport.packetizer.read_message = awake.wait  # type: ignore[assignment]
        for number in range(200):
            sftp.send(5, struct.pack(">I", number) + string(handle) + struct.pack(">QI", 0, 255 * 1024))
        wait_for(lambda: "took nothing for 0.5 s" in caplog.text)
        wait_for(lambda: not target.transports())
        awake.set()


# New keys


def test_a_request_that_crosses_a_change_of_keys_is_answered(target: Target) -> None:
    """The server has asked for new keys, the client's request was on its way: paramiko's thread waits for itself."""
    with target.transport() as transport:
        exchange = transport._handler_table[MSG_KEXINIT]  # type: ignore[attr-defined]

        def slowly(message: paramiko.Message) -> None:
            time.sleep(0.5)
            exchange(message)

        transport._handler_table[MSG_KEXINIT] = slowly  # type: ignore[attr-defined]
        sftp = Sftp(transport)
        channel = transport.open_session(timeout=5)
        channel.settimeout(5)
        target.ask_for_new_keys()
        sftp.send(16, struct.pack(">I", 1) + string("/"))  # it notices with the next packet
        time.sleep(0.2)

        def ask() -> None:
            with suppress(paramiko.SSHException, EOFError):  # where it is never answered
                channel.invoke_subsystem("sftp")

        answered = threading.Thread(target=ask, daemon=True)
        answered.start()
        answered.join(5)
        assert not answered.is_alive()
        assert sftp.receive()[0] == 104
