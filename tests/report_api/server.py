"""A small real HTTP server that gives scripted answers, whole, late, cut or not at all."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
TOKEN_PATHS = ("/accesstoken/get", "/miami/v1/token")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Send this many bytes of the body, then close."""
    chunked: bool = False
    reset: bool = False
    """Close the connection with a reset instead of answering."""
    delay: float = 0.0
    pause: float = 0.0
    """Seconds between the first byte of the body and the others."""


def reply(document: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json", **named})


Script = Callable[[Request], Reply]


class Server:
    """Serves on a free port of the loopback address; `script` decides every answer but the tokens'."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.script: Script = lambda request: reply({"title": f"no script for {request.path}"}, 404)
        self.token_script: Script = self._token
        self.tokens = 0
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def sequence(self, *replies: Reply) -> None:
        """Give these answers one after another; the last one for ever."""
        left = list(replies)

        def script(_: Request) -> Reply:
            with self._lock:
                return left.pop(0) if len(left) > 1 else left[0]

        self.script = script

    def feeds(self, funds: dict[str, Reply], fees: dict[str, Reply] | None = None) -> None:
        """Answer the two feeds by cursor; "" is the beginning."""
        done = {"": reply(page([], "end", try_later=True))}
        self.script = lambda request: ((fees or done) if "/fees/" in request.path else funds)[
            request.query.get("cursor", "")
        ]

    @property
    def asked(self) -> list[Request]:
        """The requests that were not for a token."""
        return [request for request in self.requests if request.path not in TOKEN_PATHS]

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
        return (self.token_script if request.path in TOKEN_PATHS else self.script)(request)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _token(self, _: Request) -> Reply:
        with self._lock:
            self.tokens += 1
            return reply({"access_token": f"token-{self.tokens}", "expires_in": "86400"})


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, parts.path, query, dict(self.headers.items()), body)
        self._send(cast(_Http, self.server).owner.answer(request))

    do_POST = do_GET  # noqa: N815 (the name http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output quiet."""

    def _send(self, answer: Reply) -> None:
        time.sleep(answer.delay)
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        head = f"HTTP/1.1 {answer.status} Scripted\r\n"
        headers = {"Date": self.date_time_string(), **self._framing(answer), **answer.headers}
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        self._write(head.encode(), answer)

    def _framing(self, answer: Reply) -> dict[str, str]:
        return {"Transfer-Encoding": "chunked"} if answer.chunked else {"Content-Length": str(len(answer.body))}

    def _write(self, head: bytes, answer: Reply) -> None:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(answer.body), answer.body) if answer.chunked else answer.body
        if answer.pause:
            self.wfile.write(head + body[:1])
            time.sleep(answer.pause)
            head, body = b"", body[1:]
        self.wfile.write(head + body[: answer.cut])
        self.close_connection = self.close_connection or answer.cut is not None


def entry(position: int, **changes: object) -> Json:
    """Return a capture of 100 as v2 gives it, the `position`th of its book."""
    return {
        "pspReference": str(3343121302 + position),
        "time": "2022-10-01T16:33:00.824993Z",
        "ledgerDate": "2022-10-01",
        "entryType": "capture",
        "reference": f"purchase-{position}",
        "currency": "NOK",
        "amount": 100,
        "balanceBefore": 100 * position,
        "balanceAfter": 100 * position + 100,
        "recipientHandle": "api:123456",
        **changes,
    }


def page(items: list[Json], cursor: str, *, try_later: bool = False) -> Json:
    return {"cursor": cursor, "tryLater": try_later, "items": items}


def transaction(position: int, **changes: object) -> Json:
    """Return a capture of 900 with a fee of 111 as v1 gives it."""
    return {
        "transactionId": str(3343121302 + position),
        "timestamp": "2022-10-01T16:33:00.824993+0200",
        "ledgerDate": "2022-10-01",
        "ledgerId": "302321",
        "transactionType": "capture",
        "orderId": f"purchase-{position}",
        "currency": "NOK",
        "ledgerAmount": 789,
        "grossAmount": 900,
        "fee": 111,
        "recipientHandle": "nor:57860",
        **changes,
    }


def payout_row(amount: int, number: int = 2000001, **changes: object) -> Json:
    return transaction(
        0,
        **{
            "transactionId": f"1000030232100{number}",
            "transactionType": "payout",
            "orderId": str(number),
            "ledgerAmount": amount,
            "grossAmount": amount,
            "fee": 0,
            "recipientHandle": None,
            **changes,
        },
    )


def ledger_record(ledger_id: str = "302321", **changes: object) -> Json:
    return {
        "ledgerId": ledger_id,
        "currency": "NOK",
        "payoutBankAccount": {"scheme": "BBAN:NO", "id": "86011117947"},
        "owner": {"scheme": "business:NO:ORG", "id": "987654321"},
        "settlesForRecipientHandles": ["api:123455"],
        **changes,
    }
