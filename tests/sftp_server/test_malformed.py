"""Packets that are no packets, of every kind, and talk before the login that is no SSH: nothing hangs, nothing is left.

What other harm clients can do is in test_hostile.py; here chance writes the packets, the same for the same seed.
"""

import logging
import os
import random
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

import paramiko
import pytest

from settlement_bridge.sftp_server import Limits
from settlement_bridge.store import Store
from tests.sftp_server.conftest import CONTENT
from tests.sftp_server.raw import SUCCESS, Sftp, is_closed_within, logging_in, string
from tests.sftp_server.served import MSN, NAME, Served, path_of, place, serving, user
from tests.sftp_server.test_hostile import open_files
from tests.sftp_server.waiting import wait_for

SEED = int(os.environ.get("SETTLEMENT_BRIDGE_SEED", "1"))
"""Set the variable to try others; a failure says which one it was."""
GRACE = 3.0
NUMBER = struct.pack(">I", 1)
PATH = string(path_of(place()))
VALID: dict[int, bytes] = {
    1: struct.pack(">I", 3),
    2: struct.pack(">I", 3),
    3: NUMBER + PATH + struct.pack(">II", 1, 0),
    4: NUMBER + string(b"1"),
    5: NUMBER + string(b"1") + struct.pack(">QI", 0, 100),
    6: NUMBER + string(b"1") + struct.pack(">Q", 0) + string(b"x"),
    7: NUMBER + PATH,
    8: NUMBER + string(b"1"),
    9: NUMBER + PATH + bytes(4),
    10: NUMBER + string(b"1") + bytes(4),
    11: NUMBER + string("/settlements/inbox"),
    12: NUMBER + string(b"2"),
    13: NUMBER + string("/settlements/inbox"),
    14: NUMBER + PATH + bytes(4),
    15: NUMBER + PATH,
    16: NUMBER + PATH,
    17: NUMBER + PATH,
    18: NUMBER + PATH + PATH,
    19: NUMBER + PATH,
    20: NUMBER + PATH + PATH,
    101: NUMBER + NUMBER + string("x") + string("en"),
    102: NUMBER + string(b"1"),
    103: NUMBER + string(b"x"),
    104: NUMBER + NUMBER + PATH + PATH + bytes(4),
    105: NUMBER + bytes(4),
    200: NUMBER + string("check-file"),
    201: NUMBER,
}
"""A packet of each kind as it should be, if `1` is an open file and `2` an open folder."""
LAST = struct.pack(">I", 0xABCDEF)
"""The number of a request behind a packet; its answer tells that there is none to come to the packet."""
INIT = 1


