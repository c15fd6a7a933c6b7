"""The sandbox on a socket: HTTP/1.1 with keep-alive, on loopback only."""

import socket
from collections import deque
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import NamedTuple
from urllib.parse import urlsplit

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox.answers import Answer, Request, problem
from settlement_bridge.sandbox.application import Application, Dialect
from settlement_bridge.sandbox.faults import Fault, Mix, RequestFaults, parse_fault
from settlement_bridge.sandbox.tokens import Keys, TokenDesk
from settlement_bridge.sandbox.view import View
from settlement_bridge.sandbox.world import World

LARGEST_PAGE = 1000
_MOST_RECORDED = 100_000
_LARGEST_BODY = 64 * 1024
_LOOPBACK = "127.0.0.1"


class Recorded(NamedTuple):
    """A request the sandbox had; the status is that of the answer made, even where a fault kept it from arriving."""

    method: str
    target: str
    status: int
    fault: str | None = None
    """The kind that a mix of faults drew for it."""


class Sandbox:
    """A Report API over real HTTP, for as long as its `with` block lasts.

    `page_size` is at most 1000, `token_lifetime` in seconds (None: as in production), `faults` are Faults or texts as
    `parse_fault` reads them, `mix` strikes any request besides. Raises ConfigurationError for values it cannot use,
    and when it is entered for a port that is taken.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        dialect: Dialect = "v2",
        page_size: int = LARGEST_PAGE,
        faults: Iterable[Fault | str] = (),
        mix: Mix | None = None,
        token_lifetime: float | None = None,
    ) -> None:
        if page_size not in range(1, LARGEST_PAGE + 1):
            raise ConfigurationError([f"page size {page_size} is not between 1 and {LARGEST_PAGE}"])
        if dialect not in ("v1", "v2"):
            raise ConfigurationError([f"the sandbox speaks v1 or v2, not {dialect!r}"])
        self.keys = Keys()
        self._tokens = TokenDesk(self.keys, token_lifetime)
        self._view = View(world, page_size)
        parsed = [parse_fault(fault) if isinstance(fault, str) else fault for fault in faults]
        self._application = Application(self._view, dialect, self._tokens, parsed, mix)
        self._port = port
        self._server: _Server | None = None

    def __enter__(self) -> "Sandbox":
        try:
            self._server = _Server(self._port, self._application)
        except OSError as error:
            sentence = (
                f"port {self._port} of {_LOOPBACK} cannot be opened: {error.strerror}; choose another, or 0 for any"
            )
            raise ConfigurationError([sentence]) from None
        Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def _running(self) -> "_Server":
        if self._server is None:
            raise RuntimeError("the sandbox runs inside its with block only")
        return self._server

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{_LOOPBACK}:{self._running.server_address[1]}"

    @property
    def requests(self) -> Sequence[Recorded]:
        """The latest requests, oldest first; at most 100,000 are kept."""
        return tuple(self._running.recorded)

    @property
    def token_requests(self) -> int:
        """How many times a token was asked for."""
        return self._tokens.requests

    def reveal(self, entries: int | None) -> None:
        """Show the first entries of each ledger only, in time order over both its books; None shows all.

        In v1 these are the ledger's first transactions; the last payout may then lack its payout row.
        """
        self._view.entries = entries

    def serve_forever(self) -> None:
        """Wait until the sandbox is closed or the person interrupts."""
        self._running.stopping.wait()


class _Server(ThreadingTCPServer):
    """ThreadingHTTPServer without its question to the name service, which a laptop off the net waits for."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, application: Application) -> None:
        self.application = application
        self.recorded: deque[Recorded] = deque(maxlen=_MOST_RECORDED)
        self.stopping = Event()
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__((_LOOPBACK, port), _Handler)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def close(self) -> None:
        """Stop listening and end every connection, so that no thread is left waiting for a client."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def handle(self) -> None:
        """Serve requests until either side has had enough; a client may go at any moment."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def parse_request(self) -> bool:
        """Refuse also what the standard library takes for a request and then cannot take apart: `GET http://[/`."""
        if not super().parse_request():
            return False
        try:
            urlsplit(self.path)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            request = Request(self.command, self.path, self.headers)
            refusal = problem(request, 413, "The body is larger than 64 KiB or has no length.")
            self._send(self._faced_by(request), refusal.answer)
            self.close_connection = True
            return
        faults = self._faced_by(Request(self.command, self.path, self.headers, body))
        self._send(faults, self.server.application.answer(faults))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = do_TRACE = _serve  # noqa: N815

    def _faced_by(self, request: Request) -> RequestFaults:
        return self.server.application.plan.faced_by(request)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers
        if chunked or not length.isdecimal() or int(length) > _LARGEST_BODY:
            return None
        return self.rfile.read(int(length))

    def _send(self, faults: RequestFaults, answer: Answer) -> None:
        head, body = self._head(answer), answer.body if self.command != "HEAD" else b""
        due = faults.on_transport()
        drawn = faults.drawn.kind if faults.drawn else None
        self.server.recorded.append(Recorded(self.command, self.path, answer.status, drawn))
        if due is None:
            self.connection.sendall(head + body)
            return
        fault, kind = due
        kind.send(fault, self, head, body)

    def _head(self, answer: Answer) -> bytes:
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than the sandbox runs."""
        self.server.stopping.wait(seconds)

    def hang_up(self) -> None:
        """Close the connection when the request is done."""
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is in `Sandbox.requests`."""
