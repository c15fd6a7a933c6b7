"""Clients that mean harm, or have lost their mind: nobody else notices, and nothing is left behind."""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko import Message
from paramiko.common import (
    cMSG_CHANNEL_DATA,
    cMSG_CHANNEL_REQUEST,
    cMSG_EXT_INFO,
    cMSG_USERAUTH_INFO_RESPONSE,
)

from settlement_bridge.sftp_server import Limits
from settlement_bridge.store import Store
from tests.sftp_server.conftest import CONTENT
from tests.sftp_server.raw import SUCCESS, Login, Sftp, logging_in, packet, string
from tests.sftp_server.served import MSN, NAME, OTHER, THEIRS, Served, new_key, path_of, place, serving, user
from tests.sftp_server.waiting import wait_for


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def nothing_is_left(served: Served) -> Iterator[None]:
    """Behind each test everybody else is served as before, and no thread or file is left of the harm."""
    threads, files = threading.active_count(), open_files()
    yield
    served.close()
    wait_for(lambda: served.server.connections == 0)
    wait_for(lambda: threading.active_count() <= threads)
    assert open_files() <= files + 6  # connections to the database that wait for their next use
    client = served.client()
    with client.open(path_of(place()), "rb") as file:
        assert file.read() == CONTENT + b"2000001"


# Below SFTP


@pytest.mark.parametrize(
    "message",
    [
        Message().add_byte(cMSG_EXT_INFO).add_int(0xFFFFFFFF),
        Message().add_byte(cMSG_USERAUTH_INFO_RESPONSE).add_int(0xFFFFFFFF),
    ],
    ids=["extensions", "answers"],
)
def test_a_list_that_claims_to_be_endless_is_not_read(served: Served, message: Message) -> None:
    """Before the login: paramiko would count to four billion, and the interpreter would do little else."""
    with logging_in(served.port) as login:
        login.send(message)
        begun = time.monotonic()
        assert login.sign(NAME, new_key(NAME))[0] in (0, SUCCESS)
        assert time.monotonic() - begun < 5


def test_data_beyond_the_window_ends_the_connection(served: Served) -> None:
    """Four MiB of requests, of which the server has granted a window of a quarter of one."""
    transport = served.transport()
    sftp = Sftp(transport)
    handle = sftp.open(path_of(place()))
    flood = packet(5, struct.pack(">I", 1) + string(handle) + struct.pack(">QI", 0, 255 * 1024)) * 200
    sftp.channel.in_window_threshold = 1 << 40
    for _ in range(200):
        message = Message().add_byte(cMSG_CHANNEL_DATA).add_int(sftp.channel.remote_chanid).add_string(flood)
        try:
            transport._send_message(message)  # type: ignore[attr-defined]
        except (EOFError, OSError):
            break
    wait_for(lambda: not transport.is_active())


@pytest.mark.parametrize("kind", ["direct-tcpip", "x11", "forwarded-tcpip", "auth-agent@openssh.com"])
def test_nothing_but_sessions(served: Served, kind: str) -> None:
    with pytest.raises(paramiko.ChannelException):
        served.transport().open_channel(kind, ("127.0.0.1", 22), ("127.0.0.1", 22), timeout=5)


@pytest.mark.parametrize("what", ["shell", "exec", "pty", "other subsystem"])
def test_nothing_but_sftp(served: Served, what: str) -> None:
    channel = served.transport().open_session(timeout=5)
    ask: Callable[[], object] = {
        "shell": channel.invoke_shell,
        "exec": lambda: channel.exec_command("id"),
        "pty": channel.get_pty,
        "other subsystem": lambda: channel.invoke_subsystem("netconf"),
    }[what]
    with pytest.raises(paramiko.SSHException):
        ask()


def test_no_variable_is_set(served: Served) -> None:
    channel: Any = served.transport().open_session(timeout=5)
    wish = Message().add_byte(cMSG_CHANNEL_REQUEST).add_int(channel.remote_chanid).add_string("env").add_boolean(True)
    channel._event_pending()
    channel.transport._send_user_message(wish.add_string("LD_PRELOAD").add_string("/tmp/x"))
    with pytest.raises(paramiko.SSHException):
        channel._wait_for_event()


def test_no_port_is_forwarded(served: Served) -> None:
    with pytest.raises(paramiko.SSHException):
        served.transport().request_port_forward("", 0)


def test_sessions_one_after_another_leave_nothing(served: Served) -> None:
    transport = served.transport()
    for _ in range(100):
        sftp = Sftp(transport)
        sftp.channel.close()
    wait_for(lambda: sum(thread.name == "sftp session" for thread in threading.enumerate()) == 0)


# Packets of SFTP