@pytest.fixture
def served(stocked: Store, host_keys: Sequence[paramiko.PKey]) -> Iterator[Served]:
    """A server that waits for logins only a moment."""
    with serving(stocked, host_keys, [user(NAME, MSN, archives=False)], Limits(login_grace=GRACE)) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_left(served: Served, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Behind each test no thread, file or traceback is left, and everybody else is served as before."""
    caplog.set_level(logging.INFO, "settlement_bridge.sftp_server")
    threads, files = threading.active_count(), open_files()
    yield
    served.close()
    wait_for(lambda: served.server.connections == 0)
    wait_for(lambda: threading.active_count() <= threads)
    assert open_files() <= files + 6  # connections to the database that wait for their next use
    assert [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()] == []
    with served.client().open(path_of(place()), "rb") as file:
        assert file.read() == CONTENT + b"2000001"


class Session:
    """An SFTP session that is begun again as often as the server ends it."""

    def __init__(self, served: Served) -> None:
        self._transport = served.transport()
        self._sftp: Sftp | None = None
        self.begun = 0

    def tell(self, kind: int, content: bytes) -> int | None:
        """Send a packet, and return the kind of the answer; None where the server ends the session over it."""
        sftp = self._sftp or self._begin()
        answers = []
        try:
            sftp.send(kind, content)
            sftp.send(16, LAST + string("/"))
            while (answer := sftp.receive())[1][:4] != LAST:
                answers.append(answer[0])
        except (EOFError, OSError):
            sftp.channel.close()
            self._sftp = None
            return None
        assert len(answers) == 1, f"seed {SEED}: {len(answers)} answers to {kind} {content!r}"
        return answers[0]

    def _begin(self) -> Sftp:
        sftp, self.begun = Sftp(self._transport), self.begun + 1
        assert sftp.open(path_of(place())) == b"1"
        assert sftp.request(11, string("/settlements/inbox"))[0] == 102
        self._sftp = sftp
        return sftp


def framed(kind: int, content: bytes) -> bytes:
    return struct.pack(">IB", len(content) + 1, kind) + content


def sessions() -> int:
    return sum(thread.name == "sftp session" for thread in threading.enumerate())


# Behind the login


def test_packets_that_are_cut_short(served: Served) -> None:
    """Of each kind every beginning: answered, but for those of which not even the number is whole."""
    session = Session(served)
    for kind, content in VALID.items():
        for size in range(len(content)):
            assert (session.tell(kind, content[:size]) is None) == (size < len(NUMBER)), (kind, size)


def test_packets_with_a_byte_that_is_wrong(served: Served) -> None:
    """Of each kind every byte in turn, three times over: each is answered, once."""
    chance, session = random.Random(SEED), Session(served)
    for kind, content in VALID.items():
        for at in [*range(len(content))] * 3:
            changed = bytearray(content)
            changed[at] = chance.randrange(256)
            assert session.tell(kind, bytes(changed)) is not None, f"seed {SEED}: {kind} {changed!r}"


def test_packets_of_noise(served: Served) -> None:
    """Of every kind that a byte can name."""
    chance, session = random.Random(SEED), Session(served)
    things = string(b"1"), string(b"2"), string("/settlements/inbox")
    for kind in range(256):
        for size in (0, 4, 9, 5000):
            session.tell(kind, chance.randbytes(size))
            session.tell(kind, NUMBER + chance.choice(things) + chance.randbytes(size))


def test_packets_in_any_order(served: Served) -> None:
    """Handles of files where folders are meant, closed ones, answers from who should ask: each is answered, once."""
    chance, session = random.Random(SEED), Session(served)
    for _ in range(1000):
        kind = chance.choice(list(VALID))
        assert session.tell(kind, NUMBER + VALID[kind][4:]) is not None, f"seed {SEED}: {kind}"
    assert session.begun == 1


def test_nothing_comes_before_init(served: Served) -> None:
    transport = served.transport()
    for kind in [kind for kind in VALID if kind != INIT]:
        channel = transport.open_session(timeout=5)
        channel.settimeout(5)
        channel.invoke_subsystem("sftp")
        channel.sendall(framed(kind, VALID[kind]))
        assert channel.recv(100) == b"", kind
        channel.close()


def test_lengths_that_are_wrong(served: Served) -> None:
    """The server waits for what never comes, or takes the middle of a packet for the beginning of the next."""
    chance, transport = random.Random(SEED), served.transport()
    for kind, content in VALID.items():
        for wrong in (-2, -1, 1, 2, 200_000, 0xFFFFFFFF):
            sftp = Sftp(transport)
            length = (len(content) + 1 + wrong) % (1 << 32)
            with suppress(OSError, EOFError):  # it may end the session before it has read all
                sftp.channel.sendall(struct.pack(">IB", length, kind) + content + chance.randbytes(30))
            sftp.channel.close()
    assert transport.is_active()
    wait_for(lambda: sessions() == 0)


# Before the login


KEX = "curve25519-sha256@libssh.org"
LISTS = (KEX, "ssh-ed25519", *["aes128-ctr"] * 2, *["hmac-sha2-256"] * 2, "none", "none", "", "")
KEX_INIT = bytes([20]) + bytes(16) + b"".join(map(string, LISTS)) + bytes(5)
BANNER = b"SSH-2.0-chance\r\n"


def ssh_packet(payload: bytes) -> bytes:
    """Frame a packet as it travels before keys are agreed (RFC 4253, section 6)."""
    padding = 8 - (len(payload) + 5) % 8 + 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def garbage(chance: random.Random) -> bytes:
    noise = chance.randbytes(chance.choice((0, 1, 10, 300, 5000)))
    kind = bytes([chance.randrange(1, 256)])
    changed = bytearray(KEX_INIT)
    changed[chance.randrange(len(changed))] = chance.randrange(256)
    return chance.choice(
        (
            noise,
            b"SSH-2.0-" + noise,
            b"SSH-1.5-old\r\n" + noise,
            BANNER + noise,
            BANNER + struct.pack(">I", chance.choice((0, 1, 35_000, 1 << 31, 0xFFFFFFFF))) + noise,
            BANNER + ssh_packet(kind + noise),
            BANNER + ssh_packet(KEX_INIT[: chance.randrange(1, len(KEX_INIT))]),
            BANNER + ssh_packet(bytes(changed)) + ssh_packet(kind + noise),
            BANNER + ssh_packet(KEX_INIT) + ssh_packet(kind + noise),
            BANNER + ssh_packet(KEX_INIT) + ssh_packet(bytes([30]) + string(noise)),
            BANNER + ssh_packet(KEX_INIT) + ssh_packet(bytes([30]) + string(chance.randbytes(32))) + noise,
            BANNER + ssh_packet(KEX_INIT) + ssh_packet(bytes([21])) + noise,
        )
    )


def test_talk_that_is_no_ssh(served: Served) -> None:
    """Half of them hang up behind it; the server hangs up on the others, when their time is over at the latest."""
    chance = random.Random(SEED)
    with ExitStack() as stack:
        connections = []
        for number in range(200):
            source = (f"127.0.1.{number % 100 + 1}", 0)
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), 10, source))
            connection.sendall(garbage(chance))
            if number % 2:
                connection.shutdown(socket.SHUT_WR)
            connections.append(connection)
        for connection in connections:
            assert is_closed_within(connection, 10 * GRACE)


def test_messages_of_every_kind_before_the_login(served: Served) -> None:
    """Keys are agreed, nobody has logged in: whatever comes, it opens nothing."""
    chance, kinds = random.Random(SEED), list(range(1, 256))
    chance.shuffle(kinds)
    for first in range(0, len(kinds), 8):
        with logging_in(served.port) as login, suppress(OSError, EOFError, paramiko.SSHException):
            for kind in kinds[first : first + 8]:
                content = chance.choice((b"", chance.randbytes(30), NUMBER + string("session") + bytes(12)))
                login.send(paramiko.Message(bytes([kind]) + content))
                assert not login.recorder.answers.qsize() or login.recorder.answers.get()[0] != SUCCESS
    wait_for(lambda: served.server.connections == 0)
    assert sessions() == 0
