"""The socket of a connection as paramiko's packets use it, with as few calls of the operating system as will do.

Every such call lets another thread have the interpreter, and to get it back takes longer than the call itself: with
many clients at once, that was most of what they had to wait for.
"""

import socket
import struct

_AHEAD = 16 * 1024


class Line:
    """Reads what has arrived in one go, and hands it on in the pieces that packets are made of."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._ahead = b""

    def wait_at_most(self, seconds: float) -> None:
        """Have `recv` and `send` raise TimeoutError when nothing arrives, or leaves, for so long.

        The operating system keeps the time. Python would ask it before every call whether there is anything to do.
        """
        self._connection.settimeout(None)
        time = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, time)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, time)

    def recv(self, most: int) -> bytes:
        """Return what has arrived, up to so many bytes; nothing once the other end has said that this was all."""
        ahead = self._ahead or self._received()
        self._ahead = ahead[most:]
        return ahead[:most]

    def send(self, content: bytes) -> int:
        """Send some of the content, and return how many bytes that were."""
        try:
            return self._connection.send(content)
        except BlockingIOError as error:
            raise TimeoutError from error

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()

    def _received(self) -> bytes:
        try:
            return self._connection.recv(_AHEAD)
        except BlockingIOError as error:
            raise TimeoutError from error
