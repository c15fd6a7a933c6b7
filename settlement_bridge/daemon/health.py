"""How the daemon is, over HTTP: /livez, /readyz, /metrics."""

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Final

from settlement_bridge import config
from settlement_bridge.daemon import logs
from settlement_bridge.errors import ConfigurationError

PLAIN: Final = "text/plain; charset=utf-8"
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
Problem = Callable[[], str | None]
"""Says what is wrong; None where nothing is."""


class Health:
    """A server in threads of its own."""

    def __init__(self, settings: config.Health, live: Problem, ready: Problem, metrics: Callable[[], bytes]) -> None:
        """Listen. Raises ConfigurationError where the address cannot be had."""
        self.settings = settings
        pages = {
            "/livez": _page(live),
            "/readyz": _page(ready),
            "/metrics": lambda: (HTTPStatus.OK, METRICS, metrics()),
        }
        try:
            self._server = _Server((settings.address, settings.port), pages)
        except OSError as error:
            raise ConfigurationError(
                [
                    f"health.address {settings.address}, port {settings.port}: cannot listen there "
                    f"({error.strerror or error}); set another health.port, or health.enabled = false"
                ]
            ) from None
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        logs.event("health", address=settings.address, port=self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


Page = Callable[[], tuple[HTTPStatus, str, bytes]]


def _page(problem: Problem) -> Page:
    def page() -> tuple[HTTPStatus, str, bytes]:
        said = problem()
        status = HTTPStatus.OK if said is None else HTTPStatus.SERVICE_UNAVAILABLE
        return status, PLAIN, f"{said or 'ok'}\n".encode()

    return page


class _Server(ThreadingTCPServer):  # not HTTPServer, which asks the name service for its own name
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], pages: dict[str, Page]) -> None:
        self.pages = pages
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "settlement-bridge"
    sys_version = ""
    timeout = 5
    """Seconds for a client to say what it wants."""

    def do_GET(self) -> None:
        """Answer a request for a page."""
        page = self.server.pages.get(self.path.partition("?")[0])
        status, kind, body = page() if page else (HTTPStatus.NOT_FOUND, PLAIN, b"there is nothing here\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: it is asked many times an hour."""
