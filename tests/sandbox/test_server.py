"""The sandbox as a running thing."""

import socket
from threading import Thread

import pytest
import requests

from settlement_bridge.sandbox import Sandbox, scenario
from tests.sandbox.conftest import Caller

WORLD = scenario("webshop", days=3)


def test_it_serves_until_it_is_closed() -> None:
    with Sandbox(WORLD) as sandbox:
        serving = Thread(target=sandbox.serve_forever, daemon=True)
        serving.start()
        serving.join(0.1)
        assert serving.is_alive()
    serving.join(5)
    assert not serving.is_alive()


def test_closing_ends_connections_that_are_kept_alive(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        assert caller.ledgers()
        url = sandbox.url
    with pytest.raises(requests.ConnectionError):
        caller.session.get(url, timeout=5)


def test_what_was_asked_can_be_read_after_the_end(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        call(sandbox).ledgers()
    assert [request.status for request in sandbox.requests] == [200, 200]


def test_it_has_no_address_before_it_runs() -> None:
    with pytest.raises(RuntimeError, match="inside its with block"):
        _ = Sandbox(WORLD).url


def test_an_address_that_cannot_be_taken_apart_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox(WORLD) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET http://[x/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in capfd.readouterr().err
