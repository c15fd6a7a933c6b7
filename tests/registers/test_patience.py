"""A register that is down, slow or answers nonsense: said in one sentence, in time, and then left alone (rule 14)."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Identifier, Organization
from settlement_bridge.registers import Enhetsregisteret, Registers, Ytj
from settlement_bridge.registers.http import LARGEST_BODY
from settlement_bridge.registers.registers import PAUSE
from tests.registers.conftest import TIMEOUT
from tests.report_api.server import Reply, Server, reply

NUMBER = "987654321"
ORGANIZATION = Identifier("business:NO:ORG", NUMBER)
RECORD = {"organisasjonsnummer": NUMBER, "navn": "FJELLVAK FRILUFT AS"}
NOTICEABLE = TIMEOUT + 1.0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(status=503), "answered 503"),
        (Reply(status=403), "answered 403"),
        (Reply(status=429, headers={"Retry-After": "3600"}), "answered 429"),
        (Reply(status=302, headers={"Location": "/elsewhere"}), "answered 302"),
        (Reply(b"<html>Just a moment</html>"), "is no JSON"),
        (Reply(b"[" * 100_000), "is no JSON"),
        (Reply(b"\xff\xfe{"), "is no JSON"),
        (Reply(b'["navn"]'), "is no JSON object"),
        (reply(RECORD | {"much": "x" * LARGEST_BODY}), "is larger than"),
        (Reply(b'{"navn": "cut off"}', cut=5), "the connection failed"),
        (Reply(reset=True), "the connection failed"),
        (Reply(b"{}", delay=TIMEOUT * 3), "in time|within 0.5 s"),
        (Reply(b'{"navn": "slow"}', pause=TIMEOUT * 3), "in time|within 0.5 s"),
    ],
)
def test_whatever_is_no_answer_is_said_in_time(
    server: Server, norway: Enhetsregisteret, answer: Reply, said: str
) -> None:
    server.sequence(answer)
    begin = time.monotonic()
    with pytest.raises(RegisterUnavailable, match=f"^Enhetsregisteret .*({said})"):
        norway.look_up(NUMBER)
    assert time.monotonic() - begin < NOTICEABLE


@contextmanager
def dripping() -> Iterator[str]:
    """Serve headers without end, a few bytes at a time, so that no single wait is long."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def drip() -> None:
            try:
                connection, _ = listening.accept()
                with closing(connection):
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    for _ in range(40):
                        connection.sendall(b"X-More: to come\r\n")
                        time.sleep(0.05)
            except OSError:
                return

        thread = Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_an_answer_that_drips_is_waited_for_no_longer(server: Server) -> None:
    with dripping() as url:
        begin = time.monotonic()
        with pytest.raises(RegisterUnavailable, match=r"did not answer within 0\.5 s"):
            Enhetsregisteret(url, TIMEOUT).look_up(NUMBER)
        assert time.monotonic() - begin < NOTICEABLE


def test_a_register_that_is_not_there_is_said_so() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(RegisterUnavailable, match="the connection failed"):
        Enhetsregisteret(f"http://127.0.0.1:{port}", TIMEOUT).look_up(NUMBER)


def test_after_one_failure_a_register_is_left_alone_and_the_other_one_is_not(
    server: Server, norway: Enhetsregisteret, finland: Ytj
) -> None:
    now = [1000.0]
    registers = Registers((norway, finland), clock=lambda: now[0])
    server.sequence(Reply(status=503), reply({"companies": []}), reply(RECORD))
    for _ in range(3):
        with pytest.raises(RegisterUnavailable):
            registers.look_up(ORGANIZATION)
    assert len(server.requests) == 1
    assert registers.look_up(Identifier("business:FI:Y-tunnus", "2283132-3")) is None
    assert len(server.requests) == 2
    now[0] += PAUSE
    assert registers.look_up(ORGANIZATION) == Organization("FJELLVAK FRILUFT AS")


@pytest.mark.parametrize(
    ("scheme", "number"),
    [("business:DK:CVR", "12345678"), ("business:SE:ORG", NUMBER), ("BBAN:NO", NUMBER), ("business:NO:ORG", "1/../2")],
)
def test_organizations_of_no_register_are_not_asked_for(
    server: Server, norway: Enhetsregisteret, finland: Ytj, scheme: str, number: str
) -> None:
    registers = Registers((norway, finland))
    assert not registers.covers(Identifier(scheme, number))
    assert registers.look_up(Identifier(scheme, number)) is None
    assert server.requests == []
