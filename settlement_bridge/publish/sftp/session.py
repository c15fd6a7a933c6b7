"""One connection to one server, shared by all files of a run and by threads side by side."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from paramiko import SFTPClient, Transport

from settlement_bridge.errors import BridgeError, DeliveryFailed
from settlement_bridge.publish.sftp.login import connect
from settlement_bridge.publish.sftp.problems import TROUBLE
from settlement_bridge.publish.sftp.server import SftpServer

CHANNELS = 4
"""How many files go side by side over the one connection; servers allow ten (OpenSSH's MaxSessions)."""
_FAREWELL = 5.0
"""Seconds that a closed connection's thread gets to end."""
REST = 60.0
"""Seconds for which a server that could not be reached is not tried again: thousands of files may be due."""


class Session:
    """Connects when first needed, and anew once the connection is lost."""

    def __init__(self, server: SftpServer) -> None:
        self._server = server
        self._slots = threading.BoundedSemaphore(CHANNELS)
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._idle: list[SFTPClient] = []
        self._failure: tuple[float, BridgeError] | None = None

    @contextmanager
    def client(self) -> Iterator[SFTPClient]:
        """Lend a client for a few requests, to one thread at a time; one on which a request got lost is not lent again.

        Raises DeliveryRefused for a host key not known and DeliveryFailed where no session comes about.
        """
        with self._slots:
            with self._lock:
                client = self._take()
            try:
                yield client
            except BaseException as error:
                self._give_back(client, usable=isinstance(error, BridgeError) or _is_answer(error))
                raise
            self._give_back(client, usable=True)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        with self._lock:
            self._drop()

    def _take(self) -> SFTPClient:
        if self._transport and not self._transport.is_active():
            self._drop()
        if self._idle:
            return self._idle.pop()
        if self._transport is None:
            self._transport = self._connect()
        return self._open(self._transport)

    def _connect(self) -> Transport:
        if self._failure and time.monotonic() < self._failure[0]:
            raise type(self._failure[1])(str(self._failure[1]))
        try:
            return connect(self._server)
        except BridgeError as error:
            self._failure = time.monotonic() + REST, error
            raise

    def _open(self, transport: Transport) -> SFTPClient:
        try:
            channel = transport.open_session(timeout=self._server.connect_timeout)
            channel.settimeout(self._server.timeout)
            channel.invoke_subsystem("sftp")
            return SFTPClient(channel)
        except TROUBLE as error:
            self._drop()
            raise DeliveryFailed(
                f"{self._server} lets this user in, but opens no SFTP session; allow SFTP for it, and the next run "
                "tries again"
            ) from error

    def _give_back(self, client: SFTPClient, usable: bool) -> None:
        channel = client.get_channel()
        with self._lock:
            if channel is None or channel.get_transport() is not self._transport:
                return
            if usable and not channel.closed:
                self._idle.append(client)
            else:
                self._drop()

    def _drop(self) -> None:
        self._idle.clear()
        if self._transport:
            with suppress(*TROUBLE):
                self._transport.close()
                self._transport.join(_FAREWELL)
        self._transport = None


def _is_answer(error: BaseException) -> bool:
    """Tell a server's answer, after which all goes on, from a lost one: a late answer must not pass for another's."""
    return isinstance(error, OSError) and not isinstance(error, TimeoutError | ConnectionError)
