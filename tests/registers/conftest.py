"""A scripted server in the place of a public register."""

from collections.abc import Iterator

import pytest

from settlement_bridge.registers import Enhetsregisteret, Ytj
from tests.report_api.server import Server

TIMEOUT = 0.5


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def norway(server: Server) -> Enhetsregisteret:
    return Enhetsregisteret(f"{server.url}/enhetsregisteret/api", TIMEOUT)


@pytest.fixture
def finland(server: Server) -> Ytj:
    return Ytj(f"{server.url}/opendata-ytj-api/v3", TIMEOUT)