EVERY_KIND = [*range(25), 100, 101, 105, 200, 201, 255]
CONTENTS = {
    "nothing": b"",
    "a number": struct.pack(">I", 1),
    "a string that is not there": struct.pack(">II", 1, 0xFFFFFFFF) + b"x",
    "an empty path": struct.pack(">II", 1, 0) + bytes(20),
    "no text": struct.pack(">I", 1) + string(b"\xff\xfe/\x80") + bytes(20),
    "nul": struct.pack(">I", 1) + string(b"/settlements\0/x") + struct.pack(">QI", 1 << 63, 0xFFFFFFFF),
    "a long path": struct.pack(">I", 1) + string(b"/.." * 60_000) + bytes(20),
    "a surrogate": struct.pack(">I", 1) + string(b"/settlements/inbox/\xed\xa0\x80") + bytes(20),
}


FOR_THE_ROOT = (7, 11, 16, 17)
"""Requests that the root answers, which an empty path names, and one of dots."""


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_malformed_packet_is_answered_or_ends_the_session(served: Served, content: bytes) -> None:
    transport = served.transport()
    for kind in EVERY_KIND:
        sftp = Sftp(transport)
        sftp.send(kind, content)
        try:
            answer, rest = sftp.receive()
            if kind not in FOR_THE_ROOT:
                assert answer == 101
                assert struct.unpack(">I", rest[4:8])[0] in (2, 3, 4, 5, 8)
        except EOFError:
            pass
        sftp.channel.close()
    assert transport.is_active()


@pytest.mark.parametrize(
    "said", [bytes(4), struct.pack(">I", 0xFFFFFFFF), struct.pack(">I", (256 << 10) + 1), b"GET / HTTP/1.0\r\n\r\n"]
)
def test_a_packet_of_no_size_or_of_a_giant_one_ends_the_session(served: Served, said: bytes) -> None:
    sftp = Sftp(served.transport())
    sftp.channel.sendall(said)
    with pytest.raises(EOFError):
        sftp.receive()


def test_a_session_that_does_not_begin_with_init_ends(served: Served) -> None:
    channel = served.transport().open_session(timeout=5)
    channel.settimeout(5)
    channel.invoke_subsystem("sftp")
    channel.sendall(packet(16, struct.pack(">I", 1) + string("/")))
    assert channel.recv(100) == b""


def test_random_packets(served: Served) -> None:
    chance = random.Random(1)
    transport = served.transport()
    for _ in range(60):
        sftp = Sftp(transport)
        handle = sftp.open("/settlements/archive/../inbox/xml/998724341/16655/16655-2000002.xml")
        for _ in range(20):
            content = chance.choice([string(handle), string("/settlements"), b""]) + chance.randbytes(
                chance.randrange(40)
            )
            try:
                sftp.send(chance.randrange(256), struct.pack(">I", 7) + content)
                assert sftp.receive()[1][:4] == struct.pack(">I", 7)
            except EOFError:
                break
        sftp.channel.close()
    assert transport.is_active()


# Many at once


def test_a_flood_keeps_nobody_out(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> None:
    """While one address holds a hundred silent connections, those who log in from elsewhere do so quickly."""
    limits = Limits(login_grace=20)
    with serving(stocked, host_keys, [user(NAME, MSN)], limits) as served, ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port), 10))
        for last in range(2, 8):
            begun = time.monotonic()
            connection = socket.create_connection(("127.0.0.1", served.port), 10, (f"127.0.0.{last}", 0))
            transport = paramiko.Transport(stack.enter_context(connection))
            transport.connect(username=NAME, pkey=new_key(NAME))
            assert transport.is_authenticated()
            transport.close()
            assert time.monotonic() - begun < 5
        assert served.server.connections <= 70


def test_twenty_at_once_from_one_address_all_get_in(served: Served) -> None:
    """They wait for their turn rather than being turned away."""
    logins: list[Login] = []

    def log_in() -> None:
        login = Login(served.port)
        logins.append(login)
        assert login.sign(NAME, new_key(NAME))[0] == SUCCESS

    threads = [threading.Thread(target=log_in) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(logins) == 20
    assert all(login.transport.is_active() for login in logins)
    for login in logins:
        login.close()


# Others' files


def test_other_peoples_paths_look_like_those_that_are_not_there(served: Served) -> None:
    theirs, none = path_of(place(msn=THEIRS)), path_of(place(msn="999999"))
    sftp = Sftp(served.transport())
    other = Sftp(served.transport(OTHER))
    assert other.open(theirs)
    for kind in (3, 7, 8, 9, 11, 13, 14, 15, 17, 18, 19, 20):
        told = []
        for path in (theirs, none, theirs.rsplit("/", 1)[0], none.rsplit("/", 1)[0]):
            content = string(path) + struct.pack(">II", 1, 0) if kind == 3 else string(path) + string(path)
            told.append(sftp.request(kind, content))
        assert told == [told[0]] * 4, kind


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("", "/"),
        (".", "/"),
        ("..", "/"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("settlements//inbox/./", "/settlements/inbox"),
        ("/settlements/inbox/../archive/xml/", "/settlements/archive/xml"),
        ("/settlements/inbox/xml/998724341/123456", "/settlements/inbox/xml/998724341/123456"),
        ("/nothing/of/the/kind", "/nothing/of/the/kind"),
    ],
)
def test_a_real_path_is_a_matter_of_letters(served: Served, path: str, real: str) -> None:
    assert served.client().normalize(path) == real
