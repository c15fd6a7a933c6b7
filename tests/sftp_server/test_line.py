"""A connection's socket, read ahead: the same bytes in the same order, in fewer calls, and no waiting for ever."""

import fcntl
import socket
import struct
import termios
import time
from collections.abc import Iterator
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.sftp_server.line import Line


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Line]]:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        line = Line(ours)
        line.wait_at_most(0.2)
        yield theirs, line


def _waiting(connection: socket.socket) -> int:
    return int(struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.FIONREAD, bytes(4)))[0])


@given(st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(1, 100), min_size=1))
def test_whatever_the_pieces_the_bytes_are_the_same(sent: list[bytes], sizes: list[int]) -> None:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        for content in sent:
            theirs.sendall(content)
        theirs.shutdown(socket.SHUT_WR)
        line, pieces = Line(ours), []
        for size in cycle(sizes):
            pieces.append(line.recv(size))
            assert len(pieces[-1]) <= size
            if not pieces[-1]:
                break
        assert b"".join(pieces) == b"".join(sent)


def test_the_whole_of_a_packet_is_taken_with_its_first_bytes() -> None:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.sendall(bytes(100))
        line = Line(ours)
        assert line.recv(16) == bytes(16)
        assert _waiting(ours) == 0


def test_who_says_nothing_is_not_waited_for_for_ever(ends: tuple[socket.socket, Line]) -> None:
    theirs, line = ends
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        line.recv(1)
    assert 0.15 < time.monotonic() - began < 5
    theirs.sendall(b"late")
    assert line.recv(4) == b"late"


def test_who_takes_nothing_is_not_waited_for_for_ever(ends: tuple[socket.socket, Line]) -> None:
    _, line = ends
    with pytest.raises(TimeoutError):
        while line.send(bytes(64 * 1024)):
            pass
