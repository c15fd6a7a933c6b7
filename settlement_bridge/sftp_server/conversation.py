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
_SHORTEST = 9
"""Bytes of the shortest request that names anything, with its header."""
_ROOM = 64 * 1024
"""More than any answer that is given at once."""


class Conversation(threading.Thread):
    """The thread that serves a channel until the client, the line or the server has had enough.

    To wake it up takes longer than most answers: so the transport's own thread gives those that nobody has to wait
    for, while this one has nothing to do.
    """

    def __init__(self, channel: Channel, filesystem: Filesystem, limits: Limits) -> None:
        super().__init__(name="sftp session", daemon=True)
        self.filesystem = filesystem
        self._channel = channel
        self._limits = limits
        self._received = bytearray()
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._lost = 0
        """Bytes of answers that could not be handed to the transport."""
        self._data_unsent = False
        self._greeted = False
        self._turn = threading.Lock()
        """Held by whoever answers; this thread lets go of it only while it waits for requests."""
        self._turn.acquire()
        self._handed = len(channel.in_buffer)
        """Bytes that the transport has put into the channel, of which this thread has taken so many:"""
        self._taken = 0
        channel.settimeout(limits.send)

    @property
    def busy(self) -> bool:
        """Whether a file is open, or a request is being answered."""
        return self.filesystem.busy or self._turn.locked()

    def serves(self, channel: Channel) -> bool:
        """Tell whether this is the conversation on a channel."""
        return channel is self._channel

    def answer_at_once(self, content: bytes) -> bool:
        """Answer what has just arrived, if it is one request, nothing is to be done before it, and nothing to wait for.

        Called by the transport's thread alone, which puts into the channel what is not answered: it must not wait,
        since it is the one that hears what a client has taken.
        """
        if self._is_short(content) and self._turn.acquire(blocking=False):
            try:
                if self._is_next(content):
                    self._answer_now(content[_HEADER:])
                    return True
            finally:
                self._turn.release()
        self._handed += len(content)
        return False

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
            self.filesystem.drop(self._lost + self._unsent_size)
            self._close()

    def flush(self) -> None:
        """Hand what was answered to the transport.

        Raises OSError or EOFError where the client does not take it in time, or has left without parts of files that
        it asked for. Who has left needs no other answers, and what was asked before still counts.
        """
        unsent, self._unsent, self._unsent_size = self._unsent, [], 0
        content = b"".join(unsent)
        self._lost += len(content)
        try:
            for start in range(0, len(content), _PIECE):
                piece = content[start : start + _PIECE]
                self._send_whole(piece)
                self._lost -= len(piece)
        except TimeoutError:
            raise
        except (EOFError, OSError):
            if self._data_unsent:
                raise
        if self._data_unsent and self._lost:
            raise EOFError("the transport's thread could not send parts of files")
        self._data_unsent = False

    def _greet(self) -> None:
        packet = self._next()
        if packet is None or Fields(packet).byte() != Kind.INIT:
            raise EOFError("a client that does not begin with INIT")
        self._send(packets.version())
        self._greeted = True

    def _is_short(self, content: bytes) -> bool:
        whole = len(content) >= _SHORTEST and int.from_bytes(content[:_HEADER], "big") == len(content) - _HEADER
        return whole and self.filesystem.is_short(content[_HEADER:])

    def _is_next(self, content: bytes) -> bool:
        """Tell whether all that came before is answered, and the channel has room for what is sent and received."""
        channel, transport = self._channel, self._channel.transport
        if not self._greeted or self._received or self._handed != self._taken:
            return False
        if channel.out_window_size < _ROOM or transport is None or not transport.clear_to_send.is_set():
            return False
        if channel.in_window_sofar + len(content) > channel.in_window_threshold:
            return False  # the thread tells the client that it may send more
        channel._check_add_window(len(content))  # type: ignore[attr-defined]
        return True

    def _answer_now(self, packet: bytes) -> None:
        try:
            self._send(self._answer(Fields(packet)))
            self.flush()
        except (EOFError, OSError, SSHException) as error:
            log.debug("session ended: %s", escaped(error))
            self._close()
        except Exception:
            log.exception("a session ended by a mistake in this program")
            self._close()

    def _close(self) -> None:
        with suppress(EOFError, OSError, SSHException):  # the line is cut
            self._channel.close()

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
        while (packet := self._whole()) is None:
            self.flush()
            self._turn.release()
            try:
                received = self._channel.recv(_RECEIVE)
            except TimeoutError:  # of patience with who says nothing there is more: the server watches over it
                continue
            finally:
                self._turn.acquire()
            if not received:
                return None
            self._taken += len(received)
            self._received += received
        return packet

    def _whole(self) -> bytes | None:
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
            # What is to be sent on a connection that is dead, as while keys are exchanged, paramiko drops in silence.
            if sent == 0 or self._channel.transport is None or not self._channel.transport.is_active():
                raise EOFError("the channel is closed")
            content = content[sent:]
