"""One SFTP session on its channel: requests in, answers out, in their order."""

import threading
from contextlib import suppress

from paramiko import Channel, SSHException

from settlement_bridge.errors import BridgeError
from settlement_bridge.sftp_server import packets
from settlement_bridge.sftp_server.filesystem import Filesystem
from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.log import escaped, log
from settlement_bridge.sftp_server.packets import Code, Fields, Kind, Refusal

_RECEIVE = 64 * 1024
_FLUSH = 256 * 1024
_PIECE = 32 * 1024 - 64
"""What paramiko puts into one packet for a client that takes 32 KiB."""
_HEADER = 4


class Conversation(threading.Thread):
    """The thread that serves a channel until the client, the line or the server has had enough."""

    def __init__(self, channel: Channel, filesystem: Filesystem, limits: Limits) -> None:
        super().__init__(name="sftp session", daemon=True)
        self.filesystem = filesystem
        self._channel = channel
        self._limits = limits
        self._received = bytearray()
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._data_unsent = False
        channel.settimeout(limits.send)

    def serves(self, channel: Channel) -> bool:
        """Tell whether this is the conversation on a channel."""
        return channel is self._channel

    def run(self) -> None:
        """Answer requests, until there are none or the client breaks the rules."""
        try:
            self._greet()
            while (packet := self._next()) is not None:
                self._send(self._answer(Fields(packet)))
            self._channel.send_exit_status(0)  # scp takes a session that ends without one for a failed one
        except (EOFError, OSError, SSHException, Refusal) as error:
            log.debug("session ended: %s", escaped(error))
        except Exception:
            log.exception("a session ended by a mistake in this program")
        finally:
            self.filesystem.drop()
            with suppress(EOFError, OSError, SSHException):  # the line is cut
                self._channel.close()

    def flush(self) -> None:
        """Hand what was answered to the transport.

        Raises OSError or EOFError where the client does not take it in time, or has left without parts of files that
        it asked for. Who has left needs no other answers, and what was asked before still counts.
        """
        unsent, self._unsent, self._unsent_size = self._unsent, [], 0
        content = b"".join(unsent)
        try:
            for start in range(0, len(content), _PIECE):
                self._send_whole(content[start : start + _PIECE])
        except TimeoutError:
            raise
        except (EOFError, OSError):
            if self._data_unsent:
                raise
        self._data_unsent = False

    def _greet(self) -> None:
        packet = self._next()
        if packet is None or Fields(packet).byte() != Kind.INIT:
            raise EOFError("a client that does not begin with INIT")
        self._send(packets.version())

    def _answer(self, fields: Fields) -> bytes:
        kind, request = fields.byte(), fields.number()
        if kind == Kind.CLOSE and self._data_unsent:
            self.flush()  # what the client has not been given yet, it cannot have done with
        try:
            return self.filesystem.answer(kind, request, fields)
        except Refusal as refusal:
            return packets.status(request, refusal.code, str(refusal))
        except BridgeError as error:
            log.warning("a request could not be answered: %s", error)
            return packets.status(request, Code.FAILURE, "The server cannot reach its database: try again later")

    def _next(self) -> bytes | None:
        """Return the next packet; None where the client says that there are no more. Sends before it waits."""
        while (packet := self._taken()) is None:
            self.flush()
            try:
                received = self._channel.recv(_RECEIVE)
            except TimeoutError:  # of patience with who says nothing there is more: the server watches over it
                continue
            if not received:
                return None
            self._received += received
        return packet

    def _taken(self) -> bytes | None:
        """Take a whole packet from what was received, if there is one."""
        if len(self._received) < _HEADER:
            return None
        size = int.from_bytes(self._received[:_HEADER], "big")
        if not 0 < size <= self._limits.packet:
            raise EOFError("a packet of no size, or of more than 256 KiB")
        if len(self._received) < _HEADER + size:
            return None
        packet = bytes(self._received[_HEADER : _HEADER + size])
        del self._received[: _HEADER + size]
        return packet

    def _send(self, answer: bytes) -> None:
        """Send an answer, together with the next ones where more requests are waiting already."""
        self._unsent.append(answer)
        self._unsent_size += len(answer)
        self._data_unsent |= answer[_HEADER] == Kind.DATA
        if self._unsent_size >= _FLUSH:
            self.flush()

    def _send_whole(self, content: bytes) -> None:
        while content:
            sent = self._channel.send(content)
            if sent == 0:
                raise EOFError("the channel is closed")
            content = content[sent:]
