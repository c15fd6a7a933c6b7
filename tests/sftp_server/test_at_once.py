"""Answers that the transport's own thread gives: none that has to wait, none before its turn, none before INIT."""

import struct
import threading
import time
from collections import Counter

import paramiko
import pytest

from settlement_bridge.sftp_server.conversation import Conversation
from settlement_bridge.sftp_server.filesystem import Filesystem
from settlement_bridge.sftp_server.packets import Fields, Kind
from tests.sftp_server.conftest import CONTENT
from tests.sftp_server.raw import Sftp, packet, string
from tests.sftp_server.served import Served, path_of, place

PATH = path_of(place())
WHOLE = CONTENT + b"2000001"
FOLDER = PATH.rpartition("/")[0]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> dict[bool, Counter[int]]:
    """How many requests of each kind were answered at once, and how many by the session's thread."""
    answers: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    answer = Filesystem.answer

    def noting(self: Filesystem, kind: int, request: int, fields: Fields) -> bytes:
        answers[not _is_session()][kind] += 1
        return answer(self, kind, request, fields)

    monkeypatch.setattr(Filesystem, "answer", noting)
    return answers


@pytest.fixture
def sleepy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the session's thread fall asleep with what it has just received in its hand."""
    receive = paramiko.Channel.recv

    def slowly(self: paramiko.Channel, size: int) -> bytes:
        received = receive(self, size)
        if _is_session():
            time.sleep(0.05)
        return received

    monkeypatch.setattr(paramiko.Channel, "recv", slowly)


def _is_session() -> bool:
    return isinstance(threading.current_thread(), Conversation)


def test_what_waits_for_nobody_is_answered_at_once(served: Served, at_once: dict[bool, Counter[int]]) -> None:
    sftp = Sftp(served.transport())
    for _ in range(50):
        sftp.request(Kind.STAT, string(PATH))
        time.sleep(0.001)
    assert at_once[True][Kind.STAT] > 25


def test_what_waits_for_the_disk_or_for_the_client_is_not(served: Served, at_once: dict[bool, Counter[int]]) -> None:
    sftp = Sftp(served.transport())
    for _ in range(20):
        folder = sftp.request(Kind.OPENDIR, string(FOLDER))[1][4:]
        sftp.request(Kind.READDIR, string(folder))
        time.sleep(0.01)
        sftp.close(folder)
    handle = sftp.open(PATH)
    assert sftp.read(handle, 0, 255 * 1024) == WHOLE
    time.sleep(0.05)
    assert sftp.close(handle) == 0
    assert served.archive() == [place().name]
    sftp.request(Kind.REMOVE, string(PATH))
    assert not at_once[True].keys() & {Kind.OPENDIR, Kind.READDIR, Kind.READ, Kind.CLOSE, Kind.REMOVE}
    assert at_once[False][Kind.READ] == 1


@pytest.mark.usefixtures("sleepy")
def test_no_request_overtakes_another(served: Served) -> None:
    sftp = Sftp(served.transport())
    folder = sftp.request(Kind.OPENDIR, string(FOLDER))[1][4:]
    for number in range(10):
        time.sleep(0.01)
        sftp.send(Kind.REALPATH if number % 2 else Kind.READDIR, struct.pack(">I", 1) + string(folder))
        sftp.send(Kind.STAT, struct.pack(">I", 2) + string(PATH))
        assert [sftp.receive()[1][:4] for _ in range(2)] == [struct.pack(">I", 1), struct.pack(">I", 2)]


def test_nothing_is_answered_before_the_greeting(served: Served) -> None:
    channel = served.transport().open_session(timeout=10)
    channel.settimeout(10)
    channel.invoke_subsystem("sftp")
    time.sleep(0.1)
    channel.sendall(packet(Kind.STAT, struct.pack(">I", 1) + string(PATH)))
    assert channel.recv(100) == b""


def test_a_client_that_takes_little_at_a_time_gets_it_all(served: Served) -> None:
    sftp = Sftp(served.transport(), window=32 * 1024)
    assert sftp.fetch(PATH, len(WHOLE), 4096) == WHOLE
    assert sftp.fetch(PATH, len(WHOLE), 32768) == WHOLE


def test_requests_in_pieces_and_by_the_dozen_are_answered_in_their_order(served: Served) -> None:
    sftp = Sftp(served.transport())
    requests = b"".join(packet(Kind.STAT, struct.pack(">I", number) + string(PATH)) for number in range(300))
    for start in range(0, len(requests), 331):
        sftp.channel.sendall(requests[start : start + 331])
    assert [struct.unpack(">I", sftp.receive()[1][:4])[0] for _ in range(300)] == list(range(300))
