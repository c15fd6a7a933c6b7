"""paramiko's transport with the bounds that it leaves to whoever builds a server on it.

What is overridden here is not all public; the tests of each bound fail on a paramiko that has changed.
"""

import fcntl
import socket
import struct
import termios
import threading
import time
from contextlib import suppress
from functools import partial

from paramiko import Channel, Message, SSHException
from paramiko import Transport as PlainTransport
from paramiko.common import MSG_CHANNEL_DATA, MSG_CHANNEL_EXTENDED_DATA, MSG_EXT_INFO

from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.login import AuthHandler, Host
from settlement_bridge.sftp_server.packetizer import Packetizer

SOFTWARE = "settlement-bridge"
_KEX = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
)
_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
_MOST_HELD_BACK = 100
_LAST_WORDS = 1.0
"""Seconds in which the machine of a client that has hung up may still confirm what it got."""


class Transport(PlainTransport):
    """A connection of a client, with the algorithms and bounds of this server."""

    # A tenth of a second, as it is, makes five hundred idle connections wake up five thousand times a second.
    _active_check_timeout = 5
    packetizer: Packetizer

    def __init__(self, connection: socket.socket, limits: Limits, host: Host) -> None:
        super().__init__(
            connection,
            default_window_size=limits.window,
            packetizer_class=partial(Packetizer, limits=limits),  # type: ignore[arg-type]
        )
        self.packetizer.line.wait_at_most(self._active_check_timeout)
        self.local_version = f"SSH-2.0-{SOFTWARE}"
        self.sessions: list[Channel] = []
        self._limits = limits
        self._host = host
        self._connection = connection.dup()
        """The same socket, kept until `release`: paramiko closes its own when the line is cut."""
        self._held_back: list[Message] = []
        self._restrict_algorithms()
        self._handler_table = {**self._handler_table, MSG_EXT_INFO: _ignore}  # type: ignore[has-type]
        self._channel_handler_table = {
            **PlainTransport._channel_handler_table,  # type: ignore[attr-defined]
            MSG_CHANNEL_DATA: self._feed,
            MSG_CHANNEL_EXTENDED_DATA: lambda *_: None,  # nobody reads it
        }

    def run(self) -> None:
        """Serve the connection until it ends."""
        try:
            super().run()
        finally:
            with suppress(OSError):  # it has ended at the other end, too
                self._connection.shutdown(socket.SHUT_RDWR)
            self._host.ended()

    def release(self) -> None:
        """Let go of the socket, once no thread asks any more what has arrived."""
        self._connection.close()

    def hang_up(self) -> None:
        """End the connection at once, whatever its threads wait for."""
        with suppress(OSError):  # it has ended already
            self._connection.shutdown(socket.SHUT_RDWR)
        self.close()

    def has_arrived(self, seconds: float) -> bool:
        """Wait until the client's machine has confirmed every byte sent so far; False where it does not in time.

        A client that has hung up right behind its last word may well have confirmed what came before.
        """
        goal, begun = self.packetizer.sent, time.monotonic()
        while self.packetizer.sent - _unconfirmed(self._connection) < goal:
            waited = time.monotonic() - begun
            if waited > seconds or (waited > _LAST_WORDS and not self.is_active()):
                return False
            time.sleep(0.002)
        return True

    def unconfirmed(self) -> int:
        """Return how many bytes that were sent the client's machine has not confirmed."""
        return _unconfirmed(self._connection)

    def _restrict_algorithms(self) -> None:
        options = self.get_security_options()
        options.kex = tuple(name for name in _KEX if name in options.kex)
        options.ciphers = _CIPHERS
        options.digests = _MACS
        options.compression = ("none",)

    def _negotiate_keys(self, m: Message) -> None:
        """Exchange keys, once before the login: every exchange costs this machine more than the one who asks for it."""
        if self.initial_kex_done and not self.is_authenticated():
            raise SSHException("keys are exchanged again before the login")
        super()._negotiate_keys(m)  # type: ignore[misc]

    def _parse_newkeys(self, m: Message) -> None:
        if self.auth_handler is None:
            self.auth_handler = AuthHandler(self, self._host)
        super()._parse_newkeys(m)  # type: ignore[misc]
        held_back, self._held_back = self._held_back, []
        for message in held_back:
            self._send_message(message)  # type: ignore[attr-defined]

    def _send_user_message(self, data: Message) -> None:
        """Hold back what this very thread has to say while keys are exchanged, rather than have it wait for itself."""
        if threading.current_thread() is not self or self.clear_to_send.is_set():
            super()._send_user_message(data)  # type: ignore[misc]
        elif len(self._held_back) < _MOST_HELD_BACK:
            self._held_back.append(data)
        else:
            raise SSHException("too many requests while keys are exchanged")

    def _queue_incoming_channel(self, channel: Channel) -> None:
        # Kept here until it is closed; paramiko's own queue waits for somebody who calls accept().
        self.sessions = [one for one in self.sessions if not one.closed]
        self.sessions.append(channel)

    def _feed(self, channel: Channel, m: Message) -> None:
        if len(channel.in_buffer) > self._limits.window + self._limits.packet:
            raise SSHException("more data than the window allows")
        content = m.get_binary()
        if not self._host.answered(channel, content):
            channel._feed(content)  # type: ignore[attr-defined]


def _ignore(_: Message) -> None:
    """Extensions of clients are of no use here, and their list may claim to be endless."""


def _unconfirmed(connection: socket.socket) -> int:
    """Return how many bytes of a connection its other end has not confirmed (SIOCOUTQ)."""
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
    return int(struct.unpack("i", answer)[0])
