"""Faults of the connection: an answer that comes late, in drops, in part, or not at all."""

import os
import re
import socket
from collections.abc import Callable, Mapping
from email.utils import formatdate
from struct import pack
from time import time
from typing import NamedTuple, Protocol

from settlement_bridge.sandbox.faults.fault import Fault

_DATE = re.compile(rb"Date: [^\r]*")
_FOR_EVER = 86400.0


class Wire(Protocol):
    """The connection an answer is to go out on."""

    connection: socket.socket

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than the sandbox runs."""

    def hang_up(self) -> None:
        """Close the connection when the request is done."""


class TransportKind(NamedTuple):
    """A kind of fault that sends an answer in its own way: head, body."""

    summary: str
    send: Callable[[Fault, Wire, bytes, bytes], None]
    options: tuple[str, ...] = ()


def _slow(fault: Fault, wire: Wire, head: bytes, body: bytes) -> None:
    wire.wait(fault.number("seconds", 1))
    wire.connection.sendall(head + body)


def _hang(fault: Fault, wire: Wire, _head: bytes, _body: bytes) -> None:
    wire.wait(fault.number("seconds", _FOR_EVER))
    wire.hang_up()


def _drip(fault: Fault, wire: Wire, head: bytes, body: bytes) -> None:
    """Send the body in a hundred drops, each of them in time for a timeout that counts from the last one."""
    wire.connection.sendall(head)
    size = max(len(body) // 100, 1)
    for start in range(0, len(body), size):
        wire.connection.sendall(body[start : start + size])
        wire.wait(fault.number("seconds", 5) / 100)


def _cut(fault: Fault, wire: Wire, head: bytes, body: bytes) -> None:
    wire.connection.sendall(head + body[: _place(fault, body, len(body) // 2)])
    wire.hang_up()


def _shortened(fault: Fault, wire: Wire, head: bytes, body: bytes) -> None:
    """Cut the body where a proxy did it, which then counted what it had: the length agrees."""
    kept = body[: _place(fault, body, len(body) // 2)]
    wire.connection.sendall(head.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % len(kept)) + kept)


def _reset(fault: Fault, wire: Wire, head: bytes, body: bytes) -> None:
    wire.connection.sendall((head + body)[: _place(fault, head + body, 0)])
    wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    wire.hang_up()
    os.close(wire.connection.detach())  # an orderly end would reach the client before the reset


def _place(fault: Fault, data: bytes, otherwise: int) -> int:
    """Return the byte that `at` names, as a number or as a share: `at=37%`."""
    at = fault.options.get("at", "")
    return int(len(data) * float(at[:-1]) / 100) if at.endswith("%") else int(fault.number("at", otherwise))


def _clock(fault: Fault, wire: Wire, head: bytes, body: bytes) -> None:
    date = formatdate(time() + 3600 * fault.number("hours", 26), usegmt=True)
    wire.connection.sendall(_DATE.sub(f"Date: {date}".encode("ascii"), head) + body)


TRANSPORT_KINDS: Mapping[str, TransportKind] = {
    "slow": TransportKind("the answer comes after seconds=1", _slow, ("seconds",)),
    "hang": TransportKind("no answer, then the end of the connection after seconds=86400", _hang, ("seconds",)),
    "drip": TransportKind("the body comes in drops over seconds=5", _drip, ("seconds",)),
    "cut": TransportKind("the connection ends after byte at=N (or N%) of the body", _cut, ("at",)),
    "shortened": TransportKind("the body ends after byte at=N and the length says so", _shortened, ("at",)),
    "clock": TransportKind("the Date header is off by hours=26", _clock, ("hours",)),
    "reset": TransportKind("the connection is reset after byte at=0 of the answer", _reset, ("at",)),
}
