"""The server: sockets, who may come in, who has to go."""

import errno
import selectors
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from paramiko import PKey

from settlement_bridge.sftp_server.admission import Peer
from settlement_bridge.sftp_server.library import Library
from settlement_bridge.sftp_server.limits import Limits
from settlement_bridge.sftp_server.log import log
from settlement_bridge.sftp_server.reception import Reception
from settlement_bridge.sftp_server.session import House
from settlement_bridge.sftp_server.sockets import allow_connections
from settlement_bridge.sftp_server.tally import Tally
from settlement_bridge.sftp_server.users import Users
from settlement_bridge.store import Store

_TICK = 0.5
"""Seconds between two looks at who has to go."""
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


class SftpServer:
    """Serves the documents of a store to its users, in threads of this process.

    `start` binds and returns; `reload` puts other users in place of all there are, and who is no longer among them is
    shown out within a second or two; `stop` lets transfers that are under way come to their end.
    """

    def __init__(
        self,
        store: Store,
        host_keys: Sequence[PKey],
        users: Users,
        limits: Limits = Limits(),  # noqa: B008 - it cannot be changed
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._users = users
        self._most_connections = limits.connections + limits.waiting
        self._host_keys = host_keys
        self._stopping = threading.Event()
        self._bell, self._door = socket.socketpair()
        self._bell.setblocking(False)
        self.tally = Tally()
        house = House(
            library=Library(store, clock),
            limits=limits,
            host_keys=host_keys,
            users=lambda: self._users,
            stopping=self._stopping.is_set,
            tally=self.tally,
            changed=self._ring,
        )
        self._reception = Reception(house)
        self._listeners: Sequence[socket.socket] = ()
        self._thread = threading.Thread(target=self._run, name="sftp server", daemon=True)

    def start(self, listeners: Sequence[socket.socket]) -> None:
        """Begin to serve at sockets that listen, and return; they are closed when the server stops."""
        self._listeners = listeners
        if not allow_connections(self._most_connections):
            log.warning("the system allows too few open files for %d connections", self._most_connections)
        for listener in listeners:
            listener.setblocking(False)
        self._thread.start()

    def reload(self, users: Users) -> None:
        """Put other users in place of all there are; who is connected keeps what the new ones allow."""
        self._users = users
        self._ring()

    def stop(self, grace: float = 10.0) -> None:
        """Take no more connections, end those without an open file, and the rest after so many seconds."""
        self._stopping.set()
        self._ring()
        if self._thread.is_alive():
            self._thread.join()
        for connection in (*self._listeners, self._bell, self._door):
            connection.close()
        self._reception.close(grace)
        log.info("stopped: logins %d, failed logins %d", self.tally.logins, self.tally.failed_logins)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where the server listens, as address and port."""
        return [listener.getsockname()[:2] for listener in self._listeners]

    @property
    def host_key_names(self) -> list[str]:
        """The fingerprints of the server's own keys with their kinds, as clients show them."""
        return [f"{key.fingerprint} {key.get_name()}" for key in self._host_keys]

    @property
    def connections(self) -> int:
        """How many connections there are, those included that have not logged in."""
        return self._reception.connections

    def _ring(self) -> None:
        with suppress(OSError):  # a full bell rings already; a closed one is heard by nobody
            self._bell.send(b"!")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in (*self._listeners, self._door):
                selector.register(listener, selectors.EVENT_READ)
            while not self._stopping.is_set():
                try:
                    self._serve(selector)
                except Exception:
                    log.exception("a mistake in this program; the server goes on")
                    self._stopping.wait(_TICK)

    def _serve(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(_TICK):
            if key.fileobj is self._door:
                self._door.recv(4096)
            else:
                self._accept(key.fileobj)  # type: ignore[arg-type]
        self._reception.look_around()

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, name = listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                log.error("no connection can be taken: %s", error.strerror)
                self._stopping.wait(_TICK)
            return
        connection.setblocking(True)
        self._reception.receive(connection, Peer.of(name))
