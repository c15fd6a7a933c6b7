"""One connection of a client, from its first byte to its last."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paramiko import Channel, PKey, ServerInterface
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)

from settlement_bridge.sftp_server.admission import Peer
from settlement_bridge.sftp_server.auth import Attempts
from settlement_bridge.sftp_server.conversation import Conversation
from settlement_bridge.sftp_server.filesystem import Filesystem
from settlement_bridge.sftp_server.library import Library
from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.log import escaped, log
from settlement_bridge.sftp_server.login import AuthHandler
from settlement_bridge.sftp_server.packets import Code, Refusal
from settlement_bridge.sftp_server.tally import Tally
from settlement_bridge.sftp_server.transport import Transport
from settlement_bridge.sftp_server.users import User, Users

_KEEP_ALIVE_IDLE, _KEEP_ALIVE_INTERVAL, _KEEP_ALIVE_COUNT = 60, 15, 4
_LATER = 5
"""Seconds after which the operating system ends what this server should have ended, which gives a reason to log."""


@dataclass(frozen=True)
class House:
    """What all sessions have in common."""

    library: Library
    limits: Limits
    host_keys: Sequence[PKey]
    users: Callable[[], Users]
    """The users as they are now."""
    stopping: Callable[[], bool]
    tally: Tally
    changed: Callable[[], None]
    """Called, from any thread, when a session has logged in or ended."""


class Session(ServerInterface):
    """A connection with its transport; paramiko asks it, from the transport's thread, what is allowed.

    Who the client is comes from the transport alone, after the login, and is looked up anew at every request: a user
    who is removed, or whose key is, has nothing from then on.
    """

    def __init__(self, house: House, connection: socket.socket, peer: Peer) -> None:
        self.peer = peer
        self.is_logged_in = False
        self._house = house
        self._limits = house.limits
        self._connection = connection
        self._attempts = Attempts(house.users, house.limits.login_tries)
        self._began = time.monotonic()
        self._last_request = self._began
        self._closed_because: str | None = None
        self._conversations: list[Conversation] = []
        self._channels_ever = 0
        self._transport: Transport | None = None

    def start(self) -> None:
        """Begin to serve, in a thread of its own. Raises OSError where the client is gone already."""
        _prepare(self._connection, self._limits)
        self._transport = transport = Transport(self._connection, self._limits, host=self)
        for key in self._house.host_keys:
            transport.add_server_key(key)
        transport.start_server(event=threading.Event(), server=self)

    @property
    def alive(self) -> bool:
        """Whether any of its threads is still at work."""
        threads: list[threading.Thread] = [*self._conversations]
        if self._transport:
            threads.append(self._transport)
        return any(thread.is_alive() for thread in threads)

    def release(self) -> None:
        """Let go of everything, once none of its threads is alive."""
        if self._transport:
            self._transport.release()

    @property
    def busy(self) -> bool:
        """Whether the client has a file open, or waits for an answer."""
        return any(one.is_alive() and one.busy for one in self._conversations)

    def overdue(self) -> str | None:
        """Return why the connection is to be closed now; None while it may stay."""
        now = time.monotonic()
        if not self.is_logged_in:
            limit = self._limits.login_grace
            return f"not logged in after {limit:g} s" if now - self._began > limit else None
        if self._user_now() is None:
            return "the user, or the key, is no longer known"
        since = self._transport.packetizer.sending_since if self._transport else None
        if since is not None and now - since > self._limits.send:
            return f"took nothing for {self._limits.send:g} s"
        return f"idle for {self._limits.idle:g} s" if now - self._last_request > self._limits.idle else None

    def close(self, reason: str) -> None:
        """End the connection at once, and say why."""
        self._closed_because = self._closed_because or reason
        if self._transport:
            self._transport.hang_up()
        else:
            self._connection.close()

    # What the transport tells

    def logged_in(self) -> None:
        """The client has proven who it is."""
        self.is_logged_in = True
        self._last_request = time.monotonic()
        self._house.tally.count("login")
        log.info("login of user %s from %s port %d", escaped(self._name), self.peer.address, self.peer.port)
        self._house.changed()

    def answered(self, channel: Channel, content: bytes) -> bool:
        """Answer what arrived on a channel, if that can be done at once."""
        return any(one.serves(channel) and one.answer_at_once(content) for one in self._conversations)

    def ended(self) -> None:
        """The connection is over."""
        who = f"{self.peer.address} port {self.peer.port}"
        if self.is_logged_in:
            why = f": {self._closed_because}" if self._closed_because else ""
            log.info("end of the session of user %s from %s%s", escaped(self._name), who, why)
        elif self._attempts.last:
            self._house.tally.count("failed login")
            log.warning("failed login from %s: %s", who, self._attempts.last)
        else:
            log.info("no login from %s: %s", who, self._closed_because or self._what_went_wrong())
        self._house.changed()

    @property
    def tries_used_up(self) -> bool:
        """Whether the client has tried often enough."""
        return self._attempts.used_up

    def hung_up_on(self, user_name: str) -> None:
        """The client was sent away."""
        self._attempts.hung_up_on(user_name)

    def tried_a_password(self, user_name: str) -> None:
        """Count the try."""
        self._attempts.refuse(user_name, "a password")

    # What paramiko asks

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        """Public keys, and nothing else."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: PKey) -> int:
        """Tell whether a key would do; the transport then checks the signature."""
        return AUTH_SUCCESSFUL if self._attempts.allows(username, key) else AUTH_FAILED

    def check_auth_none(self, username: str) -> int:
        """Count the try."""
        self._attempts.refuse(username, "none")
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002
        """Say no; the password is not looked at, and the try counted when it is answered."""
        return AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: bytes | str) -> int:  # noqa: ARG002
        """Count the try."""
        self._attempts.refuse(username, "questions")
        return AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        """Grant a few sessions, and nothing else."""
        if kind != "session" or not self._transport:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self._channels_ever += 1
        open_now = sum(not channel.closed for channel in self._transport.sessions)
        at_work = sum(one.is_alive() for one in self._conversations)
        if at_work >= 2 * self._limits.channels:  # of sessions that are closed, with threads that wait
            return OPEN_FAILED_RESOURCE_SHORTAGE
        if open_now >= self._limits.channels or self._channels_ever > self._limits.channels_ever:
            return OPEN_FAILED_RESOURCE_SHORTAGE
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: Channel, name: str) -> bool:
        """Begin SFTP on a channel, once."""
        self._conversations = [one for one in self._conversations if one.is_alive()]
        if name != "sftp" or any(one.serves(channel) for one in self._conversations):
            return False
        conversation = Conversation(channel, self._filesystem(), self._limits)
        self._conversations.append(conversation)
        conversation.start()
        return True

    def _filesystem(self) -> Filesystem:
        house = self._house
        return Filesystem(
            house.library,
            house.limits,
            self._name,
            self._user,
            self._has_arrived,
            house.stopping,
            self._unconfirmed,
        )

    def _user(self) -> User:
        self._last_request = time.monotonic()
        user = self._user_now()
        if user is None:
            raise Refusal(Code.PERMISSION_DENIED, "Permission denied")
        return user

    def _user_now(self) -> User | None:
        return self._house.users().get(*self._proven) if self._proven else None

    @property
    def _name(self) -> str:
        return self._proven[0] if self._proven else ""

    @property
    def _proven(self) -> tuple[str, bytes] | None:
        handler = self._transport.auth_handler if self._transport else None
        return handler.proven if isinstance(handler, AuthHandler) else None

    def _has_arrived(self) -> bool:
        return self._transport is not None and self._transport.has_arrived(self._limits.send)

    def _unconfirmed(self) -> int:
        return self._transport.unconfirmed() if self._transport else 0

    def _what_went_wrong(self) -> str:
        error = self._transport.get_exception() if self._transport else None
        said = str(error) if error else ""
        return escaped(said) if said else "the client hung up"


def _prepare(connection: socket.socket, limits: Limits) -> None:
    """Notice who is gone without a word, and send small answers at once."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_IDLE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEP_ALIVE_INTERVAL)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEP_ALIVE_COUNT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int((limits.send + _LATER) * 1000))
