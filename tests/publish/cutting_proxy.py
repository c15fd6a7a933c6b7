"""A TCP proxy on loopback that cuts the line after so many bytes of one direction."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Forwards to a port; once `limits` are set, connections die in the middle of whatever is said."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.sent = 0
        self.received = 0
        self.connections = 0
        self.cut_sent_after: int | None = None
        """Bytes from the client that get through."""
        self.cut_received_after: int | None = None
        """Bytes from the server that get through; what it has been told by then it does."""
        self.stalled = threading.Event()
        """While set, what the server says is lost, on connections that stay."""
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shut(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def cut(self) -> None:
        """End every connection there is."""
        with self._lock:
            for one in self._open:
                self._shut(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self.connections += 1
                with self._lock:
                    self._open += [client, server]
                    for sending in (True, False):
                        thread = threading.Thread(target=self._forward, args=(client, server, sending))
                        self._threads.append(thread)
                        thread.start()

    def _forward(self, client: socket.socket, server: socket.socket, sending: bool) -> None:
        source, target = (client, server) if sending else (server, client)
        with suppress(OSError):
            while data := source.recv(65_536):
                if self.stalled.is_set() and not sending:
                    continue
                left = self._count(len(data), sending)
                target.sendall(data[:left])
                if left < len(data):
                    break
        self._shut(client)
        self._shut(server)

    def _count(self, size: int, sending: bool) -> int:
        """Return how many of these bytes get through."""
        limit = self.cut_sent_after if sending else self.cut_received_after
        before = self.sent if sending else self.received
        through = size if limit is None else max(0, min(size, limit - before))
        if sending:
            self.sent += through
        else:
            self.received += through
        return through

    @staticmethod
    def _shut(one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
