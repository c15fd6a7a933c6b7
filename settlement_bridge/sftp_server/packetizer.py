"""paramiko's packets, with bounds on what a stranger may send and a client may leave lying."""

import hmac
import socket
import time
from typing import Any

from paramiko import SSHException, util
from paramiko.packet import Packetizer as PlainPacketizer

from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.line import Line

# It, too, takes the same time wherever the difference is, but no step of the interpreter for each byte of every packet.
util.constant_time_bytes_eq = hmac.compare_digest  # type: ignore[assignment]

_OVERHEAD = 1024
"""Bytes of a packet besides its payload."""


class Packetizer(PlainPacketizer):
    """Takes no packet and no greeting that is larger than it needs to be, and knows since when it waits to send."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self.line = Line(connection)
        super().__init__(self.line)  # type: ignore[arg-type]
        self._limits = limits
        self.sent = 0
        """Bytes handed to the operating system."""
        self.sending_since: float | None = None
        """Since when the operating system has not taken a packet."""
        self._greeting = 0

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """Refuse to wait for, or to keep, more than a packet may have."""
        if n > self._limits.packet + _OVERHEAD:
            raise SSHException("a packet of more than 256 KiB")
        return bytes(super().read_all(n, check_rekey))

    def write_all(self, out: Any) -> None:
        """Count what was sent."""
        self.sending_since = time.monotonic()
        try:
            super().write_all(out)
            self.sent += len(memoryview(out))
        finally:
            self.sending_since = None

    def start_handshake(self, timeout: float) -> None:
        """Start no thread: the server watches over the time that a login takes."""

    def _read_timeout(self, timeout: float) -> bytes:
        received: bytes = super()._read_timeout(timeout)  # type: ignore[misc]
        self._greeting += len(received)
        if self._greeting > self._limits.banner:
            raise SSHException("a greeting of more than 8 KiB")
        return received
