"""Lines that are cut, and clients that go astray, at the worst moment: nothing is archived that was not given."""

import ctypes
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import paramiko
import pytest
from sqlalchemy import and_, delete

from settlement_bridge.sftp_server import Limits, Users
from settlement_bridge.sftp_server.conversation import Conversation
from settlement_bridge.sftp_server.packetizer import Packetizer
from settlement_bridge.store import Store, View
from settlement_bridge.store.tables import document_chunks
from tests.sftp_server.raw import FAILURE, Sftp, logging_in, packet, string
from tests.sftp_server.served import MSN, NAME, THEIRS, Served, new_key, path_of, place, publish, serving, user
from tests.sftp_server.waiting import wait_for

FILE = place(2000009)
SIZE = 300_000
CONTENT = bytes(range(250)) * (SIZE // 250)
PATH = path_of(FILE)


@pytest.fixture
def served(store: Store, host_keys: Sequence[paramiko.PKey]) -> Iterator[Served]:
    publish(store, FILE, CONTENT)
    with serving(store, host_keys, [user(NAME, MSN)]) as running:
        yield running


def test_bytes_dropped_while_keys_are_exchanged_were_not_given(served: Served) -> None:
    """READ, CLOSE and KEXINIT in one breath, then the line is cut: not a byte of the file has gone."""
    small = place(2000010)
    publish(served.store, small, b"x" * 1000)
    for _ in range(20):
        transport = served.transport()
        sftp = Sftp(transport)
        handle = sftp.open(path_of(small))
        transport._handler_table = {**transport._handler_table, 20: lambda _: None}  # type: ignore[attr-defined]
        real, line = transport.packetizer.write_all, bytearray()
        transport.packetizer.write_all = line.extend  # type: ignore[assignment, method-assign]
        ahead = packet(5, struct.pack(">I", 1) + string(handle) + struct.pack(">QI", 0, 1000))
        sftp.channel.send(ahead + packet(4, struct.pack(">I", 2) + string(handle)))
        transport._send_kex_init()  # type: ignore[attr-defined]
        real(bytes(line))
        time.sleep(0.1)
        if served.archive():
            return  # the answer was faster than the exchange of keys: it has arrived
        transport.sock.close()
        wait_for(lambda: served.server.connections == 0)
        assert served.archive() == []


def test_what_never_left_the_server_is_not_remembered_as_read(served: Served) -> None:
    first = Sftp(served.transport(), window=32 * 1024)
    handle = first.open(PATH)
    first.channel.in_window_threshold = 1 << 40  # it takes 32 KiB and no more
    ahead = b""
    for number, offset in enumerate(range(0, SIZE - 1, 50_000)):
        length = min(50_000, SIZE - 1 - offset)
        ahead += packet(5, struct.pack(">I", number) + string(handle) + struct.pack(">QI", offset, length))
    first.channel.sendall(ahead)
    time.sleep(0.3)
    first.transport.close()
    wait_for(lambda: served.server.connections == 0)
    second = Sftp(served.transport())
    handle = second.open(PATH)
    assert second.read(handle, SIZE - 1, 10) == CONTENT[-1:]
    assert second.close(handle) == 0
    assert served.archive() == []


def test_a_missing_chunk_is_no_other_bytes(served: Served) -> None:
    document = served.store.documents.published(FILE)
    assert document
    second = and_(document_chunks.c.document_id == document.document_id, document_chunks.c.number == 1)
    with served.store.writing() as connection:
        connection.execute(delete(document_chunks).where(second))
    sftp = Sftp(served.transport())
    handle = sftp.open(PATH)
    step = 150_000
    pieces = {offset: sftp.read(handle, offset, step) for offset in range(0, SIZE, step)}
    sftp.close(handle)
    for offset, piece in pieces.items():
        assert CONTENT[offset : offset + len(piece)] == piece
    assert served.archive() == []


def test_a_stop_while_a_file_is_archived_lets_the_client_hear_of_it(served: Served) -> None:
    sftp = Sftp(served.transport())
    handle = sftp.open(PATH)
    for offset in range(0, SIZE, 100_000):
        sftp.read(handle, offset, 100_000)
    code: list[object] = []

    def close() -> None:
        try:
            code.append(sftp.close(handle))
        except Exception as error:
            code.append(repr(error))

    closing = threading.Thread(target=close)
    stop = threading.Thread(target=served.server.stop, args=(10,))
    with served.store.writing():
        closing.start()
        time.sleep(0.3)
        stop.start()
        time.sleep(0.7)
    closing.join(10)
    stop.join(10)
    assert code == [0]
    assert served.archive() == [FILE.name]


def test_sessions_that_wait_count_though_their_channel_is_closed(served: Served) -> None:
    """Files are read, never confirmed by TCP, and closed, and so are the sessions: each leaves a thread that waits."""
    transport = slow_transport(served, 4096)
    small = place(2000100)
    publish(served.store, small, b"x")
    sftp = Sftp(transport, window=1 << 24)
    handle = sftp.open(PATH)
    gate = stop_reading(transport)
    for number in range(12):
        sftp.send(5, struct.pack(">I", number) + string(handle) + struct.pack(">QI", 0, 100_000))
    time.sleep(0.5)

    def say(kind: int, *fields: bool | int | str | bytes) -> None:
        m = paramiko.Message().add_byte(bytes([kind]))
        for f in fields:
            if isinstance(f, bool):
                m.add_boolean(f)
            elif isinstance(f, int):
                m.add_int(f)
            else:
                m.add_string(f)
        with suppress(EOFError, OSError):  # it refuses the session, and hangs up on who speaks on it nevertheless
            transport.packetizer.send_message(m)

    first = sftp.channel.remote_chanid
    say(93, first, 1 << 24)
    for number in range(40):
        mine, theirs = 1000 + number, first + 1 + number
        say(90, "session", mine, 1 << 20, 32768)
        say(98, theirs, "subsystem", False, "sftp")
        say(94, theirs, packet(1, struct.pack(">I", 3)))
        request = packet(3, struct.pack(">I", 1) + string(path_of(small)) + struct.pack(">II", 1, 0))
        request += packet(5, struct.pack(">I", 2) + string(b"1") + struct.pack(">QI", 0, 10))
        request += packet(4, struct.pack(">I", 3) + string(b"1"))
        say(94, theirs, request)
        time.sleep(0.1)
        say(97, theirs)
    count = sum(isinstance(t, Conversation) for t in threading.enumerate())
    gate.set()
    assert count <= 8


def test_a_long_answer_is_not_given_by_the_thread_that_listens(served: Served) -> None:
    transport = served.transport()
    other = Sftp(transport)
    sftp = Sftp(transport, window=64 * 1024 + 100)
    handle = sftp.open(PATH)
    sftp.channel.in_window_threshold = 1 << 40
    sftp.send(5, struct.pack(">I", 9) + string(handle) + struct.pack(">QI", 0, 200_000) + bytes(4))
    time.sleep(0.3)
    other.channel.settimeout(3)
    assert other.request(16, string("/"))[0] == 104


def test_every_request_counts(store: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    publish(store, FILE, CONTENT)
    with serving(store, host_keys, [user(NAME, MSN)], Limits(idle=1.5)) as served:
        sftp = Sftp(served.transport())
        for _ in range(12):
            assert sftp.request(16, string("."))[0] == 104
            time.sleep(0.25)


def test_a_folder_opened_before_shows_nothing_that_is_theirs_no_more(
    store: Store, host_keys: Sequence[paramiko.PKey]
) -> None:
    publish(store, FILE, CONTENT)
    publish(store, place(2000001, msn=THEIRS), b"x")
    with serving(store, host_keys, [user(NAME, MSN, THEIRS)]) as served:
        sftp = Sftp(served.transport())
        _, rest = sftp.request(11, string(path_of(place(2000001, msn=THEIRS)).rpartition("/")[0]))
        served.server.reload(Users([user(NAME, MSN)]))
        kind, _ = sftp.request(12, rest)
        assert kind == 101


def test_a_folder_opened_before_names_no_folder_that_is_theirs_no_more(
    store: Store, host_keys: Sequence[paramiko.PKey]
) -> None:
    publish(store, FILE, CONTENT)
    publish(store, place(2000001, msn=THEIRS, orgno="111222333"), b"x")
    with serving(store, host_keys, [user(NAME, MSN, THEIRS)]) as served:
        sftp = Sftp(served.transport())
        _, rest = sftp.request(11, string("/settlements/inbox/xml"))
        served.server.reload(Users([user(NAME, MSN)]))
        kind, answer = sftp.request(12, rest)
        assert (kind, b"111222333" in answer) == (101, False)


def test_what_is_put_back_is_archived_again_only_once_all_of_it_was_read(served: Served) -> None:
    """The client had not taken everything when it closed the file, so that its place in it was remembered."""
    sftp = Sftp(slow_transport(served, 80_000), window=1 << 26)
    handle = sftp.open(PATH)
    gate = stop_reading(sftp.transport)
    sftp.send(16, struct.pack(">I", 1) + string("/"))
    time.sleep(0.2)
    sftp.channel.sendall(reads_of(handle, SIZE, 10_000) + packet(4, struct.pack(">I", 99) + string(handle)))
    time.sleep(0.5)
    assert served.archive() == []
    gate.set()
    wait_for(lambda: served.archive() == [FILE.name])
    (document,) = served.store.inboxes.documents(View(NAME, frozenset(("xml",)), None), archived=True)
    served.store.inboxes.restore(NAME, [document.document_id])
    second = Sftp(served.transport())
    handle = second.open(PATH)
    for begin in range(10_000, SIZE, 10_000):
        assert second.read(handle, begin, 10_000)
    assert second.close(handle) == 0
    assert served.archive() == []


def test_what_was_sent_but_has_not_arrived_is_not_remembered_as_read(served: Served) -> None:
    sftp = Sftp(slow_transport(served, 4096), window=1 << 26)
    handle = sftp.open(PATH)
    gate = stop_reading(sftp.transport)
    sftp.send(16, struct.pack(">I", 1) + string("/"))
    time.sleep(0.2)
    sftp.channel.sendall(reads_of(handle, SIZE - 1, 10_000))
    time.sleep(0.5)
    reset(sftp.transport.sock)
    gate.set()
    wait_for(lambda: served.server.connections == 0)
    second = Sftp(served.transport())
    handle = second.open(PATH)
    assert second.read(handle, SIZE - 1, 10) == CONTENT[-1:]
    assert second.close(handle) == 0
    assert served.archive() == []


def reads_of(handle: bytes, size: int, step: int) -> bytes:
    """Return the requests that read the first bytes of a file, step by step."""
    places = (struct.pack(">QI", offset, min(step, size - offset)) for offset in range(0, size, step))
    return b"".join(packet(5, struct.pack(">I", n) + string(handle) + each) for n, each in enumerate(places))


def test_a_change_of_password_is_a_try(served: Served) -> None:
    with logging_in(served.port) as login:
        answers = []
        for _ in range(9):
            m = login.request(NAME, "password").add_boolean(True).add_string("old").add_string("new")
            answers.append(login.ask(m)[0])
    wait_for(lambda: served.server.connections == 0)
    assert served.server.tally.failed_logins == 1
    assert len([a for a in answers if a == FAILURE]) <= 6


def test_bytes_that_the_listening_thread_could_not_send_were_not_given(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """READ and CLOSE, each in a message of its own, and the line is reset: not a byte of the file has gone."""
    failed: list[int] = []
    plain = Packetizer.write_all

    def write_all(self: Packetizer, out: bytes) -> None:
        try:
            plain(self, out)
        except EOFError:
            failed.append(len(out))
            raise

    monkeypatch.setattr(Packetizer, "write_all", write_all)
    lost = []
    for number in range(30):
        small = place(2000100 + number)
        publish(served.store, small, b"x" * 1000)
        transport = served.transport()
        sftp = Sftp(transport)
        handle = sftp.open(path_of(small))
        real, line = transport.packetizer.write_all, bytearray()
        transport.packetizer.write_all = line.extend  # type: ignore[assignment, method-assign]
        sftp.channel.send(packet(5, struct.pack(">I", 1) + string(handle) + struct.pack(">QI", 0, 1000)))
        sftp.channel.send(packet(4, struct.pack(">I", 2) + string(handle)))
        failed.clear()
        real(bytes(line))
        reset(transport.sock)
        time.sleep(0.1)
        transport.close()
        wait_for(lambda: served.server.connections == 0)
        if any(length > 1000 for length in failed):  # DATA
            lost.append(small.name)
    assert lost
    assert set(lost) & set(served.archive()) == set()


def reset(connection: Any) -> None:
    """Cut a TCP connection with RST, though another thread reads from it: connect it to AF_UNSPEC."""
    ctypes.CDLL(None).connect(connection.fileno(), bytes(16), 16)


def test_another_user_name_is_a_failed_login(served: Served) -> None:
    with logging_in(served.port) as login:
        assert login.ask(login.request("root", "none"))[0] == FAILURE
        assert login.ask(login.request("admin", "password").add_boolean(False).add_string("x"))[0] == 0
    wait_for(lambda: served.server.connections == 0)
    assert served.server.tally.failed_logins == 1


def test_few_folders_are_open_at_once(served: Served) -> None:
    """Each keeps all that is in it: 64 of 2200 files each take 125 MB."""
    sftp = Sftp(served.transport())
    answers = [sftp.request(11, string("/settlements/inbox"))[0] for _ in range(64)]
    assert answers.count(102) <= 8


def stop_reading(transport: paramiko.Transport) -> threading.Event:
    """Have a client take nothing more from its line until the event is set; what it waits for now still comes."""
    gate, read_message = threading.Event(), transport.packetizer.read_message

    def later() -> Any:
        gate.wait(30)
        return read_message()

    transport.packetizer.read_message = later  # type: ignore[method-assign]
    return gate


def slow_transport(served: Served, received: int) -> paramiko.Transport:
    """Log in from a machine that takes so many bytes, or a few times as many, while nobody reads."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
    raw.connect(("127.0.0.1", served.port))
    transport = paramiko.Transport(raw)
    transport.connect(username=NAME, pkey=new_key(NAME))
    served._stack.callback(transport.close)
    return transport


def not_reading(served: Served, file: bytes, reads: int, length: int) -> paramiko.Transport:
    """Ask for parts of a file, and CLOSE it behind them, from a machine that takes a few KiB and no more."""
    transport = slow_transport(served, 4096)
    sftp = Sftp(transport, window=1 << 26)
    handle = sftp.open(file.decode())
    gate = stop_reading(transport)
    sftp.send(16, struct.pack(">I", 1) + string("/"))  # its thread comes to the gate with the answer
    time.sleep(0.2)
    ahead = b""
    for number in range(reads):
        place_asked = struct.pack(">QI", number * length % SIZE, length)
        ahead += packet(5, struct.pack(">I", number) + string(handle) + place_asked)
    sftp.channel.sendall(ahead + packet(4, struct.pack(">I", 99) + string(handle)))
    served._stack.callback(gate.set)
    return transport


def test_bytes_that_lie_in_the_servers_buffers_have_not_arrived(served: Served) -> None:
    transport = not_reading(served, PATH.encode(), 3, 100_000)
    time.sleep(0.5)
    assert served.archive() == []
    reset(transport.sock)
    wait_for(lambda: served.server.connections == 0)
    assert served.archive() == []
